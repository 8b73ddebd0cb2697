"""What kubelets say of their nodes: leases, conditions, and becoming Ready after the start. No pods here."""

import random
from typing import Any

from sim.clock import rfc3339, rfc3339_micro
from sim.controllers import nodes
from sim.controllers.kubelet import Kubelets
from sim.kube.registry import Registry

Obj = dict[str, Any]

LEASES = "kube-node-lease"
LEASE_EVERY = 10.0  # a quarter of the lease's duration
STATUS_EVERY = 300.0  # nodeStatusReportFrequency
_LEASE_DURATION = 40
_HEALTHY = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)
_STARTING = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)


class Heartbeats:
    """Leases every 10 s, the whole status every 5 minutes or when it changes, for each node with a working kubelet."""

    def __init__(self, registry: Registry, kubelets: Kubelets, *, seed: int = 0) -> None:
        self.pace = 1.0  # seconds between two looks at the nodes that start
        self._registry = registry
        self._clock = registry.clock
        self._kubelets = kubelets
        self._random = random.Random(seed)
        self._renewed: dict[str, float] = {}
        self._reported: dict[str, float] = {}
        self._ready_at: dict[str, float] = {}

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            self.beat()
            await self._clock.sleep(self._clock.at_least(self.pace, 0.05))

    def beat(self) -> None:
        """One round."""
        now, every = self._clock.monotonic(), self._clock.at_least(LEASE_EVERY, 0.2)
        for node in self._registry.list("Node"):
            meta = node["metadata"]
            if meta["name"] in self._kubelets.stopped:
                continue
            if now - self._renewed.get(meta["uid"], -every) >= every:
                self._renewed[meta["uid"]] = now
                self._renew(node)
            self._report(node, now)

    def _renew(self, node: Obj) -> None:
        name, now = node["metadata"]["name"], rfc3339_micro(self._clock.now())
        spec = {"holderIdentity": name, "leaseDurationSeconds": _LEASE_DURATION, "renewTime": now}
        lease = self._registry.find("Lease", name, LEASES)
        if lease is not None:
            self._registry.rewrite("Lease", {**lease, "spec": spec})
            return
        if self._registry.find("Namespace", LEASES) is None:
            self._registry.create("Namespace", {"metadata": {"name": LEASES}})
        owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
        self._registry.create(
            "Lease", {"metadata": {"name": name, "namespace": LEASES, "ownerReferences": [owner]}, "spec": spec}
        )

    def _report(self, node: Obj, now: float) -> None:
        uid = node["metadata"]["uid"]
        if nodes.is_ready(node):
            last = self._reported.setdefault(uid, now - self._random.uniform(0, STATUS_EVERY))
            if now - last >= STATUS_EVERY:
                self._write(node, ready=True)
            return
        if uid not in self._ready_at:
            self._ready_at[uid] = now + self._random.uniform(*self._kubelets.delays.join)
            self._write(node, ready=False)
        if now >= self._ready_at[uid]:
            del self._ready_at[uid]
            self._write(node, ready=True)

    def _write(self, node: Obj, *, ready: bool) -> None:
        self._reported[node["metadata"]["uid"]] = self._clock.monotonic()
        now, status = rfc3339(self._clock.now()), node.get("status") or {}
        old = {c["type"]: c for c in status.get("conditions") or ()}
        reason, message = (
            ("KubeletReady", "kubelet is posting ready status") if ready else ("KubeletNotReady", _STARTING)
        )
        said = [(type_, "False", why, words) for type_, why, words in _HEALTHY]
        said.append(("Ready", "True" if ready else "False", reason, message))
        conditions = []
        for type_, value, why, words in said:
            before = old.pop(type_, {})
            pressed = type_ != "Ready" and before.get("status") == "True"
            if pressed:  # a scenario set it: the kubelet goes on saying it
                conditions.append({**before, "lastHeartbeatTime": now})
                continue
            moved = before.get("lastTransitionTime", now) if before.get("status") == value else now
            condition = {"type": type_, "status": value, "reason": why, "message": words}
            conditions.append({**condition, "lastHeartbeatTime": now, "lastTransitionTime": moved})
        self._registry.set_status("Node", node, {**status, "conditions": [*old.values(), *conditions]})
