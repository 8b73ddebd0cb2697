"""What a join script is worth: the four variables, their flags, the order, and texts that are no good script at all."""

import pytest

from core.analysis.join_script.lint import Report, State, Weight, lint
from core.analysis.join_script.starting import Install
from sim.world.scripts import VARIABLES, script
from tests.unit.join_script.scripts import BINARY, FLAGS, GOOD, JOIN, KUBEADM

TOKEN = "abcdef.0123456789abcdef"


def states(report: Report) -> dict[str, State]:
    return {one.variable.flag: one.state for one in report.passed}


def codes(report: Report, weight: Weight | None = None) -> set[str]:
    return {one.code for one in report.findings if weight in (None, one.weight)}


@pytest.mark.parametrize(("text", "install"), [(GOOD, Install.KUBEADM), (BINARY, Install.BINARY)])
def test_good_scripts_are_good(text: str, install: Install) -> None:
    report = lint(text)
    assert set(states(report).values()) == {State.OK}
    assert (report.install, report.good) == (install, True)
    assert codes(report, Weight.ERROR) | codes(report, Weight.WARNING) == set()


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("text", [GOOD, BINARY])
def test_each_variable_that_is_missing_is_named_with_what_breaks(text: str, name: str) -> None:
    report = lint(text.replace(f"${{{name}}}", "x").replace(f"${name}", "x"))
    (missing,) = [one for one in report.findings if one.weight is not Weight.NOTE]
    required = name == "ALIBABA_CLOUD_PROVIDER_ID"
    assert (missing.weight is Weight.ERROR) == required
    assert report.good != required
    assert missing.text.startswith(name)
    flag = VARIABLES[name]
    assert flag in missing.text
    expected = dict.fromkeys(FLAGS, State.OK) | {flag: State.MISSING}
    assert states(report) == expected


def test_the_simulated_owners_scripts() -> None:
    """One forgets what it says it forgets; both join before they set the flags."""
    forgets = ("ALIBABA_CLOUD_PROVIDER_ID", "ALIBABA_CLOUD_TAINTS")
    whole, old = (lint(script(TOKEN, "10.0.0.1:6443", "1.31.4", without)) for without in ((), forgets))
    assert set(states(whole).values()) == {State.LATE}
    assert whole.good
    assert {flag for flag, state in states(old).items() if state is State.MISSING} == {
        VARIABLES[one] for one in forgets
    }
    assert not old.good
    assert whole.tokens == ("abcdef",)


def test_after_the_last_start_is_too_late_and_between_join_and_restart_is_late() -> None:
    after = lint(f"FILE=/etc/sysconfig/kubelet\nsystemctl restart kubelet\n{KUBEADM}")
    assert set(states(after).values()) == {State.NEVER}
    assert "TooLate" in codes(after, Weight.ERROR)
    bare = JOIN.replace("--node-name $ALIBABA_CLOUD_NODE_NAME", "")
    between = lint(f"{bare}FILE=/etc/sysconfig/kubelet\n{KUBEADM}systemctl restart kubelet\n")
    assert set(states(between).values()) == {State.LATE}
    assert between.good
    before_join = lint(f"systemctl start kubelet\nFILE=/etc/sysconfig/kubelet\n{KUBEADM}{JOIN}")
    assert set(states(before_join).values()) == {State.OK}


def test_findings_name_the_line() -> None:
    text = "#!/bin/bash\n\nsystemctl restart kubelet\necho --provider-id=$ALIBABA_CLOUD_PROVIDER_ID > /etc/kubelet\n"
    (found,) = [one for one in lint(text).findings if one.weight is Weight.ERROR]
    assert (found.code, found.line) == ("TooLate", 4)


