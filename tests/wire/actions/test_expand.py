"""Expanding every kind of group, against the simulated cluster and account: what is asked for, once, and what comes of
it. Trouble on the way is in test_expand_trouble, dying on the way in test_expand_killed."""

import asyncio
import json
from typing import Any

import pytest

from core.actions.action_plan import Level
from core.actions.expand import expand
from core.actions.journal import Journal
from core.errors import InputError, Refused
from sim.cloud.faults import Fault
from sim.cloud.state import VSwitch
from tests.wire.actions.fleet import Fleet, last
from tests.wire.actions.growing import (
    COUNT,
    DESIRED,
    DOORS,
    ESS,
    PACE,
    codes,
    expanded,
    group,
    planned,
    sell_out,
    size,
    wish,
)

pytestmark = pytest.mark.thorough


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "LOOK", 0.1)


def sent(fleet: Fleet, action: str) -> Any:
    """What the only call that changed something said."""
    (call,) = (one for one in fleet.asked(action) if one.effect)
    return call.params


@pytest.mark.parametrize("door", list(DOORS))
async def test_two_more_until_they_are_ready(fleet: Fleet, door: str) -> None:
    made = await group(fleet, door)
    plan = await planned(fleet, made, by=2)
    assert not plan.refusals, plan.refusals
    assert plan.confirm == "2"
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {door: 1}
    assert size(fleet, made) == 4
    ready = [node for node in fleet.sim.registry.list("Node") if fleet.has_node(node["metadata"]["name"])]
    assert len(ready) == 4
    assert [one.phase for one in run.progress.nodes] == ["done", "done"]
    assert fleet.leases() == []
    assert last().state == "done"


async def test_ess_is_told_whose_it_is(fleet: Fleet) -> None:
    """The activity carries the plan's id, so that it is found again; the size is absolute, and the token is its own."""
    made = await group(fleet, ESS)
    run = await expanded(fleet, made, to=3)
    said = sent(fleet, ESS)
    assert (said["AdjustmentType"], said["AdjustmentValue"]) == ("TotalCapacity", "3")
    assert said["ClientToken"]
    assert json.loads(said["ActivityMetadata"]) == {"vacancy": run.plan.id}


async def test_a_pools_settings_are_left_alone(fleet: Fleet) -> None:
    made = await group(fleet, DESIRED)
    before = dict(fleet.cloud.pools[made.pool_id].scaling_group)
    await expanded(fleet, made, by=1)
    assert fleet.pinned(made) == 3
    assert {**before, "desired_size": 3} == fleet.cloud.pools[made.pool_id].scaling_group


async def test_an_autoscaled_pool_gets_no_desired_size(fleet: Fleet) -> None:
    made = await group(fleet, COUNT)
    await expanded(fleet, made, by=1)
    assert sent(fleet, COUNT)["body"] == {"count": 1}
    assert fleet.pinned(made) is None


async def test_what_the_plan_says(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, by=2)
    said = "\n".join(plan.says)
    assert "from 2 to 4: 2 more (ecs.g7.xlarge); its limits are 0 and 10" in said
    assert "by ESS (ScaleWithAdjustment)" in said
    assert "an hour" in said and "DescribePrice" in said  # noqa: PT018
    assert "stock: strong" in said
    assert "free addresses in its vSwitches: " in said
    assert "would come: 2 ecs.g7.xlarge in cn-hangzhou-h" in said
    assert "if it can't: no other group would do" in said
    assert plan.region == "cn-hangzhou"
    assert not [one for one in fleet.asked(ESS) if one.effect]


async def test_the_next_group_is_named(fleet: Fleet) -> None:
    other = fleet.group("spare", 1)
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, by=1)
    name = fleet.cloud.groups[other.group_id].name
    assert f"if it can't, next: {name} (room for 9 more)" in plan.says


