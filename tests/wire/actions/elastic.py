"""A stage with a virtual node: what has no room on ECS, or asks for it, runs on ECI. Actions go through the session, as
commands and screens have them do."""

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec

from core.actions import recovery
from core.actions.action_plan import ActionPlan
from core.actions.journal_reading import Entry
from core.actions.run import Run
from core.clients.kubernetes import Target, connect
from core.session import acting
from core.views.link import PlanAction
from sim.cloud.state import Cloud
from sim.kube import rbac
from sim.world.virtual import TAINT, VirtualNodes
from tests.wire.actions.stage import Stage
from tests.wire.kube import objects
from tests.wire.kube.client import Json
from tests.wire.kube.ground import Sim

VIRTUAL = "virtual-kubelet-z"
BURST = {"alibabacloud.com/burst-resource": "eci"}
FORCED = {"alibabacloud.com/eci": "true"}
SPEED = 20.0
ROOT = Path(__file__).parents[3]
KRUISE = "apps.kruise.io/v1alpha1"


class Elastic(Stage):
    """Two nodes of ECS, `a` and `b`, and the virtual one."""

    virtual: VirtualNodes
    served: "asyncio.Task[None]"

    @classmethod
    async def open(cls, folder: Path) -> "Elastic":
        sim = Sim(folder, SPEED)
        await sim.start()
        kubeconfig = sim.kubeconfig(rbac.ADMIN)
        made = cls(sim, await connect(Target(str(kubeconfig)), write=True), folder)
        cloud = Cloud(sim.registry.clock)
        made.virtual = VirtualNodes(cloud, sim.registry)
        made.served = asyncio.create_task(cloud.agenda.serve())
        await made.nodes("a", "b")
        made.sim.registry.create("Node", _virtual())
        await made.until(lambda: objects.conditions(made.node(VIRTUAL)).get("Ready") == "True")
        return made

    async def close(self) -> None:
        self.served.cancel()
        await super().close()

    async def away(
        self, name: str, replicas: int, kind: str = "Deployment", meta: Json | None = None, **spec: Any
    ) -> list[Json]:
        """A workload that bursts, made while ECS takes nobody: all its pods are on ECI. `meta` in place of bursting."""
        self._cordon(["a", "b"], True)
        made = objects.workload(kind, name, replicas, cpu="1")
        template = made["spec"]["template"]
        own = {"annotations": BURST} if meta is None else meta
        for field, values in own.items():
            template["metadata"][field] = {**template["metadata"].get(field, {}), **values}
        body = {**made, "apiVersion": KRUISE if kind == "CloneSet" else made["apiVersion"]}
        body["metadata"] = {"name": name, "namespace": "default"}
        body["spec"] |= spec
        self.sim.registry.create(kind, body)
        await self.until(lambda: len(self.pods(VIRTUAL, name)) == replicas)
        self._cordon(["a", "b"], False)
        return self.pods(VIRTUAL, name)

    def home(self, name: str) -> list[Json]:
        """Its ready pods on ECS."""
        return [*self.pods("a", name), *self.pods("b", name)]

    def fill(self) -> None:
        """Leave no room on ECS."""
        self._cordon(["a", "b"], True)

    def patches(self, plural: str, name: str = "[^/]+") -> list[Json]:
        """Bodies of the PATCHes in earnest of such objects, in order."""
        asked = (one for one in self.sim.server.faults.log if one.method == "PATCH" and "dryRun" not in one.query)
        return [json.loads(one.body) for one in asked if re.search(f"/{plural}/{name}$", one.path)]

    # actions

    async def planned(self, action: str, *targets: str, **more: Any) -> ActionPlan:
        async with acting.acting(self.where) as actor:
            return await acting.plan_action(actor, self.where, PlanAction("", action, targets, **more))

    async def done(self, made: ActionPlan) -> Run:
        """Run it to its end."""
        async with acting.acting(self.where) as actor:
            run = actor.start(made)
            await acting.execute(run)
            return run

    async def do(self, action: str, *targets: str, **more: Any) -> Run:
        """Plan it and run it to its end."""
        return await self.done(await self.planned(action, *targets, **more))

    async def go_on(self, entry: Entry, how: str = "resume") -> Run:
        """Put in order what was left in the middle."""
        async with acting.acting(self.where, found=entry) as actor:
            run = actor.reopen(entry)
            await acting.recover(run, entry, how)
            return run

    async def compared(self, entry: Entry) -> list[str]:
        return await recovery.compare(entry, self.clients.reader)

    async def killed(self, asked: PlanAction, line: int, moment: str) -> None:
        """A process that begins it, and dies there."""
        what = msgspec.json.encode(asked).decode()
        words = ("-m", "tests.wire.actions.dying", str(self.where_file), what, str(line), moment)
        child = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=os.environ)
        assert await child.wait() == -signal.SIGKILL


def _virtual() -> Json:
    made = objects.node(VIRTUAL, "10000", type="virtual-kubelet")
    made["spec"] = {"taints": [{"key": TAINT, "value": "alibabacloud", "effect": "NoSchedule"}]}
    amounts = {**made["status"]["capacity"], "memory": "40Ti", "pods": "5000"}
    made["status"] = {"allocatable": amounts, "capacity": amounts}
    return made
