"""The lines that hand to kubelet what the agent of a registered cluster says about a new machine, and putting them into
a script that lacks them. Whole scripts are made in generate."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.analysis.join_script.handed import VARIABLES, Variable
from core.analysis.join_script.lint import Report, State, lint
from core.analysis.join_script.starting import Install
from core.errors import InputError

BEGIN = "# >>> vacancy: what ACK One says about this machine, for kubelet; keep it before kubelet starts"
END = "# <<< vacancy"
_KEPT = ("--node-labels", "--register-with-taints")
"""Flags whose values are lists: what is there stays, and ours is added."""

_KUBEADM = """vacancy_kubelet=/etc/sysconfig/kubelet
if [ ! -d /etc/sysconfig ]; then vacancy_kubelet=/etc/default/kubelet; fi
grep -q '^KUBELET_EXTRA_ARGS=' "$vacancy_kubelet" 2>/dev/null || echo 'KUBELET_EXTRA_ARGS=' >>"$vacancy_kubelet"
vacancy_anchor="^KUBELET_EXTRA_ARGS=[\\"']\\\\{0,1\\\\}"
"""
_BINARY = """vacancy_kubelet=/etc/systemd/system/kubelet.service
if [ ! -f "$vacancy_kubelet" ]; then vacancy_kubelet=/usr/lib/systemd/system/kubelet.service; fi
if [ ! -f "$vacancy_kubelet" ]; then vacancy_kubelet=/lib/systemd/system/kubelet.service; fi
vacancy_anchor="^ExecStart=[^[:space:]]*kubelet"
"""
_FUNCTION = """vacancy_flag() {
  if [ -z "$2" ]; then
    return 0
  elif grep -q -- "$1=" "$vacancy_kubelet"; then
    sed -i "s#$1=$3#$1=$2$4#" "$vacancy_kubelet"
  else
    sed -i "s#$vacancy_anchor#& $1=$2 #" "$vacancy_kubelet"
  fi
}
"""
_RELOAD = "systemctl daemon-reload\n"


@dataclass(frozen=True, slots=True)
class Added:
    """The script with the block, and what the block hands on; `text` is what it was where nothing lacked. `before` and
    `after`: what is said about the two."""

    text: str
    variables: tuple[Variable, ...]
    before: Report
    after: Report


def block(install: Install, variables: Sequence[Variable] = VARIABLES) -> str:
    """The lines, for any POSIX shell; they can be run twice."""
    binary = install is Install.BINARY
    calls = "".join(_call(one) for one in variables)
    missing = [one for one in variables if one.required]
    warning = "".join(
        f'if [ -z "${{{one.name}:-}}" ]; then echo "{one.name} is not set: ACK will not know this machine" >&2; fi\n'
        for one in missing
    )
    head = f"{BEGIN}\n{_BINARY if binary else _KUBEADM}{_FUNCTION}"
    return f"{head}{warning}{calls}{_RELOAD if binary else ''}{END}\n"


def _call(variable: Variable) -> str:
    """A value that is a list is put before what is there; any other takes its place."""
    if variable.flag in _KEPT:
        return f'vacancy_flag {variable.flag} "${{{variable.name}:-}}" "" ","\n'
    return f'vacancy_flag {variable.flag} "${{{variable.name}:-}}" "[^[:space:]\\"\']*" ""\n'


def add(text: str) -> Added:
    """The script with what it lacks, before kubelet starts; every other byte stays as it is. Raises InputError for a
    script in which there is no place for it."""
    before = lint(text)
    lacking = tuple(one.variable for one in before.passed if one.state not in (State.OK, State.UNSURE))
    if not lacking:
        return Added(text, (), before, before)
    if codes := [one for one in before.findings if one.code in ("NotAScript", "Empty", "Unclosed", "CarriageReturns")]:
        raise InputError(f"line {codes[0].line}: {codes[0].text}; put that right first")
    if BEGIN in text:
        raise InputError(
            "the block is there already, and is not reached before kubelet starts: move it, or take it out"
        )
    if not before.insert:
        raise InputError("nothing in it starts kubelet or runs kubeadm join, so there is no place for the block")
    lines = text.split("\n")
    head, tail = lines[: before.insert - 1], lines[before.insert - 1 :]
    indent = tail[0][: len(tail[0]) - len(tail[0].lstrip(" \t"))]
    made = [f"{indent}{line}" for line in block(before.install, lacking).rstrip("\n").split("\n")]
    whole = "\n".join([*head, *made, *tail])
    return Added(whole, lacking, before, lint(whole))
