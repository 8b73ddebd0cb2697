"""The scheduler: binds pending pods to the node that scores best among those that take them, or says why none does.

Preemption, extenders and dynamic resources are left out; scores are a few of kube-scheduler's, simplified.
"""

from collections import Counter
from typing import Any

from core.errors import InputError
from core.kube.pod import Pod
from core.scheduling import node_affinity
from sim.clock import rfc3339
from sim.controllers.base import Controller, being_deleted, key_of
from sim.controllers.events import Recorder
from sim.controllers.filters import Filters, Refused, Unusable
from sim.controllers.roster import Place, Roster, claim_keys, read_pod
from sim.controllers.volumes import bind_claims
from sim.kube.binding import bind, with_condition
from sim.kube.registry import Registry
from sim.kube.shelf import Change, Key

Obj = dict[str, Any]

NAME = "default-scheduler"
_FLUSH = 30.0  # a pod that no change helped is tried again after so many seconds
_FIRST_BACKOFF, _LAST_BACKOFF = 1.0, 10.0


class Scheduler(Controller):
    """One attempt for each queued pod, highest priority first."""

    kind = "Pod"

    def __init__(self, registry: Registry, events: Recorder) -> None:
        super().__init__(registry)
        self._events = events
        self._roster = Roster(registry)
        self._waiting: dict[Key, float] = {}  # pods that found no node -> back-off
        self._moved: set[Key] = set()  # those of them that a change has brought back into the queue
        self.follow("Pod", self._pod_changed)
        self.follow("Node", self._node_changed)
        for kind in ("PersistentVolumeClaim", "PersistentVolume", "StorageClass"):
            self.follow(kind, lambda _change: self._all_waiting())

    def prime(self) -> None:
        for pod in self.registry.pods_on(""):
            self.queue.add(key_of(pod))

    def close(self) -> None:
        super().close()
        self._roster.close()

    def drain(self) -> int:
        """As for other controllers, but by priority and then age."""
        keys = self.queue.due()
        pods = [pod for key in keys if (pod := self._pending(key)) is not None]
        pods.sort(key=lambda pod: (-int(pod["spec"].get("priority") or 0), pod["metadata"]["creationTimestamp"]))
        for pod in pods:
            self.reconcile(key_of(pod))
        return len(keys)

    def reconcile(self, key: Key) -> None:
        obj = self._pending(key)
        if obj is None:
            return
        self._moved.discard(key)
        try:
            pod = read_pod(obj)
            filters = Filters(self._roster, pod)
            refusals = {name: filters.refusal(place) for name, place in self._roster.places.items()}
        except Unusable as error:
            self._fail(obj, str(error), {})
            return
        except InputError as error:  # a quantity that is none: the real API server would not have let it in
            self._fail(obj, str(error), {})
            return
        takers = [self._roster.places[name] for name, refusal in refusals.items() if refusal is None]
        if takers:
            self._bind(obj, pod, takers)
        else:
            self._fail(obj, "", {name: refusal for name, refusal in refusals.items() if refusal is not None})

    def _pending(self, key: Key) -> Obj | None:
        pod = self.registry.find("Pod", key[1], key[0])
        if pod is None or pod["spec"].get("nodeName") or being_deleted(pod):
            self._waiting.pop(key, None)
            self._moved.discard(key)
            return None
        if pod["spec"].get("schedulerName", NAME) != NAME or pod["spec"].get("schedulingGates"):
            return None
        return pod

    def _bind(self, obj: Obj, pod: Pod, takers: list[Place]) -> None:
        best = max(takers, key=lambda place: (score(pod, place), place.node.name))
        meta, node = obj["metadata"], best.node.name
        bind_claims(self.registry, claim_keys(pod), node)
        bind(self.registry, meta["namespace"], meta["name"], node)
        self._waiting.pop(key_of(obj), None)
        message = f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}"
        self._events.emit(obj, "Scheduled", message, source=NAME)

    def _fail(self, obj: Obj, why: str, refusals: dict[str, Refused]) -> None:
        key = key_of(obj)
        message = explain(len(self._roster.places), why, refusals, obj["spec"].get("preemptionPolicy", ""))
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        condition["lastProbeTime"] = None  # type: ignore[assignment]
        status = with_condition(obj.get("status") or {}, condition, rfc3339(self.clock.now()))
        self.registry.set_status("Pod", obj, status)
        self._events.emit(obj, "FailedScheduling", message, source=NAME, type_="Warning")
        self._waiting[key] = min(_LAST_BACKOFF, self._waiting.get(key, _FIRST_BACKOFF / 2) * 2)
        self.queue.add(key, _FLUSH)

    def _pod_changed(self, change: Change) -> Any:
        pod, old = change.object, change.old
        if not pod["spec"].get("nodeName"):
            new = (
                old is None
                or old["spec"] != pod["spec"]
                or old["metadata"].get("labels") != pod["metadata"].get("labels")
            )
            return key_of(pod) if new and change.type != "DELETED" else None
        leaves = change.type == "DELETED" or pod["status"].get("phase") in ("Succeeded", "Failed")
        return self._all_waiting() if leaves or (old is not None and not old["spec"].get("nodeName")) else None

    def _node_changed(self, change: Change) -> None:
        old, new = change.old, change.object
        same = old is not None and old.get("spec") == new.get("spec") and _fit(old) == _fit(new)
        if change.type != "DELETED" and not same:
            self._all_waiting()

    def _all_waiting(self) -> None:
        """Something may have made room: try everyone again, each after its back-off."""
        for key, backoff in self._waiting.items():
            if key not in self._moved:
                self._moved.add(key)
                self.queue.add(key, backoff)


