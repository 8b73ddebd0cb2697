"""An action as a screen shows it: plain data. How it is made from a plan and a run is in action_view."""

import msgspec

from core.views.table import TableView, Tone, ViewKey

KIND = "action"
PLANNING, ASKS, REFUSED, RUNNING, ENDED = "planning", "asks", "refused", "running", "ended"
ON_NODES = ("nodes", "node", "scale-in")
"""Kinds of views whose rows are nodes that can be acted on."""

Line = tuple[str, Tone]


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
