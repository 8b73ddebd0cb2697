"""Pod affinity, anti-affinity and topology spread: the filters that count other pods."""

from typing import Any

import pytest

from core.analysis.placement import Placement, fits
from core.scheduling.refusal import Refusal
from tests.unit.build import Object, node, pod, snapshot

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
NODES = [node(name, labels={ZONE: zone}) for name, zone in (("a1", "a"), ("a2", "a"), ("b1", "b"))]
BARE = node("bare")
WEB = {"matchLabels": {"app": "web"}}


def namespace(name: str, **labels: str) -> Object:
    return {"kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def asking(kind: str, *terms: Object, **more: Any) -> Object:
    rule = {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}
    return pod("default/new", spec={"affinity": {kind: rule}}, **more)


def term(key: str = ZONE, selector: Object | None = WEB, **more: Any) -> Object:
    return {"topologyKey": key, **({"labelSelector": selector} if selector is not None else {}), **more}


def welcome(*objects: Object, without: tuple[str, ...] = ()) -> set[str]:
    """The nodes that take the pod `new`."""
    world = snapshot(*objects, without=without)
    return {name for name, refusal in fits(world, world.pods["default/new"]).items() if refusal is None}


def said(name: str, *objects: Object) -> tuple[str, ...]:
    world = snapshot(*objects)
    refusal = fits(world, world.pods["default/new"])[name]
    return refusal.reasons if refusal is not None else ()


def test_affinity_wants_company_in_its_domain() -> None:
    company = pod("default/b", on="a1")
    wanting = asking("podAffinity", term(), labels={"app": "other"})
    assert welcome(*NODES, BARE, company, wanting) == {"a1", "a2"}
    assert said("b1", *NODES, company, wanting) == ("node(s) didn't match pod affinity rules",)


def test_the_first_pod_that_means_itself_may_go_anywhere_with_the_label() -> None:
    assert welcome(*NODES, BARE, asking("podAffinity", term())) == {"a1", "a2", "b1"}
    assert welcome(*NODES, asking("podAffinity", term(), labels={"app": "other"})) == set()


def test_one_pod_must_match_all_terms() -> None:
    db = {"matchLabels": {"tier": "db"}}
    halves = [pod("default/b", on="a1"), pod("default/c", on="a2", labels={"tier": "db"})]
    both = asking("podAffinity", term(), term(HOST, db), labels={"x": "y"})
    assert welcome(*NODES, *halves, both) == set()
    assert welcome(*NODES, *halves, pod("default/d", on="a1", labels={"app": "web", "tier": "db"}), both) == {"a1"}


def test_anti_affinity_keeps_away_and_lets_nodes_without_the_label_pass() -> None:
    there = pod("default/b", on="a1")
    assert welcome(*NODES, BARE, there, asking("podAntiAffinity", term())) == {"b1", "bare"}
    assert said("a2", *NODES, there, asking("podAntiAffinity", term())) == (
        "node(s) didn't match pod anti-affinity rules",
    )


def test_those_who_are_there_keep_others_away_too() -> None:
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term()]}}
    hermit = pod("default/b", on="a1", labels={"app": "other"}, spec={"affinity": rule})
    assert welcome(*NODES, BARE, hermit, pod("default/new")) == {"b1", "bare"}
    assert said("a2", *NODES, hermit, pod("default/new")) == (
        "node(s) didn't satisfy existing pods anti-affinity rules",
    )


@pytest.mark.parametrize(
    ("where", "more", "counts"),
    [
        ("default", {}, True),
        ("data", {}, False),
        ("data", {"namespaces": ["data"]}, True),
        ("default", {"namespaces": ["data"]}, False),
        ("data", {"namespaceSelector": {"matchLabels": {"team": "x"}}}, True),
        ("default", {"namespaceSelector": {"matchLabels": {"team": "x"}}}, False),
        ("default", {"namespaceSelector": {}}, True),
        ("data", {"namespaces": ["default"], "namespaceSelector": {"matchLabels": {"team": "x"}}}, True),
    ],
)
def test_namespaces(where: str, more: Object, counts: bool) -> None:
    spaces = [namespace("data", team="x"), namespace("default")]
    there = pod(f"{where}/b", on="b1")
    found = welcome(*NODES, *spaces, there, asking("podAntiAffinity", term(**more)))
    assert ("b1" not in found) == counts


def test_a_term_without_selector_means_nobody() -> None:
    assert welcome(*NODES, pod("default/b", on="b1"), asking("podAntiAffinity", term(selector=None))) == {
        "a1", "a2", "b1",
    }  # fmt: skip


def test_namespaces_that_cannot_be_read_make_the_answer_unknown() -> None:
    wanting = asking("podAntiAffinity", term(namespaceSelector={"matchLabels": {"team": "x"}}))
    world = snapshot(*NODES, wanting, without=["Namespace"])
    answers = fits(world, world.pods["default/new"])
    assert {refusal.known for refusal in answers.values() if refusal is not None} == {False}
    assert all(refusal is not None and refusal.plugin == "InterPodAffinity" for refusal in answers.values())


