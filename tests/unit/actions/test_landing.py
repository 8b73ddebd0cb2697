"""Where pods that leave would land: on ECS, on ECI and at what cost, or nowhere."""

from core.actions.action_plan import Effect
from core.actions.drain import landing
from core.analysis import planning
from core.analysis.prices import Prices, parse
from core.policy import discover
from tests.unit.build import Object, node, pod, policy, snapshot, workload

VIRTUAL = node("v", labels={"type": "virtual-kubelet"}, taints=[{"key": "v", "effect": "NoSchedule"}])
BURST = {"alibabacloud.com/burst-resource": "eci"}
PRICES = """
currency = "CNY"
[eci.categories]
general = { vcpu_second = 0.000049, gib_second = 0.00000613 }
"""


def effect(*objects: Object, prices: Prices | None = None) -> Effect:
    """What becomes of the pods of node a."""
    taken = snapshot(node("a"), *objects, workload("ReplicaSet", replicas=9), policy(assumeComplete=True))
    going = [one for one in taken.pods.values() if one.node == "a"]
    return landing.effect(planning.plan(taken, discover(taken)), ["a"], going, prices)


def test_on_ecs_first() -> None:
    found = effect(node("b"), VIRTUAL, pod("p", "a", annotations=BURST))
    assert (found.lands, found.eci, found.eci_a_day) == ({"default/p": "b"}, (), 0.0)


def test_on_eci_where_ecs_is_full() -> None:
    """2 vCPU and 4 GiB for 86,400 s: 2 x 0.000049 x 86,400 = 8.4672, and 4 x 0.00000613 x 86,400 = 2.118528."""
    full = pod("full", "b", cpu="3900m")
    found = effect(node("b"), VIRTUAL, full, pod("p", "a", "2", "4Gi", annotations=BURST), prices=parse(PRICES, "test"))
    assert found.eci == ("default/p",)
    assert (found.eci_a_day, found.currency) == (10.59, "CNY")
    assert [(one.code, one.about) for one in landing.findings(found)] == [("LandsOnEci", "default/p")]


def test_without_prices_the_cost_is_unknown() -> None:
    found = effect(VIRTUAL, pod("p", "a", annotations=BURST))
    assert (found.eci, found.eci_a_day) == (("default/p",), None)


def test_nowhere() -> None:
    found = effect(VIRTUAL, pod("p", "a"))
    assert (found.lands, found.waits) == ({}, ("default/p",))
    assert [one.code for one in landing.findings(found)] == ["WouldWait"]
