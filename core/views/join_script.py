"""What was found out about a join script, in lines and as a document. The judging is in core/analysis/join_script."""

from collections.abc import Iterator, Sequence
from typing import Any

from core.analysis.join_script.lint import Finding, Report, State, Weight
from core.views.table import Column, Row, TableView, Tone, ViewKey, text_cell

COLUMNS = (
    Column("variable", "VARIABLE", 36),
    Column("flag", "KUBELET FLAG", 24),
    Column("state", "STATE", 14),
    Column("line", "LINE", 5),
)
_MARKS = {Weight.ERROR: "✗", Weight.WARNING: "!", Weight.NOTE: "·"}
_TONES = {State.OK: Tone.GOOD, State.LATE: Tone.WARNING, State.UNSURE: Tone.WARNING}


def table(report: Report) -> TableView:
    """The four variables and what becomes of them."""
    rows = []
    for one in report.passed:
        words = (
            f"{one.variable.name}{' (required)' if one.variable.required else ''}",
            one.variable.flag,
            one.state.value,
            str(one.line or "-"),
        )
        tone = _TONES.get(one.state, Tone.DANGER)
        cells = tuple(text_cell(word, tone if index == 2 else Tone.PLAIN) for index, word in enumerate(words))
        rows.append(Row(one.variable.name, cells))
    return TableView(ViewKey("join-script"), "Join script", COLUMNS, tuple(rows), 0, 0.0, noun="variables")


def headline(place: str, report: Report) -> str:
    """What it is, in a sentence."""
    how = {"kubeadm": "joins by kubeadm", "binary": "starts kubelet by itself", "unknown": "starts no kubelet"}
    until = f"; flags have to be set before line {report.start}" if report.start else ""
    verdict = "machines would not join, or not be known"
    if report.good:
        doubtful = any(one.weight is Weight.WARNING for one in report.findings)
        verdict = "it would do, but see what is said below" if doubtful else "good"
    return f"{place}: {report.lines} lines, {how[report.install]}{until}: {verdict}"


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """A line for each finding, the gravest first."""
    for one in sorted(findings, key=lambda one: tuple(Weight).index(one.weight)):
        where = f"line {one.line}: " if one.line else ""
        yield f"{_MARKS[one.weight]} {where}{one.text}"


def document(place: str, report: Report, tokens: Sequence[Finding] = ()) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "apiVersion": "vacancy/v1",
        "kind": "JoinScriptLint",
        "place": place,
        "good": report.good and not any(one.weight is Weight.ERROR for one in tokens),
        "install": report.install.value,
        "lines": report.lines,
        "kubeletStartsAt": report.start or None,
        "tokens": list(report.tokens),
        "variables": [
            {
                "variable": one.variable.name,
                "flag": one.variable.flag,
                "required": one.variable.required,
                "state": one.state.value,
                "line": one.line or None,
            }
            for one in report.passed
        ],
        "findings": [
            {"level": one.weight.value, "code": one.code, "line": one.line or None, "text": one.text}
            for one in (*report.findings, *tokens)
        ],
    }
