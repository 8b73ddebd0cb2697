"""Attach in trouble, against a simulated ACK over real sockets: answers lost, servers away, steps denied, cancelled,
and joins that fail. What goes well is in test_attach."""

import asyncio
from dataclasses import replace

import pytest

from core.actions.run import Run
from core.session import acting
from sim.cloud.state import Instance
from sim.kube.faults import Fault as KubeFault
from tests.wire.actions.test_attach import DISK
from tests.wire.actions.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.thorough]


@pytest.mark.parametrize("action", ["StopInstance", "ModifyInstanceAttribute", "ReplaceSystemDisk", "StartInstance"])
@pytest.mark.parametrize("kind", ["throttle", "done-reset", "done-error"])
async def test_lost_answers_and_flow_control(town: Town, action: str, kind: str) -> None:
    machine = town.machine()
    made = await town.plan(machine.id, "userdata", group="spot")
    town.fault(kind, action, seconds=0.05)
    run = town.start(made)
    await acting.execute(run)
    assert run.progress.outcome == "done", run.progress
    changes = town.changes()
    assert changes.pop("DescribeClusterAttachScripts") <= 2
    assert changes == {name: 1 for name in DISK if name != "DescribeClusterAttachScripts"}


async def test_no_answer_in_time_although_it_took_effect(town: Town) -> None:
    machine = town.machine()
    made = await town.plan(machine.id, "userdata", group="spot")
    town.fault("done-silence", "ReplaceSystemDisk", seconds=30.0)
    run = town.start(made)
    await acting.execute(run)
    assert run.progress.outcome == "done", run.progress
    assert town.changes() == DISK
    assert "no answer in time" in run.journal.path.read_text()


@pytest.mark.parametrize("kind", ["throttle", "done-reset", "done-error"])
async def test_a_task_whose_answer_was_lost_is_found_again(town: Town, kind: str) -> None:
    machine = town.machine()
    made = await town.plan(machine.id, "ack")
    town.fault(kind, "AttachInstancesToNodePool", seconds=0.05)
    run = town.start(made)
    await acting.execute(run)
    assert run.progress.outcome == "done", run.progress
    assert town.changes() == {"AttachInstancesToNodePool": 1}


async def test_a_busy_group_is_waited_for(town: Town) -> None:
    machine = town.machine()
    made = await town.plan(machine.id, "userdata", group=town.group("batch"))
    town.fault("error", "AttachInstances", code="ScalingActivityInProgress", message="busy", status=400, times=2)
    run = town.start(made)
    await acting.execute(run)
    assert run.progress.outcome == "done", run.progress
    assert town.changes()["AttachInstances"] == 1


async def test_the_api_server_goes_away_in_between(town: Town) -> None:
    machine = town.machine()
    made = await town.plan(machine.id, "userdata")
    looks_before = 2
    town.world.kube.faults.add(KubeFault(path=r"/api/v1/nodes", status=503, skip=looks_before, times=6))
    run = town.start(made)
    await acting.execute(run)
    assert run.progress.outcome == "done", run.progress
    assert town.changes() == DISK


async def test_an_api_server_that_is_away_at_first_lets_nothing_happen(town: Town) -> None:
    made = await town.plan(town.machine().id, "userdata")
    town.world.kube.faults.add(KubeFault(path=r"/api/v1/nodes", status=503, times=None))
    run = town.start(made)
    await acting.execute(run)
    assert run.progress.outcome == "failed"
    assert town.changes() == {}


async def test_a_step_that_is_denied_ends_it_honestly(town: Town) -> None:
    machine = town.machine()
    made = await town.plan(machine.id, "userdata")
    text = "You are not authorized to do this operation."
    town.fault("error", "ReplaceSystemDisk", code="Forbidden.RAM", message=text, status=403, times=None)
    run = town.start(made)
    await acting.execute(run)
    assert run.progress.outcome == "partly done"
    assert "2 of 5 steps taken, then replace its system disk" in run.progress.text
    assert "ecs:ReplaceSystemDisk" in run.progress.text
    assert town.now(machine).disk_id == machine.disk_id


# joins that fail


async def with_a_token_that_nobody_knows(town: Town, machine: Instance) -> Run:
    """Attach by userdata, and have its token forgotten before the machine boots."""
    run = town.start(await town.plan(machine.id, "userdata", timeout=4.0))
    task = asyncio.create_task(acting.execute(run))
    await town.until(lambda: town.changes()["ReplaceSystemDisk"])
    kept = dict(town.world.cloud.join_tokens)
    town.world.cloud.join_tokens.clear()
    await task
    town.world.cloud.join_tokens.update(kept)
    assert not any(token in run.journal.path.read_text() for token in kept)
    return run


async def test_the_log_of_a_join_that_failed(town: Town) -> None:
    run = await with_a_token_that_nobody_knows(town, town.machine())
    assert run.progress.outcome == "partly done"
    assert "its join failed; its log says:" in run.progress.text
    assert "[ERROR] attach: the cluster does not know this token" in run.progress.text
    assert town.asked("RunCommand") == 1


async def test_the_console_tells_where_cloud_assistant_is_missing(town: Town) -> None:
    town.fault("error", "RunCommand", code="InvalidInstance.NotSupported", message="no agent", status=400, times=None)
    run = await with_a_token_that_nobody_knows(town, town.machine())
    assert "the cluster does not know this token" in run.progress.text
    assert town.asked("GetInstanceConsoleOutput") == 1


async def test_a_log_that_can_not_be_read_says_so(town: Town) -> None:
    for action in ("RunCommand", "GetInstanceConsoleOutput"):
        town.fault("error", action, code="Forbidden.RAM", message="no", status=403, times=None)
    run = await with_a_token_that_nobody_knows(town, town.machine())
    assert run.progress.outcome == "partly done"
    assert "its log can't be read: ECS GetInstanceConsoleOutput: RAM does not allow" in run.progress.text


async def test_what_ack_says_of_a_task_that_failed(town: Town) -> None:
    machine = town.machine()
    run = town.start(await town.plan(machine.id, "ack", timeout=20.0))
    task = asyncio.create_task(acting.execute(run))
    await town.until(lambda: town.changes()["AttachInstancesToNodePool"])
    tasks = town.world.cloud.tasks
    mine = next(one for one in tasks if machine.id in one.parameters.get("instances", ()))
    tasks.add(mine.id, replace(mine, state="fail", error=("NodeInitFailed", "kubelet did not start")))
    await task
    assert run.progress.outcome == "partly done"
    assert "NodeInitFailed: kubelet did not start" in run.progress.text


# cancelled


@pytest.mark.parametrize("action", ["StopInstance", "ReplaceSystemDisk"])
async def test_cancelled_between_steps(town: Town, action: str) -> None:
    machine = town.machine()
    run = town.start(await town.plan(machine.id, "userdata"))
    task = asyncio.create_task(acting.execute(run))
    await town.until(lambda: town.changes()[action])
    run.cancel()
    await task
    assert run.progress.outcome == "cancelled"
    assert "what was sent before it stays done" in run.progress.text
    assert "StartInstance" not in town.changes()
    assert town.last().state == "cancelled"
