"""Removing nodes by every door, against the simulated cluster and account: what is done, once each, and what is left.
Trouble on the way is in test_remove_trouble, dying on the way in test_remove_killed."""

from pathlib import Path
from typing import Any

import pytest

from core.actions.action_plan import ActionPlan, Level
from core.errors import InputError, Refused
from sim.cloud.faults import Fault
from sim.world import joining
from tests.wire.actions.fleet import KIND, MARK, Fleet, last

pytestmark = pytest.mark.thorough

JOINS = joining.script(MARK, "np-test", "", "")


def codes(made: ActionPlan, level: Level = Level.REFUSAL) -> list[str]:
    return [finding.code for finding in made.findings if finding.level is level]


def door(made: ActionPlan) -> str:
    (one,) = made.details["removals"]
    return str(one["door"])


def params(fleet: Fleet, action: str) -> Any:
    """Of the only call of this action that changed something."""
    (call,) = (one for one in fleet.asked(action) if one.effect)
    return call.params


async def test_attached_by_hand(fleet: Fleet) -> None:
    node = fleet.attached()
    await fleet.open_doors()
    pod = await fleet.pod(node)
    made = await fleet.plan(node)
    assert door(made) == "attached"
    assert made.confirm == node
    machine = fleet.id_of(node)
    run = await fleet.run(made)
    assert run.progress.outcome == "done", run.progress
    assert not fleet.has_node(node)
    assert fleet.sim.registry.find("Pod", pod, "default") is None
    assert fleet.changes() == {"RunCommand": 1}
    assert fleet.guests.inside[machine].node is None
    assert fleet.cloud.instances[machine].status == "Running"
    assert "[reset] Stopping the kubelet service" in run.journal.path.read_text()
    assert last().state == "done"


async def test_attached_into_a_group(fleet: Fleet) -> None:
    """It leaves the group first, and the group's size goes with it; its userdata is overwritten last, while stopped."""
    made = fleet.group("batch", 2, desired=3)
    node = fleet.attached(made, JOINS, charge_type="PrePaid")
    await fleet.open_doors()
    await fleet.pod(node)
    machine = fleet.id_of(node)
    plan = await fleet.plan(node)
    assert door(plan) == "attached"
    assert "MayBeStopped" in codes(plan, Level.WARNING)
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert params(fleet, "DetachInstances")["DecreaseDesiredCapacity"] == "True"
    order = [one.action for one in fleet.server.gateway.log.effects()]
    assert order == ["DetachInstances", "RunCommand", "StopInstance", "ModifyInstanceAttribute", "StartInstance"]
    assert fleet.cloud.groups[made.group_id].desired == 2
    assert fleet.cloud.instances[machine].status in ("Starting", "Running")
    assert "join" not in joining.decoded(fleet.cloud.instances[machine].user_data)
    await fleet.later(60)
    assert len(fleet.cloud.members_of(made.group_id)) == 2
    assert not fleet.has_node(node)
    assert fleet.leases() == []


async def test_userdata_may_stay(fleet: Fleet) -> None:
    """Then nothing has to be stopped; and the reset may be left to a person."""
    node = fleet.attached(None, JOINS)
    await fleet.open_doors()
    made = await fleet.plan(node, keep_userdata=True, no_reset=True)
    assert {"UserDataStays", "NotReset"} <= set(codes(made, Level.WARNING))
    run = await fleet.run(made)
    assert run.progress.outcome == "done"
    assert fleet.changes() == {}
    assert not fleet.has_node(node)


async def test_expanded_and_released(fleet: Fleet) -> None:
    made = fleet.group("batch", 3, desired=3)
    await fleet.open_doors()
    node = made.nodes[0]
    machine = fleet.id_of(node)
    await fleet.pod(node)
    plan = await fleet.plan(node, release=True)
    assert door(plan) == "expanded"
    assert any("released, with what is on its disks" in line for line in plan.irreversible)
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {"RemoveInstances": 1}
    assert params(fleet, "RemoveInstances")["DecreaseDesiredCapacity"] == "True"
    assert machine not in {one.id for one in fleet.cloud.instances}
    assert "2 machines, desired size 2" in run.progress.text
    await fleet.later(60)
    assert len(fleet.cloud.members_of(made.group_id)) == 2
    assert not fleet.has_node(node)


