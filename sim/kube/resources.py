"""The resources that the simulated API server serves: names, scope, subresources. No behaviour here."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
READ_VERBS = ("get", "list")


@dataclass(frozen=True, slots=True)
class Resource:
    """One served resource. `custom` marks what a CRD defines upstream: no strategic merge patch, generic columns."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    custom: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`deployments.apps`, or `pods` in the core group: how messages name a resource."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def has_status(self) -> bool:
        return "status" in self.subresources


def _core(kind: str, plural: str, namespaced: bool = True, **rest: tuple[str, ...]) -> Resource:
    return Resource("", "v1", kind, plural, namespaced, **rest)  # type: ignore[arg-type]


def _custom(api: str, kind: str, plural: str, *short: str, scale: bool = False) -> Resource:
    group, version = api.split("/")
    subresources = ("status", "scale") if scale else ("status",)
    return Resource(group, version, kind, plural, True, short, subresources, custom=True)


_STATUS = ("status",)
_SCALED = ("status", "scale")
_ALL = ("all",)

BUILT_IN: tuple[Resource, ...] = (
    _core("ConfigMap", "configmaps", short_names=("cm",)),
    _core("Endpoints", "endpoints", short_names=("ep",)),
    _core("Event", "events", short_names=("ev",)),
    _core("LimitRange", "limitranges", short_names=("limits",)),
    _core("Namespace", "namespaces", False, short_names=("ns",), subresources=("status", "finalize")),
    _core("Node", "nodes", False, short_names=("no",), subresources=_STATUS),
    _core("PersistentVolume", "persistentvolumes", False, short_names=("pv",), subresources=_STATUS),
    _core("PersistentVolumeClaim", "persistentvolumeclaims", short_names=("pvc",), subresources=_STATUS),
    _core(
        "Pod",
        "pods",
        short_names=("po",),
        subresources=("binding", "eviction", "log", "status"),
        categories=_ALL,
    ),
    _core(
        "ReplicationController", "replicationcontrollers", short_names=("rc",), subresources=_SCALED, categories=_ALL
    ),
    _core("ResourceQuota", "resourcequotas", short_names=("quota",), subresources=_STATUS),
    _core("Secret", "secrets"),
    _core("Service", "services", short_names=("svc",), subresources=_STATUS, categories=_ALL),
    _core("ServiceAccount", "serviceaccounts", short_names=("sa",), subresources=("token",)),
    Resource("apps", "v1", "ControllerRevision", "controllerrevisions"),
    Resource("apps", "v1", "DaemonSet", "daemonsets", True, ("ds",), _STATUS, _ALL),
    Resource("apps", "v1", "Deployment", "deployments", True, ("deploy",), _SCALED, _ALL),
    Resource("apps", "v1", "ReplicaSet", "replicasets", True, ("rs",), _SCALED, _ALL),
    Resource("apps", "v1", "StatefulSet", "statefulsets", True, ("sts",), _SCALED, _ALL),
    Resource("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", True, ("hpa",), _STATUS, _ALL),
    Resource("batch", "v1", "CronJob", "cronjobs", True, ("cj",), _STATUS, _ALL),
    Resource("batch", "v1", "Job", "jobs", True, (), _STATUS, _ALL),
    Resource("coordination.k8s.io", "v1", "Lease", "leases"),
    Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
    Resource("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", True, ("pdb",), _STATUS),
    Resource("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", False),
    Resource("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", False),
    Resource("rbac.authorization.k8s.io", "v1", "Role", "roles"),
    Resource("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
    Resource("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", False, ("pc",)),
    Resource("storage.k8s.io", "v1", "CSIDriver", "csidrivers", False),
    Resource("storage.k8s.io", "v1", "CSINode", "csinodes", False),
    Resource("storage.k8s.io", "v1", "CSIStorageCapacity", "csistoragecapacities"),
    Resource("storage.k8s.io", "v1", "StorageClass", "storageclasses", False, ("sc",)),
    Resource("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", False, (), _STATUS),
    Resource(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        False,
        ("crd", "crds"),
        _STATUS,
    ),
)

CUSTOM: tuple[Resource, ...] = (
    _custom("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "verticalpodautoscalers", "vpa"),
    _custom("apps.kruise.io/v1alpha1", "CloneSet", "clonesets", "clone", scale=True),
    _custom("apps.kruise.io/v1alpha1", "WorkloadSpread", "workloadspreads", "ws"),
    _custom("policy.kruise.io/v1alpha1", "PodUnavailableBudget", "podunavailablebudgets", "pub"),
    _custom("autoscaling.alibabacloud.com/v1beta1", "ElasticWorkload", "elasticworkloads", scale=True),
)

METRICS: tuple[Resource, ...] = (
    Resource("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", False, verbs=READ_VERBS),
    Resource("metrics.k8s.io", "v1beta1", "PodMetrics", "pods", verbs=READ_VERBS),
)

# The same stored Event under its second name; sim/kube/events.py turns one form into the other.
EVENTS_V1 = Resource("events.k8s.io", "v1", "Event", "events", short_names=("ev",))


class Catalog:
    """The resources of one server, found by kind (as stored) or by path (as served)."""

    def __init__(self, resources: Iterable[Resource] = (*BUILT_IN, *CUSTOM, *METRICS)) -> None:
        self._by_kind: dict[str, Resource] = {}
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        for resource in resources:
            self.add(resource)
        self._by_path["events.k8s.io", "v1", "events"] = EVENTS_V1

    def add(self, resource: Resource) -> None:
        """Serve one more resource; an equal path is replaced."""
        self._by_kind[resource.kind] = resource
        self._by_path[resource.group, resource.version, resource.plural] = resource

    def remove(self, resource: Resource) -> None:
        """Serve it no longer."""
        self._by_kind.pop(resource.kind, None)
        self._by_path.pop((resource.group, resource.version, resource.plural), None)

    def kind(self, kind: str) -> Resource:
        """The resource that stores that kind; KeyError when unknown."""
        return self._by_kind[kind]

    def at(self, group: str, version: str, plural: str) -> Resource | None:
        return self._by_path.get((group, version, plural))

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_path.values())

    def stored(self) -> list[Resource]:
        """The resources that the registry keeps, each kind once; metrics are made when asked."""
        return [resource for resource in self._by_kind.values() if resource.group != "metrics.k8s.io"]

    def versions(self) -> dict[str, list[str]]:
        """Versions by group, in the order in which they were added; the core group is `""`."""
        found: dict[str, list[str]] = {}
        for group, version, _ in self._by_path:
            versions = found.setdefault(group, [])
            if version not in versions:
                versions.append(version)
        return found
