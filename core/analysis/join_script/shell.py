"""A shell script as its commands, in order: words, redirections, here-documents, and which function each stands in.
Words are read in quoting; what the commands do is in follow. Nothing is run, and no text is too odd: what has no end
ends with the file, and is told."""

import re
from dataclasses import dataclass, field, replace

from core.analysis.join_script.quoting import LITERAL, Cursor

MOST_BODIES = 16
"""Here-documents announced on one line: more of them are too many for bash as well."""

_BLANK = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
_REDIRECT = re.compile(r"&>>|&>|<<<|<<-|<<|<>|>>|>\||>&|<&|[<>](?!\()")
_NOTHING = re.compile(r"\([ \t]*\)")
_OPENING = ("if", "while", "until", "for", "select", "case")
_CLOSING = ("fi", "done", "esac", "}")
_BETWEEN = ("then", "else", "elif", "do", "!", "time")


@dataclass(frozen=True, slots=True)
class Command:
    """`line` counts from 1. `writes`: files that its output goes to, `empties`: those of them that it begins anew;
    `bodies`: here-documents and here-strings; `piped`: its output goes into the next command; `sure`: it runs whenever
    its function, or the script, comes that far. A `$` that the shell leaves alone is a LITERAL."""

    line: int
    words: tuple[str, ...]
    writes: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    piped: bool = False
    sure: bool = True
    function: str = ""
    empties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """`starts`: lines before which another command can be put. `unclosed`: the line of a quote, here-document or
    compound without an end, 0 where there is none."""

    commands: tuple[Command, ...]
    functions: frozenset[str]
    starts: frozenset[int]
    unclosed: int = 0


def read(text: str) -> Script:
    """The script's commands."""
    return _Reading(text=text.replace("\x00", "").replace(LITERAL, "")).all()


@dataclass(slots=True)
class _Frame:
    """An open compound."""

    kind: str
    line: int
    sure: bool
    function: str = ""


@dataclass(slots=True)
class _Here:
    """A here-document whose body comes after the line."""

    delimiter: str
    tabs: bool
    quoted: bool
    owner: int = -1
    """The index of its command, once that is complete."""


