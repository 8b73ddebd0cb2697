"""The screens themselves, as they are drawn, on a cluster in which things happen."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from core.session import Session, Where
from tests.controlplane.cluster import Cluster
from tests.controlplane.followed import FAREWELL
from tests.controlplane.identities import NAMESPACED, NOBODY, ON_CALL, TEAM_NAMESPACE
from tests.controlplane.scene import Scene
from tui.app import VacancyApp

SOON = 2.0


class Drawn:
    """What a person reads."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot

    @property
    def lines(self) -> list[str]:
        return [strip.text for strip in self.pilot.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def until(self, condition: Callable[[], object], seconds: float, what: str) -> None:
        """Wait until it is drawn; prints how long that took."""
        started = time.monotonic()
        while not condition():
            assert time.monotonic() < started + seconds, f"not drawn in {seconds} s: {what}\n{self.text}"
            await self.pilot.pause(0.05)
        print(f"{what}: {time.monotonic() - started:.2f} s")


@asynccontextmanager
async def drawn(cluster: Cluster, context: str, size: tuple[int, int] = (160, 50)) -> AsyncIterator[Drawn]:
    """The dashboard, from its first paint on."""

    async def open_link() -> Session:
        return Session(Where(kubeconfig=str(cluster.kubeconfig), context=context, cloud=False))

    async with VacancyApp(open_link).run_test(size=size) as pilot:
        yield Drawn(pilot)
    await asyncio.sleep(FAREWELL)


async def test_the_nodes_screen_follows(scene: Scene) -> None:
    cluster = scene.cluster
    async with drawn(cluster, ON_CALL) as screen:
        await screen.until(lambda: all(name in screen.text for name in scene.nodes), 5, "first table")
        await asyncio.to_thread(scene.scale, 9)
        await screen.until(lambda: "9 pods" in screen.lines[0], SOON, "scaled to 9")
        await asyncio.to_thread(cluster.kubectl, "delete", "node", scene.nodes[0], "--wait=false")
        await screen.until(lambda: scene.nodes[0] not in screen.text, SOON, "node deleted")
        assert "2 nodes" in screen.lines[0]
        await asyncio.to_thread(cluster.stop_apiserver)
        await screen.until(lambda: "reconnecting since" in screen.lines[0], SOON, "API server stopped")
        assert re.search(r"refused|broke off|closed the connection", screen.lines[-2])
        assert scene.nodes[1] in screen.text
        await asyncio.to_thread(cluster.start_apiserver)
        await screen.until(lambda: "live" in screen.lines[0], 12, "API server back")


async def test_a_node_is_opened_and_left(scene: Scene) -> None:
    async with drawn(scene.cluster, ON_CALL, (120, 36)) as screen:
        await screen.until(lambda: scene.nodes[0] in screen.text, 5, "first table")
        await screen.pilot.press("slash", *"follow-none", "enter")
        await screen.until(lambda: "escape clears the filter" in screen.text, SOON, "a filter that matches nothing")
        await screen.pilot.press("escape")
        await screen.until(lambda: scene.nodes[2] in screen.text, SOON, "all rows again")
        await screen.pilot.press("down", "enter")
        await screen.until(lambda: re.search(r"Node cn-hangzhou\.\S+", screen.text), SOON, "one node")
        assert re.search(r"\[?Pods [0-2]\b", screen.text)
        await screen.pilot.press("escape")
        await screen.until(lambda: all(name in screen.text for name in scene.nodes), SOON, "the list again")


async def test_a_limited_identity_is_told_what_it_misses(scene: Scene) -> None:
    async with drawn(scene.cluster, NAMESPACED) as screen:
        await screen.until(lambda: "limited" in screen.lines[0], 5, "limited")
        assert f"only namespace {TEAM_NAMESPACE} may be read" in screen.lines[-2]
    async with drawn(scene.cluster, NOBODY, (80, 24)) as screen:
        await screen.until(lambda: "no access" in screen.lines[0], 5, "no access")
        assert "nodes is forbidden" in screen.text
        assert "ctrl+r tries again" in screen.text
