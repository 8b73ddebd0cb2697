"""Wishes as a person spells them, looked up in a cluster and made into changes."""

from typing import Any

import pytest

from core.analysis import planning
from core.analysis.planning import Plan
from core.analysis.what_if import imagine
from core.errors import InputError
from core.policy import discover
from core.views import what_if, what_if_detail
from core.views.table import ViewKey
from core.views.wish import stepped, view_key, wishes_of
from tests.unit.build import Object, deployment, group, node, pod, policy, snapshot, workload

GPU_TAINT = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


def template(cpu: str = "4", **more: Any) -> Object:
    return {key: part for key, part in node("template", cpu=cpu, **more).items() if key != "kind"}


@pytest.fixture
def plan() -> Plan:
    """One full node, a pod that waits for a large one, a group with a name, one without room, one that fits nobody."""
    owned = workload("ReplicaSet", name="web-5f", replicas=2)
    owned["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": "web", "uid": "d", "controller": True}]
    taken = snapshot(
        node("a", cpu="4", labels={"node.kubernetes.io/instance-type": "ecs.small"}),
        group("asg-1", ["a"], high=3, displayName="web", template=template()),
        group("asg-2", high=0, displayName="full", template=template("8")),
        group("asg-3", displayName="gpu", template=template("8", taints=[GPU_TAINT])),
        pod("x", "a", cpu="1500m", owner_name="web-5f"), pod("y", "a", cpu="1500m", owner_name="web-5f"),
        pod("waits", cpu="3", owner_name="web-5f"), pod("never", cpu="99"),
        deployment("web", "shop:1", [], namespace="default", replicas=2), owned, workload("ReplicaSet"),
        policy(assumeComplete=True, templateSource="template"),
    )  # fmt: skip
    return planning.plan(taken, discover(taken))


def test_groups_go_by_name_or_id(plan: Plan) -> None:
    assert imagine(plan, [("expand", "web", "1")]).lands == {"default/waits": "new node 1 of web"}
    assert imagine(plan, [("expand", "asg-1", "1")]).lands == {"default/waits": "new node 1 of web"}


def test_the_same_wish_twice_adds_twice(plan: Plan) -> None:
    twice = imagine(plan, [("expand", "web", "1"), ("expand", "web", "1")])
    assert len(twice.after.snapshot.nodes) == 3
    more = imagine(plan, [("replicas", "default/web", "+1"), ("replicas", "default/web", "+1")])
    assert len(more.after.snapshot.pods) == len(plan.snapshot.pods) + 2


def test_a_class_that_waits_asks_its_group(plan: Plan) -> None:
    assert imagine(plan, [("expand-for", "default/waits", "1")]).lands == {"default/waits": "new node 1 of web"}
    with pytest.raises(InputError, match="no group's new node would take it"):
        imagine(plan, [("expand-for", "default/never", "1")])
    with pytest.raises(InputError, match="does not wait"):
        imagine(plan, [("expand-for", "default/x", "1")])


def test_machines_join_by_type_size_or_group(plan: Plan) -> None:
    for words in (
        ("type=ecs.small",),
        ("cpu=4", "memory=8Gi"),
        ("group=web",),
        ("type=ecs.small", "tier=front", "name=m"),
    ):
        assert imagine(plan, [("attach", "m", *words)]).lands == {"default/waits": "m"}, words
    assert imagine(plan, [("attach", "m", "cpu=2", "memory=8Gi")]).lands == {}
    joined = imagine(plan, [("attach", "m", "cpu=1", "memory=1Gi", "name=odd", "cpu.type=x")])
    assert joined.after.snapshot.nodes["m"].labels["name"] == "odd"


def test_limits_replicas_surge_and_stock(plan: Plan) -> None:
    assert [one.group for one in plan.pending.choice.resize] == ["asg-1"]
    assert imagine(plan, [("max", "web", "1")]).resize == ()
    assert imagine(plan, [("out-of-stock",)]).resize == ()
    assert [one.group for one in imagine(plan, [("out-of-stock", "web"), ("max", "full", "2")]).resize] == ["asg-2"]
    assert len(imagine(plan, [("replicas", "deployment/default/web", "4")]).waits) == 4
    assert imagine(plan, [("replicas", "default/web", "-1")]).lost == ("default/waits",)
    assert len(imagine(plan, [("surge", "Deployment/default/web", "50%")]).waits) == 3
    assert imagine(plan, [("min", "web", "1"), ("drain", "a")]).displaced == ("default/x", "default/y")


