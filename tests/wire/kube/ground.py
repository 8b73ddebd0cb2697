"""What the behaviour tests stand on: one of the two API servers, its users, and a place of one's own in it."""

import asyncio
import itertools
import os
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.clock import SimClock
from sim.controllers.kubelet import Delays
from sim.controllers.logs import Logs
from sim.controllers.manager import Manager
from sim.kube import crds, rbac
from sim.kube.registry import Registry
from sim.kube.request import User
from sim.kube.server import KubeServer
from tests.wire.kube import objects
from tests.wire.kube.client import Client, Json

QUICK = Delays((0, 0.05), (0, 0.05), (0, 0.05), (0, 0.05), (0, 0.05))
READER = User("on-call", ("system:authenticated",))
_NUMBERS = itertools.count(1)


class Sim:
    """A simulated cluster that runs, with the same users as the real control plane of the tests."""

    def __init__(self, folder: Path, speed: float = 1.0) -> None:
        self.registry = Registry(SimClock(speed=speed))
        self.manager = Manager(self.registry, delays=QUICK)
        self.manager.heartbeats.pace = 0.05
        self.server = KubeServer(self.registry, metrics=self.manager.usage, logs=Logs(self.registry.clock))
        self._folder = folder

    async def start(self) -> None:
        for name in ("default", "kube-system", "kube-node-lease"):
            self.registry.create("Namespace", {"metadata": {"name": name}})
        rbac.bootstrap(self.registry)
        crds.bootstrap(self.registry)
        self._grant_reading()
        await self.server.start()
        await self.manager.start()

    async def stop(self) -> None:
        await self.manager.stop()
        await self.server.stop()

    def kubeconfig(self, user: User) -> Path:
        path = self._folder / f"kubeconfig-{user.name}"
        path.write_text(self.server.kubeconfig(user))
        return path

    def _grant_reading(self) -> None:
        rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
        self.registry.create("ClusterRole", {"metadata": {"name": "vacancy-reader"}, "rules": [rule]})
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "vacancy-reader"}
        subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": READER.name}
        self.registry.create(
            "ClusterRoleBinding",
            {"metadata": {"name": "vacancy-reader"}, "roleRef": reference, "subjects": [subject]},
        )


@dataclass
class Ground:
    """`name` is `sim` or `real`; `admin` may do everything, `reader` only read. `compact` makes all history too old."""

    name: str
    admin: Client
    reader: Client
    compact: Callable[[], Awaitable[None]]
    namespace: str = ""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _nodes: list[str] = field(default_factory=list)

    async def open(self) -> None:
        """Make a namespace for this test."""
        self.namespace = f"wire-{os.getpid()}-{next(_NUMBERS)}"
        made = await self.admin.post("/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        assert made.code == 201, made.text
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/default"
        await self.until(path, lambda _: True, "default service account")

    async def close(self) -> None:
        for name in self._nodes:
            await self.admin.delete(f"/api/v1/nodes/{name}")
        await self.admin.delete(f"/api/v1/namespaces/{self.namespace}")

    def at(self, plural: str, name: str = "", api: str = "") -> str:
        """The path of a resource in this test's namespace; `api` is `apps/v1` or the like, empty for the core."""
        group = {"pods": "api/v1", "configmaps": "api/v1", "events": "api/v1", "persistentvolumeclaims": "api/v1"}
        workloads = dict.fromkeys(("deployments", "replicasets", "statefulsets", "daemonsets"), "apis/apps/v1")
        more = {"poddisruptionbudgets": "apis/policy/v1", "jobs": "apis/batch/v1"}
        prefix = f"apis/{api}" if api else {**group, **workloads, **more}[plural]
        path = f"/{prefix}/namespaces/{self.namespace}/{plural}"
        return f"{path}/{name}" if name else path

    async def make(self, plural: str, obj: Json) -> Json:
        """Create it in this test's namespace, or fail."""
        made = await self.admin.post(self.at(plural), obj)
        assert made.code == 201, made.text
        return made.body

    async def node(self, cpu: str = "4", **labels: str) -> str:
        """A ready node of this test's own; its label `wire` is its namespace."""
        name = f"{self.namespace}-n{len(self._nodes)}"
        self._nodes.append(name)
        made = await self.admin.post("/api/v1/nodes", objects.node(name, cpu, wire=self.namespace, **labels))
        assert made.code == 201, made.text
        path = f"/api/v1/nodes/{name}"
        await self.until(path, lambda n: objects.conditions(n).get("Ready") == "True", "node to be ready")
        await self.until(path, lambda n: not n["spec"].get("taints"), "node to be free of taints")
        return name

    @property
    def here(self) -> Json:
        """Pod spec fields that keep a pod on this test's nodes."""
        return {"nodeSelector": {"wire": self.namespace}}

    async def until(self, path: str, done: Callable[[Json], Any], what: str, seconds: float = 30.0) -> Json:
        """Get the path until `done` of the object is true, and return the object."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    reply = await self.admin.get(path)
                    if reply.code == 200 and done(reply.body):
                        return reply.body
                    await asyncio.sleep(0.05)
        except TimeoutError:
            last = await self.admin.get(path)
            raise AssertionError(f"{self.name}: waited {seconds} s for {what}; last: {last.text[:2000]}") from None

    async def pods(self, count: int, app: str, *, ready: bool = True) -> list[Json]:
        """Wait until the app has that many pods, all ready unless told otherwise, none being deleted."""

        def enough(found: Json) -> bool:
            pods = [pod for pod in found["items"] if "deletionTimestamp" not in pod["metadata"]]
            good = [pod for pod in pods if not ready or objects.conditions(pod).get("Ready") == "True"]
            return len(found["items"]) == len(good) == count

        path = f"{self.at('pods')}?labelSelector=app%3D{app}"
        found = await self.until(path, enough, f"{count} pods of {app}")
        return list(found["items"])

    async def kubectl(self, *arguments: str, reader: bool = False, check: bool = True) -> str:
        """What kubectl prints, errors included; fails the test when kubectl fails, unless not `check`."""
        client = self.reader if reader else self.admin
        command = ["kubectl", f"--kubeconfig={client.kubeconfig}", f"--context={client.context}", *arguments]

        def run() -> subprocess.CompletedProcess[str]:
            return subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)

        done = await asyncio.to_thread(run)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr
