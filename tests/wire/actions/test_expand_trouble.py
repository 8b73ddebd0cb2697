"""Expansions when the cloud or the API server make trouble, or somebody else is at the same group: what is sent again
and what never, what is given up and what is said."""

import asyncio

import pytest

from core.actions.action_plan import Level
from core.actions.expand import expand
from core.actions.journal_reading import UNFINISHED
from core.actions.run import Run
from sim.cloud.access import READ_ONLY, Principal
from sim.cloud.ess.engine import Origin, scale_in, scale_out
from sim.cloud.faults import Fault
from sim.cloud.state import Hook
from sim.kube.faults import Fault as KubeFault
from tests.wire.actions.fleet import Fleet, last
from tests.wire.actions.growing import COUNT, DESIRED, DOORS, ESS, PACE, codes, expanded, group, planned, size

pytestmark = pytest.mark.thorough

LOST = ("done-silence", "done-reset", "done-error")
SOMEBODY = Origin("A user requests to scale the scaling group")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "LOOK", 0.1)


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("door", list(DOORS))
async def test_an_answer_that_is_lost(fleet: Fleet, door: str, kind: str) -> None:
    """It took effect, and nobody said so: found again in the cloud, and not done twice."""
    made = await group(fleet, door)
    plan = await planned(fleet, made, by=1)
    fleet.server.gateway.faults.add(Fault(kind, action=door, seconds=30.0))
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {door: 1}
    assert size(fleet, made) == 3
    assert "it took effect, whatever the answer" in run.journal.path.read_text()


@pytest.mark.parametrize("door", list(DOORS))
async def test_an_answer_that_meant_nothing(fleet: Fleet, door: str) -> None:
    """A server error without effect: sent again, and then it is done once."""
    made = await group(fleet, door)
    plan = await planned(fleet, made, by=1)
    fleet.server.gateway.faults.add(Fault("empty", action=door))
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {door: 1}
    assert size(fleet, made) == 3


@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("door", list(DOORS))
async def test_nobody_can_be_asked_any_more(
    fleet: Fleet, door: str, effect: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is lost, and then the whole cloud: that is said, nothing is claimed, and it is resumed later."""
    made = await group(fleet, door)
    plan = await planned(fleet, made, by=1)
    monkeypatch.setattr(expand, "ACCEPTS", 1.0)
    fleet.server.gateway.faults.add(Fault("done-reset" if effect else "empty", action=door))

    def lose() -> None:
        fleet.server.gateway.faults.add(Fault("html", action="Describe*", times=None))

    before = len(fleet.asked(door))

    async def watch() -> None:
        await fleet.until(lambda: len(fleet.asked(door)) > before)
        lose()

    run, _ = await asyncio.gather(fleet.run(plan), watch())
    assert run.progress.outcome == "failed", run.progress
    assert "whether its machines were asked for is not known yet" in run.progress.text
    assert last().state == UNFINISHED
    fleet.server.gateway.faults.clear()
    run = await fleet.recover(last())
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {door: 1}
    assert size(fleet, made) == 3


async def test_lost_while_it_is_followed(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said to have failed that may well go on."""
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, by=1)
    monkeypatch.setattr(expand, "ENDS", 0.5)
    fleet.cloud.clock.speed = 1.0
    run = await fleet.run(plan)
    assert run.progress.outcome == "failed"
    assert "the machines were asked for, and are followed no further: resume it" in run.progress.text
    assert last().state == UNFINISHED
    assert fleet.changes() == {ESS: 1}


async def test_never_twice_where_nobody_tells(fleet: Fleet) -> None:
    """So many more, the answer lost, and the ACK API's tasks may not be read: it is given up, not sent again."""
    made = await group(fleet, COUNT)
    fleet.server.gateway.faults.add(
        Fault("error", action="DescribeClusterTasks", code="NoPermission", status=403, times=None)
    )
    plan = await planned(fleet, made, by=1)
    assert "TasksUnread" in codes(plan, Level.NOTE)
    fleet.server.gateway.faults.add(Fault("empty", action=COUNT))
    run = await fleet.run(plan)
    assert run.progress.outcome == "failed", run.progress
    assert "whether the ACK API took the call is not known" in run.progress.text
    assert len(fleet.asked(COUNT)) == 1


