"""The Pending view: classes, their order, the matrix of groups, the lines above and below; and one class in full."""

from typing import Any

import pytest

from core.analysis import planning
from core.analysis.planning import Plan
from core.policy import discover
from core.scheduling.refusal import Refusal
from core.views import pending, pending_detail, pending_words
from core.views.table import Cell, Row, TableView, ViewKey
from tests.unit.build import NOW, Object, at, event, group, node, pod, policy, snapshot, workload
from tests.unit.pending.small import pool, template

HOSTILE = "[red]x\x1b[31m\u202e界"


def planned(*objects: Object, **settings: Any) -> Plan:
    rules = {"assumeComplete": True, "templateSource": "template", **settings}
    taken = snapshot(*objects, policy(**rules))
    return planning.plan(taken, discover(taken))


def waiting(name: str, cpu: str = "1", owner: str = "web", **more: Any) -> Object:
    return pod(name, cpu=cpu, owner_name=owner, labels={"app": owner}, **more)


@pytest.fixture
def plan() -> Plan:
    """Two pods that a group grows for, one that no group takes, one beyond a full group, one ignored."""
    return planned(
        node("full", cpu="1"), pod("on", "full", cpu="1"),
        pool("asg-1", displayName="web"), pool("asg-2", cpu="16", displayName="large", high=0),
        waiting("shop/a", "3", created=at(600)), waiting("shop/b", "3", created=at(60)),
        waiting("shop/huge", "99", "huge", created=at(7200)), waiting("shop/wide", "9", "wide"),
        waiting("shop/cheap", "2", "cheap", spec={"priority": -100}),
        *(workload("ReplicaSet", name, "shop") for name in ("web", "huge", "wide", "cheap")),
    )  # fmt: skip


def shown(plan: Plan) -> TableView:
    return pending.view(plan, float(NOW), 7)


def cells(view: TableView, row: Row) -> dict[str, Cell]:
    return {column.id: cell for column, cell in zip(view.columns, row.cells, strict=True)}


def by_name(view: TableView) -> dict[str, dict[str, Cell]]:
    found = (cells(view, row) for row in view.rows)
    return {row["name"].text: row for row in found}


def test_pods_of_one_application_that_are_the_same_share_a_row(plan: Plan) -> None:
    rows = by_name(shown(plan))
    web = rows["ReplicaSet shop/web"]
    assert (web["pods"].text, web["since"].text, web["asks"].text) == ("2", "10m", "3 cpu  128Mi")
    assert web["verdict"].text == "scale-out: Gets a node when the autoscaler grows web from 0 to 2."


def test_the_most_troubled_come_first(plan: Plan) -> None:
    verdicts = [one.first.verdict for one in pending.classes(plan)]
    assert verdicts == ["stuck", "by-hand", "scale-out", "ignored"]
    assert shown(plan).generation == 7


def test_every_group_says_why_not(plan: Plan) -> None:
    rows = by_name(shown(plan))
    assert rows["ReplicaSet shop/web"]["group:asg-1"].text == "✓ 2 nodes"
    assert rows["ReplicaSet shop/huge"]["group:asg-1"].text == "✗ cpu"
    assert rows["ReplicaSet shop/wide"]["group:asg-2"].text == "– at maximum"
    assert rows["ReplicaSet shop/cheap"]["group:asg-1"].text == "", "who is ignored asks no group"
    assert [column.title for column in shown(plan).columns if column.id.startswith("group:")] == ["large", "web"]


@pytest.mark.parametrize(
    ("refusal", "word"),
    [
        (Refusal("NodeResourcesFit", ("Insufficient nvidia.com/gpu",)), "nvidia.com/gpu"),
        (Refusal("NodeResourcesFit", ("Too many pods",)), "pod slots"),
        (Refusal("TaintToleration", ("node(s) had untolerated taint",)), "taint"),
        (Refusal("NodeResourcesFit", ("not evaluated: DaemonSet not available",), False), "room"),
        (Refusal("SomethingNew", ("x",)), "SomethingNew"),
    ],
)
def test_a_refusal_in_one_word(refusal: Refusal, word: str) -> None:
    assert pending.why_not(refusal) == word


def test_why_a_group_cannot_grow_in_two_words() -> None:
    words = [
        pending.skip_word(one)
        for one in ("not autoscaled", "in backoff after failed scale-up", "exceeded quota: cpu", "new")
    ]
    assert words == ["by hand", "backing off", "over quota", "new"]


def test_the_headline_says_what_happens_next(plan: Plan) -> None:
    assert shown(plan).notes == (
        "5 pods wait in 4 classes, the oldest 1d │ next: web 0 -> 2 by least-waste, helps 2 │ then 3 still wait",
        "by the rules of cluster-autoscaler 1.35; no autoscaler was found in this cluster; "
        "expander least-waste (default)",
    )


def test_one_pod_waits_in_one_class() -> None:
    alone = planned(node("a", cpu="1"), pool("g", high=0), waiting("p", "3"), workload("ReplicaSet"))
    assert shown(alone).notes[0] == (
        "1 pod waits in 1 class, the oldest 1d │ no group grows: none that may grow would help a pod"
    )
    helped = planned(node("a", cpu="1"), pool("g"), waiting("p", "3"), workload("ReplicaSet"))
    assert shown(helped).notes[0].endswith("next: g 0 -> 1 by least-waste, helps 1 │ then nobody waits")


