"""Who may remove, how many at once, and one at a time in a group."""

import asyncio
import json
from pathlib import Path

import pytest
import yaml

from core.actions.group_claim import _name as lease_name
from sim.cloud.access import Principal
from tests.wire.actions.fleet import Fleet
from tests.wire.actions.test_remove import JOINS, codes

pytestmark = pytest.mark.thorough

DEPLOY = Path(__file__).parents[3] / "deploy"
ROLES = ("read-only", "remove")


async def test_two_of_us_keep_out_of_each_others_way(fleet: Fleet) -> None:
    """While one removes a node of a group, another's plan for the same group is refused."""
    made = fleet.group("batch", 3)
    fleet.linger(100.0)
    await fleet.open_doors()
    first, second = await fleet.plan(made.nodes[0], release=True), await fleet.plan(made.nodes[1], release=True)
    running = asyncio.create_task(fleet.run(first))
    await fleet.until(lambda: lease_name(made.group_id) in fleet.leases())
    assert "Claimed" in codes(await fleet.plan(made.nodes[2], release=True))
    run = await fleet.run(second)
    assert run.progress.outcome == "refused", run.progress
    assert "is acting on it" in run.progress.text
    assert (await running).progress.outcome == "done"
    assert fleet.changes() == {"RemoveInstances": 1}


@pytest.mark.parametrize("door", ["attached", "expanded", "pool"])
async def test_the_policies_of_deploy_suffice(fleet: Fleet, door: str) -> None:
    """Who has read-only, read-userdata and remove, and nothing else, can remove by every door."""
    made = fleet.group("batch", 2, in_ack=door == "pool", desired=2 if door == "pool" else None)
    node = fleet.attached(None, JOINS) if door == "attached" else made.nodes[0]
    files = [DEPLOY / "ram" / f"{name}.json" for name in ("read-only", "read-userdata", "remove")]
    rules = [rule for file in files for rule in json.loads(file.read_text())["Statement"]]
    allowed = tuple(action for rule in rules for action in rule["Action"])
    fleet.linger()
    await fleet.open_doors(Principal("ops", "LTAI5tOps", "ops-secret", allowed))
    await fleet.pod(node)
    user = fleet.person("ops", *(yaml.safe_load_all((DEPLOY / "rbac" / f"{name}.yaml").read_text()) for name in ROLES))
    plan = await fleet.plan(node, user=user, release=door != "attached")
    assert codes(plan) == []
    run = await fleet.run(plan, user=user)
    assert run.progress.outcome == "done", run.progress
    assert not [one for one in fleet.server.gateway.log if one.status == 403 and "Forbidden" in one.code]
    assert not fleet.has_node(node)


async def test_nodes_of_the_control_plane_stay(fleet: Fleet) -> None:
    node = fleet.stranger("master-1", **{"alibabacloud.com/external": "true", "node-role.kubernetes.io/master": ""})
    await fleet.open_doors()
    assert "ControlPlane" in codes(await fleet.plan(node))


async def test_machines_that_are_protected_from_release(fleet: Fleet) -> None:
    """ECS would refuse it after the drain: it is told before, and the machine may be kept."""
    made = fleet.group("batch", 2)
    fleet.cloud.instances.change(fleet.id_of(made.nodes[0]), deletion_protection=True)
    await fleet.open_doors()
    assert codes(await fleet.plan(made.nodes[0], release=True)) == ["DeletionProtection"]
    assert codes(await fleet.plan(made.nodes[0])) == []


async def test_the_guard_on_batches(fleet: Fleet) -> None:
    made = fleet.group("batch", 3)
    await fleet.open_doors()
    assert "TooManyNodes" in codes(await fleet.plan(*made.nodes, release=True, max_nodes=2))
