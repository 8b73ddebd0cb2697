"""Fixtures for tests against the real Kubernetes: one control plane a session, one emptied world a test.

Without the programs these tests are skipped; with VACANCY_CONTROLPLANE=require they fail instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane.build import missing
from tests.controlplane.cluster import Cluster
from tests.controlplane.scene import Scene, set_up
from tests.controlplane.world import World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("controlplane")


@pytest.fixture(scope="session")
def programs() -> None:
    """The programs are built."""
    if absent := missing():
        reason = f"not built: {', '.join(absent)}; run `python -m tests.controlplane build`"
        if os.environ.get("VACANCY_CONTROLPLANE") == "require":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def cluster(programs: None) -> Iterator[Cluster]:
    """A running control plane for the whole session; leave it as you found it."""
    with Cluster() as running:
        yield running


@pytest.fixture
def world(cluster: Cluster) -> Iterator[World]:
    """Nodes, namespaces and workloads of one test, gone after it."""
    with World(cluster) as made:
        yield made


@pytest.fixture
def scene(world: World) -> Scene:
    """Three nodes and a Deployment of two running pods."""
    return set_up(world)
