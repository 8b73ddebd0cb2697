"""When a node that could go goes: timers, cool-downs, minimum sizes and how many at a time."""

from typing import Any

import pytest

from core.analysis.scale_in import Observed, observe
from tests.unit.build import NOW, budget, event, group, node, pod
from tests.unit.scale_in.small import WEB, judged, marked, of, two


def test_a_node_goes_when_it_was_unneeded_long_enough() -> None:
    waiting = judged(*two(taints=[marked(348)]), assumeUnneededLongEnough=False)
    verdict = of(waiting)
    assert (verdict.verdict, verdict.reason, waiting.now) == ("removable", "NotUnneededLongEnough", ())
    assert verdict.since is not None
    assert (verdict.since.at, verdict.since.source) == (NOW - 348, "taint DeletionCandidateOfClusterAutoscaler")
    assert verdict.goes_at is not None
    assert verdict.goes_at.at == NOW - 348 + 600
    assert judged(*two(taints=[marked(601)]), assumeUnneededLongEnough=False).now == ("a",)
    assert judged(*two(taints=[marked(61)]), assumeUnneededLongEnough=False, scaleDownUnneededTime="1m").now == ("a",)


def test_a_node_that_is_not_ready_waits_longer() -> None:
    verdict = of(judged(*two(ready="False", taints=[marked(700)]), assumeUnneededLongEnough=False))
    assert verdict.reason == "NotUnreadyLongEnough"
    assert verdict.goes_at is not None
    assert verdict.goes_at.at == NOW - 700 + 1200


def test_without_a_mark_the_wait_is_counted_from_now_and_says_so() -> None:
    verdict = of(judged(*two(), assumeUnneededLongEnough=False))
    assert verdict.since is None
    assert verdict.goes_at is not None
    assert (verdict.goes_at.at, verdict.goes_at.source) == (NOW + 600, "not seen marked as unneeded: counted from now")


def test_what_was_watched_from_here_stands_in_for_the_mark() -> None:
    seen = Observed(unneeded_since={"a": NOW - 599.0}, failed_at={"b": NOW - 299.0})
    result = judged(*two(), observed=seen, assumeUnneededLongEnough=False)
    since = of(result).since
    assert since is not None
    assert (since.at, since.source) == (NOW - 599, "watched from here")
    assert (of(result, "b").verdict, of(result, "b").reason) == ("blocked", "RecentlyUnremovable")
    later = Observed(failed_at={"b": NOW - 301.0})
    assert of(judged(*two(), observed=later), "b").verdict == "removable"


def test_what_is_seen_is_carried_from_plan_to_plan() -> None:
    first = judged(*two(), assumeUnneededLongEnough=False)
    seen = observe(Observed(), first.nodes, NOW)
    assert seen == Observed(unneeded_since={"a": NOW, "b": NOW})
    assert observe(seen, first.nodes, NOW + 60).unneeded_since == {"a": NOW, "b": NOW}
    held = judged(*two(), pod("bare", "b", owner=None))
    after = observe(seen, held.nodes, NOW + 60)
    assert after == Observed(unneeded_since={"a": NOW}, failed_at={"b": NOW + 60})
    free_again = judged(*two(), observed=Observed(failed_at={"b": NOW - 10.0}))
    assert of(free_again, "b").reason == "RecentlyUnremovable"
    assert observe(Observed(failed_at={"b": NOW - 10.0}), free_again.nodes, NOW).failed_at == {"b": NOW - 10.0}


def test_a_group_override_shortens_the_wait() -> None:
    objects = (
        node("a", taints=[marked(61)]),
        node("b"),
        WEB,
        group("g", "ab", options={"scaleDownUnneededTime": "1m"}),
    )
    assert judged(*objects, assumeUnneededLongEnough=False).now == ("a",)


@pytest.mark.parametrize(
    ("reason", "seconds_ago", "until"),
    [("TriggeredScaleUp", 120, 480), ("ScaleDownFailed", 60, 120), ("TriggeredScaleUp", 601, None)],
)
def test_cool_downs_hold_everything(reason: str, seconds_ago: int, until: int | None) -> None:
    result = judged(*two(), event(reason, "Node/other", seconds_ago))
    assert result.cool_down.until == (None if until is None else NOW + until)
    assert result.now == (() if until else ("a",))
    if until:
        assert of(result).waits_for == "ScaleDownInCooldown"
        assert of(result).goes_at is not None
        assert f"({reason})" in (result.cool_down.because or "")


def test_deletions_start_a_cool_down_only_when_told_to() -> None:
    last = event("ScaleDown", "Node/gone", 5, "node removed by cluster autoscaler")
    assert judged(*two(), last).now == ("a",)
    assert judged(*two(), last, scaleDownDelayAfterDelete="10s").now == ()


def test_nothing_goes_while_the_cluster_grows() -> None:
    result = judged(*two(), growing=True)
    assert (result.now, result.cool_down.because) == ((), "the next loop adds nodes")
    assert of(result).waits_for == "ScaleUpFirst"


