"""Fills a cluster for one test and empties it again: nodes, namespaces, workloads, usage; and waits for effects.

What the objects look like is `objects.py`; thousands at once is `bulk.py`.
"""

from __future__ import annotations

import datetime
import itertools
import uuid
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from tests.controlplane.api import Api, ApiError
from tests.controlplane.bulk import running_deployment
from tests.controlplane.cluster import Cluster
from tests.controlplane.components import STAY
from tests.controlplane.kinds import Json
from tests.controlplane.objects import (
    USAGE_CPU,
    USAGE_MEMORY,
    Pool,
    Template,
    deployment,
    namespace_object,
    ready_condition,
)
from tests.controlplane.processes import wait_until

_numbers = itertools.count(1)


class World:
    """What one test puts into the cluster; leaving the `with` block (or `clear`) takes all of it away at once."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.api: Api = cluster.api()
        self._namespaces: list[str] = []
        self._nodes: list[str] = []
        self._filled = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    # making

    def namespace(self, name: str = "") -> str:
        """A new namespace, ready for pods (it has its default service account); a fresh name unless one is given."""
        name = name or f"test-{next(_numbers)}"
        self.api.ensure(namespace_object(name))
        self._namespaces.append(name)
        wait_until(lambda: self._has_account(name), 20, f"default service account of {name}")
        return name

    def pool(self, pool: Pool, age: datetime.timedelta = datetime.timedelta(0)) -> list[str]:
        """Raise the pool's nodes, ready and `age` old; returns their names."""
        self.nodes(pool.nodes(self.cluster.layout.ports.kwok, age))
        return pool.node_names()

    def nodes(self, nodes: list[Json]) -> None:
        """Raise given nodes as they are, through etcd (so creationTimestamp is kept); kwok keeps them alive."""
        names = [node["metadata"]["name"] for node in nodes]
        self._nodes += names
        self.cluster.etcd().put(_with_uid(node) for node in nodes)
        wanted = set(names)
        wait_until(lambda: wanted <= self._leases(), 60, f"kwok to take over {len(names)} nodes")

    def create(self, *things: Json) -> list[Json]:
        """Create objects through the API, many at once."""
        return self.api.create_all(things)

    def fill(
        self,
        deployments: Iterable[tuple[Json, list[str]]],
        age: datetime.timedelta = datetime.timedelta(hours=2),
    ) -> int:
        """Running deployments by the thousand pods: (deployment, a node name per replica). Returns objects written.

        All but etcd restarts for it, so connections break and watches begin anew: fill first, then connect.
        """
        things = [thing for wanted, nodes in deployments for thing in running_deployment(self.api, wanted, nodes, age)]
        self._filled = True
        with self.cluster.offline() as etcd:
            etcd.put_batches(things)
        return len(things)

    def crowd(self, nodes: list[str], pods: int, per_deployment: int = 30, template: Template | None = None) -> str:
        """`pods` running pods spread evenly over `nodes`, in Deployments of a new namespace, which is returned."""
        namespace = self.namespace()
        places = list(itertools.islice(itertools.cycle(nodes), pods))
        chunks = [places[start : start + per_deployment] for start in range(0, pods, per_deployment)]
        template = template or Template(usage_cpu="40m", usage_memory="64Mi")
        self.fill(
            (deployment(f"app-{number}", namespace, len(chunk), template), chunk) for number, chunk in enumerate(chunks)
        )
        return namespace

    # changing

    def set_usage(self, pod: str, namespace: str, cpu: str, memory: str) -> None:
        """What kwok reports for each container of the pod from its next scrape on (quantities)."""
        annotations = {USAGE_CPU: cpu, USAGE_MEMORY: memory}
        self.api.patch("Pod", pod, {"metadata": {"annotations": annotations}}, namespace)

    def set_ready(self, node: str, ready: bool) -> None:
        """Make a node's kubelet report itself ready or not, and stay so."""
        stay = None if ready else "not-ready"
        self.api.patch("Node", node, {"metadata": {"annotations": {STAY: stay}}})
        others = [c for c in self.api.get("Node", node)["status"]["conditions"] if c["type"] != "Ready"]
        self.api.patch("Node", node, {"status": {"conditions": [*others, ready_condition(ready)]}}, sub="status")

    # waiting

    def wait_pods(self, namespace: str, count: int, phase: str = "Running", seconds: float = 60) -> list[Json]:
        """Until exactly `count` pods are in `phase`; returns them."""
        found: list[Json] = []

        def there() -> bool:
            found[:] = self.api.list_all("Pod", namespace, fieldSelector=f"status.phase={phase}")
            return len(found) == count

        wait_until(there, seconds, f"{count} pods {phase} in {namespace}", pause=0.2)
        return found

    def wait_event(self, namespace: str, reason: str, seconds: float = 30) -> Json:
        """Until an event with that reason exists; returns the first."""
        found: list[Json] = []

        def there() -> bool:
            found[:] = self.api.list_all("Event", namespace, fieldSelector=f"reason={reason}")
            return bool(found)

        wait_until(there, seconds, f"event {reason} in {namespace}", pause=0.2)
        return found[0]

    def wait_node_metrics(self, nodes: Iterable[str], seconds: float = 90) -> dict[str, Json]:
        """Until metrics.k8s.io knows all these nodes; returns name -> NodeMetrics. Two scrapes of 10 s are needed."""
        wanted, found = set(nodes), dict[str, Json]()

        def there() -> bool:
            found.update({item["metadata"]["name"]: item for item in self.api.list_all("NodeMetrics")})
            return wanted <= found.keys()

        wait_until(_tolerant(there), seconds, f"metrics of {len(wanted)} nodes", pause=0.5)
        return {name: found[name] for name in wanted}

    def wait_pod_metrics(self, namespace: str, count: int, seconds: float = 90) -> dict[str, Json]:
        """Until metrics.k8s.io knows `count` pods of the namespace; returns name -> PodMetrics."""
        found: dict[str, Json] = {}

        def there() -> bool:
            found.clear()
            found.update({item["metadata"]["name"]: item for item in self.api.list_all("PodMetrics", namespace)})
            return len(found) == count

        wait_until(_tolerant(there), seconds, f"metrics of {count} pods in {namespace}", pause=0.5)
        return found

    # ending

    def clear(self) -> None:
        """Remove the namespaces with all in them, then the nodes."""
        etcd = self.cluster.etcd()
        if self._filled:
            with self.cluster.offline():
                etcd.remove_namespaces_at_once(self._namespaces)
        else:
            etcd.remove_namespaces(self._namespaces)
        etcd.remove("Node", self._nodes)
        etcd.remove("Lease", self._nodes, "kube-node-lease")
        self._namespaces, self._nodes, self._filled = [], [], False

    # inside

    def _has_account(self, namespace: str) -> bool:
        return any(item["metadata"]["name"] == "default" for item in self.api.list_all("ServiceAccount", namespace))

    def _leases(self) -> set[str]:
        return {item["metadata"]["name"] for item in self.api.list_all("Lease", "kube-node-lease")}


def _with_uid(node: Json) -> Json:
    metadata = {"uid": str(uuid.uuid4()), **node["metadata"]}
    return {**node, "metadata": metadata}


def _tolerant(there: Callable[[], bool]) -> Callable[[], bool]:
    """metrics.k8s.io answers 503 or 404 while its server has nothing yet."""

    def probe() -> bool:
        try:
            return there()
        except ApiError as error:
            if error.status not in (404, 503):
                raise
            return False

    return probe
