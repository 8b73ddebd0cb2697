"""Adding what a script lacks: everything else stays byte for byte, kubelet gets its flags, and twice is as once."""

import random
import subprocess
from pathlib import Path

import pytest

from core.analysis.join_script.block import BEGIN, add
from core.analysis.join_script.lint import State
from core.errors import InputError
from sim.world.scripts import script
from tests.unit.join_script.scripts import BINARY, FLAGS, GOOD, HANDED, JOIN, Machine

OLD = script(
    "abcdef.0123456789abcdef", "10.0.0.1:6443", "1.31.4", ("ALIBABA_CLOUD_PROVIDER_ID", "ALIBABA_CLOUD_TAINTS")
)
BARE = "kubeadm join 10.1.1.1:6443 --token abcdef.0123456789abcdef\n"
UNIT = "[Service]\nExecStart=/opt/kubelet/bin/kubelet \\\n  --hostname-override=old --node-labels=a=b\n"
OLD_BINARY = "systemctl daemon-reload; systemctl restart kubelet\n"


def without_block(text: str) -> str:
    head, _, rest = text.partition(f"{BEGIN}\n")
    return head + rest.partition("# <<< vacancy\n")[2]


@pytest.mark.parametrize("text", [OLD, OLD_BINARY, BARE, JOIN, f"yum -y install kubelet\n{JOIN}echo '\xe4'"])
def test_the_rest_stays_as_it_is_and_twice_is_as_once(text: str) -> None:
    added = add(text)
    assert added.before.passed != added.after.passed
    assert {one.state for one in added.after.passed} == {State.OK}
    assert without_block(added.text) == text
    assert add(added.text).text == added.text
    subprocess.run(["bash", "-n"], input=added.text, text=True, check=True)


@pytest.mark.parametrize("text", [GOOD, BINARY])
def test_a_good_script_is_left_alone(text: str) -> None:
    added = add(text)
    assert (added.text, added.variables) == (text, ())


def test_indented_starts_and_functions() -> None:
    text = f"go() {{\n  yum install -y kubeadm\n  {JOIN}}}\nif true; then\n  go\nfi\n"
    added = add(text)
    assert f"  {BEGIN}\n" in added.text
    assert {one.state for one in added.after.passed} == {State.OK}
    subprocess.run(["bash", "-n"], input=added.text, text=True, check=True)


def test_only_what_is_lacking() -> None:
    added = add(GOOD.replace("${ALIBABA_CLOUD_TAINTS}", "x"))
    assert [one.flag for one in added.variables] == ["--register-with-taints"]


@pytest.mark.parametrize("text", ["ls\n", "", "<html>", JOIN.replace("\n", "\r\n"), f'{JOIN}echo "\n'])
def test_where_there_is_no_place_it_says_so(text: str) -> None:
    with pytest.raises(InputError):
        add(text)


@pytest.mark.parametrize("there", ["", "KUBELET_EXTRA_ARGS=\n", 'KUBELET_EXTRA_ARGS="--v=4 --node-labels=x=y"\n'])
def test_run_for_kubeadm(tmp_path: Path, there: str) -> None:
    """With stubs: what kubelet would read when kubeadm starts it. What was there stays."""
    machine = Machine.build(tmp_path)
    if there:
        (tmp_path / "etc/sysconfig/kubelet").write_text(there)
    done = machine.run(add(f"set -eu\n{BARE}").text, **HANDED)
    assert (done.returncode, done.stderr) == (0, "")
    for flag, name in FLAGS.items():
        assert f"{flag}={HANDED[name]}" in machine.seen
    assert machine.seen.count("KUBELET_EXTRA_ARGS=") == 1
    if "x=y" in there:
        assert "--v=4" in machine.seen
        assert f"--node-labels={HANDED['ALIBABA_CLOUD_LABELS']},x=y" in machine.seen


def test_run_for_a_binary_install_twice(tmp_path: Path) -> None:
    machine = Machine.build(tmp_path)
    (tmp_path / "etc/systemd/system/kubelet.service").write_text(UNIT)
    text = add(OLD_BINARY).text
    for _ in range(2):
        done = machine.run(text, **HANDED)
        assert (done.returncode, done.stderr) == (0, "")
    assert machine.seen.count("--provider-id=") == 1
    assert f"--hostname-override={HANDED['ALIBABA_CLOUD_NODE_NAME']}" in machine.seen
    assert "old" not in machine.seen
    assert machine.seen.startswith("[Service]\nExecStart=/opt/kubelet/bin/kubelet ")
    assert machine.calls[-2:] == ["systemctl daemon-reload", "systemctl restart kubelet"]


def test_a_machine_that_was_told_nothing_keeps_its_own(tmp_path: Path) -> None:
    """As when the owner runs the same script in the data centre."""
    machine = Machine.build(tmp_path)
    done = machine.run(add(f"set -eu\n{BARE}").text)
    assert done.returncode == 0
    assert "ACK will not know this machine" in done.stderr
    assert machine.seen == "KUBELET_EXTRA_ARGS=\n"


PIECES = (
    *("--provider-id=$ALIBABA_CLOUD_PROVIDER_ID", "'", '"', "`", "$(", ")", "(", "{", "}", "\n", "\n", ";", "&&", "||"),
    *("if", "then", "fi", "for x in", "do", "done", "case a in", "esac", ";;", "<<EOF", "EOF\n", "#", "\\", "\\\n"),
    *("x=", "f()", "function g", "echo", "kubeadm join", "systemctl restart kubelet", "exit 0", ">", "[[", "]]", "\r"),
)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_stands_there_good_shell_stays_good_shell(seed: int) -> None:
    """Random pieces of scripts; bash itself says which of them are good."""
    chance = random.Random(seed)
    for _ in range(400):
        text = "".join(f"{chance.choice(PIECES)} " for _ in range(chance.randint(1, 30))) + f"\n{BARE}"
        try:
            added = add(text)
        except InputError:
            continue
        assert without_block(added.text) == text or f" {BEGIN}" in added.text
        if good(text):
            assert good(added.text), text


def good(text: str) -> bool:
    return subprocess.run(["bash", "-n"], input=text.encode(), capture_output=True, check=False).returncode == 0
