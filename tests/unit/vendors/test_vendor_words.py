"""The vendors' own examples, decided from end to end."""

from typing import Any

import pytest

from core.analysis import planning
from core.analysis.planning import Plan
from core.policy import discover
from tests.unit.build import Object, group, node, pod, policy, snapshot


def planned(*objects: Object, **settings: Any) -> Plan:
    taken = snapshot(*objects, policy(assumeComplete=True, templateSource="template", **settings))
    return planning.plan(taken, discover(taken))


def offering(name: str, cpu: str, **more: Any) -> Object:
    """A group without nodes that would add such a node."""
    machine = node(name, cpu=cpu, memory=more.pop("memory", f"{4 * int(cpu)}Gi"), **more)
    return group(name, template={key: part for key, part in machine.items() if key != "kind"})


@pytest.mark.parametrize("rules", ["cce", "ack", "goatscaler", "cluster-autoscaler 1.35"])
def test_no_less_no_more(rules: str) -> None:
    """CCE: if three cores are asked for, and four-core and eight-core nodes are on offer, a four-core node is made."""
    large, small = offering("eight", "8"), offering("four", "4")
    plan = planned(node("n", cpu="1"), large, small, pod("web", cpu="3", memory="4Gi"), ruleSet=rules)
    assert [(one.group, one.before, one.after) for one in plan.pending.choice.resize] == [("four", 0, 1)]


@pytest.mark.parametrize(("rules", "grows"), [("cce", "cpu"), ("ack", "cpu"), ("cluster-autoscaler 1.35", "gpu")])
def test_a_cpu_group_grows_before_a_gpu_group_that_wastes_less(rules: str, grows: str) -> None:
    cpu, gpu = offering("cpu", "8"), offering("gpu", "4", extra={"nvidia.com/gpu": "1"})
    plan = planned(node("n", cpu="1"), gpu, cpu, pod("web", cpu="3", memory="4Gi"), ruleSet=rules)
    assert [one.group for one in plan.pending.choice.resize] == [grows]


def test_goatscalers_decisions_are_called_what_they_are() -> None:
    managed = node("n", labels={"goatscaler.io/managed": "true"})
    plan = planned(managed)
    assert plan.running.name == "GOATScaler"
    assert str(plan.policy.rule_set) == "goatscaler on cluster-autoscaler 1.35"


def test_cce_grows_although_broken_nodes_of_the_default_pool_fill_the_limit() -> None:
    dead: dict[str, Any] = {
        "ready": "False",
        "labels": {"cce.cloud.com/cce-nodepool": "DefaultPool"},
        "taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}],
    }
    broken = [node(f"b{number}", **dead) for number in "12"]
    objects = (node("n", cpu="1"), *broken, offering("four", "4"), pod("web", cpu="3", memory="4Gi"))
    limited = {"coresTotal": "0:10"}
    assert planned(*objects, ruleSet="cce", **limited).pending.choice.resize
    assert not planned(*objects, ruleSet="ack", **limited).pending.choice.resize
