"""StatefulSets: pods with ordinals, made and replaced one after the other, each with its own volume claims."""

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

_HASH = "controller-revision-hash"
_OWN_GRACE = DeleteOptions()


class StatefulSetController(Controller):
    """Ordered unless podManagementPolicy is Parallel."""

    kind = "StatefulSet"

    def __init__(self, registry: Registry, events: Recorder) -> None:
        super().__init__(registry)
        self._events = events
        self.follow("StatefulSet", own_key)
        self.follow("Pod", owner_key("StatefulSet"))

    def reconcile(self, key: Key) -> None:
        owner = self.registry.find("StatefulSet", key[1], key[0])
        if owner is None:
            return
        revision = f"{key[1]}-{template_hash(owner['spec']['template'])}"
        if not being_deleted(owner):
            self._step(owner, revision)
        self._report(owner, revision)

    def _step(self, owner: Obj, revision: str) -> None:
        """Do what order allows now; the change it makes brings the next step."""
        found = {_ordinal(pod): pod for pod in controlled(self.registry, owner, "Pod")}
        wanted, start = int(owner["spec"]["replicas"]), int((owner["spec"].get("ordinals") or {}).get("start", 0))
        parallel = owner["spec"]["podManagementPolicy"] == "Parallel"
        for ordinal in range(start, start + wanted):
            pod = found.get(ordinal)
            if pod is not None and pods.finished(pod) and not being_deleted(pod):
                self._delete(owner, pod)
                return
            if pod is None:
                self._create(owner, ordinal, revision)
            if not parallel and (pod is None or not is_ready(pod) or being_deleted(pod)):
                return
        extra = sorted((o for o in found if not start <= o < start + wanted), reverse=True)
        if any(being_deleted(found[ordinal]) for ordinal in extra):
            return
        for ordinal in extra if parallel else extra[:1]:
            self._delete(owner, found[ordinal])
        if not extra:
            self._replace_outdated(owner, found, revision)

    def _replace_outdated(self, owner: Obj, found: dict[int, Obj], revision: str) -> None:
        strategy = owner["spec"]["updateStrategy"]
        if strategy["type"] != "RollingUpdate" or any(being_deleted(pod) for pod in found.values()):
            return
        partition = int((strategy.get("rollingUpdate") or {}).get("partition", 0))
        for ordinal in sorted(found, reverse=True):
            pod = found[ordinal]
            if ordinal >= partition and pod["metadata"].get("labels", {}).get(_HASH) != revision:
                self._delete(owner, pod)
                return
            if not is_ready(pod):
                return

    def _create(self, owner: Obj, ordinal: int, revision: str) -> None:
        meta, spec = owner["metadata"], owner["spec"]
        name = f"{meta['name']}-{ordinal}"
        labels = {
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
            _HASH: revision,
        }
        pod = pods.from_template(owner, spec["template"], name=name, labels=labels)
        claims = [self._claim(owner, claim, name) for claim in spec.get("volumeClaimTemplates") or ()]
        volumes = [*(pod["spec"].get("volumes") or ()), *claims]
        pod["metadata"]["generateName"] = f"{meta['name']}-"
        pod["spec"] = {**pod["spec"], "hostname": name, "subdomain": spec.get("serviceName", ""), "volumes": volumes}
        self.registry.create("Pod", pod)
        message = f"create Pod {name} in StatefulSet {meta['name']} successful"
        self._events.emit(owner, "SuccessfulCreate", message, source="statefulset-controller")

    def _claim(self, owner: Obj, template: Obj, pod_name: str) -> Obj:
        """The pod's volume for a claim template; makes the claim unless it is there from before."""
        meta = template["metadata"]
        name, namespace = f"{meta['name']}-{pod_name}", owner["metadata"]["namespace"]
        if self.registry.find("PersistentVolumeClaim", name, namespace) is None:
            labels = {**(meta.get("labels") or {}), **(owner["spec"]["selector"].get("matchLabels") or {})}
            claim = {"metadata": {"name": name, "namespace": namespace, "labels": labels}, "spec": template["spec"]}
            self.registry.create("PersistentVolumeClaim", claim)
        return {"name": meta["name"], "persistentVolumeClaim": {"claimName": name}}

    def _delete(self, owner: Obj, pod: Obj) -> None:
        name = pod["metadata"]["name"]
        self.registry.delete("Pod", name, pod["metadata"]["namespace"], _OWN_GRACE)
        message = f"delete Pod {name} in StatefulSet {owner['metadata']['name']} successful"
        self._events.emit(owner, "SuccessfulDelete", message, source="statefulset-controller")

    def _report(self, owner: Obj, revision: str) -> None:
        owner = self.registry.get("StatefulSet", owner["metadata"]["name"], owner["metadata"]["namespace"])
        found = [pod for pod in controlled(self.registry, owner, "Pod") if not pods.finished(pod)]
        updated = sum(pod["metadata"].get("labels", {}).get(_HASH) == revision for pod in found)
        min_ready, now = int(owner["spec"].get("minReadySeconds") or 0), self.clock.now()
        old = owner.get("status") or {}
        current = revision if updated == len(found) else old.get("currentRevision", revision)
        status = {
            "observedGeneration": owner["metadata"]["generation"],
            "replicas": len(found),
            "readyReplicas": sum(map(is_ready, found)),
            "availableReplicas": sum(pods.available(pod, min_ready, now) for pod in found),
            "currentReplicas": updated if current == revision else len(found) - updated,
            "updatedReplicas": updated,
            "currentRevision": current,
            "updateRevision": revision,
            "collisionCount": 0,
        }
        self.registry.set_status("StatefulSet", owner, status)


def _ordinal(pod: Obj) -> int:
    ending = pod["metadata"]["name"].rpartition("-")[2]
    return int(ending) if ending.isdigit() else -1
