"""A simulated cluster with nodes and workloads for actions, and a person who is armed; times are cut short."""

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.actions.action_plan import ActionPlan, Options
from core.actions.drain.drain import Drain
from core.actions.drain.drain_plan import DRAIN, plan
from core.actions.drain.node_recovery import begun
from core.actions.guards import Guards
from core.actions.journal import Journal
from core.actions.journal_reading import Entry, entries
from core.actions.run import Run
from core.actions.situation import Situation
from core.clients.kubernetes import Clients, Target, connect
from core.clock import Clock
from core.session import decide, read
from core.where import Where
from sim.kube import rbac
from tests.wire.kube import objects
from tests.wire.kube.client import Json
from tests.wire.kube.ground import Sim

RETRY, LOOK = 0.1, 0.05
"""Seconds, in place of five and one."""


@dataclass
class Stage:
    """Everything that a test of an action needs."""

    sim: Sim
    clients: Clients
    folder: Path

    @classmethod
    async def open(cls, folder: Path) -> "Stage":
        sim = Sim(folder)
        await sim.start()
        kubeconfig = sim.kubeconfig(rbac.ADMIN)
        return cls(sim, await connect(Target(str(kubeconfig)), write=True), folder)

    async def close(self) -> None:
        await self.clients.close()
        await self.sim.stop()

    @property
    def where(self) -> Where:
        return Where(kubeconfig=str(self.where_file), write=True, cloud=False)

    @property
    def where_file(self) -> Path:
        """The kubeconfig."""
        return self.folder / f"kubeconfig-{rbac.ADMIN.name}"

    async def nodes(self, *names: str) -> None:
        """Ready nodes of these names."""
        for name in names:
            self.sim.registry.create("Node", objects.node(name))
        await self.until(lambda: all(self._ready(name) for name in names))

    def _ready(self, name: str) -> bool:
        found = self.node(name)
        return objects.conditions(found).get("Ready") == "True" and not found["spec"].get("taints")

    async def app(
        self, name: str, replicas: int, node: str, kind: str = "Deployment", **limit: int | str
    ) -> list[Json]:
        """A workload whose pods start on `node` (its only schedulable one meanwhile), and perhaps a budget."""
        others = [one["metadata"]["name"] for one in self.sim.registry.list("Node")]
        self._cordon([one for one in others if one != node], True)
        made = objects.workload(kind, name, replicas)
        self.sim.registry.create(kind, {**made, "metadata": {"name": name, "namespace": "default"}})
        await self.until(lambda: len(self.pods(node, name)) == replicas)
        self._cordon([one for one in others if one != node], False)
        if limit:
            budget = objects.budget(name, name, **limit)
            budget["metadata"]["namespace"] = "default"
            self.sim.registry.create("PodDisruptionBudget", budget)
            await self.until(lambda: self._budget(name).get("currentHealthy") == replicas)
        return self.pods(node, name)

    def _budget(self, name: str) -> Json:
        return self.sim.registry.get("PodDisruptionBudget", name, "default").get("status") or {}

    def _cordon(self, names: list[str], cordoned: bool) -> None:
        for name in names:
            found = self.sim.registry.get("Node", name)
            self.sim.registry.update("Node", {**found, "spec": {**found["spec"], "unschedulable": cordoned}})

    def node(self, name: str) -> Json:
        return dict(self.sim.registry.get("Node", name))

    def cordoned(self, name: str) -> bool:
        return bool(self.node(name)["spec"].get("unschedulable"))

    def claimed(self, name: str) -> bool:
        return "vacancy/action" in (self.node(name)["metadata"].get("annotations") or {})

    def pods(self, node: str, app: str = "") -> list[Json]:
        """Ready pods there."""
        found = (pod for pod in self.sim.registry.list("Pod") if pod["spec"].get("nodeName") == node)
        named = (pod for pod in found if not app or pod["metadata"]["labels"].get("app") == app)
        return [pod for pod in named if objects.conditions(pod).get("Ready") == "True"]

    async def until(self, done: Any, seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not done():  # noqa: ASYNC110 - the simulator has nothing to wait for
                await asyncio.sleep(0.02)

    # the action

    async def plan(self, *names: str, **options: Any) -> ActionPlan:
        reading = await read(self.where)
        before = decide(reading.snapshot)
        clients, now = self.clients, Clock().now()
        situation = Situation(before, clients.reader, clients.writer, "tester", Guards(100), now)
        return await plan(situation, names, Options(**options))

    def start(self, made: ActionPlan) -> tuple[Run, Drain]:
        assert self.clients.writer is not None
        assert made.action == DRAIN
        run = Run(made, Journal.of(made), self.clients.reader, self.clients.writer)
        return run, Drain(run, RETRY, LOOK)

    async def drain(self, *names: str, **options: Any) -> Run:
        """Plan it and run it to its end."""
        run, drain = self.start(await self.plan(*names, **options))
        await run.journal.begin(run.plan)
        await drain.go()
        run.journal.close()
        return run

    async def resume(self, entry: Entry) -> Run:
        """Go on with what was left in the middle."""
        assert self.clients.writer is not None
        assert entry.plan is not None
        run = Run(entry.plan, Journal(entry.path), self.clients.reader, self.clients.writer)
        await run.journal.resume("tester")
        await Drain(run, RETRY, LOOK, begun(entry)).go()
        run.journal.close()
        return run

    def last(self) -> Entry:
        return entries()[0]

    # what the server saw

    def evictions(self) -> Counter[str]:
        """Pod -> how often its eviction was asked for in earnest."""
        asked = (one for one in self.sim.server.faults.log if one.method == "POST" and "dryRun" not in one.query)
        return Counter(match[1] for one in asked if (match := re.search(r"pods/([^/]+)/eviction", one.path)))

    def cordons(self, node: str) -> list[bool | None]:
        """What patches of the node made of `unschedulable`, in order."""
        patches = (one for one in self.sim.server.faults.log if one.method == "PATCH" and one.path.endswith(node))
        bodies = (json.loads(one.body) for one in patches)
        return [body["spec"]["unschedulable"] for body in bodies if "spec" in body]
