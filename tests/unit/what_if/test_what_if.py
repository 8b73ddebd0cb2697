"""Changes on a copy, and what follows from them."""

from typing import Any

import pytest

from core.analysis import planning
from core.analysis.planning import Plan
from core.analysis.what_if import (
    Change,
    Comparison,
    attach,
    drain,
    expand,
    limit,
    out_of_stock,
    remove,
    scale,
    setting,
    surge,
    what_if,
)
from core.errors import InputError
from core.policy import discover
from tests.unit.build import Object, budget, deployment, group, node, pod, policy, snapshot, workload

WEB = workload("ReplicaSet", replicas=4)
GIB = 2**30


def template(cpu: str = "4", **more: Any) -> Object:
    made = node("template", cpu=cpu, **more)
    return {key: part for key, part in made.items() if key != "kind"}


def before(*objects: Object, **settings: Any) -> Plan:
    settings = {"assumeComplete": True, "assumeUnneededLongEnough": True, **settings}
    taken = snapshot(*objects, WEB, policy(**settings))
    return planning.plan(taken, discover(taken))


def after(plan: Plan, *changes: Change) -> Comparison:
    return what_if(plan, changes)


@pytest.fixture
def crowded() -> Plan:
    """One full node, two pods that wait, a group that may grow to three."""
    pods = [pod("full", "a", cpu="3900m"), pod("w1", cpu="2"), pod("w2", cpu="3")]
    return before(node("a"), group("g", ["a"], high=3, template=template()), *pods)


def test_nothing_changes_when_nothing_is_changed(crowded: Plan) -> None:
    same = after(crowded)
    assert (same.lands, same.displaced, same.lost, same.removable, same.kept) == ({}, (), (), (), ())
    assert same.waits == ("default/w1", "default/w2")
    assert same.after.scale_in == crowded.scale_in


def test_a_group_expanded_takes_those_that_wait(crowded: Plan) -> None:
    one = after(crowded, expand("g", 1))
    assert list(one.lands) == ["default/w1"]
    assert one.waits == ("default/w2",)
    two = after(crowded, expand("g", 2))
    assert set(two.lands) == {"default/w1", "default/w2"}
    assert two.waits == ()
    assert len(two.after.snapshot.nodes) == 3
    assert len(crowded.snapshot.nodes) == 1


def test_a_group_never_grows_past_its_maximum_and_says_so(crowded: Plan) -> None:
    many = after(crowded, expand("g", 9))
    assert len(many.after.snapshot.nodes) == 3
    assert many.notes == ("group g has room for 2 more (its maximum is 3), not for 9",)


