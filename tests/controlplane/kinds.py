"""The Kubernetes kinds that the helpers handle: one table of their addresses in the API and in etcd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    name: str
    version: str
    """`v1` or `group/version`."""
    plural: str
    namespaced: bool = True
    stored: str = ""
    """Folder below /registry in etcd, where it differs from the plural."""

    @property
    def root(self) -> str:
        return f"/api/{self.version}" if "/" not in self.version else f"/apis/{self.version}"

    def path(self, namespace: str = "", name: str = "", sub: str = "") -> str:
        """The request path of a collection (no name), an object, or a subresource; all namespaces without one."""
        parts = [self.root]
        if self.namespaced and namespace:
            parts.append(f"namespaces/{namespace}")
        parts += [part for part in (self.plural, name, sub) if part]
        return "/".join(parts)

    def etcd_key(self, namespace: str = "", name: str = "") -> str:
        """Key of an object, or (ending in a slash) the prefix of a namespace's or of all objects."""
        parts = ["/registry", self.stored or self.plural]
        if self.namespaced and namespace:
            parts.append(namespace)
        return "/".join([*parts, name])


_RBAC = "rbac.authorization.k8s.io/v1"
_TABLE = (
    Kind("Namespace", "v1", "namespaces", namespaced=False),
    Kind("Node", "v1", "nodes", namespaced=False, stored="minions"),
    Kind("Pod", "v1", "pods"),
    Kind("Event", "v1", "events"),
    Kind("ConfigMap", "v1", "configmaps"),
    Kind("Secret", "v1", "secrets"),
    Kind("Service", "v1", "services", stored="services/specs"),
    Kind("ServiceAccount", "v1", "serviceaccounts"),
    Kind("PersistentVolumeClaim", "v1", "persistentvolumeclaims"),
    Kind("PersistentVolume", "v1", "persistentvolumes", namespaced=False),
    Kind("Deployment", "apps/v1", "deployments"),
    Kind("ReplicaSet", "apps/v1", "replicasets"),
    Kind("DaemonSet", "apps/v1", "daemonsets"),
    Kind("StatefulSet", "apps/v1", "statefulsets"),
    Kind("ControllerRevision", "apps/v1", "controllerrevisions"),
    Kind("Job", "batch/v1", "jobs"),
    Kind("CronJob", "batch/v1", "cronjobs"),
    Kind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"),
    Kind("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers"),
    Kind("PriorityClass", "scheduling.k8s.io/v1", "priorityclasses", namespaced=False),
    Kind("RuntimeClass", "node.k8s.io/v1", "runtimeclasses", namespaced=False),
    Kind("StorageClass", "storage.k8s.io/v1", "storageclasses", namespaced=False),
    Kind("Lease", "coordination.k8s.io/v1", "leases"),
    Kind("Role", _RBAC, "roles"),
    Kind("RoleBinding", _RBAC, "rolebindings"),
    Kind("ClusterRole", _RBAC, "clusterroles", namespaced=False),
    Kind("ClusterRoleBinding", _RBAC, "clusterrolebindings", namespaced=False),
    Kind("FlowSchema", "flowcontrol.apiserver.k8s.io/v1", "flowschemas", namespaced=False),
    Kind(
        "PriorityLevelConfiguration", "flowcontrol.apiserver.k8s.io/v1", "prioritylevelconfigurations", namespaced=False
    ),
    Kind("APIService", "apiregistration.k8s.io/v1", "apiservices", namespaced=False),
    Kind("NodeMetrics", "metrics.k8s.io/v1beta1", "nodes", namespaced=False),
    Kind("PodMetrics", "metrics.k8s.io/v1beta1", "pods"),
)
KINDS = {kind.name: kind for kind in _TABLE}


def kind_of(thing: Json) -> Kind:
    """KeyError for a kind that the table lacks."""
    return KINDS[thing["kind"]]
