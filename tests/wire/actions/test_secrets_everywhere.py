"""Marked secrets wherever a cluster and a cloud can hold them; then every command, a dump and every screen are searched
for them. That none gets into a journal is shown in test_secrets too, action by action in their own files."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from core.session import Session
from core.where import Where
from sim.world.world import Options, World, build
from tests.wire.actions.test_screens import Screens
from tests.wire.kube import objects
from tui.app import VacancyApp
from tui.screens.main_views import MAIN_VIEWS

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[3]
MARK = "hunter2hunter2"
JOIN_TOKEN = re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")
COMMANDS = ("nodes", "plan", "pending", "scale-in", "groups", "eci", "checks", "rightsizing", "attach")
SPACE = "secrets"


def seed(world: World) -> None:
    """In environments, arguments, annotations, events and settings."""
    registry = world.registry
    registry.create("Namespace", {"metadata": {"name": SPACE, "annotations": {"db-password": MARK}}})
    pod = objects.pod("holder", cpu="900")
    container = pod["spec"]["containers"][0]
    container["env"] = [{"name": "DB_PASSWORD", "value": MARK}]
    container["args"] = [f"--token={MARK}", f"https://robot:{MARK}@example.org"]
    notes = {"vacancy/api-token": MARK, "kubectl.kubernetes.io/last-applied-configuration": f'{{"x":"{MARK}"}}'}
    made = registry.create("Pod", {**pod, "metadata": {"name": "holder", "namespace": SPACE, "annotations": notes}})
    registry.create("Secret", {"metadata": {"name": "s", "namespace": SPACE}, "stringData": {"password": MARK}})
    registry.create("ConfigMap", {"metadata": {"name": "c", "namespace": SPACE}, "data": {"password": MARK}})
    about = {"kind": "Pod", "namespace": SPACE, "name": "holder", "uid": made["metadata"]["uid"]}
    registry.create(
        "Event",
        {
            "metadata": {"name": "holder.1", "namespace": SPACE},
            "involvedObject": about,
            "reason": "FailedMount",
            "message": f"password={MARK} Authorization: Bearer {MARK} https://robot:{MARK}@example.org",
            "type": "Warning",
        },
    )


def found(text: str, marks: set[str]) -> set[str]:
    return {mark for mark in marks if mark in text} | set(JOIN_TOKEN.findall(text))


async def start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[World, Path, set[str]]:
    """A world with marked secrets, its kubeconfig, and the marks: the account's own secret is one of them."""
    world, marks = build(Options(speed=1, lives=False)), {MARK}
    await world.start()
    config = folder / "kubeconfig"
    await asyncio.to_thread(config.write_text, world.kubeconfig())
    for name, value in world.environment(config).items():
        monkeypatch.setenv(name, value)
        if "SECRET" in name:
            marks.add(value)
    seed(world)
    return world, config, marks


async def said(*words: str) -> str:
    """All that a command says, on both ways out."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", *words, cwd=ROOT, env=os.environ, stdout=-1, stderr=-2
    )
    out, _ = await child.communicate()
    assert b"Traceback" not in out
    return out.decode()


async def test_no_command_says_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, _, marks = await start(home, monkeypatch)
    try:
        for name in COMMANDS:
            for form in ("json", "table"):
                text = await said(name, "-o", form)
                assert len(text) > 100, name
                assert found(text, marks) == set(), (name, form)
        dump = home / "dump.json"
        await said("record", str(dump))
        text = await asyncio.to_thread(dump.read_text)
        assert "holder" in text
        assert found(text, marks) == set()
    finally:
        await world.stop()


async def test_no_screen_shows_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every main view, and what Enter opens from each of its first rows, the pod with the secrets among them."""
    world, config, marks = await start(home, monkeypatch)

    async def open_link() -> Session:
        return Session(Where(kubeconfig=str(config), write=True))

    app = VacancyApp(open_link)
    try:
        async with app.run_test(size=(240, 70)) as pilot:
            shown = Screens(app, pilot)
            await shown.until(lambda: app.status is not None and app.status.nodes, 60)
            texts = [text for view in MAIN_VIEWS for text in await looked_at(shown, view.kind)]
    finally:
        await world.stop()
    whole = "\n".join(texts)
    assert len(texts) > len(MAIN_VIEWS)
    assert "holder" in whole
    assert found(whole, marks) == set()


async def looked_at(shown: Screens, kind: str) -> list[str]:
    """What shows of a view, and of the objects behind its first rows."""
    app = shown.app
    await app.switch_mode(kind)
    await shown.pilot.pause(1.0)
    texts = [page(shown)]
    for row in list(shown.table.model.order)[:6]:
        shown.table.move_to(row)
        await shown.press("enter")
        await shown.pilot.pause(0.3)
        texts.append(page(shown))
        while len(app.screen_stack) > 1:
            await shown.press("escape")
    return texts


def page(shown: Screens) -> str:
    """The screen as text."""
    svg = shown.app.export_screenshot()
    return re.sub(r"<[^>]+>|&#160;", " ", svg)
