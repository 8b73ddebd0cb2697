"""One node's way out: its steps taken one by one, told in its line of the progress; and what the journal of an earlier
process says of it. Which steps there are is said by the module of its door."""

import contextlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from core.actions.cloud import Cloud, needed, writing
from core.actions.drain import node_patch
from core.actions.drain.node_patch import NodeGone
from core.actions.journal_reading import Entry
from core.actions.remove.remove_door import Removal
from core.actions.run import Run
from core.actions.step import Step, take
from core.clients.alibaba.writer import Writer
from core.clients.kubernetes import NotFound

DRAINING = ("cordon", "uncordon", "release", "evict")
"""Steps of the drain: what comes after them can't be taken back."""
DELETE = "delete the Node"
PATIENCE = 300.0
RUNS_AS, ENDED_WITH = "kubeadm reset runs as ", "kubeadm reset ended with "
"""How notes of the journal begin that lead a later process on."""


@dataclass
class Known:
    """What the journal says about each node. `past`: it is drained, and more was begun. `sent`: the steps that took
    effect, or may have. `invocation`: Cloud Assistant runs its reset, or has run it. `resets`: attempts that failed."""

    past: set[str] = field(default_factory=set)
    sent: dict[str, list[str]] = field(default_factory=dict)
    invocation: dict[str, str] = field(default_factory=dict)
    resets: dict[str, int] = field(default_factory=dict)
    wiped: set[str] = field(default_factory=set)


def known(entry: Entry) -> Known:
    """Read from the journal of an action that was left in the middle."""
    found, open_ = Known(), dict[int, dict[str, Any]]()
    for line in entry.lines:
        match line.get("event"):
            case "intent" if line.get("step") not in DRAINING:
                open_[line["number"]] = line
                found.past.add(line["about"])
                found.sent.setdefault(line["about"], []).append(line["step"])
            case "result" if (begun := open_.pop(line["number"], None)) is not None and _without_effect(line):
                found.sent[begun["about"]].remove(begun["step"])
            case "resume":
                open_.clear()
            case "note":
                _note(found, str(line.get("about")), str(line.get("text")))
    return found


def _without_effect(result: dict[str, Any]) -> bool:
    status = (result.get("after") or {}).get("status")
    return not result.get("ok") and isinstance(status, int) and 400 <= status < 500


def _note(found: Known, node: str, text: str) -> None:
    if text.startswith(RUNS_AS):
        found.invocation[node] = text.removeprefix(RUNS_AS).strip()
    elif match := re.match(rf"{ENDED_WITH}(-?\d+|nothing)", text):
        found.invocation.pop(node, None)
        if match[1] == "0":
            found.wiped.add(node)
        else:
            found.resets[node] = found.resets.get(node, 0) + 1


@dataclass
class Way:
    """The way of one node. `look` in seconds; `taken` counts steps, `at` is the one that is being taken."""

    run: Run
    one: Removal
    known: Known
    look: float
    taken: int = 0
    at: str = ""

    @property
    def cloud(self) -> Cloud:
        return needed(self.run.cloud)

    @property
    def writer(self) -> Writer:
        return writing(self.run.cloud)

    async def step(
        self,
        what: str,
        happened: Callable[[], Awaitable[bool]],
        act: Callable[[], Awaitable[object]] | None = None,
        patience: float = PATIENCE,
        **before: Any,
    ) -> None:
        """Take one step (see step.take). Raises VacancyError and Cancelled."""
        self.begin(what)
        await take(self.run, Step(what, self.one.node, happened, act, patience, before), self.look)
        self.taken += 1

    def begin(self, what: str) -> None:
        """Say what is being done."""
        self.at = what
        self.run.node(self.one.node, phase=what)

    async def note(self, text: str) -> None:
        """Something worth keeping, for the journal."""
        await self.run.journal.note(self.one.node, text)

    async def delete_node(self) -> None:
        """That very Node object, not another of its name; the cloud's controller may be quicker."""
        await self.step(DELETE, self.node_gone, self._delete_node)

    async def _delete_node(self) -> None:
        with contextlib.suppress(NotFound):
            await self.run.writer.delete(node_patch.path(self.one.node), uid=self.one.uid)

    async def node_gone(self) -> bool:
        """Whether the Node that was meant is not there any more."""
        try:
            return (await node_patch.look(self.run.reader, self.one.node)).uid != self.one.uid
        except NodeGone:
            return True
