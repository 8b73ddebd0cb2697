"""ECS through its real SDK: machines, power, userdata, disks, Cloud Assistant, catalogue and network."""

import base64
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_tea_openapi.exceptions import ClientException

from sim.cloud.ecs.machines import create
from sim.cloud.server import CloudServer
from sim.cloud.state import Cloud
from tests.wire.cloud.account import LONE, REGION, VPC, WEB, ecs
from tests.wire.cloud.conftest import in_thread, until

FREE, LEASED = "i-bp1free0", "i-bp1free1"


async def call(server: CloudServer, name: str, **fields: Any) -> Any:
    """`call(server, "DescribeUserData", instance_id=…)`: the answer's body."""
    client = ecs(server)
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
    method = getattr(client, words.replace("v_switches", "vswitches"))
    request = getattr(models, f"{name}Request")(**fields)
    return (await in_thread(method, request)).body


async def refused(server: CloudServer, name: str, **fields: Any) -> str:
    with pytest.raises(ClientException) as error:
        await call(server, name, **fields)
    return str(error.value.code)


async def test_instances_page_by_token_and_filter_by_tag(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    for _ in range(23):
        create(cloud, cloud.groups[WEB])
    first = await call(server, "DescribeInstances", region_id=REGION, max_results=10)
    assert (len(first.instances.instance), first.total_count, bool(first.next_token)) == (10, 25, True)
    seen, token = [row.instance_id for row in first.instances.instance], first.next_token
    while token:
        page = await call(server, "DescribeInstances", region_id=REGION, max_results=10, next_token=token)
        seen += [row.instance_id for row in page.instances.instance]
        token = page.next_token
    assert sorted(seen) == sorted(machine.id for machine in cloud.instances)
    tag = models.DescribeInstancesRequestTag(key="acs:autoscaling:scalingGroupId", value=WEB)
    tagged = await call(server, "DescribeInstances", region_id=REGION, tag=[tag], page_size=50)
    assert tagged.total_count == 23


async def test_an_instance_field_by_field(server: CloudServer) -> None:
    body = await call(server, "DescribeInstances", region_id=REGION, instance_ids=f'["{LEASED}", "i-nobody"]')
    (row,) = body.instances.instance
    assert (row.instance_type, row.cpu, row.memory, row.status) == ("ecs.g7.xlarge", 4, 16384, "Running")
    assert (row.instance_charge_type, row.spot_strategy, row.zone_id) == ("PrePaid", "NoSpot", f"{REGION}-h")
    assert row.vpc_attributes.private_ip_address.ip_address == ["10.0.4.201"]


async def test_power(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    await call(server, "StopInstance", instance_id=FREE, stopped_mode="StopCharging")
    assert cloud.instances[FREE].status == "Stopping"
    await until(lambda: cloud.instances[FREE].status == "Stopped")
    assert await refused(server, "RebootInstance", instance_id=FREE) == "IncorrectInstanceStatus"
    await call(server, "StartInstance", instance_id=FREE)
    await until(lambda: cloud.instances[FREE].status == "Running")
    await call(server, "RebootInstance", instance_id=FREE)
    await until(lambda: cloud.instances[FREE].status == "Running")
    assert await refused(server, "DeleteInstance", instance_id=LEASED, force=True) == "ChargeTypeViolation"
    assert await refused(server, "DeleteInstance", instance_id=FREE) == "IncorrectInstanceStatus"
    await call(server, "DeleteInstance", instance_id=FREE, force=True)
    await until(lambda: FREE not in cloud.instances)


async def test_a_dry_run_passes_with_an_error_and_does_nothing(server: CloudServer) -> None:
    assert await refused(server, "StopInstance", instance_id=FREE, dry_run=True) == "DryRunOperation"
    assert await refused(server, "DescribeInstances", region_id=REGION, dry_run=True) == "DryRunOperation"
    assert server.gateway.log.effects() == []


async def test_batches_answer_for_each(server: CloudServer) -> None:
    server.gateway.cloud.instances.change(LEASED, status="Stopped")
    body = await call(server, "StopInstances", region_id=REGION, instance_id=[FREE, LEASED])
    assert [row.code for row in body.instance_responses.instance_response] == ["200", "403"]


async def test_userdata_changes_only_while_stopped(server: CloudServer) -> None:
    text = base64.b64encode(b"#!/bin/sh\n# cleared").decode()
    change = {"instance_id": FREE, "user_data": text}
    assert await refused(server, "ModifyInstanceAttribute", **change) == "IncorrectInstanceStatus"
    server.gateway.cloud.instances.change(FREE, status="Stopped")
    await call(server, "ModifyInstanceAttribute", **change)
    read = await call(server, "DescribeUserData", region_id=REGION, instance_id=FREE)
    assert read.user_data == text
    await call(server, "ModifyInstanceAttribute", instance_id=FREE, user_data="")
    assert (await call(server, "DescribeUserData", region_id=REGION, instance_id=FREE)).user_data == ""
    bad = await refused(server, "ModifyInstanceAttribute", instance_id=FREE, user_data="not base64!")
    assert bad == "InvalidUserData.Base64FormatInvalid"


async def test_replacing_the_system_disk(server: CloudServer) -> None:
    cloud = server.gateway.cloud
    cloud.instances.change(FREE, status="Stopped", first_boot=False, disk_id="d-old")
    fields = {"instance_id": FREE, "image_id": "img-2", "client_token": "disk-1"}
    body = await call(server, "ReplaceSystemDisk", **fields)
    machine = cloud.instances[FREE]
    assert (machine.disk_id, machine.image_id, machine.first_boot) == (body.disk_id, "img-2", True)
    assert (await call(server, "ReplaceSystemDisk", **fields)).disk_id == body.disk_id
    assert len(server.gateway.log.effects()) == 1
    cloud.instances.change(FREE, status="Running")
    again = {**fields, "client_token": "disk-2"}
    assert await refused(server, "ReplaceSystemDisk", **again) == "IncorrectInstanceStatus"


async def test_running_a_command(server: CloudServer) -> None:
    script = base64.b64encode(b"kubeadm reset -f").decode()
    run = {"region_id": REGION, "type": "RunShellScript", "content_encoding": "Base64"}
    body = await call(server, "RunCommand", command_content=script, instance_id=[FREE, LEASED], **run)
    cloud = server.gateway.cloud
    await until(lambda: {row.status for row in cloud.invocations} == {"Success"})
    results = await call(server, "DescribeInvocationResults", region_id=REGION, invoke_id=body.invoke_id)
    rows = results.invocation.invocation_results.invocation_result
    assert [(row.instance_id, row.exit_code) for row in rows] == [(FREE, 0), (LEASED, 0)]
    assert base64.b64decode(rows[0].output) == b""
    cloud.instances.change(FREE, status="Stopped")
    code = await refused(server, "RunCommand", command_content=script, instance_id=[FREE], **run)
    assert code == "InvalidInstance.NotRunning"


async def test_a_machine_without_the_agent(server: CloudServer) -> None:
    server.gateway.cloud.instances.change(FREE, assistant=False)
    status = await call(server, "DescribeCloudAssistantStatus", region_id=REGION, instance_id=[FREE, LEASED])
    rows = status.instance_cloud_assistant_status_set.instance_cloud_assistant_status
    assert [row.cloud_assistant_status for row in rows] == ["false", "true"]
    run = {"region_id": REGION, "type": "RunShellScript", "command_content": "true"}
    body = await call(server, "RunCommand", instance_id=[FREE], **run)
    results = await call(server, "DescribeInvocationResults", region_id=REGION, invoke_id=body.invoke_id)
    (row,) = results.invocation.invocation_results.invocation_result
    assert (row.invocation_status, row.error_code) == ("Invalid", "ClientNotRunning")


async def test_types_stock_and_prices(server: CloudServer) -> None:
    kinds = await call(server, "DescribeInstanceTypes", instance_types=["ecs.gn6i-c4g1.xlarge"])
    (kind,) = kinds.instance_types.instance_type
    assert (kind.cpu_core_count, kind.memory_size, kind.gpuamount) == (4, 15, 1)
    ask = {"region_id": REGION, "destination_resource": "InstanceType", "instance_type": "ecs.gn7i-c16g1.4xlarge"}
    stock = await call(server, "DescribeAvailableResource", **ask)
    zone = stock.available_zones.available_zone[0]
    row = zone.available_resources.available_resource[0].supported_resources.supported_resource[0]
    assert (row.status, row.status_category) == ("SoldOut", "WithoutStock")
    price = {"region_id": REGION, "resource_type": "instance", "instance_type": "ecs.g7.xlarge"}
    hour = (await call(server, "DescribePrice", price_unit="Hour", **price)).price_info.price
    month = (await call(server, "DescribePrice", price_unit="Month", **price)).price_info.price
    spot = (await call(server, "DescribePrice", spot_strategy="SpotAsPriceGo", **price)).price_info.price
    assert hour.currency == "CNY"
    assert spot.trade_price < hour.trade_price < month.trade_price < 730 * hour.trade_price


def free_addresses(body: Any) -> int:
    return int(body.v_switches.v_switch[0].available_ip_address_count)


async def test_vswitches_count_their_free_addresses(server: CloudServer) -> None:
    cloud: Cloud = server.gateway.cloud
    before = await call(server, "DescribeVSwitches", region_id=REGION, vpc_id=VPC)
    assert free_addresses(before) == 256 - 4 - 100 - 2
    create(cloud, cloud.groups[LONE])
    assert free_addresses(await call(server, "DescribeVSwitches", region_id=REGION)) == free_addresses(before) - 1
