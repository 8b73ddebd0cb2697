"""The small world in which things happen while somebody looks on: three nodes and a Deployment of two pods."""

from __future__ import annotations

from dataclasses import dataclass

from tests.controlplane.cluster import Cluster
from tests.controlplane.objects import Pool, Template, deployment
from tests.controlplane.world import World

CPU = 250
"""Millicores that each pod of the Deployment asks for."""


@dataclass(frozen=True)
class Scene:
    cluster: Cluster
    world: World
    nodes: list[str]
    space: str
    """The namespace of the Deployment `web`."""

    def scale(self, replicas: int) -> None:
        """As a person does it."""
        self.cluster.kubectl("-n", self.space, "scale", "deployment/web", f"--replicas={replicas}")


def set_up(world: World) -> Scene:
    nodes = world.pool(Pool("follow", 3))
    space = world.namespace()
    world.create(deployment("web", space, 2, Template(f"{CPU}m", usage_cpu="100m")))
    world.wait_pods(space, 2)
    return Scene(world.cluster, world, nodes, space)