def test_without_groups_nothing_is_promised() -> None:
    alone = planned(node("a", cpu="1"), waiting("p", "3"), workload("ReplicaSet"))
    assert shown(alone).notes[1].startswith("no scaling group is known (yet)")


def test_an_empty_plan_says_that_nobody_waits() -> None:
    view = shown(planned(node("a")))
    assert (view.rows, view.notes) == ((), ())
    assert view.empty.startswith("No pod waits")
    assert shown(planned()).rows == ()


def test_the_last_trouble_stands_in_the_head() -> None:
    failed = event("FailedScaleUp", "Pod/default/p", 90, "no\nstock \x1b[31m")
    view = shown(planned(node("a", cpu="1"), pool("g", high=0), waiting("p", "3"), workload("ReplicaSet"), failed))
    assert view.notes[1] == "last trouble 1m ago: FailedScaleUp on pod default/p: no stock [31m"


def test_only_so_many_groups_get_a_column_those_that_help_most_first() -> None:
    groups = [pool(f"g{number}", cpu="1") for number in range(20)]
    many = planned(node("a", cpu="1"), *groups, pool("fits", cpu="8"), waiting("p", "4"), workload("ReplicaSet"))
    columns = [column.id for column in shown(many).columns if column.id.startswith("group:")]
    assert len(columns) == pending.MOST_GROUPS
    assert columns[0] == "group:fits"


def test_the_line_below_says_it_in_full_with_the_schedulers_own_words() -> None:
    said = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes: Insufficient cpu. preemption: 0/1 nodes",
    }
    one = waiting("p", "3")
    one["status"]["conditions"] = [said]
    view = shown(planned(node("a", cpu="1"), one, workload("ReplicaSet")))
    assert pending_words.why(view, view.rows[0]) == (
        "ReplicaSet default/web (stuck): No group is known that could give it a node. "
        "The scheduler says: 0/1 nodes: Insufficient cpu."
    )


def test_hostile_names_change_nothing_but_the_text() -> None:
    plan = planned(node(HOSTILE, cpu="1"), pool(HOSTILE), waiting(HOSTILE, "99", HOSTILE), group("e", displayName="e"))
    view = shown(plan)
    assert [row.id for row in view.rows] == [f"default/{HOSTILE}"]
    assert all("\x1b" not in column.title for column in view.columns)
    found = pending_detail.find(plan, f"default/{HOSTILE}")
    assert found is not None
    assert pending_detail.view(plan, found, NOW, 1).title == f"ReplicaSet default/{HOSTILE}"


def test_a_short_group_id_is_not_replaced_inside_words() -> None:
    plan = planned(node("a", cpu="1"), pool("e", displayName="front"), waiting("p", "3"), workload("ReplicaSet"))
    assert pending.classes(plan)[0].explanation == "Gets a node when the autoscaler grows front from 0 to 1."


def test_one_class_in_full(plan: Plan) -> None:
    found = pending_detail.find(plan, "shop/b")
    assert found is not None
    detail = pending_detail.view(plan, found, NOW, 3)
    facts = {fact.label: fact.value.text for fact in detail.facts}
    assert (facts["Verdict"], facts["Waiting"], facts["Asks"]) == ("scale-out", "2 pods, since 10m", "3 cpu  128Mi")
    groups, pods = detail.tables
    assert [[cell.text for cell in row.cells] for row in groups.rows] == [
        ["web", "✓ yes", "", "", "yes"],
        ["large", "✓ yes", "", "", "The group is at its maximum size."],
    ]
    assert [row.opens for row in groups.rows] == [ViewKey("group", "asg-1"), ViewKey("group", "asg-2")]
    assert [row.opens for row in pods.rows] == [ViewKey("pod", "shop/a"), ViewKey("pod", "shop/b")]


def test_a_pod_that_does_not_wait_has_no_class(plan: Plan) -> None:
    assert pending_detail.find(plan, "default/on") is None
    assert pending_detail.find(plan, "no/such") is None


def test_a_group_of_several_machine_types_is_judged_type_by_type() -> None:
    sizes = {"small": "2", "large": "8"}
    machines = [
        template(name, cpu=cpu, labels={"node.kubernetes.io/instance-type": name}) for name, cpu in sizes.items()
    ]
    mixed = group("g", [], templates=machines)
    found = planned(node("a", cpu="1"), mixed, waiting("p", "3"), workload("ReplicaSet"))
    one = pending_detail.find(found, "default/p")
    assert one is not None
    groups, _ = pending_detail.view(found, one, NOW, 1).tables
    assert [[cell.text for cell in row.cells][:4] for row in groups.rows] == [
        ["g", "✗ no", "NodeResourcesFit", "Insufficient cpu"],
        ["  as small", "✗ no", "NodeResourcesFit", "Insufficient cpu"],
        ["  as large", "✓ yes", "", ""],
    ]
    assert one.explanation.endswith(" It would fit large of g, but another machine type comes first there.")
    turned = planned(node("a", cpu="1"), group("g", [], templates=machines[::-1]), waiting("p", "3"))
    assert pending.classes(turned)[0].explanation == (
        "Gets a node when the autoscaler grows g from 0 to 1. Should g bring small instead of large, it would not fit."
    )
