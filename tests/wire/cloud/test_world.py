"""The world behind the cloud: machines that boot, join, fall silent, forget and leave, asked through the real SDKs."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from alibabacloud_cs20151215 import models as cs_models
from alibabacloud_ecs20140526 import models as ecs_models
from alibabacloud_ess20140828 import models as ess_models

from sim.scenario.machines import CLUSTER
from sim.world.world import Options, World, build
from tests.wire.cloud.account import REGION, cs, ecs, ess
from tests.wire.cloud.conftest import in_thread, until

Obj = dict[str, Any]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """The demo at a hundred times the speed; only what tests do changes it."""
    running = build(Options(speed=100, lives=False))
    await running.start()
    yield running
    await running.stop()


def pool_id(world: World, name: str) -> str:
    return next(pool.id for pool in world.cloud.pools if pool.name == name)


def group_id(world: World, name: str) -> str:
    return next(group.id for group in world.cloud.groups if group.name.startswith(f"k8s-{name}"))


def named(world: World, name: str) -> str:
    """The id of a machine by its name."""
    return next(machine.id for machine in world.cloud.instances if machine.name == name)


def machine_of(world: World, node: str) -> str:
    """The id of the machine that a node is."""
    return str(world.registry.get("Node", node)["spec"]["providerID"]).rpartition(".")[2]


def condition(world: World, node: str) -> str:
    found = world.registry.find("Node", node)
    rows = found["status"]["conditions"] if found else []
    return next((row["status"] for row in rows if row["type"] == "Ready"), "gone")


async def finished(world: World, task_id: str) -> Any:
    await until(lambda: world.cloud.tasks[task_id].state != "running", 20)
    return world.cloud.tasks[task_id]


async def run(world: World, instance: str, script: str) -> tuple[int, str]:
    """Run a script through Cloud Assistant: exit code and output."""
    content = base64.b64encode(script.encode()).decode()
    request = ecs_models.RunCommandRequest(
        region_id=REGION,
        type="RunShellScript",
        command_content=content,
        content_encoding="Base64",
        instance_id=[instance],
    )
    invocation = (await in_thread(ecs(world.clouds).run_command, request)).body.invoke_id
    key = f"{invocation}/{instance}"
    await until(lambda: world.cloud.invocations[key].finished)
    ask = ecs_models.DescribeInvocationResultsRequest(region_id=REGION, invoke_id=invocation)
    body = (await in_thread(ecs(world.clouds).describe_invocation_results, ask)).body
    (row,) = body.invocation.invocation_results.invocation_result
    return row.exit_code, base64.b64decode(row.output).decode()


async def passed(world: World, seconds: float) -> None:
    """Let that much simulated time pass, and everything that falls due in it happen."""
    for _ in range(10):
        world.clock.advance(seconds / 10)
        await asyncio.sleep(0.02)


async def test_a_scaled_pool_gets_a_ready_node_with_its_labels_and_taints(world: World) -> None:
    before = {node["metadata"]["name"] for node in world.registry.list("Node")}
    request = cs_models.ScaleClusterNodePoolRequest(count=1)
    client = cs(world.clouds)
    body = (await in_thread(client.scale_cluster_node_pool, CLUSTER, pool_id(world, "spot"), request)).body
    task = await finished(world, body.task_id)
    assert task.state == "success"
    (new,) = {node["metadata"]["name"] for node in world.registry.list("Node")} - before
    node = world.registry.get("Node", new)
    labels, ((instance, _),) = node["metadata"]["labels"], task.results
    assert node["spec"]["providerID"] == f"{REGION}.{instance}"
    assert labels["alibabacloud.com/nodepool-id"] == pool_id(world, "spot")
    assert (labels["pool"], labels["k8s.aliyun.com"]) == ("spot", "true")
    assert labels["node.alibabacloud.com/spot-strategy"] == "SpotWithPriceLimit"
    assert [taint["key"] for taint in node["spec"]["taints"]] == ["spot"]
    status = node["status"]
    assert int(status["allocatable"]["cpu"][:-1]) < 1000 * int(status["capacity"]["cpu"])
    assert condition(world, new) == "True"
    await until(lambda: len([p for p in world.registry.pods_on(new) if p["status"].get("phase") == "Running"]) == 4)


async def test_removing_a_pool_node_drains_it_and_releases_the_machine(world: World) -> None:
    node = world.planted.candidates[0]
    instance = machine_of(world, node)
    moved = [p["metadata"]["name"] for p in world.registry.pods_on(node) if "image-resize" in p["metadata"]["name"]]
    request = cs_models.RemoveNodePoolNodesRequest(instance_ids=[instance], drain_node=True, release_node=True)
    pool = pool_id(world, "spot")
    body = (await in_thread(cs(world.clouds).remove_node_pool_nodes, CLUSTER, pool, request)).body
    assert (await finished(world, body.task_id)).state == "success"
    await until(lambda: instance not in world.cloud.instances)
    assert world.registry.find("Node", node) is None
    assert moved
    assert world.registry.find("Pod", moved[0], "shop") is None
    assert len(world.cloud.members_of(group_id(world, "spot"))) == 3


async def test_a_budget_holds_a_drain_up(world: World) -> None:
    node = world.planted.blocked["BlockedByPod: NotEnoughPdb"]
    instance = machine_of(world, node)
    request = cs_models.RemoveNodePoolNodesRequest(instance_ids=[instance], drain_node=True, release_node=False)
    body = (await in_thread(cs(world.clouds).remove_node_pool_nodes, CLUSTER, pool_id(world, "web"), request)).body
    await until(lambda: world.registry.get("Node", node)["spec"].get("unschedulable"))
    await passed(world, 1000)
    task = await finished(world, body.task_id)
    assert (task.state, task.error[0] if task.error else "") == ("fail", "DrainNodeFailed")
    assert any("ledger" in pod["metadata"]["name"] for pod in world.registry.pods_on(node))


async def test_reset_makes_a_machine_forget_and_a_restart_alone_does_not(world: World) -> None:
    node = world.planted.origins["attached-manual"][0]
    instance = machine_of(world, node)
    world.registry.delete("Node", node)
    await in_thread(ecs(world.clouds).reboot_instance, ecs_models.RebootInstanceRequest(instance_id=instance))
    await until(lambda: condition(world, node) == "True")
    world.registry.delete("Node", node)
    code, output = await run(world, instance, "kubeadm reset -f")
    assert code == 0
    assert "[reset] Stopping the kubelet service" in output
    await in_thread(ecs(world.clouds).reboot_instance, ecs_models.RebootInstanceRequest(instance_id=instance))
    await until(lambda: world.cloud.instances[instance].status == "Running")
    await passed(world, 300)
    assert world.registry.find("Node", node) is None


async def test_the_attach_script_joins_by_hand_and_an_invented_token_does_not(world: World) -> None:
    spare = named(world, "spare-3")
    request = cs_models.DescribeClusterAttachScriptsRequest(nodepool_id=pool_id(world, "system"))
    answer = await in_thread(cs(world.clouds).describe_cluster_attach_scripts, CLUSTER, request)
    script = json.loads(answer.body)
    token = script.split("--openapi-token ")[1].split()[0]
    code, output = await run(world, spare, script.replace(token, "abcdef.0123456789abcdef"))
    assert (code, "401 Unauthorized" in output) == (1, True)
    assert (await run(world, spare, script))[0] == 0
    name = await until(lambda: world.machines.node_name(spare))
    await until(lambda: condition(world, name) == "True")
    assert spare not in world.cloud.members
    nodes = cs_models.DescribeClusterNodesRequest(instance_ids=spare)
    body = (await in_thread(cs(world.clouds).describe_cluster_nodes, CLUSTER, nodes)).body
    assert [(row.node_name, row.source, row.node_status) for row in body.nodes] == [(name, "manual", "Ready")]


async def test_attaching_through_the_api_makes_a_member_that_is_a_node(world: World) -> None:
    spare, pool = named(world, "spare-1"), pool_id(world, "system")
    request = cs_models.AttachInstancesToNodePoolRequest(instances=[spare])
    body = (await in_thread(cs(world.clouds).attach_instances_to_node_pool, CLUSTER, pool, request)).body
    assert (await finished(world, body.task_id)).state == "success"
    assert world.cloud.members[spare].creation == "Attached"
    assert world.machines.is_ready(spare)


async def test_machines_with_a_stale_token_never_join_and_their_log_says_why(world: World) -> None:
    group = group_id(world, "legacy-import")
    request = ess_models.ScaleWithAdjustmentRequest(
        scaling_group_id=group, adjustment_type="TotalCapacity", adjustment_value=1
    )
    await in_thread(ess(world.clouds).scale_with_adjustment, request)
    await until(lambda: [m.state for m in world.cloud.members_of(group)] == ["InService"])
    instance = world.cloud.members_of(group)[0].instance_id
    await until(lambda: not world.cloud.instances[instance].first_boot)
    assert world.machines.node_name(instance) is None
    assert "the token has expired" in (await run(world, instance, "journalctl -u cloud-init"))[1]


async def test_userdata_set_later_runs_only_on_a_new_disk(world: World) -> None:
    spare, cloud = named(world, "spare-2"), world.cloud
    group = cloud.groups[group_id(world, "system")]
    data = cloud.configurations[group.configuration_id].user_data
    client = ecs(world.clouds)
    await in_thread(
        client.modify_instance_attribute, ecs_models.ModifyInstanceAttributeRequest(instance_id=spare, user_data=data)
    )
    start, stop = (getattr(ecs_models, f"{verb}InstanceRequest")(instance_id=spare) for verb in ("Start", "Stop"))
    await in_thread(client.start_instance, start)
    await until(lambda: cloud.instances[spare].status == "Running")
    await passed(world, 300)
    assert world.machines.node_name(spare) is None
    await in_thread(client.stop_instance, stop)
    await until(lambda: cloud.instances[spare].status == "Stopped")
    disk = ecs_models.ReplaceSystemDiskRequest(instance_id=spare, image_id="img")
    await in_thread(client.replace_system_disk, disk)
    await in_thread(client.start_instance, start)
    await until(lambda: world.machines.is_ready(spare))


async def test_a_stopped_machine_falls_silent_and_a_released_one_is_collected(world: World) -> None:
    node = world.planted.origins["attached-manual"][1]
    client, instance = ecs(world.clouds), machine_of(world, node)
    await in_thread(client.stop_instance, ecs_models.StopInstanceRequest(instance_id=instance))
    await until(lambda: condition(world, node) == "Unknown")
    await in_thread(client.start_instance, ecs_models.StartInstanceRequest(instance_id=instance))
    await until(lambda: condition(world, node) == "True")
    await in_thread(client.delete_instance, ecs_models.DeleteInstanceRequest(instance_id=instance, force=True))
    await until(lambda: condition(world, node) == "gone")
