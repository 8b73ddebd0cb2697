"""Who is considered, and why not the others."""

from typing import Any

import pytest

from tests.unit.build import NOW, Object, at, node
from tests.unit.pending.small import decide, pending_pod, pool, verdicts

DELAY = "cluster-autoscaler.kubernetes.io/pod-scale-up-delay"


def condition(reason: str, status: str = "False") -> list[Object]:
    return [{"type": "PodScheduled", "status": status, "reason": reason}]


def with_conditions(conditions: list[Object], **more: Any) -> Object:
    made = pending_pod("p", **more)
    made["status"]["conditions"] = conditions
    return made


@pytest.mark.parametrize(
    ("the_pod", "settings", "because"),
    [
        (pending_pod("p", spec={"priority": -11}), {}, "expendable"),
        (pending_pod("p", spec={"priority": -10}), {}, None),
        (pending_pod("p", spec={"priority": 5}), {"expendablePodsPriorityCutoff": 6}, "expendable"),
        (pending_pod("p", owner="DaemonSet"), {}, "daemonset"),
        (pending_pod("p", annotations={"cluster-autoscaler.kubernetes.io/daemonset-pod": "true"}), {}, "daemonset"),
        (pending_pod("p", spec={"schedulingGates": [{"name": "x"}]}), {}, "gated"),
        (with_conditions(condition("SchedulingGated")), {}, "gated"),
        (pending_pod("p", meta={"deletionTimestamp": at(0)}), {}, "terminating"),
        (with_conditions([]), {}, "not-unschedulable"),
        (with_conditions([]), {"assumeUnschedulable": True}, None),
        (with_conditions([], spec={"schedulerName": "mine"}), {"bypassedSchedulerNames": "mine"}, None),
        (with_conditions(condition("SchedulerError")), {"assumeUnschedulable": True}, "not-unschedulable"),
        (
            pending_pod("p", spec={"schedulerName": "mine"}),
            {"allowedSchedulerNames": "default-scheduler"},
            "other-scheduler",
        ),
        (pending_pod("p", created=at(5)), {"newPodScaleUpDelay": "10s"}, "young"),
        (pending_pod("p", created=at(15)), {"newPodScaleUpDelay": "10s"}, None),
        (pending_pod("p", created=at(15), annotations={DELAY: "1m"}), {"newPodScaleUpDelay": "10s"}, "young"),
        (pending_pod("p", created=at(15), annotations={DELAY: "1s"}), {"newPodScaleUpDelay": "20s"}, "young"),
        (pending_pod("p", created=at(15), annotations={DELAY: "soon"}), {}, None),
    ],
)  # fmt: skip
def test_who_is_considered(the_pod: Object, settings: dict[str, Any], because: str | None) -> None:
    found = decide(pool("g"), the_pod, **settings)
    assert found.pods[0].ignored_because == because
    assert (found.pods[0].verdict == "ignored") == (because is not None)


def test_ignored_pods_are_not_packed() -> None:
    found = decide(node("n"), pool("g", ("n",)), pending_pod("p", spec={"priority": -50}), pending_pod("q"))
    assert verdicts(found) == {"p": "ignored", "q": "fits-existing"}
    assert found.pods[1].node == "n"


def test_a_pod_that_others_make_room_for_is_taken_as_placed() -> None:
    full = node("n", cpu="1")
    nominated = pending_pod("p", cpu="2")
    nominated["status"]["nominatedNodeName"] = "n"
    found = decide(full, pool("g", ("n",)), nominated)
    assert (verdicts(found), found.pods[0].node) == ({"p": "fits-existing"}, "n")


GPU: dict[str, Any] = {"extra": {"nvidia.com/gpu": "1"}}


@pytest.mark.parametrize(
    ("pods", "settings", "seconds"),
    [
        ([pending_pod("p", created=at(1))], {}, 1),
        ([pending_pod("p", created=at(1)), pending_pod("q", created=at(3))], {}, None),
        ([pending_pod("p", created=at(9), **GPU)], {}, 21),
        ([pending_pod("p", created=at(9), **GPU), pending_pod("old", created=at(500))], {}, 21),
        ([pending_pod("p", created=at(40), **GPU)], {}, None),
        ([pending_pod("p", created=at(1))], {"bypassedSchedulerNames": "mine"}, None),
        ([pending_pod("p", created=None)], {}, None),
        ([pending_pod("ignored", created=at(1), spec={"priority": -50})], {}, None),
    ],
)
def test_very_new_pods_wait_for_more_of_their_kind(
    pods: list[Object], settings: dict[str, Any], seconds: float | None
) -> None:
    found = decide(pool("g", extra={"nvidia.com/gpu": "8"}), *pods, **settings)
    assert found.choice.waits_until == (None if seconds is None else NOW + seconds)
    assert found.choice.result == ("NotNeeded" if found.pods[0].verdict == "ignored" else "Successful")
