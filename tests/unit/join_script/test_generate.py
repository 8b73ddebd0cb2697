"""Scripts that are made: good shell, good by our own lint, and they do what they should on a machine of stubs."""

import subprocess
from pathlib import Path

import msgspec
import pytest

from core.analysis.join_script.follow import follow
from core.analysis.join_script.generate import Recipe, generate, recipe
from core.analysis.join_script.lint import State, Weight, lint
from core.analysis.join_script.shell import read
from core.errors import InputError
from core.kube.node import Node, unread
from tests.unit.join_script.scripts import FLAGS, HANDED, HARMLESS, STUBBED, Machine

TOKEN = "abcdef.0123456789abcdef"
HASH = f"sha256:{'a' * 64}"
RECIPES = [
    Recipe("1.31.4", "containerd", "1.7.20", "10.0.0.1:6443", HASH),
    Recipe("1.22.3", "docker", "20.10.7", "api.example.com:6443"),
    Recipe("1.28.3", "docker", "", "[fd00::1]:6443", HASH),
]


@pytest.mark.parametrize("made", RECIPES, ids=lambda made: f"{made.runtime}-{made.kubernetes}")
def test_good_shell_and_good_by_our_own_lint(made: Recipe) -> None:
    text = generate(made, TOKEN)
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    report = lint(text)
    assert {one.state for one in report.passed} == {State.OK}
    assert {one.code for one in report.findings} == {"OnlyYum"}
    assert text.count(TOKEN) == 1


@pytest.mark.parametrize("made", RECIPES, ids=lambda made: f"{made.runtime}-{made.kubernetes}")
def test_run_on_a_machine(tmp_path: Path, made: Recipe) -> None:
    text = generate(made, TOKEN)
    names = {act.name for act in follow(read(text)).acts if not act.assigns}
    assert names <= HARMLESS | set(STUBBED), "the test would run something real"
    machine = Machine.build(tmp_path)
    done = machine.run(text, **HANDED)
    assert (done.returncode, done.stderr) == (0, "")
    for flag, name in FLAGS.items():
        assert f"{flag}={HANDED[name]}" in machine.seen
    assert (
        f"yum install -y kubelet-{made.kubernetes} kubeadm-{made.kubernetes} --disableexcludes=kubernetes"
        in machine.calls
    )
    joined = machine.calls[-1]
    assert joined.startswith(f"kubeadm join {made.endpoint} --token {TOKEN} --discovery-token-")
    assert f"--node-name {HANDED['ALIBABA_CLOUD_NODE_NAME']}" in joined
    assert (HASH in joined) == bool(made.ca_hash)
    assert ("cri-dockerd" in joined) == (made.runtime == "docker" and made.minor >= 24)
    assert "#/dev/vdb none swap" in (tmp_path / "etc/fstab").read_text()
    if made.runtime == "containerd":
        assert "SystemdCgroup = true" in (tmp_path / "etc/containerd/config.toml").read_text()


def stopped(machine: Machine, text: str, **handed: str) -> str:
    done = machine.run(text, **handed)
    assert done.returncode == 1
    assert not any(one.startswith(("yum", "kubeadm")) for one in machine.calls)
    return done.stderr


def test_it_stops_before_anything_where_it_can_not_serve(tmp_path: Path) -> None:
    text = generate(RECIPES[0], TOKEN)
    machine = Machine.build(tmp_path)
    assert "PROVIDER_ID is not set" in stopped(machine, text)
    assert "the join token is missing" in stopped(machine, generate(RECIPES[0]), **HANDED)
    machine.stub("lspci", "echo 3D controller: NVIDIA Corporation")
    assert "has a GPU" in stopped(machine, text, **HANDED)
    (tmp_path / "etc/kubernetes/kubelet.conf").write_text("")
    assert "is a node already" in machine.run(text, **HANDED).stdout


def test_without_a_token_there_is_a_named_placeholder() -> None:
    text = generate(RECIPES[0])
    assert 'JOIN_TOKEN="REPLACE_WITH_A_JOIN_TOKEN"' in text
    (found,) = [one for one in lint(text).findings if one.weight is Weight.ERROR]
    assert found.code == "Placeholder"


def machine_of(kubelet: str, runtime: str) -> Node:
    return msgspec.structs.replace(unread("n"), kubelet_version=kubelet, container_runtime=runtime)


def test_versions_are_those_of_most_nodes() -> None:
    nodes = [
        machine_of("v1.30.1-aliyun.1", "containerd://1.6.28"),
        machine_of("v1.31.4", "containerd://1.7.20"),
        machine_of("v1.31.4", "docker://26.1.3"),
    ]
    made = recipe(nodes, "a:6443")
    assert (made.kubernetes, made.runtime, made.runtime_version) == ("1.31.4", "containerd", "1.6.28")
    assert recipe(nodes, "a:6443", runtime="docker").runtime_version == "26.1.3"
    assert recipe(nodes[:2], "a:6443").kubernetes == "1.30.1"


@pytest.mark.parametrize("nodes", [[], [machine_of("", "")], [machine_of("$(reboot)", "containerd://1.7.1")]])
def test_nodes_that_say_nothing(nodes: list[Node]) -> None:
    with pytest.raises(InputError):
        recipe(nodes, "a:6443")


@pytest.mark.parametrize(
    ("made", "token"),
    [
        (Recipe("1.31.4", "containerd", "", 'a:1"; reboot #'), TOKEN),
        (Recipe("1.31.4", "containerd", "", "a:1", "sha256:$(reboot)"), TOKEN),
        (RECIPES[0], "abc$(reboot)"),
    ],
)
def test_nothing_strange_gets_into_a_script(made: Recipe, token: str) -> None:
    with pytest.raises(InputError):
        generate(made, token)