PROVIDER = "--provider-id=$ALIBABA_CLOUD_PROVIDER_ID"


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (f"# {PROVIDER}", State.MISSING),
        (f"echo {PROVIDER}", State.UNUSED),
        (f"ARGS='{PROVIDER}'", State.MISSING),
        (f'ARGS="{PROVIDER}"', State.UNUSED),
        (f"echo '{PROVIDER}' > /etc/sysconfig/kubelet", State.LITERAL),
        (f"cat > /etc/sysconfig/kubelet <<'EOF'\n{PROVIDER}\nEOF", State.LITERAL),
        (f"cat > /etc/sysconfig/kubelet <<EOF\n{PROVIDER}\nEOF", State.OK),
        (f"cat <<-EOF | sudo tee /etc/sysconfig/kubelet\n\t{PROVIDER}\n\tEOF", State.OK),
        (f'ARGS="{PROVIDER}"\necho "KUBELET_EXTRA_ARGS=$ARGS" >/etc/sysconfig/kubelet', State.OK),
        (f'ARGS=--v=2\nARGS+=" {PROVIDER}"\necho "A=${{ARGS}}" >/etc/sysconfig/kubelet', State.OK),
        (f'add() {{ echo "$1=$2" >>/etc/sysconfig/kubelet; }}\nadd {PROVIDER.replace("=", " ")}', State.OK),
        (f"add() {{\n  echo {PROVIDER} >>/etc/sysconfig/kubelet\n}}", State.UNCALLED),
        (f"bash -c 'echo {PROVIDER} >>/etc/sysconfig/kubelet'", State.OK),
        (f"/opt/bin/join-helper {PROVIDER}", State.UNSURE),
        (
            "cat >j.yaml <<E\nnodeRegistration:\n  kubeletExtraArgs:\n    provider-id: $ALIBABA_CLOUD_PROVIDER_ID\nE",
            State.OK,
        ),
        ('P=${ALIBABA_CLOUD_PROVIDER_ID}\necho "--provider-id=$P" >>/etc/sysconfig/kubelet', State.OK),
        ('echo "$ALIBABA_CLOUD_PROVIDER_ID"', State.UNUSED),
        (f"for one in '' {PROVIDER}; do\n  echo $one >>/etc/sysconfig/kubelet\ndone", State.OK),
        (f'ALL=(--v=2 {PROVIDER})\necho "A=${{ALL[@]}}" >/etc/sysconfig/kubelet', State.OK),
        ("ID=$(echo $ALIBABA_CLOUD_PROVIDER_ID | tr a A)\necho --provider-id=$ID >>/etc/sysconfig/kubelet", State.OK),
        (f"echo {PROVIDER} >>/var/log/join.log", State.UNUSED),
        (f"echo {PROVIDER} | tee -a /var/log/join.log", State.UNUSED),
        (f"echo {PROVIDER} | logger", State.UNUSED),
        (f"echo {PROVIDER} | tee -a /etc/sysconfig/kubelet", State.OK),
        (f"echo {PROVIDER} >/etc/sysconfig/kubelet\necho A= >/etc/sysconfig/kubelet", State.OVERWRITTEN),
        (f"echo {PROVIDER} >/etc/sysconfig/kubelet\nif x; then\n echo A= >/etc/sysconfig/kubelet\nfi", State.OK),
        (f"echo {PROVIDER} >/etc/sysconfig/kubelet\necho A= >>/etc/sysconfig/kubelet", State.OK),
        ("echo --provider-id=$ALIBABA_CLOUD_PROVIDER_IDS >>/etc/sysconfig/kubelet", State.MISSING),
        (f"false && {{ exit 1; }}\necho {PROVIDER} >>/etc/sysconfig/kubelet", State.OK),
        (f"exit 0\necho {PROVIDER} >>/etc/sysconfig/kubelet", State.MISSING),
        ('case "$1" in\n kubelet) : ;;\nesac\n' + f"echo {PROVIDER} >>/etc/sysconfig/kubelet", State.OK),
    ],
)
def test_ways_of_writing_it(line: str, state: State) -> None:
    report = lint(f"#!/bin/bash\n{line}\nkubeadm join --config j.yaml\n")
    assert states(report)["--provider-id"] == state


def test_kubelet_started_with_its_flags_is_a_binary_install() -> None:
    words = " ".join(f"{flag}=${{{name}}}" for flag, name in FLAGS.items())
    report = lint(f"nohup /usr/local/bin/kubelet {words} &\n")
    assert (report.install, report.good, report.start) == (Install.BINARY, True, 1)


def test_a_changed_unit_has_to_be_reloaded() -> None:
    assert "NoDaemonReload" in codes(lint(BINARY.replace("systemctl daemon-reload\n", "")), Weight.WARNING)


def test_carriage_returns_and_what_has_no_end_are_errors() -> None:
    assert "CarriageReturns" in codes(lint(GOOD.replace("\n", "\r\n")), Weight.ERROR)
    for text in ('echo "a\n', "cat <<EOF\nx\n", "if true; then\n", "x=$(echo\n"):
        assert "Unclosed" in codes(lint(GOOD + text), Weight.ERROR), text


def test_it_says_what_it_does_not_serve_and_what_was_not_filled_in() -> None:
    assert {"OnlyYum", "NoGpu"} <= codes(lint("yum install -y kubelet\n" + GOOD), Weight.NOTE)
    assert "NoGpu" not in codes(lint("lspci | grep -i nvidia\n" + GOOD))
    assert "Placeholder" in codes(lint("export KUBEADM_JOIN_CMD=<KUBEADM_JOIN_CMD>\n" + GOOD), Weight.ERROR)
    assert "Bashism" in codes(lint(GOOD.replace("/bin/bash", "/bin/sh")), Weight.WARNING)
    assert "NodeNameUnknown" in codes(lint(GOOD.replace("--node-name $ALIBABA_CLOUD_NODE_NAME", "")), Weight.WARNING)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "Empty"),
        (" \n\n", "Empty"),
        ("<!DOCTYPE html><html>", "NotAScript"),
        ('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "NotAScript"),
        ("#!/usr/bin/env python3\n", "NotAScript"),
        ("\x7fELF\x02\x00\x00", "NotAScript"),
        ("ls -l\n", "NoStart"),
    ],
)
def test_what_is_no_join_script(text: str, code: str) -> None:
    assert code in codes(lint(text), Weight.ERROR)


@pytest.mark.parametrize(
    "text",
    [
        "X=" + "a" * 300_000 + "\necho " + "$X" * 150_000 + "\n",
        "$(" * 100_000,
        "<<a " * 80_000 + "\n",
        "x=$(" + "<<a \n" * 80_000,
        "(" * 300_000,
        "if " * 100_000,
        "f(){ " + "f;" * 3_000 + "}\nf\n",
        "eval eval eval " * 20_000,
        "--provider-id=" * 20_000 + "ALIBABA_CLOUD_PROVIDER_ID",
        "'\"`$\\" * 60_000,
        "case x in " * 30_000 + ")" * 300,
        "\x01$\udcff[[ \r" * 50_000,
        "}" * 300_000,
    ],
    ids=range(13),
)
def test_nothing_is_too_odd(text: str) -> None:
    """300 KB in one line and worse: an answer comes, and it is not that all is well."""
    assert not lint(text).good


def test_findings_never_quote_the_script() -> None:
    report = lint(GOOD + f'echo "{TOKEN}" "unclosed\n')
    assert TOKEN not in repr(report)
    assert "0123456789abcdef" not in repr(report)
