"""How long from a key press to the paint that shows it while rows change: ours beside Textual's DataTable.

`python -m tests.bench.key_latency` prints one JSON object. Keys come from a thread of their own, as Textual's input
thread sends them; posted from the event loop itself they would never wait behind other work. Frames are turned into
terminal sequences as for a real terminal, and thrown away.
"""

import argparse
import asyncio
import json
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType
from textual import events
from textual._compositor import CompositorUpdate
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import DataTable

from core.views.table import Row, TableChange
from tests.tui.fleet import COLUMNS, KEY, NOW, FakeLink, flat, node
from tui.app import VacancyApp
from tui.widgets.fleet_table import FleetTable

SIZE = (160, 50)
Paint = Callable[[], None]


class _Painted(App[None]):
    """Turns every frame into terminal sequences and tells `on_paint`."""

    on_paint: Paint | None = None

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if renderable is None or not self._running or self._batch_count:
            return
        if isinstance(renderable, CompositorUpdate):
            renderable.render_segments(self.console)
        else:
            self.console._render_buffer(self.console.render(renderable))
        if self.on_paint is not None:
            self.on_paint()


class FleetBench(_Painted, VacancyApp):
    """The product, fed over a link with one change set for each changed row."""

    home_key = "home"

    def __init__(self, rows: int) -> None:
        self.link = FakeLink()
        self.link.views[KEY] = flat(rows)
        super().__init__(self._connected)
        self.count = rows
        self.generation = 1

    async def _connected(self) -> FakeLink:
        return self.link

    @property
    def ready(self) -> bool:
        return bool(self.screen_stack and self.query(FleetTable) and self.query_one(FleetTable).model.order)

    @property
    def at(self) -> int:
        table = self.query_one(FleetTable)
        return table.model.position.get(table.cursor_id, -1)

    @property
    def top(self) -> int:
        return self.query_one(FleetTable).scroll_offset.y

    def feed_one(self, index: int, turn: int) -> None:
        row = node(index)
        cells = node((index + turn) % self.count).cells
        changed = Row(row.id, (row.cells[0], *cells[1:]), opens=row.opens)
        self.link.send(TableChange(KEY, self.generation, self.generation + 1, NOW, (changed,)))
        self.generation += 1


class DataTableBench(_Painted):
    """The reference: the same rows as text in Textual's own table, four cells changed at a time."""

    home_key = "ctrl+home"

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.count = rows
        self.ready = False

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        for column in COLUMNS:
            table.add_column(column.title, key=column.id, width=column.width)
        for index in range(self.count):
            table.add_row(*(cell.text or "██░░░░░░··  78  21" for cell in node(index).cells), key=str(index))
        self.ready = True

    @property
    def at(self) -> int:
        return self.query_one(DataTable).cursor_row

    @property
    def top(self) -> int:
        return self.query_one(DataTable).scroll_offset.y

    def feed_one(self, index: int, turn: int) -> None:
        table = self.query_one(DataTable)
        for column in ("cpu", "memory", "pods", "scale-in"):
            table.update_cell(str(index), column, f"{turn} of {index}")


class Probe:
    """Presses keys from a thread of its own and times the paints that show them."""

    def __init__(self, app: FleetBench | DataTableBench, presses: int, pause: float = 0.03) -> None:
        self.app = app
        self.presses = presses
        self.pause = pause
        self.in_view: list[float] = []
        self.scrolling: list[float] = []
        self._expected = -1
        self._shown = threading.Event()

    def painted(self) -> None:
        if self.app.at == self._expected:
            self._shown.set()

    def run(self) -> None:
        rng = random.Random(1)
        for key, expected, into in self._script():
            self._shown.clear()
            self._expected = expected
            start = time.perf_counter()
            driver = self.app._driver
            assert driver is not None
            driver.send_message(events.Key(key, None))
            if not self._shown.wait(10):
                raise TimeoutError(f"{key} to row {expected} never showed; the cursor is at {self.app.at}")
            if into is not None:
                into.append((time.perf_counter() - start) * 1000)
            time.sleep(self.pause * (0.5 + rng.random()))

    def _script(self) -> Iterator[tuple[str, int, list[float] | None]]:
        """Keys, the row that each leads to, and which list its time goes to."""
        for press in range(self.presses):
            yield "down", press % 20 + 1, self.in_view
            if press % 20 == 19:
                yield self.app.home_key, 0, None
        at = self.app.at
        page = SIZE[1] + 5
        for to in range(at + 1, at + self.presses + page):
            yield "down", to, self.scrolling if to > at + page else None


async def _feed(app: FleetBench | DataTableBench, per_second: int, visible: bool, done: threading.Event) -> None:
    rng = random.Random(2)
    turn = 0
    due = time.perf_counter()
    while not done.is_set():
        turn += 1
        app.feed_one(app.top + rng.randrange(40) if visible else rng.randrange(app.count), turn)
        due += 1 / per_second
        await asyncio.sleep(max(due - time.perf_counter(), 0))


def measure(app: FleetBench | DataTableBench, presses: int, per_second: int, visible: bool) -> dict[str, float]:
    """Run one app under load and press keys; milliseconds."""
    probe = Probe(app, presses)
    cpu = asyncio.run(_run(app, probe, per_second, visible))
    return {
        "in_view_p50": statistics.median(probe.in_view),
        "scrolling_p50": statistics.median(probe.scrolling),
        "p95": statistics.quantiles(probe.in_view + probe.scrolling, n=20)[-1],
        "max": max(probe.in_view + probe.scrolling),
        "cpu_percent": cpu,
    }


async def _run(app: FleetBench | DataTableBench, probe: Probe, per_second: int, visible: bool) -> float:
    done = threading.Event()

    async def press() -> float:
        await _until(lambda: app.ready)
        feed = asyncio.create_task(_feed(app, per_second, visible, done))
        await asyncio.sleep(1)
        app.on_paint = probe.painted
        used = time.process_time(), time.perf_counter()
        try:
            await asyncio.to_thread(probe.run)
            return (time.process_time() - used[0]) / (time.perf_counter() - used[1]) * 100
        finally:
            done.set()
            await feed
            app.exit()

    pressing = asyncio.create_task(press())
    await app.run_async(headless=True, size=SIZE)
    return await pressing


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--presses", type=int, default=150)
    parser.add_argument("--updates", type=int, default=200, help="rows changed a second")
    parser.add_argument("--visible", action="store_true", help="change only rows that show, the worst case")
    parser.add_argument("--no-reference", action="store_true")
    args = parser.parse_args()
    result = {"vacancy": measure(FleetBench(args.rows), args.presses, args.updates, args.visible)}
    if not args.no_reference:
        result["DataTable"] = measure(DataTableBench(args.rows), min(args.presses, 40), args.updates, args.visible)
    print(json.dumps({name: {k: round(v, 1) for k, v in values.items()} for name, values in result.items()}))


if __name__ == "__main__":
    main()
