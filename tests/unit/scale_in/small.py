"""Small clusters judged for scale-in, for the tests of this folder."""

from typing import Any

from core.analysis import autoscaler
from core.analysis.placement import Placement
from core.analysis.scale_in import Observed, ScaleIn, judge
from core.analysis.scale_in.result import NodeVerdict
from core.policy import discover
from tests.unit.build import NOW, Object, group, node, pod, policy, snapshot, workload

WEB = workload("ReplicaSet", replicas=3)
MARKED = {"key": "DeletionCandidateOfClusterAutoscaler", "effect": "PreferNoSchedule"}
AUTOSCALED = {"k8s.aliyun.com": "true"}


def marked(seconds_ago: float) -> Object:
    """The autoscaler's soft taint."""
    return {**MARKED, "value": str(int(NOW - seconds_ago))}


def judged(
    *objects: Object,
    observed: Observed | None = None,
    growing: bool = False,
    awaiting_pods: bool = False,
    **settings: Any,
) -> ScaleIn:
    """Scale-in of these objects; every kind that is missing is empty."""
    without = settings.pop("without", ())
    taken = snapshot(*objects, policy(**{"assumeUnneededLongEnough": True, **settings}), without=without)
    rules = discover(taken)
    placement = Placement.from_snapshot(taken, rules.rule_set.version)
    return judge(taken, rules, placement, autoscaler.find(taken), observed, growing, awaiting_pods)


def of(result: ScaleIn, name: str = "a") -> NodeVerdict:
    return next(verdict for verdict in result.nodes if verdict.node == name)


def two(**more: Any) -> tuple[Object, ...]:
    """Node a (with `more`) beside b, in one group, with one small pod on each."""
    return (node("a", **more), node("b"), group("g", ["a", "b"]), WEB, pod("x", "a"), pod("y", "b"))
