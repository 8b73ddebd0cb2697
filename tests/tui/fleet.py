"""A made-up fleet in the shape of the Nodes view, and a session that says only what a test makes it say."""

import asyncio
import random
from collections.abc import AsyncIterator

from core.views.detail import DetailView, Fact
from core.views.link import Intent, Update
from core.views.status import Connection, Source, Status
from core.views.table import (
    Align,
    Bar,
    Cell,
    Column,
    Elide,
    Row,
    TableView,
    Tone,
    ViewKey,
    bar_cell,
    text_cell,
)

NOW = 1_768_478_400.0
KEY = ViewKey("nodes", group_by="pool")
COLUMNS = (
    Column("name", "NODE", 22, 12, elide=Elide.START, grow=True, hotkey="N"),
    Column("pool", "POOL", 8, importance=6, hotkey="P"),
    Column("type", "TYPE", 15, importance=8),
    Column("cpu", "CPU", 18, bars=True, hotkey="C"),
    Column("memory", "MEMORY", 18, bars=True, importance=1, hotkey="M"),
    Column("pods", "PODS", 8, align=Align.RIGHT, importance=4),
    Column("state", "STATE", 10, importance=3),
    Column("age", "AGE", 4, align=Align.RIGHT, importance=7, hotkey="A"),
    Column("origin", "ORIGIN", 11, importance=9),
    Column("scale-in", "SCALE-IN", 30, 16, grow=True),
)


def group(name: str, members: int) -> Row:
    return Row(
        f"pool/{name}",
        (
            Cell(name, name),
            Cell(f"{members} nodes", members),
            text_cell("ecs.g7.2xlarge"),
            bar_cell(0.78, 0.21),
            bar_cell(0.69, 0.40),
            Cell(f"{members * 20}/{members * 110}", members * 20),
            Cell(""),
            Cell(""),
            Cell(""),
            Cell("2 could go"),
        ),
        group=True,
    )


def node(
    index: int, pool: str = "", cpu: Bar | None = None, name: Cell | None = None, verdict: Cell | None = None
) -> Row:
    full = f"cn-hangzhou.10.0.{index // 250}.{index % 250}"
    rng = random.Random(index)
    booked, used = rng.random(), rng.random() * 0.6
    cells = {
        "name": name or text_cell(full),
        "pool": text_cell(pool),
        "type": text_cell("ecs.g7.2xlarge", Tone.MUTED),
        "cpu": Cell("", cpu.booked, bar=cpu) if cpu else bar_cell(booked, used),
        "memory": bar_cell(rng.random(), rng.random() * 0.6),
        "pods": Cell(f"{index % 110}/110", index % 110),
        "state": text_cell("Ready", Tone.GOOD) if index % 9 else text_cell("NotReady", Tone.DANGER),
        "age": Cell(f"{index % 60}d", index % 60 * 86400),
        "origin": text_cell("autoscaled", Tone.MUTED),
        "scale-in": verdict or text_cell(f"busy: cpu {int(booked * 100)} % > 50 %")
        if booked > 0.5
        else text_cell("could go"),
    }
    return Row(
        f"node/{full}", tuple(cells.values()), f"pool/{pool}" if pool else "", int(bool(pool)),
        labels={"pool": pool or "none", "kubernetes.io/hostname": full}, opens=ViewKey("node", full),
    )  # fmt: skip


def fleet(*rows: Row, generation: int = 1, key: ViewKey = KEY, totals: Row | None = None) -> TableView:
    return TableView(
        key, "Nodes", COLUMNS, rows, generation, NOW, totals,
        group_choices=("pool", "zone", ""), noun="nodes", empty="No nodes: add a node pool.",
    )  # fmt: skip


def flat(size: int, generation: int = 1) -> TableView:
    """A fleet without groups."""
    return fleet(*(node(index) for index in range(size)), generation=generation)


def pooled(**pools: int) -> TableView:
    """A fleet of pools with so many nodes each."""
    rows: list[Row] = []
    for name, size in pools.items():
        rows.append(group(name, size))
        rows += [node(len(rows) + index, name) for index in range(size)]
    return fleet(*rows)


STATUS = Status(
    context="prod-hz", as_of=NOW - 0.4, region="cn-hangzhou", nodes=37, pods=1204, waiting=38,
    cpu=Bar(0.71, 0.23), memory=Bar(0.64, 0.41), sources=(Source("kubernetes", Connection.LIVE, NOW - 60),),
)  # fmt: skip


class FakeLink:
    """A `Link` that sends what a test puts in, and remembers what the screens asked for."""

    def __init__(self) -> None:
        self.subscribed: list[ViewKey] = []
        self.unsubscribed: list[ViewKey] = []
        self.intents: list[Intent] = []
        self.views: dict[ViewKey, Update] = {}
        """Sent whenever somebody subscribes to them."""
        self.closed = False
        self._queue: asyncio.Queue[Update | BaseException] = asyncio.Queue()

    def send(self, *updates: Update | BaseException) -> None:
        for update in updates:
            self._queue.put_nowait(update)

    async def updates(self) -> AsyncIterator[Update]:
        while True:
            update = await self._queue.get()
            if isinstance(update, BaseException):
                raise update
            yield update

    def subscribe(self, key: ViewKey) -> None:
        self.subscribed.append(key)
        if key in self.views:
            self.send(self.views[key])

    def unsubscribe(self, key: ViewKey) -> None:
        self.unsubscribed.append(key)

    def intend(self, intent: Intent) -> None:
        self.intents.append(intent)

    async def close(self) -> None:
        self.closed = True


POD_COLUMNS = (
    Column("name", "POD", 30, 16, grow=True),
    Column("status", "STATUS", 12, importance=3),
    Column("cpu", "CPU REQ", 7, align=Align.RIGHT),
    Column("used", "USED", 6, align=Align.RIGHT, importance=2),
)


def pods(*names: str) -> TableView:
    """The pods of a node."""
    rows = [Row(name, (text_cell(name), text_cell("Running"), Cell("250m", 250), Cell("12m", 12))) for name in names]
    return TableView(ViewKey("pods"), "Pods", POD_COLUMNS, tuple(rows), 0, NOW, noun="pods", empty="No pods.")


def detail(name: str, generation: int = 1, pod_names: tuple[str, ...] = ("shop/cart-0", "db/pg-0")) -> DetailView:
    """A node in full."""
    taint = Row("gpu", (text_cell("gpu=yes:NoSchedule"),))
    taints = TableView(ViewKey("taints"), "Taints", (Column("name", "TAINT", 20),), (taint,), 0, NOW, noun="taints")
    facts = [("State", "Ready"), ("Pool", "web"), ("Zone", "cn-hangzhou-h"), ("Instance", "i-bp1abc  ecs.g7.2xlarge")]
    return DetailView(
        ViewKey("node", name),
        f"Node {name}",
        generation,
        NOW,
        tuple(Fact(label, text_cell(value)) for label, value in facts),
        (pods(*pod_names), taints),
    )
