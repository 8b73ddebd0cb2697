"""The ECI view at 50,000 pods on virtual nodes: of 1,500 owners and of 50,000, beside the plan of the same cluster; and
how long the screen takes from the key to its rows, beside the Nodes screen of 1,000 rows."""

import argparse
import asyncio
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from core.analysis.prices import shipped
from core.session import Session, Where
from core.views.live_audits import AuditProducer, eci_table
from core.views.planned import Planned
from core.views.table import TableView, ViewKey
from tests.unit.build import Object, at, node, policy
from tests.unit.pending.small import pool
from tests.unit.serverless.small import VK, on_eci, planned
from tui.app import VacancyApp
from tui.widgets.fleet_table import FleetTable

PODS, NODES, GROUPS = 50_000, 1_000, 20
OWNERS = (1_500, 50_000)
BAR = 2.0
"""Seconds of CPU: on an idle machine the wall's are the same."""
REPEATS = 5
SIZE = (160, 50)
KEY = ViewKey("eci")


def pods(owners: int) -> Iterator[Object]:
    """Pods on the virtual node: a third too young to matter, the others to be placed on ECS."""
    for index in range(PODS):
        owner = index % owners
        labels = {"app": f"w{owner}", "team": f"t{owner % 40}"}
        name = f"ns{owner % 20}/p{index}"
        made = on_eci(name, days=1 + index % 9, owner_name=f"w{owner}", cpu="500m", labels=labels)
        made["metadata"]["ownerReferences"][0]["uid"] = f"u{owner}"
        yield made


def cluster(owners: int) -> list[Object]:
    """Everything but the virtual node and the policy."""
    nodes = [node(f"n{index}", "16", "64Gi") for index in range(NODES)]
    groups = [pool(f"g{index}", cpu=str(4 + 4 * index), high=300) for index in range(GROUPS)]
    return [*nodes, *groups, *pods(owners)]


def view_alone(owners: int) -> float:
    """Prints audit and rows from an empty start; seconds of CPU."""
    objects = cluster(owners)
    digest = hashlib.sha256(json.dumps(objects, sort_keys=True).encode()).hexdigest()[:16]
    started = time.process_time()
    plan = planned(*objects)
    reference = time.process_time() - started
    del objects
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        view = AuditProducer(KEY, eci_table).make(Planned(plan, prices=shipped()))
        times.append(time.process_time() - started)
        assert isinstance(view, TableView)
        assert len(view.rows) == owners
        del view
    ours = median(times)
    print(f"input {digest}, {PODS} pods on virtual nodes of {owners} owners, {NODES} ECS nodes, {GROUPS} groups")
    print(f"  audit and view {ours:.2f} s CPU (median of {REPEATS}), bar {BAR:.0f} s")
    print(f"  reference: decode and plan of the same cluster {reference:.2f} s CPU, {reference / ours:.1f}x")
    return ours


def dump(folder: Path, owners: int) -> Path:
    """The same as a file."""
    own = ("NodeGroup", "AutoscalerPolicy")
    objects = [VK, policy(assumeComplete=True, now=at(0)), *cluster(owners)]
    path = folder / "dump.json"
    with path.open("w") as file:
        file.write('{"kind":"List","items":[')
        for index, one in enumerate(objects):
            version = "vacancy/v1" if one["kind"] in own else "v1"
            file.write("," * (index > 0) + json.dumps({"apiVersion": version, **one}))
        file.write("]}")
    return path


class Opening:
    """The screens on a dump, without a terminal: which key leads to how many rows, and after how long."""

    def __init__(self, path: Path) -> None:
        self.app = VacancyApp(self._session)
        self._path = path
        self.longest = 0.0
        """The longest that the event loop worked without giving anybody else a turn: seconds of CPU."""

    async def _session(self) -> Session:
        return Session(Where(str(self._path)))

    async def run(self) -> list[tuple[float, float]]:
        """Seconds of wall and of CPU to the rows of Nodes and of ECI."""
        found: list[tuple[float, float]] = []

        async def press() -> None:
            await self._until(lambda: self._rows() > NODES and self.app.screen.id != "_default")
            await self._opened("2", lambda: self._noun() == "classes")  # the plan is there
            found.append(await self._opened("1", lambda: self._rows() > NODES))
            watching = asyncio.create_task(self._watch())
            found.append(await self._opened("5", lambda: self._noun() == "owners" and self._rows() >= OWNERS[0]))
            watching.cancel()
            self.app.exit()

        pressing = asyncio.create_task(press())
        await self.app.run_async(headless=True, size=SIZE)
        await pressing
        return found

    async def _opened(self, key: str, shown: Callable[[], bool]) -> tuple[float, float]:
        started = time.perf_counter(), time.process_time()
        self.app.simulate_key(key)
        await self._until(shown)
        took = time.perf_counter() - started[0], time.process_time() - started[1]
        await asyncio.sleep(1)
        return took

    def _noun(self) -> str:
        view = getattr(self.app.screen, "view", None)
        return view.noun if view is not None else ""

    def _rows(self) -> int:
        tables = self.app.screen.query(FleetTable)
        return len(tables.first().model.order) if tables else 0

    async def _until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(120):
            while not (self.app.is_running and true()):  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.01)

    async def _watch(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.01)
            self.longest = max(self.longest, time.thread_time() - before)


def screen(owners: int) -> float:
    """Prints how long the ECI screen takes; seconds."""
    sys.setswitchinterval(0.001)
    with tempfile.TemporaryDirectory() as folder:
        opening = Opening(dump(Path(folder), owners))
        nodes, ours = asyncio.run(opening.run())
    print(f"from the key to the rows of {owners} owners, {PODS} pods: {ours[1]:.2f} s CPU, {ours[0]:.2f} s wall")
    print(f"  bar {BAR:.0f} s; the event loop's longest turn meanwhile {opening.longest * 1_000:.0f} ms")
    print(f"  reference: the Nodes screen of {NODES} rows {nodes[1]:.2f} s CPU, {nodes[0]:.2f} s wall")
    return ours[1]


def main() -> int:
    """Print the figures; 0 when the bar holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("view", "screen"))
    only = parser.parse_args().only
    views = [view_alone(owners) for owners in OWNERS] if only != "screen" else []
    screens = [screen(OWNERS[-1])] if only != "view" else []
    return 0 if all(one <= BAR for one in (*views, *screens)) else 1


if __name__ == "__main__":
    sys.exit(main())
