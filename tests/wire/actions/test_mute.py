"""Mute and unmute over real sockets: an annotation with a reason and an end, which the audit believes until then."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from core.analysis.prices import shipped
from core.analysis.serverless import MUTED, OVERDUE, ServerlessApplication, audit
from core.errors import InputError
from core.session import decide, read
from core.views.link import PlanAction
from sim.kube.faults import Fault
from tests.wire.actions.elastic import FORCED, Elastic

WEB = "deployment/default/web"
NOTE = "vacancy/eci-mute"
WISH = {"until": "14d", "reason": "load test; until the sale"}


@pytest_asyncio.fixture
async def stage(home: Path) -> AsyncIterator[Elastic]:
    made = await Elastic.open(home)
    await made.away("web", 1, meta={"labels": FORCED})
    yield made
    await made.close()


async def seen(stage: Elastic, after: float = 0.0) -> ServerlessApplication:
    """What the audit says of it, so many seconds from now. Any time on ECI is too long here: its pods are overdue."""
    snapshot = (await read(stage.where)).snapshot
    made = decide(replace(snapshot, as_of=snapshot.as_of + after))
    (found,) = audit(made, shipped(), -1.0).applications
    return found


def note(stage: Elastic) -> dict[str, Any] | None:
    found = stage.sim.registry.get("Deployment", "web", "default")["metadata"].get("annotations") or {}
    return json.loads(found[NOTE]) if NOTE in found else None


async def test_muted_and_not_any_more(stage: Elastic) -> None:
    run = await stage.do("mute", WEB, args=WISH)
    assert run.progress.outcome == "done", run.progress
    found = note(stage)
    assert found is not None
    assert found["reason"] == WISH["reason"]
    assert "kubernetes-admin" in found["by"]
    muted = await seen(stage)
    assert muted.verdict == MUTED
    assert not muted.overdue
    run = await stage.do("unmute", WEB)
    assert run.progress.outcome == "done"
    assert note(stage) is None
    assert (await seen(stage)).mute is None


async def test_a_pod_that_nobody_owns_is_muted_itself(stage: Elastic) -> None:
    stage.sim.registry.delete("Deployment", "web", "default")
    container = {"name": "main", "image": "x"}
    meta = {"name": "alone", "namespace": "default", "labels": FORCED}
    stage.sim.registry.create("Pod", {"metadata": meta, "spec": {"containers": [container]}})
    await stage.until(lambda: stage.sim.registry.get("Pod", "alone", "default")["spec"].get("nodeName"))
    await stage.until(lambda: len(stage.sim.registry.list("Pod")) == 1)
    assert (await stage.do("mute", "Pod default/alone", args=WISH)).progress.outcome == "done"
    assert (await seen(stage)).verdict == MUTED


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"until": "14d", "reason": "  "}, "say why"),
        ({"until": "14d", "reason": "x" * 300}, "say why"),
        ({"until": "none", "reason": "x"}, "until"),
        ({"until": "2020-01-01", "reason": "x"}, "until"),
        ({"until": "999w", "reason": "x"}, "until"),
        ({"until": "14d", "reason": "x", "force": True}, "force"),
    ],
)
async def test_a_wish_must_make_sense(stage: Elastic, wish: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        await stage.planned("mute", WEB, args=wish)


async def test_an_end_counts_in_either_form(stage: Elastic) -> None:
    made = await stage.planned("mute", WEB, args={"until": "90s", "reason": "short"})
    await stage.done(made)
    muted = await seen(stage)
    assert muted.mute is not None
    assert muted.mute.until == int(made.made_at + 90)
    assert (await seen(stage, 91)).verdict == OVERDUE


async def test_the_owner_must_be_there_and_the_same(stage: Elastic) -> None:
    with pytest.raises(InputError, match="none of that name"):
        await stage.planned("mute", "deployment/default/other", args=WISH)
    made = await stage.planned("mute", WEB, args=WISH)
    stage.sim.registry.delete("Deployment", "web", "default")
    await stage.until(lambda: not stage.sim.registry.list("Pod"))
    await stage.away("web", 1)
    run = await stage.done(made)
    assert run.progress.outcome == "refused"
    assert note(stage) is None


async def test_a_lost_answer_is_looked_up(stage: Elastic) -> None:
    stage.sim.server.faults.add(Fault(path=r"/deployments/web\?", verb="patch", reset_after=0))
    assert (await stage.do("mute", WEB, args=WISH)).progress.outcome == "done"
    assert len(stage.patches("deployments", "web")) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("line", [2, 3])
async def test_killed_and_resumed_or_undone(stage: Elastic, line: int, moment: str) -> None:
    await stage.killed(PlanAction("", "mute", (WEB,), args=WISH), line, moment)
    entry = stage.last()
    if moment == "before":
        assert (await stage.go_on(entry)).progress.outcome == "done"
        assert note(stage) is not None
        assert len(stage.patches("deployments", "web")) == 1
    else:
        assert (await stage.go_on(entry, "undo")).progress.outcome == "undone"
        assert note(stage) is None