DAEMONSET = {
    "kind": "DaemonSet",
    "metadata": {"name": "agent", "namespace": "kube-system", "uid": "ds"},
    "spec": {"template": {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1500m"}}}]}}},
}


def test_new_nodes_come_with_their_daemonset_pods() -> None:
    plan = before(node("a", cpu="1"), DAEMONSET, group("g", ["a"], template=template()), pod("w", cpu="3"),
                  templateSource="template")  # fmt: skip
    grown = after(plan, expand("g", 2))
    assert grown.waits == ("default/w",)
    agents = [one for one in grown.after.snapshot.pods.values() if one.owner and one.owner.kind == "DaemonSet"]
    assert (len(agents), len(grown.after.snapshot.pods), grown.lands) == (2, 3, {})
    assert {one.node for one in agents} <= set(grown.after.snapshot.nodes)


def test_a_machine_that_joins_gets_its_daemonset_pods_too() -> None:
    waiting = pod("w", cpu="3")
    for machine, lands in ((attach("m", cpu=4000, memory=8 * GIB), {}), (attach("m", cpu=5000, memory=8 * GIB),
                                                                        {"default/w": "m"})):  # fmt: skip
        assert after(before(node("a", cpu="1"), DAEMONSET, waiting), machine).lands == lands


@pytest.mark.parametrize("change", [expand("g", 1), attach("m", cpu=4000, memory=8 * GIB)])
def test_pods_that_nobody_could_read_are_left_aside_and_that_is_said(change: Change) -> None:
    taken = snapshot(node("a", cpu="1"), group("g", ["a"], template=template()), WEB, policy(), without=["DaemonSet"])
    found = after(planning.plan(taken, discover(taken)), change)
    said = "the pods that come with every node are left aside: DaemonSet not available"
    assert found.notes == ((said,) if "m" in found.after.snapshot.nodes else ())


def test_an_answer_from_a_placement_that_is_kept_is_the_same(crowded: Plan) -> None:
    replanner = planning.Replanner()
    before_change = replanner.plan(crowded.snapshot, crowded.policy)
    for change in (scale("ReplicaSet", "default/web", 2), limit("g", max_size=9), expand("g", 1), drain(["a"])):
        quick = what_if(before_change, [change], replanner)
        assert (quick.lands, quick.waits, quick.resize) == (lambda slow: (slow.lands, slow.waits, slow.resize))(
            after(crowded, change)
        )
        assert quick.after.scale_in == after(crowded, change).after.scale_in
    assert replanner.started_anew > 1, "where nodes change it has to start anew"


def test_a_drained_nodes_pods_move_or_wait_and_bare_ones_are_lost() -> None:
    pods = [
        pod("fits", "a"),
        pod("large", "a", cpu="3"),
        pod("bare", "a", owner=None),
        pod("ds", "a", owner="DaemonSet"),
    ]
    plan = before(node("a"), node("b", cpu="2"), group("g", ["a", "b"]), workload("DaemonSet"), *pods)
    drained = after(plan, drain(["a"]))
    assert drained.lands == {"default/fits": "b"}
    assert (drained.waits, drained.displaced, drained.lost) == (("default/large",),) * 2 + (("default/bare",),)
    assert drained.notes == ("default/bare: NotReplicated",)
    assert drained.after.snapshot.nodes["a"].unschedulable
    assert "default/ds" in drained.after.snapshot.pods
    assert not plan.snapshot.nodes["a"].unschedulable


def test_a_budget_that_holds_a_drain_is_named() -> None:
    plan = before(node("a"), node("b"), group("g", ["a", "b"]), pod("x", "a"), budget("web", 0))
    assert after(plan, drain(["a"])).notes == ("default/x: NotEnoughPdb (default/web)",)


def test_removed_nodes_take_their_groups_along() -> None:
    plan = before(*[node(name) for name in "abc"], group("g", "abc", desiredSize=3), pod("x", "a"), pod("y", "b"))
    gone = after(plan, remove(["a"]))
    assert list(gone.after.snapshot.nodes) == ["b", "c"]
    shrunk = gone.after.snapshot.groups["g"]
    assert (shrunk.nodes, shrunk.desired_size) == (("b", "c"), 2)
    assert gone.lands == {"default/x": "b"}
    labelled = [node(name, labels={"alibabacloud.com/nodepool-id": "np"}) for name in "ab"]
    by_pool = group("g", nodePoolId="np", desiredSize=2)
    del by_pool["spec"]["nodes"]
    left = after(before(*labelled, by_pool), remove(["a"])).after.snapshot.groups["g"]
    assert (left.nodes, left.desired_size) == (None, 1)


def test_a_machine_joins_by_its_size_or_like_the_groups_nodes(crowded: Plan) -> None:
    small = after(crowded, attach("m", cpu=2000, memory=8 * GIB))
    assert small.lands == {"default/w1": "m"}
    assert after(crowded, attach("m", cpu=1000, memory=8 * GIB)).lands == {}
    like = after(crowded, attach("m", group="g"))
    assert like.lands == {"default/w1": "m"}
    assert "m" in (like.after.snapshot.groups["g"].nodes or ())
    wide = after(crowded, attach("m", cpu=8000, group="g"))
    assert set(wide.lands) == {"default/w1", "default/w2"}


def test_another_maximum_lets_the_autoscaler_act() -> None:
    plan = before(node("a", cpu="1"), group("g", ["a"], high=1, template=template()), pod("w", cpu="3"),
                  templateSource="template")  # fmt: skip
    assert plan.pending.choice.resize == ()
    raised = after(plan, limit("g", max_size=5))
    assert [(one.group, one.before, one.after) for one in raised.resize] == [("g", 1, 2)]


def test_another_minimum_frees_a_node_or_keeps_it() -> None:
    plan = before(node("a"), node("b"), group("g", ["a", "b"], low=2))
    freed = after(plan, limit("g", min_size=0))
    assert freed.removable == ("a", "b")
    assert after(freed.after, limit("g", min_size=2)).kept == ("a", "b")


def test_another_threshold() -> None:
    plan = before(node("a"), node("b"), node("c"), group("g", ["a", "b"]), pod("x", "a", cpu="2500m"))
    assert plan.scale_in.together == ("b",)
    assert after(plan, setting("scaleDownUtilizationThreshold", 0.8)).removable == ("a",)


def test_more_replicas_need_room_and_fewer_give_it() -> None:
    plan = before(node("a"), node("b"), group("g", ["a", "b"]), pod("x", "a", cpu="1500m"), pod("y", "b", cpu="1500m"))
    more = after(plan, scale("ReplicaSet", "default/web", 3))
    assert list(more.lands.values()) == ["a", "b"]
    assert more.waits == ("default/web-what-if-3",)
    fewer = after(plan, scale("ReplicaSet", "default/web", -1))
    assert (fewer.lost, fewer.waits) == (("default/x",), ())
    alone = before(node("a"), group("g", ["a"]), pod("x", "a"))
    assert after(alone, scale("ReplicaSet", "default/web", -1)).removable == ("a",)


def test_a_deployments_rollout_starts_a_quarter_more() -> None:
    owned = workload("ReplicaSet", name="web-5f", replicas=5)
    owned["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": "web", "uid": "d", "controller": True}]
    shop = deployment("web", "shop:1", [], namespace="default", replicas=5)
    pods = [pod(f"web-{number}", "a", cpu="700m", owner_name="web-5f") for number in range(5)]
    plan = before(node("a"), shop, owned, *pods)
    rolled = after(plan, surge("Deployment", "default/web"))
    assert rolled.notes == ("2 more while Deployment default/web is rolled out",)
    assert (rolled.lands, len(rolled.waits)) == ({}, 2)
    one = after(plan, surge("Deployment", "default/web", "1"))
    assert (one.waits, one.notes) == (
        ("default/web-what-if-1",),
        ("1 more while Deployment default/web is rolled out",),
    )


def test_a_workload_without_pods_goes_by_its_template() -> None:
    shop = deployment("web", "shop:1", [], namespace="default", replicas=0)
    plan = before(node("a"), shop)
    assert after(plan, scale("Deployment", "default/web", 1)).lands == {"default/web-what-if-1": "a"}


def test_new_replicas_volumes_are_left_aside_and_that_is_said() -> None:
    volume = {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]}
    plan = before(node("a"), pod("x", "a", spec=volume))
    found = after(plan, scale("ReplicaSet", "default/web", 1))
    assert "volumes that new pods" in found.notes[0]
    assert found.lands == {"default/web-what-if-1": "a"}


