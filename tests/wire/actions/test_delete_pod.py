"""One pod deleted over real sockets: through its budget, that very one, and its successor seen."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from core.actions.action_plan import ActionPlan
from core.actions.eci import delete_pod
from core.errors import InputError
from core.views.link import PlanAction
from sim.kube.faults import Fault
from tests.wire.actions.elastic import FORCED, VIRTUAL, Elastic
from tests.wire.kube import objects

pytestmark = pytest.mark.thorough


@pytest_asyncio.fixture
async def stage(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Elastic]:
    monkeypatch.setattr(delete_pod, "LOOK", 0.1)
    made = await Elastic.open(home)
    yield made
    await made.close()


def key(pod: dict[str, Any]) -> str:
    return f"default/{pod['metadata']['name']}"


def codes(plan: ActionPlan) -> set[str]:
    return {one.code for one in plan.findings}


def budget(stage: Elastic, **limit: int) -> None:
    made = objects.budget("web", "web", **limit)
    made["metadata"]["namespace"] = "default"
    stage.sim.registry.create("PodDisruptionBudget", made)


async def counted(stage: Elastic) -> None:
    """Until the budget has counted its pods."""
    await stage.until(lambda: stage._budget("web").get("currentHealthy"))


def deletes(stage: Elastic) -> list[str]:
    return [one.path for one in stage.sim.server.faults.log if one.method == "DELETE" and "/pods/" in one.path]


async def test_its_successor_comes_home(stage: Elastic) -> None:
    pods = await stage.away("web", 2)
    made = await stage.planned("delete-pod", key(pods[0]))
    assert made.leaving[0].to in ("a", "b")
    run = await stage.done(made)
    assert run.progress.outcome == "done", run.progress
    await stage.until(lambda: stage.home("web"))
    (new,) = stage.home("web")
    assert new["metadata"]["name"] in run.progress.text
    assert "(ECS)" in run.progress.text
    assert stage.evictions() == {pods[0]["metadata"]["name"]: 1}
    assert [pod["metadata"]["uid"] for pod in stage.pods(VIRTUAL, "web")] == [pods[1]["metadata"]["uid"]]


async def test_it_says_when_the_successor_goes_to_eci_as_well(stage: Elastic) -> None:
    pods = await stage.away("web", 1, meta={"labels": FORCED})
    made = await stage.planned("delete-pod", key(pods[0]))
    assert "SentToEci" in codes(made)
    run = await stage.done(made)
    assert run.progress.outcome == "done"
    assert f"on {VIRTUAL} (ECI)" in run.progress.text


async def test_a_budget_holds_unless_somebody_insists(stage: Elastic) -> None:
    pods = await stage.away("web", 1)
    budget(stage, minAvailable=1)
    await counted(stage)
    made = await stage.planned("delete-pod", key(pods[0]), timeout=1.0)
    assert "EvictionWaits" in codes(made)
    run = await stage.done(made)
    assert run.progress.outcome == "failed"
    assert "disruption budget" in run.progress.text
    assert len(stage.pods(VIRTUAL, "web")) == 1
    run = await stage.do("delete-pod", key(pods[0]), args={"delete": True})
    assert run.progress.outcome == "done", run.progress
    assert deletes(stage) == [f"/api/v1/namespaces/default/pods/{pods[0]['metadata']['name']}"]
    await stage.until(lambda: len(stage.home("web")) == 1)


async def test_a_busy_server_is_no_reason_to_pass_a_budget_by(stage: Elastic) -> None:
    pods = await stage.away("web", 1)
    made = await stage.planned("delete-pod", key(pods[0]), args={"delete": True})
    stage.sim.server.faults.add(Fault(path=r"/eviction\?(?!.*dryRun)", status=429, times=1))
    run = await stage.done(made)
    assert run.progress.outcome == "done"
    assert deletes(stage) == []


async def test_who_has_no_controller_is_gone_for_good(stage: Elastic) -> None:
    container = {"name": "main", "image": "x"}
    bare = {"metadata": {"name": "alone", "namespace": "default"}, "spec": {"nodeName": "a", "containers": [container]}}
    stage.sim.registry.create("Pod", bare)
    await stage.until(lambda: stage.pods("a"))
    made = await stage.planned("delete-pod", "default/alone")
    assert "BarePod" in codes(made)
    assert made.confirm == "alone"
    assert made.irreversible
    run = await stage.done(made)
    assert run.progress.outcome == "done"
    assert "nobody starts it anew" in run.progress.text


async def test_only_that_very_pod(stage: Elastic) -> None:
    """Its name is another's by now (StatefulSet): the successor stays."""
    pods = await stage.away("web", 1, "StatefulSet")
    made = await stage.planned("delete-pod", key(pods[0]))
    stage.sim.registry.delete("Pod", "web-0", "default")
    await stage.until(lambda: stage.home("web"))
    new = stage.home("web")[0]["metadata"]["uid"]
    run = await stage.done(made)
    assert run.progress.outcome == "done"
    assert [pod["metadata"]["uid"] for pod in stage.home("web")] == [new]
    assert not stage.evictions()


async def test_there_must_be_one(stage: Elastic) -> None:
    with pytest.raises(InputError, match="none of that name"):
        await stage.planned("delete-pod", "default/nobody")
    with pytest.raises(InputError, match="one pod at a time"):
        await stage.planned("delete-pod", "default/a", "default/b")


async def test_the_answer_is_lost_and_it_is_evicted_once(stage: Elastic) -> None:
    pods = await stage.away("web", 1)
    stage.sim.server.faults.add(Fault(path=r"/eviction\?(?!.*dryRun)", reset_after=0))
    run = await stage.do("delete-pod", key(pods[0]))
    assert run.progress.outcome == "done"
    assert stage.evictions() == {pods[0]["metadata"]["name"]: 1}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("line", [2, 3])
async def test_killed_and_resumed(stage: Elastic, line: int, moment: str) -> None:
    """begin, the eviction's intent and its result; the fourth line is the end."""
    pods = await stage.away("web", 2)
    await stage.killed(PlanAction("", "delete-pod", (key(pods[0]),)), line, moment)
    entry = stage.last()
    assert (await stage.compared(entry))[0].startswith(f"pod {key(pods[0])} is")
    run = await stage.go_on(entry)
    assert run.progress.outcome == "done", run.progress
    assert stage.evictions() == {pods[0]["metadata"]["name"]: 1}
    await stage.until(lambda: len(stage.home("web")) == 1)
    assert len(stage.pods(VIRTUAL, "web")) == 1
