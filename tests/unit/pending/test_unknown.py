"""What can't be judged is unknown by name, and never "fits": kinds that could not be read, expanders and settings that
are not evaluated."""

import pytest

from core.analysis import not_evaluated
from core.policy import discover
from core.scheduling.refusal import Refusal
from core.views.plan import explanation
from tests.unit.build import NOW, Object, node, pod, policy, snapshot
from tests.unit.pending.small import answer, decide, pending_pod, pool, resizes, template, verdicts

UNREAD = Refusal("NodeResourcesFit", ("not evaluated: DaemonSet not available",), False)


def test_without_daemonsets_nobody_knows_what_a_template_has_left() -> None:
    found = decide(pool("g"), pending_pod("p"), pending_pod("huge", "9"), without=["DaemonSet"])
    assert verdicts(found) == {"p": "unknown", "huge": "stuck"}
    assert answer(found, "p", "g") == UNREAD
    assert answer(found, "huge", "g") == Refusal("NodeResourcesFit", ("Insufficient cpu",)), "refused in any case"
    assert (found.choice.result, found.choice.known) == ("NoOptionsAvailable", False)
    assert explanation(found.pods[0], found.choice, {}) == (
        "Nobody can tell whether a new node helps (1 of 1 groups: not evaluated: DaemonSet not available)."
    )


def test_a_dump_that_is_assumed_complete_has_no_daemonsets() -> None:
    found = decide(pool("g"), pending_pod("p"), without=["DaemonSet"], assumeComplete=True)
    assert verdicts(found) == {"p": "scale-out"}


def test_a_good_node_shows_its_daemon_pods_itself() -> None:
    daemon = pod("kube-system/ds", "n", cpu="3", owner="DaemonSet", owner_name="ds")
    world = (node("n"), pool("g", ("n",)), daemon, pending_pod("p", "1"), pending_pod("q", "2"))
    assert verdicts(decide(*world, without=["DaemonSet"])) == {"p": "fits-existing", "q": "stuck"}
    assert verdicts(decide(*world, without=["DaemonSet"], forceDs=True))["q"] == "stuck", "refused in any case"
    grows = (node("n", cpu="4"), pool("g", ("n",)), pod("x", "n", cpu="4"), pending_pod("p", "2"))
    assert verdicts(decide(*grows, without=["DaemonSet"])) == {"p": "scale-out"}
    assert verdicts(decide(*grows, without=["DaemonSet"], forceDs=True)) == {"p": "unknown"}


def test_nor_does_anybody_know_what_is_left_on_a_node_that_is_on_its_way() -> None:
    found = decide(pool("g", desiredSize=1), pending_pod("p"), without=["DaemonSet"])
    assert verdicts(found) == {"p": "unknown"}
    assert (found.pods[0].node, answer(found, "p", "g")) == (None, UNREAD)


def test_each_machine_type_of_a_group_is_as_unknown() -> None:
    mixed: Object = {"kind": "NodeGroup", "metadata": {"name": "g"}, "spec": {"maxSize": 3, "nodes": [], "templates": [
        template("a", labels={"node.kubernetes.io/instance-type": "small"}),
        template("b", cpu="16", labels={"node.kubernetes.io/instance-type": "large"}),
    ]}}  # fmt: skip
    found = decide(mixed, pending_pod("p", "8"), without=["DaemonSet"])
    assert found.pods[0].types["g"] == {"small": Refusal("NodeResourcesFit", ("Insufficient cpu",)), "large": UNREAD}


@pytest.mark.parametrize("expander", ["price", "grpc", "most-pods,price"])
def test_an_expander_that_is_not_evaluated_decides_nothing_here(expander: str) -> None:
    found = decide(pool("small"), pool("large", cpu="16"), pending_pod("p"), expander=expander)
    choice, name = found.choice, expander.rpartition(",")[2]
    assert (choice.ties, choice.resize, choice.helped) == (("small", "large"), (), ())
    assert (choice.known, choice.grows, choice.error) == (False, True, f"not evaluated: expander {name}")
    assert verdicts(found) == {"p": "unknown"}
    assert explanation(found.pods[0], choice, {}) == (
        f"Fits a new node of small, large, but nobody can tell which group grows (not evaluated: expander {name})."
    )


def test_where_only_one_group_is_left_no_expander_is_needed() -> None:
    found = decide(pool("small"), pool("tiny", cpu="100m"), pending_pod("p"), expander="price")
    assert (found.choice.known, resizes(found)) == (True, {"small": (0, 1)})


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, []),
        ({"expander": "priority,price,grpc"}, ["expander price", "expander grpc"]),
        ({"schedulerConfigFile": "/etc/x.yaml"}, ["scheduler-config-file"]),
        ({"scaleDownDelayTypeLocal": True, "scaleUpFromZero": False}, ["scale-down-delay-type-local",
                                                                       "scale-up-from-zero"]),
        ({"maxBinpackingTime": "1m"}, ["max-binpacking-time"]),
    ],
)  # fmt: skip
def test_what_is_switched_on_and_not_evaluated_is_named(settings: dict[str, object], named: list[str]) -> None:
    taken = snapshot(policy(**settings))
    assert not_evaluated.chosen(discover(taken)) == named
    assert not_evaluated.of(discover(taken), taken) == ["DynamicResources", *named]


def test_a_node_that_is_being_drained_has_pods_that_the_autoscaler_thinks_of_already() -> None:
    leaving = {"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule", "value": str(int(NOW - 20))}
    taken = snapshot(node("a", taints=[leaving]))
    assert not_evaluated.of(discover(taken), taken)[-1] == "pods of nodes that are being drained"
