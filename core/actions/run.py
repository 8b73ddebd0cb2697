"""An action that runs: its journal, its cancellation, how far it is. What is done step by step is in the module of each
action."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from core.actions.action_plan import ActionPlan
from core.actions.cloud import Cloud
from core.actions.journal import Journal
from core.clients.alibaba import CloudError
from core.clients.kubernetes import ApiError, Reader, Writer
from core.clients.kubernetes.writer import request_id
from core.clock import Clock
from core.errors import VacancyError, one_line

T = TypeVar("T")

DONE, FAILED, CANCELLED, REFUSED, PARTLY = "done", "failed", "cancelled", "refused", "partly done"
"""How an action ends."""
UNDONE, CLOSED = "undone", "closed"
"""How one ends that was left in the middle, and not resumed."""
ARRIVED = ("drained", "cordoned", "uncordoned", DONE)
"""Phases of a line of the progress that is where it should be."""


class NodeProgress(msgspec.Struct, frozen=True):
    """How far one node, or whatever else is acted on, is. `phase` in a word, `text` why; `held`: pod -> why it is
    still there."""

    name: str
    phase: str = "waiting"
    pods: int = 0
    gone: int = 0
    held: dict[str, str] = {}
    text: str = ""


class Progress(msgspec.Struct, frozen=True):
    """How far an action is. `outcome` is "" while it runs."""

    id: str
    action: str
    doing: str
    nodes: tuple[NodeProgress, ...] = ()
    began: float = 0.0
    outcome: str = ""
    text: str = ""


class Cancelled(Exception):
    """Somebody wants it to stop here."""


class Run:
    """What the steps of one action share."""

    def __init__(
        self,
        plan: ActionPlan,
        journal: Journal,
        reader: Reader,
        writer: Writer,
        clock: Clock | None = None,
        tell: Callable[[Progress], None] | None = None,
        cloud: Cloud | None = None,
    ) -> None:
        self.plan, self.journal, self.reader, self.writer = plan, journal, reader, writer
        self.cloud = cloud
        self.clock = clock or Clock()
        self._tell = tell
        self._cancelled = asyncio.Event()
        self.aside = ""
        """For the eyes of the person who runs it: on their terminal, in no journal and in no progress."""
        nodes = tuple(NodeProgress(name) for name in plan.follows or [node.name for node in plan.nodes])
        self.progress = Progress(plan.id, plan.action, "starting", nodes, self.clock.now())

    def cancel(self) -> None:
        """Stop at the next safe point: what was sent is waited for, nothing more is sent."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raises Cancelled when somebody wants it to stop."""
        if self.cancelled:
            raise Cancelled

    async def pause(self, seconds: float) -> None:
        """Wait; raises Cancelled as soon as somebody wants it to stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._cancelled.wait(), seconds)
        self.check()

    async def effect(
        self, step: str, about: str, act: Callable[[], Awaitable[T]], always: bool = False, **before: Any
    ) -> T:
        """A side effect, on record before it is sent and after it was answered. `always`: it puts something in order,
        so it is sent even when the action was cancelled.

        Raises what `act` raises, once that is on record too."""
        if not always:
            self.check()
        number = await self.journal.intent(step, about, **before)
        request_id.set("")
        try:
            answer = await act()
        except VacancyError as error:
            status = error.status if isinstance(error, ApiError | CloudError) else None
            asked = request_id.get() or getattr(error, "request_id", "")
            await self.journal.result(number, False, asked, error=one_line(str(error)), status=status)
            raise
        await self.journal.result(number, True, request_id.get() or _request(answer))
        return answer

    def token(self, step: str, about: str) -> str:
        """The client token of a step: the same when it is sent again, also by another process."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.plan.id}/{step}/{about}"))

    def doing(self, text: str) -> None:
        """What the whole action is at."""
        self._now(msgspec.structs.replace(self.progress, doing=text))

    def node(self, name: str, **changed: Any) -> None:
        """What became of one node."""
        nodes = tuple(
            msgspec.structs.replace(one, **changed) if one.name == name else one for one in self.progress.nodes
        )
        self._now(msgspec.structs.replace(self.progress, nodes=nodes))

    def of(self, name: str) -> NodeProgress:
        """How far this node is."""
        return next(one for one in self.progress.nodes if one.name == name)

    async def end(self, outcome: str, text: str = "", final: bool = True) -> None:
        """The last line of the journal, and of the progress. Not `final`: there is still something to put in order."""
        if final:
            await self.journal.end(outcome, text=text, nodes=msgspec.to_builtins(self.progress.nodes))
        else:
            await self.journal.note("", text)
        self._now(msgspec.structs.replace(self.progress, outcome=outcome, doing=outcome, text=text))

    def say_aside(self, text: str) -> None:
        """Tell the person at the terminal, and nobody else, ever."""
        self.aside = text
        self._now(self.progress)

    def broke(self, text: str) -> None:
        """It can't go on, and its journal has no end: it is left in the middle."""
        told = f"{text}; left in the middle: see the journal"
        self._now(msgspec.structs.replace(self.progress, outcome=FAILED, doing=FAILED, text=told))

    def _now(self, progress: Progress) -> None:
        self.progress = progress
        if self._tell is not None:
            self._tell(progress)


@contextlib.asynccontextmanager
async def meanwhile(doing: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do this beside the block, for as long as it runs."""
    task = asyncio.create_task(doing)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _request(answer: object) -> str:
    """The id under which the cloud knows a call."""
    found = answer.get("RequestId") or answer.get("request_id") if isinstance(answer, dict) else None
    return found if isinstance(found, str) else ""
