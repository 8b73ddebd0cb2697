"""A command line of the Cluster Autoscaler as a map of flags. What a flag means is in core/policy/settings."""

import shlex
from collections.abc import Iterable, Iterator

REPEATED = ("nodes", "gpu-total", "ignore-taint", "startup-taint", "status-taint", "balancing-ignore-label",
            "balancing-label", "node-group-auto-discovery")  # fmt: skip
"""Flags that may be given several times."""


def parse(arguments: Iterable[str]) -> dict[str, str | list[str]]:
    """Flag name -> text, or a list of texts for a flag that may be repeated. `--name value`, `--name=value` and a bare
    `--name` (true) are understood, inside a shell's `-c` line too; anything else is passed over."""
    found: dict[str, str | list[str]] = {}
    for name, text in _pairs(list(_words(arguments))):
        if name in REPEATED:
            many = found.setdefault(name, [])
            assert isinstance(many, list)
            many.append(text)
        else:
            found[name] = text
    return found


def _words(arguments: Iterable[str]) -> Iterator[str]:
    for argument in arguments:
        if "--" in argument and any(char.isspace() for char in argument.strip()):
            yield from _shell_words(argument)
        else:
            yield argument.strip()


def _shell_words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.split()


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    for index, word in enumerate(words):
        if not word.startswith("-") or word.strip("-") == "":
            continue
        name, equals, text = word.lstrip("-").partition("=")
        if equals:
            yield name, text
        else:
            follower = words[index + 1] if index + 1 < len(words) else "-"
            yield name, "true" if follower.startswith("-") else follower
