"""ReplicaSets: the asked-for number of equal pods."""

from typing import Any

from sim.controllers import pods
from sim.controllers.base import Controller, being_deleted, controlled, own_key, owner_key
from sim.controllers.events import Recorder
from sim.kube.deletion import DeleteOptions
from sim.kube.eviction import is_ready
from sim.kube.registry import Registry
from sim.kube.shelf import Key

Obj = dict[str, Any]

_OWN_GRACE = DeleteOptions()


class ReplicaController(Controller):
    """Makes and deletes pods, and says how many there are."""

    kind = "ReplicaSet"

    def __init__(self, registry: Registry, events: Recorder) -> None:
        super().__init__(registry)
        self._events = events
        self._source = "replicaset-controller"
        self.follow("ReplicaSet", own_key)
        self.follow("Pod", owner_key("ReplicaSet"))

    def reconcile(self, key: Key) -> None:
        owner = self.registry.find(self.kind, key[1], key[0])
        if owner is None:
            return
        found = pods.active(controlled(self.registry, owner, "Pod"))
        if not being_deleted(owner):
            found = self._scale(owner, found)
        self._report(owner, found)

    def _scale(self, owner: Obj, found: list[Obj]) -> list[Obj]:
        missing = int(owner["spec"].get("replicas", 1)) - len(found)
        if missing > 0:
            return found + [self._create(owner) for _ in range(missing)]
        if missing == 0:
            return found
        for pod in pods.deletion_order(found)[:-missing]:
            self._delete(owner, pod)
        return pods.active(controlled(self.registry, owner, "Pod"))

    def _create(self, owner: Obj) -> Obj:
        pod = self.registry.create("Pod", pods.from_template(owner, owner["spec"].get("template") or {}))
        name = pod["metadata"]["name"]
        self._events.emit(owner, "SuccessfulCreate", f"Created pod: {name}", source=self._source)
        return pod

    def _delete(self, owner: Obj, pod: Obj) -> None:
        meta = pod["metadata"]
        self.registry.delete("Pod", meta["name"], meta["namespace"], _OWN_GRACE)
        self._events.emit(owner, "SuccessfulDelete", f"Deleted pod: {meta['name']}", source=self._source)

    def _report(self, owner: Obj, found: list[Obj]) -> None:
        min_ready, now = int(owner["spec"].get("minReadySeconds") or 0), self.clock.now()
        ready = [pod for pod in found if is_ready(pod)]
        available = sum(pods.available(pod, min_ready, now) for pod in ready)
        if available < len(ready):
            self.queue.add((owner["metadata"]["namespace"], owner["metadata"]["name"]), min_ready)
        status = {"replicas": len(found), "observedGeneration": owner["metadata"].get("generation", 1)}
        status |= self._set_counts(owner, found)
        status |= {"readyReplicas": len(ready)} if ready else {}
        status |= {"availableReplicas": available} if available else {}
        kept = {name: value for name, value in (owner.get("status") or {}).items() if name == "conditions"}
        self.registry.set_status(self.kind, owner, {**kept, **status})

    def _set_counts(self, owner: Obj, found: list[Obj]) -> Obj:
        going = sum(map(being_deleted, controlled(self.registry, owner, "Pod")))
        return {"fullyLabeledReplicas": len(found), "terminatingReplicas": going}
