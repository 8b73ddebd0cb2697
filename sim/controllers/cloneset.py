"""CloneSets: as many equal pods as asked for, brought to a new template anew or where they are, and single pods deleted
on request.

After OpenKruise's pkg/controller/cloneset (v1.7); lifecycle hooks, gray scatter and paused partitions by percentage of
surge are left out."""

from typing import Any

from sim.controllers import pods
from sim.controllers.base import Controller, being_deleted, controlled, own_key, owner_key
from sim.controllers.deployment import template_hash
from sim.controllers.events import Recorder
from sim.kube.deletion import DeleteOptions
from sim.kube.eviction import is_ready
from sim.kube.registry import Registry
from sim.kube.shelf import Key

Obj = dict[str, Any]

HASH = "controller-revision-hash"
DELETE = "apps.kruise.io/specified-delete"
_OWN_GRACE = DeleteOptions()


class CloneSetController(Controller):
    """One template, all pods."""

    kind = "CloneSet"

    def __init__(self, registry: Registry, events: Recorder) -> None:
        super().__init__(registry)
        self._events = events
        self.follow("CloneSet", own_key)
        self.follow("Pod", owner_key("CloneSet"))

    def reconcile(self, key: Key) -> None:
        owner = self.registry.find("CloneSet", key[1], key[0])
        if owner is None:
            return
        if not being_deleted(owner):
            revision = self._revision(owner)
            found = pods.active(controlled(self.registry, owner, "Pod"))
            self._scale(owner, found, revision)
            self._update(owner, pods.active(controlled(self.registry, owner, "Pod")), revision)
        self._report(key)

    def _revision(self, owner: Obj) -> str:
        """The template's name. Pods from before there was any are of the first."""
        revision = f"{owner['metadata']['name']}-{template_hash(owner['spec'].get('template') or {})}"
        if not (owner.get("status") or {}).get("updateRevision"):
            for pod in controlled(self.registry, owner, "Pod"):
                if HASH not in (pod["metadata"].get("labels") or {}):
                    self._patch(pod, {"metadata": {"labels": {HASH: revision}}})
        return revision

    def _scale(self, owner: Obj, found: list[Obj], revision: str) -> None:
        difference = int(owner["spec"].get("replicas", 1)) - len(found)
        for _ in range(difference):
            self._create(owner, revision)
        for pod in pods.deletion_order(found)[: max(0, -difference)]:
            self._delete(owner, pod)

    def _update(self, owner: Obj, found: list[Obj], revision: str) -> None:
        """Replace or change as many pods as may be unavailable now: those that somebody wants deleted first."""
        strategy, total = owner["spec"].get("updateStrategy") or {}, int(owner["spec"].get("replicas", 1))
        limit = max(1, pods.scaled(strategy.get("maxUnavailable", "20%"), total, up=True))
        room = limit - (total - sum(map(is_ready, found)))
        for pod in [pod for pod in found if _labels(pod).get(DELETE) == "true"]:
            if room > 0 or not is_ready(pod):
                self._delete(owner, pod)
                room -= is_ready(pod)
        if strategy.get("paused"):
            return
        old = [pod for pod in found if _labels(pod).get(HASH) != revision and _labels(pod).get(DELETE) != "true"]
        keep = pods.scaled(strategy.get("partition", 0), total, up=True)
        for pod in old[: max(0, len(old) - keep)]:
            if strategy.get("type", "ReCreate") != "ReCreate":
                self._change(owner, pod, revision)
            elif room > 0 or not is_ready(pod):
                self._delete(owner, pod)
                room -= is_ready(pod)

    def _change(self, owner: Obj, pod: Obj, revision: str) -> None:
        """The new template's labels and annotations, on the pod where it is."""
        meta = (owner["spec"].get("template") or {}).get("metadata") or {}
        labels = {**(meta.get("labels") or {}), HASH: revision}
        self._patch(pod, {"metadata": {"labels": labels, "annotations": meta.get("annotations") or {}}})

    def _patch(self, pod: Obj, body: Obj) -> None:
        self.registry.patch("Pod", pod["metadata"]["name"], body, pod["metadata"]["namespace"])

    def _create(self, owner: Obj, revision: str) -> None:
        template = owner["spec"].get("template") or {}
        pod = self.registry.create("Pod", pods.from_template(owner, template, labels={HASH: revision}))
        self._say(owner, "SuccessfulCreate", f"succeed to create pod {pod['metadata']['name']}")

    def _delete(self, owner: Obj, pod: Obj) -> None:
        meta = pod["metadata"]
        self.registry.delete("Pod", meta["name"], meta["namespace"], _OWN_GRACE)
        self._say(owner, "SuccessfulDelete", f"succeed to delete pod {meta['name']}")

    def _say(self, owner: Obj, reason: str, message: str) -> None:
        self._events.emit(owner, reason, message, source="cloneset-controller")

    def _report(self, key: Key) -> None:
        owner = self.registry.get("CloneSet", key[1], key[0])
        found = pods.active(controlled(self.registry, owner, "Pod"))
        revision = f"{key[1]}-{template_hash(owner['spec'].get('template') or {})}"
        min_ready, now = int(owner["spec"].get("minReadySeconds") or 0), self.clock.now()
        updated = [pod for pod in found if _labels(pod).get(HASH) == revision]
        ready = [pod for pod in found if is_ready(pod)]
        available = sum(pods.available(pod, min_ready, now) for pod in ready)
        if available < len(ready):
            self.queue.add(key, min_ready)
        old = owner.get("status") or {}
        status = {
            "observedGeneration": owner["metadata"].get("generation", 1),
            "replicas": len(found),
            "readyReplicas": len(ready),
            "availableReplicas": available,
            "updatedReplicas": len(updated),
            "updatedReadyReplicas": sum(map(is_ready, updated)),
            "updateRevision": revision,
            "currentRevision": revision if len(updated) == len(found) else old.get("currentRevision", revision),
        }
        kept = {"conditions": old["conditions"]} if "conditions" in old else {}
        self.registry.set_status("CloneSet", owner, {**kept, **status})


def _labels(pod: Obj) -> Obj:
    found: Obj = pod["metadata"].get("labels") or {}
    return found
