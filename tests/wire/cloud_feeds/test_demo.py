"""The whole way: the simulated ACK as a process, a session on it, and the commands; every origin and group is there."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cli import demo as demo_mode
from core.session import Session, Where
from core.views.status import Connection, Source, Status
from core.views.table import TableChange, TableView, ViewKey, apply

pytestmark = pytest.mark.thorough

EVERY_ORIGIN = {"autoscaled", "expanded", "attached-auto", "attached-manual", "external", "virtual", "unknown"}


class Demo:
    """A running simulator and the environment that leads to it."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env

    async def run(self, *words: str) -> tuple[int, str, str]:
        """`vacancy` with these words: exit code, output, errors."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli", *words, env=self.env, stdout=-1, stderr=-1
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()


async def start(folder: Path, *options: str) -> tuple[asyncio.subprocess.Process, Demo]:
    """The simulator, once it is ready."""
    file = folder / "env"
    command = (sys.executable, "-m", "sim", "--env", str(file), "--still", *options)
    process = await asyncio.create_subprocess_exec(*command, stdout=-3, stderr=-3)
    async with asyncio.timeout(60):
        while not file.exists() or not file.read_text().endswith("\n"):  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.1)
    told = (line.removeprefix("export ").partition("=") for line in file.read_text().splitlines())
    return process, Demo({**os.environ, **{name: value.strip("'") for name, _, value in told}})


@pytest.fixture(params=["ack", "registered"])
async def demo(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Demo]:
    process, running = await start(tmp_path, "--flavour", request.param)
    running.env["FLAVOUR"] = request.param
    yield running
    process.send_signal(signal.SIGTERM)
    await process.wait()


async def test_the_commands_and_the_session_agree(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = await demo.run("nodes", "-o", "json")
    nodes: list[dict[str, Any]] = json.loads(out)["items"]
    origins = Counter(node["origin"] for node in nodes)
    expected = EVERY_ORIGIN if demo.env["FLAVOUR"] == "ack" else {"expanded", "external"}
    assert (code, set(origins)) == (0, expected)
    assert all(node["originEvidence"] for node in nodes)

    code, out, err = await demo.run("groups", "-o", "json")
    listed = json.loads(out)["items"]
    assert (code, err) == (0, "")
    assert len(listed) == (7 if demo.env["FLAVOUR"] == "ack" else 1)
    assert all(group["links"] and group["templates"] for group in listed)
    assert demo.env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] not in out

    for name, value in demo.env.items():
        if name.startswith(("ALIBABA", "VACANCY", "KUBECONFIG")):
            monkeypatch.setenv(name, value)
    view, status = await watched({group["id"] for group in listed if group["activities"]})
    assert {row.id for row in view.rows} == {group["id"] for group in listed}
    cloud = next(source for source in status.sources if source.name == "cloud")
    assert cloud.state is Connection.LIVE


async def watched(wanted: set[str]) -> tuple[TableView, Status]:
    """The Groups view of a session, once all groups have their activities, and the header of that moment."""
    session = Session(Where())
    session.subscribe(ViewKey("groups"))
    view: TableView | None = None
    status: Status | None = None
    async with asyncio.timeout(40):
        async for update in session.updates():
            match update:
                case TableView():
                    view = update
                case TableChange() if view is not None:
                    view = apply(view, update)
                case Status():
                    status = update
            if view is not None and status is not None and complete(view, status, wanted):
                break
    await session.close()
    assert view is not None
    assert status is not None
    return view, status


def complete(view: TableView, status: Status, wanted: set[str]) -> bool:
    place = next(index for index, column in enumerate(view.columns) if column.id == "activity")
    live = any(source.name == "cloud" and source.state is Connection.LIVE for source in status.sources)
    return live and wanted <= {row.id for row in view.rows if row.cells[place].text not in ("", "-")}


async def test_a_cloud_that_may_not_be_read_leaves_the_nodes(tmp_path: Path) -> None:
    process, running = await start(tmp_path)
    try:
        running.env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "wrong"
        code, out, err = await running.run("nodes", "-o", "json")
        assert code == 0
        assert len(json.loads(out)["items"]) > 20
        assert "the access key's secret is wrong" in err
        assert "wrong; correct" not in out
        code, out, err = await running.run("groups")
        assert (code, out, len(err.splitlines()) <= 2) == (3, "", True)
        assert "no scaling groups, node pools, machines: the access key's secret is wrong" in err
        code, out, err = await running.run("nodes", "--no-cloud", "-o", "json")
        assert (code, err) == (0, "")
        assert {node["origin"] for node in json.loads(out)["items"]} <= {"autoscaled", "external", "virtual", "unknown"}
    finally:
        process.terminate()
        await process.wait()


async def test_the_demo_opens_armed_whatever_the_shell_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `vacancy --demo` opens: a cluster of its own, also beside another account's token, gone when it ends."""
    monkeypatch.setattr(os, "environ", {**os.environ, "ALIBABA_CLOUD_SECURITY_TOKEN": "another-accounts"})
    with demo_mode.running() as demo:
        where = await asyncio.to_thread(demo.where)
        assert where.write
        session = Session(where)
        session.subscribe(ViewKey("nodes"))
        rows = 0
        async with asyncio.timeout(40):
            async for update in session.updates():
                if isinstance(update, TableView) and update.key == ViewKey("nodes"):
                    rows = len(update.rows)
                if isinstance(update, Status) and rows > 20 and (cloud := _cloud(update)) is not None:
                    assert cloud.state in (Connection.CONNECTING, Connection.LIVE), cloud.detail
                    if cloud.state is Connection.LIVE:
                        break
        await session.close()
        folder = Path(os.environ["KUBECONFIG"]).parent
    assert not folder.exists()


def _cloud(status: Status) -> Source | None:
    return next((source for source in status.sources if source.name == "cloud"), None)
