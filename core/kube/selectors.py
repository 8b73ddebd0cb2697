"""Label and field selectors: from objects and from the text of `-l`. Where they are used stands with the user."""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from core.errors import InputError

Labels = Mapping[str, str]
Operator = Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]


class Requirement(msgspec.Struct, frozen=True):
    """One condition on a label (or field) `key`. `NotIn` and `DoesNotExist` match an absent key."""

    key: str
    operator: str
    values: tuple[str, ...] | None = ()

    def matches(self, labels: Labels) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value is not None and value in (self.values or ())
            case "NotIn":
                return value is None or value not in (self.values or ())
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case "Gt" | "Lt":
                return value is not None and self._compares(value)
        return False

    def _compares(self, value: str) -> bool:
        if len(self.values or ()) != 1 or not (_is_int(value) and _is_int((self.values or ("",))[0])):
            return False
        left, right = int(value), int((self.values or ("0",))[0])
        return left > right if self.operator == "Gt" else left < right


class LabelSelector(msgspec.Struct, frozen=True, rename="camel"):
    """A `metav1.LabelSelector`. Empty matches everything; an absent selector (None at the user) matches nothing."""

    match_labels: dict[str, str] | None = None
    match_expressions: tuple[Requirement, ...] | None = None

    def matches(self, labels: Labels) -> bool:
        return all(labels.get(key) == value for key, value in (self.match_labels or {}).items()) and all(
            requirement.matches(labels) for requirement in self.match_expressions or ()
        )


def _is_int(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII) is not None


_TERM = re.compile(
    r"\s*(?:!\s*(?P<absent>[\w./-]+)"
    r"|(?P<key>[\w./-]+)\s*(?:(?P<op>==|=|!=)\s*(?P<value>[\w./-]*)"
    r"|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|\Z)"
)


def parse(text: str) -> tuple[Requirement, ...]:
    """The requirements of a selector as kubectl's `-l` takes it: `a=b,c!=d,e in (x,y),!f,g`."""
    requirements, position = [], 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None or match.end() == position:
            raise InputError(
                f"label selector {text!r}: cannot read {text[position:]!r}; write for example -l pool=web,gpu!=yes"
            )
        requirements.append(_requirement(match))
        position = match.end()
    return tuple(requirements)


def _requirement(match: re.Match[str]) -> Requirement:
    if match["absent"]:
        return Requirement(match["absent"], "DoesNotExist")
    if match["set"]:
        values = tuple(value.strip() for value in match["values"].split(","))
        return Requirement(match["key"], "In" if match["set"] == "in" else "NotIn", values)
    if match["op"] is None:
        return Requirement(match["key"], "Exists")
    return Requirement(match["key"], "NotIn" if match["op"] == "!=" else "In", (match["value"],))


def matches(requirements: tuple[Requirement, ...], labels: Labels) -> bool:
    """Whether `labels` meet every requirement."""
    return all(requirement.matches(labels) for requirement in requirements)
