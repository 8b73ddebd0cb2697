"""A stage for each test, a town for all tests of a file, and a state directory of its own for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from core.actions import step
from core.actions.attach import attach, attach_machine, join_log
from core.actions.expand import expand
from core.actions.guards import Guards
from core.clients.alibaba import connection
from tests.wire.actions.dying_plan import hurry
from tests.wire.actions.fleet import Fleet
from tests.wire.actions.quick import cut_short
from tests.wire.actions.stage import Stage
from tests.wire.actions.town import Town


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the journal is."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest_asyncio.fixture
async def stage(home: Path) -> AsyncIterator[Stage]:
    made = await Stage.open(home)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def fleet(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fleet]:
    """Machines and their cluster, times cut short; its doors are opened by the test."""
    cut_short(monkeypatch.setattr)
    made = Fleet.make(home, monkeypatch.setenv, monkeypatch.setattr)
    yield made
    await made.close()


@pytest.fixture(scope="module")
def in_a_hurry() -> Iterator[None]:
    """Times cut short while a file's tests run."""
    with pytest.MonkeyPatch.context() as patch:
        for module, names in (
            (connection, ("READS_PER_SECOND", "WRITES_PER_SECOND")),
            (attach, ("LOOK",)),
            (attach_machine, ("GOOD_FOR",)),
            (expand, ("LOOK",)),
            (join_log, ("LOOK",)),
            (step, ("LOOK", "FIRST_PAUSE")),
        ):
            for name in names:
                patch.setattr(module, name, getattr(module, name))  # so that it is put back
        hurry()
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_town(tmp_path_factory: pytest.TempPathFactory, in_a_hurry: None) -> AsyncIterator[Town]:
    """One for all tests of a file; each brings its own machine."""
    with pytest.MonkeyPatch.context() as patch:
        town = await Town.open(tmp_path_factory.mktemp("town"), patch.setenv)
        yield town
        await town.close()


@pytest.fixture
def town(whole_town: Town, home: Path) -> Town:
    """The file's town, its logs empty and without faults."""
    whole_town.forget()
    whole_town.guards = Guards()
    return whole_town
