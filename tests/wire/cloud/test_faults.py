"""Ordered faults as the SDK's callers meet them, and what the request log says about each."""

from typing import Any

import pytest
from alibabacloud_ecs20140526 import models as ecs_models
from alibabacloud_ess20140828 import models as ess_models
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException, ThrottlingException
from darabonba.exceptions import UnretryableException

from sim.cloud.faults import Fault
from sim.cloud.server import CloudServer
from tests.wire.cloud.account import LONE, REGION, ecs, ess
from tests.wire.cloud.conftest import in_thread


def list_instances(client: Any) -> Any:
    return client.describe_instances(ecs_models.DescribeInstancesRequest(region_id=REGION))


def grow(client: Any, token: str) -> Any:
    request = ess_models.ScaleWithAdjustmentRequest(
        scaling_group_id=LONE, adjustment_type="QuantityChangeInCapacity", adjustment_value=1, client_token=token
    )
    return client.scale_with_adjustment(request)


@pytest.mark.parametrize(
    ("fault", "raised", "status"),
    [
        (Fault("html"), UnretryableException, 502),
        (Fault("empty"), UnretryableException, 500),
        (Fault("garbage"), UnretryableException, 200),
        (Fault("reset"), UnretryableException, 0),
        (Fault("silence", seconds=0.6), UnretryableException, 0),
        (Fault("error", code="ServiceUnavailable", status=503), ServerException, 503),
        (Fault("throttle", seconds=2.0), ThrottlingException, 400),
        (Fault("throttle", seconds=0.0, code="Throttling.Api"), ClientException, 400),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
async def test_a_fault_hits_once_and_then_it_works_again(
    server: CloudServer, fault: Fault, raised: type[Exception], status: int
) -> None:
    server.gateway.faults.add(fault)
    client = ecs(server, read_timeout=300)
    with pytest.raises(raised):
        await in_thread(list_instances, client)
    assert (await in_thread(list_instances, client)).body.total_count == 2
    records = server.gateway.log.of("DescribeInstances")
    assert [(record.status, record.fault) for record in records] == [(status, fault.kind), (200, "")]


async def test_the_wrong_shape_leaves_an_empty_body_and_no_exception(server: CloudServer) -> None:
    server.gateway.faults.add(Fault("shape", product="ess", body={"ScalingInstances": [1, 2]}))
    request = ess_models.DescribeScalingInstancesRequest(region_id=REGION)
    answer = await in_thread(ess(server).describe_scaling_instances, request)
    assert answer.body is None or answer.body.scaling_instances is None


async def test_done_and_then_timed_out_is_done_once(server: CloudServer) -> None:
    server.gateway.faults.add(Fault("done-silence", action="ScaleWithAdjustment", seconds=0.6))
    with pytest.raises(UnretryableException):
        await in_thread(grow, ess(server, read_timeout=200), "once")
    activity = (await in_thread(grow, ess(server), "once")).body.scaling_activity_id
    assert [row.id for row in server.gateway.cloud.activities] == [activity]
    assert [row.effect for row in server.gateway.log.of("ScaleWithAdjustment")] == [True, False]


async def test_done_and_then_an_error(server: CloudServer) -> None:
    server.gateway.faults.add(Fault("done-error", action="Scale*", code="InternalError", status=500))
    with pytest.raises(ServerException):
        await in_thread(grow, ess(server), "once")
    assert len(server.gateway.cloud.activities) == 1


async def test_faults_can_be_aimed(server: CloudServer) -> None:
    faults = server.gateway.faults
    number = faults.add(Fault("empty", product="ess", times=None))
    faults.add(Fault("empty", product="ecs", after=1))
    client = ecs(server)
    await in_thread(list_instances, client)
    with pytest.raises(UnretryableException):
        await in_thread(list_instances, client)
    await in_thread(list_instances, client)
    faults.remove(number)
    await in_thread(grow, ess(server), "t")
    with pytest.raises(ValueError, match="unknown fault"):
        Fault("earthquake")
