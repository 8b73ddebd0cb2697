"""The table of kinds: what is read from an API server or a dump, and how. Adding a kind is adding one entry."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.kube import disruption, event, generic, metrics, node, own_kinds, pod_wire, storage, workloads
from core.kube.wire import Codec, Page, WatchEvent


@dataclass(frozen=True)
class Kind:
    """One kind of object. `group` is empty for the core API; `watched`: it has a watch (metrics are polled);
    `served`: an API server has it (our own two kinds come from dumps only)."""

    name: str
    group: str
    version: str
    plural: str
    namespaced: bool
    codec: Codec[Any]
    watched: bool = True
    served: bool = True
    needed: bool = False
    """Without it there is no answer at all; every other kind only turns its part off."""
    field_selector: str = ""
    """Only objects that match are listed, where a kind is read for one or a few objects."""
    addon: bool = False
    """Many clusters have no such kind, and that is worth no word."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @cached_property
    def base(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def list_path(self, namespace: str | None = None) -> str:
        """The path of the collection, for one namespace or for all."""
        where = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{self.base}{where}/{self.plural}"

    def decode_page(self, body: bytes) -> Page[Any]:
        return self.codec.page(body)

    def decode_event(self, line: bytes) -> WatchEvent[Any]:
        return self.codec.event(line)


def _workload(name: str, group: str, version: str, plural: str, addon: bool = False) -> Kind:
    return Kind(name, group, version, plural, True, workloads.codec(name), addon=addon)


def _generic(
    name: str,
    group: str,
    version: str,
    plural: str,
    namespaced: bool = True,
    field_selector: str = "",
    addon: bool = False,
) -> Kind:
    codec = generic.codec(name)
    return Kind(name, group, version, plural, namespaced, codec, field_selector=field_selector, addon=addon)


_STORAGE = "storage.k8s.io"

ALL: tuple[Kind, ...] = (
    Kind("Node", "", "v1", "nodes", False, node.codec, needed=True),
    Kind("Pod", "", "v1", "pods", True, pod_wire.codec, needed=True),
    Kind("NodeMetrics", "metrics.k8s.io", "v1beta1", "nodes", False, metrics.nodes, watched=False),
    Kind("PodMetrics", "metrics.k8s.io", "v1beta1", "pods", True, metrics.pods, watched=False),
    _generic("Namespace", "", "v1", "namespaces", namespaced=False),
    _workload("DaemonSet", "apps", "v1", "daemonsets"),
    _workload("ReplicaSet", "apps", "v1", "replicasets"),
    _workload("Deployment", "apps", "v1", "deployments"),
    _workload("StatefulSet", "apps", "v1", "statefulsets"),
    _workload("ReplicationController", "", "v1", "replicationcontrollers"),
    _workload("Job", "batch", "v1", "jobs"),
    _workload("CronJob", "batch", "v1", "cronjobs"),
    Kind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets", True, disruption.codec("PodDisruptionBudget")),
    Kind("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims", True, storage.claims),
    Kind("PersistentVolume", "", "v1", "persistentvolumes", False, storage.volumes),
    Kind("StorageClass", _STORAGE, "v1", "storageclasses", False, storage.classes),
    Kind("CSINode", _STORAGE, "v1", "csinodes", False, storage.csi_nodes),
    Kind("CSIDriver", _STORAGE, "v1", "csidrivers", False, storage.csi_drivers),
    Kind("CSIStorageCapacity", _STORAGE, "v1", "csistoragecapacities", True, storage.capacities),
    Kind("VolumeAttachment", _STORAGE, "v1", "volumeattachments", False, storage.attachments),
    Kind("Event", "", "v1", "events", True, event.codec),
    _generic("ConfigMap", "", "v1", "configmaps", field_selector="metadata.namespace=kube-system"),
    _generic("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers"),
    _generic("VerticalPodAutoscaler", "autoscaling.k8s.io", "v1", "verticalpodautoscalers", addon=True),
    _generic("WorkloadSpread", "apps.kruise.io", "v1alpha1", "workloadspreads", addon=True),
    _workload("CloneSet", "apps.kruise.io", "v1alpha1", "clonesets", addon=True),
    Kind("PodUnavailableBudget", "policy.kruise.io", "v1alpha1", "podunavailablebudgets", True,
         disruption.codec("PodUnavailableBudget"), addon=True),
    _generic("ElasticWorkload", "autoscaling.alibabacloud.com", "v1beta1", "elasticworkloads", addon=True),
    Kind("NodeGroup", "vacancy", "v1", "nodegroups", False, own_kinds.groups, False, False),
    Kind("AutoscalerPolicy", "vacancy", "v1", "autoscalerpolicies", False, own_kinds.policies, False, False),
)  # fmt: skip

BY_NAME: dict[str, Kind] = {kind.name: kind for kind in ALL}
