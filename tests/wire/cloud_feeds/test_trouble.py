"""Every trouble with the cloud gets its own clear state, nothing else stops for it, and it goes away by itself."""

import asyncio
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import pytest

from core.clients.alibaba import connection
from core.feeds.sink import FeedState, Phase
from core.kube import node
from sim.cloud.access import Principal
from sim.cloud.faults import Fault
from sim.cloud.server import CloudServer
from tests.wire.cloud.account import CLUSTER, POOL
from tests.wire.cloud_feeds.following import Following, environment, make_node

NODES = [make_node("i-bp1free0", POOL)]
WRONG_SHAPE = {"RequestId": "1", "TotalCount": "many", "ScalingGroups": {"Group": 1}}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real time-outs are tested as arithmetic; here silence is noticed after a second."""
    monkeypatch.setattr(connection, "READ_TIMEOUT", 1.0)
    monkeypatch.setattr(connection, "THROTTLED_PAUSE", 0.2)


def groups_state(it: Following) -> FeedState | None:
    return it.intake.states.get("ScalingGroup")


async def trouble(it: Following) -> FeedState:
    """The state of the groups once something is wrong with them."""
    state: FeedState = await it.until(lambda: (state := groups_state(it)) and state.cause and state)
    return state


CREDENTIALS: list[tuple[str, dict[str, Any], str]] = [
    ("wrong secret", {"secret": "not-the-secret"}, "the access key's secret is wrong"),
    ("unknown key", {"access_key": "LTAI5tNobodysKey"}, "there is no such access key"),
]


@pytest.mark.parametrize(("name", "changes", "words"), CREDENTIALS, ids=[one[0] for one in CREDENTIALS])
async def test_bad_credentials(server: CloudServer, name: str, changes: dict[str, Any], words: str) -> None:
    who = dataclasses.replace(server.gateway.access.named("reader"), **changes)
    async with Following(environment(server, who), NODES) as it:
        state = await trouble(it)
    assert words in state.cause
    assert "$ALIBABA_CLOUD_ACCESS_KEY_ID" in state.cause, "says whose credentials"
    assert state.phase is Phase.UNREACHABLE
    assert who.secret not in state.cause
    assert who.access_key not in state.cause


async def test_an_expired_token_and_its_renewal(server: CloudServer) -> None:
    who = Principal("sts", "STS.sim", "sts-secret", security_token="token-1", expires=time.time() - 5)
    server.gateway.access.add(who)
    async with Following(environment(server, who), NODES) as it:
        state = await trouble(it)
        assert "the security token has expired" in state.cause
        server.gateway.access.add(dataclasses.replace(who, expires=time.time() + 600))
        await it.until(lambda: groups_state(it) == FeedState(Phase.LIVE))


async def test_a_profile_whose_token_is_replaced(
    server: CloudServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "RENEW_PERIOD", 0.5)
    who = Principal("sts", "STS.sim", "sts-secret", security_token="token-2")
    server.gateway.access.add(who)
    (tmp_path / ".aliyun").mkdir()

    def write(token: str) -> None:
        keys = {"access_key_id": who.access_key, "access_key_secret": who.secret, "sts_token": token}
        profile = {"name": "ops", "mode": "StsToken", "region_id": "cn-hangzhou", **keys}
        (tmp_path / ".aliyun" / "config.json").write_text(json.dumps({"current": "ops", "profiles": [profile]}))

    write("token-1")
    endpoints = {name: value for name, value in environment(server).items() if name.startswith("VACANCY")}
    async with Following(endpoints, NODES, home=tmp_path) as it:
        state = await trouble(it)
        assert "the security token is not valid" in state.cause
        assert "profile 'ops'" in state.cause
        write("token-2")
        await it.until(lambda: groups_state(it) == FeedState(Phase.LIVE))


async def test_a_wrong_clock(server: CloudServer) -> None:
    fault = Fault(
        "error", code="InvalidTimeStamp.Expired", message="Specified time stamp is expired.", status=400, times=None
    )
    server.gateway.faults.add(fault)
    async with Following(environment(server), NODES) as it:
        state = await trouble(it)
    assert "this machine's clock is wrong" in state.cause


async def test_nothing_is_allowed(server: CloudServer) -> None:
    async with Following(environment(server, server.gateway.access.named("nobody")), NODES) as it:
        state = await trouble(it)
        assert state.phase is Phase.FORBIDDEN
        assert state.cause == "RAM does not allow ess:DescribeScalingGroups for nobody"
        assert not it.store.is_available("ScalingGroup")


async def test_one_action_is_denied_and_the_rest_goes_on(server: CloudServer) -> None:
    async with Following(environment(server, server.gateway.access.named("auditor")), NODES) as it:
        denied = await it.until(lambda: (s := it.intake.states.get("ScalingConfiguration")) and s.cause and s)
        assert (denied.phase, "ess:DescribeScalingConfigurations" in denied.cause) == (Phase.FORBIDDEN, True)
        await it.until(lambda: groups_state(it) == FeedState(Phase.LIVE) and "asg-bp1web" in it.store.table("Group"))
        assert it.store.table("Group")["asg-bp1web"].configuration is None


FAULTS: list[tuple[Fault, str]] = [
    (Fault("html", "ess", "DescribeScalingGroups", None), "the answer is not one of the cloud's"),
    (Fault("empty", "ess", "DescribeScalingGroups", None), "the answer is not one of the cloud's"),
    (Fault("garbage", "ess", "DescribeScalingGroups", None), "the answer is not one of the cloud's"),
    (Fault("reset", "ess", "DescribeScalingGroups", None), "the answer broke off"),
    (Fault("silence", "ess", "DescribeScalingGroups", None, seconds=3), "no answer in time"),
    (Fault("shape", "ess", "DescribeScalingGroups", None, body=WRONG_SHAPE), "holds no list ScalingGroups"),
    (Fault("shape", "ess", "DescribeScalingGroups", None, body=[]), "holds no list ScalingGroups"),
    (Fault("throttle", "ess", "DescribeScalingGroups", None, seconds=0.1, code="Throttling.User"), "throttled"),
    (Fault("throttle", "ess", "DescribeScalingGroups", None, seconds=0, code="Throttling"), "throttled"),
    (Fault("error", "ess", "DescribeScalingGroups", None, message="Try later."), "InternalError: Try later."),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=[f"{fault.kind}-{words[:12]}" for fault, words in FAULTS])
async def test_a_fault_shows_and_goes_away(server: CloudServer, fault: Fault, words: str) -> None:
    number = server.gateway.faults.add(fault)
    async with Following(environment(server), NODES) as it:
        state = await trouble(it)
        assert words in state.cause
        assert state.phase is Phase.UNREACHABLE
        await it.until(lambda: POOL in it.store.table("NodePool"))  # the ACK API goes on
        server.gateway.faults.remove(number)
        await it.until(lambda: groups_state(it) == FeedState(Phase.LIVE), 25)


async def test_what_was_known_stays_while_the_cloud_is_away(server: CloudServer) -> None:
    async with Following(environment(server), NODES) as it:
        await it.until(lambda: groups_state(it) == FeedState(Phase.LIVE) and "asg-bp1web" in it.store.table("Group"))
        number = server.gateway.faults.add(Fault("html", times=None))
        state = await it.until(lambda: (s := groups_state(it)) and s.phase is Phase.RECONNECTING and s)
        assert state.since is not None
        assert abs(state.since - time.time()) < 30, "since the last sign of life"
        assert "asg-bp1web" in it.store.table("Group")
        assert it.store.is_available("ScalingGroup")
        server.gateway.faults.remove(number)
        await it.until(lambda: groups_state(it) == FeedState(Phase.LIVE))


async def test_a_cluster_that_ack_does_not_know(server: CloudServer) -> None:
    server.gateway.cloud.clusters.drop(CLUSTER)
    async with Following(environment(server), NODES) as it:
        state = await it.until(lambda: (s := it.intake.states.get("NodePool")) and s.cause and s)
        assert (state.phase, f"knows no cluster {CLUSTER}" in state.cause) == (Phase.ABSENT, True)
        await it.until(lambda: groups_state(it) == FeedState(Phase.LIVE))


async def test_without_settings_the_reason_is_said_and_nothing_is_asked(server: CloudServer) -> None:
    async with Following({}, NODES) as it:
        state = await trouble(it)
    assert state.phase is Phase.ABSENT
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in state.cause
    assert len(server.gateway.log) == 0


async def test_nodes_from_elsewhere_ask_nothing(server: CloudServer) -> None:
    plain = node.codec.item(
        b'{"metadata":{"name":"kind-worker"},"spec":{"providerID":"kind://docker/kind/kind-worker"}}'
    )
    async with Following(environment(server), [plain]) as it:
        await asyncio.sleep(0.5)
        assert it.intake.states == {}
    assert len(server.gateway.log) == 0
