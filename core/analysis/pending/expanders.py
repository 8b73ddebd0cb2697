"""Which of the groups that could grow does: the expanders, and chains of them.

Sources: expander/{waste,mostpods,leastnodes,priority,random,factory} of the Cluster Autoscaler."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from core.analysis.pending.result import Option
from core.policy import Policy

LEAST_WASTE, MOST_PODS, LEAST_NODES, PRIORITY, RANDOM = (
    "least-waste",
    "most-pods",
    "least-nodes",
    "priority",
    "random",
)
SHOWN = (LEAST_WASTE, MOST_PODS, LEAST_NODES)
EVALUATED = (*SHOWN, PRIORITY, RANDOM)
"""Not so `price`, which needs a provider that tells prices (Alibaba Cloud's doesn't), and `grpc`, which asks somebody's
own program."""
_NO_PRIORITY = -1
"""Priorities below never win."""

Options = Sequence[Option]


class Picked(NamedTuple):
    """What a chain of expanders leaves. `expander`: the one that decided; `options`: one, or several between which
    chance decides; not `known`: the expander isn't evaluated here, and any of the options may be the one."""

    expander: str
    options: Options
    known: bool = True


def chain(options: Options, policy: Policy) -> Picked:
    """Each expander chooses from what the one before it left."""
    left, last = options, ""
    for name in policy.expanders:
        last = name
        if len(left) > 1 and name not in EVALUATED:
            return Picked(name, left, False)
        left = best(name, left, policy.priority_config)
        if len(left) <= 1 or name == RANDOM:
            break
    return Picked(last, left)


def best(name: str, options: Options, priorities: str = "") -> Options:
    """The options that one expander prefers, in their order."""
    match name:
        case "least-waste":
            return _fewest(options, lambda option: option.waste.score)
        case "most-pods":
            return _fewest(options, lambda option: -len(option.pods))
        case "least-nodes":
            return _fewest(options, lambda option: option.nodes)
        case "priority":
            return _by_priority(options, priorities)
    return options


def _fewest(options: Options, measure: Callable[[Option], float]) -> Options:
    least = min((measure(option) for option in options), default=0)
    return [option for option in options if measure(option) == least]


def _by_priority(options: Options, text: str) -> Options:
    """The options with the highest priority among those that have one; all when nothing matches or the text is no
    map of numbers to lists of patterns."""
    rules = parse_priorities(text)
    if rules is None:
        return options
    found = {option.group: _priority(option.group, rules) for option in options}
    highest = max((one for one in found.values() if one is not None), default=None)
    if highest is None or highest < _NO_PRIORITY:
        return options
    return [option for option in options if found[option.group] == highest]


def _priority(group: str, rules: dict[int, list[re.Pattern[str]]]) -> int | None:
    matching = (priority for priority, patterns in rules.items() if any(one.search(group) for one in patterns))
    return max(matching, default=None)


def parse_priorities(text: str) -> dict[int, list[re.Pattern[str]]] | None:
    """The ConfigMap's text; None when it is unreadable, and the expander then lets all options pass. Patterns are
    searched, not anchored."""
    import yaml

    try:
        raw: Any = yaml.safe_load(text)
        return {_number(priority): [re.compile(one) for one in patterns or ()] for priority, patterns in raw.items()}
    except (yaml.YAMLError, AttributeError, TypeError, ValueError, re.error, RecursionError):
        return None


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value
