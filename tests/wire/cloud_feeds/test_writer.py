"""Every write through the real SDKs: it takes effect once, and what the SDKs would send wrongly is sent right."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clients.alibaba import CloudError, Connection, Denied, Reader, Unreachable, find
from core.clients.alibaba.writer import Writer
from sim.cloud.faults import Fault
from sim.cloud.server import CloudServer
from tests.wire.cloud.account import CLUSTER, LONE, POOL, REGION, WEB
from tests.wire.cloud.conftest import until
from tests.wire.cloud_feeds.following import environment
from tests.wire.cloud_feeds.test_following import filled


def connect(server: CloudServer, who: str = "admin") -> Connection:
    env = environment(server, server.gateway.access.named(who))
    settings = find(env, Path("/nowhere"))
    assert settings is not None
    return Connection(settings, REGION, env)


@pytest.fixture
async def connection(server: CloudServer) -> AsyncIterator[Connection]:
    made = connect(server)
    yield made
    made.close()


async def test_the_same_token_scales_once(server: CloudServer, connection: Connection) -> None:
    writer = Writer(connection)
    first = await writer.ess.scale(LONE, "QuantityChangeInCapacity", 2, "token-1", '{"by":"vacancy"}')
    again = await writer.ess.scale(LONE, "QuantityChangeInCapacity", 2, "token-1", '{"by":"vacancy"}')
    assert first["ScalingActivityId"] == again["ScalingActivityId"]
    assert len(server.gateway.log.effects()) == 1
    activity = await Reader(connection).ess.activity(first["ScalingActivityId"])
    assert activity is not None
    assert activity.metadata == '{"by":"vacancy"}'


async def test_a_write_is_never_repeated_by_itself(server: CloudServer, connection: Connection) -> None:
    server.gateway.faults.add(Fault("done-reset", "ess", "ScaleWithAdjustment"))
    with pytest.raises(Unreachable) as caught:
        await Writer(connection).ess.scale(LONE, "TotalCapacity", 1, "token-2")
    assert caught.value.outcome_unknown
    assert len(server.gateway.log.of("ScaleWithAdjustment")) == 1


async def test_machines_are_protected_detached_and_removed(server: CloudServer, connection: Connection) -> None:
    ids, writer, cloud = await filled(server), Writer(connection), server.gateway.cloud
    await writer.ess.protect(WEB, ids[:1], protected=True)
    assert cloud.members[ids[0]].state == "Protected"
    await writer.ess.detach(WEB, ids[1:2], "token-3")
    await until(lambda: ids[1] not in cloud.members)
    assert cloud.instances[ids[1]].status == "Running"
    assert cloud.groups[WEB].desired == 2
    await writer.ess.remove(WEB, ids[2:], "token-4")
    await until(lambda: ids[2] not in cloud.members)
    await until(lambda: ids[2] not in cloud.instances)


async def test_processes_are_suspended_and_resumed(server: CloudServer, connection: Connection) -> None:
    writer = Writer(connection)
    await writer.ess.suspend(WEB, ["ScaleIn", "HealthCheck"])
    assert server.gateway.cloud.groups[WEB].suspended == {"ScaleIn", "HealthCheck"}
    await writer.ess.resume(WEB, ["ScaleIn"])
    assert server.gateway.cloud.groups[WEB].suspended == {"HealthCheck"}


async def test_a_pools_size_changes_and_nothing_else(server: CloudServer, connection: Connection) -> None:
    """The SDK's own request would wipe data disks and tags with empty lists (facts §0.4)."""
    await filled(server)
    task = await Writer(connection).cs.modify_pool(CLUSTER, POOL, {"scaling_group": {"desired_size": 4}})
    settings = server.gateway.cloud.pools[POOL].scaling_group
    assert settings["desired_size"] == 4
    assert settings["data_disks"]
    assert settings["tags"] == [{"key": "team", "value": "web"}]
    assert (await Reader(connection).cs.task(task))["state"] in ("running", "success")


async def test_userdata_wants_a_stopped_machine_and_is_read_back(server: CloudServer, connection: Connection) -> None:
    writer, reader, machine = Writer(connection), Reader(connection), "i-bp1free0"
    marker = base64.b64encode(b"# cleared by vacancy\n").decode()
    with pytest.raises(CloudError, match="stop the instance first"):
        await writer.ecs.set_user_data(machine, marker)
    assert await writer.ecs.would("stop_instance", instance_id=machine) is None
    await writer.ecs.stop(machine)
    await until(lambda: server.gateway.cloud.instances[machine].status == "Stopped")
    await writer.ecs.set_user_data(machine, marker)
    assert (await reader.ecs.user_data(machine)).user_data.cleared


async def test_the_attach_script_is_one_command(server: CloudServer, connection: Connection) -> None:
    script = await Writer(connection).cs.attach_script(CLUSTER, POOL, 1_900_000_000)
    assert script.startswith("curl ")
    assert "--openapi-token" in script
    assert "\r" not in script


async def test_a_reader_may_not_write(server: CloudServer) -> None:
    made = connect(server, "reader")
    with pytest.raises(Denied, match="RAM does not allow ess:ScaleWithAdjustment"):
        await Writer(made).ess.scale(LONE, "TotalCapacity", 1, "token-5")
    made.close()
    assert not server.gateway.log.effects()