async def test_who_would_land_and_who_else_could_take_them(fleet: Fleet) -> None:
    """Three nodes, four pods that fill one each: one waits, and both groups' new nodes would take it."""
    other = fleet.group("spare", 1)
    made = await group(fleet, ESS)
    container = {"name": "main", "image": "x", "resources": {"requests": {"cpu": "3"}}}
    for number in range(4):
        pod = {"metadata": {"name": f"big-{number}", "namespace": "default"}, "spec": {"containers": [container]}}
        fleet.sim.registry.create("Pod", pod)
    pods = fleet.sim.registry
    await fleet.until(lambda: sum(bool(one["spec"].get("nodeName")) for one in pods.list("Pod")) == 3)
    (waits,) = (one["metadata"]["name"] for one in pods.list("Pod") if not one["spec"].get("nodeName"))
    plan = await planned(fleet, made, by=1)
    assert f"1 pod would land: default/{waits}" in plan.says
    name = fleet.cloud.groups[other.group_id].name
    assert f"if it can't, next: {name} (room for 9 more, would take 1 of 1 pods)" in plan.says
    assert plan.effect is not None
    assert list(plan.effect.lands) == [f"default/{waits}"]


async def test_by_every_name(fleet: Fleet) -> None:
    made = await group(fleet, DESIRED)
    names = (made.group_id, made.pool_id, "web", fleet.cloud.groups[made.group_id].name)
    plans = await fleet.plans(*(wish(name, by=1) for name in names))
    assert [plan.details["group"] for plan in plans] == [made.group_id] * 4
    with pytest.raises(InputError, match="there is none; there are web"):
        await fleet.plans(wish("wbe", by=1))


@pytest.mark.parametrize("door", list(DOORS))
async def test_at_its_maximum(fleet: Fleet, door: str) -> None:
    made = await group(fleet, door, 2)
    plan = await planned(fleet, made, by=9)
    assert codes(plan) == ["AtMaximum"]
    assert "room for 8 more" in plan.refusals[0].text
    with pytest.raises(Refused, match="maximum is 10"):
        await fleet.run(plan)
    assert not fleet.changes()