@pytest.mark.parametrize(
    ("wish", "part"),
    [
        (("fly",), "no such change"),
        (("expand", "nope", "1"), "group nope: there is none; there are full, gpu, web"),
        (("expand", "web", "0"), "write a number from 1"),
        (("expand", "web", "９"), "write a number from 1"),
        (("expand", "web", "99999999999"), "write a number from 1"),
        (("expand", "web"), "write expand GROUP N"),
        (("drain",), "write drain NODE"),
        (("drain", "a", "nope"), "node nope: there is none of that name"),
        (("attach", "a", "cpu=1"), "there is one of that name already"),
        (("attach", "m"), "say how much cpu and memory"),
        (("attach", "m", "type=ecs.none"), "machine type ecs.none: none is known here; there are ecs.small"),
        (("attach", "m", "cpu=lots"), "is not an amount"),
        (("attach", "m", "cpu=0", "memory=1Gi"), "more than none"),
        (("attach", "m", "label"), "write NAME=VALUE"),
        (("max", "web", "-1"), "write a number from 0"),
        (("replicas", "default/nope", "1"), "workload default/nope: there is none"),
        (("replicas", "web", "1"), "write Deployment/namespace/name"),
        (("replicas", "Pod/default/x", "1"), "write Deployment/namespace/name"),
        (("replicas", "default/web", "+-1x"), "write a number from 0"),
        (("surge", "default/web", "much"), "write a number of pods"),
        (("out-of-stock", "[red]\x1b[0m"), "group [red] [0m: there is none"),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_said_in_one_line(plan: Plan, wish: tuple[str, ...], part: str) -> None:
    with pytest.raises(InputError) as caught:
        imagine(plan, [wish])
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_wishes_travel_as_the_name_of_a_view() -> None:
    wishes = (("drain", 'n"1 [b]', "n 2"), ("expand", "界", "2"))
    assert wishes_of(view_key(wishes).name) == wishes
    for name in ("", "{}", "[]", "[[]]", '["drain"]', "[[1]]", '[["a"]' + ',["a"]' * 60 + "]"):
        with pytest.raises(InputError):
            wishes_of(name)


def test_only_a_number_of_nodes_can_be_stepped() -> None:
    assert stepped(("expand", "web", "1"), 1) == ("expand", "web", "2")
    assert stepped(("expand", "web", "1"), -1) == ("expand", "web", "1")
    assert stepped(("drain", "a"), 1) is None
    assert stepped(("expand", "web", "x"), 1) is None


def test_the_title_says_what_is_tried_out() -> None:
    names = {"asg-1": "web"}
    said = what_if.title([("expand", "asg-1", "2"), ("drain", "a"), ("remove", "b", "c"), ("max", "asg-1", "9"),
                          ("replicas", "s/w", "-1"), ("out-of-stock",)], names)  # fmt: skip
    assert said == (
        "What if web grew by 2 nodes, then a was drained, then b, c were removed, then web had a maximum of 9, "
        "then s/w had 1 fewer replica, then the group that grows first was out of stock"
    )


def test_the_screen_lists_what_would_be_different(plan: Plan) -> None:
    wishes = [("drain", "a")]
    found = imagine(plan, wishes)
    shown = what_if_detail.view(found, ViewKey("what-if", "x"), wishes, 3)
    assert shown.title == "What if a was drained"
    assert shown.facts[0].value.text == "2 pods would lose their place and find none: default/x, default/y."
    pods = {row.id: [cell.text for cell in row.cells[1:]] for row in shown.tables[0].rows}
    assert pods["default/x"] == ["loses its place", "a", ""]
    waits = {row.id: row.cells[1].text for row in shown.tables[1].rows}
    assert waits["default/waits"] == "Gets a node when the autoscaler grows web from 1 to 3."
    assert waits["default/never"].startswith("No group's node would take it")
    assert [cell.text for cell in shown.tables[3].rows[0].cells] == ["web", "1", "3"]
