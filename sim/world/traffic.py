"""Traffic: peaks that scale a workload up and let it fall again, and the load that group alarms look at."""

from functools import partial
from typing import Any

from sim.cloud.ess.rules import raise_alarm
from sim.cloud.state import Cloud
from sim.controllers.usage import Usage
from sim.kube.registry import Registry
from sim.world.machines import Machines

Obj = dict[str, Any]

FIRST, PERIOD, LENGTH = 90.0, 1500.0, 420.0
"""Simulated seconds until the first peak, between two, and how long one lasts."""
ALARM_EVERY = 60.0


class Traffic:
    """Scales one Deployment (`namespace`, `name`) between its normal size and its peak, for ever."""

    def __init__(self, cloud: Cloud, registry: Registry, namespace: str, name: str, peak: int) -> None:
        self._registry = registry
        self._place = (namespace, name)
        self._agenda = cloud.agenda
        found = registry.get("Deployment", name, namespace)
        self._normal, self._peak = int(found["spec"]["replicas"]), peak
        self._agenda.after(FIRST, self._rise)

    def _rise(self) -> None:
        """Up in three steps, later down in two."""
        step = (self._peak - self._normal + 2) // 3
        for index in range(3):
            size = min(self._peak, self._normal + step * (index + 1))
            self._agenda.after(20.0 * index, partial(self._scale, size))
        self._agenda.after(LENGTH, partial(self._scale, (self._peak + self._normal) // 2))
        self._agenda.after(LENGTH + 60, partial(self._scale, self._normal))
        self._agenda.after(PERIOD, self._rise)

    def _scale(self, replicas: int) -> None:
        namespace, name = self._place
        if self._registry.find("Deployment", name, namespace) is not None:
            self._registry.patch("Deployment", name, {"spec": {"replicas": replicas}}, namespace)


class Alarms:
    """Feeds each alarm of ESS the CPU use of its group's nodes, in percent of what they have."""

    def __init__(self, cloud: Cloud, registry: Registry, machines: Machines, usage: Usage) -> None:
        self._cloud = cloud
        self._registry = registry
        self._machines = machines
        self._usage = usage
        cloud.agenda.every(ALARM_EVERY, self.look)

    def look(self) -> None:
        """One evaluation of all alarms."""
        for alarm in self._cloud.alarms:
            if alarm.enabled:
                raise_alarm(self._cloud, alarm.id, self._load(alarm.group_id))

    def _load(self, group_id: str) -> float:
        names = [self._machines.node_name(member.instance_id) for member in self._cloud.members_of(group_id)]
        found = [node for name in names if name and (node := self._registry.find("Node", name))]
        cores = sum(int(node["status"]["capacity"]["cpu"]) for node in found)
        used = sum(self._used(node["metadata"]["name"]) for node in found)
        return used / 10 / cores if cores else 0.0

    def _used(self, node: str) -> float:
        """Millicores in use on a node."""
        pods = self._registry.pods_on(node)
        return sum(amounts["cpu"] for pod in pods for amounts in self._usage.of_pod(pod).values())
