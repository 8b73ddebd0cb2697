"""All controllers of one cluster: made, started and stopped together, or stepped by hand until nothing is left."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from sim.controllers.autoscale import HorizontalAutoscaler
from sim.controllers.base import Controller
from sim.controllers.cloneset import CloneSetController
from sim.controllers.daemonset import DaemonSetController
from sim.controllers.deployment import DeploymentController
from sim.controllers.disruption import DisruptionController
from sim.controllers.events import Recorder
from sim.controllers.garbage import GarbageCollector, NamespaceController
from sim.controllers.heartbeat import Heartbeats
from sim.controllers.job import JobController
from sim.controllers.kubelet import Delays, Kubelets
from sim.controllers.node_lifecycle import NodeLifecycle
from sim.controllers.replicas import ReplicaController
from sim.controllers.scheduler import Scheduler
from sim.controllers.statefulset import StatefulSetController
from sim.controllers.usage import Usage
from sim.controllers.volumes import VolumeController
from sim.kube.registry import Registry

_SWEEP = 60.0


class Manager:
    """The controllers of `registry`. `events`, `kubelets`, `heartbeats` and `usage` are there for the world to use."""

    def __init__(self, registry: Registry, *, seed: int = 0, delays: Delays | None = None) -> None:
        self.registry = registry
        self.events = Recorder(registry)
        self.usage = Usage(registry)
        self.kubelets = Kubelets(registry, self.events, seed=seed, delays=delays)
        self.heartbeats = Heartbeats(registry, self.kubelets, seed=seed)
        self.lifecycle = NodeLifecycle(registry, self.events)
        self.autoscaler = HorizontalAutoscaler(registry, self.usage, self.events)
        self.scheduler = Scheduler(registry, self.events)
        self.controllers: list[Controller] = [
            NamespaceController(registry),
            DeploymentController(registry, self.events),
            ReplicaController(registry, self.events),
            CloneSetController(registry, self.events),
            StatefulSetController(registry, self.events),
            DaemonSetController(registry, self.events),
            JobController(registry, self.events),
            VolumeController(registry),
            DisruptionController(registry),
            GarbageCollector(registry),
            self.lifecycle,
            self.scheduler,
            self.kubelets,
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Let everything run on its own."""
        loops: list[Coroutine[Any, Any, None]] = [controller.run() for controller in self.controllers]
        loops += [self.heartbeats.run(), self.lifecycle.watch(), self.autoscaler.run(), self._sweep_events()]
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        """Stop everything; the objects stay as they are."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for controller in self.controllers:
            controller.close()

    def settle(self, rounds: int = 100) -> bool:
        """Without running: beat and reconcile until nothing is due any more. True when that came to an end.

        With `Delays.none()` this builds a world that looks as if it had run for long, at one moment of the clock.
        """
        for controller in self.controllers:
            controller.prime()
        for _ in range(rounds):
            self.heartbeats.beat()
            if not sum(controller.drain() for controller in self.controllers):
                return True
        return False

    async def _sweep_events(self) -> None:
        while True:
            await self.registry.clock.sleep(_SWEEP)
            self.events.sweep()
