"""A large account in a process of its own: 100 groups with 20 machines each. Prints its environment and the machines'
ids as a line of JSON; when stdin closes, the moments at which requests came, and ends."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from core.kube.node import Node
from sim.clock import SimClock
from sim.cloud.access import Access, default_principals
from sim.cloud.gateway import Gateway
from sim.cloud.server import CloudServer
from sim.cloud.state import Cloud, Cluster, Instance, Member, NodePool, ScalingConfiguration, ScalingGroup
from tests.wire.cloud.account import CLUSTER, REGION, VPC
from tests.wire.cloud_feeds.following import make_node

GROUPS, EACH = 100, 20


class Large:
    """The account's process and what it says about itself."""

    def __init__(self, process: asyncio.subprocess.Process, told: dict[str, Any]) -> None:
        self.process, self._told = process, told

    @property
    def env(self) -> dict[str, str]:
        """What a shell would have set."""
        keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "key", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
        own = {name: self._told[key] for name, key in keys.items()}
        return own | {f"VACANCY_{name.upper()}_ENDPOINT": end for name, end in self._told["endpoints"].items()}

    def nodes(self) -> list[Node]:
        """A node of the cluster for each machine."""
        machines: dict[str, str] = self._told["machines"]
        return [make_node(name, f"np{int(group[7:]):030d}") for name, group in machines.items()]

    async def end(self) -> list[tuple[float, str, int]]:
        """End it; the requests that came: when, which, and with what status."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        line = await self.process.stdout.readline()
        await self.process.wait()
        return [(at, action, status) for at, action, status in json.loads(line)["requests"]]


@asynccontextmanager
async def serving() -> AsyncIterator[Large]:
    """The account in a process of its own, for as long as the block runs."""
    command, pipe = (sys.executable, "-m", "tests.wire.cloud_feeds.large"), asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=1 << 22)
    assert process.stdout is not None
    try:
        yield Large(process, json.loads(await process.stdout.readline()))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def build() -> Gateway:
    """The account, complete and at rest."""
    cloud = Cloud(SimClock(), seed=1)
    cloud.clusters.add(
        CLUSTER, Cluster(CLUSTER, "large", REGION, "ManagedKubernetes", "1.32.1-aliyun.1", VPC, (), "sg-bp1", 0.0)
    )
    for number in range(GROUPS):
        _group(cloud, f"asg-bp1{number:03d}", f"np{number:030d}", number)
    return Gateway(cloud, Access(default_principals("large")))


def _group(cloud: Cloud, group: str, pool: str, number: int) -> None:
    configuration = ScalingConfiguration(f"asc-{number}", group, group, ("ecs.g7.xlarge",), "img", created=0.0)
    cloud.configurations.add(configuration.id, configuration)
    cloud.groups.add(group, ScalingGroup(group, group, 0, 50, VPC, (), configuration.id, EACH))
    cloud.pools.add(pool, NodePool(pool, CLUSTER, f"pool-{number}", group, 0.0, 0.0, auto_scaling={"enable": True}))
    for index in range(EACH):
        name = f"i-bp1{number:03d}x{index:03d}"
        ip = f"10.{number}.0.{index}"
        machine = Instance(name, name, "ecs.g7.xlarge", f"{REGION}-h", "vsw", VPC, ip, status="Running")
        cloud.instances.add(name, machine)
        cloud.members.add(name, Member(name, group, "InService", configuration_id=configuration.id))


async def main() -> None:
    """Serve until stdin closes."""
    server = CloudServer(build())
    await server.start()
    reader = server.gateway.access.named("reader")
    say(
        endpoints=server.endpoints,
        key=reader.access_key,
        secret=reader.secret,
        machines={member.instance_id: member.group_id for member in server.gateway.cloud.members},
    )
    await asyncio.to_thread(sys.stdin.read)
    say(requests=[(record.at, f"{record.product} {record.action}", record.status) for record in server.gateway.log])
    await server.stop()


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
