"""Each trouble with the cloud as a person sees it: the header and its notice, through a session over real sockets. The
nodes go on meanwhile, and once the trouble is over nobody has to do anything."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.clients.alibaba import connection
from core.feeds import cloud
from core.session import Session, Where
from core.views.link import Update
from core.views.status import Connection, Source, Status
from core.views.table import TableChange, TableView, ViewKey
from sim.cloud import gateway
from sim.cloud.access import READ_ONLY, Principal
from sim.cloud.faults import Fault
from sim.world.world import Options, World, build
from tests.wire.cloud_feeds.following import FAST
from tui.widgets.header_line import pieces

pytestmark = pytest.mark.thorough

OPERATOR = Principal("operator", "STS.operator", "operator-secret", READ_ONLY, security_token="token-1")


class Screen:
    """What a session has sent for the header and the Nodes screen."""

    def __init__(self) -> None:
        self.status: Status | None = None
        self.nodes: set[str] = set()
        self.groups: dict[str, str] = {}

    def take(self, update: Update) -> None:
        match update:
            case Status():
                self.status = update
            case TableView(key=ViewKey("nodes")) if update.rows:
                self.nodes |= {row.id for row in update.rows}
            case TableChange(key=ViewKey("nodes")):
                self.nodes |= {row.id for row in update.upserted}

    @property
    def cloud(self) -> Source:
        sources = self.status.sources if self.status is not None else ()
        return next((one for one in sources if one.name == "cloud"), Source("cloud", Connection.CONNECTING))

    @property
    def header(self) -> str:
        return " ".join(piece.long for piece in pieces(self.status, time.time(), paused=False))

    async def until(self, done: Callable[[], object], seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, (self.header, self.status and self.status.notice, self.cloud)
            await asyncio.sleep(0.05)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = build(Options(lives=False))
    made.gateway.access.add(OPERATOR)
    await made.start()
    yield made
    await made.stop()


@asynccontextmanager
async def opened(world: World, folder: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[Screen]:
    """A session of the operator on that world, its periods shortened."""
    config = folder / "kubeconfig"
    config.write_text(world.kubeconfig())
    keys = {"ACCESS_KEY_ID": OPERATOR.access_key, "ACCESS_KEY_SECRET": OPERATOR.secret, "SECURITY_TOKEN": "token-1"}
    own = {f"ALIBABA_CLOUD_{name}": value for name, value in keys.items()}
    for name, value in (world.environment(config) | own).items():
        patch.setenv(name, value)
    patch.setattr(cloud, "CloudTiming", lambda: FAST)
    patch.setattr(connection, "THROTTLED_PAUSE", 0.2)
    session, screen = Session(Where(kubeconfig=str(config))), Screen()
    session.subscribe(ViewKey("nodes"))

    async def follow() -> None:
        async for update in session.updates():
            screen.take(update)

    following = asyncio.create_task(follow())
    yield screen
    await session.close()
    await following


Break = Callable[[World, pytest.MonkeyPatch], Callable[[], object]]
"""Breaks something and returns what mends it."""


def fault(kind: str, **more: object) -> Break:
    def apply(world: World, _: pytest.MonkeyPatch) -> Callable[[], object]:
        number = world.gateway.faults.add(Fault(kind, times=None, **more))  # type: ignore[arg-type]
        return lambda: world.gateway.faults.remove(number)

    return apply


def identity(**changes: object) -> Break:
    def apply(world: World, _: pytest.MonkeyPatch) -> Callable[[], object]:
        world.gateway.access.add(dataclasses.replace(OPERATOR, **changes))  # type: ignore[arg-type]
        return lambda: world.gateway.access.add(OPERATOR)

    return apply


def skewed(_: World, patch: pytest.MonkeyPatch) -> Callable[[], object]:
    patch.setattr(gateway, "time", SimpleNamespace(time=lambda: time.time() + 3600))
    return lambda: patch.setattr(gateway, "time", time)


RECONNECTING, OFF = Connection.RECONNECTING, Connection.OFF
TROUBLES: dict[str, tuple[Break, Connection, str]] = {
    "wrong secret": (
        identity(secret="another"),
        RECONNECTING,
        "the access key's secret is wrong: correct the secret of",
    ),
    "expired token": (identity(expires=1.0), RECONNECTING, "the security token has expired: renew the token of"),
    "clock skew": (skewed, RECONNECTING, "this machine's clock is wrong: set the clock"),
    "denied action": (identity(allow=()), OFF, "RAM does not allow"),
    "throttling": (fault("throttle", seconds=0.1, code="Throttling.User"), RECONNECTING, "throttled (Throttling.User)"),
    "502 with HTML": (fault("html"), RECONNECTING, "the answer is not one of the cloud's"),
    "reset in mid-answer": (fault("reset"), RECONNECTING, "the answer broke off"),
    "wrong shape": (fault("shape", body={"RequestId": "1"}), RECONNECTING, "the answer holds no list"),
    "40 s of silence": (fault("silence", seconds=40.0), RECONNECTING, "no answer in time"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_trouble_is_on_the_screen_and_goes_away(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    breaks, state, words = TROUBLES[trouble]
    mend = breaks(world, monkeypatch)
    async with opened(world, tmp_path, monkeypatch) as screen:
        await screen.until(lambda: screen.cloud.state is state and words in screen.cloud.detail)
        assert screen.status is not None
        assert f"cloud {state.value}" in screen.header
        assert words.partition(":")[0] in screen.status.notice
        await the_nodes_go_on(world, screen)
        mend()
        await screen.until(lambda: screen.cloud.state is Connection.LIVE, 60)
        await screen.until(lambda: "cloud" not in screen.header)
        assert OPERATOR.secret not in repr(screen.status)


async def test_what_only_one_action_is_denied_limits(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.gateway.access.add(dataclasses.replace(OPERATOR, deny=("ecs:DescribeUserData",)))
    async with opened(world, tmp_path, monkeypatch) as screen:
        await screen.until(lambda: "cloud limited" in screen.header)
        assert screen.status is not None
        assert "part of the cloud can't be read: RAM does not allow ecs:DescribeUserData" in screen.status.notice
        world.gateway.access.add(OPERATOR)
        await screen.until(lambda: "cloud" not in screen.header)


async def the_nodes_go_on(world: World, screen: Screen) -> None:
    """A node that changes now is sent now."""
    await screen.until(lambda: len(screen.nodes) > 20)
    node = next(node for node in world.registry.list("Node") if not (node["spec"].get("unschedulable")))
    screen.nodes.clear()
    world.registry.patch("Node", node["metadata"]["name"], {"spec": {"unschedulable": True}})
    await screen.until(lambda: node["metadata"]["name"] in screen.nodes, 5)
