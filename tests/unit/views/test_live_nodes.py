"""The Nodes view that follows events says the same as one that is made from scratch."""

import random
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from core.cluster.store import Store
from core.kube import kinds
from core.views import nodes
from core.views.live_nodes import NodesView, Records
from core.views.node_records import of_snapshot
from core.views.table import TableChange, TableView, Tone, ViewKey, apply, text_cell
from tests.unit import build

NOW = float(build.NOW)
POOL = "alibabacloud.com/nodepool-id"


def put(store: Store, *objects: build.Object) -> None:
    for one in objects:
        store.upsert(one["kind"], kinds.BY_NAME[one["kind"]].codec.item(msgspec.json.encode(one)))


def pool_group(pool: str, name: str) -> build.Object:
    """A group of the nodes that carry the pool's label."""
    spec = {"nodePoolId": pool, "displayName": name}
    return {"kind": "NodeGroup", "metadata": {"name": f"g-{pool}"}, "spec": spec}


def metrics(name: str, cpu: str) -> build.Object:
    return {"kind": "NodeMetrics", "metadata": {"name": name}, "usage": {"cpu": cpu}, "timestamp": build.OLD}


class Follower:
    """A screen: takes every update and holds the table."""

    def __init__(self, store: Store, group_by: str = "") -> None:
        self.store, self.records = store, Records(store)
        self._view = NodesView(ViewKey("nodes", group_by=group_by))
        self.table: TableView | None = None
        self.changes: list[TableChange] = []

    def round(self) -> TableView:
        for _ in self.records.refresh(self.store.take_dirty_nodes()):
            pass
        for update in self._view.produce(self.records, NOW):
            if isinstance(update, TableView):
                self.table = update
            elif update is not None and self.table is not None:
                self.changes.append(update)
                self.table = apply(self.table, update)
        assert self.table is not None
        return self.table


def content(table: TableView) -> dict[str, Any]:
    rows = {row.id: msgspec.structs.replace(row, labels={}) for row in table.rows}
    assert len(rows) == len(table.rows)
    return {**rows, "totals": table.totals}


def anew(store: Store, group_by: str) -> TableView:
    return nodes.view(of_snapshot(store.snapshot(NOW)), NOW, 1, group_by)


def labels(chance: random.Random) -> dict[str, str]:
    kind = {"type": "virtual-kubelet"} if chance.random() < 0.1 else {}
    return {POOL: chance.choice(["np1", "np2"]), "topology.kubernetes.io/zone": chance.choice("ab"), **kind}


def happen(store: Store, chance: random.Random) -> None:
    """One event of any sort."""
    name, pod = f"n{chance.randrange(8)}", f"p{chance.randrange(30)}"
    extra: dict[str, str] = {"nvidia.com/gpu": "1"} if chance.random() < 0.3 else {}
    match chance.choice(["node", "gone", "pod", "pod", "pod", "less", "usage", "blind", "group", "ungroup", "forbid"]):
        case "node":
            put(store, build.node(name, labels=labels(chance), extra=extra))
        case "gone":
            store.remove("Node", name)
        case "pod":
            owner, phase = chance.choice(["DaemonSet", "Job"]), chance.choice(["Running", "Failed"])
            cpu = f"{chance.randrange(900)}m"
            put(store, build.pod(f"a/{pod}", name, cpu, extra=extra, owner=owner, phase=phase))
        case "less":
            store.remove("Pod", f"a/{pod}")
        case "usage":
            put(store, metrics(name, f"{chance.randrange(900)}m"))
        case "blind":
            store.remove("NodeMetrics", name)
        case "group":
            pool = chance.choice(["np1", "np2"])
            put(store, pool_group(pool, chance.choice(["Web", "Data"])))
        case "ungroup":
            store.remove("NodeGroup", f"g-{chance.choice(['np1', 'np2'])}")
        case "forbid":
            kind = chance.choice(["Pod", "NodeMetrics"])
            if store.is_available(kind):
                store.unavailable(kind, "forbidden", forget=True)
            else:
                store.begin(kind)
                store.synced(kind)


