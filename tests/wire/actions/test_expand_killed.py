"""kill -9 between any two steps of an expansion, by every door, and of the small actions: resumed wherever it died,
nothing runs twice, counted in the account's own request log, and nothing is forgotten."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.actions.action_plan import ActionPlan
from core.actions.expand import expand, expand_plan
from core.actions.journal_reading import UNFINISHED
from core.actions.protect import PROTECTED
from core.analysis.scale_in.eligibility import DISABLED_ANNOTATION
from core.views.link import PlanAction
from tests.wire.actions.fleet import Fleet, last
from tests.wire.actions.growing import DOORS, ESS, autoscaler, group, planned, size

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[3]
BEGIN, INTENT, RESULT, END = "begin", "intent", "result", "end"
PLACES = [
    (BEGIN, "after"),
    (INTENT, "before"),
    (INTENT, "after"),
    (RESULT, "before"),
    (RESULT, "after"),
    (END, "before"),
]
"""Lines of a journal with one side effect, and on which side of them to die."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "LOOK", 0.1)


async def killed(fleet: Fleet, plan: ActionPlan, line: int, moment: str) -> None:
    """Another process begins to run the plan, and dies there."""
    file = fleet.folder / "plan.json"
    file.write_bytes(msgspec.json.encode(plan))
    words = ("-m", "tests.wire.actions.dying_plan", str(file), str(line), moment)
    env = {**os.environ, "KUBECONFIG": str(fleet.where().kubeconfig)}
    child = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=env)
    assert await child.wait() == -signal.SIGKILL


def line_of(plan: ActionPlan, event: str) -> int:
    """Which line of the journal that is: a note stands before the intent, and one more before the ACK API's result."""
    tasks = plan.details["door"] != expand_plan.ESS and event in (RESULT, END)
    return {BEGIN: 1, INTENT: 3, RESULT: 4, END: 5}[event] + tasks


@pytest.mark.parametrize(("event", "moment"), PLACES)
@pytest.mark.parametrize("door", list(DOORS))
async def test_resumed_wherever_it_died(fleet: Fleet, door: str, event: str, moment: str) -> None:
    made = await group(fleet, door)
    plan = await planned(fleet, made, by=1)
    await killed(fleet, plan, line_of(plan, event), moment)
    entry = last()
    assert entry.state == UNFINISHED
    seen = [line["event"] for line in entry.lines if line["event"] != "note"]
    upto = [BEGIN, INTENT, RESULT, END]
    assert seen == upto[: upto.index(event) + (moment == "after")]
    told = await fleet.compare(entry)
    assert told[0].startswith(f"group {plan.details['name']} is brought to ")
    run = await fleet.recover(entry)
    assert run.progress.outcome == "done", run.progress
    assert last().state == "done"
    assert fleet.changes() == {door: 1}
    assert size(fleet, made) == 3
    assert fleet.leases() == []


async def test_the_claim_of_the_dead_keeps_others_away(fleet: Fleet) -> None:
    """Until it expires, or somebody puts the action in order."""
    made = await group(fleet, ESS)
    plan, other = await planned(fleet, made, by=1), await planned(fleet, made, by=2)
    await killed(fleet, plan, 3, "after")
    assert len(fleet.leases()) == 1
    entry = last()
    refused = await fleet.run(other)
    assert refused.progress.outcome == "refused"
    await fleet.recover(entry, "close")
    assert fleet.leases() == []
    again = await fleet.run(await planned(fleet, made, by=2))
    assert again.progress.outcome == "done"
    assert fleet.changes() == {ESS: 1}
    assert size(fleet, made) == 4


async def small(fleet: Fleet, action: str, *targets: str, **args: Any) -> ActionPlan:
    return (await fleet.plans(PlanAction("", action, targets, args=args)))[0]


@pytest.mark.parametrize(
    ("line", "moment"), [(1, "after"), (2, "after"), (3, "before"), (3, "after"), (4, "after"), (5, "before")]
)
async def test_a_protection_is_resumed(fleet: Fleet, line: int, moment: str) -> None:
    """Two doors, two side effects: in ESS, then the annotation."""
    made = await group(fleet, ESS)
    node = made.nodes[0]
    autoscaler(fleet)
    plan = await small(fleet, "protect", node)
    await killed(fleet, plan, line, moment)
    run = await fleet.recover(last())
    assert run.progress.outcome == "done", run.progress
    assert fleet.cloud.members[fleet.id_of(node)].state == PROTECTED
    assert fleet.sim.registry.get("Node", node)["metadata"]["annotations"][DISABLED_ANNOTATION] == "true"
    assert fleet.changes() == {"SetInstancesProtection": 1}
    assert len(fleet.kube("PATCH", f"/nodes/{node}")) == 1


@pytest.mark.parametrize(("line", "moment"), [(1, "after"), (2, "after"), (3, "before"), (3, "after"), (4, "before")])
async def test_a_suspension_is_resumed(fleet: Fleet, line: int, moment: str) -> None:
    made = await group(fleet, ESS)
    plan = await small(fleet, "suspend", made.group_id)
    await killed(fleet, plan, line, moment)
    run = await fleet.recover(last())
    assert run.progress.outcome == "done", run.progress
    assert fleet.cloud.groups[made.group_id].suspended == {"ScaleIn", "ScaleOut"}
    assert fleet.changes() == {"SuspendProcesses": 1}
    assert fleet.leases() == []
