"""Restarts that bring pods home from ECI, over real sockets: what is foreseen, what is sent, and where the pods are
afterwards."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from core.actions.action_plan import ActionPlan, Level
from core.actions.eci import restart
from core.actions.journal_reading import UNFINISHED
from core.actions.run import Run
from core.errors import InputError, Refused
from core.session import acting
from core.views.link import PlanAction
from sim.kube.faults import Fault
from tests.wire.actions.elastic import FORCED, VIRTUAL, Elastic

pytestmark = pytest.mark.thorough

WEB = "deployment/default/web"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


@pytest_asyncio.fixture
async def stage(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Elastic]:
    monkeypatch.setattr(restart, "LOOK", 0.1)
    made = await Elastic.open(home)
    yield made
    await made.close()


def codes(plan: ActionPlan, level: Level | None = None) -> set[str]:
    return {one.code for one in plan.findings if level in (None, one.level)}


def uids(pods: list[dict[str, object]]) -> set[str]:
    return {str(pod["metadata"]["uid"]) for pod in pods}  # type: ignore[index]


async def test_brings_a_deployment_home(stage: Elastic) -> None:
    before = uids(await stage.away("web", 3))
    made = await stage.planned("restart", WEB)
    assert not made.refusals
    assert [pod.to in ("a", "b") for pod in made.leaving] == [True] * 3
    assert made.confirm == "3"
    assert "ECS has room for 3 of 3 new pods" in "\n".join(made.says)
    run = await stage.done(made)
    assert run.progress.outcome == "done", run.progress
    assert "3 of 3 new pods are on ECS" in run.progress.text
    assert "3 had been on ECI" in run.progress.text
    assert len(stage.home("web")) == 3
    assert not stage.pods(VIRTUAL, "web")
    assert not before & uids(stage.home("web"))
    (body,) = stage.patches("deployments", "web")
    notes = body["spec"]["template"]["metadata"]["annotations"]
    assert notes.keys() == {RESTARTED_AT, "vacancy/action"}
    assert notes["vacancy/action"] == made.id


@pytest.mark.parametrize("kind", ["StatefulSet", "CloneSet"])
async def test_brings_other_kinds_home(stage: Elastic, kind: str) -> None:
    before = uids(await stage.away("web", 2, kind))
    run = await stage.do("restart", f"{kind.lower()}/default/web")
    assert run.progress.outcome == "done", run.progress
    assert "2 of 2 new pods are on ECS" in run.progress.text
    assert len(stage.home("web")) == 2
    assert not before & uids(stage.home("web"))


async def test_a_clone_set_that_updates_in_place_has_its_pods_replaced(stage: Elastic) -> None:
    """A new template would change them where they are: they would stay on ECI, and the rollout would look complete."""
    strategy = {"updateStrategy": {"type": "InPlaceIfPossible", "maxUnavailable": 1}}
    before = await stage.away("web", 2, "CloneSet", **strategy)
    made = await stage.planned("restart", "cloneset/default/web")
    assert "InPlace" in codes(made)
    run = await stage.done(made)
    assert run.progress.outcome == "done", run.progress
    assert len(stage.home("web")) == 2
    assert not uids(before) & uids(stage.home("web"))
    assert not stage.patches("clonesets")
    labels = [body["metadata"]["labels"] for body in stage.patches("pods")]
    assert labels == [{"apps.kruise.io/specified-delete": "true"}] * 2


async def test_pods_on_ecs_are_left_alone_where_they_are_replaced_one_by_one(stage: Elastic) -> None:
    strategy = {"updateStrategy": {"type": "InPlaceOnly"}}
    await stage.away("web", 1, "CloneSet", **strategy)
    stage.sim.registry.patch("CloneSet", "web", {"spec": {"replicas": 2}}, "default")
    await stage.until(lambda: len(stage.home("web")) == 1)
    stays = uids(stage.home("web"))
    run = await stage.do("restart", "cloneset/default/web")
    assert run.progress.outcome == "done", run.progress
    assert len(stage.home("web")) == 2
    assert stays < uids(stage.home("web"))


async def test_without_room_it_says_so_before_and_after(stage: Elastic) -> None:
    await stage.away("web", 2)
    stage.fill()
    made = await stage.planned("restart", WEB)
    assert "NoRoom" in codes(made, Level.WARNING)
    run = await stage.done(made)
    assert run.progress.outcome == "done"
    assert "0 of 2 new pods are on ECS, 2 on ECI" in run.progress.text


async def test_room_that_vanishes_is_not_called_done(stage: Elastic) -> None:
    await stage.away("web", 2)
    made = await stage.planned("restart", WEB)
    stage.fill()
    run = await stage.done(made)
    assert run.progress.outcome == "partly done"
    assert "fewer than expected are on ECS" in run.progress.text
    assert "2 on ECI" in run.progress.text


async def test_refuses_what_moves_nothing(stage: Elastic) -> None:
    await stage.away("web", 1, meta={"labels": FORCED})
    made = await stage.planned("restart", WEB)
    assert codes(made, Level.REFUSAL) == {"SentToEci"}
    assert "label alibabacloud.com/eci=true" in made.refusals[0].text
    with pytest.raises(Refused, match="a restart moves nothing"):
        await stage.done(made)
    assert not stage.patches("deployments")
    run = await stage.do("restart", WEB, force=True)
    assert run.progress.outcome == "done"
    assert "0 of 1 new pods are on ECS, 1 on ECI" in run.progress.text


async def test_what_is_lost_with_the_old_pods_is_said(stage: Elastic) -> None:
    await stage.away("web", 2)
    volumes = {"spec": {"template": {"spec": {"volumes": [{"name": "cache", "emptyDir": {}}]}}}}
    stage.sim.registry.patch("Deployment", "web", volumes, "default")
    await stage.until(lambda: len(stage.home("web")) == 2)
    made = await stage.planned("restart", WEB)
    assert "the local data of 2 of the pods (emptyDir cache) is lost" in made.irreversible
    assert "NothingOnEci" in codes(made)


async def test_refuses_what_is_paused_before_and_after_the_plan(stage: Elastic) -> None:
    await stage.away("web", 1)
    made = await stage.planned("restart", WEB)
    stage.sim.registry.patch("Deployment", "web", {"spec": {"paused": True}}, "default")
    assert codes(await stage.planned("restart", WEB), Level.REFUSAL) == {"RolloutStopped"}
    run = await stage.done(made)
    assert run.progress.outcome == "refused"
    assert "paused" in run.progress.text
    assert not stage.patches("deployments")


async def test_refuses_what_waits_for_deletions(stage: Elastic) -> None:
    await stage.away("web", 1, "StatefulSet", updateStrategy={"type": "OnDelete"})
    made = await stage.planned("restart", "sts/default/web")
    assert codes(made, Level.REFUSAL) == {"RolloutStopped"}
    with pytest.raises(InputError, match="kind 'frob'"):
        await stage.planned("restart", "frob/default/web")
    with pytest.raises(Refused, match="nobody starts it anew"):
        await stage.planned("restart", "pod/default/web-0")


async def test_a_partition_is_respected_and_said(stage: Elastic) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    await stage.away("web", 2, "StatefulSet", updateStrategy=rolling)
    made = await stage.planned("restart", "sts/default/web")
    assert "Partition" in codes(made, Level.WARNING)
    run = await stage.done(made)
    assert run.progress.outcome == "done", run.progress
    assert [pod["metadata"]["name"] for pod in stage.home("web")] == ["web-1"]


async def test_somebody_else_was_quicker(stage: Elastic) -> None:
    await stage.away("web", 1)
    made = await stage.planned("restart", WEB)
    notes = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: "2026-01-01T00:00:00Z"}}}}}
    stage.sim.registry.patch("Deployment", "web", notes, "default")
    run = await stage.done(made)
    assert run.progress.outcome == "refused"
    assert "somebody else restarted it" in run.progress.text
    assert not stage.patches("deployments")


async def test_another_of_its_name_is_left_alone(stage: Elastic) -> None:
    await stage.away("web", 1)
    made = await stage.planned("restart", WEB)
    stage.sim.registry.delete("Deployment", "web", "default")
    await stage.until(lambda: not stage.pods(VIRTUAL, "web"))
    await stage.away("web", 1)
    run = await stage.done(made)
    assert run.progress.outcome == "refused"
    assert "another has this name now" in run.progress.text
    assert not stage.patches("deployments")


async def test_a_lost_answer_is_looked_up_and_not_sent_again(stage: Elastic) -> None:
    await stage.away("web", 1)
    stage.sim.server.faults.add(Fault(path=r"/deployments/web\?", verb="patch", reset_after=0))
    run = await stage.do("restart", WEB)
    assert run.progress.outcome == "done", run.progress
    assert len(stage.patches("deployments", "web")) == 1
    assert len(stage.home("web")) == 1


async def test_conflicts_are_tried_again_and_other_refusals_are_not(stage: Elastic) -> None:
    await stage.away("web", 1)
    stage.sim.server.faults.add(Fault(path=r"/deployments/web\?", verb="patch", status=409, times=2))
    run = await stage.do("restart", WEB)
    assert run.progress.outcome == "done", run.progress
    await stage.away("api", 1)
    stage.sim.server.faults.add(Fault(path=r"/deployments/api\?", verb="patch", status=403, times=None))
    run = await stage.do("restart", "deployment/default/api")
    assert run.progress.outcome == "failed"
    assert len(stage.patches("deployments", "api")) == 1
    assert len(stage.pods(VIRTUAL, "api")) == 1


async def test_a_template_changed_meanwhile_ends_it_honestly(stage: Elastic) -> None:
    await stage.away("web", 1)
    made = await stage.planned("restart", WEB)
    stage.fill()
    async with acting.acting(stage.where) as actor:
        run = actor.start(made)
        task = asyncio.create_task(acting.execute(run))
        await stage.until(lambda: stage.patches("deployments", "web"))
        back = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: None, "vacancy/action": None}}}}}
        stage.sim.registry.patch("Deployment", "web", back, "default")
        await task
    assert run.progress.outcome == "partly done"
    assert "somebody changed its pod template" in run.progress.text


async def test_cancelled_it_says_that_the_rollout_goes_on(stage: Elastic) -> None:
    await stage.away("web", 2)
    made = await stage.planned("restart", WEB)
    stage.fill()
    async with acting.acting(stage.where) as actor:
        run = actor.start(made)
        task = asyncio.create_task(acting.execute(run))
        await stage.until(lambda: stage.patches("deployments", "web"))
        run.cancel()
        await task
    assert run.progress.outcome == "cancelled"
    assert "the rollout goes on by itself" in run.progress.text
    assert stage.last().state == "cancelled"


async def test_a_rollout_that_does_not_get_on_has_a_time_out(stage: Elastic) -> None:
    await stage.away("web", 2)
    made = await stage.planned("restart", WEB, timeout=1.0)
    stage.fill()
    stage._cordon([VIRTUAL], True)
    run = await stage.done(made)
    assert run.progress.outcome == "partly done"
    assert "not there after 1 s" in run.progress.text
    assert "0 of " in run.progress.text


@pytest.mark.parametrize("action", ["restart", "mute", "unmute", "delete-pod"])
async def test_a_guarded_context_is_left_alone(stage: Elastic, home: Path, action: str) -> None:
    pods = await stage.away("web", 1)
    file = home / "config" / "vacancy" / "guards.toml"
    file.parent.mkdir(parents=True)
    file.write_text('never_contexts = ["*"]')
    target = f"default/{pods[0]['metadata']['name']}" if action == "delete-pod" else WEB
    made = await stage.planned(action, target, args={"reason": "x"} if action == "mute" else {})
    assert "GuardedContext" in codes(made, Level.REFUSAL)
    with pytest.raises(Refused, match="never to touch"):
        await stage.done(made)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("line", [1, 2, 3])
async def test_killed_and_resumed(stage: Elastic, line: int, moment: str) -> None:
    """begin, the intent and its result; the fourth line is the end."""
    before = uids(await stage.away("web", 2))
    await stage.killed(PlanAction("", "restart", (WEB,)), line, moment)
    if (line, moment) == (1, "before"):
        assert not stage.patches("deployments")
        return
    entry = stage.last()
    assert entry.state == UNFINISHED
    told = (await stage.compared(entry))[0]
    sent = line == 3  # the patch is between the intent's line and the result's
    assert ("has this action's template" in told) is sent, told
    run = await stage.go_on(entry)
    assert run.progress.outcome == "done", run.progress
    assert len(stage.patches("deployments", "web")) == 1
    assert len(stage.home("web")) == 2
    assert not before & uids(stage.home("web"))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("line", [2, 3, 4, 5])
async def test_killed_between_replaced_pods(stage: Elastic, line: int, moment: str) -> None:
    """begin, then an intent and a result for each of two pods."""
    strategy = {"updateStrategy": {"type": "InPlaceIfPossible"}}
    before = await stage.away("web", 2, "CloneSet", **strategy)
    await stage.killed(PlanAction("", "restart", ("cloneset/default/web",)), line, moment)
    run: Run = await stage.go_on(stage.last())
    assert run.progress.outcome == "done", run.progress
    asked = [one.path for one in stage.sim.server.faults.log if one.method == "PATCH" and "/pods/" in one.path]
    assert sorted(path.rpartition("/")[2] for path in asked) == sorted(pod["metadata"]["name"] for pod in before)
    assert len(stage.home("web")) == 2


async def test_it_can_be_left_and_not_undone(stage: Elastic) -> None:
    await stage.away("web", 1)
    await stage.killed(PlanAction("", "restart", (WEB,)), 3, "after")
    with pytest.raises(Refused, match="can't be taken back"):
        await stage.go_on(stage.last(), "undo")
    run = await stage.go_on(stage.last(), "close")
    assert run.progress.outcome == "closed"
    assert stage.last().state == "closed"
    assert len(stage.patches("deployments", "web")) == 1
