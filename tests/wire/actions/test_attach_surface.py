"""Attach as people meet it: the list, the plan, the one command on a terminal, the keys; and the trust of a join as it
is read from a server."""

import asyncio
import base64
import json
import os
import pty
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from core.actions.action_plan import Level
from core.actions.attach import join_trust
from core.analysis import attachable
from core.session import Session, attaching
from core.views import action
from core.where import Where
from sim.kube.certificates import server_context
from sim.kube.faults import Fault as KubeFault
from tests.wire.actions.town import ROOT, Town
from tui.app import VacancyApp
from tui.screens.action import ActionScreen
from tui.screens.machines import MachinesScreen
from tui.widgets.fleet_table import FleetTable

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.thorough]


async def vacancy(*words: str) -> tuple[int, str, str]:
    """A command in a process of its own: exit code, what it printed, what it said."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", *words, cwd=ROOT, env=os.environ, stdout=-1, stderr=-1
    )
    out, err = await child.communicate()
    assert b"Traceback" not in err, err.decode()
    return child.returncode or 0, out.decode(), err.decode()


async def test_the_list_in_every_form(town: Town) -> None:
    """Machines on another VPC and nodes are not on it; what was asked is nothing but reads."""
    idle, other = town.machine(name="idle-here"), town.machine(vpc_id="vpc-other")
    code, text, _ = await vacancy("attach", "-o", "json")
    assert code == 0
    items = {one["id"]: one for one in json.loads(text)["items"]}
    assert items[idle.id]["verdict"] == "suitable"
    assert other.id not in items
    nodes = {str(one["spec"].get("providerID", "")).rpartition(".")[2] for one in town.world.registry.list("Node")}
    assert not nodes & items.keys()
    for form, mark in (("table", "idle-here"), ("csv", f"\n{idle.id},"), ("yaml", f"id: {idle.id}"),
                       ("name", f"machine/{idle.id}\n")):  # fmt: skip
        assert mark in (await vacancy("attach", "-o", form))[1]
    assert town.changes() == {}


async def test_more_machines_than_a_page_holds(town: Town) -> None:
    many = [town.machine(ip="10.0.4.250").id for _ in range(230)]
    here = attachable.around(town.before.snapshot, town.cloud.cluster)
    found, problems = await attaching.ask(town.cloud, here)
    listed = [one.machine.id for one in attachable.candidates(found, here)]
    assert set(many) <= set(listed)
    assert len(listed) == len(set(listed))
    assert problems == ()
    assert town.asked("DescribeInstances") >= 3
    for name in many:
        town.world.cloud.instances.drop(name)


async def test_a_dry_run_prints_the_plan_and_asks_for_no_command(town: Town) -> None:
    machine = town.machine()
    for how in ("manual", "userdata", "ack"):
        code, text, _ = await vacancy("attach", "--dry-run", machine.id, "--how", how)
        assert code == 0
        plan = json.loads(text)
        assert (plan["action"], plan["refused"]) == ("attach", False)
    assert town.asked("DescribeClusterAttachScripts") == 0
    assert town.changes() == {}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("i-x",), 2, "say --how"),
        (("--how", "ack"), 2, "name the machine"),
        (("--yes", "i-x", "--how", "ack"), 4, "read-only"),
        (("--write", "--yes", "i-x", "--how", "manual"), 4, "shown on a terminal only"),
        (("--write", "--yes", "i-x", "--how", "ack"), 2, "ECS has none of that id"),
        (("--no-cloud",), 4, "the cloud can't be asked"),
    ],
)
async def test_what_is_said_for_nothing(town: Town, words: tuple[str, ...], code: int, said: str) -> None:
    found, _, err = await vacancy("attach", *words)
    assert (found, said in err) == (code, True), err
    assert town.changes() == {}


async def test_the_command_comes_on_the_terminal_and_nowhere_else(town: Town, home: Path) -> None:
    machine = town.machine()
    words = ("-m", "cli", "attach", "--write", "--yes", machine.id, "--how", "manual")
    ours, theirs = pty.openpty()
    child = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, env=os.environ, stdout=theirs, stderr=-1
    )
    os.close(theirs)
    _, err = await child.communicate()
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert child.returncode == 0, err
    (token,) = [one for one, (pool, _) in town.world.cloud.join_tokens.items() if one in shown]
    assert "attach_node.sh" in shown
    assert token not in err.decode()
    assert kept_below(home)
    assert token not in kept_below(home)


def kept_below(folder: Path) -> str:
    """All that was written there."""
    return "".join(file.read_text() for file in sorted(folder.rglob("*")) if file.is_file())


# the keys


@asynccontextmanager
async def screens(town: Town, armed: bool = True) -> AsyncIterator[tuple[VacancyApp, Pilot[None]]]:
    where = Where(kubeconfig=os.environ["KUBECONFIG"], write=armed)

    async def open_link() -> Session:
        return Session(where)

    app = VacancyApp(open_link)
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: app.status is not None and app.status.nodes)
        yield app, pilot


async def until(pilot: Pilot[None], done: object, seconds: float = 30.0) -> None:
    assert callable(done)
    async with asyncio.timeout(seconds):
        while not done():
            await pilot.pause(0.05)


def sentences(app: VacancyApp) -> str:
    return str(app.screen.query_one(".-sentences", Static).render())


def phase(app: VacancyApp) -> str:
    return app.screen.shown.phase if isinstance(app.screen, ActionScreen) and app.screen.shown is not None else ""


async def test_from_a_group_to_a_node(town: Town) -> None:
    machine = town.machine()
    async with screens(town) as (app, pilot):
        app.switch_mode("groups")
        group = town.group("spot")
        await until(
            pilot, lambda: app.screen.query(FleetTable) and group in app.screen.query_one(FleetTable).model.rows
        )
        await until(pilot, lambda: len(app.screen.query_one(FleetTable).model.position) == len(town.world.cloud.groups))
        app.screen.query_one(FleetTable).move_to(group)
        await pilot.pause()
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, MachinesScreen))
        table = app.screen.query_one(FleetTable)
        await until(pilot, lambda: machine.id in table.model.position)
        table.move_to(machine.id)
        await pilot.press("a")
        await until(pilot, lambda: phase(app) == action.ASKS)
        assert "everything on the system disk" in sentences(app)
        assert app.screen.query_one(Input).placeholder == f"type {machine.id} to confirm"
        await pilot.press(*"yes", "enter")
        await until(pilot, lambda: "that was not it" in sentences(app))
        assert town.changes() == {}
        await pilot.press(*machine.id, "enter")
        await until(pilot, lambda: phase(app) == action.ENDED)
        assert "and it is Ready" in sentences(app)
    assert town.world.cloud.members[machine.id].group_id == group


async def test_by_hand_from_the_screen(town: Town, home: Path) -> None:
    machine = town.machine()
    async with screens(town) as (app, pilot):
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, MachinesScreen))
        table = app.screen.query_one(FleetTable)
        await until(pilot, lambda: machine.id in table.model.position)
        table.move_to(machine.id)
        await pilot.press("m")
        await until(pilot, lambda: phase(app) == action.ASKS)
        await pilot.press(*"yes", "enter")
        await until(pilot, lambda: "attach_node.sh" in sentences(app))
        await pilot.press("ctrl+x")
        await until(pilot, lambda: phase(app) == action.ENDED)
    assert [token for token in town.world.cloud.join_tokens if token in kept_below(home)] == []
    assert town.last().state == "cancelled"


async def test_without_write_the_key_is_not_there(town: Town) -> None:
    async with screens(town, armed=False) as (app, pilot):
        assert "a" not in app.screen.active_bindings
        await pilot.press("a")
        assert not isinstance(app.screen, MachinesScreen)


# the trust of a join


async def codes(town: Town, needed: bool = True) -> dict[str, Level]:
    found = await join_trust.check(town.clients.reader, town.world.cloud.now(), needed)
    return {one.code: one.level for one in found}


async def test_the_trust_as_it_is_published(town: Town) -> None:
    assert await codes(town) == {"JoinTrust": Level.NOTE}


async def test_nobody_may_read_it(town: Town) -> None:
    town.world.kube.faults.add(KubeFault(path="cluster-info", status=403, user="system:anonymous", times=None))
    assert await codes(town) == {"ClusterInfoHidden": Level.REFUSAL}
    assert await codes(town, needed=False) == {"ClusterInfoHidden": Level.WARNING}


async def test_secrets_that_may_not_be_read(town: Town) -> None:
    town.world.kube.faults.add(KubeFault(path="secrets/bootstrap-token", status=403, times=None))
    assert await codes(town) == {"BootstrapTokensUnread": Level.NOTE}


async def test_a_cluster_info_that_was_changed_after_it_was_signed(town: Town) -> None:
    registry = town.world.registry
    found = registry.get("ConfigMap", "cluster-info", "kube-public")
    changed = {**found["data"], "kubeconfig": found["data"]["kubeconfig"] + "\n"}
    registry.patch("ConfigMap", "cluster-info", {"data": changed}, "kube-public")
    try:
        assert (await codes(town))["NoValidToken"] is Level.REFUSAL
    finally:
        registry.patch("ConfigMap", "cluster-info", {"data": found["data"]}, "kube-public")


async def test_the_ca_of_another_cluster(town: Town) -> None:
    registry = town.world.registry
    found = registry.get("ConfigMap", "cluster-info", "kube-public")
    config = json.loads(found["data"]["kubeconfig"])
    other = base64.b64encode(server_context()[1].encode()).decode()
    config["clusters"][0]["cluster"]["certificate-authority-data"] = other
    changed = {**found["data"], "kubeconfig": json.dumps(config)}
    registry.patch("ConfigMap", "cluster-info", {"data": changed}, "kube-public")
    try:
        assert (await codes(town))["ClusterInfoCA"] is Level.REFUSAL
    finally:
        registry.patch("ConfigMap", "cluster-info", {"data": found["data"]}, "kube-public")