def spreading(key: str = ZONE, skew: int = 1, selector: Object | None = WEB, **more: Any) -> Object:
    rule = {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": more.pop("when", "DoNotSchedule"),
        **({"labelSelector": selector} if selector is not None else {}),
        **more.pop("rule", {}),
    }
    spec = {"topologySpreadConstraints": [rule], **more.pop("spec", {})}
    return pod("default/new", spec=spec, **more)


def test_spread_goes_to_the_emptier_domain() -> None:
    there = pod("default/b", on="a1")
    assert welcome(*NODES, BARE, there, spreading()) == {"b1"}
    assert said("a2", *NODES, there, spreading()) == ("node(s) didn't match pod topology spread constraints",)
    assert said("bare", *NODES, BARE, there, spreading()) == (
        "node(s) didn't match pod topology spread constraints (missing required label)",
    )
    assert welcome(*NODES, there, spreading(skew=2)) == {"a1", "a2", "b1"}
    assert welcome(*NODES, there, spreading(when="ScheduleAnyway")) == {"a1", "a2", "b1"}


def test_a_pod_that_does_not_match_itself_adds_nothing() -> None:
    there = pod("default/b", on="a1")
    assert welcome(*NODES, there, spreading(labels={"app": "other"})) == {"a1", "a2", "b1"}


def test_terminating_pods_and_other_namespaces_do_not_count() -> None:
    leaving = pod("default/b", on="a1", meta={"deletionTimestamp": "2026-01-15T12:00:00Z"})
    assert welcome(*NODES, leaving, pod("data/b", on="a1"), spreading()) == {"a1", "a2", "b1"}


def test_an_empty_selector_counts_none_but_the_pod_itself() -> None:
    there = [pod(f"default/b{index}", on="a1") for index in range(3)]
    assert welcome(*NODES, *there, spreading(selector={})) == {"a1", "a2", "b1"}


def test_too_few_domains_count_the_minimum_as_zero() -> None:
    there = [pod("default/b", on="a1"), pod("default/c", on="b1")]
    assert welcome(*NODES, *there, spreading()) == {"a1", "a2", "b1"}
    assert welcome(*NODES, *there, spreading(rule={"minDomains": 3})) == set()


def test_match_label_keys_narrow_the_selector_to_the_own_value() -> None:
    old = pod("default/b", on="a1", labels={"app": "web", "revision": "1"})
    fresh = {"app": "web", "revision": "2"}
    assert welcome(*NODES, old, spreading(labels=fresh)) == {"b1"}
    assert welcome(*NODES, old, spreading(labels=fresh, rule={"matchLabelKeys": ["revision"]})) == {"a1", "a2", "b1"}


def test_node_policies_decide_which_nodes_make_a_domain() -> None:
    tainted = node("c1", labels={ZONE: "c"}, taints=[{"key": "x", "effect": "NoSchedule"}])
    there = [pod("default/b", on="a1"), pod("default/c", on="b1")]
    assert welcome(*NODES, tainted, *there, spreading()) == set(), "a tainted node is a domain by default"
    assert welcome(*NODES, tainted, *there, spreading(rule={"nodeTaintsPolicy": "Honor"})) == {"a1", "a2", "b1"}
    only_a = {"nodeSelector": {ZONE: "a"}}
    assert welcome(*NODES, there[0], spreading(spec=only_a)) == {"a1", "a2"}, "only the own zone is a domain"
    assert welcome(*NODES, there[0], spreading(spec=only_a, rule={"nodeAffinityPolicy": "Ignore"})) == set()


def test_hosts_are_domains_of_their_own() -> None:
    there = pod("default/b", on="a1")
    assert welcome(*NODES, there, spreading(HOST)) == {"a2", "b1"}


def test_a_ghost_keeps_its_domain_and_a_node_that_is_gone_does_not() -> None:
    world = snapshot(*NODES, pod("default/b", on="a1"), spreading())
    placement = Placement.from_snapshot(world)
    new, b1 = world.pods["default/new"], placement.index("b1")
    assert b1 is not None
    mark = placement.mark()
    placement.haunt(b1)
    assert placement.place(new) is None, "zone b still counts as the emptiest"
    placement.rollback(mark)
    placement.withdraw(b1)
    assert placement.place(new) is not None
    placement.rollback(mark)
    assert placement.fits(new)["b1"] is None


def test_counters_follow_pods_that_come_after_them() -> None:
    world = snapshot(*NODES, spreading(), *(pod(f"default/b{index}") for index in range(2)))
    placement = Placement.from_snapshot(world)
    new = world.pods["default/new"]
    assert placement.first_failure(new, 0) is None
    mark = placement.mark()
    placement.put(world.pods["default/b0"], 0)
    assert placement.first_failure(new, 1) == Refusal(
        "PodTopologySpread", ("node(s) didn't match pod topology spread constraints",)
    )
    placement.put(world.pods["default/b1"], 2)
    assert placement.first_failure(new, 1) is None
    placement.rollback(mark)
    assert placement.first_failure(new, 1) is None
