"""Workloads with their pods in place: Deployments, sets, jobs and bare pods, as their controllers would leave them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sim.controllers.base import controller_reference
from sim.controllers.deployment import HASH, REVISION, template_hash
from sim.scenario.shapes import Shape, running
from sim.scenario.stage import DAY, Obj, Stage

MINUTE = 60.0
_REVISION_HASH = "controller-revision-hash"


class Workloads:
    """Makes workloads on a stage. `on` lists the nodes that the pods run on; "" leaves a pod unbound."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._address = 0

    def deployment(
        self,
        namespace: str,
        name: str,
        shape: Shape,
        on: Sequence[str] = (),
        *,
        age: float = 30 * DAY,
        pod_age: float | None = None,
        replicas: int | None = None,
        meta: Obj | None = None,
        pod_notes: Obj | None = None,
    ) -> list[Obj]:
        """A Deployment with its ReplicaSet and pods; `pod_notes` are annotations that only the pods have."""
        count = len(on) if replicas is None else replicas
        spec = {
            "replicas": count,
            "selector": {"matchLabels": {"app": name}},
            "template": shape.template(name),
        }
        marked = {**(meta or {}), "annotations": {REVISION: "1", **(meta or {}).get("annotations", {})}}
        owner = self.stage.make("Deployment", name, namespace, age, meta=marked, spec=spec)
        sets = self._replica_set(owner, age)
        made = self._pods(sets, on, age if pod_age is None else pod_age, pod_notes)
        self._report("ReplicaSet", sets, count, len(made))
        self._report("Deployment", owner, count, sum(1 for node in on if node))
        return made

    def _replica_set(self, owner: Obj, age: float) -> Obj:
        template, meta = owner["spec"]["template"], owner["metadata"]
        name = template_hash(template)
        labels = {**template["metadata"]["labels"], HASH: name}
        spec = {
            "replicas": owner["spec"]["replicas"],
            "minReadySeconds": 0,
            "selector": {"matchLabels": {**owner["spec"]["selector"]["matchLabels"], HASH: name}},
            "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
        }
        own = {"labels": labels, "annotations": {REVISION: "1"}, "ownerReferences": [controller_reference(owner)]}
        return self.stage.make("ReplicaSet", f"{meta['name']}-{name}", meta["namespace"], age, meta=own, spec=spec)

    def _pods(self, owner: Obj, on: Sequence[str], age: float, notes: Obj | None) -> list[Obj]:
        return [self._pod(owner, node, age, notes) for node in on]

    def _pod(self, owner: Obj, node: str, age: float, notes: Obj | None, name: str = "", **labels: str) -> Obj:
        template, meta = owner["spec"]["template"], owner["metadata"]
        annotations = {**template["metadata"].get("annotations", {}), **(notes or {})}
        pod_meta: Obj = {
            "namespace": meta["namespace"],
            "labels": {**template["metadata"]["labels"], **labels},
            "ownerReferences": [controller_reference(owner)],
            "creationTimestamp": self.stage.ago(age),
            **({"annotations": annotations} if annotations else {}),
            **({"name": name} if name else {"generateName": f"{meta['name']}-"}),
        }
        return self.place({"metadata": pod_meta, "spec": template["spec"]}, node, age)

    def place(self, pod: Obj, node: str, age: float) -> Obj:
        """Create a pod, running on a node since its age, or unbound."""
        made = self.stage.registry.create("Pod", pod)
        if not node:
            return made
        self._address += 1
        ip = f"10.{64 + self._address // 65000}.{self._address // 250 % 256}.{self._address % 250 + 2}"
        found = self.stage.registry.find("Node", node)
        rows = found["status"]["addresses"] if found else []
        host = next((row["address"] for row in rows if row["type"] == "InternalIP"), "10.0.0.1")
        since = self.stage.ago(max(0.0, age - 4))
        return self.stage.registry.rewrite("Pod", running(made, node, host, ip, since))

    def _report(self, kind: str, owner: Obj, wanted: int, ready: int) -> None:
        counts = {"replicas": wanted, "readyReplicas": ready, "availableReplicas": ready, "observedGeneration": 1}
        more = {"updatedReplicas": wanted} if kind == "Deployment" else {"fullyLabeledReplicas": wanted}
        self.stage.registry.set_status(kind, owner, {**counts, **more})

    def bare(self, namespace: str, name: str, shape: Shape, node: str = "", age: float = 2 * DAY, **meta: Any) -> Obj:
        """A pod that nobody owns."""
        own = {"name": name, "namespace": namespace, "creationTimestamp": self.stage.ago(age)}
        template = shape.template(name)
        return self.place({"metadata": {**template["metadata"], **own, **meta}, "spec": template["spec"]}, node, age)

    def daemonset(self, namespace: str, name: str, shape: Shape, nodes: Sequence[str], age: float = 90 * DAY) -> None:
        """A DaemonSet with a pod on each of these nodes; each pod is as old as the younger of the set and the node."""
        spec = {"selector": {"matchLabels": {"app": name}}, "template": shape.template(name)}
        owner = self.stage.make("DaemonSet", name, namespace, age, spec=spec)
        hashed = template_hash(owner["spec"]["template"])
        for node in nodes:
            self._daemon_pod(owner, node, min(age, self._node_age(node)), hashed)

    def _daemon_pod(self, owner: Obj, node: str, age: float, hashed: str) -> None:
        pinned = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
        terms = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [pinned]}}
        template = owner["spec"]["template"]
        spec = {**template["spec"], "affinity": {"nodeAffinity": terms}}
        whole = {**owner, "spec": {**owner["spec"], "template": {**template, "spec": spec}}}
        self._pod(whole, node, age, None, **{_REVISION_HASH: hashed})

    def _node_age(self, node: str) -> float:
        created = self.stage.registry.get("Node", node)["metadata"]["creationTimestamp"]
        return self.stage.cloud.now() - datetime.fromisoformat(created).timestamp() - 5

    def owned(
        self,
        kind: str,
        namespace: str,
        name: str,
        shape: Shape,
        on: Sequence[str],
        *,
        age: float = 20 * DAY,
        **spec: Any,
    ) -> list[Obj]:
        """A set or job that owns its pods directly: CloneSet, StatefulSet, Job."""
        notes = spec.pop("pod_notes", None)
        base: Obj = {"template": shape.template(name)}
        if kind != "Job":
            base |= {"replicas": len(on), "selector": {"matchLabels": {"app": name}}}
        meta = spec.pop("meta", {})
        owner = self.stage.make(kind, name, namespace, age, meta=meta, spec={**base, **spec})
        if kind == "StatefulSet":
            return [self._ordinal(owner, node, age, index) for index, node in enumerate(on)]
        return self._pods(owner, on, age, notes)

    def _ordinal(self, owner: Obj, node: str, age: float, index: int) -> Obj:
        name = f"{owner['metadata']['name']}-{index}"
        revision = f"{owner['metadata']['name']}-{template_hash(owner['spec']['template'])}"
        labels = {"statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": str(index)}
        return self._pod(owner, node, age, None, name, **{_REVISION_HASH: revision}, **labels)