@pytest.mark.parametrize("door", list(DOORS))
async def test_throttled(fleet: Fleet, door: str) -> None:
    made = await group(fleet, door)
    plan = await planned(fleet, made, by=1)
    before = len(fleet.asked(door))
    fleet.server.gateway.faults.add(Fault("throttle", action=door, seconds=0, times=2))
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {door: 1}
    assert len(fleet.asked(door)) - before == 3


@pytest.mark.parametrize("door", list(DOORS))
async def test_denied(fleet: Fleet, door: str) -> None:
    """RAM says no: beforehand where ESS can be asked, else in one line, with nothing done."""
    made = await group(fleet, door)
    fleet.be(Principal("limited", "LTAI5tLimited", "limited-secret", READ_ONLY))
    plan = await planned(fleet, made, by=1)
    if door == ESS:
        assert codes(plan) == ["Forbidden"]
        assert "ess:ScaleWithAdjustment" in plan.refusals[0].text
    else:
        run = await fleet.run(plan)
        assert run.progress.outcome == "failed"
        assert run.progress.text.endswith("nothing was asked for")
        assert f"cs:{door}" in run.progress.text
    assert not fleet.changes()
    assert fleet.leases() == []


async def test_quotas_and_the_like_in_the_clouds_own_words(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, by=1)
    text = "The total number of vCPUs exceeds the quota of this account."
    fleet.server.gateway.faults.add(Fault("error", action=ESS, code="QuotaExceed.Instance", message=text, status=400))
    run = await fleet.run(plan)
    assert run.progress.outcome == "failed"
    assert text in run.progress.text
    assert "\n" not in run.progress.text
    assert not fleet.changes()


async def test_the_api_server_is_lost_in_between(fleet: Fleet) -> None:
    """It is asked again while there is time; ESS goes on meanwhile."""
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, by=1)

    def lose() -> None:
        fleet.sim.server.faults.add(KubeFault(path=r"/api/v1/nodes\?", status=503, times=6))

    fleet.when(ESS, lose)
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {ESS: 1}


async def test_the_claim_cannot_be_made(fleet: Fleet) -> None:
    """No lease, no change."""
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, by=1)
    fleet.sim.server.faults.add(KubeFault(path="/leases", verb="create", status=403, times=None))
    run = await fleet.run(plan)
    assert run.progress.outcome == "failed"
    assert not fleet.changes()


async def test_cancelled_before_it_is_asked_for(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    run = await fleet.run(await planned(fleet, made, by=1), started=Run.cancel)
    assert run.progress.outcome == "cancelled"
    assert run.progress.text.endswith("nothing was asked for")
    assert not fleet.changes()
    assert fleet.leases() == []


async def test_cancelled_in_the_middle(fleet: Fleet) -> None:
    """What was asked for goes on, and that is said."""
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, by=2)
    run = await fleet.run(plan, started=lambda run: fleet.when(ESS, run.cancel))
    assert run.progress.outcome == "cancelled", run.progress
    assert "can't be called back, the group goes on by itself" in run.progress.text
    assert last().state == "cancelled"
    assert fleet.leases() == []
    await fleet.until(lambda: size(fleet, made) == 4)


async def test_somebody_else_grew_it_meanwhile(fleet: Fleet) -> None:
    """An expansion that was planned on another size does nothing, above all it never makes the group smaller."""
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, to=3)
    scale_out(fleet.cloud, fleet.cloud.groups[made.group_id], 3, SOMEBODY)
    await fleet.until(lambda: size(fleet, made) == 5)
    run = await fleet.run(plan)
    assert run.progress.outcome == "done"
    assert "somebody else made it so" in run.progress.text
    assert not fleet.changes()
    assert size(fleet, made) == 5