def _fit(node: Obj) -> tuple[Any, Any]:
    return node["metadata"].get("labels"), (node.get("status") or {}).get("allocatable")


def score(pod: Pod, place: Place) -> float:
    """Free share after placing, minus soft taints and pods of the same owner, plus preferred node affinity."""
    node, requests = place.node, pod.shape.requests
    shares = [
        (node.allocatable[name] - place.taken.get(name, 0) - requests.get(name, 0)) / node.allocatable[name]
        for name in ("cpu", "memory")
        if node.allocatable.get(name)
    ]
    free = sum(shares) / len(shares) if shares else 0.0
    soft = sum(
        taint.effect == "PreferNoSchedule" and not any(t.tolerates(taint) for t in pod.shape.tolerations)
        for taint in node.taints
    )
    crowd = sum(other.owner == pod.owner for other in place.pods.values()) if pod.owner is not None else 0
    return free - soft - 0.1 * crowd + _preference(pod, place)


def _preference(pod: Pod, place: Place) -> float:
    affinity = pod.shape.node_affinity
    if affinity is None or not affinity.preferred:
        return 0.0
    from core.kube.affinity import NodeSelector

    return sum(
        term.weight / 100
        for term in affinity.preferred
        if node_affinity.selects(NodeSelector((term.preference,)), place.node.labels, place.node.name)
    )


def explain(nodes: int, why: str, refusals: dict[str, Refused], preemption_policy: str) -> str:
    """FailedScheduling's message (framework FitError and the default preemption's PostFilter)."""
    if not nodes:
        return "no nodes available to schedule pods"
    counts = Counter(reason for refusal in refusals.values() for reason in refusal.reasons)
    said = why or ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    return f"0/{nodes} nodes are available: {said}. {_preemption(nodes, why, refusals, preemption_policy)}"


def _preemption(nodes: int, why: str, refusals: dict[str, Refused], policy: str) -> str:
    if policy == "Never":
        return "no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never."
    if why:
        return "not found"  # what 1.35 says when PreFilter refused: there is no node to look for victims on
    hopeless = sum(refusal.hopeless for refusal in refusals.values())
    parts = [f"{hopeless} Preemption is not helpful for scheduling"] if hopeless else []
    if nodes - hopeless:
        parts.append(f"{nodes - hopeless} No preemption victims found for incoming pod")
    return f"no new claims to deallocate, preemption: 0/{nodes} nodes are available: {', '.join(sorted(parts))}."
