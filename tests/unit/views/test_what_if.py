"""A what-if in words and as data."""

from core.analysis import planning
from core.analysis.what_if import drain, expand, what_if
from core.policy import discover
from core.views.what_if import document, sentences
from tests.unit.build import budget, group, node, pod, policy, snapshot, workload


def test_it_says_what_would_happen_the_worst_first() -> None:
    pods = [pod("fits", "a"), pod("large", "a", cpu="3"), pod("bare", "a", owner=None), pod("late", cpu="9")]
    taken = snapshot(
        node("a"), node("b", cpu="2"), group("g", ["a", "b"]), workload("ReplicaSet"), budget("web", 0), *pods,
        policy(assumeComplete=True),
    )  # fmt: skip
    found = what_if(planning.plan(taken, discover(taken)), [drain(["a"])])
    assert list(sentences(found)) == [
        "1 pod would lose its place and find none: default/large.",
        "1 pod would be gone for good: default/bare.",
        "1 pod would land on 1 node.",
        "1 pod would still wait: default/late.",
        "1 node could go then: a.",
        "1 node could not go any more: b.",
        "default/fits: A disruption budget allows no more of its pods to go now.",
    ]
    written = document(found)
    assert (written["kind"], written["asOf"]) == ("WhatIf", "2026-01-15T12:00:00Z")
    assert (written["lands"], written["displaced"]) == ({"default/fits": "b"}, ["default/large"])
    assert written["summary"] == list(sentences(found))


def test_limits_and_what_the_autoscaler_does_then_are_said() -> None:
    machine = {key: part for key, part in node("t").items() if key != "kind"}
    full = [pod(f"w{number}", cpu="3") for number in range(6)]
    taken = snapshot(node("a", cpu="1"), group("g", ["a"], high=4, template=machine), *full,
                     policy(assumeComplete=True, templateSource="template"))  # fmt: skip
    found = what_if(planning.plan(taken, discover(taken)), [expand("g", 2)])
    assert list(sentences(found)) == [
        "2 pods would land on 2 nodes.",
        "4 pods would still wait: default/w2, default/w3, default/w4 and 1 more.",
        "The autoscaler would then resize g from 3 to 4.",
    ]
