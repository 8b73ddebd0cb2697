"""Protecting nodes, suspending groups' processes, taking leftover taints off: each through its door, and back again."""

import asyncio
from typing import Any

import pytest

from core.actions.action_plan import ActionPlan, Level
from core.actions.journal import Journal
from core.actions.journal_reading import find
from core.actions.untaint import LEFTOVERS
from core.analysis.scale_in.eligibility import DISABLED_ANNOTATION
from core.errors import InputError, Refused
from core.views.link import PlanAction
from sim.cloud.access import READ_ONLY, Principal
from sim.cloud.faults import Fault
from sim.kube.faults import Fault as KubeFault
from tests.wire.actions.fleet import Fleet
from tests.wire.actions.growing import COUNT, ESS, autoscaler, codes, group

pytestmark = pytest.mark.thorough

PROTECTED, IN_SERVICE = "Protected", "InService"
OURS = {"key": "team", "value": "web", "effect": "NoSchedule"}


async def planned(fleet: Fleet, action: str, *targets: str, **args: Any) -> ActionPlan:
    return (await fleet.plans(PlanAction("", action, targets, args=args)))[0]


async def done(fleet: Fleet, action: str, *targets: str, **args: Any) -> None:
    run = await fleet.run(await planned(fleet, action, *targets, **args))
    assert run.progress.outcome == "done", run.progress


async def begun(fleet: Fleet, plan: ActionPlan) -> None:
    """As a crash leaves it that comes before the end."""
    journal = Journal.of(plan)
    await journal.begin(plan)
    journal.close()


def state(fleet: Fleet, node: str) -> str:
    """In ESS."""
    return fleet.cloud.members[fleet.id_of(node)].state


def annotation(fleet: Fleet, node: str) -> str | None:
    found = fleet.sim.registry.get("Node", node)["metadata"].get("annotations") or {}
    return found.get(DISABLED_ANNOTATION)


def taints(fleet: Fleet, node: str) -> set[str]:
    return {taint["key"] for taint in fleet.sim.registry.get("Node", node)["spec"].get("taints") or ()}


def taint(fleet: Fleet, node: str, *keys: str) -> None:
    found = fleet.sim.registry.get("Node", node)
    marks = [{"key": key, "value": "1", "effect": "NoSchedule"} for key in keys]
    fleet.sim.registry.rewrite("Node", {**found, "spec": {**found["spec"], "taints": [OURS, *marks]}})


# protect


async def test_both_doors_where_an_autoscaler_runs(fleet: Fleet) -> None:
    made = await group(fleet, COUNT)
    autoscaler(fleet)
    node = made.nodes[0]
    plan = await planned(fleet, "protect", node)
    said = "\n".join(plan.says)
    assert "in ESS: 1 (SetInstancesProtection)" in said
    assert f"by annotation: 1 ({DISABLED_ANNOTATION}), which Cluster Autoscaler heeds" in said
    await fleet.run(plan)
    assert (state(fleet, node), annotation(fleet, node)) == (PROTECTED, "true")
    await done(fleet, "unprotect", node)
    assert (state(fleet, node), annotation(fleet, node)) == (IN_SERVICE, None)
    assert fleet.changes() == {"SetInstancesProtection": 2}


