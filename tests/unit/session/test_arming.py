"""Who may change something: said on the command line, or configured for a context; and what no configuration arms."""

from pathlib import Path

import pytest

from core.errors import InputError
from core.session.arming import armed
from core.where import Where

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: dev-east
contexts:
- {name: dev-east, context: {cluster: here, user: me}}
- {name: prod-east, context: {cluster: here, user: me}}
clusters:
- {name: here, cluster: {server: "https://127.0.0.1:1"}}
users:
- {name: me, user: {}}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the configuration, with a kubeconfig in it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "vacancy").mkdir()
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    return tmp_path


def guarded(config: Path, text: str) -> None:
    (config / "vacancy" / "guards.toml").write_text(text)


def at(config: Path, context: str | None = None) -> Where:
    return Where(kubeconfig=str(config / "kubeconfig"), context=context)


def test_read_only_unless_somebody_says_so(config: Path) -> None:
    assert not armed(at(config)).write
    assert armed(Where(write=True)).write


@pytest.mark.parametrize(("context", "expected"), [(None, True), ("dev-east", True), ("prod-east", False)])
def test_a_context_can_be_armed_by_itself(config: Path, context: str | None, expected: bool) -> None:
    guarded(config, 'armed_contexts = ["dev-*"]')
    assert armed(at(config, context)).write is expected


def test_never_is_stronger(config: Path) -> None:
    guarded(config, 'armed_contexts = ["*"]\nnever_contexts = ["prod-*"]')
    assert armed(at(config)).write
    assert not armed(at(config, "prod-east")).write


def test_a_dump_is_never_armed(config: Path) -> None:
    guarded(config, 'armed_contexts = ["*"]')
    assert not armed(Where(dump="dump.json")).write


def test_a_guard_that_is_misread_arms_nothing(config: Path) -> None:
    guarded(config, 'armed_context = ["dev-*"]')
    with pytest.raises(InputError, match=r"guards\.toml"):
        armed(at(config))