def test_nothing_goes_when_scale_in_is_off_or_the_cluster_is_unhealthy() -> None:
    assert of(judged(*two(), scaleDownEnabled=False)).waits_for == "ScaleDownDisabled"
    broken = [node(f"broken-{number}", ready="False") for number in range(4)]
    assert of(judged(*two(), *broken)).waits_for == "ClusterUnhealthy"
    assert of(judged(*two(), *broken[:3])).waits_for is None


def test_a_group_never_falls_below_its_minimum() -> None:
    result = judged(*[node(name) for name in "abcd"], group("g", "abcd", low=2))
    assert result.together == ("a", "b", "c", "d")
    assert result.now == ("a", "b")
    assert (of(result, "c").waits_for, of(result, "c").reason) == ("NodeGroupMinSizeReached", None)


def test_nodes_already_going_count_against_the_minimum_and_the_parallelism() -> None:
    going = node("x", taints=[{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule", "value": str(NOW - 9)}])
    nodes = [node(name) for name in "abc"]
    assert judged(*nodes, going, group("g", "abcx", low=2)).now == ("a",)
    result = judged(*nodes, going, group("g", "abcx"), maxScaleDownParallelism=3)
    assert result.now == ("a", "b")
    assert of(result, "c").waits_for == "NoDeletionBudget"


def test_one_node_is_drained_at_a_time() -> None:
    nodes = [node(name) for name in "abcd"]
    pods = [pod(f"{name}-1", name) for name in "abd"]
    result = judged(*nodes, *pods, WEB, group("g", "abcd"))
    assert (result.together, result.now) == (("c", "a", "b"), ("c", "a"))
    assert judged(*nodes, *pods, WEB, group("g", "abcd"), maxDrainParallelism=2).now == ("c", "a", "b")


def test_the_cluster_keeps_its_minimum_of_cores_and_memory() -> None:
    objects = (*[node(name) for name in "abc"], group("g", "abc"))
    by_cores = judged(*objects, coresTotal="8:100")
    assert by_cores.now == ("a",)
    assert of(by_cores, "b").waits_for == "MinimalResourceLimitExceeded"
    assert judged(*objects, memoryTotal="32:100").now == ("a",)


def test_the_cluster_keeps_its_minimum_of_gpus() -> None:
    a10: dict[str, Any] = {"labels": {"aliyun.accelerator/nvidia_name": "a10"}, "extra": {"nvidia.com/gpu": "2"}}
    objects = (node("a", **a10), node("b", **a10), node("c"), group("g", "abc"))
    assert judged(*objects, gpuTotal=["a10:2:8", "t4:0:8"]).now == ("a", "c")
    assert judged(*objects, gpuTotal=["a10:0:8"]).now == ("a", "b", "c")


def test_a_drain_that_is_going_on_is_one_drain() -> None:
    taint = {"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule", "value": str(NOW - 9)}
    busy = (node("x", taints=[taint]), pod("x-1", "x"))
    nodes = [node(name) for name in "abc"]
    objects = (*nodes, node("free"), pod("a-1", "a"), WEB, group("g", "abcx"))
    assert judged(*objects, *busy[:1]).now == ("b", "c", "a")
    result = judged(*objects, *busy)
    assert (result.now, of(result).waits_for) == (("b", "c"), "NoDeletionBudget")


def test_a_group_that_goes_as_a_whole_goes_whole_or_not_at_all() -> None:
    whole = group("g", "ab", options={"zeroOrMaxNodeScaling": True})
    nodes = [node(name) for name in "abcd"]
    result = judged(*nodes, WEB, pod("bare", "b", owner=None), whole, group("h", "cd"))
    assert (result.now, of(result).waits_for) == (("c", "d"), "AtomicScaleDownFailed")
    assert judged(*nodes, whole, group("h", "cd"), maxScaleDownParallelism=1).now == ("a", "b")


def test_a_pod_that_asks_to_finish_keeps_its_node_since_1_36() -> None:
    busy = pod("job", "a", annotations={"cluster-autoscaler.kubernetes.io/safe-to-evict": "on-completion"})
    objects = (node("a"), node("b"), WEB, group("g", "ab"), busy)
    result = judged(*objects, ruleSet="1.36")
    assert (of(result).waits_for, of(result).reason) == ("BlockedByOnCompletionPod", "BlockedByOnCompletionPod")
    assert of(result).drain.moves_to == {}


def test_a_node_that_a_budget_cannot_empty_at_once_goes_last() -> None:
    to_d = {"nodeSelector": {"disk": "ssd"}}
    pods = [pod("x-1", "a", spec=to_d), pod("x-2", "a", spec=to_d), pod("y", "b", labels={"app": "db"})]
    objects = (*[node(name) for name in "ab"], node("d", labels={"disk": "ssd"}), *pods, WEB, group("g", "ab"))
    assert judged(*objects, budget("web", 2)).now == ("a",)
    risky = judged(*objects, budget("web", 1))
    assert (risky.together, risky.now) == (("a", "b"), ("b",))


def test_nothing_goes_while_the_autoscaler_waits_for_more_pods() -> None:
    result = judged(*two(), awaiting_pods=True)
    assert (result.now, of(result).waits_for) == ((), "ScaleUpInCooldown")
