"""The person's own settings: where they are found, what they weigh, and what is said of a bad file."""

import json
from pathlib import Path

import pytest

from core.errors import InputError
from core.session.own_policy import VARIABLE, own_policy
from core.session.planner import decide
from core.session.reading import load_dump
from tests.unit.build import Object, deployment, node, policy, snapshot

SCALER = deployment(
    "cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0", ["--expander=most-pods", "--v=4"]
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration folder."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "vacancy").mkdir()
    return tmp_path / "vacancy"


def test_without_a_file_nothing_is_said(folder: Path) -> None:
    assert own_policy() == {}


def test_it_weighs_more_than_flags_and_less_than_an_object_of_the_input(folder: Path) -> None:
    (folder / "policy.toml").write_text('expander = "priority"\nscaleDownUnneededTime = "5m"\nmaxNodesTotal = 7\n')

    def decided(*objects: Object) -> tuple[tuple[object, str], ...]:
        made = decide(snapshot(node("a"), SCALER, *objects)).policy
        names = ("expander", "scale_down_unneeded_time", "max_nodes_total")
        return tuple((getattr(made, name), made.source(name)) for name in names)

    assert decided() == (("priority", "configuration"), (300.0, "configuration"), (7, "configuration"))
    assert decided(policy(maxNodesTotal=9))[2] == (9, "AutoscalerPolicy default")


def test_a_dump_is_judged_by_it_too(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("assumeComplete = true\n")
    dump = tmp_path / "dump.json"
    dump.write_text(json.dumps(node("a")))
    assert "DaemonSet" in load_dump(str(dump), None)[0].unavailable_kinds
    monkeypatch.setenv(VARIABLE, str(mine))
    assert not load_dump(str(dump), None)[0].unavailable_kinds


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("expander = ", "policy.toml: "),
        ("maxNodesTotal = 'many'", "maxNodesTotal is 'many'"),
        ("\xff", "policy.toml: "),
    ],
)
def test_a_bad_file_is_one_line(folder: Path, text: str, part: str) -> None:
    (folder / "policy.toml").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=part) as raised:
        decide(snapshot(node("a")))
    assert "\n" not in str(raised.value)


def test_a_named_file_must_be_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/none/at\x1ball.toml")
    with pytest.raises(InputError, match="no such file"):
        own_policy()
