"""A drain when the API server makes trouble: what is tried again, how long it waits, and what is given up."""

import asyncio
import time

import pytest

from sim.kube.faults import Fault
from tests.wire.actions.stage import Stage

EVICTION = r"/eviction\?(?!.*dryRun)"
"""Evictions in earnest."""


def fault(stage: Stage, **what: object) -> Fault:
    return stage.sim.server.faults.add(Fault(**what))  # type: ignore[arg-type]


async def test_throttled_and_then_through(stage: Stage) -> None:
    await stage.nodes("a", "b")
    await stage.app("web", 2, "a")
    fault(stage, path=EVICTION, status=429, times=3)
    run = await stage.drain("a")
    assert run.progress.outcome == "done", run.progress
    assert stage.pods("a") == []
    assert sum(stage.evictions().values()) == 5


async def test_it_waits_as_long_as_the_server_wishes(stage: Stage) -> None:
    await stage.nodes("a", "b")
    await stage.app("web", 1, "a")
    fault(stage, path=EVICTION, status=429, retry_after=2)
    began = time.monotonic()
    run = await stage.drain("a")
    assert run.progress.outcome == "done"
    assert time.monotonic() - began >= 2


async def test_throttled_until_time_is_up(stage: Stage) -> None:
    await stage.nodes("a", "b")
    (pod,) = await stage.app("web", 1, "a")
    fault(stage, path=EVICTION, status=429, times=None)
    run = await stage.drain("a", timeout=1.0)
    (node,) = run.progress.nodes
    assert (run.progress.outcome, node.phase, node.gone) == ("failed", "failed", 0)
    assert "within the time-out" in node.text
    assert "Too many requests" in node.text
    assert f"default/{pod['metadata']['name']}" in node.held
    assert stage.cordoned("a")
    assert not stage.claimed("a")


@pytest.mark.parametrize("status", [500, 503, 504])
async def test_a_server_that_stumbles_is_asked_again(stage: Stage, status: int) -> None:
    await stage.nodes("a", "b")
    await stage.app("web", 2, "a")
    fault(stage, path=EVICTION, status=status, times=2)
    run = await stage.drain("a")
    assert run.progress.outcome == "done"
    assert max(stage.evictions().values()) <= 3


async def test_two_budgets_end_it_at_once(stage: Stage) -> None:
    """A second budget comes after the preflight: the API server answers 500, and asking again is of no use."""
    await stage.nodes("a", "b")
    await stage.app("web", 1, "a")
    text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    fault(stage, path=EVICTION, status=500, message=text, times=None)
    run = await stage.drain("a")
    assert run.progress.outcome == "failed"
    assert "more than one PodDisruptionBudget" in run.progress.text
    assert sum(stage.evictions().values()) == 1


async def test_a_pod_that_has_gone_meanwhile_is_gone(stage: Stage) -> None:
    await stage.nodes("a", "b")
    await stage.app("web", 1, "a")
    fault(stage, path=EVICTION, status=404)
    run, drain = stage.start(await stage.plan("a"))
    await run.journal.begin(run.plan)
    task = asyncio.create_task(drain.go())
    await stage.until(lambda: stage.evictions())
    for pod in stage.pods("a"):
        stage.sim.registry.delete("Pod", pod["metadata"]["name"], "default")
    await task
    run.journal.close()
    assert run.progress.outcome == "done"


async def test_another_pod_of_the_same_name_is_left_alone(stage: Stage) -> None:
    """A StatefulSet's pod comes back under its name on another node: it is another pod, and the drain is done."""
    await stage.nodes("a", "b")
    (pod,) = await stage.app("db", 1, "a", kind="StatefulSet")
    run = await stage.drain("a")
    assert run.progress.outcome == "done"
    await stage.until(lambda: stage.pods("b", "db"))
    (back,) = stage.pods("b", "db")
    assert back["metadata"]["name"] == pod["metadata"]["name"]
    assert back["metadata"]["uid"] != pod["metadata"]["uid"]
    assert stage.evictions() == {"db-0": 1}
    asked = [one for one in stage.sim.server.faults.log if one.path.endswith("/eviction")]
    assert all(pod["metadata"]["uid"].encode() in one.body for one in asked)


async def test_a_conflict_is_looked_into(stage: Stage) -> None:
    """409 while the pod is the one that was meant: somebody else changed something, so it is asked again."""
    await stage.nodes("a", "b")
    (pod,) = await stage.app("web", 1, "a")
    fault(stage, path=EVICTION, status=409)
    run = await stage.drain("a")
    assert run.progress.outcome == "done"
    assert stage.evictions() == {pod["metadata"]["name"]: 2}


async def test_a_namespace_that_is_being_terminated_is_waited_for(stage: Stage) -> None:
    await stage.nodes("a", "b")
    await stage.app("web", 1, "a")
    text = 'pods "x" is forbidden: unable to create new content in namespace default because it is being terminated'
    fault(stage, path=EVICTION, status=403, message=text, times=2)
    run = await stage.drain("a")
    assert run.progress.outcome == "done", run.progress


