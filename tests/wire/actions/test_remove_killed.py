"""kill -9 between any two steps of a removal, by every door: resumed wherever it died, nothing runs twice, counted in
the servers' own request logs, and nothing is forgotten."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.actions.action_plan import ActionPlan
from core.actions.journal_reading import UNFINISHED, find
from core.actions.remove.remove_way import DELETE
from tests.wire.actions.fleet import Fleet, removal
from tests.wire.actions.nursery import Ended, Order, step_of
from tests.wire.actions.test_remove import JOINS

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[3]
AT_ONCE = 8
"""Removals under way at the same time."""
MOST = 40
"""Places to die at that are prepared for; more than any door has."""


Place = tuple[str, str, bool]
"""Event and step of a line of the journal, and whether to die before it is on disk."""


@dataclass
class Nursery:
    """A process that gives birth to others (see nursery)."""

    mother: asyncio.subprocess.Process
    waiting: dict[str, "asyncio.Future[int]"] = field(default_factory=dict)

    async def bear(self, plan: ActionPlan, place: Place) -> int:
        """A process that runs this plan and dies there; by which signal."""
        assert self.mother.stdin is not None
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.waiting[plan.id] = found
        self.mother.stdin.write(msgspec.json.encode(Order(plan, *place)) + b"\n")
        return await found

    async def listen(self) -> None:
        assert self.mother.stdout is not None
        async for line in self.mother.stdout:
            ended = msgspec.json.decode(line, type=Ended)
            self.waiting.pop(ended.plan).set_result(ended.signal)


@asynccontextmanager
async def nursery(fleet: Fleet) -> AsyncIterator[Nursery]:
    words = ("-m", "tests.wire.actions.nursery", str(fleet.where().kubeconfig))
    mother = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=os.environ, stdin=-1, stdout=-1)
    assert mother.stdin is not None
    assert mother.stdout is not None
    assert await mother.stdout.readline() == b"ready\n"
    made = Nursery(mother)
    listening = asyncio.create_task(made.listen())
    yield made
    mother.stdin.close()
    await mother.wait()
    await listening


def by_attachment(fleet: Fleet, number: int) -> str:
    """A machine that was attached into a group of ESS alone, with userdata."""
    return fleet.attached(fleet.group(f"attached-{number}", 0, desired=1), JOINS)


def by_expansion(fleet: Fleet, number: int) -> str:
    return fleet.group(f"batch-{number}", 1, desired=1).nodes[0]


def by_pool(fleet: Fleet, number: int) -> str:
    return fleet.group(f"web-{number}", 1, in_ack=True, desired=1).nodes[0]


def by_stranger(fleet: Fleet, number: int) -> str:
    return fleet.stranger(f"idc-{number}", **{"alibabacloud.com/external": "true"})


ATTACHED = ("DetachInstances", "RunCommand", "StopInstance", "ModifyInstanceAttribute", "StartInstance")
DOORS = {
    "attached": (by_attachment, {}, ATTACHED),
    "expanded": (by_expansion, {"release": True}, ("RemoveInstances",)),
    "pool": (by_pool, {"release": True}, ("RemoveNodePoolNodes", "ModifyClusterNodePool")),
    "external": (by_stranger, {}, ()),
}
"""How such a node is made, how it is asked to go, and which calls change the cloud then."""


@pytest.mark.parametrize("door", DOORS)
async def test_killed_at_every_step(fleet: Fleet, door: str) -> None:
    """Each place to die has a node of its own, in a group of its own."""
    make: Callable[[Fleet, int], str]
    make, options, changes = DOORS[door]
    nodes = [make(fleet, number) for number in range(MOST)]
    machines = {} if door == "external" else {node: fleet.id_of(node) for node in nodes}
    fleet.linger(30.0 if door == "pool" else 5.0)
    fleet.cloud.clock.speed = 12.0 if door == "pool" else 60.0
    await fleet.open_doors()
    pods = dict(zip(nodes, await asyncio.gather(*(fleet.pod(node) for node in nodes)), strict=True))
    plans = await fleet.plans(*(removal(node, **options) for node in nodes))
    whole = await fleet.run(plans[0])
    assert whole.progress.outcome == "done", whole.progress
    places = places_of(find(plans[0].id).lines)
    assert len(places) < MOST
    doomed = list(zip(places, nodes[1:], plans[1:], strict=False))
    async with nursery(fleet) as born:
        turns = asyncio.Semaphore(AT_ONCE)
        dead = await asyncio.gather(*(dies(fleet, born, plan, place, turns) for place, _, plan in doomed))
    survived = [place for place, died in zip(places, dead, strict=True) if not died]
    # what the cloud controller was quicker to do, or slower: then it is no note that it is so already
    assert all(event == "note" or step == DELETE for event, step, _ in survived), survived
    for place, node, plan in doomed:
        assert find(plan.id).state == "done", (place, find(plan.id).lines[-1])
        assert not fleet.has_node(node), place
        assert len(fleet.kube("POST", f"/{pods[node]}/eviction")) == 1, place
        assert len([one for one in fleet.kube("DELETE", "/nodes/") if one.path.endswith(f"/{node}")]) <= 1, place
        about, pool = machines.get(node) or node, about_pool(plan)
        found = {action: count(fleet, action, about, pool) for action in changes}
        assert found == dict.fromkeys(changes, 1), (place, found)
    assert fleet.leases() == []


def places_of(lines: list[dict[str, Any]]) -> list[Place]:
    """Wherever a removal like this one may die: after every line; and before every result, when what was sent took
    effect and nobody knows."""
    steps: dict[int, str] = {}
    found = [(str(line["event"]), step_of(line, steps)) for line in lines[:-1]]
    found = [one for one in dict.fromkeys(found) if not one[1].endswith("it is")]
    return [(*one, False) for one in found] + [(*one, True) for one in found if one[0] == "result"]


def about_pool(plan: ActionPlan) -> str:
    (one,) = plan.details["removals"]
    return str(one["pool"])


def count(fleet: Fleet, action: str, machine: str, pool: str) -> int:
    """Calls of this action that changed something about that machine, or its pool."""
    about = pool if action == "ModifyClusterNodePool" else machine
    return sum(1 for one in fleet.asked(action) if one.effect and about in str(one.params))


async def dies(fleet: Fleet, born: Nursery, plan: ActionPlan, place: Place, turns: asyncio.Semaphore) -> bool:
    """A process that dies there; then somebody goes on. False: it never came there."""
    async with turns:
        ended = await born.bear(plan, place)
        entry = find(plan.id)
        if not ended:
            return False
        assert ended == signal.SIGKILL
        assert entry.state == UNFINISHED
        assert (await fleet.compare(entry))[0].startswith("node ")
        await fleet.recover(entry)
        return True
