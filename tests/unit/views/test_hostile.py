"""Objects that are odd but readable: every view of them is made, and nothing in it acts on a terminal."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from cli import output
from core.cluster.snapshot import Snapshot
from core.cluster.store import Store
from core.errors import InputError
from core.kube import kinds
from core.kube.pod import Pod
from core.views import node_list, nodes, pod_detail
from core.views.live import Moment, NodeDetailProducer
from core.views.live_nodes import Records
from core.views.node_records import of_snapshot
from core.views.planned import Planned
from core.views.table import TableView, ViewKey
from tests.unit import build
from tests.unit.kube import samples
from tests.unit.kube.test_hostile import broken

READ_BY_VIEWS = ("Node", "Pod", "NodeMetrics", "PodMetrics", "Event", "PodDisruptionBudget")


def odd_objects(kind: str) -> Iterator[Any]:
    for document in broken(samples.BY_KIND[kind]):
        try:
            yield kinds.BY_NAME[kind].codec.item(msgspec.json.encode(document))
        except InputError:
            continue


def sound(kind: str) -> Any:
    return kinds.BY_NAME[kind].codec.item(msgspec.json.encode(samples.BY_KIND[kind]))


def tables(snapshot: Snapshot) -> Iterator[TableView]:
    """Every table that shows something of these objects."""
    records = of_snapshot(snapshot)
    for group_by in nodes.GROUPINGS:
        yield nodes.view(records, snapshot.as_of, 1, group_by, wide=True)
    store = Store()
    for kind in READ_BY_VIEWS:
        store.upsert_all(kind, snapshot.table(kind).values())
    living = Records(store)
    list(living.refresh(store.take_dirty_nodes()))
    for name in living.by_name:
        for view in NodeDetailProducer(ViewKey("node", name)).produce(Moment(store, living, 0.0, Planned())):
            yield from getattr(view, "tables", ())
    for pod in snapshot.table("Pod").values():
        assert isinstance(pod, Pod)
        yield from pod_detail.view(pod, snapshot, 1).tables


@pytest.mark.parametrize("kind", READ_BY_VIEWS)
def test_every_view_of_odd_objects_is_made_and_harmless(kind: str) -> None:
    given = {one: sound(one) for one in READ_BY_VIEWS}
    for odd in odd_objects(kind):
        held = {**given, kind: odd}
        snapshot = Snapshot(1, float(build.NOW), {name: {one.key: one} for name, one in held.items()})
        for table in tables(snapshot):
            text = output.as_table(table, table.rows)
            assert all(char.isprintable() or char == "\n" for char in text)
        records = of_snapshot(snapshot).values()
        assert msgspec.json.decode(output.as_json(node_list.document(records, {}, "now", "pool")))["items"]
        assert output.as_csv(map(node_list.flat, records))