async def test_expanded_and_kept(fleet: Fleet) -> None:
    made = fleet.group("batch", 2)
    await fleet.open_doors()
    machine = fleet.id_of(made.nodes[0])
    run = await fleet.remove(made.nodes[0])
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes()["DetachInstances"] == 1
    assert fleet.changes()["RunCommand"] == 1
    assert fleet.cloud.instances[machine].status in ("Starting", "Running")
    assert not fleet.has_node(made.nodes[0])


async def test_a_refill_is_foreseen_and_seen(fleet: Fleet) -> None:
    made = fleet.group("batch", 2, desired=2)
    await fleet.open_doors()
    plan = await fleet.plan(made.nodes[0], release=True, keep_desired=True)
    (finding,) = (one for one in plan.findings if one.code == "Refill")
    assert "its desired size, 2, stays: ESS buys 1" in finding.text
    run = await fleet.run(plan)
    assert run.progress.outcome == "done"
    assert "ESS buys others in place" in run.progress.text
    await fleet.until(lambda: len(fleet.cloud.members_of(made.group_id)) == 2)


async def test_the_last_one_of_a_minimum(fleet: Fleet) -> None:
    made = fleet.group("batch", 1, low=1)
    await fleet.open_doors()
    plan = await fleet.plan(made.nodes[0], release=True)
    assert codes(plan) == ["AtMinimum"]
    with pytest.raises(Refused, match="its minimum is 1"):
        await fleet.run(plan)
    accepted = await fleet.plan(made.nodes[0], release=True, keep_desired=True)
    assert "Refill" in codes(accepted, Level.WARNING)
    assert fleet.changes() == {}


async def test_a_group_that_is_not_active(fleet: Fleet) -> None:
    """ESS would refuse after the drain: it is told before."""
    made = fleet.group("batch", 2)
    fleet.cloud.groups.change(made.group_id, state="Inactive")
    await fleet.open_doors()
    assert "GroupInactive" in codes(await fleet.plan(made.nodes[0], release=True))


async def test_a_node_whose_kubelet_is_dead(fleet: Fleet) -> None:
    """Nobody ends its pods: they are asked to go, through their budgets, and not waited for."""
    made = fleet.group("batch", 2)
    await fleet.open_doors()
    node = made.nodes[0]
    pod = await fleet.pod(node)
    fleet.kill_kubelet(node)
    plan = await fleet.plan(node, release=True, timeout=1.0)
    (finding,) = (one for one in plan.findings if one.code == "NotReady")
    assert "--dead" in finding.text
    run = await fleet.run(plan)
    assert run.progress.outcome == "failed", run.progress
    assert "within the time-out" in run.progress.text
    run = await fleet.remove(node, release=True, dead=True)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {"RemoveInstances": 1}
    assert len(fleet.kube("POST", f"/{pod}/eviction")) == 1
    assert not fleet.has_node(node)


async def test_a_living_node_is_never_taken_for_dead(fleet: Fleet) -> None:
    made = fleet.group("batch", 2)
    await fleet.open_doors()
    (one,) = (await fleet.plan(made.nodes[0], release=True, dead=True)).details["removals"]
    assert one["dead"] is False


