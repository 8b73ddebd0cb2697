"""ECI in the verdicts on waiting pods."""

from typing import Any

from core.analysis import planning
from core.policy import discover
from tests.unit.build import Object, node, pod, policy, snapshot

VIRTUAL = node("v", labels={"type": "virtual-kubelet"}, taints=[{"key": "v", "effect": "NoSchedule"}])


def verdict(one: Object, *others: Object) -> tuple[str, Any]:
    taken = snapshot(one, *others, VIRTUAL, policy(assumeComplete=True))
    (found,) = planning.plan(taken, discover(taken)).pending.pods
    return found.verdict, found.node


def test_a_pod_that_only_runs_on_eci_goes_there_even_where_a_node_has_room() -> None:
    assert verdict(pod("a", labels={"alibabacloud.com/eci": "true"}), node("n")) == ("eci", "v")


def test_a_pod_that_may_burst_takes_a_node_first() -> None:
    bursting = {"alibabacloud.com/burst-resource": "eci"}
    assert verdict(pod("a", annotations=bursting), node("n")) == ("fits-existing", "n")
    assert verdict(pod("a", cpu="9", annotations=bursting), node("n")) == ("eci", "v")
    assert verdict(pod("a", cpu="9"), node("n")) == ("stuck", None)
