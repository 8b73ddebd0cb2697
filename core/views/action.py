"""An action as a screen shows it: plain data. How it is made from a plan and a run is in action_view."""

import msgspec

from core.views.table import TableView, Tone, ViewKey

KIND = "action"
PLANNING, ASKS, REFUSED, RUNNING, ENDED = "planning", "asks", "refused", "running", "ended"
LEFT = "unfinished"
"""The state of an action in the journal whose process ended in the middle."""
ON_NODES = ("nodes", "node", "scale-in")
"""Kinds of views whose rows are nodes that can be acted on."""
ON_GROUPS = ("groups", "group")
"""Kinds of views whose rows are scaling groups."""
_ON_GROUPS = ("expand", "suspend", "unsuspend")

Line = tuple[str, Tone]


def acts_on(action: str, view: str) -> bool:
    """Whether an action can be meant for the rows of this kind of view, or for its object."""
    return view in (ON_GROUPS if action in _ON_GROUPS else ON_NODES)


class ActionView(msgspec.Struct, frozen=True, tag=True):
    """An action at one moment. `expects`: what is to be typed to run it, when `phase` is asks; `offers`: the options
    with which one that is refused would not be."""

    key: ViewKey
    title: str
    phase: str
    generation: int
    as_of: float
    lines: tuple[Line, ...] = ()
    question: str = ""
    expects: str = ""
    table: TableView | None = None
    offers: tuple[str, ...] = ()