async def test_sizes_that_make_no_sense(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    for args in ({}, {"by": 1, "to": 5}, {"by": 0}, {"by": -1}, {"to": 1}, {"by": 501}, {"by": "x"}, {"up": 1}):
        with pytest.raises(InputError):
            await planned(fleet, made, **args)


async def test_a_size_that_it_has_already(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    run = await expanded(fleet, made, to=2)
    assert run.progress.outcome == "done"
    assert not fleet.changes()


async def test_suspended(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    groups = fleet.cloud.groups
    groups.change(made.group_id, suspended={"ScaleOut"})
    assert codes(await planned(fleet, made, by=1)) == ["Suspended"]
    groups.change(made.group_id, suspended={"HealthCheck"})
    assert codes(await planned(fleet, made, by=1)) == []
    groups.change(made.group_id, suspended=set(), system_suspended=True)
    assert codes(await planned(fleet, made, by=1)) == ["SuspendedByEss"]
    groups.change(made.group_id, system_suspended=False, state="Inactive")
    assert "NotActive" in codes(await planned(fleet, made, by=1))


async def test_no_address_is_left(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    for switch in list(fleet.cloud.vswitches):
        fleet.cloud.vswitches.add(switch.id, VSwitch(switch.id, switch.vpc_id, switch.zone, switch.cidr, "x", 252))
    assert codes(await planned(fleet, made, by=1)) == ["NoAddresses"]


@pytest.mark.parametrize("door", list(DOORS))
async def test_out_of_stock(fleet: Fleet, door: str) -> None:
    """Said beforehand, and in ESS's own words afterwards."""
    made = await group(fleet, door)
    sell_out(fleet)
    plan = await planned(fleet, made, by=2)
    assert "OutOfStock" in codes(plan, Level.WARNING)
    run = await fleet.run(plan)
    assert run.progress.outcome == "failed"
    assert run.progress.text.startswith("no machine came: ESS: OperationDenied.NoStock: The requested resource is sold")
    assert ("ESS goes on trying" in run.progress.text) is (door == DESIRED)
    assert size(fleet, made) == 2
    assert fleet.leases() == []


@pytest.mark.parametrize("door", list(DOORS))
async def test_partly_done_is_said(fleet: Fleet, door: str) -> None:
    made = await group(fleet, door)
    sell_out(fleet, left=1)
    run = await expanded(fleet, made, by=3)
    assert run.progress.outcome == "partly done", run.progress
    assert run.progress.text.startswith("1 of 3 machines came, 1 of 3 nodes are Ready: cn-hangzhou.")
    assert "OperationDenied.NoStock" in run.progress.text
    assert size(fleet, made) == 3


async def test_machines_that_never_join_are_named(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await group(fleet, ESS, token_valid=False)
    monkeypatch.setattr(expand, "JOINS", 2.0)
    run = await expanded(fleet, made, by=1)
    assert run.progress.outcome == "partly done"
    machine = max(fleet.cloud.members_of(made.group_id), key=lambda one: one.joined).instance_id
    assert f"not Ready: {machine}" in run.progress.text


async def test_guards(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    assert codes((await fleet.plans(wish(made.group_id, by=3, max_nodes=2)))[0]) == ["TooManyNodes"]
    folder = fleet.folder / "config" / "vacancy"
    folder.mkdir(parents=True)
    (folder / "guards.toml").write_text('never_pools = ["k8s-web*"]\nnever_contexts = ["*"]\n')
    assert set(codes(await planned(fleet, made, by=1))) == {"GuardedPool", "GuardedContext"}


async def test_a_registered_cluster_without_a_join_script(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    meta = {"name": "ack-agent-config", "namespace": "kube-system"}
    fleet.sim.registry.create("ConfigMap", {"metadata": meta, "data": {"addNodeScriptPath": ""}})
    assert codes(await planned(fleet, made, by=1)) == ["NoJoinScript"]
    fleet.sim.registry.patch("ConfigMap", meta["name"], {"data": {"addNodeScriptPath": "http://x/y"}}, "kube-system")
    assert codes(await planned(fleet, made, by=1)) == []


async def test_the_price_table_comes_first_and_unknown_is_said(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await group(fleet, ESS)
    table = fleet.folder / "prices.toml"
    table.write_text('currency = "EUR"\nas_of = "2026-01-01"\n[ecs.types]\n"ecs.g7.xlarge" = { hour = 0.5 }\n')
    monkeypatch.setenv("VACANCY_PRICES", str(table))
    plan = await planned(fleet, made, by=2)
    assert "cost: EUR 1.00 an hour, EUR 730.00 a month (price table of 2026-01-01)" in plan.says
    monkeypatch.delenv("VACANCY_PRICES")
    fleet.server.gateway.faults.add(Fault("error", action="DescribePrice", code="NoPrice", status=400, times=None))
    plan = await planned(fleet, made, by=2)
    assert any(text.startswith("cost: unknown (no price of ecs.g7.xlarge in the price table") for text in plan.says)


async def test_two_sessions_do_not_collide(fleet: Fleet) -> None:
    """Both have a plan; one grows the group, the other is told who does."""
    made = await group(fleet, ESS)
    plans = await fleet.plans(wish(made.group_id, by=1), wish(made.group_id, by=2))
    runs = await asyncio.gather(*(fleet.run(plan) for plan in plans))
    outcomes = sorted(run.progress.outcome for run in runs)
    assert outcomes == ["done", "refused"]
    refused = next(run for run in runs if run.progress.outcome == "refused")
    assert "is acting on it" in refused.progress.text
    assert fleet.changes() == {ESS: 1}


async def test_a_claim_is_seen_in_the_plan(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, by=1)
    seen: list[list[str]] = []

    async def look() -> None:
        await fleet.until(fleet.leases)
        seen.append(codes(await planned(fleet, made, by=1)))
        fleet.cloud.clock.speed = PACE

    fleet.cloud.clock.speed = 1.0
    await asyncio.gather(fleet.run(plan), look())
    assert "Claimed" in seen[0]


async def test_undo_is_refused_and_close_gives_the_claim_up(fleet: Fleet) -> None:
    made = await group(fleet, ESS)
    plan = await planned(fleet, made, by=1)
    journal = Journal.of(plan)
    await journal.begin(plan)
    journal.close()
    with pytest.raises(Refused, match="can't be undone"):
        await fleet.recover(last(), "undo")
    run = await fleet.recover(last(), "close")
    assert run.progress.outcome == "closed"
    assert not fleet.changes()
