"""What kubectl says about nodes, as numbers: "Allocated resources" of `kubectl describe`, and `kubectl top`.

Reads quantities by itself: agreement with the program must not come from sharing its code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_SUFFIXES = {"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1)}
_SUFFIXES |= {letter: Fraction(1000**power) for power, letter in enumerate(("k", "M", "G", "T", "P", "E"), start=1)}
_SUFFIXES |= {f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", start=1)}
_QUANTITY = re.compile(r"([0-9.]+)(?:e([0-9]+))?([A-Za-z]*)")


@dataclass(frozen=True)
class Described:
    """One node: resource -> (requests, limits) in millicores or base units, and the number of pods that count."""

    pods: int
    resources: dict[str, tuple[int, int]]


def amount(resource: str, text: str) -> int:
    """Millicores for `cpu`, else base units; rounded up."""
    found = _QUANTITY.fullmatch(text)
    assert found is not None, text
    value = Fraction(found[1]) * Fraction(10) ** int(found[2] or 0) * _SUFFIXES[found[3]]
    return math.ceil(value * (1000 if resource == "cpu" else 1))


def described(text: str) -> dict[str, Described]:
    """Node name -> what `kubectl describe nodes` says is allocated."""
    return dict(_node(part) for part in re.split(r"^(?=Name: )", text, flags=re.MULTILINE) if part.strip())


def _node(text: str) -> tuple[str, Described]:
    name = re.match(r"Name:\s+(\S+)", text)
    pods = re.search(r"^Non-terminated Pods:\s+\((\d+) in total\)", text, re.MULTILINE)
    assert name is not None
    assert pods is not None
    return name[1], Described(int(pods[1]), dict(_allocated(text)))


def _allocated(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    table = text.partition("\nAllocated resources:\n")[2].partition("\nEvents:")[0]
    for line in table.splitlines()[3:]:
        resource, requests, limits = re.sub(r"\(\d+%\)", "", line).split()
        yield resource, (amount(resource, requests), amount(resource, limits))


def topped(text: str) -> dict[str, tuple[int, int]]:
    """Node name -> (millicores, MiB) as `kubectl top nodes --no-headers` prints them."""
    rows = [line.split() for line in text.splitlines()]
    return {row[0]: (amount("cpu", row[1]), amount("memory", row[3]) >> 20) for row in rows}
