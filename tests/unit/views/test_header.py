"""The header: totals of the machines, what is unknown, and what is wrong."""

from core.cluster.store import Store
from core.views.header import About, header
from core.views.live import Moment
from core.views.live_nodes import Records
from core.views.planned import Planned
from core.views.status import Connection, Source, Status
from tests.unit import build
from tests.unit.views.test_live_nodes import metrics, put

REGION = {"topology.kubernetes.io/region": "cn-hangzhou"}


def shown(store: Store, planned: Planned | None = None, about: About | None = None, armed: bool = False) -> Status:
    records = Records(store)
    for _ in records.refresh(store.take_dirty_nodes()):
        pass
    source = Source("kubernetes", Connection.LIVE)
    return header(Moment(store, records, 100.0, planned or Planned()), about or About("c", None, (source,)), armed)


def test_before_anything_was_read_nothing_is_known() -> None:
    store = Store()
    for kind in ("Node", "Pod"):
        store.unavailable(kind, "not read yet")
    status = shown(store)
    assert (status.nodes, status.pods, status.waiting, status.region) == (None, None, None, "")
    assert (status.cpu.booked, status.cpu.used) == (None, None)


def test_an_empty_cluster_is_known_to_be_empty() -> None:
    status = shown(Store())
    assert (status.nodes, status.pods, status.waiting) == (0, 0, 0)


def test_totals_are_of_machines_only() -> None:
    store = Store()
    put(
        store,
        build.node("n1", cpu="4", labels=REGION),
        build.node("vk", cpu="1000", labels={"type": "virtual-kubelet"}),
    )
    put(store, build.pod("a/p", "n1", cpu="1"), build.pod("a/waits"), metrics("n1", "2"))
    status = shown(store)
    assert (status.nodes, status.pods, status.waiting) == (1, 2, 1)
    assert (status.cpu.booked, status.cpu.used) == (0.25, 0.5)
    assert (status.memory.used, status.region) == (None, "cn-hangzhou")


def test_without_pods_bookings_are_unknown_and_usage_is_not() -> None:
    store = Store()
    put(store, build.node("n1", cpu="4"), metrics("n1", "2"))
    store.unavailable("Pod", "forbidden", forget=True)
    status = shown(store)
    assert (status.cpu.booked, status.cpu.used, status.pods) == (None, 0.5, None)


def test_a_plan_that_failed_is_said_beside_what_the_source_says() -> None:
    about = About("c", 90.0, (), notice="limited")
    status = shown(Store(), Planned(error="no plan: a bad setting"), about)
    assert status.notice == "limited; no plan: a bad setting"
    assert status.as_of == 90.0


def test_it_says_whether_anything_can_be_changed() -> None:
    assert shown(Store()).read_only
    assert not shown(Store(), armed=True).read_only
