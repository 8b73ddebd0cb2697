"""Pending pods on nodes that exist or are on their way."""

from tests.unit.build import Object, at, node, pod
from tests.unit.pending.small import decide, pending_pod, pool, verdicts


def places(*objects: Object) -> dict[str, str | None]:
    found = decide(*objects)
    return {one.pod.name: one.node for one in found.pods}


def test_the_search_goes_round_from_the_last_match() -> None:
    nodes = [node(name) for name in ("a", "b", "c")]
    pods = [pending_pod(f"p{index}") for index in range(4)]
    assert places(*nodes, *pods) == {"p0": "a", "p1": "b", "p2": "c", "p3": "a"}


def test_priority_goes_first_and_equals_keep_their_order() -> None:
    pods = [pending_pod(f"p{index}", cpu="3", spec={"priority": index % 2}) for index in range(4)]
    assert places(node("a"), node("b"), *pods) == {"p0": None, "p1": "a", "p2": None, "p3": "b"}


def test_cordoned_nodes_are_passed_over_even_for_pods_that_tolerate_it() -> None:
    tolerant = pending_pod("p", spec={"tolerations": [{"operator": "Exists"}]})
    assert places(node("a", unschedulable=True), tolerant) == {"p": None}


def test_pods_like_one_that_fits_nowhere_are_not_tried_again() -> None:
    """The later one would fit, because its company came in between: the autoscaler doesn't look."""
    wanting = {
        "podAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "db"}}}
            ]
        }
    }
    seekers = [pending_pod(f"s{index}", owner_name="seek", spec={"affinity": wanting}) for index in range(2)]
    other = pending_pod("t", owner_name="other", spec={"affinity": wanting})
    company = pending_pod("db", owner_name="db", labels={"app": "db"})
    found = places(node("a"), seekers[0], company, seekers[1], other)
    assert found == {"s0": None, "db": "a", "s1": None, "t": "a"}


def test_nodes_on_their_way_take_pods() -> None:
    world = (node("a", cpu="1"), pool("g", ("a",), desiredSize=3), pending_pod("p", cpu="3"))
    found = decide(*world, templateSource="template")
    assert verdicts(found) == {"p": "fits-existing"}
    assert found.pods[0].node == "template-node-for-g-upcoming-0"


def test_copies_stand_for_nodes_that_are_still_starting() -> None:
    starting = node("a", ready="False", created=at(60))
    found = decide(starting, pool("g", ("a",), cpu="2"), pending_pod("p", cpu="3"), pending_pod("q", cpu="2"))
    assert verdicts(found)["q"] == "fits-existing"
    assert {one.pod.name: one.node for one in found.pods}["q"] == "template-node-for-g-upcoming-0"


def test_expendable_pods_hold_no_room() -> None:
    hog = pod("default/hog", on="a", cpu="4", spec={"priority": -100})
    assert places(node("a"), hog, pending_pod("p", cpu="4")) == {"p": "a"}
