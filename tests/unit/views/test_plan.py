"""The plan as a document, and the sentence that says why a pod is pending."""

import json
from typing import Any

import pytest

from core.analysis import planning
from core.policy import discover
from core.views.plan import document
from tests.unit.build import Object, node, policy, snapshot
from tests.unit.pending.small import pending_pod, pool

CLAIMS = {"resourceClaims": [{"name": "gpu", "resourceClaimName": "one"}]}


def made(*objects: Object, **settings: Any) -> dict[str, Any]:
    spec = {"ruleSet": "cluster-autoscaler 1.35", "assumeComplete": True, **settings}
    world = snapshot(*objects, policy(**spec))
    found: dict[str, Any] = json.loads(json.dumps(document(planning.plan(world, discover(world)))))
    return found


def pods(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["pod"]: (one["verdict"], one["explanation"]) for one in found["pending"]}


@pytest.mark.parametrize(
    ("world", "verdict", "sentence"),
    [
        ((node("n"), pending_pod("p")), "fits-existing", "Fits n as it is: the scheduler should place it soon."),
        ((pool("g"), pending_pod("p")), "scale-out", "Gets a node when the autoscaler grows g from 0 to 1."),
        (
            (pool("a"), pool("b", cpu="16", memory="64Gi"), pending_pod("q", "3"), pending_pod("p", "9")),
            "next-round",
            "Fits a new node of b, but this round grows another group or has no room left.",
        ),
        (
            (pool("g", autoscaling=False), pending_pod("p")),
            "by-hand",
            "Fits a new node of g, but the autoscaler adds none. No autoscaler grows this group; a person may.",
        ),
        (
            (pool("a"), pool("b"), pending_pod("p", "9")),
            "stuck",
            "No group's node would take it (2 of 2 groups: Insufficient cpu).",
        ),
        ((pending_pod("p"),), "stuck", "No group is known that could give it a node."),
        (
            (pool("g"), pending_pod("p", spec=CLAIMS)),
            "unknown",
            "Nobody can tell whether a new node helps (1 of 1 groups: not evaluated).",
        ),
        (
            (pool("g"), pending_pod("p", spec={"priority": -20})),
            "ignored",
            "Ignored by the autoscaler: Its priority is so low that the autoscaler never adds a node for it.",
        ),
    ],
)
def test_why_a_pod_is_pending(world: tuple[Object, ...], verdict: str, sentence: str) -> None:
    assert pods(made(*world))["default/p"] == (verdict, sentence)


def test_the_document_holds_every_pod_group_and_node() -> None:
    found = made(
        node("n", cpu="1"), pool("g", ("n",)), pool("full", high=0), pending_pod("p", "3"), templateSource="template"
    )
    assert found["kind"] == "Plan"
    assert found["asOf"] == "2026-01-15T12:00:00Z"
    assert found["ruleSet"] == "cluster-autoscaler 1.35"
    assert found["notEvaluated"] == ["DynamicResources"]
    assert found["policy"]["templateSource"] == {"value": "template", "source": "AutoscalerPolicy default"}
    out = found["scaleOut"]
    grown, full = out["groups"]
    assert (grown["group"], grown["skipped"], grown["nodes"], grown["pods"]) == ("g", None, 1, ["default/p"])
    assert grown["waste"]["score"] == pytest.approx(grown["waste"]["cpu"] + grown["waste"]["memory"])
    assert (full["skipped"], full["nodes"], full["pods"]) == ("max node group size reached", 0, [])
    assert out["choice"]["resize"] == [{"group": "g", "from": 1, "to": 2}]
    assert out["choice"]["podsHelped"] == ["default/p"]
    assert out["expanders"]["least-waste"] == ["g"]
    assert [one["node"] for one in found["scaleIn"]["nodes"]] == ["n"]


def test_what_a_group_says_to_a_pod() -> None:
    found = made(pool("a"), pool("b", cpu="16"), pending_pod("p", "9"), pending_pod("q", spec=CLAIMS))
    groups = {one["pod"]: one["groups"] for one in found["pending"]}
    assert groups["default/p"] == {
        "a": {"fits": False, "plugin": "NodeResourcesFit", "reasons": ["Insufficient cpu"]},
        "b": {"fits": True},
    }
    assert groups["default/q"]["a"]["fits"] is None, "unknown is neither yes nor no"
