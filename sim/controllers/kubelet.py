"""The kubelets of all nodes: take bound pods through their life and finish deletions. Heartbeats stand in heartbeat.py.

A pod's annotation `sim.vacancy/behaviour` makes it misbehave: `crash-loop`, `never-ready`, `image-pull-error`,
`ignores-sigterm`, `fails` (a job's pod ends with an error). `sim.vacancy/run-seconds` is how long a job's pod works.
"""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sim.clock import rfc3339
from sim.controllers import nodes, pod_status, virtual
from sim.controllers.base import Controller, being_deleted, key_of
from sim.controllers.events import Recorder
from sim.controllers.pods import finished
from sim.kube.deletion import DeleteOptions
from sim.kube.eviction import is_ready
from sim.kube.registry import Registry
from sim.kube.shelf import Change, Key

Obj = dict[str, Any]
Span = tuple[float, float]

BEHAVIOUR = "sim.vacancy/behaviour"
RUN_SECONDS = "sim.vacancy/run-seconds"
_IMAGE_ERROR = "Back-off pulling image"
_CRASH = "back-off 5m0s restarting failed container"
_CRASH_AGAIN = 300.0


@dataclass(frozen=True, slots=True)
class Delays:
    """How long the steps of a pod's and a node's life take, in simulated seconds from and to."""

    notice: Span = (0.1, 0.6)
    pull: Span = (1.0, 6.0)
    probe: Span = (2.0, 12.0)
    stop: Span = (1.0, 6.0)
    join: Span = (4.0, 15.0)  # from a node's registration to its Ready condition

    @classmethod
    def none(cls) -> "Delays":
        """Everything at once: for building a world that has run for long."""
        return cls((0, 0), (0, 0), (0, 0), (0, 0), (0, 0))


