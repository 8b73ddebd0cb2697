"""What happens inside the machines: boot, cloud-init, join, kubelet, reset. Answers the cloud as its `Guest`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from sim.clock import rfc3339
from sim.cloud.state import Cloud, Instance
from sim.kube import eviction
from sim.kube.errors import ApiError
from sim.kube.registry import Registry
from sim.world import joining, nodes, scripts
from sim.world.joining import Join

Obj = dict[str, Any]

BOOT, INSTALL = 22.0, 25.0
"""Simulated seconds from Running until cloud-init runs, and from there to the Node object; its kubelet then beats."""
RESTART = 8.0
"""Seconds until a kubelet is up after a restart of the machine."""
COLLECTED = 15.0
"""Seconds until the Node of a released machine is deleted."""


class Kubelets(Protocol):
    """The kubelets of the nodes: those that are stopped send no heartbeats, and their pods freeze."""

    def stop(self, node: str) -> None: ...

    def start(self, node: str) -> None: ...


class NoKubelets:
    """While a scenario is put into place."""

    def stop(self, node: str) -> None:
        return None

    def start(self, node: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Inside:
    """The state of a machine's disk."""

    node: str | None = None
    """The node name that the kubelet is configured for; None while the machine has joined nothing."""
    pool_id: str = ""
    log: tuple[str, ...] = ()


