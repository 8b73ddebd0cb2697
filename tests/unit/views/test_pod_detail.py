"""One pod in full: facts, containers, the budgets that protect it, its events."""

from typing import Any

import msgspec

from core.cluster.snapshot import Snapshot
from core.kube import kinds
from core.kube.metrics import PodMetrics
from core.views import pod_detail
from core.views.detail import DetailView
from core.views.table import TableView
from tests.unit.build import NOW, Object, at, budget, event, node, pod, snapshot, workload

HOSTILE = "[red]p\x1b[31m\u202e界"


def usage(name: str, **containers: Object) -> Object:
    parts = [{"name": one, "usage": used} for one, used in containers.items()]
    return {"kind": "PodMetrics", "metadata": {"name": name, "namespace": "default"}, "containers": parts}


def shown(name: str, *objects: Object, **more: Any) -> DetailView:
    taken: Snapshot = snapshot(*objects, **more)
    return pod_detail.view(taken.pods[name], taken, 4)


def facts(view: DetailView) -> dict[str, str]:
    return {fact.label: fact.value.text for fact in view.facts}


def table(view: DetailView, kind: str) -> TableView:
    return next(one for one in view.tables if one.key.kind == kind)


def texts(view: DetailView, kind: str) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table(view, kind).rows]


def test_where_it_runs_and_whose_it_is() -> None:
    view = shown("default/p", node("a"), pod("p", "a", created=at(3 * 3600)), workload("ReplicaSet"))
    found = facts(view)
    assert (view.title, view.generation, view.as_of) == ("Pod default/p", 4, NOW)
    assert (found["Node"], found["Belongs to"], found["Age"]) == ("a", "ReplicaSet default/web", "3h")
    assert (found["Asks"], found["Claims"], found["Kept on the node"]) == ("100m cpu  128Mi", "none", "nothing")
    assert "Scheduler" not in found


def test_a_pod_that_waits_says_why() -> None:
    late = pod("p")
    late["status"]["conditions"][0]["message"] = "0/3 nodes are available"
    found = facts(shown("default/p", late))
    assert (found["Node"], found["Scheduler"]) == ("none yet", "0/3 nodes are available")


def test_what_is_kept_on_the_node_is_named() -> None:
    spec = {
        "volumes": [{"name": "cache", "emptyDir": {}}, {"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    }
    found = facts(shown("default/p", pod("p", "a", spec=spec)))
    assert "cache" in found["Kept on the node"]
    assert found["Claims"] == "data"


def test_containers_with_what_they_book_and_use() -> None:
    raw = pod("p", "a", cpu="1500m", memory="1Gi")
    raw["spec"]["containers"][0]["resources"]["limits"] = {"cpu": "2"}
    view = shown("default/p", raw, usage("p", c={"cpu": "250m", "memory": "512Mi"}))
    assert texts(view, "containers") == [["c", "1.5", "2", "250m", "1Gi", "-", "512Mi"]]
    assert texts(shown("default/p", raw), "containers") == [["c", "1.5", "2", "-", "1Gi", "-", "-"]]


def test_metrics_are_read_as_the_view_expects() -> None:
    built = kinds.BY_NAME["PodMetrics"].codec.item(msgspec.json.encode(usage("p", c={"cpu": "1"})))
    assert isinstance(built, PodMetrics)


def test_only_the_budgets_that_match_it() -> None:
    other = {"matchLabels": {"app": "other"}}
    view = shown(
        "default/p", pod("p", "a"), budget("web", 0), budget("else", 1, other), budget("far", 1, namespace="far"),
        budget("vague", None),
    )  # fmt: skip
    assert [row[:2] for row in texts(view, "budgets")] == [["default/web", "0"], ["default/vague", "-"]]
    assert table(shown("default/p", pod("p")), "budgets").empty == "No budget."


def test_its_own_events_and_what_is_not_known_of_them() -> None:
    mine, other = event("Pulled", "Pod/default/p", 60, "ok"), event("Pulled", "Pod/default/q", 60, "ok")
    view = shown("default/p", pod("p"), pod("q"), mine, other)
    assert len(table(view, "events").rows) == 1
    unknown = table(shown("default/p", pod("p"), without=("Event",)), "events")
    assert unknown.rows == ()
    assert unknown.empty != table(shown("default/p", pod("p")), "events").empty


def test_hostile_names_labels_and_absent_fields() -> None:
    raw = pod(HOSTILE, labels={"a": HOSTILE}, annotations={"z": "x" * 300_000})
    view = shown(f"default/{HOSTILE}", raw)
    assert view.title == f"Pod default/{HOSTILE}"
    assert texts(view, "labels") == [["a", HOSTILE]]
    bare = {"kind": "Pod", "metadata": {"name": "bare", "namespace": "default"}}
    found = facts(shown("default/bare", bare))
    assert (found["Age"], found["Belongs to"]) == ("unknown", "Pod default/bare")