@dataclass
class _Reading(Cursor):
    """How far it is."""

    commands: list[Command] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    starts: set[int] = field(default_factory=set)
    frames: list[_Frame] = field(default_factory=list)
    waiting: list[_Here] = field(default_factory=list)
    fresh: bool = True
    """Nothing but blanks stood on this line yet."""
    words: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    empties: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    began: int = 0
    redirect: str = ""
    chained: bool = False
    """What comes depends on what came: after && or ||, or it takes what came through a pipe."""
    pattern: bool = False
    """In a `case`, where a pattern stands."""
    naming: bool = False
    """After the word `function`."""
    named: str = ""
    """A function whose body comes next."""

    def all(self) -> Script:
        while self.at < len(self.text):
            self._step()
        self._end()
        self._bodies()
        if self.frames and not self.unclosed:
            self.unclosed = self.frames[-1].line
        return Script(tuple(self.commands), frozenset(self.functions), frozenset(self.starts), self.unclosed)

    def _step(self) -> None:
        char = self.text[self.at]
        if blank := _BLANK.match(self.text, self.at):
            self.go(blank.end())
        elif char == "\n":
            self._newline()
        elif char == "#":
            end = self.text.find("\n", self.at)
            self.go(len(self.text) if end < 0 else end)
        else:
            if self.fresh:
                self._mark()
            if self._in_test() and char in "<>()|&;":
                self._take(char, char, self.at + 1)
            elif found := _REDIRECT.match(self.text, self.at):
                self.redirect, self.began = found[0], self.began or self.line
                self.go(found.end())
            elif char in ";&|()":
                self._operator(char)
            else:
                self._word()

    def _mark(self) -> None:
        """The first word of a line: can something be put before it?"""
        self.fresh = False
        if not (self.words or self.chained or self.pattern or self.redirect or self.named or self.naming):
            self.starts.add(self.line)

    def _in_test(self) -> bool:
        return bool(self.words) and self.words[0] == "[[" and self.words[-1] != "]]"

    # what separates commands

    def _newline(self) -> None:
        if not self._in_test():
            self._end()
        self.go(self.at + 1)
        self._bodies()
        self.fresh = True

    def _operator(self, char: str) -> None:
        text, at = self.text, self.at
        if self.pattern:
            self.pattern = char != ")"
            self.words = []
            self.go(at + 1)
        elif text.startswith("((", at) and (not self.words or self.words == ["for"]):
            self._take("((", "((", self.balanced(at + 1))
        elif char == "(" and (len(self.words) == 1 or self.named) and (found := _NOTHING.match(text, at)):
            self._define(self.named or self.words[0])
            self.go(found.end())
        elif char in "()":
            self._parenthesis(char)
        else:
            self._separator(char)

    def _parenthesis(self, char: str) -> None:
        if char == "(":
            self._end()
            self._open("(")
        else:
            self._end()
            if self.frames and self.frames[-1].kind == "(":
                self.frames.pop()
        self.go(self.at + 1)

    def _separator(self, char: str) -> None:
        operator = next(
            (one for one in (";;&", ";;", ";&", "&&", "||", "|&") if self.text.startswith(one, self.at)), char
        )
        self._end(piped=operator in ("|", "|&"))
        self.chained = operator in ("&&", "||", "|", "|&")
        if operator.startswith((";;", ";&")):
            self.pattern = bool(self.frames) and self.frames[-1].kind == "case"
        self.go(self.at + len(operator))

    def _end(self, piped: bool = False) -> None:
        """The command is complete."""
        announced = any(here.owner < 0 for here in self.waiting)
        if self.words or self.writes or self.bodies or announced:
            if self.words[:1] not in (["select"], ["case"]):
                self._add(piped)
            self.chained = False
        self.words, self.writes, self.redirect, self.began = [], [], "", 0
        self.bodies, self.empties = [], []

    def _add(self, piped: bool) -> None:
        function = next((one.function for one in reversed(self.frames) if one.function), "")
        for here in self.waiting:
            here.owner = len(self.commands) if here.owner < 0 else here.owner
        sure = (not self.frames or self.frames[-1].sure) and not self.chained and not piped
        words, writes, bodies = tuple(self.words), tuple(self.writes), tuple(self.bodies)
        line, empties = self.began or self.line, tuple(self.empties)
        self.commands.append(Command(line, words, writes, bodies, piped, sure, function, empties))

    def _bodies(self) -> None:
        """The here-documents that were announced on the line that ended."""
        for here in self.waiting:
            body = self._body(here)
            if here.owner >= 0:
                one = self.commands[here.owner]
                self.commands[here.owner] = replace(one, bodies=(*one.bodies, body))
        self.waiting = []

    def _body(self, here: _Here) -> str:
        lines, began = list[str](), self.line
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            stop = len(self.text) if end < 0 else end
            one = self.text[self.at : stop].rstrip("\r")
            self.go(min(stop + 1, len(self.text)))
            if (one.lstrip("\t") if here.tabs else one) == here.delimiter:
                break
            lines.append(one)
        else:
            self.unclosed = self.unclosed or began - 1
        body = "\n".join(lines)
        return body.replace("$", LITERAL) if here.quoted else body.replace("\\$", LITERAL)

    # compounds

    def _open(self, kind: str) -> None:
        parent = self.frames[-1].sure if self.frames else True
        function, self.named = self.named, ""
        sure = True if function else parent and kind == "{" and not self.chained
        self.frames.append(_Frame(kind, self.line, sure, function))
        self.chained = False

    def _define(self, name: str) -> None:
        self.functions.add(name)
        self.named, self.naming, self.words = name, False, []

    def _keyword(self, word: str) -> bool:
        """Whether the word at the place of a command's name belongs to the grammar."""
        if word in _CLOSING:
            if self.frames and self.frames[-1].kind != "(":
                self.frames.pop()
            self.pattern = False
        elif word in ("if", "while", "until", "{"):
            self._open(word)
        elif word == "function":
            self.naming = True
        elif word not in _BETWEEN:
            if word in _OPENING:
                self._open(word)
            return False
        return True

    # words

    def _word(self) -> None:
        begin, line, word = self.at, self.line, self.word()
        raw = self.text[begin : self.at]
        if self.at == begin:  # nothing that could be read
            self.go(self.at + 1)
            return
        if self.at < len(self.text) and self.text[self.at] in "<>" and raw.isdigit():
            return
        self.began = self.began or line
        self._take(word, raw, self.at)

    def _take(self, word: str, raw: str, to: int) -> None:
        """A word is complete: what is it for?"""
        self.go(to)
        self.began = self.began or self.line
        if self.pattern:
            if word == "esac":
                self._keyword(word)
        elif self.redirect:
            self._redirected(word, raw)
        elif self.naming:
            self._define(word)
        elif not self.words and raw == word and self._keyword(word):
            self.began = 0
        else:
            self.words.append(word)
            if self.words[0] == "case" and word == "in" and len(self.words) >= 3:
                self.pattern, self.words = True, []

    def _redirected(self, word: str, raw: str) -> None:
        operator, self.redirect = self.redirect, ""
        if operator in ("<<", "<<-"):
            if len(self.waiting) < MOST_BODIES:
                self.waiting.append(_Here(word, operator == "<<-", raw != word))
        elif operator == "<<<":
            self.bodies.append(word)
        elif operator not in ("<", "<&") and not (operator == ">&" and (word.isdigit() or word == "-")):
            self.writes.append(word)
            if not operator.endswith(">>"):
                self.empties.append(word)
