"""Fixtures: `ground` runs a test over both API servers, `sim` is the simulated one alone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from sim.kube import rbac
from tests.controlplane.build import missing
from tests.controlplane.cluster import Cluster
from tests.wire.kube.client import Client
from tests.wire.kube.ground import READER, Ground, Sim

SERVERS = ("sim", pytest.param("real", marks=pytest.mark.controlplane))


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Cluster]:
    """The real Kubernetes, one for the session."""
    if absent := missing():
        pytest.skip(f"not built: {', '.join(absent)}; run `python -m tests.controlplane build`")
    with Cluster() as running:
        yield running


@pytest_asyncio.fixture
async def sim(tmp_path: Path) -> AsyncIterator[Sim]:
    """A simulated cluster without nodes, running."""
    made = Sim(tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def admin(sim: Sim) -> AsyncIterator[Client]:
    """An administrator of the simulated cluster."""
    async with Client(sim.kubeconfig(rbac.ADMIN)) as client:
        yield client


@pytest_asyncio.fixture(params=SERVERS)
async def ground(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ground]:
    """Either server with a namespace for the test."""
    async with AsyncExitStack() as stack:
        made = await (_on_sim(stack, tmp_path) if request.param == "sim" else _on_real(stack, request))
        await made.open()
        yield made
        await made.close()


async def _on_sim(stack: AsyncExitStack, folder: Path) -> Ground:
    sim = Sim(folder)
    await sim.start()
    stack.push_async_callback(sim.stop)
    admin = await stack.enter_async_context(Client(sim.kubeconfig(rbac.ADMIN)))
    reader = await stack.enter_async_context(Client(sim.kubeconfig(READER)))

    async def compact() -> None:
        sim.registry.compact()
        sim.server.verbs.pager.expire()

    return Ground("sim", admin, reader, compact)


async def _on_real(stack: AsyncExitStack, request: pytest.FixtureRequest) -> Ground:
    cluster: Cluster = request.getfixturevalue("control_plane")
    admin = await stack.enter_async_context(Client(cluster.kubeconfig, "admin"))
    reader = await stack.enter_async_context(Client(cluster.kubeconfig, READER.name))

    def compact_and_restart() -> None:
        cluster.etcd().compact()
        cluster.restart_apiserver()  # its cache would still serve what etcd has forgotten

    async def compact() -> None:
        await asyncio.to_thread(compact_and_restart)

    return Ground("real", admin, reader, compact)
