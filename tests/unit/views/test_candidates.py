"""The Scale-in view: verdicts in a few words, what holds a node, what the whole set saves, by which rules; and what the
plan means for each group."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from core.analysis import planning
from core.analysis.planning import Plan
from core.analysis.prices import Machine, Prices
from core.analysis.scale_in.result import BlockingPod, Drain, NodeVerdict, Utilization
from core.policy import discover
from core.views import candidate_detail, candidates, group_plan, pending, savings
from core.views.plan import head
from core.views.table import Cell, ViewKey
from tests.unit.build import NOW, Object, deployment, event, group, node, pod, policy, snapshot, workload
from tests.unit.pending.small import pool

HOSTILE = "[red]n\x1b[31m\u202e界"
TYPE = "node.kubernetes.io/instance-type"


def planned(*objects: Object, **settings: Any) -> Plan:
    rules = {"assumeComplete": True, "assumeUnneededLongEnough": True, "templateSource": "template", **settings}
    taken = snapshot(*objects, workload("ReplicaSet", replicas=3), policy(**rules))
    return planning.plan(taken, discover(taken))


@pytest.fixture
def plan() -> Plan:
    """One node that is busy, one that could go, one that a bare pod holds, one of no group."""
    return planned(
        node("busy"), node("idle", labels={TYPE: "ecs.small"}), node("held"), node("own"),
        group("asg-1", ["busy", "idle", "held"], displayName="web"),
        pod("x", "busy", cpu="3"), pod("y", "idle"), pod("db/bare", "held", owner=None),
    )  # fmt: skip


def rows(plan: Plan) -> dict[str, list[str]]:
    return {row.id: [cell.text for cell in row.cells[1:]] for row in candidates.view(plan, NOW, 1).rows}


def test_candidates_come_first_with_what_holds_the_others(plan: Plan) -> None:
    found = rows(plan)
    assert list(found) == ["idle", "held", "busy", "own"]
    assert found["idle"] == ["web", "2 % of 50", "could go", "goes with the next loop", "1 pod -> busy"]
    assert found["held"][2:4] == ["stays", "db/bare NotReplicated"]
    assert found["busy"][1:4] == ["75 % of 50", "busy", "cpu 75 % > 50 %"]
    assert found["own"][2:4] == [
        "not managed",
        "NotAutoscaled: No autoscaled group owns this node, so only a person removes it.",
    ]


def test_enter_leads_to_the_object_that_causes_the_verdict(plan: Plan) -> None:
    opens = {row.id: row.opens for row in candidates.view(plan, NOW, 1).rows}
    assert opens == {
        "idle": ViewKey("node", "idle"),
        "held": ViewKey("pod", "db/bare"),
        "busy": ViewKey("node", "busy"),
        "own": ViewKey("node", "own"),
    }


def test_enter_leads_to_the_group_that_may_not_shrink() -> None:
    small = planned(node("a"), node("b"), group("g", ["a", "b"], low=2))
    whole = planned(node("a"), node("b"), group("g", ["a", "b"], options={"zeroOrMaxNodeScaling": True}),
                    pod("x", "b", cpu="3"))  # fmt: skip
    for found in (small, whole):
        assert candidates.view(found, NOW, 1).rows[0].opens == ViewKey("group", "g")


def detail(plan: Plan, name: str) -> list[tuple[str, str, ViewKey | None]]:
    verdict = next(one for one in plan.scale_in.nodes if one.node == name)
    rows = candidate_detail.table(verdict, NOW).rows
    return [(row.cells[0].text, row.cells[1].text, row.opens) for row in rows]


def test_a_nodes_detail_leads_to_what_holds_it_and_to_where_its_pods_would_go(plan: Plan) -> None:
    assert detail(plan, "idle") == [("default/y", "would go to busy", ViewKey("node", "busy"))]
    held = "NotReplicated: No controller that the autoscaler knows would start it anew."
    assert detail(plan, "held") == [("db/bare", held, ViewKey("pod", "db/bare"))]
    wide = planned(
        node("a"), node("b"), group("g", ["a", "b"]), pod("x", "a", cpu="5"), scaleDownUtilizationThreshold=2
    )
    assert detail(wide, "a") == [("default/x", "fits on no other node", ViewKey("pod", "default/x"))]
    small = planned(node("a"), node("b"), group("g", ["a", "b"], low=2))
    assert detail(small, "a") == [("group g", "Its group is at its minimum size.", ViewKey("group", "g"))]


def test_the_verdict_in_a_narrow_column(plan: Plan) -> None:
    words = {one.node: candidates.short(one, NOW).text for one in plan.scale_in.nodes}
    assert words == {
        "busy": "busy: cpu 75 % > 50 %",
        "idle": "goes next: 1 pod to 1 node",
        "held": "stays: db/bare NotReplicated",
        "own": "not managed: NotAutoscaled",
    }


def test_pods_and_nodes_are_counted_in_singular_and_plural(plan: Plan) -> None:
    idle = next(one for one in plan.scale_in.nodes if one.node == "idle")
    moves = {"a/1": "n1", "a/2": "n1", "a/3": "n2"}
    many = replace(idle, drain=replace(idle.drain, moves_to=moves))
    assert candidates.short(many, NOW).text == "goes next: 3 pods to 2 nodes"
    assert candidates.destinations(many) == "3 pods -> n1 (2) n2 (1)"
    empty = replace(idle, drain=replace(idle.drain, moves_to={}))
    assert (candidates.short(empty, NOW).text, candidates.destinations(empty)) == (
        "goes next: empty",
        "nothing to move",
    )


def verdict(**more: Any) -> NodeVerdict:
    shape: dict[str, Any] = {"node": "n", "group": None, "verdict": "blocked", "reason": None, "threshold": 0.5}
    return NodeVerdict(**{**shape, "utilization": Utilization(), "drain": Drain(None), **more})


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (verdict(verdict="unknown", unknown=("PodDisruptionBudget",)), "PodDisruptionBudget not available"),
        (
            verdict(
                reason="BlockedByPod", drain=Drain(False, blocking_pod=BlockingPod("a/b", "NotEnoughPdb", "a/web"))
            ),
            "a/b NotEnoughPdb (a/web)",
        ),
        (
            verdict(reason="NoPlaceToMovePods", drain=Drain(False, unplaced="a/b")),
            "no place for a/b (NoPlaceToMovePods)",
        ),
        (verdict(reason="SomethingNew"), "SomethingNew"),
    ],
)
def test_the_reason_names_the_object_behind_it(one: NodeVerdict, said: str) -> None:
    assert candidates.because(one, NOW) == said
    assert said in candidates.short(one, NOW).text


def test_where_pods_would_go_may_be_unknown() -> None:
    assert candidates.destinations(verdict(drain=Drain(None, unknown="volumes"))) == "unknown: volumes"


def test_the_head_says_what_the_whole_set_saves_and_by_which_rules(plan: Plan) -> None:
    first, rules = candidates.headlines(plan, NOW)
    assert first == (
        "1 could go now (4 cpu, 16Gi), 1 in time, 1 busy, 1 stay, 1 not managed │ "
        "the one that could go would save 4 cpu, 16Gi memory"
    )
    assert rules.startswith("by the rules of cluster-autoscaler 1.35; no autoscaler was found in this cluster")
    assert "; threshold 50 % (default); known by: no Deployment" in rules


PRICES = Prices("CNY", "2026-01", "a table", Fraction(730), "general", machines={"ecs.small": Machine(Fraction(5, 2))})


def test_money_that_is_not_known_is_said_to_be_unknown(plan: Plan) -> None:
    def said(prices: Prices | str, plan: Plan = plan) -> str:
        return candidates.headlines(plan, NOW, prices)[0].partition("16Gi memory")[2]

    assert said(PRICES) == ", ≈ 2.50 CNY an hour"
    assert said(replace(PRICES, machines={})) == ", money unknown: no price for it"
    assert said("no price table") == ", money unknown: no price table"
    assert said("") == "", "nobody asked"
    spot = {TYPE: "ecs.small", "node.alibabacloud.com/spot-strategy": "SpotAsPriceGo"}
    full = pod("x", "b", cpu="3")
    assert said(PRICES, planned(node("a", labels=spot), node("b"), group("g", ["a", "b"]), full)).endswith("for it")


def test_a_price_that_is_missing_makes_the_sum_a_lower_bound() -> None:
    small, paid = {TYPE: "ecs.small"}, {TYPE: "ecs.small", "node.alibabacloud.com/instance-charge-type": "PrePaid"}
    nodes = [node("a", labels=small), node("b", labels=small), node("c"), node("d", labels=paid)]
    found = planned(*nodes, group("g", ["a", "b", "c", "d"]))
    saved = candidates.whole_set(found, PRICES)
    assert savings.words(saved, PRICES) == (
        "16 cpu, 64Gi memory, ≥ 5.00 CNY an hour (price of 1 unknown); 1 of them paid in advance"
    )
    written = savings.document(saved, PRICES)
    assert (written["hour"], written["hourAtLeast"], written["unknownPrices"]) == (None, 5.0, ["c"])
    assert (written["paidInAdvance"], written["cpu"]) == (["d"], 16_000)
    assert [savings.of_node(found, name, PRICES) for name in "acdx"] == ["2.50 CNY", "unknown", "0.00 CNY", ""]


def test_everybody_is_counted_in_the_head() -> None:
    unread = snapshot(node("a"), node("b"), node("own"), group("g", ["a", "b"]), pod("x", "a"), policy(),
                      without=["PodDisruptionBudget", "ReplicaSet"])  # fmt: skip
    first = candidates.headlines(planning.plan(unread, discover(unread)), NOW)[0]
    assert first.startswith("0 could go now, 1 in time, 0 busy, 0 stay, 1 not managed, 1 unknown")


def test_settings_that_are_not_judged_or_not_understood_are_said() -> None:
    scaler = deployment("cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0",
                        ["--scheduler-config-file=/x", "--max-nodes-total=many"])  # fmt: skip
    found = planned(node("a"), scaler, pod("p", cpu="9"), scaleDownUtilisation=0.7)
    said = "switched on and not evaluated here: scheduler-config-file"
    wrong = "not understood: flag of kube-system/cluster-autoscaler: maxNodesTotal is 'many', expected a whole number"
    assert f"; {said}; {wrong} (and 1 more)" in candidates.rules(found)
    notes = pending.view(found, NOW, 1).notes
    assert said in notes
    assert any(note.startswith(wrong) for note in notes)
    assert "scaleDownUtilisation is not a setting known here" in head(found)["notUnderstood"][1]


def test_a_cool_down_is_counted_down() -> None:
    scaler = deployment("cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0", [])
    grew = event("TriggeredScaleUp", "Pod/a/p", 60, "pod triggered scale-up: [{g 1->2 (max: 9)}]")
    found = planned(node("a"), node("b"), group("g", ["a", "b"]), scaler, grew)
    assert "9m left" in candidates.headlines(found, NOW)[0]
    assert "goes in ~9m" in candidates.short(found.scale_in.nodes[0], NOW).text


def test_an_empty_plan_and_hostile_names() -> None:
    assert candidates.view(planned(), NOW, 1).rows == ()
    assert candidates.headlines(planned(), NOW)[0] == "0 could go now, 0 in time, 0 busy, 0 stay"
    odd = planned(node(HOSTILE), group(HOSTILE, [HOSTILE]), pod(HOSTILE, HOSTILE, owner=None))
    assert rows(odd)[HOSTILE][3] == f"default/{HOSTILE} NotReplicated"


def texts(plan: Plan) -> dict[str, tuple[str, str]]:
    found = group_plan.of_plan(plan)
    return {name: (group_plan.growth(one).text, group_plan.could_go(one).text) for name, one in found.items()}


def test_a_group_shows_its_next_size_or_why_it_has_none(plan: Plan) -> None:
    assert texts(plan) == {"asg-1": ("not ready", "1, 1 next")}, "nobody knows its next node"
    grows = planned(
        node("a", cpu="1"), node("b"), pool("web", ("a",)), pool("full", high=0),
        pool("hand", ("b",), autoscaling=False), pool("small", cpu="1"), pod("on", "b", cpu="3"), pod("p", cpu="3"),
    )  # fmt: skip
    assert {name: words[0] for name, words in texts(grows).items()} == {
        "web": "1 -> 2", "full": "at maximum", "hand": "by hand", "small": "could grow",
    }  # fmt: skip


def test_a_groups_detail_says_in_sentences_what_is_planned(plan: Plan) -> None:
    def said(plan: Plan | None, name: str) -> list[str]:
        return [fact.value.text for fact in group_plan.facts(plan, name)]

    assert said(plan, "asg-1") == [
        "The group is unhealthy, or its size or its next node is unknown.",
        "1 of its nodes could go, 1 of them with the next loop.",
    ]
    grows = planned(node("a", cpu="1"), pool("web", ("a",)), pool("large", cpu="16"), pool("tiny", cpu="1"),
                    pod("p", cpu="3"))  # fmt: skip
    assert [said(grows, name)[0] for name in ("web", "large", "tiny")] == [
        "Grows from 1 to 2 with the next loop.",
        "The expander prefers other groups.",
        "Could grow, but no pod waits that it would help.",
    ]
    assert said(grows, "tiny")[1] == "None of its nodes could go."
    assert said(None, "web") == said(grows, "nobody") == []


def test_without_a_plan_nothing_is_known_about_a_group() -> None:
    assert group_plan.growth(None).text == group_plan.could_go(None).text == "-"
    assert isinstance(group_plan.growth(None), Cell)
