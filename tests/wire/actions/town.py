"""A whole simulated ACK for actions that need its cloud, and a person who is armed: machines that stand idle, plans and
runs in this process, runs in another one that dies, and what the servers' own logs say of them."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from core.actions.action_plan import ActionPlan, Options
from core.actions.cloud import Cloud
from core.actions.guards import Guards
from core.actions.journal import Journal
from core.actions.journal_reading import Entry, entries
from core.actions.known import module_of
from core.actions.run import Run
from core.actions.situation import Asked, Situation
from core.analysis.planning import Plan
from core.clients.kubernetes import Clients, Target, connect
from core.clock import Clock
from core.session import acting, decide, read
from core.session.cloud_door import open_cloud
from core.where import Where
from sim.cloud.ecs.machines import next_address
from sim.cloud.faults import Fault
from sim.cloud.state import Instance
from sim.world.world import Options as WorldOptions
from sim.world.world import World, build

ROOT = Path(__file__).parents[3]
SPEED = 100
CHANGES = ("Describe", "Get", "List")
"""What no change begins with; DescribeClusterAttachScripts makes a token all the same."""


@dataclass
class Town:
    """Everything that a test of such an action needs."""

    world: World
    clients: Clients
    cloud: Cloud
    before: Plan
    guards: Guards
    number: int = 0

    @classmethod
    async def open(cls, folder: Path, setenv: Callable[[str, str], None]) -> "Town":
        """Start it, point the environment at it, and read it once."""
        world = build(WorldOptions(speed=SPEED, lives=False))
        await world.start()
        config = folder / "kubeconfig"
        config.write_text(world.kubeconfig())
        for name, value in world.environment(config).items():
            setenv(name, value)
        where = Where(kubeconfig=str(config), write=True)
        reading = await read(where, cloud_need="all")
        cloud = open_cloud(where, reading.snapshot.nodes.values())
        assert cloud is not None
        clients = await connect(Target(str(config)), write=True)
        return cls(world, clients, cloud, await asyncio.to_thread(decide, reading.snapshot), Guards())

    async def close(self) -> None:
        self.cloud.reader.connection.close()
        await self.clients.close()
        await self.world.stop()

    # what stands there

    def machine(self, **fields: Any) -> Instance:
        """A running machine of the cluster's VPC that is in nothing."""
        cloud = self.world.cloud
        switch = cloud.vswitches["vsw-bp1ishop"]
        self.number += 1
        made = Instance(
            id=cloud.ids.resource("i"),
            name=f"idle-{self.number}",
            type="ecs.g7.xlarge",
            zone=switch.zone,
            vswitch_id=switch.id,
            vpc_id=switch.vpc_id,
            ip=str(fields.pop("ip", "")) or next_address(cloud, switch),
            disk_id=cloud.ids.resource("d"),
            security_groups=("sg-bp1shopprod",),
            status="Running",
            created=cloud.now() - 86400,
            started=cloud.now() - 86400,
            first_boot=False,
        )
        return cloud.instances.add(made.id, replace(made, **fields))

    def now(self, machine: Instance) -> Instance:
        return self.world.cloud.instances[machine.id]

    def group(self, name: str) -> str:
        """The id of a scaling group, by the pool's name or the beginning of its own."""
        groups = self.world.cloud.groups
        return next(one.id for one in groups if one.name.startswith((f"k8s-{name}", name)))

    def ready(self, machine: Instance) -> bool:
        return self.world.machines.is_ready(machine.id)

    # the action

    async def plan(self, machine: str, how: str, timeout: float = 30.0, **args: Any) -> ActionPlan:
        """Plan to attach it."""
        now, clients = Clock().now(), self.clients
        situation = Situation(self.before, clients.reader, clients.writer, "tester", self.guards, now, cloud=self.cloud)
        asked = Asked("attach", (machine,), options=Options(timeout=timeout), args={"how": how, **args})
        return await module_of("attach").plan(situation, asked)

    def start(self, made: ActionPlan) -> Run:
        assert self.clients.writer is not None
        return Run(made, Journal.of(made), self.clients.reader, self.clients.writer, cloud=self.cloud)

    async def attach(self, machine: Instance, how: str, timeout: float = 30.0, **args: Any) -> Run:
        """Plan it and run it to its end."""
        made = await self.plan(machine.id, how, timeout, **args)
        assert not made.refusals, made.refusals
        run = self.start(made)
        await acting.execute(run)
        return run

    async def killed(self, made: ActionPlan, folder: Path, line: int, moment: str) -> None:
        """A process that begins to run the plan, and dies there."""
        file = folder / "plan.json"
        file.write_bytes(msgspec.json.encode(made))
        words = ("-m", "tests.wire.actions.dying_plan", str(file), str(line), moment)
        child = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=os.environ)
        assert await child.wait() == -signal.SIGKILL

    async def recover(self, entry: Entry, how: str = "resume") -> Run:
        """Go on with what was left in the middle, or put it in order."""
        assert self.clients.writer is not None
        assert entry.plan is not None
        run = Run(entry.plan, Journal(entry.path), self.clients.reader, self.clients.writer, cloud=self.cloud)
        await acting.recover(run, entry, how)
        return run

    def last(self) -> Entry:
        return entries()[0]

    async def until(self, done: Any, seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not done():  # noqa: ASYNC110 - the simulator has nothing to wait for
                await asyncio.sleep(0.02)

    # what the servers saw

    def fault(self, kind: str, action: str, **fields: Any) -> None:
        self.world.gateway.faults.add(Fault(kind, action=action, **fields))

    def changes(self) -> Counter[str]:
        """Calls to the cloud that took effect, by action, since `forget`; replays by client token don't count."""
        log = (one for one in self.world.gateway.log if one.effect and not one.replay)
        return Counter(one.action for one in log if one.action != "RunCommand")

    def asked(self, action: str) -> int:
        """How often an action was asked for, whatever came of it."""
        return len(self.world.gateway.log.of(action))

    def forget(self) -> None:
        """Begin to count anew, without faults."""
        self.world.gateway.log.clear()
        self.world.gateway.faults.clear()
        self.world.kube.faults.clear()