async def test_only_ess_where_none_runs(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    node = made.nodes[0]
    plan = await planned(fleet, "protect", node)
    assert "no annotation: no autoscaler runs here" in plan.says
    await fleet.run(plan)
    assert (state(fleet, node), annotation(fleet, node)) == (PROTECTED, None)


async def test_only_the_annotation_outside_of_groups(fleet: Fleet) -> None:
    node = fleet.attached()
    await fleet.open_doors()
    autoscaler(fleet)
    plan = await planned(fleet, "protect", node)
    assert "NotInEss" in codes(plan, Level.NOTE)
    await fleet.run(plan)
    assert annotation(fleet, node) == "true"
    assert not fleet.changes()


async def test_nothing_would_scale_it_in(fleet: Fleet) -> None:
    node = fleet.attached()
    await fleet.open_doors()
    assert codes(await planned(fleet, "protect", node)) == ["NoDoor"]


async def test_a_machine_that_is_not_in_service(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    fleet.cloud.members.change(fleet.id_of(made.nodes[0]), state="Standby")
    assert codes(await planned(fleet, "protect", made.nodes[0])) == ["NotInService"]


async def test_undo_puts_each_door_back_as_it_was(fleet: Fleet) -> None:
    """One was protected in ESS before, the other annotated."""
    made = await group(fleet, ESS)
    autoscaler(fleet)
    one, two = made.nodes
    await done(fleet, "protect", one)
    found = fleet.sim.registry.get("Node", one)
    meta = {**found["metadata"], "annotations": {}}
    fleet.sim.registry.rewrite("Node", {**found, "metadata": meta})
    plan = await planned(fleet, "protect", one, two)
    run = await fleet.run(plan)
    assert {state(fleet, node) for node in (one, two)} == {PROTECTED}
    text = run.journal.path.read_text()
    run.journal.path.write_text("\n".join(text.splitlines()[:-1]) + "\n")  # as if it had died before its end
    assert await fleet.compare(find(run.plan.id))
    run = await fleet.recover(find(run.plan.id), "undo")
    assert run.progress.outcome == "undone", run.progress
    assert (state(fleet, one), annotation(fleet, one)) == (PROTECTED, None)
    assert (state(fleet, two), annotation(fleet, two)) == (IN_SERVICE, None)


async def test_denied_by_ram_and_lost_answers(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    plan = await planned(fleet, "protect", *made.nodes)
    fleet.be(Principal("limited", "LTAI5tLimited", "limited-secret", READ_ONLY))
    run = await fleet.run(plan)
    assert run.progress.outcome == "failed"
    assert "ess:SetInstancesProtection" in run.progress.text
    assert not fleet.changes()
    fleet.be(fleet.server.gateway.access.named("admin"))
    plan = await planned(fleet, "protect", *made.nodes)
    fleet.server.gateway.faults.add(Fault("done-reset", action="SetInstancesProtection"))
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {"SetInstancesProtection": 2}


async def test_one_node_fails_and_the_others_are_done(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    autoscaler(fleet)
    plan = await planned(fleet, "protect", *made.nodes)
    fleet.sim.server.faults.add(KubeFault(path=f"/nodes/{made.nodes[0]}", verb="patch", status=403, times=None))
    run = await fleet.run(plan)
    assert run.progress.outcome == "partly done", run.progress
    assert [annotation(fleet, node) for node in made.nodes] == [None, "true"]
    assert run.progress.text.startswith(f"1 of 2 done; {made.nodes[0]}: ")


# suspend


async def test_suspended_and_resumed(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    groups = fleet.cloud.groups
    await done(fleet, "suspend", made.group_id)
    assert groups[made.group_id].suspended == {"ScaleIn", "ScaleOut"}
    await done(fleet, "suspend", made.group_id, processes=["HealthCheck"])
    assert groups[made.group_id].suspended == {"ScaleIn", "ScaleOut", "HealthCheck"}
    await done(fleet, "unsuspend", made.group_id, processes=["ScaleIn"])
    assert groups[made.group_id].suspended == {"ScaleOut", "HealthCheck"}
    await done(fleet, "unsuspend", made.group_id)
    assert groups[made.group_id].suspended == set()
    assert fleet.leases() == []


async def test_what_was_suspended_before_stays_so_after_an_undo(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    fleet.cloud.groups.change(made.group_id, suspended={"ScaleIn", "AlarmNotification"})
    plan = await planned(fleet, "suspend", made.group_id)
    assert plan.details["targets"][0]["change"] == ("ScaleOut",)
    run = await fleet.run(plan)
    text = run.journal.path.read_text()
    run.journal.path.write_text("\n".join(text.splitlines()[:-1]) + "\n")
    told = await fleet.compare(find(run.plan.id))
    assert "ScaleOut" in told[0]
    run = await fleet.recover(find(run.plan.id), "undo")
    assert run.progress.outcome == "undone"
    assert fleet.cloud.groups[made.group_id].suspended == {"ScaleIn", "AlarmNotification"}
    assert fleet.leases() == []


async def test_suspending_warns_where_an_autoscaler_drives(fleet: Fleet) -> None:
    made = await group(fleet, COUNT)
    plan = await planned(fleet, "suspend", made.group_id)
    assert codes(plan, Level.WARNING) == ["Autoscaled"]
    with pytest.raises(InputError, match="there are ScaleIn"):
        await planned(fleet, "suspend", made.group_id, processes=["Everything"])
    with pytest.raises(InputError, match="name the group"):
        await planned(fleet, "suspend")


async def test_a_group_that_is_claimed_is_not_suspended(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    one, two = await planned(fleet, "suspend", made.group_id), await planned(fleet, "unsuspend", made.group_id)
    seen = []

    async def other() -> None:
        await fleet.until(fleet.leases)
        seen.append((await fleet.run(two)).progress.outcome)

    fleet.server.gateway.faults.add(Fault("slow", action="SuspendProcesses", seconds=0.6))
    await asyncio.gather(fleet.run(one), other())
    assert seen == ["refused"]


# untaint


async def test_leftover_taints_go_and_others_stay(fleet: Fleet) -> None:
    made = await group(fleet, ESS, 3)
    for node in made.nodes[:2]:
        taint(fleet, node, *LEFTOVERS)
    plan = await planned(fleet, "untaint")
    assert {node.name for node in plan.nodes} == set(made.nodes[:2])
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert [taints(fleet, node) for node in made.nodes[:2]] == [{"team"}, {"team"}]


async def test_the_taints_come_back_with_an_undo(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    taint(fleet, made.nodes[0], LEFTOVERS[0])
    run = await fleet.run(await planned(fleet, "untaint", made.nodes[0]))
    text = run.journal.path.read_text()
    run.journal.path.write_text("\n".join(text.splitlines()[:-1]) + "\n")
    assert "carries no leftover taint; it carried ToBeDeleted" in (await fleet.compare(find(run.plan.id)))[0]
    run = await fleet.recover(find(run.plan.id), "undo")
    assert run.progress.outcome == "undone"
    assert taints(fleet, made.nodes[0]) == {"team", LEFTOVERS[0]}


async def test_never_while_an_autoscaler_runs(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    taint(fleet, made.nodes[0], LEFTOVERS[0])
    autoscaler(fleet)
    plan = await planned(fleet, "untaint", made.nodes[0])
    assert codes(plan) == ["AutoscalerRuns"]
    with pytest.raises(Refused, match="takes its taints off itself"):
        await fleet.run(plan)
    assert taints(fleet, made.nodes[0]) == {"team", LEFTOVERS[0]}


async def test_one_that_is_scaled_to_nothing_runs_no_more(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    taint(fleet, made.nodes[0], LEFTOVERS[1])
    autoscaler(fleet, replicas=0)
    await done(fleet, "untaint", made.nodes[0])
    assert taints(fleet, made.nodes[0]) == {"team"}


async def test_no_node_carries_one(fleet: Fleet) -> None:
    await group(fleet, ESS)
    with pytest.raises(InputError, match="no node carries"):
        await planned(fleet, "untaint")


async def test_closing_changes_nothing(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    taint(fleet, made.nodes[0], LEFTOVERS[0])
    for action, target in (("protect", made.nodes[0]), ("untaint", made.nodes[0]), ("suspend", made.group_id)):
        plan = await planned(fleet, action, target)
        await begun(fleet, plan)
        run = await fleet.recover(find(plan.id), "close")
        assert run.progress.outcome == "closed"
    assert not fleet.changes()
    assert state(fleet, made.nodes[0]) == IN_SERVICE
    assert fleet.leases() == []