def test_the_first_choice_out_of_stock_leaves_the_second() -> None:
    groups = [group(name, template=template(cpu)) for name, cpu in (("small", "4"), ("large", "8"))]
    plan = before(node("a", cpu="1"), *groups, pod("w", cpu="3"))
    assert [one.group for one in plan.pending.choice.resize] == ["small"]
    second = after(plan, out_of_stock())
    assert [one.group for one in second.resize] == ["large"]
    skipped = {one.group: one.skipped for one in second.after.pending.groups}
    assert skipped == {"small": "in backoff after failed scale-up", "large": None}
    assert after(plan, out_of_stock("large")).resize == plan.pending.choice.resize
    assert after(plan, out_of_stock("small"), out_of_stock("large")).resize == ()


def test_out_of_stock_of_nothing_is_said() -> None:
    assert after(before(node("a")), out_of_stock()).notes == ("no group would grow, so none can be out of stock",)


def test_changes_add_up(crowded: Plan) -> None:
    both = after(crowded, limit("g", max_size=9), expand("g", 2), drain(["a"]))
    assert both.notes == ()
    assert set(both.lands) >= {"default/w1", "default/w2"} - set(both.waits)
    assert len(both.waits) == 1


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (expand("nope", 1), r"group nope: there is none of that id \(g\)"),
        (drain(["nope"]), "node nope: there is none of that name"),
        (remove(["a", "nope"]), "node nope: there is none of that name"),
        (limit("g", min_size=4), "group g: a minimum of 4 and a maximum of 3 don't go together"),
        (attach("m"), "machine m: say how much cpu and memory it has"),
        (attach("m", group="nope"), "group nope: there is none of that id"),
        (setting("maxNodesTotal", "many"), "maxNodesTotal is 'many', expected a whole number"),
        (setting("maxNods", 1), "maxNods is not a setting known here"),
        (scale("Deployment", "default/nope", 1), "Deployment default/nope: there is none of that name"),
        (surge("ReplicaSet", "default/web", "lots"), "surge 'lots': write a number of pods or a percentage"),
        (out_of_stock("nope"), "group nope: there is none of that id"),
    ],
)
def test_what_is_not_there_is_one_clear_line(crowded: Plan, change: Change, line: str) -> None:
    with pytest.raises(InputError, match=line):
        after(crowded, change)


def test_a_group_that_nobody_knows_cannot_be_expanded() -> None:
    with pytest.raises(InputError, match="group g: nobody knows what a new node would be like"):
        after(before(node("a"), group("g")), expand("g", 1))
