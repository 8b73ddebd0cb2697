"""The SDKs live in a process of their own: this one never imports them, and doesn't mind when that one dies."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clients.alibaba import CloudError, Connection, Denied, Reader, Unreachable, find
from core.clients.alibaba.writer import Writer
from sim.cloud.faults import Fault
from sim.cloud.server import CloudServer
from tests.unit.cloud.test_not_imported import SDKS
from tests.wire.cloud.account import LONE, REGION
from tests.wire.cloud.conftest import until
from tests.wire.cloud_feeds.following import environment


@pytest.fixture
async def connection(server: CloudServer) -> AsyncIterator[Connection]:
    env = environment(server, server.gateway.access.named("admin"))
    settings = find(env, Path("/nowhere"))
    assert settings is not None
    made = Connection(settings, REGION, env)
    yield made
    made.close()
    await until(lambda: len(helpers()) <= 1)


def helpers() -> list[int]:
    """The helper processes of this process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended in between
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"alibaba import helper" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


PROGRAM = """
import asyncio, os, sys
from pathlib import Path
from core.clients.alibaba import Connection, Reader, find
from core.clients.alibaba.writer import Writer
async def main():
    connection = Connection(find(os.environ, Path("/nowhere")), "cn-hangzhou")
    reader = Reader(connection)
    tagged = await reader.ecs.instances_tagged("no", "such")
    print(len((await reader.ess.groups()).items), len(tagged.items), len((await reader.cs.pools(sys.argv[1])).items))
    connection.close()
asyncio.run(main())
print([name for name in sys.argv[2].split() if name in sys.modules])
"""


async def test_all_three_products_are_asked_and_no_sdk_is_imported_here(server: CloudServer) -> None:
    env = {**os.environ, **environment(server)}
    cluster = next(iter(server.gateway.cloud.clusters)).id
    words = (sys.executable, "-c", PROGRAM, cluster, " ".join(name for name in SDKS if name != "asyncio_throttle"))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, env=env, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    assert (out.decode().splitlines(), err) == (["3 0 1", "[]"], b"")


ENDLESS = PROGRAM.replace(
    "    connection.close()",
    "    print(connection._process._child._process.pid, flush=True)\n    await asyncio.sleep(60)",
)


async def test_it_ends_with_a_program_that_is_killed(server: CloudServer) -> None:
    env = {**os.environ, **environment(server)}
    cluster = next(iter(server.gateway.cloud.clusters)).id
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ENDLESS, cluster, "", env=env, stdout=-1)
    assert process.stdout is not None
    await process.stdout.readline()
    helper = Path("/proc") / (await process.stdout.readline()).decode().strip()
    assert helper.exists()
    process.kill()
    await process.wait()
    await until(lambda: not helper.exists())


async def test_only_the_tagged_machines_are_found(server: CloudServer, connection: Connection) -> None:
    server.gateway.cloud.instances.change("i-bp1free0", tags=(("team", "web"),))
    found = await Reader(connection).ecs.instances_tagged("team", "web")
    assert [machine.id for machine in found.items] == ["i-bp1free0"]


async def test_a_helper_that_dies_is_replaced(server: CloudServer, connection: Connection) -> None:
    reader = Reader(connection)
    assert (await reader.ess.groups()).items
    (first,) = helpers()
    os.kill(first, signal.SIGKILL)
    await until(lambda: not helpers())
    assert (await reader.ess.groups()).items
    assert helpers() != [first]


async def test_a_write_that_a_dying_helper_had_sent_may_have_taken_effect(
    server: CloudServer, connection: Connection
) -> None:
    server.gateway.faults.add(Fault("done-silence", "ess", "ScaleWithAdjustment", seconds=20))
    writing = asyncio.create_task(Writer(connection).ess.scale(LONE, "TotalCapacity", 1, "token-1"))
    await until(lambda: server.gateway.log.effects(), 20)
    os.kill(helpers()[0], signal.SIGKILL)
    with pytest.raises(Unreachable, match="the process that calls the cloud has ended") as caught:
        await writing
    assert caught.value.outcome_unknown


async def test_a_process_that_is_not_needed_serves_the_next_account(
    server: CloudServer, connection: Connection
) -> None:
    assert (await Reader(connection).ess.groups()).items
    connection.close()
    (first,) = helpers()
    nobody = environment(server, server.gateway.access.named("nobody"))
    settings = find(nobody, Path("/nowhere"))
    assert settings is not None
    other = Connection(settings, REGION, nobody)
    with pytest.raises(Denied, match="for nobody"):
        await Reader(other).ess.groups()
    assert helpers() == [first]
    other.close()


async def test_a_process_in_which_something_hangs_is_ended(server: CloudServer, connection: Connection) -> None:
    server.gateway.faults.add(Fault("silence", seconds=20))
    reading = asyncio.create_task(Reader(connection).ess.groups())
    await until(lambda: len(server.gateway.log) > 0, 20)
    reading.cancel()
    connection.close()
    await until(lambda: not helpers())


async def test_credentials_of_this_programs_own_environment_are_not_mixed_in(
    server: CloudServer, monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "of-another-account")
    assert (await Reader(connection).ess.groups()).items


async def test_errors_arrive_as_they_were(server: CloudServer, connection: Connection) -> None:
    server.gateway.faults.add(Fault("throttle", "ess", "ScaleWithAdjustment", seconds=7, code="Throttling.User"))
    with pytest.raises(CloudError) as caught:
        await Writer(connection).ess.scale(LONE, "TotalCapacity", 1, "token-1")
    error = caught.value
    assert (type(error).__name__, error.code, error.retry_after) == ("Throttled", "Throttling.User", 7.0)
    assert error.request_id
