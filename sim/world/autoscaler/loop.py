"""The autoscaler's loop: one scale-out or some scale-in at a time, with its timers, back-offs, taints and events."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from sim.cloud.errors import CloudError
from sim.cloud.ess.engine import Origin, check_ready, leave
from sim.cloud.ess.scaling import move_to
from sim.cloud.state import Cloud
from sim.controllers.manager import Manager
from sim.controllers.roster import Roster
from sim.kube.registry import Registry
from sim.world.autoscaler import scale_in, scale_out, status
from sim.world.autoscaler.groups import CANDIDATE, TO_BE_DELETED, Group, Groups
from sim.world.autoscaler.scale_out import Option, Outlook
from sim.world.machines import Machines

Obj = dict[str, Any]

SCAN, UNNEEDED, AFTER_ADD = 15.0, 600.0, 600.0
FIRST_BACKOFF, LAST_BACKOFF, FORGOTTEN = 300.0, 1800.0, 10_800.0
"""Seconds for which a group that failed is left alone, doubling up to the last; and until that is forgotten."""
REPEAT = 300.0
"""Seconds between two equal events about one object."""
EVICTION, RETRY = 120.0, 5.0
SOURCE = "cluster-autoscaler"
MARK = '{"cluster-autoscaler/alicloud/managed":"true"}'


@dataclass(frozen=True, slots=True)
class Failure:
    """A group that is left alone until a time, after waiting that long, because of an error."""

    until: float
    wait: float
    code: str
    message: str


class Autoscaler:
    """Looks every fifteen simulated seconds, while its Deployment has replicas."""

    def __init__(self, cloud: Cloud, registry: Registry, machines: Machines, manager: Manager) -> None:
        self._cloud = cloud
        self._registry = registry
        self._machines = machines
        self._events = manager.events
        self._groups = Groups(cloud, registry, machines)
        self._roster = Roster(registry)
        self._since: dict[str, float] = {}
        self._going: set[str] = set()
        self._backoff: dict[str, Failure] = {}
        self._watched: dict[str, str] = {}
        self._told: dict[tuple[str, str], float] = {}
        self._last_add = 0.0
        cloud.agenda.every(SCAN, self.run_once)

    def run_once(self) -> None:
        """One loop."""
        deployment = self._registry.find("Deployment", SOURCE, "kube-system")
        if deployment is None or not deployment["spec"].get("replicas"):
            return
        now, groups = self._cloud.now(), self._groups.read()
        self._check_activities(now)
        backed_off = {group for group, failure in self._backoff.items() if failure.until > now}
        outlook = scale_out.look(self._groups, self._roster, groups, backed_off)
        grown = self._scale_out(outlook, now)
        if not grown:
            self._explain(outlook, now)
        self._find_unneeded(groups, now)
        if not grown and now - self._last_add > AFTER_ADD:
            self._scale_in(groups, now)
        failures = {group: (self._backoff[group].code, self._backoff[group].message) for group in backed_off}
        status.write(self._registry, groups, now, failures, set(self._since))

    # -- out ---------------------------------------------------------------------------------------------------------

    def _scale_out(self, outlook: Outlook, now: float) -> bool:
        if not outlook.options:
            return False
        option = min(outlook.options, key=lambda one: one.waste)
        group, wanted = self._cloud.groups[option.group.id], option.group.target + len(option.nodes)
        try:
            answer = move_to(self._cloud, group, wanted, Origin(_CAUSE, metadata=MARK), sync=True)
        except CloudError as error:
            self._fail(option.group.id, error.code, error.message, now)
            return False
        self._watched[answer["ScalingActivityId"]] = option.group.id
        self._last_add = now
        self._say_grown(option, outlook, wanted)
        return True

    def _say_grown(self, option: Option, outlook: Outlook, wanted: int) -> None:
        group = option.group
        text = f"pod triggered scale-up: [{{{group.id} {group.target}->{wanted} (max: {group.high})}}]"
        for key in option.pods:
            self._events.emit(outlook.pods[key], "TriggeredScaleUp", text, source=SOURCE)
        size = f"size to {wanted} instead of {group.target} (max: {group.high})"
        self._say_about_status("ScaledUpGroup", f"Scale-up: setting group {group.id} {size}")

    def _explain(self, outlook: Outlook, now: float) -> None:
        for key, pod in outlook.pods.items():
            reasons = outlook.reasons.get(key)
            if key in outlook.coming or not reasons or not self._is_news(pod, "NotTriggerScaleUp", now):
                continue
            texts = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
            self._events.emit(pod, "NotTriggerScaleUp", f"pod didn't trigger scale-up: {texts}", source=SOURCE)

    def _check_activities(self, now: float) -> None:
        """What became of the activities that this autoscaler asked for."""
        for activity_id, group in list(self._watched.items()):
            activity = self._cloud.activities[activity_id]
            if activity.ended is None:
                continue
            del self._watched[activity_id]
            if activity.errors:
                self._fail(group, activity.errors[0][0], activity.errors[0][1], now)

    def _fail(self, group: str, code: str, message: str, now: float) -> None:
        last = self._backoff.get(group)
        again = last is not None and now - last.until < FORGOTTEN
        wait = min(2 * last.wait, LAST_BACKOFF) if last is not None and again else FIRST_BACKOFF
        self._backoff[group] = Failure(now + wait, wait, code, message)
        self._say_about_status(
            "FailedToScaleUpGroup", f"Scale-up failed for group {group}: {code}: {message}", "Warning"
        )

    def _say_about_status(self, reason: str, message: str, kind: str = "Normal") -> None:
        found = self._registry.find("ConfigMap", status.NAME, status.NAMESPACE)
        if found is not None:
            self._events.emit(found, reason, message, source=SOURCE, type_=kind)

    def _is_news(self, obj: Obj, reason: str, now: float) -> bool:
        place = (obj["metadata"]["uid"], reason)
        if now - self._told.get(place, 0.0) < REPEAT:
            return False
        self._told[place] = now
        return True

    # -- in ----------------------------------------------------------------------------------------------------------

    def _find_unneeded(self, groups: list[Group], now: float) -> None:
        """Start or keep the timers of the nodes that could go, and mark them with the soft taint."""
        found = {name for group in groups for name in scale_in.removable(self._registry, self._roster, group)}
        self._since = {name: self._since.get(name, now) for name in found}
        for group in groups:
            for name in group.ready:
                self._mark_candidate(name, self._since.get(name))

    def _mark_candidate(self, name: str, since: float | None) -> None:
        has = any(taint["key"] == CANDIDATE for taint in self._taints(name))
        if since is not None and not has:
            self._set_taint(name, CANDIDATE, "PreferNoSchedule", since)
        elif since is None and has and name not in self._going:
            self._drop_taint(name, CANDIDATE)

    def _taints(self, name: str) -> list[Obj]:
        found = self._registry.find("Node", name)
        return list(found["spec"].get("taints") or ()) if found else []

    def _set_taint(self, name: str, key: str, effect: str, at: float) -> None:
        node = self._registry.get("Node", name)
        taint = {"key": key, "value": str(int(at)), "effect": effect}
        self._registry.rewrite("Node", {**node, "spec": {**node["spec"], "taints": [*self._taints(name), taint]}})

    def _drop_taint(self, name: str, key: str) -> None:
        node = self._registry.get("Node", name)
        kept = [taint for taint in self._taints(name) if taint["key"] != key]
        spec = {name: value for name, value in node["spec"].items() if name != "taints"}
        self._registry.rewrite("Node", {**node, "spec": {**spec, **({"taints": kept} if kept else {})}})

    def _scale_in(self, groups: list[Group], now: float) -> None:
        """Begin to remove one node that nobody has needed for long enough."""
        ripe = [name for name, since in self._since.items() if now - since >= UNNEEDED and name not in self._going]
        for group in groups:
            leaving = sum(name in self._going for name in group.ready)
            for name in ripe:
                if name in group.ready and group.target - leaving > group.low:
                    self._remove(name, group, now)
                    return

    def _remove(self, name: str, group: Group, now: float) -> None:
        node = self._registry.get("Node", name)
        self._going.add(name)
        self._events.emit(node, "ScaleDown", "marked the node as toBeDeleted/unschedulable", source=SOURCE)
        self._set_taint(name, TO_BE_DELETED, "NoSchedule", now)
        instance = node["spec"]["providerID"].rpartition(".")[2]
        self._cloud.agenda.after(RETRY, partial(self._empty, name, instance, group, now))

    def _empty(self, name: str, instance: str, group: Group, begun: float) -> None:
        """Evict until nothing is left; give up, and take the marks away, after two minutes."""
        if self._machines.drain(instance):
            self._hand_back(name, instance, group)
        elif self._cloud.now() - begun < EVICTION:
            self._cloud.agenda.after(RETRY, partial(self._empty, name, instance, group, begun))
        else:
            self._give_up(name)

    def _give_up(self, name: str) -> None:
        self._going.discard(name)
        if self._registry.find("Node", name) is None:
            return
        self._drop_taint(name, TO_BE_DELETED)
        self._registry.patch("Node", name, {"spec": {"unschedulable": None}})
        node = self._registry.get("Node", name)
        self._events.emit(node, "ScaleDownFailed", "failed to drain the node", source=SOURCE, type_="Warning")

    def _hand_back(self, name: str, instance: str, group: Group) -> None:
        found = self._cloud.groups[group.id]
        try:
            check_ready(self._cloud, found)
        except CloudError:
            self._cloud.agenda.after(RETRY, partial(self._hand_back, name, instance, group))
            return
        if instance in self._cloud.members:
            if found.desired is not None:
                self._cloud.groups.change(found.id, desired=max(found.min_size, found.desired - 1))
            leave(self._cloud, found, [instance], Origin("A user requests to remove instances"), release=True)
        node = self._registry.find("Node", name)
        if node is not None:
            self._events.emit(node, "ScaleDown", "node removed by cluster autoscaler", source=SOURCE)
        self._say_about_status("ScaleDown", f"Scale-down: node {name} removed with drain")
        self._going.discard(name)
        self._since.pop(name, None)


_CAUSE = "A user requests to scale the scaling group"
