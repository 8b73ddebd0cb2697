"""The pods of a node, read fresh, and what becomes of each in a drain: kubectl's filters, in kubectl's order. Asking
the API server is in preflight; evicting is in eviction.

Source: k8s.io/kubectl/pkg/drain/filters.go (v0.35)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from core.actions.action_plan import Finding, LeavingPod, Level, Options
from core.clients.kubernetes import Reader
from core.errors import VacancyError
from core.kube.kinds import BY_NAME
from core.kube.pod import Pod

PAGE_SIZE = 500
CRITICAL_CLASSES = ("system-cluster-critical", "system-node-critical")
CRITICAL_PRIORITY = 2_000_000_000
FORCE, LOCAL_DATA = ("--force", "force"), ("--delete-emptydir-data", "delete_local_data")
"""What lets a pod go that is held back: the flag of the command, and the field of Options."""

DaemonSetExists = Callable[[str], bool | None]
"""Whether a DaemonSet of this `namespace/name` exists; None where that is not known."""


class Fate(Enum):
    """What becomes of a pod."""

    LEAVES = "leaves"
    DAEMONSET = "DaemonSet pods"
    MIRROR = "mirror pods"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Sorted:
    """A pod's fate, with the finding that goes with it."""

    pod: Pod
    fate: Fate
    finding: Finding | None = None


async def pods_of(reader: Reader, node: str, cached: bool = False) -> list[Pod]:
    """The pods that are bound to a node. `cached` takes what the server has at hand: good for seeing pods go.

    Raises VacancyError when one of them can't be read: a pod that isn't seen would be lost unseen."""
    kind, token, found = BY_NAME["Pod"], "", list[Pod]()
    selector = f"spec.nodeName={node}"
    version = "0" if cached else None
    while True:
        limit = None if cached else PAGE_SIZE
        body = await reader.get(
            kind.list_path(), fieldSelector=selector, limit=limit, continue_=token, resourceVersion=version
        )
        page = kind.decode_page(body)
        if page.problems:
            raise VacancyError(f"node {node}: a pod on it can't be read, so it is not drained: {page.problems[0]}")
        found += page.items
        token = page.continue_
        if not token:
            return found


def pod_path(pod: str) -> str:
    """Where the API has the pod `namespace/name`."""
    namespace, _, name = pod.partition("/")
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(name, safe='')}"


def sort(pod: Pod, options: Options, daemonset_exists: DaemonSetExists) -> Sorted:
    """kubectl's filters; DaemonSet pods are left alone."""
    if pod.of_daemonset and not pod.terminated:
        assert pod.owner is not None
        if daemonset_exists(f"{pod.namespace}/{pod.owner.name}") is not False:
            return Sorted(pod, Fate.DAEMONSET)
        orphan = "its DaemonSet is gone, so nobody starts it anew"
        return _needs(pod, options.force, "OrphanedDaemonSetPod", orphan, *FORCE)
    if pod.mirror:
        return Sorted(pod, Fate.MIRROR)
    if pod.terminated:
        return Sorted(pod, Fate.LEAVES)
    if local := local_volumes(pod):
        text = f"its local data would be lost (emptyDir {', '.join(local)})"
        local_data = _needs(pod, options.delete_local_data, "LocalData", text, *LOCAL_DATA)
        if local_data.fate is Fate.REFUSED or pod.owner is not None:
            return local_data
    if pod.owner is None:
        return _needs(pod, options.force, "BarePod", "no controller would start it anew", *FORCE)
    return Sorted(pod, Fate.LEAVES)


def _needs(pod: Pod, given: bool, code: str, text: str, flag: str, option: str) -> Sorted:
    if given:
        return Sorted(pod, Fate.LEAVES, Finding(Level.WARNING, code, pod.key, text))
    return Sorted(pod, Fate.REFUSED, Finding(Level.REFUSAL, code, pod.key, f"{text}; {flag} lets it go", option))


def local_volumes(pod: Pod) -> tuple[str, ...]:
    """The names of its emptyDir volumes of any medium."""
    return tuple(volume.name for volume in pod.shape.volumes if volume.kind == "emptyDir")


def leaving(pod: Pod, to: str | None = None) -> LeavingPod:
    """The pod as a plan names it."""
    return LeavingPod(
        pod=pod.key,
        uid=pod.uid,
        node=pod.node or "",
        tier=1 if is_critical(pod) else 0,
        to=to,
        finished=pod.terminated,
        loses=() if pod.terminated else local_volumes(pod),
    )


def is_critical(pod: Pod) -> bool:
    """Others may need it while they leave: it goes last."""
    shape = pod.shape
    return shape.priority_class in CRITICAL_CLASSES or (shape.priority or 0) >= CRITICAL_PRIORITY