async def test_out_of_a_pool(fleet: Fleet) -> None:
    """Through the ACK API, with everything explicit; its desired size is lowered, so nothing is bought."""
    made = fleet.group("web", 3, in_ack=True, desired=3)
    fleet.linger()
    await fleet.open_doors()
    node = made.nodes[1]
    await fleet.pod(node)
    plan = await fleet.plan(node, release=True)
    assert door(plan) == "pool"
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {"RemoveNodePoolNodes": 1, "ModifyClusterNodePool": 1}
    asked = params(fleet, "RemoveNodePoolNodes")
    assert (asked["drain_node"], asked["release_node"]) == ("true", "true")
    assert params(fleet, "ModifyClusterNodePool")["body"] == {"scaling_group": {"desired_size": 2}}
    assert fleet.pinned(made) == 2
    assert "desired size 2" in run.progress.text
    await fleet.later(60)
    assert {one.state for one in fleet.cloud.members_of(made.group_id)} == {"InService"}
    assert len(fleet.cloud.members_of(made.group_id)) == 2
    assert not fleet.has_node(node)


async def test_a_pools_size_may_stay(fleet: Fleet) -> None:
    made = fleet.group("web", 2, in_ack=True, desired=2)
    await fleet.open_doors()
    plan = await fleet.plan(made.nodes[0], keep_desired=True, keep_userdata=True)
    assert "Refill" in codes(plan, Level.WARNING)
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {"RemoveNodePoolNodes": 1}
    assert "ACK buys others in place" in run.progress.text
    await fleet.until(lambda: len(fleet.cloud.members_of(made.group_id)) == 2)


async def test_two_of_a_pool_and_one_of_a_group(fleet: Fleet) -> None:
    """All are cordoned and drained, then they go; one at a time where they share a group."""
    web, batch = fleet.group("web", 3, in_ack=True, desired=3), fleet.group("batch", 2)
    fleet.linger()
    await fleet.open_doors()
    nodes = [*web.nodes[:2], batch.nodes[0]]
    for node in nodes:
        await fleet.pod(node)
    plan = await fleet.plan(*nodes, release=True)
    assert plan.confirm == "3 nodes"
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {"RemoveNodePoolNodes": 2, "ModifyClusterNodePool": 2, "RemoveInstances": 1}
    assert fleet.pinned(web) == 1
    assert not any(fleet.has_node(node) for node in nodes)
    cordons = [line["step"] for line in last().lines if line.get("event") == "intent"][:3]
    assert cordons == ["cordon"] * 3


async def test_attached_into_a_pool(fleet: Fleet) -> None:
    """ACK takes it out; the machine stays, and its userdata is overwritten."""
    made = fleet.group("system", 1, in_ack=True, desired=2)
    node = fleet.attached(made, JOINS, charge_type="PrePaid")
    fleet.linger()
    await fleet.open_doors()
    machine = fleet.id_of(node)
    run = await fleet.remove(node)
    assert run.progress.outcome == "done", run.progress
    assert params(fleet, "RemoveNodePoolNodes")["release_node"] == "false"
    assert fleet.changes()["ModifyInstanceAttribute"] == 1
    assert machine in {one.id for one in fleet.cloud.instances}


async def test_attached_and_taken_out_by_ack(fleet: Fleet) -> None:
    """The ACK API lists machines that somebody attached, and can take them out too."""
    node = fleet.attached()
    await fleet.open_doors()
    assert "ListedByAck" in codes(await fleet.plan(node), Level.NOTE)
    plan = await fleet.plan(node, door="pool")
    assert (door(plan), codes(plan)) == ("pool", [])
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {"DeleteClusterNodes": 1}
    body = params(fleet, "DeleteClusterNodes")["body"]
    assert body == {"nodes": [node], "drain_node": True, "release_node": False}
    assert not fleet.has_node(node)


