"""What must never get out, and what must not be in the way: secrets, the SDKs' logs, proxies, slow endings."""

import asyncio
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.clients.alibaba import Connection, Reader, find
from core.cluster.cloud_kinds import GROUP, READ
from core.feeds.sink import FeedState, Phase
from core.views import group_detail, group_list, groups
from core.views.node_records import of_snapshot
from sim.cloud.faults import Fault
from sim.cloud.server import CloudServer
from tests.wire.cloud.account import POOL, WEB
from tests.wire.cloud_feeds.following import Following, environment, make_node
from tests.wire.cloud_feeds.test_following import filled

JOIN_TOKEN = "join-token-1"
"""What the account's userdata joins with (tests/wire/cloud/account)."""


async def test_no_secret_gets_into_a_table_or_a_view(server: CloudServer) -> None:
    ids = await filled(server)
    env = environment(server)
    async with Following(env, [make_node(name, POOL) for name in ids]) as it:
        await it.until(lambda: (group := it.store.table("Group").get(WEB)) and group.configuration and group.members)
        snapshot = it.store.snapshot(time.time())
    assert snapshot.table("Group")[WEB].configuration.user_data.joins
    records = groups.of_snapshot(snapshot, of_snapshot(snapshot))
    shown = [repr(snapshot.table(kind.name)) for kind in (*READ, GROUP)] + [
        repr(group_list.document(records.values(), {}, "")),
        repr(group_detail.view(records[WEB], 0.0, 0)),
    ]
    for secret in (JOIN_TOKEN, env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"], env["ALIBABA_CLOUD_ACCESS_KEY_ID"]):
        assert not any(secret in text for text in shown)


async def test_the_sdks_write_nothing_to_the_terminal(
    server: CloudServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("DEBUG", "sdk")  # with this the SDKs log all headers, credentials included
    caplog.set_level(logging.DEBUG)
    server.gateway.faults.add(Fault("html", "ecs", times=2))
    async with Following(environment(server), [make_node("i-bp1free0", POOL)]) as it:
        await it.until(lambda: it.intake.states.get("Instance") == FeedState(Phase.LIVE))
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if "Authorization" in record.getMessage()]


async def test_loopback_is_reached_whatever_proxy_is_set(server: CloudServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    env = environment(server) | {"HTTP_PROXY": "http://127.0.0.1:9"}
    async with Following(env, [make_node("i-bp1free0", POOL)]) as it:
        await it.until(lambda: it.intake.states.get("ScalingGroup") == FeedState(Phase.LIVE))


async def test_a_hanging_call_keeps_nobody_from_leaving(server: CloudServer) -> None:
    server.gateway.faults.add(Fault("silence", seconds=8, times=None))
    async with Following(environment(server), [make_node("i-bp1free0", POOL)]) as it:
        await it.until(lambda: len(server.gateway.log) > 0)
        started = time.monotonic()
    assert time.monotonic() - started < 1


PROGRAM = """
import asyncio, os, sys
from pathlib import Path
from core.clients.alibaba import Connection, Reader, find
async def main():
    reader = Reader(Connection(find(os.environ, Path("/nowhere")), "cn-hangzhou"))
    try:
        await asyncio.wait_for(reader.ess.groups(), 6)
    except TimeoutError:
        print("left")
asyncio.run(main())
"""


async def test_the_process_ends_although_a_call_hangs(server: CloudServer) -> None:
    server.gateway.faults.add(Fault("silence", seconds=30, times=None))
    env = {**os.environ, **environment(server)}
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert (out, err) == (b"left\n", b"")
    assert time.monotonic() - started < 9


async def test_calls_stay_apart_even_when_asked_together(server: CloudServer) -> None:
    env = environment(server)
    settings = find(env, Path("/nowhere"))
    assert settings is not None
    connection = Connection(settings, "cn-hangzhou", env)
    await asyncio.gather(*(Reader(connection).ess.groups() for _ in range(8)))
    gaps = [after - before for before, after in zip(connection.sent, list(connection.sent)[1:], strict=False)]
    connection.close()
    assert len(gaps) == 7
    assert min(gaps) > 0.2
