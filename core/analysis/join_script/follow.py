"""What a script would do, in the order in which it would do it: functions where they are called, variables replaced by
what the script gave them. Every branch counts as taken; nothing is run. Judging it is in lint."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from core.analysis.join_script.quoting import LITERAL
from core.analysis.join_script.shell import Command, Script, read

HANDED = ("ALIBABA_CLOUD_PROVIDER_ID", "ALIBABA_CLOUD_NODE_NAME", "ALIBABA_CLOUD_LABELS", "ALIBABA_CLOUD_TAINTS")
"""What the agent of a registered cluster hands to the script: never replaced, so that its way can be followed."""
DEEPEST = 8
"""Functions within functions."""
MOST_STEPS, LONGEST, MOST_FILLED = 50_000, 4_096, 8_000_000
"""Commands that are followed; characters of one value, and of all that is put in place of variables."""

SHOWS = (
    *("[", "[[", "test", "echo", "printf", "cat", "grep", "egrep"),
    *("logger", "log", ":", "wc", "head", "tail", "sort"),
)
"""Commands that change nothing unless their output is led somewhere."""

_REFERENCE = re.compile(r"\$(?:(\w+|[@*])|\{(\w+|[@*])(?:\[[^\]{}]*\])?(?:[:#%/+?=-][^{}]*)?\})")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?=)(.*)", re.DOTALL)
_PREFIXES = ("sudo", "env", "nohup", "command", "exec", "builtin", "timeout", "nice")
_DECLARING = ("export", "local", "readonly", "declare", "typeset")
_SHELLS = ("bash", "sh", "dash", "ksh", "zsh")


@dataclass(frozen=True, slots=True)
class Act:
    """One command as it would run. `text` is its words and here-documents, in one; `assigns`: it only sets
    variables; `sure`: it runs for certain."""

    line: int
    words: tuple[str, ...]
    text: str
    writes: tuple[str, ...] = ()
    empties: tuple[str, ...] = ()
    piped: bool = False
    assigns: bool = False
    sure: bool = False

    @property
    def name(self) -> str:
        """The command without its folder."""
        return self.words[0].rpartition("/")[2] if self.words else ""


@dataclass(frozen=True, slots=True)
class Followed:
    """`ended`: the line after which nothing runs any more, 0: to the end. `elsewhere`: lines that run what isn't in
    this script."""

    acts: tuple[Act, ...]
    uncalled: tuple[Act, ...] = ()
    ended: int = 0
    elsewhere: tuple[int, ...] = ()


def follow(script: Script) -> Followed:
    """The script from its first line to its end."""
    walk = _Walk(script)
    walk.run(walk.of(""), {}, 0)
    acts, ended = _joined(walk.acts), walk.ended
    walk.acts, walk.ended = [], 0
    for name in sorted(script.functions - walk.called):
        walk.run(walk.of(name), {}, 0)
    return Followed(acts, tuple(walk.acts), ended, tuple(walk.elsewhere))


def _joined(acts: Sequence[Act]) -> tuple[Act, ...]:
    """What goes through a pipe into `tee` is written by what comes before it; what is only shown or searched gets
    nowhere."""
    found = list(acts)
    for at in range(len(found) - 2, -1, -1):
        one, into = found[at], found[at + 1]
        if not one.piped:
            continue
        if into.name == "tee":
            files = tuple(word for word in into.words[1:] if not word.startswith("-"))
            empties = () if {"-a", "--append"} & set(into.words) else files
            found[at] = replace(one, writes=(*one.writes, *files), empties=(*one.empties, *empties), piped=into.piped)
        elif into.name in SHOWS:
            found[at] = replace(one, piped=into.piped)
    return tuple(found)


@dataclass
class _Walk:
    script: Script
    values: dict[str, str] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    elsewhere: list[int] = field(default_factory=list)
    ended: int = 0
    steps: int = 0
    filled: int = 0
    bodies: dict[str, list[Command]] = field(default_factory=dict)

    def of(self, function: str) -> list[Command]:
        """The commands of a function; of the script itself for ""."""
        if not self.bodies:
            for one in self.script.commands:
                self.bodies.setdefault(one.function, []).append(one)
        return self.bodies.get(function, [])

    def run(self, commands: Sequence[Command], arguments: dict[str, str], depth: int, sure: bool = True) -> None:
        """These commands one after the other, as long as nothing ends the script. `sure`: they run for certain."""
        for one in commands:
            self.steps += 1
            if self.ended or self.steps > MOST_STEPS:
                return
            if one.words[:1] == ("return",) and one.sure and one.function:
                return
            self._one(one, arguments, depth, sure and one.sure)

    def _one(self, one: Command, arguments: dict[str, str], depth: int, sure: bool) -> None:
        words = tuple(self._words(one, arguments))
        bodies = [self._filled(body, arguments) for body in one.bodies]
        name = words[0] if words else ""
        if self._assign(one, arguments):
            text = " ".join(words)
            self.acts.append(Act(one.line, words, text, one.writes, piped=one.piped, assigns=True))
        elif name in self.script.functions and depth < DEEPEST:
            self._call(name, words[1:], depth, sure)
        elif (inner := _inner(words)) is not None and depth < DEEPEST and self.filled < MOST_FILLED:
            self._inside(inner, one.line, arguments, depth)
        else:
            writes = tuple(self._filled(target, arguments) for target in one.writes)
            empties = tuple(self._filled(target, arguments) for target in one.empties)
            self.acts.append(Act(one.line, words, " ".join((*words, *bodies)), writes, empties, one.piped, sure=sure))
            self._notice(one, words, sure)

    def _notice(self, one: Command, words: tuple[str, ...], sure: bool) -> None:
        """Does it end the script, or run something else?"""
        name = words[0] if words else ""
        if name == "exit" and sure:
            self.ended = one.line
        elif name.endswith(".sh") or name in ("source", ".", "eval") or (name in _SHELLS and "-n" not in words):
            self.elsewhere.append(one.line)

    def _words(self, one: Command, arguments: dict[str, str]) -> Iterator[str]:
        """Filled in, without assignments for this command alone and without what only says how to run it; a command
        that stands in a variable is taken apart."""
        filled = [self._filled(word, arguments) for word in one.words]
        while len(filled) > 1 and filled[:2] != ["command", "-v"] and _in_front(filled[0]):
            filled = filled[1:]
            while len(filled) > 1 and re.match(r"-|\d+[smh]?$", filled[0]):
                filled = filled[1:]
        if filled and one.words and " " in filled[0] and not _is_assignment(filled[0]):
            yield from filled[0].split()
            filled = filled[1:]
        yield from filled

    def _filled(self, text: str, arguments: dict[str, str]) -> str:
        """With what is known put in place of `$name`; about LONGEST at most."""
        if "$" not in text:
            return text

        left = LONGEST

        def known(found: re.Match[str]) -> str:
            nonlocal left
            name = found[1] or found[2]
            value = None if name in HANDED else arguments.get(name, self.values.get(name))
            if value is None or left < 0 or self.filled > MOST_FILLED:
                return found[0]
            left -= len(value)
            self.filled += len(value)
            return value

        return _REFERENCE.sub(known, text)

    def _assign(self, one: Command, arguments: dict[str, str]) -> bool:
        """Whether the command does nothing but set variables; they are set."""
        if one.words[:1] == ("for",) and one.words[2:3] == ("in",):
            self.values[one.words[1]] = self._filled(" ".join(one.words[3:]), arguments)[:LONGEST]
            return True
        declares = one.words[:1] != () and one.words[0] in _DECLARING
        found = [_ASSIGNMENT.match(word) for word in one.words[declares:]]
        if not found or not (declares or all(found)):
            return False
        for match in found:
            if match is not None and match[1] not in HANDED:
                before = self.values.get(match[1], "") if match[2] == "+=" else ""
                self.values[match[1]] = (before + self._filled(match[3], arguments))[:LONGEST]
        return True

    def _call(self, name: str, given: Sequence[str], depth: int, sure: bool) -> None:
        self.called.add(name)
        arguments = {str(number): word for number, word in enumerate(given, 1)}
        arguments |= {"@": " ".join(given), "*": " ".join(given)}
        self.run(self.of(name), arguments, depth + 1, sure)

    def _inside(self, text: str, line: int, arguments: dict[str, str], depth: int) -> None:
        """The text of `bash -c` or `eval`, as commands of the line on which it stands."""
        self.filled += 10 * len(text)
        inner = _Walk(read(text.replace(LITERAL, "$")), dict(self.values), steps=self.steps, filled=self.filled)
        inner.run(inner.script.commands, arguments, depth + 1)
        self.steps, self.filled = inner.steps, inner.filled
        self.acts += [replace(one, line=line) for one in inner.acts]
        self.elsewhere += [line] * bool(inner.elsewhere)


def _in_front(word: str) -> bool:
    """Whether it stands before the command's name."""
    return word in _PREFIXES or _is_assignment(word)


def _is_assignment(word: str) -> bool:
    return _ASSIGNMENT.match(word) is not None


def _inner(words: tuple[str, ...]) -> str | None:
    """The script that `bash -c` or `eval` is given."""
    if words[:1] == ("eval",) and len(words) > 1 and "$(" not in words[1]:
        return " ".join(words[1:])
    if words and words[0].rpartition("/")[2] in _SHELLS:
        flag = next((at for at, word in enumerate(words) if word.startswith("-") and word.endswith("c")), 0)
        if flag and len(words) > flag + 1:
            return words[flag + 1]
    return None
