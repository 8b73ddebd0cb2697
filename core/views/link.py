"""What passes between the session and a screen: updates one way, subscriptions and intents the other.

Both ways it is plain data, so that the engine may live in another process. `core.session` implements `Link`.
"""

from collections.abc import AsyncIterator
from typing import Any, Protocol

import msgspec

from core.views.action import ActionView
from core.views.detail import DetailView
from core.views.status import Status
from core.views.table import TableChange, TableView, ViewKey


class Failure(msgspec.Struct, frozen=True, tag=True):
    """A view that can't be made, in one line: what, where, what to do. `key` None: nothing can be shown at all."""

    key: ViewKey | None
    message: str


class Retry(msgspec.Struct, frozen=True, tag=True):
    """An intent: don't wait for the next attempt, ask the sources again now."""


class PlanAction(msgspec.Struct, frozen=True, tag=True):
    """An intent: say what it would mean to do this; nothing is done. Times in seconds.

    `action` is one of core.actions.known, `targets` are nodes, groups or whatever it is about, `args` what only it
    takes. The answer is the view ViewKey("action", id)."""

    id: str
    action: str
    targets: tuple[str, ...]
    force: bool = False
    delete_local_data: bool = False
    grace_period: int | None = None
    timeout: float = 1800.0
    parallel: int = 4
    max_nodes: int | None = None
    why: str = ""
    args: dict[str, Any] = {}


class PlanAgain(msgspec.Struct, frozen=True, tag=True):
    """An intent: plan the action of this id anew, with all the options that it offers."""

    id: str


class RecoverAction(msgspec.Struct, frozen=True, tag=True):
    """An intent: say what there is now of an action that was left in the middle, named as in the journal, and what it
    would mean to `resume`, `undo` or `close` it; nothing is done. The answer is the view ViewKey("action", id), which
    RunAction sets going."""

    id: str
    action: str
    how: str


class RunAction(msgspec.Struct, frozen=True, tag=True):
    """An intent: do what was planned under this id. `typed` is what the person typed to confirm it."""

    id: str
    typed: str = ""


class CancelAction(msgspec.Struct, frozen=True, tag=True):
    """An intent: stop the action at the next safe point, or forget the plan that was not run."""

    id: str


Update = TableView | TableChange | DetailView | ActionView | Status | Failure
Intent = Retry | PlanAction | PlanAgain | RecoverAction | RunAction | CancelAction


class Link(Protocol):
    """What a screen needs from the session. No call blocks; answers come as updates."""

    def updates(self) -> AsyncIterator[Update]:
        """Updates of the subscribed views and the header's Status, until the link is closed.

        For each subscription first a whole view (or a Failure), then whole views or changes as the session sees fit.
        They come in order; generations count within one subscription, and a whole view replaces whatever came before. A
        slow reader gets newer views, not more of them. Raises VacancyError when the session can't start or go on.
        """

    def subscribe(self, key: ViewKey) -> None:
        """Start sending this view. Subscribing again sends it whole again."""

    def unsubscribe(self, key: ViewKey) -> None:
        """Stop sending this view; nothing happens when it isn't sent."""

    def intend(self, intent: Intent) -> None:
        """Hand over what a person wants done."""

    async def close(self) -> None:
        """End the updates and free what the session holds."""
