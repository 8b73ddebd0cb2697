"""The whole simulated ACK: one clock, a cloud, a cluster, what lives between them, and the servers in front."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sim.clock import SimClock
from sim.cloud.access import Access, default_principals
from sim.cloud.ess.engine import keep_groups
from sim.cloud.gateway import Gateway
from sim.cloud.server import CloudServer
from sim.cloud.state import Cloud
from sim.controllers.logs import Logs
from sim.controllers.manager import Manager
from sim.kube import rbac
from sim.kube.registry import Registry
from sim.kube.server import KubeServer
from sim.scenario import demo, large, registered
from sim.scenario.planted import Planted
from sim.scenario.registered import AGENT_CONFIG
from sim.world import trust
from sim.world.autoscaler.loop import Autoscaler
from sim.world.machines import Machines
from sim.world.scripts import ScriptServer, script
from sim.world.traffic import Alarms, Traffic
from sim.world.trust import BootstrapToken
from sim.world.virtual import VirtualNodes

GROUPS_EVERY = 20.0
LIMITS = {"ess": (50.0, 100.0), "ecs": (100.0, 200.0), "cs": (50.0, 100.0)}
"""Calls a second, and at once, that the account takes by product."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a world is made from."""

    seed: int = 0
    speed: float = 1.0
    flavour: str = "ack"
    """`ack`, or `registered` for a registered cluster (ACK One)."""
    size: tuple[int, int] | None = None
    """Nodes and pods of a large cluster in place of the demo."""
    start: datetime | None = None
    lives: bool = True
    """Whether traffic and the autoscaler change the cluster by themselves."""


@dataclass(slots=True)
class World:
    """A world that stands still until `start`; its parts may be looked at and changed."""

    options: Options
    clock: SimClock
    cloud: Cloud
    registry: Registry
    manager: Manager
    machines: Machines
    planted: Planted
    gateway: Gateway
    clouds: CloudServer
    kube: KubeServer
    scripts: ScriptServer
    life: list[object] = field(default_factory=list)

    async def start(self) -> None:
        """Open all ports and let time run."""
        self.cloud.agenda.every(GROUPS_EVERY, lambda: keep_groups(self.cloud))
        self.life += _life(self) if self.options.lives else [VirtualNodes(self.cloud, self.registry)]
        await self.kube.start()
        await self._publish()
        await self.manager.start()
        await self.clouds.start()

    async def stop(self) -> None:
        await self.clouds.stop()
        await self.manager.stop()
        await self.kube.stop()
        await self.scripts.stop()

    async def _publish(self) -> None:
        """What holds the servers' addresses and so can be written only now: cluster-info, and bootstrap scripts."""
        now = self.clock.time()
        tokens = [BootstrapToken(self.cloud.ids.token()), BootstrapToken(self.cloud.ids.token(), now - 86400)]
        for token in tokens:
            self.cloud.join_tokens[token.text] = ("", token.expires or now + 10 * 365 * 86400)
        trust.publish(self.registry, self.kube.url, self.kube.ca_pem, tokens)
        if not self.planted.scripts:
            return
        endpoint, version = self.kube.url.removeprefix("https://"), self.machines.version
        for name, without in self.planted.scripts.items():
            self.scripts.texts[name] = script(tokens[0].text, endpoint, version[1:], without)
        await self.scripts.start()
        path = {"data": {"addNodeScriptPath": f"{self.scripts.url}/{next(iter(self.planted.scripts))}"}}
        self.registry.patch("ConfigMap", AGENT_CONFIG, path, "kube-system")
        self.machines.bootstrap = self._download

    def _download(self) -> str | None:
        """The script that ack-agent-config names."""
        found = self.registry.find("ConfigMap", AGENT_CONFIG, "kube-system") or {}
        return self.scripts.read((found.get("data") or {}).get("addNodeScriptPath", ""))

    def kubeconfig(self) -> str:
        """Two contexts: an administrator, which is the current one, and a reader."""
        admin, reader = (json.loads(self.kube.kubeconfig(user)) for user in (rbac.ADMIN, rbac.READER))
        both = {name: admin[name] + reader[name] for name in ("users", "contexts")}
        return json.dumps({**admin, **both}, indent=1)

    def environment(self, kubeconfig_path: Path) -> dict[str, str]:
        """The variables that point any client at this world."""
        admin = self.gateway.access.named("admin")
        ports = self.clouds.endpoints.items()
        endpoints = {f"VACANCY_{product.upper()}_ENDPOINT": f"http://{place}" for product, place in ports}
        return {
            "KUBECONFIG": str(kubeconfig_path),
            "ALIBABA_CLOUD_ACCESS_KEY_ID": admin.access_key,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": admin.secret,
            "ALIBABA_CLOUD_REGION_ID": self.cloud.region,
            **endpoints,
        }


def build(options: Options) -> World:
    """A world with its scenario in place."""
    clock = SimClock(options.start or datetime.now(UTC), speed=options.speed)
    cloud = Cloud(clock, options.seed)
    registry = Registry(clock, seed=options.seed)
    rbac.bootstrap(registry)
    machines = Machines(cloud, registry)
    planted = _stage(options, cloud, registry, machines)
    manager = Manager(registry, seed=options.seed)
    machines.watch(manager.kubelets)
    for name in planted.silent:
        manager.kubelets.stop(name)
    gateway = Gateway(cloud, Access(default_principals(cloud.ids.hexadecimal(6))), LIMITS)
    kube = KubeServer(registry, metrics=manager.usage, logs=Logs(clock))
    clouds, served = CloudServer(gateway), ScriptServer({})
    return World(options, clock, cloud, registry, manager, machines, planted, gateway, clouds, kube, served)


def _stage(options: Options, cloud: Cloud, registry: Registry, machines: Machines) -> Planted:
    if options.size is not None:
        return large.build(cloud, registry, machines, options.size)
    scenario = registered.build if options.flavour == "registered" else demo.build
    return scenario(cloud, registry, machines)


def _life(world: World) -> list[object]:
    cloud, registry = world.cloud, world.registry
    found: list[object] = [VirtualNodes(cloud, registry), Alarms(cloud, registry, world.machines, world.manager.usage)]
    if world.options.size is None:
        found.append(Autoscaler(cloud, registry, world.machines, world.manager))
    for namespace, name, peak in world.planted.peaks:
        found.append(Traffic(cloud, registry, namespace, name, peak))
    return found
