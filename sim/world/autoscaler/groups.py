"""The groups that the autoscaler moves: sizes as it reads them from ESS, and the node that each would add."""

from dataclasses import dataclass
from typing import Any

import msgspec

from core.kube import node as node_codec
from sim.cloud.ess.engine import capacity
from sim.cloud.state import Cloud, Instance, NodePool
from sim.controllers.nodes import is_ready
from sim.controllers.roster import Place, Roster, read_pod
from sim.kube.registry import Registry
from sim.world import nodes
from sim.world.machines import Machines

Obj = dict[str, Any]

TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler"
CANDIDATE = "DeletionCandidateOfClusterAutoscaler"
_TRANSIENT = (TO_BE_DELETED, CANDIDATE)


@dataclass(frozen=True, slots=True)
class Group:
    """One autoscaled pool as it is now."""

    id: str
    pool: NodePool
    low: int
    high: int
    target: int
    ready: tuple[str, ...]
    """Names of its Ready nodes."""
    coming: int
    """Machines that count but are no Ready node yet."""


class Groups:
    """Reads the groups afresh for each loop."""

    def __init__(self, cloud: Cloud, registry: Registry, machines: Machines) -> None:
        self.cloud = cloud
        self.registry = registry
        self.machines = machines

    def read(self) -> list[Group]:
        """All pools with autoscaling on, in the order in which they were made."""
        return [self._group(pool) for pool in self.cloud.pools if pool.auto_scaling.get("enable")]

    def _group(self, pool: NodePool) -> Group:
        group = self.cloud.groups[pool.group_id]
        counted = capacity(self.cloud, group.id)
        names = [self.machines.node_name(member.instance_id) for member in self.cloud.members_of(group.id)]
        ready = tuple(name for name in names if name and self._is_ready(name))
        target = group.desired if group.desired is not None else counted
        coming = max(0, target - len(ready))
        return Group(group.id, pool, group.min_size, group.max_size, target, ready, coming)

    def _is_ready(self, name: str) -> bool:
        found = self.registry.find("Node", name)
        return found is not None and is_ready(found)

    def template(self, group: Group, roster: Roster) -> Place:
        """An empty copy of the node that the group would add, with the DaemonSet pods that come with it."""
        source = next((name for name in group.ready if self._is_good(name)), None)
        raw = self.registry.get("Node", source) if source else self._from_configuration(group)
        place = Place(_decoded(raw, f"template-node-for-{group.id}"))
        donor = source or next(iter(roster.places), "")
        for pod in self.registry.pods_on(donor):
            if is_daemon(pod):
                place.put(read_pod(pod))
        return place

    def _is_good(self, name: str) -> bool:
        spec = self.registry.get("Node", name)["spec"]
        return not spec.get("unschedulable") and not any(t["key"] in _TRANSIENT for t in spec.get("taints") or ())

    def _from_configuration(self, group: Group) -> Obj:
        configuration = self.cloud.configurations[self.cloud.groups[group.id].configuration_id]
        switch = self.cloud.vswitches[self.cloud.groups[group.id].vswitch_ids[0]]
        kind = configuration.instance_types[0]
        machine = Instance("i-template", "template", kind, switch.zone, switch.id, switch.vpc_id, "10.0.0.1")
        return nodes.node(self.cloud, machine, group.pool, ready_since=self.cloud.now())


def _decoded(raw: Obj, name: str) -> Any:
    labels = {**(raw["metadata"].get("labels") or {}), "kubernetes.io/hostname": name}
    taints = [taint for taint in raw["spec"].get("taints") or () if taint["key"] not in _TRANSIENT]
    meta = {"name": name, "labels": labels}
    whole = {"apiVersion": "v1", "kind": "Node", "metadata": meta, "spec": {"taints": taints}, "status": raw["status"]}
    return node_codec.codec.item(msgspec.json.encode(whole))


def is_daemon(pod: Obj) -> bool:
    """Whether a DaemonSet owns it."""
    return any(owner["kind"] == "DaemonSet" for owner in pod["metadata"].get("ownerReferences") or ())