class Kubelets(Controller):
    """One for the whole cluster; nodes in `stopped` have none that works."""

    kind = "Pod"

    def __init__(self, registry: Registry, events: Recorder, *, seed: int = 0, delays: Delays | None = None) -> None:
        super().__init__(registry)
        self.delays = delays or Delays()
        self.stopped: set[str] = set()
        self._events = events
        self._random = random.Random(seed)
        self._next: dict[str, tuple[str, float]] = {}  # pod uid -> its next step and when that is due
        self._addresses = 0
        self.follow("Pod", self._concerned)

    def prime(self) -> None:
        for node in self.registry.list("Node"):
            for pod in self.registry.pods_on(node["metadata"]["name"]):
                self.queue.add(key_of(pod))

    def stop(self, node: str) -> None:
        """The node's kubelet dies: its pods' states freeze and its heartbeats end."""
        self.stopped.add(node)

    def start(self, node: str) -> None:
        """The kubelet is back."""
        self.stopped.discard(node)
        for pod in self.registry.pods_on(node):
            self.queue.add(key_of(pod))

    def reconcile(self, key: Key) -> None:
        pod = self.registry.find("Pod", key[1], key[0])
        if pod is None or not pod["spec"].get("nodeName") or pod["spec"]["nodeName"] in self.stopped:
            return
        node = self.registry.find("Node", pod["spec"]["nodeName"])
        step = self._step(pod)
        if node is None or not step:
            return
        uid, now = pod["metadata"]["uid"], self.clock.monotonic()
        planned, due = self._next.get(uid, ("", 0.0))
        if planned != step:
            due = now + self._delay(pod, step)
            self._next[uid] = (step, due)
            self._announce(pod, step)
        if due > now:
            self.queue.add(key, due - now)
            return
        self._next.pop(uid, None)
        self._do(pod, node, step)

    def _concerned(self, change: Change) -> Key | None:
        if change.type == "DELETED":
            self._next.pop(change.object["metadata"]["uid"], None)
            return None
        return key_of(change.object) if change.object["spec"].get("nodeName") else None

    def _step(self, pod: Obj) -> str:
        """What happens to the pod next; empty when it just goes on."""
        status, behaviour = pod["status"], _annotation(pod, BEHAVIOUR)
        if being_deleted(pod):
            return "stop"
        if finished(pod):
            return ""
        containers = status.get("containerStatuses") or ()
        state: Obj = containers[0].get("state") or {} if containers else {}
        if not status.get("startTime"):
            return "create"
        if "waiting" in state and state["waiting"].get("reason") == "ContainerCreating":
            return "refuse-image" if behaviour == "image-pull-error" else "run"
        if "waiting" in state:
            return "crash" if behaviour == "crash-loop" else ""
        if behaviour in ("crash-loop", "never-ready"):
            return "crash" if behaviour == "crash-loop" else ""
        if not is_ready(pod):
            return "ready"
        return "end" if pod["spec"].get("restartPolicy", "Always") != "Always" else ""

    def _delay(self, pod: Obj, step: str) -> float:
        match step:
            case "create":
                return self._random.uniform(*self.delays.notice)
            case "run" | "refuse-image":
                return self._random.uniform(*self.delays.pull)
            case "ready":
                return self._random.uniform(*self.delays.probe)
            case "crash":
                return _CRASH_AGAIN if pod_status.restarts(pod) else self._random.uniform(*self.delays.probe)
            case "end":
                return float(_annotation(pod, RUN_SECONDS) or 60)
        end = datetime.fromisoformat(pod["metadata"]["deletionTimestamp"])
        left = max(0.0, (end - self.clock.now()).total_seconds())
        if _annotation(pod, BEHAVIOUR) == "ignores-sigterm":
            return left
        return min(left, self._random.uniform(*self.delays.stop))

    def _announce(self, pod: Obj, step: str) -> None:
        for container in pod["spec"].get("containers") or ():
            if step == "run":
                self._say(pod, "Pulling", f'Pulling image "{container.get("image", "")}"')
            elif step == "stop" and not finished(pod):
                self._say(pod, "Killing", f"Stopping container {container['name']}")

    def _do(self, pod: Obj, node: Obj, step: str) -> None:
        now = rfc3339(self.clock.now())
        match step:
            case "create":
                self._write(pod, pod_status.creating(pod, now, _internal_ip(node)))
            case "run":
                self._run(pod, node, now)
            case "refuse-image":
                self._write(pod, pod_status.waiting(pod, now, "ImagePullBackOff", _IMAGE_ERROR))
                self._say(pod, "Failed", "Error: ImagePullBackOff", "Warning")
            case "ready":
                self._write(pod, pod_status.ready(pod, now))
            case "crash":
                self._write(pod, pod_status.waiting(pod, now, "CrashLoopBackOff", _CRASH))
                self._say(pod, "BackOff", "Back-off restarting failed container", "Warning")
            case "end":
                self._write(pod, pod_status.ended(pod, now, exit_code=_annotation(pod, BEHAVIOUR) == "fails"))
            case "stop":
                self._finish(pod, now)

    def _run(self, pod: Obj, node: Obj, now: str) -> None:
        if nodes.is_virtual(node):
            pod = self.registry.rewrite("Pod", virtual.instance_annotated(pod, node))
        for container in pod["spec"].get("containers") or ():
            self._say(pod, "Pulled", f'Successfully pulled image "{container.get("image", "")}"')
            self._say(pod, "Created", f"Created container: {container['name']}")
            self._say(pod, "Started", f"Started container {container['name']}")
        self._write(pod, pod_status.running(pod, now, self._address(pod, node)))

    def _finish(self, pod: Obj, now: str) -> None:
        meta = pod["metadata"]
        if meta.get("finalizers") and not finished(pod):
            self._write(pod, pod_status.ended(pod, now))
        self.registry.delete("Pod", meta["name"], meta["namespace"], DeleteOptions(grace=0, uid=meta["uid"]))

    def _write(self, pod: Obj, status: Obj) -> None:
        self.registry.set_status("Pod", pod, status)

    def _say(self, pod: Obj, reason: str, message: str, type_: str = "Normal") -> None:
        self._events.emit(pod, reason, message, source="kubelet", type_=type_, host=pod["spec"]["nodeName"])

    def _address(self, pod: Obj, node: Obj) -> str:
        if pod["spec"].get("hostNetwork"):
            return _internal_ip(node)
        self._addresses += 1
        return f"172.{20 + self._addresses // 65_025 % 12}.{self._addresses // 255 % 255}.{self._addresses % 255}"


def _annotation(pod: Obj, name: str) -> str:
    return str((pod["metadata"].get("annotations") or {}).get(name, ""))


def _internal_ip(node: Obj) -> str:
    addresses = (node.get("status") or {}).get("addresses") or ()
    return str(next((a.get("address") for a in addresses if a.get("type") == "InternalIP"), ""))
