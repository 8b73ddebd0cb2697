"""kill -9 at every line of an attach's journal: nothing is forgotten, and when it is resumed nothing runs twice, as the
servers' own logs count."""

from pathlib import Path

import pytest

from core.actions import recovery
from core.actions.journal_reading import UNFINISHED
from core.errors import Refused
from tests.wire.actions.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.thorough]


def points(steps: int, notes: int = 0) -> list[tuple[int, str]]:
    """Everywhere that a journal of so many steps (an intent and a result each) can end: after each intent, before each
    result, and so on; `notes` more lines in between."""
    last = 2 + 2 * steps + notes  # begin, the steps, the end
    return [(line, "before") for line in range(2, last + 1)] + [(line, "after") for line in range(2, last, 2)]


@pytest.mark.parametrize(("line", "moment"), points(4))
async def test_userdata_is_resumed_wherever_it_died(town: Town, home: Path, line: int, moment: str) -> None:
    machine = town.machine()
    await town.killed(await town.plan(machine.id, "userdata", group="spot"), home, line, moment)
    entry = town.last()
    assert entry.state == UNFINISHED
    told = await recovery.compare(entry, town.clients.reader, town.cloud)
    assert told[0].startswith(f"machine {machine.id} is ")
    assert told[1] in ("it is no node", f"it is node {town.world.machines.node_name(machine.id)}, Ready")
    run = await town.recover(entry)
    assert run.progress.outcome == "done", run.progress
    assert town.last().state == "done"
    assert town.ready(machine)
    changes = town.changes()
    assert changes.pop("DescribeClusterAttachScripts") == 1
    assert changes == {"StopInstance": 1, "ModifyInstanceAttribute": 1, "ReplaceSystemDisk": 1, "StartInstance": 1}
    assert not leases(town)


@pytest.mark.parametrize(("line", "moment"), [(9, "after"), (10, "before"), (11, "before")])
async def test_the_group_is_resumed_too(town: Town, home: Path, line: int, moment: str) -> None:
    """The steps before it are those of the test above, without the stop, for the machine stands still already."""
    machine = town.machine(status="Stopped")
    group = town.group("batch")
    if len(town.world.cloud.members_of(group)) >= town.world.cloud.groups[group].max_size:
        town.world.cloud.groups.change(group, max_size=20)
    await town.killed(await town.plan(machine.id, "userdata", group=group), home, line, moment)
    run = await town.recover(town.last())
    assert run.progress.outcome == "done", run.progress
    assert town.world.cloud.members[machine.id].state == "InService"
    expected = {"ModifyInstanceAttribute": 1, "ReplaceSystemDisk": 1, "StartInstance": 1, "AttachInstances": 1}
    assert town.changes() == expected


@pytest.mark.parametrize(("line", "moment"), points(1, notes=1))
async def test_the_ack_api_is_asked_once_wherever_it_died(town: Town, home: Path, line: int, moment: str) -> None:
    machine = town.machine()
    await town.killed(await town.plan(machine.id, "ack"), home, line, moment)
    run = await town.recover(town.last())
    assert run.progress.outcome == "done", run.progress
    assert town.ready(machine)
    assert town.changes() == {"AttachInstancesToNodePool": 1}


@pytest.mark.parametrize(("line", "moment"), points(1))
async def test_one_command_is_made_wherever_it_died(town: Town, home: Path, line: int, moment: str) -> None:
    """One that was made and never seen is not made again: no journal keeps it, and it says so."""
    machine = town.machine()
    await town.killed(await town.plan(machine.id, "manual"), home, line, moment)
    entry = town.last()
    asked = any(one.get("event") == "intent" for one in entry.lines)
    run = await town.recover(entry)
    assert run.progress.outcome == "done"
    assert town.changes()["DescribeClusterAttachScripts"] <= 1
    assert bool(run.aside) is not asked
    if asked:
        assert "no journal keeps it" in run.progress.text


@pytest.mark.parametrize(("line", "disk_kept"), [(3, True), (5, True), (6, True), (8, False)])
async def test_undone_as_long_as_the_disk_is_there(town: Town, home: Path, line: int, disk_kept: bool) -> None:
    machine = town.machine()
    await town.killed(await town.plan(machine.id, "userdata"), home, line, "before")
    entry = town.last()
    if not disk_kept:
        with pytest.raises(Refused, match=r"the old system disk of .* is gone"):
            await town.recover(entry, "undo")
        assert (await town.recover(town.last(), "close")).progress.outcome == "closed"
        return
    run = await town.recover(entry, "undo")
    assert run.progress.outcome == "undone", run.progress
    after = town.now(machine)
    assert (after.status, after.disk_id) == ("Running", machine.disk_id)
    assert "attach_node.sh" not in after.user_data
    assert town.last().state == "undone"
    assert not leases(town)


def leases(town: Town) -> list[str]:
    """Claims that somebody holds."""
    found = (one["metadata"]["name"] for one in town.world.registry.list("Lease", "kube-system"))
    return [name for name in found if name.startswith("vacancy-")]
