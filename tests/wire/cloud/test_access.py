"""Who gets in: signatures of both kinds, clock skew, replayed nonces, STS tokens, RAM denials, flow control."""

import time
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from alibabacloud_ecs20140526 import models as ecs_models
from alibabacloud_ess20140828 import models as ess_models
from alibabacloud_tea_openapi.exceptions import ClientException, ThrottlingException

from sim.cloud.access import Principal
from sim.cloud.server import CloudServer
from tests.wire.cloud.account import LONE, REGION, cs, ecs, ess, generic
from tests.wire.cloud.conftest import in_thread


def list_instances(client: Any, **fields: Any) -> Any:
    return client.describe_instances(ecs_models.DescribeInstancesRequest(region_id=REGION, **fields))


def list_members(client: Any) -> Any:
    return client.describe_scaling_instances(ess_models.DescribeScalingInstancesRequest(region_id=REGION))


@pytest.mark.parametrize("text", ["plain", "a b+c/d=e&f%g~h*i", "节点 ✓"])
async def test_any_text_keeps_its_signature(server: CloudServer, text: str) -> None:
    body = (await in_thread(list_instances, ecs(server), instance_name=text)).body
    assert body.total_count == 0
    rows = await in_thread(generic, ess(server), "DescribeScalingGroups", ScalingGroupName=text)
    assert rows["TotalCount"] == 0
    hook = ess_models.CreateLifecycleHookRequest(
        scaling_group_id=LONE, lifecycle_transition="SCALE_IN", lifecycle_hook_name=text
    )
    await in_thread(ess(server).create_lifecycle_hook, hook)
    assert [row.name for row in server.gateway.cloud.hooks] == [text]


async def test_a_wrong_secret_is_refused_in_both_forms(server: CloudServer) -> None:
    thief = replace(server.gateway.access.named("admin"), secret="guessed")
    for call in (lambda: list_instances(ecs(server, thief)), lambda: list_members(ess(server, thief))):
        with pytest.raises(ClientException) as refused:
            await in_thread(call)
        assert refused.value.code == "SignatureDoesNotMatch"
    stranger = replace(thief, access_key="LTAI5tNobodyKnows")
    with pytest.raises(ClientException) as unknown:
        await in_thread(list_instances, ecs(server, stranger))
    assert (unknown.value.code, unknown.value.status_code) == ("InvalidAccessKeyId.NotFound", 404)


async def test_an_sts_token_works_until_it_expires(server: CloudServer) -> None:
    role = Principal("role", "STS.key", "sts-secret", security_token="token/1+2", expires=time.time() + 60)
    server.gateway.access.add(role)
    for call in (lambda: list_instances(ecs(server, role)), lambda: list_members(ess(server, role))):
        assert (await in_thread(call)).body.total_count >= 0
    server.gateway.access.add(replace(role, expires=time.time() - 1))
    with pytest.raises(ClientException) as expired:
        await in_thread(list_instances, ecs(server, role))
    assert expired.value.code == "InvalidSecurityToken.Expired"


async def test_clock_skew(server: CloudServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from alibabacloud_tea_openapi.utils import Utils

    monkeypatch.setattr(Utils, "get_timestamp", staticmethod(lambda: "2020-01-01T00:00:00Z"))
    for call in (lambda: list_instances(ecs(server)), lambda: list_members(ess(server))):
        with pytest.raises(ClientException) as refused:
            await in_thread(call)
        assert refused.value.code == "InvalidTimeStamp.Expired"


async def test_a_nonce_counts_once(server: CloudServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from alibabacloud_tea_openapi.utils import Utils

    monkeypatch.setattr(Utils, "get_nonce", staticmethod(lambda: "the-same"))
    await in_thread(list_instances, ecs(server))
    with pytest.raises(ClientException) as refused:
        await in_thread(list_instances, ecs(server))
    assert refused.value.code == "SignatureNonceUsed"


async def test_a_request_without_a_signature_is_refused(server: CloudServer) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"http://{server.endpoints['ess']}/") as answer:
        body = await answer.json()
    assert (answer.status, body["Code"], bool(body["RequestId"])) == (400, "MissingAccessKeyId", True)


async def test_ram_denials_say_what_is_missing(server: CloudServer) -> None:
    reader, nobody = (server.gateway.access.named(name) for name in ("reader", "nobody"))
    assert (await in_thread(list_instances, ecs(server, reader))).body.total_count == 2
    stop = ecs_models.StopInstanceRequest(instance_id="i-bp1free0")
    with pytest.raises(ClientException) as refused:
        await in_thread(ecs(server, reader).stop_instance, stop)
    assert (refused.value.code, refused.value.status_code) == ("Forbidden.RAM", 403)
    assert refused.value.access_denied_detail["AuthAction"] == "ecs:StopInstance"
    for call in (lambda: list_instances(ecs(server, nobody)), lambda: list_members(ess(server, nobody))):
        with pytest.raises(ClientException, match="not authorized"):
            await in_thread(call)
    assert server.gateway.log.effects() == []


async def test_cs_denials_are_in_its_own_form(server: CloudServer) -> None:
    from alibabacloud_cs20151215 import models

    nobody = server.gateway.access.named("nobody")
    ask = models.DescribeClustersForRegionRequest()
    with pytest.raises(ClientException) as refused:
        await in_thread(cs(server, nobody).describe_clusters_for_region, REGION, ask)
    assert refused.value.access_denied_detail["AuthAction"] == "cs:DescribeClustersForRegion"


async def test_flow_control_with_and_without_the_header(server: CloudServer) -> None:
    server.gateway.throttle.limit("ecs", rate=0.5, burst=1)
    await in_thread(list_instances, ecs(server))
    with pytest.raises(ThrottlingException) as throttled:
        await in_thread(list_instances, ecs(server))
    assert 0 < throttled.value.retry_after <= 2000
    server.gateway.throttle.tell_when = False
    with pytest.raises(ClientException) as bare:
        await in_thread(list_instances, ecs(server))
    assert bare.value.code == "Throttling.User"


async def test_another_region_and_unknown_actions(server: CloudServer) -> None:
    with pytest.raises(ClientException) as elsewhere:
        await in_thread(generic, ess(server), "DescribeScalingGroups", RegionId="cn-mars")
    assert elsewhere.value.code == "InvalidRegionId.NotFound"
    with pytest.raises(ClientException) as unknown:
        await in_thread(generic, ess(server), "DescribeEverything")
    assert (unknown.value.code, unknown.value.status_code) == ("InvalidAction.NotFound", 404)
