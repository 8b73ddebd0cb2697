"""Every reason for which a node stays, a pod holds it, a group is passed over or a pod is not considered comes out of
some cluster here, and reads as a sentence (or with its figures) on the screen.

The vocabulary is that of `core.views.reasons`, which test_reasons holds against what core decides and against
upstream's own lists (simulator/cluster.go, utils/drain/drain.go)."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.analysis import planning
from core.analysis.planning import Plan
from core.analysis.scale_in import Observed
from core.policy import discover
from core.views import candidates, pending, pending_detail, reasons, scale_in
from core.views.plan import document
from tests.unit.build import NOW, Object, at, budget, config_map, deployment, event, group, node, pod, policy, snapshot
from tests.unit.build import workload as built
from tests.unit.pending.small import pending_pod, pool
from tests.unit.scale_in.small import AUTOSCALED, marked, two

PREFIX = "cluster-autoscaler.kubernetes.io/"
SCALER = deployment("cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0", [])
PREPAID = {"node.alibabacloud.com/instance-charge-type": "PrePaid"}
OFTEN = {"maxEmptyBulkDelete": 1}
NEVER_SET = {"NodeGroupMaxDeletionCountReached", "NotUnneededOtherReason"}
"""Marked so in the facts: upstream has the names and never uses them."""


@dataclass(frozen=True)
class Case:
    """A cluster in which the reason comes up. `says`: what the screen says instead of the sentence for the reason."""

    objects: tuple[Object, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    says: str = ""
    without: tuple[str, ...] = ()
    observed: Observed | None = None


def stays(*more: Object, says: str = "", without: tuple[str, ...] = (), **settings: Any) -> Case:
    """Nodes a and b of one group with a small pod each, and something more."""
    return Case((*two(), *more), settings, says, without)


def waits(*objects: Object, says: str = "", **settings: Any) -> Case:
    """A full node, and what waits beside it."""
    return Case((node("full", cpu="1"), *objects), settings, says)


def held(name: str, says: str, **more: Any) -> Case:
    return stays(pod(name, "a", **more), says=says)


def backed_off() -> Object:
    groups = "nodeGroups:\n- name: g\n  health: {status: Healthy}\n  scaleUp: {status: Backoff}\n"
    return config_map("cluster-autoscaler-status", {"status": f"autoscalerStatus: Running\n{groups}"})


def told(reason: str) -> Case:
    """The autoscaler itself said so about the pod."""
    text = f"pod didn't trigger scale-up: 2 {reason}, 1 Insufficient cpu"
    return waits(pool("g", cpu="2"), pending_pod("p", "3"), event("NotTriggerScaleUp", "Pod/default/p", 60, text))


def sick(many: int) -> list[Object]:
    return [node(f"sick{index}", ready="False") for index in range(many)]


def system(name: str) -> tuple[Object, ...]:
    return (pod(f"kube-system/{name}", "a", created=at(60)), built("ReplicaSet", namespace="kube-system", replicas=3))


NODES: Mapping[str, Case] = {
    "NotAutoscaled": Case((node("a"),)),
    "NodeGroupMinSizeReached": Case((node("a"), node("b"), group("g", ["a", "b"], low=2))),
    "ScaleDownDisabledAnnotation": Case(two(annotations={f"{PREFIX}scale-down-disabled": "true"})),
    "ScaleDownUnreadyDisabled": Case(two(ready="False"), {"scaleDownUnreadyEnabled": False}),
    "NotUnneededLongEnough": Case(two(taints=[marked(60)]), {"assumeUnneededLongEnough": False}),
    "NotUnreadyLongEnough": Case(two(ready="False", taints=[marked(60)]), {"assumeUnneededLongEnough": False}),
    "AtomicScaleDownFailed": Case(
        (node("a"), node("b"), group("g", ["a", "b"], options={"zeroOrMaxNodeScaling": True}), pod("x", "b", cpu="3"))
    ),
    "MinimalResourceLimitExceeded": stays(coresTotal="8:100"),
    "CurrentlyBeingDeleted": Case(
        two(taints=[{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule", "value": str(int(NOW - 20))}])
    ),
    "NotUnderutilized": stays(pod("big", "a", cpu="3"), says="77.5 % of its cpu is booked, above the 50 %"),
    "RecentlyUnremovable": Case(two(), observed=Observed(failed_at={"a": NOW - 60})),
    "NoPlaceToMovePods": stays(pod("wide", "a", cpu="5"), scaleDownUtilizationThreshold=2,
                               says="Stays because default/wide fits on no other node."),
    "BlockedByPod": held("bare", "Stays because of default/bare", owner=None),
    "BlockedByOnCompletionPod": Case(
        (*two(), pod("batch", "a", annotations={f"{PREFIX}safe-to-evict": "on-completion"})), {"ruleSet": "1.36"}
    ),
    "UnexpectedError": Case((node("a", cpu="0"), node("b"), group("g", ["a", "b"]))),
    "NoNodeInfo": Case(two(ready="False", created=at(60))),
    "StaticNode": stays(ruleSet="ack"),
    "SubscriptionNode": Case(two(labels={**AUTOSCALED, **PREPAID}), {"ruleSet": "ack"}),
    "DefaultPool": Case(
        two(labels={**AUTOSCALED, "alibabacloud.com/nodepool-id": "default"}), {"ruleSet": "ack"}
    ),
    "ScaleDownInCooldown": stays(SCALER, event("ScaledUpGroup", "ConfigMap/kube-system/s", 60),
                                 says="goes in ~9m"),
    "ScaleUpInCooldown": stays(pool("more"), pending_pod("new", "9", created=at(1))),
    "ScaleUpFirst": stays(pool("more", cpu="16"), pending_pod("new", "9")),
    "ScaleDownDisabled": stays(scaleDownEnabled=False),
    "ClusterUnhealthy": stays(*sick(4)),
    "NoDeletionBudget": Case((node("a"), node("b"), node("c"), group("g", "abc")), OFTEN),
    "NotTogether": Case(
        (node("a"), node("b"), group("g", ["a", "b"]), pod("x", "a"), pod("y", "b"), budget("web", 9))
    ),
}  # fmt: skip
PODS: Mapping[str, Case] = {
    "ControllerNotFound": held("x-1", "Its controller is gone", owner_name="gone"),
    "MinReplicasReached": stays(minReplicaCount=5),
    "NotReplicated": held("bare", "No controller that the autoscaler knows", owner=None),
    "LocalStorageRequested": held("x-1", "It keeps data on the node",
                                  spec={"volumes": [{"name": "data", "emptyDir": {}}]}),
    "NotSafeToEvictAnnotation": held("x-1", "Its annotation safe-to-evict=false",
                                     annotations={f"{PREFIX}safe-to-evict": "false"}),
    "UnmovableKubeSystemPod": stays(*system("dns")),
    "NotEnoughPdb": stays(budget("web", 0), says="(default/web)"),
    "UnexpectedError": stays(pod("kube-system/ds", "a", owner="DaemonSet"), without=("DaemonSet",),
                             says="Cannot be judged: DaemonSet not available. It is about kube-system/ds"),
}  # fmt: skip
GROUPS: Mapping[str, Case] = {
    "max node group size reached": waits(pool("g", high=0), pending_pod("p", "3")),
    "not ready for scale-up": waits(pool("g", desiredSize=2), pending_pod("p", "9"), okTotalUnreadyCount=0),
    "in backoff after failed scale-up": waits(pool("g"), pending_pod("p", "3"), backed_off()),
    "atomic scale-up exceeds cluster node count limit": waits(
        pool("g", high=9, options={"zeroOrMaxNodeScaling": True}), pending_pod("p", "3"), maxNodesTotal=5
    ),
    "exceeded quota": waits(pool("g"), pending_pod("p", "3"), coresTotal="0:4"),
    "max cluster": waits(pool("g"), pending_pod("p", "3"), coresTotal="0:4", ruleSet="1.30"),
    "max total nodes in cluster reached": waits(pool("g"), pending_pod("p", "3"), maxNodesTotal=1,
                                                says="no group grows: max total nodes in cluster reached"),
    "not autoscaled": waits(pool("g", autoscaling=False), pending_pod("p", "3")),
    "expansion options filtered out and no longer considered": waits(
        pool("g"), pool("large", cpu="16"), pending_pod("p", "3")
    ),
    "not all pods would fit and scale-up is using all-or-nothing strategy": told(
        "not all pods would fit and scale-up is using all-or-nothing strategy"
    ),
    "scale-up execution failed": told("scale-up execution failed"),
}  # fmt: skip
IGNORED: Mapping[str, Case] = {
    "expendable": waits(pending_pod("p", "3", spec={"priority": -11})),
    "daemonset": waits(pending_pod("p", "3", owner="DaemonSet")),
    "gated": waits(pending_pod("p", "3", spec={"schedulingGates": [{"name": "wait"}]})),
    "young": waits(pending_pod("p", "3", created=at(5)), newPodScaleUpDelay="1m"),
    "terminating": waits(
        pending_pod("p", "3", meta={"deletionTimestamp": at(5), "ownerReferences": [{"uid": "u", "name": "web"}]})
    ),
    "not-unschedulable": waits({**pending_pod("p", "3"), "status": {"phase": "Pending"}}),
    "other-scheduler": waits(
        pending_pod("p", "3", spec={"schedulerName": "volcano"}), allowedSchedulerNames="default-scheduler"
    ),
}
ALL = [(name, case) for table in (NODES, PODS, GROUPS, IGNORED) for name, case in table.items()]


def planned(case: Case) -> Plan:
    settings = {"ruleSet": "1.35", "assumeUnneededLongEnough": True, **case.settings}
    objects = (*case.objects, built("ReplicaSet", replicas=3), policy(**settings))
    distinct = {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]): one for one in objects}
    taken = snapshot(*distinct.values(), without=case.without)
    return planning.plan(taken, discover(taken), observed=case.observed)


def shown(plan: Plan) -> Iterator[str]:
    """All that the screens about decisions say."""
    yield from (scale_in.explanation(one, NOW) for one in plan.scale_in.nodes)
    yield from (cell.text for row in candidates.view(plan, NOW, 1).rows for cell in row.cells)
    view = pending.view(plan, NOW, 1)
    yield from (*view.notes, *(cell.text for row in view.rows for cell in row.cells))
    for one in pending.classes(plan):
        detail = pending_detail.view(plan, one, NOW, 1)
        yield from (fact.value.text for fact in detail.facts)
        yield from (cell.text for table in detail.tables for row in table.rows for cell in row.cells)


@pytest.mark.parametrize(("reason", "case"), ALL, ids=[name for name, _ in ALL])
def test_it_comes_up_and_reads_well(reason: str, case: Case) -> None:
    plan = planned(case)
    texts = list(shown(plan))
    if not any(one["kind"] == "Event" and reason in one["message"] for one in case.objects):
        assert re.search(rf'"{re.escape(reason)}[": ]', json.dumps(document(plan)))
    sentence = case.says or reasons.meaning(reason)
    assert any(sentence in text for text in texts), texts


def test_no_reason_is_left_out() -> None:
    assert set(reasons.WHY_A_NODE_STAYS) | set(reasons.WHY_IT_WAITS) == set(NODES) | NEVER_SET
    assert set(reasons.WHY_A_POD_BLOCKS) == set(PODS)
    assert set(reasons.WHY_A_GROUP_IS_SKIPPED) == set(GROUPS)
    assert set(reasons.WHY_A_POD_IS_IGNORED) == set(IGNORED)
