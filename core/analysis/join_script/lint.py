"""Judges a script by which new machines join a registered cluster: does what the agent hands to it reach kubelet, and
in time? The rules are those of ACK One's guide for node scripts, and of when kubelet reads its flags."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.analysis.join_script.follow import SHOWS, Act, Followed, follow
from core.analysis.join_script.handed import VARIABLES, Variable, carries, hands, kept, mentions, stores, way
from core.analysis.join_script.quoting import LITERAL
from core.analysis.join_script.shell import Script, read
from core.analysis.join_script.starting import Install, install_of, starts_kubelet, unreloaded

PLACEHOLDER = "REPLACE_WITH_A_JOIN_TOKEN"
"""Stands in a generated script where nobody was armed to make a token."""


class Weight(StrEnum):
    """How much a finding weighs: machines don't join or aren't known; something is lost; good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class State(StrEnum):
    """What becomes of a variable."""

    OK = "ok"
    LATE = "late"
    NEVER = "too late"
    OVERWRITTEN = "overwritten"
    LITERAL = "literal"
    UNSURE = "unsure"
    UNCALLED = "not called"
    UNUSED = "not handed on"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """`line` 0: the script as a whole. The text never quotes the script, which may hold a token."""

    weight: Weight
    code: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of one variable; `line`: where that is seen."""

    variable: Variable
    state: State
    line: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """`start`: the line before which kubelet has to know its flags, 0: none starts it. `tokens`: the ids, not the
    secrets, of join tokens in it. `insert`: the line before which a block can be put."""

    install: Install
    lines: int
    passed: tuple[Passed, ...]
    findings: tuple[Finding, ...]
    start: int = 0
    tokens: tuple[str, ...] = ()
    insert: int = 0

    @property
    def good(self) -> bool:
        """Machines will join and be known."""
        return not any(one.weight is Weight.ERROR for one in self.findings)


def lint(text: str) -> Report:
    """Everything there is to say. Never raises."""
    rows = text.splitlines()
    if (unfit := _unfit(text)) is not None:
        passed = tuple(Passed(one, State.MISSING) for one in VARIABLES)
        return Report(Install.UNKNOWN, len(rows), passed, (unfit,))
    script = read(text)
    return _Judge(text, script, follow(script), text.split("\n")).report()


def _unfit(text: str) -> Finding | None:
    """Why it is no shell script at all."""
    head = text[:2000].lstrip("\ufeff \t\r\n").lower()
    if not text.strip():
        return Finding(Weight.ERROR, "Empty", 0, "it is empty")
    if "\x00" in text or len(re.findall("[\udc80-\udcff]", text)) > len(text) // 5:
        return Finding(Weight.ERROR, "NotAScript", 0, "it is no text; a shell script is expected")
    if head.startswith(("<!doctype", "<html", "<?xml", "<error")):
        return Finding(Weight.ERROR, "NotAScript", 1, "it is a web page or an error message, not a shell script")
    if head.startswith("#!") and not re.match(r"#!\s*\S*?(?:env\s+)?\S*\b(?:ba|da|k|z)?sh\b", head):
        return Finding(Weight.ERROR, "NotAScript", 1, "its first line names another interpreter than a shell")
    return None


@dataclass(frozen=True)
class _Judge:
    text: str
    script: Script
    followed: Followed
    rows: Sequence[str]

    def report(self) -> Report:
        acts = self.followed.acts
        install = install_of(acts)
        starts = [at for at, act in enumerate(acts) if starts_kubelet(act)]
        joins = [at for at in starts if acts[at].name == "kubeadm"]
        registers = (joins if install is Install.KUBEADM else starts)[:1]
        passed = tuple(self._passed(one, starts, registers) for one in VARIABLES)
        findings = [*self._whole(starts), *(found for one in passed for found in self._told(one))]
        findings += self._around(install, starts, registers, passed)
        findings.sort(key=lambda one: (tuple(Weight).index(one.weight), one.line))
        start = acts[registers[0] if registers else starts[0]].line if starts else 0
        tokens = tuple(sorted(set(re.findall(r"\b([a-z0-9]{6})\.[a-z0-9]{16}\b", self.text))))
        insert = max((line for line in self.script.starts if line <= start), default=0)
        return Report(install, len(self.rows), passed, tuple(findings), start, tokens, insert)

    def _passed(self, variable: Variable, starts: Sequence[int], registers: Sequence[int]) -> Passed:
        """The best that becomes of a variable."""
        acts = self.followed.acts
        carrying = [at for at, act in enumerate(acts) if carries(act, variable)]
        lost: Act | None = None
        for at in carrying:
            if not starts or at <= (registers or starts)[0]:
                lost = _overwritten(acts, at, (registers or starts or [len(acts)])[0], carrying)
                if lost is None:
                    return Passed(variable, State.OK, acts[at].line)
        if lost is not None:
            return Passed(variable, State.OVERWRITTEN, lost.line)
        if carrying:
            state = State.LATE if carrying[0] <= starts[-1] else State.NEVER
            return Passed(variable, state, acts[carrying[0]].line)
        return self._otherwise(variable)

    def _otherwise(self, variable: Variable) -> Passed:
        """A variable that nothing hands on."""
        acts = self.followed.acts
        literal = re.compile(way(variable, LITERAL))
        for act in acts:
            if not act.assigns and stores(act) and literal.search(act.text):
                return Passed(variable, State.LITERAL, act.line)
        for act in self.followed.uncalled:
            if carries(act, variable):
                return Passed(variable, State.UNCALLED, act.line)
        for act in acts:
            if hands(act, variable) and not act.assigns and act.name not in SHOWS:
                return Passed(variable, State.UNSURE, act.line)
        for act in acts:
            if mentions(act, variable):
                return Passed(variable, State.UNUSED, act.line)
        return Passed(variable, State.MISSING)

    def _told(self, one: Passed) -> Iterator[Finding]:
        """The finding about a variable that doesn't simply arrive."""
        name, flag = one.variable.name, one.variable.flag
        texts = {
            State.MISSING: f"{name} is not used, it belongs to {flag}",
            State.UNUSED: f"{name} is looked at, but does not reach kubelet as {flag}",
            State.UNCALLED: f"{name} reaches {flag} only in a function that nothing calls",
            State.LITERAL: f"{name} is written by its name and not by its value: it stands in single quotes or in a "
            "quoted here-document",
            State.NEVER: f"{flag} is set after kubelet was started for the last time: it never reads it",
            State.OVERWRITTEN: f"the file with {flag} is written anew here, without it",
            State.LATE: f"{flag} is set after the node has registered, which is when it counts: set it earlier",
            State.UNSURE: f"{name} is handed to a program that was not read: see that it reaches {flag}",
        }
        if one.state is State.OK:
            return
        soft = one.state in (State.LATE, State.UNSURE) or not one.variable.required
        text = texts[one.state] + ("" if one.state in (State.LATE, State.UNSURE) else f"; {one.variable.breaks}")
        if one.state is State.MISSING and self.followed.elsewhere:
            lines = ", ".join(map(str, self.followed.elsewhere[:4]))
            text += f"; unless what line {lines} runs does it, which was not read"
        code = "".join(word.capitalize() for word in one.state.split())
        yield Finding(Weight.WARNING if soft else Weight.ERROR, code, one.line, text)

    def _whole(self, starts: Sequence[int]) -> Iterator[Finding]:
        """About the script as a text."""
        text = self.text
        if returns := text.count("\r\n"):
            line = text.count("\n", 0, text.index("\r\n")) + 1
            told = f"{returns} lines end in CR LF: bash takes the CR for part of the last word, and fails"
            yield Finding(Weight.ERROR, "CarriageReturns", line, told)
        if self.script.unclosed:
            told = "a quote, bracket, here-document or block that begins here has no end: bash stops there"
            yield Finding(Weight.ERROR, "Unclosed", self.script.unclosed, told)
        if self.followed.ended:
            told = "the script always ends here; what comes after it was not looked at"
            if any(one.line > self.followed.ended for one in self.script.commands):
                yield Finding(Weight.NOTE, "Exit", self.followed.ended, told)
        if not starts:
            told = "nothing here starts kubelet or runs kubeadm join: flags that are set have no effect"
            weight = Weight.WARNING if self.followed.elsewhere else Weight.ERROR
            yield Finding(weight, "NoStart", 0, told)
        if re.match(r"#!\s*/bin/sh\b", text) and (tests := [a for a in self.followed.acts if a.name == "[["]):
            told = "[[ is bash's, and the first line asks for sh, which on some systems is another shell"
            yield Finding(Weight.WARNING, "Bashism", tests[0].line, told)
        for act in self.followed.acts:
            if PLACEHOLDER in act.text or re.search(r"=<[A-Z][A-Z_]+>", self._line(act.line)):
                yield Finding(Weight.ERROR, "Placeholder", act.line, "a placeholder was not filled in")
                break

    def _around(
        self, install: Install, starts: Sequence[int], registers: Sequence[int], passed: Sequence[Passed]
    ) -> Iterator[Finding]:
        """About what belongs to it: a reload of changed units, the same name for kubeadm, systems that it serves."""
        acts = self.followed.acts
        if starts and (line := unreloaded(acts[: starts[-1] + 1])):
            told = "a unit of kubelet is changed, and no systemctl daemon-reload comes before kubelet starts"
            yield Finding(Weight.WARNING, "NoDaemonReload", line, told)
        name = next(one for one in passed if one.variable.flag == "--hostname-override")
        if install is Install.KUBEADM and registers and name.state is State.OK:
            join = acts[registers[0]]
            if not re.search(r"--node-name|--config", join.text):
                told = (
                    "kubeadm join waits for a node of the machine's own name: add --node-name=$ALIBABA_CLOUD_NODE_NAME"
                )
                yield Finding(Weight.WARNING, "NodeNameUnknown", join.line, told)
        if any(act.name == "yum" for act in acts) and not any(act.name in ("apt-get", "apt", "dnf") for act in acts):
            yield Finding(Weight.NOTE, "OnlyYum", 0, "it installs with YUM: systems without it are not served")
        if not re.search(r"nvidia", self.text, re.IGNORECASE):
            yield Finding(Weight.NOTE, "NoGpu", 0, "it installs no GPU driver: GPU nodes are not served")

    def _line(self, number: int) -> str:
        return self.rows[number - 1][:1000] if 0 < number <= len(self.rows) else ""


def _overwritten(acts: Sequence[Act], at: int, start: int, carrying: Sequence[int]) -> Act | None:
    """What writes the file anew into which this one put the flag, before kubelet starts."""
    one = acts[at]
    edited = one.words[-1:] if one.name == "sed" else ()
    files = {file for file in (*kept(one.writes), *edited) if file.startswith("/")}
    later = (acts[other] for other in range(at + 1, start) if other not in carrying)
    return next((other for other in later if other.sure and files & set(other.empties)), None)