async def test_somebody_else_made_it_smaller_meanwhile(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, by=1)
    scale_in(fleet.cloud, fleet.cloud.groups[made.group_id], 1, SOMEBODY)
    await fleet.until(lambda: size(fleet, made) == 1)
    run = await fleet.run(plan)
    assert run.progress.outcome == "refused"
    assert "had 2 machines when the plan was made, and has 1 now" in run.progress.text
    assert not fleet.changes()


@pytest.mark.parametrize("door", list(DOORS))
async def test_what_others_did_meanwhile_is_not_taken_for_ones_own(fleet: Fleet, door: str) -> None:
    """One machine more and one less, since the plan: the group is as large as before, and is asked all the same."""
    made = await group(fleet, door)
    plan = await planned(fleet, made, by=1)
    scaling = fleet.cloud.groups[made.group_id]
    for change, left in ((scale_out, 3), (scale_in, 2)):
        if door == DESIRED:
            fleet.cloud.groups.change(made.group_id, desired=left)
        change(fleet.cloud, scaling, 1, SOMEBODY)
        await fleet.until(lambda left=left: size(fleet, made) == left)
        await fleet.until(lambda: all(one.status != "InProgress" for one in fleet.cloud.activities))
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {door: 1}
    assert size(fleet, made) == 3


@pytest.mark.parametrize("door", [ESS, DESIRED])
async def test_another_activity_is_waited_for(fleet: Fleet, door: str) -> None:
    """One that runs when the plan is made, and one that comes in between."""
    made = await group(fleet, door)
    fleet.cloud.clock.speed = 4.0
    scaling = fleet.cloud.groups[made.group_id]
    if door == DESIRED:
        fleet.cloud.groups.change(made.group_id, desired=3)
    scale_out(fleet.cloud, scaling, 1, SOMEBODY)
    await fleet.until(lambda: size(fleet, made) == 3)
    plan = await planned(fleet, made, by=1)
    assert "ActivityInProgress" in codes(plan, Level.WARNING)
    fleet.cloud.clock.speed = PACE
    fleet.server.gateway.faults.add(Fault("error", action=door, code="ScalingActivityInProgress", status=400))
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {door: 1}
    assert size(fleet, made) == 4


async def test_a_hook_that_says_no(fleet: Fleet) -> None:
    """ESS takes the machine back: said in its words, and no machine is followed for ever."""
    made = await group(fleet, ESS)
    hook = Hook("ash-no", made.group_id, "no", "SCALE_OUT", "ABANDON", timeout=5)
    fleet.cloud.hooks.add(hook.id, hook)
    run = await expanded(fleet, made, by=1)
    assert run.progress.outcome == "failed"
    assert "lifecycle hook abandoned" in run.progress.text
    assert size(fleet, made) == 2


async def test_the_clouds_text_is_no_markup_and_one_line(fleet: Fleet) -> None:
    """Control characters and line ends of an error stay out of progress and journal."""
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, by=1)
    hostile = "no\nstock\x1b[31m [bold]\x07 " + "x" * 5_000
    fleet.server.gateway.faults.add(
        Fault("error", action=ESS, code="ResourceNotAvailable.ECS", message=hostile, status=400)
    )
    run = await fleet.run(plan)
    assert run.progress.outcome == "failed"
    assert "\x1b" not in run.progress.text
    assert "\n" not in run.progress.text
    assert len(run.progress.text) < 1_000


async def test_nothing_of_a_token_is_kept(fleet: Fleet) -> None:
    """Userdata carries a join token; it is nowhere in the plan, nor in the journal."""
    made = await group(fleet, DESIRED)
    run = await expanded(fleet, made, by=1)
    token = next(token for token, (pool, _) in fleet.cloud.join_tokens.items() if pool == made.pool_id)
    assert token not in run.journal.path.read_text()
