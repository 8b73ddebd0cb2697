"""`vacancy nodes -o json` and `-o csv`: integers, null for unknown, virtual nodes apart."""

from typing import Any

from core.views import node_list
from core.views.node_records import of_snapshot
from tests.unit import build

POOL = {"alibabacloud.com/nodepool-id": "np1", "topology.kubernetes.io/zone": "z"}
USAGE: build.Object = {"kind": "NodeMetrics", "metadata": {"name": "n1"}, "usage": {"cpu": "300m"}}
VIRTUAL = build.node("vk", cpu="1000", labels={"type": "virtual-kubelet"})


def document(*objects: build.Object, group_by: str = "", without: tuple[str, ...] = ()) -> dict[str, Any]:
    snapshot = build.snapshot(*objects, without=without)
    return node_list.document(of_snapshot(snapshot).values(), snapshot.unavailable, "then", group_by)


def test_an_item_says_what_and_where_the_node_is() -> None:
    (item,) = document(build.node("n1", labels=POOL, unschedulable=True))["items"]
    assert (item["name"], item["pool"], item["zone"], item["instanceType"]) == ("n1", "np1", "z", None)
    assert (item["ready"], item["schedulable"], item["virtual"], item["group"]) == (True, False, False, None)


def test_amounts_are_integers_and_unknown_ones_null() -> None:
    pod = build.pod("a/p", "n1", cpu="1500m", owner="DaemonSet")
    resources = document(build.node("n1"), pod, USAGE)["items"][0]["resources"]
    assert resources["cpu"] == {
        "capacity": 4000, "allocatable": 4000, "requested": 1500, "limits": 0, "used": 300, "daemonsets": 1500,
    }  # fmt: skip
    assert resources["memory"]["used"] is None
    assert (resources["pods"]["requested"], resources["pods"]["limits"]) == (1, None)


def test_totals_leave_virtual_nodes_out_and_groups_hold_them_apart() -> None:
    found = document(build.node("n1", labels=POOL), VIRTUAL, group_by="pool")
    assert found["totals"]["nodes"] == 1
    assert found["totals"]["resources"]["cpu"]["allocatable"] == 4000
    assert [(one["name"], one["nodes"]) for one in found["groups"]] == [("np1", 1), ("virtual nodes", 1)]


def test_a_sum_says_how_much_of_it_was_measured() -> None:
    found = document(build.node("n1", labels=POOL), build.node("n2", labels=POOL), USAGE, group_by="pool")
    for cpu in (found["totals"]["resources"]["cpu"], found["groups"][0]["resources"]["cpu"]):
        assert (cpu["allocatable"], cpu["used"], cpu["measured"]) == (8000, 300, 4000)


def test_without_nodes_what_they_have_is_unknown_and_what_pods_book_is_not() -> None:
    found = document(build.pod("a/p", "n1", cpu="1"), without=("Node",))
    (item,) = found["items"]
    assert (item["resources"]["cpu"]["requested"], item["resources"]["cpu"]["allocatable"]) == (1000, None)
    assert (item["ready"], item["schedulable"]) == (None, None)
    total = found["totals"]["resources"]["cpu"]
    assert (total["requested"], total["allocatable"], total["measured"]) == (1000, None, None)
    assert found["unavailable"] == ["Node"]


def test_without_pods_nothing_is_known_to_be_booked() -> None:
    found = document(build.node("n1"), without=("Pod",))
    assert found["items"][0]["resources"]["cpu"]["requested"] is None
    assert found["totals"]["resources"]["cpu"]["requested"] is None


def test_no_nodes_are_an_empty_list() -> None:
    found = document()
    assert (found["items"], found["totals"]) == ([], {"nodes": 0, "resources": {}})


def test_a_line_of_csv_names_its_units() -> None:
    (record,) = of_snapshot(build.snapshot(build.node("n1"), USAGE)).values()
    line = node_list.flat(record)
    assert (line["cpu_allocatable_millicores"], line["cpu_used_millicores"]) == (4000, 300)
    assert (line["memory_allocatable_bytes"], line["memory_used_bytes"]) == (16 * 2**30, None)
    assert "resources" not in line