class Machines:
    """All machines of a cloud, as nodes of the cluster in `registry`."""

    def __init__(self, cloud: Cloud, registry: Registry) -> None:
        self.cloud = cloud
        self.registry = registry
        self.kubelets: Kubelets = NoKubelets()
        self.inside: dict[str, Inside] = {}
        self.bootstrap: Callable[[], str | None] | None = None
        """In a registered cluster: downloads the script that joins machines; None when there is none."""
        self.external: tuple[str, ...] = ()
        """Names of nodes that are no machines of this account."""
        self.version = "v1.32.1-aliyun.1"
        cloud.guest = self

    # -- as the cloud's guest ----------------------------------------------------------------------------------------

    def run(self, instance_id: str, script: str) -> tuple[int, str]:
        """The commands that capacity tools send; any other shell text succeeds silently."""
        if "kubeadm reset" in script:
            return self._reset(instance_id)
        join = joining.read(script)
        if join is not None:
            problem = self._join_problem(join)
            if problem:
                return 1, f"{problem}\n"
            self._install(instance_id, join)
            return 0, "This node is joining the cluster.\n"
        if any(word in script for word in ("journalctl", "/var/log", "cloud-init")):
            return 0, "\n".join(self.inside.get(instance_id, Inside()).log) + "\n"
        return 0, ""

    def node_name(self, instance_id: str) -> str | None:
        name = self.inside.get(instance_id, Inside()).node
        return name if name is not None and self.registry.find("Node", name) else None

    def is_ready(self, instance_id: str) -> bool:
        name = self.node_name(instance_id)
        found = self.registry.find("Node", name) if name else None
        rows = found["status"]["conditions"] if found else ()
        return any(row["type"] == "Ready" and row["status"] == "True" for row in rows)

    def drain(self, instance_id: str) -> bool:
        name = self.node_name(instance_id)
        if name is None:
            return True
        cordon(self.registry, name)
        pods = [pod for pod in self.registry.pods_on(name) if _is_evicted(pod)]
        for pod in pods:
            if "deletionTimestamp" not in pod["metadata"]:
                _evict(self.registry, pod)
        return not pods

    def leave(self, instance_id: str) -> None:
        name = self.node_name(instance_id)
        if name is not None:
            delete_node(self.registry, name)
        self._forget(instance_id)

    def external_nodes(self) -> list[str]:
        return [name for name in self.external if self.registry.find("Node", name)]

    # -- what machines do --------------------------------------------------------------------------------------------

    def adopt(self, instance_id: str, name: str, pool_id: str = "") -> None:
        """Take a machine that is a node already."""
        self.inside[instance_id] = Inside(name, pool_id)

    def watch(self, kubelets: Kubelets) -> None:
        """From now on, boot and stop with the cloud's machines; until then they are put into place without that."""
        self.kubelets = kubelets
        self.cloud.instances.listeners.append(self._changed)

    def _changed(self, before: Instance | None, after: Instance | None) -> None:
        if after is None:
            self._released(before)
            return
        if before is not None and after.first_boot and not before.first_boot:
            self.inside[after.id] = Inside()
        was, now = before.status if before else "", after.status
        if now == "Running" and was != "Running":
            boot = partial(self._cloud_init if after.first_boot else self._kubelet_up, after.id)
            self.cloud.agenda.after(BOOT if after.first_boot else RESTART, boot)
        elif was == "Running" and now != "Running":
            self._kubelet_down(after.id)

    def _released(self, machine: Instance | None) -> None:
        inside = self.inside.pop(machine.id, Inside()) if machine else Inside()
        if inside.node is not None:
            self.kubelets.stop(inside.node)
            self.cloud.agenda.after(COLLECTED, partial(self._collect, inside.node))

    def _collect(self, name: str) -> None:
        """What the cloud controller does about a node whose machine is gone, unless a new one took its name."""
        if not any(inside.node == name for inside in self.inside.values()):
            delete_node(self.registry, name)

    def _cloud_init(self, instance_id: str) -> None:
        """The first boot of a disk: the only time at which userdata runs."""
        machine = self.cloud.instances.get(instance_id)
        if machine is None or machine.status != "Running":
            return
        self.cloud.instances.change(instance_id, first_boot=False)
        join = joining.read(joining.decoded(machine.user_data))
        if join is None:
            self._log(instance_id, "cloud-init: no join command in the userdata")
            return
        problem = self._join_problem(join)
        self._log(instance_id, f"cloud-init: {problem or 'running attach_node.sh'}")
        if not problem:
            self._install(instance_id, join)

    def _join_problem(self, join: Join) -> str:
        if self.bootstrap is not None and self.bootstrap() is None:
            return "[ERROR] attach: ack-agent-config names no script that can be downloaded (addNodeScriptPath)"
        pool, expires = self.cloud.join_tokens.get(join.token, ("", 0.0))
        if not join.token:
            return "[ERROR] attach: no token was given"
        if not expires:
            return "[ERROR] attach: the cluster does not know this token: 401 Unauthorized"
        if expires < self.cloud.now():
            return "[ERROR] attach: the token has expired: 401 Unauthorized"
        if join.pool_id and pool and join.pool_id != pool:
            return f"[ERROR] attach: the token is not for node pool {join.pool_id}"
        return ""

    def _install(self, instance_id: str, join: Join) -> None:
        pool_id = join.pool_id or self.cloud.join_tokens[join.token][0]
        self.cloud.agenda.after(INSTALL, partial(self._register, instance_id, pool_id, join))

    def _register(self, instance_id: str, pool_id: str, join: Join | None = None) -> None:
        machine = self.cloud.instances.get(instance_id)
        if machine is None or machine.status != "Running":
            return
        labels = dict(join.labels) if join else {}
        rows = join.taints if join else ()
        taints = [{"key": key, "value": value, "effect": effect} for key, value, effect in rows]
        pool = self.cloud.pools.get(pool_id)
        found = nodes.node(self.cloud, machine, pool, labels=labels, taints=taints, version=self.version)
        if self.bootstrap is not None:
            found = scripts.applied(found, self.bootstrap() or "")
        name = found["metadata"]["name"]
        if self.registry.find("Node", name) is None:
            self.registry.load("Node", [found])
            self.registry.load("CSINode", [nodes.csi_node(name)])
        self._write(instance_id, node=name, pool_id=pool_id)
        self._log(instance_id, f"kubelet: Successfully registered node {name}")
        self.kubelets.start(name)

    def _kubelet_up(self, instance_id: str) -> None:
        """A restart of a disk that has joined: the node comes back, and registers anew if somebody deleted it."""
        inside = self.inside.get(instance_id)
        if inside is None or inside.node is None:
            return
        if self.registry.find("Node", inside.node) is None:
            self._register(instance_id, inside.pool_id)
        else:
            self.kubelets.start(inside.node)

    def _kubelet_down(self, instance_id: str) -> None:
        name = self.inside.get(instance_id, Inside()).node
        if name is not None:
            self.kubelets.stop(name)

    def _reset(self, instance_id: str) -> tuple[int, str]:
        """kubeadm reset: the disk forgets the cluster; the Node object, if there still is one, falls silent."""
        self._forget(instance_id)
        self._log(instance_id, "kubeadm: reset")
        steps = "[preflight] Running pre-flight checks\n[reset] Stopping the kubelet service\n"
        return 0, f"{steps}[reset] Deleting contents of directories: [/etc/kubernetes/manifests /var/lib/kubelet]\n"

    def _forget(self, instance_id: str) -> None:
        self._kubelet_down(instance_id)
        self._write(instance_id, node=None)

    def _write(self, instance_id: str, **fields: Any) -> None:
        self.inside[instance_id] = replace(self.inside.get(instance_id, Inside()), **fields)

    def _log(self, instance_id: str, text: str) -> None:
        line = f"{rfc3339(self.cloud.clock.now())} {text}"
        self._write(instance_id, log=(*self.inside.get(instance_id, Inside()).log, line)[-200:])


def delete_node(registry: Registry, name: str) -> None:
    """Delete the Node and its CSINode, if they are there."""
    for kind in ("Node", "CSINode"):
        if registry.find(kind, name) is not None:
            registry.delete(kind, name)


def cordon(registry: Registry, name: str) -> None:
    found = registry.get("Node", name)
    if not found["spec"].get("unschedulable"):
        registry.rewrite("Node", {**found, "spec": {**found["spec"], "unschedulable": True}})


def _is_evicted(pod: Obj) -> bool:
    """Not the pods of DaemonSets, nor mirror pods."""
    owners = pod["metadata"].get("ownerReferences") or ()
    mirror = "kubernetes.io/config.mirror" in (pod["metadata"].get("annotations") or {})
    return not mirror and not any(owner["kind"] == "DaemonSet" for owner in owners)


def _evict(registry: Registry, pod: Obj) -> None:
    """Ask for one eviction; a budget that forbids it now is asked again later."""
    meta = pod["metadata"]
    try:
        eviction.evict(registry, meta["namespace"], meta["name"], {"metadata": {"name": meta["name"]}}, dry_run=False)
    except ApiError:
        return