async def test_a_permission_lost_on_the_way_ends_it(stage: Stage) -> None:
    await stage.nodes("a", "b")
    await stage.app("web", 2, "a")
    fault(stage, path=EVICTION, status=403, message="evicting is forbidden", times=None)
    run = await stage.drain("a")
    assert run.progress.outcome == "failed"
    assert "may not be evicted" in run.progress.text


async def test_the_answer_is_lost_and_the_pod_is_evicted_once(stage: Stage) -> None:
    """The connection breaks after the eviction took effect: the pod is looked at before anything is sent again."""
    await stage.nodes("a", "b")
    pods = await stage.app("web", 2, "a")
    fault(stage, path=EVICTION, reset_after=0, times=2)
    run = await stage.drain("a")
    assert run.progress.outcome == "done"
    assert stage.evictions() == {pod["metadata"]["name"]: 1 for pod in pods}


async def test_a_cordon_that_fails_is_rolled_back(stage: Stage) -> None:
    """The second of two nodes can't be cordoned: the first is given back, and nothing was evicted."""
    await stage.nodes("a", "b", "c")
    await stage.app("web", 2, "a")
    fault(stage, path=r"/nodes/b", verb="patch", status=500, times=None)
    run = await stage.drain("a", "b")
    assert run.progress.outcome == "failed"
    assert "nothing was evicted" in run.progress.text
    assert not stage.cordoned("a")
    assert not stage.claimed("a")
    assert not stage.evictions()


async def test_a_pod_that_comes_before_the_cordon_rolls_it_back(stage: Stage) -> None:
    """After the plan, a bare pod lands on the node: the look after the cordon refuses it."""
    await stage.nodes("a", "b")
    await stage.app("web", 1, "a")
    made = await stage.plan("a")
    container = {"name": "main", "image": "x"}
    bare = {"metadata": {"name": "bare", "namespace": "default"}, "spec": {"nodeName": "a", "containers": [container]}}
    stage.sim.registry.create("Pod", bare)
    run, drain = stage.start(made)
    await run.journal.begin(made)
    await drain.go()
    run.journal.close()
    assert run.progress.outcome == "refused"
    assert "default/bare" in run.progress.text
    assert not stage.cordoned("a")
    assert not stage.evictions()


async def test_cancelled_half_way_everything_agrees(stage: Stage) -> None:
    """The cluster, the progress and the journal say the same: which pods went, and which nodes are still cordoned."""
    await stage.nodes("a", "b", "c")
    await stage.app("one", 4, "a")
    await stage.app("two", 2, "b", maxUnavailable=1)
    run, drain = stage.start(await stage.plan("a", "b", parallel=1))
    await run.journal.begin(run.plan)
    fault(stage, path=r"/two-.*" + EVICTION, status=429, times=None)
    fault(stage, path=EVICTION, status=429, times=None, skip=2)
    task = asyncio.create_task(drain.go())
    await stage.until(lambda: run.of("a").gone == 2)
    run.cancel()
    await task
    run.journal.close()
    assert run.progress.outcome == "cancelled"
    assert len(stage.pods("a", "one")) == 2
    assert len(stage.pods("b", "two")) == 2
    assert [one.phase for one in run.progress.nodes] == ["cancelled", "not begun"]
    assert (stage.cordoned("a"), stage.cordoned("b")) == (True, False)
    assert not stage.claimed("a")
    assert not stage.claimed("b")
    entry = stage.last()
    ok = {line["number"] for line in entry.lines if line["event"] == "result" and line["ok"]}
    evicted = {line["about"] for line in entry.lines if line.get("step") == "evict" and line["number"] in ok}
    assert len(evicted) == 2
    assert entry.state == "cancelled"


async def test_a_batch_is_bounded(stage: Stage) -> None:
    """Bounded: never more nodes at once than asked for."""
    names = [f"n{number:02}" for number in range(8)]
    await stage.nodes(*names, "spare-1", "spare-2", "spare-3", "spare-4")
    for name in names:
        await stage.app(f"app-{name}", 5, name, maxUnavailable=2)
    made = await stage.plan(*names, parallel=3)
    run, drain = stage.start(made)
    busiest = 0

    def watch(progress: object) -> None:
        nonlocal busiest
        busiest = max(busiest, sum(1 for one in run.progress.nodes if one.phase == "evicting"))

    run._tell = watch
    await run.journal.begin(made)
    await drain.go()
    run.journal.close()
    assert run.progress.outcome == "done", run.progress.text
    assert busiest == 3
    assert all(not stage.pods(name) and stage.cordoned(name) for name in names)
    assert sum(one.gone for one in run.progress.nodes) == 40