async def test_what_it_saves(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the price table, else by ECS, else unknown."""
    made = fleet.group("batch", 3)
    await fleet.open_doors()
    assert any("(ECS DescribePrice)" in line for line in (await fleet.plan(*made.nodes, release=True)).says)
    table = (tmp_path / "prices.toml").resolve()
    table.write_text(f'currency = "CNY"\nas_of = 2026-01-15\n[ecs.types."{KIND}"]\nhour = 1.25\n')
    monkeypatch.setenv("VACANCY_PRICES", str(table))
    told = (await fleet.plan(*made.nodes[:2], release=True)).says[-1]
    assert told == "saves 2.50 CNY an hour, about 1,825.00 a month (price table of 2026-01-15)"
    table.write_text('currency = "CNY"\nas_of = 2026-01-15\n')
    fleet.server.gateway.faults.add(Fault("error", action="DescribePrice", code="Odd", status=400, times=None))
    assert (await fleet.plan(made.nodes[0], release=True)).says[-1].startswith("saves unknown: no price of ecs.g7")


async def test_autoscaled_is_left_to_the_autoscaler(fleet: Fleet) -> None:
    made = fleet.group("spot", 2, in_ack=True, autoscaling=True)
    await fleet.open_doors()
    (node, _) = made.nodes
    plan = await fleet.plan(node, release=True)
    assert codes(plan) == ["Autoscaled"]
    assert codes(await fleet.plan(node, release=True, anyway=True)) == ["NoReason"]
    plan = await fleet.plan(node, release=True, anyway=True, why="its disk is failing")
    assert codes(plan) == []
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    entry = last()
    assert entry.plan is not None
    assert entry.plan.why == "its disk is failing"
    assert fleet.changes() == {"RemoveNodePoolNodes": 1}


async def test_external_needs_no_cloud(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    node = fleet.stranger("idc-1", **{"alibabacloud.com/external": "true"})
    await fleet.open_doors()
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID")
    plan = await fleet.plan(node)
    assert door(plan) == "external"
    assert any("then by hand" in line for line in plan.says)
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert not fleet.has_node(node)
    assert len(fleet.server.gateway.log) == 0


async def test_virtual_never(fleet: Fleet) -> None:
    node = fleet.stranger("virtual-kubelet-h", type="virtual-kubelet")
    await fleet.open_doors()
    assert "VirtualNode" in codes(await fleet.plan(node))


async def test_unknown_only_by_a_named_door(fleet: Fleet) -> None:
    node, known = fleet.stranger("worker-7"), fleet.attached()
    await fleet.open_doors()
    (finding,) = (one for one in (await fleet.plan(node)).findings if one.code == "OriginUnknown")
    assert "no mark of any kind" in finding.text
    assert "MachineUnknown" in codes(await fleet.plan(node, door="attached"))
    with pytest.raises(InputError, match="use one of attached"):
        await fleet.plan(node, door="window")
    with pytest.raises(InputError, match="came in by another"):
        await fleet.plan(known, door="external")
    run = await fleet.remove(node, door="external")
    assert run.progress.outcome == "done"
    assert not fleet.has_node(node)


@pytest.mark.parametrize("in_ack", [True, False])
async def test_subscription_machines_are_never_released(fleet: Fleet, in_ack: bool) -> None:
    made = fleet.group("system", 2, in_ack=in_ack, charge="PrePaid")
    await fleet.open_doors()
    plan = await fleet.plan(made.nodes[0], release=True)
    assert "Subscription" in codes(plan)
    with pytest.raises(Refused, match="never released"):
        await fleet.run(plan)


async def test_one_that_became_subscription_since_is_not_released(fleet: Fleet) -> None:
    made = fleet.group("batch", 2)
    await fleet.open_doors()
    plan = await fleet.plan(made.nodes[0], release=True)
    fleet.cloud.instances.change(fleet.id_of(made.nodes[0]), charge_type="PrePaid")
    run = await fleet.run(plan)
    assert (run.progress.outcome, last().state) == ("refused", "refused")
    assert "paid in advance" in run.progress.text
    assert not fleet.cordoned(made.nodes[0])
    assert fleet.changes() == {}


async def test_attached_machines_are_not_released(fleet: Fleet) -> None:
    node = fleet.attached()
    await fleet.open_doors()
    assert codes(await fleet.plan(node, release=True)) == ["Attached"]
