"""Which cluster is meant, by kubectl's rules, and what is said about files that are broken."""

import os
from pathlib import Path

import pytest
import yaml

from core.clients.kubernetes import Target, contexts
from core.clients.kubernetes.kubeconfig import choose
from core.errors import InputError


def config(name: str, current: str | None = None, **cluster: object) -> dict[str, object]:
    """A kubeconfig with one context, cluster and user of this name."""
    return {
        **({"current-context": current} if current else {}),
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"ns-{name}"}}],
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}:6443", **cluster}}],
        "users": [{"name": name, "user": {"token": f"token-{name}"}}],
    }


def write(path: Path, document: object) -> str:
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return str(path)


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_files_of_the_list_are_merged_and_the_first_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = config("a", current="b")
    second = config("b", current="a")
    second["clusters"].append({"name": "a", "cluster": {"server": "https://other"}})  # type: ignore[attr-defined]
    files = [write(tmp_path / "1", first), str(tmp_path / "missing"), write(tmp_path / "2", second)]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(files))
    chosen = choose(Target())
    assert chosen is not None
    assert (chosen.place.context, chosen.place.server, chosen.namespace) == ("b", "https://b:6443", "ns-b")
    other = choose(Target(context="a", namespace="mine"))
    assert other is not None
    assert (other.place.server, other.namespace) == ("https://a:6443", "mine")
    assert contexts(Target()) == (["a", "b"], "b")


def test_the_default_file_and_the_flag(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    write(tmp_path / ".kube" / "config", config("home", current="home"))
    assert (chosen := choose(Target())) is not None
    assert chosen.context == "home"
    other = write(tmp_path / "other", config("flag", current="flag"))
    assert (chosen := choose(Target(kubeconfig=other))) is not None
    assert chosen.context == "flag"


def test_file_names_are_relative_to_their_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    document = config("a", current="a", **{"certificate-authority": "ca.pem"})
    plugin = {"command": "./bin/plugin", "apiVersion": "v1"}
    document["users"] = [{"name": "a", "user": {"client-key": "/abs/key", "tokenFile": "token", "exec": plugin}}]
    chosen = choose(Target(kubeconfig=write(tmp_path / "deep" / "config", document)))
    assert chosen is not None
    assert chosen.cluster["certificate-authority"] == f"{tmp_path}/deep/ca.pem"
    assert chosen.user["client-key"] == "/abs/key"
    assert chosen.user["tokenFile"] == f"{tmp_path}/deep/token"
    assert chosen.user["exec"]["command"] == f"{tmp_path}/deep/bin/plugin"


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    chosen = choose(Target(kubeconfig=write(tmp_path / "c", config("a", current="a"))))
    assert "token-a" not in repr(chosen)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("", "not a kubeconfig: it is empty"),
        ("- a\n- b\n", "not a kubeconfig: no mapping at its top"),
        ("a: [1\nb: }", "not a kubeconfig: broken YAML (line 2)"),
        ("\x00\x01", "not a kubeconfig: broken YAML"),
        ({"contexts": "x"}, "`contexts` must be a list of entries with name and context"),
        ({"contexts": [{"context": {}}]}, "`contexts` must be a list of entries"),
        (config("a"), "no current-context; choose one with --context (a)"),
        (config("a", current="gone"), "no context named 'gone'; known: a"),
        ({**config("a", current="a"), "clusters": []}, "no cluster named 'a'; known: there is none"),
        ({**config("a", current="a"), "users": []}, "no user named 'a'"),
        (config("a", current="a", server="10.0.0.1"), "cluster 'a' has no http(s) `server`"),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path: Path, document: object, said: str) -> None:
    path = write(tmp_path / "config", document)
    with pytest.raises(InputError) as caught:
        choose(Target(kubeconfig=path))
    message = str(caught.value)
    assert said in message
    assert message.startswith(path)
    assert "\n" not in message
    assert caught.value.exit_code == 2


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no kubeconfig at .*config; pass --kubeconfig"):
        choose(Target())
    with pytest.raises(InputError, match="No such file or directory; check the path"):
        choose(Target(kubeconfig=str(tmp_path / "nowhere")))
    with pytest.raises(InputError, match="Is a directory"):
        choose(Target(kubeconfig=str(tmp_path)))


def test_inside_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("t")
    monkeypatch.setattr("core.clients.kubernetes.kubeconfig.SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert choose(Target()) is None
    with pytest.raises(InputError):
        choose(Target(context="a"))
