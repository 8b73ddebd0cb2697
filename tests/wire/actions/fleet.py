"""A simulated cluster whose nodes are machines of a simulated account, by every door; and a person who is armed for
both. Smaller and quicker than the demo: a test sets up what it needs."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.actions import recovery
from core.actions.action_plan import ActionPlan
from core.actions.journal_reading import Entry, entries
from core.actions.run import Run
from core.session import acting
from core.session.cloud_door import cloud_of_plan, open_cloud
from core.session.planner import decide
from core.session.reading import read
from core.views.link import PlanAction
from core.where import Where
from sim.clock import SimClock
from sim.cloud.access import Access, Principal, default_principals
from sim.cloud.ess import engine
from sim.cloud.gateway import Gateway
from sim.cloud.record import Record
from sim.cloud.server import CloudServer
from sim.cloud.state import Cloud
from sim.kube import rbac
from sim.kube.request import User
from sim.scenario import machines
from sim.scenario.stage import DAY, Made, PoolPlan, Stage
from sim.world import joining
from sim.world.machines import Machines
from tests.wire.actions.quick import SPEED
from tests.wire.kube import objects
from tests.wire.kube.client import Json
from tests.wire.kube.ground import Sim

KIND = "ecs.g7.xlarge"
MARK = "s3cr3t-join-token-of-a-test"
"""In the userdata of machines."""


@dataclass
class Fleet:
    """`scene` puts pools and machines into place; before `open_doors` they stand still."""

    sim: Sim
    cloud: Cloud
    guests: Machines
    scene: Stage
    server: CloudServer
    folder: Path
    setenv: Callable[[str, str], None]
    patch: Callable[[object, str, object], None]
    apps: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(
        cls,
        folder: Path,
        setenv: Callable[[str, str], None] = os.environ.__setitem__,
        patch: Callable[[object, str, object], None] = setattr,
    ) -> "Fleet":
        sim, cloud = Sim(folder), Cloud(SimClock(speed=SPEED), seed=11)
        guests = Machines(cloud, sim.registry)
        machines.network(cloud)
        scene = Stage(cloud, sim.registry, guests, machines.cluster(cloud).id)
        server = CloudServer(Gateway(cloud, Access(default_principals("fleet"))))
        return cls(sim, cloud, guests, scene, server, folder, setenv, patch)

    async def open_doors(self, who: Principal | None = None) -> None:
        """Let time run, and set in the environment what leads to the cloud."""
        await self.sim.start()
        self.guests.watch(self.sim.manager.kubelets)
        self.cloud.agenda.every(20.0, lambda: engine.keep_groups(self.cloud))
        await self.server.start()
        self.be(who or self.server.gateway.access.named("admin"))

    def be(self, who: Principal) -> None:
        """From now on the program uses the keys of this user."""
        self.server.gateway.access.add(who)
        for name, value in self.environment(who).items():
            self.setenv(name, value)

    async def close(self) -> None:
        await self.server.stop()
        await self.sim.stop()

    # what there is

    def group(self, name: str, nodes: int, in_ack: bool = False, **plan: Any) -> Made:
        """A group of ESS alone, or a node pool, and as many nodes that it made."""
        made = self.scene.pool(PoolPlan(name, (KIND,), plan.pop("low", 0), 10, in_ack=in_ack, **plan))
        by = "CA" if made.plan.autoscaling else "ACK"
        for _ in range(nodes):
            self.scene.member(made, DAY, by=by, charge_type=made.plan.charge)
        return made

    def attached(self, made: Made | None = None, script: str = "", **fields: Any) -> str:
        """A machine that somebody brought, into a group if one is given; `script` is its userdata."""
        data = joining.encoded(script) if script else ""
        if made is not None:
            return self.scene.member(made, DAY, creation="Attached", by="ACK", user_data=data, **fields)
        number = len(list(self.cloud.instances))
        loose = self.scene.loose(f"attached-{number}", KIND, DAY, user_data=data, **fields)
        return self.scene.node(loose, None, DAY, {"ack.aliyun.com": self.scene.cluster_id})

    def stranger(self, name: str, **labels: str) -> str:
        """A node that is no machine of the account."""
        self.sim.registry.load("Node", [{**objects.node(name, **labels), "status": _ready()}])
        return name

    async def pod(self, node: str) -> str:
        """A pod that runs there."""
        name = f"pod-{len(self.apps)}"
        self.apps[name] = node
        made = objects.pod(name, nodeName=node)
        made["metadata"]["namespace"] = "default"
        self.sim.registry.create("Pod", made)
        await self.until(lambda: self._runs(name))
        return name

    def _runs(self, name: str) -> bool:
        found = self.sim.registry.find("Pod", name, "default")
        return found is not None and objects.conditions(found).get("Ready") == "True"

    def id_of(self, node: str) -> str:
        """The machine behind a node name, which is the region and its address."""
        return next(one.id for one in self.cloud.instances if one.ip == node.partition(".")[2])

    async def later(self, seconds: float) -> None:
        """So many simulated seconds of the cloud."""
        await asyncio.sleep(seconds / SPEED)

    def has_node(self, name: str) -> bool:
        return self.sim.registry.find("Node", name) is not None

    def cordoned(self, name: str) -> bool:
        return bool(self.sim.registry.get("Node", name)["spec"].get("unschedulable"))

    def pinned(self, made: Made) -> int | None:
        """The pool's own desired size."""
        found: int | None = self.cloud.pools[made.pool_id].scaling_group.get("desired_size")
        return found

    def linger(self, seconds: float = 40.0) -> None:
        """Machines take so many simulated seconds to leave their group: time for a busy computer to see them leave."""
        self.patch(engine, "LEAVE", seconds)

    def kill_kubelet(self, node: str) -> None:
        """It answers no more, and the cluster knows."""
        self.sim.manager.kubelets.stop(node)
        found = self.sim.registry.get("Node", node)
        rows = [
            {**row, "status": "Unknown"} if row["type"] == "Ready" else row for row in found["status"]["conditions"]
        ]
        self.sim.registry.rewrite("Node", {**found, "status": {**found["status"], "conditions": rows}})

    def fails_to_run(self, words: str, code: int, output: str) -> None:
        """From now on scripts with these words end so inside machines."""
        before = self.guests.run

        def run(instance_id: str, script: str) -> tuple[int, str]:
            return (code, output) if words in script else before(instance_id, script)

        self.guests.run = run  # type: ignore[method-assign]

    def works_again(self) -> None:
        del self.guests.run

    def when(self, action: str, then: Callable[[], object]) -> None:
        """Do that once this call has taken effect."""

        def look() -> None:
            if self.changes()[action]:
                then()
            else:
                asyncio.get_running_loop().call_later(0.02, look)

        look()

    def leases(self) -> list[str]:
        """Claims on groups that are held."""
        return [one["metadata"]["name"] for one in self.sim.registry.list("Lease", "kube-system")]

    async def until(self, done: Any, seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds):
            while not done():  # noqa: ASYNC110 - the simulator has nothing to wait for
                await asyncio.sleep(0.02)

    # the person

    def environment(self, who: Principal) -> dict[str, str]:
        """What a shell would have set."""
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": who.access_key,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": who.secret,
            "ALIBABA_CLOUD_REGION_ID": self.cloud.region,
            **{f"VACANCY_{product.upper()}_ENDPOINT": f"http://{at}" for product, at in self.server.endpoints.items()},
        }

    def where(self, user: User = rbac.ADMIN) -> Where:
        path = self.folder / f"kubeconfig-{user.name}"
        return Where(kubeconfig=str(path if path.exists() else self.sim.kubeconfig(user)), write=True)

    async def plans(self, *asked: PlanAction, user: User = rbac.ADMIN) -> list[ActionPlan]:
        """Plans that are made from one reading."""
        where = self.where(user)
        reading = await read(where, cloud_need="all")
        async with acting.acting(where) as actor:
            actor.cloud = open_cloud(where, reading.snapshot.nodes.values())
            before = await asyncio.to_thread(decide, reading.snapshot)
            return [await actor.plan(before, one) for one in asked]

    async def plan(self, *nodes: str, user: User = rbac.ADMIN, **more: Any) -> ActionPlan:
        """The plan to remove these."""
        return (await self.plans(removal(*nodes, **more), user=user))[0]

    def person(self, name: str, *files: Iterable[Json]) -> User:
        """Somebody who is bound to the roles in these files, and to nothing else."""
        for role in (role for file in files for role in file):
            kind, meta = role["kind"], role["metadata"]
            where = {"namespace": meta["namespace"]} if "namespace" in meta else {}
            self.sim.registry.create(kind, role)
            reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": meta["name"]}
            subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}
            bound = {"metadata": {"name": meta["name"], **where}, "roleRef": reference, "subjects": [subject]}
            self.sim.registry.create(f"{kind}Binding", bound)
        return User(name, ("system:authenticated",))

    async def run(
        self, made: ActionPlan, started: Callable[[Run], object] | None = None, user: User = rbac.ADMIN
    ) -> Run:
        """Run it to its end. `started` is given the run before it begins."""
        where = self.where(user)
        async with acting.acting(where) as actor:
            actor.cloud = cloud_of_plan(where, made)
            run = actor.start(made)
            if started is not None:
                started(run)
            await acting.execute(run)
            return run

    async def remove(self, *nodes: str, **more: Any) -> Run:
        """Plan and run."""
        return await self.run(await self.plan(*nodes, **more))

    async def recover(self, entry: Entry, how: str = "resume") -> Run:
        """Put in order what was left in the middle."""
        where = self.where()
        async with acting.acting(where, found=entry) as actor:
            run = actor.reopen(entry)
            await acting.recover(run, entry, how)
            return run

    async def compare(self, entry: Entry) -> list[str]:
        async with acting.acting(self.where(), found=entry) as actor:
            return await recovery.compare(entry, actor.clients.reader, actor.cloud)

    # what the servers saw

    def changes(self, machine: str = "") -> Counter[str]:
        """Action -> how often a call changed something in the cloud, for one machine or any."""
        found = (one for one in self.server.gateway.log.effects() if not machine or machine in str(one.params))
        return Counter(one.action for one in found)

    def asked(self, action: str) -> list[Record]:
        return self.server.gateway.log.of(action)

    def kube(self, method: str, part: str) -> list[Any]:
        """Requests in earnest to the API server."""
        log = self.sim.server.faults.log
        return [one for one in log if one.method == method and part in one.path and "dryRun" not in one.query]


def removal(*nodes: str, **more: Any) -> PlanAction:
    """As the command asks for it; what isn't an option of a drain is an argument of the removal."""
    drain = {"parallel", "max_nodes", "why", "timeout"}
    options = {name: more.pop(name) for name in list(more) if name in drain}
    return PlanAction("", "remove", nodes, force=True, args=more, **options)


def last() -> Entry:
    """The newest journal."""
    return entries()[0]


def _ready() -> Json:
    amounts = {"cpu": "4", "memory": "8Gi", "pods": "20", "ephemeral-storage": "100Gi"}
    return {"allocatable": amounts, "capacity": amounts, "conditions": [{"type": "Ready", "status": "True"}]}
