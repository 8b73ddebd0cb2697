"""Words of a shell script: where each ends, and what it is without quotes. What words make a command is in shell."""

import re
from dataclasses import dataclass

LITERAL = "\x01"
"""Stands for a `$` that the shell leaves as it is, because it was quoted."""
MOST_SEARCHES = 100

_PLAIN = re.compile(r"[^\s\\'\"$`;&|()<>]+")
_INSIDE = re.compile(
    r"\\.|'[^']*'?|\"(?:\\.|[^\"\\])*\"?|`(?:\\.|[^`\\])*`?"
    r"|(?<=\s)#[^\n]*|<<-?[ \t]*['\"\\]?(\w+)['\"]?[^\n]*\n|[(){}]",
    re.DOTALL,
)
_IN_DOUBLE = re.compile(r"[^\"\\$`]+")
_BACKQUOTED = re.compile(r"`(?:\\.|[^`\\])*`?", re.DOTALL)
_SINGLE, _ANSI = re.compile(r"[^']*"), re.compile(r"(?:\\.|[^'\\])*", re.DOTALL)
_ESCAPED = {"$": LITERAL, "\n": "", '"': '"', "\\": "\\", "`": "`"}


@dataclass
class Cursor:
    """A place in a script. `line` counts from 1; `unclosed` is the line of a quote without an end, 0: none."""

    text: str
    at: int = 0
    line: int = 1
    unclosed: int = 0
    searches: int = 0
    """Looks for the end of a here-document that were in vain."""

    def go(self, to: int) -> None:
        """Move on."""
        self.line += self.text.count("\n", self.at, to)
        self.at = to

    def word(self) -> str:
        """The word that begins here, without its quotes; nothing is passed where none does."""
        parts: list[str] = []
        while self.at < len(self.text) and self._part(parts):
            pass
        return "".join(parts)

    def _part(self, parts: list[str]) -> bool:
        """A piece of a word; False at its end."""
        text, at = self.text, self.at
        if plain := _PLAIN.match(text, at):
            parts.append(plain[0])
            self.go(plain.end())
            return self._array(parts)
        char = text[at]
        if char == "'":
            self._single(parts, at + 1)
        elif char == '"':
            self._double(parts)
        elif char == "\\":
            if text.startswith(("\\\n", "\\\r\n"), at):
                return False
            follows = text[at + 1 : at + 2]
            parts.append(LITERAL if follows == "$" else follows)
            self.go(min(at + 2, len(text)))
        elif char == "$" and text.startswith("$'", at):
            self._single(parts, at + 2, escapes=True)
        elif char in "$`":
            self._dollar(parts)
        elif char in "<>" and text.startswith("(", at + 1):
            self._raw(parts, self.balanced(at + 1))
        else:
            return False
        return True

    def _array(self, parts: list[str]) -> bool:
        """`name=(…)` is one word."""
        if self.text.startswith("(", self.at) and parts[-1].endswith("="):
            self._raw(parts, self.balanced(self.at))
        return True

    def _raw(self, parts: list[str], to: int) -> None:
        parts.append(self.text[self.at : to])
        self.go(to)

    def _single(self, parts: list[str], begin: int, escapes: bool = False) -> None:
        found = (_ANSI if escapes else _SINGLE).match(self.text, begin)
        end = found.end() if found is not None else len(self.text)
        parts.append(self.text[begin:end].replace("$", LITERAL))
        self._close(end)

    def _close(self, end: int) -> None:
        """Behind the quote at `end`; where there is none, that is told."""
        if end >= len(self.text):
            self.unclosed = self.unclosed or self.line
        self.go(min(end + 1, len(self.text)))

    def _double(self, parts: list[str]) -> None:
        line, text = self.line, self.text
        self.go(self.at + 1)
        while self.at < len(text) and text[self.at] != '"':
            if plain := _IN_DOUBLE.match(text, self.at):
                self._raw(parts, plain.end())
            elif text[self.at] == "\\":
                follows = text[self.at + 1 : self.at + 2]
                parts.append(_ESCAPED.get(follows, "\\" + follows))
                self.go(min(self.at + 2, len(text)))
            else:
                self._dollar(parts)
        if self.at >= len(text):
            self.unclosed = self.unclosed or line
        self.go(min(self.at + 1, len(text)))

    def _dollar(self, parts: list[str]) -> None:
        """`$(…)`, `${…}` and backquotes as they stand; any other `$` alone."""
        text, at = self.text, self.at
        if text[at] == "`":
            found = _BACKQUOTED.match(text, at)
            self._raw(parts, found.end() if found is not None else at + 1)
        elif text.startswith(("$(", "${"), at):
            self._raw(parts, self.balanced(at + 1))
        else:
            self._raw(parts, at + 1)

    def balanced(self, at: int) -> int:
        """Behind the bracket that closes the one at `at`."""
        opening = self.text[at]
        closing, depth = {"(": ")", "{": "}"}[opening], 0
        while found := _INSIDE.search(self.text, at):
            at = self._past(found[1], found.end()) if found[1] else found.end()
            depth += (found[0] == opening) - (found[0] == closing)
            if not depth and found[0] == closing:
                return at
        self.unclosed = self.unclosed or self.line
        return len(self.text)

    def _past(self, delimiter: str, at: int) -> int:
        """Behind a here-document inside of brackets; where it is none, or there are too many to look for, `at`."""
        if self.searches > MOST_SEARCHES:
            return at
        end = self.text.find(f"\n{delimiter}\n", at - 1)
        self.searches += end < 0
        return at if end < 0 else end + len(delimiter) + 1