@pytest.mark.parametrize("group_by", nodes.GROUPINGS)
@pytest.mark.parametrize("seed", range(4))
def test_after_any_events_the_table_equals_one_made_anew(group_by: str, seed: int) -> None:
    store, chance = Store(), random.Random(seed)
    store.available("Node")
    follower = Follower(store, group_by)
    for _ in range(150):
        for _ in range(chance.randrange(1, 6)):
            happen(store, chance)
        assert content(follower.round()) == content(anew(store, group_by))


def test_a_node_that_takes_anothers_place_between_two_rounds_is_in_its_group() -> None:
    store = Store()
    put(store, pool_group("np", "Web"))
    put(store, build.node("old", labels={POOL: "np"}))
    follower = Follower(store, "pool")
    follower.round()
    store.remove("Node", "old")
    put(store, build.node("new", labels={POOL: "np"}))
    follower.round()
    assert follower.records.by_name["new"].group == "g-np"


def test_a_node_that_changes_its_pool_changes_its_group() -> None:
    store = Store()
    for pool in ("np1", "np2"):
        put(store, pool_group(pool, ""))
    put(store, build.node("n", labels={POOL: "np1"}))
    follower = Follower(store)
    follower.round()
    put(store, build.node("n", labels={POOL: "np2"}))
    follower.round()
    assert follower.records.by_name["n"].group == "g-np2"


def test_only_what_changed_is_sent() -> None:
    store = Store()
    put(store, *(build.node(f"n{i}", labels={POOL: "np"}) for i in range(50)))
    follower = Follower(store)
    follower.round()
    put(store, build.pod("a/p", "n7"))
    follower.round()
    (change,) = follower.changes
    assert "n7" in {row.id for row in change.upserted}
    assert len(change.upserted) <= 2  # the node, and one that grew older


def test_where_nodes_may_not_be_read_those_with_pods_are_shown_and_given_back_whole() -> None:
    store = Store()
    put(store, build.node("n1"), build.pod("a/p", "n1"), build.pod("a/q", "n2"))
    follower = Follower(store)
    follower.round()
    store.unavailable("Node", "forbidden", forget=True)
    assert ids(follower.round().rows) == {"n1", "n2"}
    assert not follower.records.by_name["n1"].readable
    store.begin("Node")
    put(store, build.node("n1"))
    store.synced("Node")
    assert ids(follower.round().rows) == {"n1"}
    assert follower.records.by_name["n1"].readable


def ids(rows: Iterable[Any]) -> set[str]:
    return {row.id for row in rows}


def test_pods_that_come_before_their_node_are_booked_on_it() -> None:
    store = Store()
    store.unavailable("Pod", "not read yet")
    store.unavailable("Node", "not read yet")
    store.begin("Pod")
    put(store, build.pod("a/p", "n1", cpu="500m"))
    follower = Follower(store)
    follower.round()
    store.synced("Pod")
    store.begin("Node")
    put(store, build.node("n1"))
    store.synced("Node")
    follower.round()
    assert follower.records.by_name["n1"].reservation["cpu"].requested == 500


def test_a_node_in_trouble_says_so_in_its_verdict_too() -> None:
    """Where the terminal is narrow the column with its state is gone; the verdict never is."""
    store = Store()
    put(store, build.node("sick", ready="False"), build.node("well"))
    follower = Follower(store)
    follower.records.verdicts = {"sick": text_cell("stays: empty"), "well": text_cell("stays: busy")}
    table = follower.round()
    at = next(index for index, column in enumerate(table.columns) if column.id == "scale-in")
    said = {row.id: row.cells[at] for row in table.rows}
    assert (said["sick"].text, said["sick"].tone) == ("NotReady: stays: empty", Tone.DANGER)
    assert said["well"].text == "stays: busy"
