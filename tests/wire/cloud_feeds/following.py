"""A cloud feed against the simulated account, with a store behind it and nodes that the tests make up."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from core.cluster.cloud_kinds import GROUP, READ
from core.cluster.intake import Intake
from core.cluster.store import Store
from core.feeds.cloud import CloudChoice, CloudFeed
from core.feeds.cloud_around import CloudTiming
from core.kube import node
from core.kube.node import Node
from sim.cloud.access import Principal
from sim.cloud.server import CloudServer
from tests.wire.cloud.account import CLUSTER, REGION

FAST = CloudTiming(groups=0.4, pools=0.4, details=30.0, movers=0.6, activities=2.0, look=0.1, trouble=0.3, denied=0.5)


def make_node(instance_id: str, pool: str = "", **labels: str) -> Node:
    """A Ready node of the cluster."""
    name = f"{REGION}.{instance_id}"
    own = {
        "ack.aliyun.com": CLUSTER,
        "topology.kubernetes.io/region": REGION,
        "node.kubernetes.io/instance-type": "ecs.g7.xlarge",
        **({"alibabacloud.com/nodepool-id": pool} if pool else {}),
        **{key.replace("__", "/").replace("_", "."): value for key, value in labels.items()},
    }
    sizes = {"cpu": "3900m", "memory": "14Gi", "pods": "64"}
    wire = {
        "metadata": {"name": name, "labels": own, "creationTimestamp": "2026-01-15T09:00:00Z"},
        "spec": {"providerID": f"{REGION}.{instance_id}"},
        "status": {
            "capacity": {**sizes, "cpu": "4"},
            "allocatable": sizes,
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-15T09:01:00Z"}],
            "nodeInfo": {"kubeletVersion": "v1.32.1-aliyun.1"},
        },
    }
    return node.codec.item(msgspec.json.encode(wire))


def environment(server: CloudServer, principal: Principal | None = None) -> dict[str, str]:
    """What a shell would have set: credentials and the three endpoints."""
    who = principal or server.gateway.access.named("reader")
    settings = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": who.access_key,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": who.secret,
        **({"ALIBABA_CLOUD_SECURITY_TOKEN": who.security_token} if who.security_token else {}),
    }
    return settings | {f"VACANCY_{product.upper()}_ENDPOINT": end for product, end in server.endpoints.items()}


class Following:
    """A running cloud feed and what it has brought."""

    def __init__(
        self, env: dict[str, str], nodes: Iterable[Node] = (), timing: CloudTiming = FAST, **choice: Any
    ) -> None:
        self.store = Store()
        self.intake = Intake(self.store, (*READ, GROUP))
        for one in nodes:
            self.store.upsert("Node", one)
        asked = CloudChoice(env=env, **{"home": Path("/nowhere"), **choice})
        self.feed = CloudFeed(asked, self.store, self.intake, timing=timing)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Following":
        self._task = asyncio.create_task(self.feed.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        if self._task.done():
            self._task.result()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def until(self, condition: Callable[[], Any], seconds: float = 15.0) -> Any:
        """Wait until something holds; says what is there when it never does."""
        end = time.monotonic() + seconds
        while not (value := condition()):
            assert self._task is not None
            if self._task.done():
                self._task.result()
            assert time.monotonic() < end, {name: state for name, state in self.intake.states.items() if state.cause}
            await asyncio.sleep(0.02)
        return value

    def state(self, kind: str) -> Any:
        return self.intake.states[kind]
