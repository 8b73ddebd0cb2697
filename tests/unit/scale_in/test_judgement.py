"""Scale-in as a whole: each reason for which a node stays, what goes together, and what is not known."""

from typing import Any

import pytest

from core.analysis import autoscaler
from core.analysis.placement import Placement
from core.analysis.scale_in import judge
from core.policy import discover
from tests.unit.build import NOW, Object, at, budget, group, node, pod, policy, snapshot, workload
from tests.unit.scale_in.small import AUTOSCALED, WEB, judged, marked, of, two


def test_a_node_whose_pods_fit_elsewhere_goes() -> None:
    result = judged(*two())
    verdict = of(result)
    assert (verdict.verdict, verdict.reason, verdict.group) == ("removable", None, "g")
    assert dict(verdict.drain.moves_to) == {"default/x": "b"}
    assert result.together == ("a",)
    assert of(result, "b").waits_for == "NotTogether"
    assert result.now == ("a",)


@pytest.mark.parametrize(
    ("reason", "verdict", "objects", "settings"),
    [
        ("NotAutoscaled", "not-managed", (node("a"), node("b")), {}),
        ("NotAutoscaled", "not-managed", (node("a"), group("g", ["a"], autoscaling=False)), {}),
        ("NotAutoscaled", "not-managed", two(labels={"type": "virtual-kubelet"}), {}),
        ("NodeGroupMinSizeReached", "blocked", (node("a"), node("b"), group("g", ["a", "b"], low=2)), {}),
        ("NodeGroupMinSizeReached", "blocked", (node("a"), node("b"), group("g", ["a", "b"], 1, desiredSize=1)), {}),
        ("NoNodeInfo", "blocked", two(ready="False", created=at(60)), {}),
        (
            "CurrentlyBeingDeleted",
            "blocked",
            two(taints=[{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule", "value": str(NOW - 60)}]),
            {},
        ),
        (
            "ScaleDownDisabledAnnotation",
            "blocked",
            two(annotations={"cluster-autoscaler.kubernetes.io/scale-down-disabled": "true"}),
            {},
        ),
        ("ScaleDownUnreadyDisabled", "blocked", two(ready="False"), {"scaleDownUnreadyEnabled": False}),
        ("UnexpectedError", "blocked", (node("a", cpu="0"), node("b"), group("g", ["a", "b"])), {}),
        ("NotUnderutilized", "busy", (*two(), pod("big", "a", cpu="3")), {}),
        ("BlockedByPod", "blocked", (*two(), pod("bare", "a", owner=None)), {}),
        ("NoPlaceToMovePods", "blocked", (*two(), pod("pinned", "a", spec={"nodeSelector": {"gone": "1"}})), {}),
        ("StaticNode", "blocked", two(), {"ruleSet": "ack"}),
        (
            "SubscriptionNode",
            "blocked",
            two(labels={**AUTOSCALED, "node.alibabacloud.com/instance-charge-type": "PrePaid"}),
            {"ruleSet": "cce"},
        ),
        (
            "DefaultPool",
            "blocked",
            two(labels={**AUTOSCALED, "alibabacloud.com/nodepool-id": "default"}),
            {"ruleSet": "ack"},
        ),
    ],
)
def test_each_reason_for_which_a_node_stays(
    reason: str, verdict: str, objects: tuple[Object, ...], settings: dict[str, Any]
) -> None:
    result = judged(*objects, **settings)
    assert (of(result).reason, of(result).verdict) == (reason, verdict)
    assert "a" not in result.together


def test_a_taint_of_a_deletion_that_never_came_is_forgotten() -> None:
    taint = {"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule", "value": str(NOW - 301)}
    assert of(judged(*two(taints=[taint]))).verdict == "removable"


def test_vendors_let_go_what_their_autoscaler_added() -> None:
    assert of(judged(*two(labels=AUTOSCALED), ruleSet="ack")).verdict == "removable"


def test_the_pod_that_holds_a_node_is_named_with_what_is_behind_it() -> None:
    result = judged(*two(), budget("web", 0), ruleSet="1.35")
    blocking = of(result).drain.blocking_pod
    assert blocking is not None
    assert (blocking.pod, blocking.reason, blocking.by) == ("default/x", "NotEnoughPdb", "default/web")
    assert (
        of(judged(*two(), pod("pinned", "a", cpu="5"), scaleDownUtilizationThreshold=2)).drain.unplaced
        == "default/pinned"
    )


def test_a_busy_node_is_asked_about_its_pods_too() -> None:
    verdict = of(judged(*two(), pod("big", "a", cpu="2500m")))
    assert (verdict.reason, verdict.drain.removable) == ("NotUnderutilized", True)


@pytest.mark.parametrize(
    ("rules", "reason"), [("1.31", "NotUnderutilized"), ("1.32", None)], ids=["until 1.31", "since 1.32"]
)
def test_exactly_at_the_threshold(rules: str, reason: str | None) -> None:
    objects = (node("a"), node("b"), group("g", ["a", "b"]), WEB, pod("x", "a", cpu="2"))
    assert of(judged(*objects, ruleSet=rules)).reason == reason


def test_an_unknown_utilization_was_none_before_1_33() -> None:
    objects = (node("a", cpu="0"), node("b"), group("g", ["a", "b"]))
    assert of(judged(*objects, ruleSet="1.32")).verdict == "removable"


def test_what_cannot_be_read_makes_it_unknown_and_says_what() -> None:
    without_groups = judged(node("a"), node("b"), without=["NodeGroup"])
    assert (of(without_groups).verdict, of(without_groups).unknown) == ("unknown", ("NodeGroup",))
    without_budgets = judged(*two(), without=["PodDisruptionBudget"])
    assert (of(without_budgets).verdict, of(without_budgets).unknown) == ("unknown", ("PodDisruptionBudget",))
    assert of(without_budgets).drain.removable is None
    assert without_budgets.together == ()
    assert of(judged(*two(), without=["PodDisruptionBudget"], assumeComplete=True)).verdict == "removable"
    claimed = {"resourceClaims": [{"name": "gpu", "resourceClaimName": "one"}]}
    devices = judged(*two(), pod("dra", "a", spec=claimed))
    assert of(devices).verdict == "unknown"
    assert "DynamicResources" in of(devices).unknown[0]


def test_a_pod_that_blocks_for_sure_is_news_even_beside_the_unknown() -> None:
    result = judged(*two(), pod("bare", "a", owner=None), without=["PodDisruptionBudget"])
    assert of(result).reason == "BlockedByPod"


def test_budgets_shrink_across_removals() -> None:
    nodes = [node(name) for name in "abc"]
    pods = [pod(f"{name}-1", name) for name in "ab"]
    objects = (*nodes, *pods, WEB, group("g", "abc"))
    assert judged(*objects, budget("web", 2)).together == ("c", "a")
    one_left = judged(*objects, budget("web", 1))
    assert one_left.together == ("c", "a")
    assert of(one_left, "b").verdict == "removable"
    roomy = (*objects, node("d", cpu="1"), pod("big", "d", cpu="800m"))
    assert judged(*roomy, budget("web", 1)).together == ("c", "a")
    assert judged(*roomy, budget("web", 2)).together == ("c", "a", "b")


def test_empty_nodes_and_those_marked_before_go_first() -> None:
    full = [pod(f"{name}-1", name, cpu="1") for name in "abd"]
    nodes = [node("a"), node("b", taints=[marked(60)]), node("c"), node("d")]
    result = judged(*nodes, *full, WEB, group("g", "abcd"))
    assert result.together == ("c", "b", "a")


def test_a_node_received_pods_must_give_them_away_again() -> None:
    nodes = [node("a", cpu="1"), node("b", cpu="1"), node("c", cpu="1")]
    pods = [pod("x", "a", cpu="400m", memory="1"), pod("y", "b", cpu="400m", memory="1"), pod("z", "c", cpu="900m")]
    result = judged(*nodes, *pods, WEB, group("g", "abc"))
    assert (of(result, "b").verdict, result.together) == ("removable", ("a",))


def test_expendable_pods_and_nodes_on_their_way_are_no_obstacle_and_no_place() -> None:
    low = pod("low", "a", cpu="3", owner=None, spec={"priority": -11})
    assert of(judged(*two(), low)).verdict == "removable"
    taken = snapshot(node("a"), group("g", ["a"]), WEB, pod("x", "a"), policy(assumeUnneededLongEnough=True))
    rules = discover(taken)
    placement = Placement.from_snapshot(taken, rules.rule_set.version)
    placement.add_node(snapshot(node("coming")).nodes["coming"])
    result = judge(taken, rules, placement, autoscaler.find(taken))
    assert of(result).reason == "NoPlaceToMovePods"


def test_the_placement_is_left_as_it_was() -> None:
    taken = snapshot(*two(), policy(assumeUnneededLongEnough=True))
    rules = discover(taken)
    placement = Placement.from_snapshot(taken, rules.rule_set.version)
    before = ([list(pods) for pods in placement.pods], list(placement.free("cpu")), placement.present())
    judge(taken, rules, placement, autoscaler.find(taken))
    assert ([list(pods) for pods in placement.pods], list(placement.free("cpu")), placement.present()) == before


def test_pods_that_eci_would_take_are_named_though_the_autoscaler_does_not_know() -> None:
    virtual = node("v", labels={"type": "virtual-kubelet"}, taints=[{"key": "v", "effect": "NoSchedule"}])
    burst = pod("burst", "a", cpu="5", annotations={"alibabacloud.com/burst-resource": "eci"})
    verdict = of(judged(*two(), virtual, burst, scaleDownUtilizationThreshold=2))
    assert (verdict.reason, verdict.drain.unplaced) == ("NoPlaceToMovePods", "default/burst")
    assert verdict.drain.on_eci == ("default/burst",)


def test_pods_of_one_template_are_told_apart_where_it_matters() -> None:
    safe = "cluster-autoscaler.kubernetes.io/safe-to-evict"
    unsafe: dict[str, Any] = {"annotations": {safe: "false"}}
    leaving: dict[str, Any] = {"meta": {"deletionTimestamp": at(3600), "deletionGracePeriodSeconds": 30}}
    pods = [pod("x", "a"), pod("y", "b", **unsafe), pod("z", "c", owner="Ghost", **leaving), pod("w", "d")]
    elsewhere = pod("other/x", "e")
    system = [pod("kube-system/young", "f", created=at(60)), pod("kube-system/old", "g", created=at(7200))]
    names = "abcdefg"
    webs = [workload("ReplicaSet", namespace=name, replicas=3) for name in ("kube-system",)]
    nodes = [node(name) for name in names]
    result = judged(*nodes, node("free"), *pods, elsewhere, *system, WEB, *webs, group("g", names))
    reasons = {one.node: one.drain.blocking_pod.reason if one.drain.blocking_pod else None for one in result.nodes}
    assert reasons == {
        "a": None,
        "b": "NotSafeToEvictAnnotation",
        "c": None,
        "d": None,
        "e": "ControllerNotFound",
        "f": "UnmovableKubeSystemPod",
        "g": None,
        "free": None,
    }
