"""Deployments: one ReplicaSet for each pod template, rolled over within maxSurge and maxUnavailable.

After pkg/controller/deployment; rollback, pause-and-resume proportions and progress deadlines are left out.
"""

import hashlib
from typing import Any

import msgspec

from sim.clock import rfc3339
from sim.controllers import pods
from sim.controllers.base import Controller, being_deleted, controlled, controller_reference, own_key, owner_key
from sim.controllers.events import Recorder
from sim.kube.binding import with_condition
from sim.kube.registry import Registry
from sim.kube.shelf import Key

Obj = dict[str, Any]

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
_SOURCE = "deployment-controller"
_DIGITS = str.maketrans("0123456789abcdef", "bcdfghjklmnpqrst")


def template_hash(template: Obj) -> str:
    """A short name for a pod template; equal templates have equal names."""
    text = msgspec.json.encode(template, order="deterministic")
    return hashlib.blake2b(text, digest_size=5).hexdigest().translate(_DIGITS)


class DeploymentController(Controller):
    """Rolls templates out."""

    kind = "Deployment"

    def __init__(self, registry: Registry, events: Recorder) -> None:
        super().__init__(registry)
        self._events = events
        self.follow("Deployment", own_key)
        self.follow("ReplicaSet", owner_key("Deployment"))

    def reconcile(self, key: Key) -> None:
        deployment = self.registry.find("Deployment", key[1], key[0])
        if deployment is None:
            return
        sets = controlled(self.registry, deployment, "ReplicaSet")
        if not being_deleted(deployment):
            new = self._new_set(deployment, sets)
            old = [s for s in sets if s["metadata"]["uid"] != new["metadata"]["uid"]]
            if not deployment["spec"].get("paused"):
                self._roll(deployment, new, [s for s in old if _wanted(s)])
            self._forget(deployment, old)
        self._report(key)

    def _new_set(self, deployment: Obj, sets: list[Obj]) -> Obj:
        name = template_hash(deployment["spec"]["template"])
        found = next((s for s in sets if s["metadata"]["labels"].get(HASH) == name), None)
        revisions = [int((s["metadata"].get("annotations") or {}).get(REVISION, 0)) for s in sets]
        if found is None:
            revision = str(max(revisions, default=0) + 1)
            found = self._create_set(deployment, name, revision, empty=bool(sets))
            self._mark_revision(deployment, revision)
        elif int((found["metadata"].get("annotations") or {}).get(REVISION, 0)) < max(revisions):
            revision = str(max(revisions) + 1)
            patch = {"metadata": {"annotations": {REVISION: revision}}}
            found = self.registry.patch("ReplicaSet", found["metadata"]["name"], patch, found["metadata"]["namespace"])
            self._mark_revision(deployment, revision)
        return found

    def _create_set(self, deployment: Obj, name: str, revision: str, *, empty: bool) -> Obj:
        spec, meta = deployment["spec"], deployment["metadata"]
        template = spec["template"]
        labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH: name}
        selector = spec["selector"]
        matched = {**(selector.get("matchLabels") or {}), HASH: name}
        replicas = 0 if empty else spec["replicas"]
        created = self.registry.create(
            "ReplicaSet",
            {
                "metadata": {
                    "name": f"{meta['name']}-{name}",
                    "namespace": meta["namespace"],
                    "labels": labels,
                    "annotations": {REVISION: revision},
                    "ownerReferences": [controller_reference(deployment)],
                },
                "spec": {
                    "replicas": replicas,
                    **({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
                    "selector": {**selector, "matchLabels": matched},
                    "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
                },
            },
        )
        if replicas:
            self._say_scaled(deployment, created, 0, replicas)
        return created

    def _mark_revision(self, deployment: Obj, revision: str) -> None:
        meta = deployment["metadata"]
        patch = {"metadata": {"annotations": {REVISION: revision}}}
        self.registry.patch("Deployment", meta["name"], patch, meta["namespace"])

    def _roll(self, deployment: Obj, new: Obj, old: list[Obj]) -> None:
        wanted = int(deployment["spec"]["replicas"])
        if not old:
            self._scale(deployment, new, wanted)
            return
        strategy = deployment["spec"]["strategy"]
        if strategy["type"] == "Recreate":
            for one in old:
                self._scale(deployment, one, 0)
            if not any(_has_pods(self.registry, one) for one in old):
                self._scale(deployment, new, wanted)
            return
        limits = strategy.get("rollingUpdate") or {}
        surge = pods.scaled(limits.get("maxSurge", "25%"), wanted, up=True)
        slack = pods.scaled(limits.get("maxUnavailable", "25%"), wanted, up=False)
        if surge == 0 and slack == 0:
            slack = 1
        total = _wanted(new) + sum(map(_wanted, old))
        self._scale(deployment, new, min(wanted, max(_wanted(new), _wanted(new) + wanted + surge - total)))
        self._scale_in_old(deployment, new, old, wanted - slack)

    def _scale_in_old(self, deployment: Obj, new: Obj, old: list[Obj], least_available: int) -> None:
        available = sum(_available(s) for s in (new, *old))
        room = sum(map(_wanted, (new, *old))) - least_available - (_wanted(new) - _available(new))
        for one in old:  # pods that aren't available go first: they cost nothing
            useless = min(room, _wanted(one) - _available(one))
            if useless > 0:
                self._scale(deployment, one, _wanted(one) - useless)
                room -= useless
        spare = available - least_available
        for one in old:
            step = min(spare, _available(one))
            if step > 0:
                self._scale(deployment, one, _available(one) - step)
                spare -= step

    def _scale(self, deployment: Obj, one: Obj, replicas: int) -> None:
        meta, before = one["metadata"], _wanted(one)
        if before == replicas:
            return
        self.registry.patch("ReplicaSet", meta["name"], {"spec": {"replicas": replicas}}, meta["namespace"])
        self._say_scaled(deployment, one, before, replicas)

    def _say_scaled(self, deployment: Obj, one: Obj, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        message = f"Scaled {way} replica set {one['metadata']['name']} from {before} to {after}"
        self._events.emit(deployment, "ScalingReplicaSet", message, source=_SOURCE)

    def _forget(self, deployment: Obj, old: list[Obj]) -> None:
        """Delete the oldest empty sets beyond revisionHistoryLimit."""
        empty = [
            s for s in old if not _wanted(s) and not (s.get("status") or {}).get("replicas") and not being_deleted(s)
        ]
        empty.sort(key=lambda s: int((s["metadata"].get("annotations") or {}).get(REVISION, 0)))
        for one in empty[: max(0, len(empty) - int(deployment["spec"]["revisionHistoryLimit"]))]:
            self.registry.delete("ReplicaSet", one["metadata"]["name"], one["metadata"]["namespace"])

    def _report(self, key: Key) -> None:
        deployment = self.registry.get("Deployment", key[1], key[0])
        sets = controlled(self.registry, deployment, "ReplicaSet")
        name, spec = template_hash(deployment["spec"]["template"]), deployment["spec"]
        counts = {
            "replicas": sum(_count(s, "replicas") for s in sets),
            "updatedReplicas": sum(_count(s, "replicas") for s in sets if s["metadata"]["labels"].get(HASH) == name),
            "readyReplicas": sum(_count(s, "readyReplicas") for s in sets),
            "availableReplicas": sum(map(_available, sets)),
        }
        unavailable = max(0, int(spec["replicas"]) - counts["availableReplicas"])
        status: Obj = {"observedGeneration": deployment["metadata"]["generation"]}
        status |= {field: value for field, value in counts.items() if value}
        status |= {"unavailableReplicas": unavailable} if unavailable else {}
        status["terminatingReplicas"] = sum(_count(s, "terminatingReplicas") for s in sets)
        status |= {"conditions": (deployment.get("status") or {}).get("conditions") or []}
        self.registry.set_status(
            "Deployment", deployment, self._with_conditions(status, spec, counts, f"{key[1]}-{name}")
        )

    def _with_conditions(self, status: Obj, spec: Obj, counts: dict[str, int], new: str) -> Obj:
        wanted, now = int(spec["replicas"]), rfc3339(self.clock.now())
        limits = (spec["strategy"].get("rollingUpdate") or {}).get("maxUnavailable", 0)
        enough = counts["availableReplicas"] >= wanted - pods.scaled(limits, wanted, up=False)
        reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
        message = f"Deployment {'has' if enough else 'does not have'} minimum availability."
        done = counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == wanted
        progress = "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
        text = f'ReplicaSet "{new}" {"has successfully progressed" if done else "is progressing"}.'
        for type_, value, why, words in (
            ("Available", enough, reason, message),
            ("Progressing", True, progress, text),
        ):
            condition = {"type": type_, "status": "True" if value else "False", "reason": why, "message": words}
            old: Obj = next((c for c in status["conditions"] if c["type"] == type_), {})
            same = old.get("reason") == why and old.get("status") == condition["status"]
            condition["lastUpdateTime"] = old.get("lastUpdateTime", now) if same else now
            status = with_condition(status, condition, now)
        return status


def _wanted(replica_set: Obj) -> int:
    return int(replica_set["spec"].get("replicas", 0))


def _count(replica_set: Obj, field: str) -> int:
    return int((replica_set.get("status") or {}).get(field, 0))


def _available(replica_set: Obj) -> int:
    return _count(replica_set, "availableReplicas")


def _has_pods(registry: Registry, replica_set: Obj) -> bool:
    return any(not pods.finished(pod) for pod in controlled(registry, replica_set, "Pod"))
