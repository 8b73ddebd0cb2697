"""One pod on a virtual node: what it is billed as, why it is there, and how long it may stay. Sums and verdicts are in
audit.

Source: the annotations that ECI writes back on running pods (k8s.aliyun.com/eci-*), and ACK's pages on ECI."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from core.analysis.applications import Application
from core.analysis.prices import Prices, Size
from core.analysis.vendors.eci import Eci
from core.cluster.snapshot import Snapshot
from core.kube import quantity
from core.kube.pod import Pod, Shape
from core.kube.quantity import QuantityError
from core.kube.timestamps import span

ECI = "k8s.aliyun.com/eci-"
LIMIT = "vacancy/eci-limit"
"""Annotation of a namespace or a workload: how long its pods may stay, such as `12h`, `7d` or `none`."""
DEFAULT_LIMIT = 3 * 86_400
SPREAD = "apps.kruise.io/matched-workloadspread"
VIRTUAL_KEY, VIRTUAL_NAME = "type", "virtual-kubelet"
_ID = f"{ECI}instance-id"
_PRICED = tuple(
    ECI + name
    for name in ("instance-spec", "instance-cpu", "instance-mem", "instance-compute-category", "spot-strategy")
)
_TAINT = "virtual-kubelet.io/provider"
_SPEC = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)-(\d{1,6}(?:\.\d{1,6})?)Gi\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a pod is on a virtual node. `bursts`: it would be on ECS if there had been room."""

    text: str
    bursts: bool = False


def on_virtual(snapshot: Snapshot) -> Iterator[Pod]:
    """The pods that run on virtual nodes now; a node that may not be read is known by its name."""
    virtual: dict[str, bool] = {name: node.virtual for name, node in snapshot.nodes.items()}
    for pod in snapshot.pods.values():
        name = pod.node
        if name is not None and virtual.get(name, name.startswith(f"{VIRTUAL_NAME}-")) and not pod.terminated:
            yield pod


def is_eci(pod: Pod) -> bool:
    """Whether ECI runs it: ACS pods are on virtual nodes too, and have no such instance."""
    return _ID in pod.annotations


def size(pod: Pod) -> Size | None:
    """What is billed; None where the annotations don't say."""
    spec = pod.annotations.get(f"{ECI}instance-spec", "")
    if spec.startswith("ecs."):
        return Size(machine=spec[:60])
    match = _SPEC.match(spec)
    if match is not None:
        return Size(Fraction(match[1]), Fraction(match[2]))
    return _size_of_parts(pod.annotations.get(f"{ECI}instance-cpu", ""), pod.annotations.get(f"{ECI}instance-mem", ""))


def _size_of_parts(cpu: str, memory: str) -> Size | None:
    try:
        return Size(quantity.parse(cpu), quantity.parse(memory.removesuffix("Gi")))
    except QuantityError:
        return None


def rate(pod: Pod, prices: Prices) -> Fraction | None:
    """What a second of the pod costs; None where it is not known."""
    billed = size(pod) if is_eci(pod) else None
    if billed is None:
        return None
    category = pod.annotations.get(f"{ECI}instance-compute-category", "")
    return prices.rate(billed, category, pod.annotations.get(f"{ECI}spot-strategy", ""))


class Rates:
    """The rates of many pods, each combination of annotations worked out once."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._known: dict[tuple[object, ...], Fraction | None] = {}

    def of(self, pod: Pod) -> Fraction | None:
        """As `rate`."""
        notes = pod.annotations
        key = (_ID in notes, *map(notes.get, _PRICED))
        if key not in self._known:
            self._known[key] = rate(pod, self._prices)
        return self._known[key]


class Reasons:
    """Why pods are on virtual nodes."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._eci = Eci(snapshot)
        self._of_shapes: dict[int, Reason] = {}

    def of(self, pod: Pod) -> Reason:
        """The strongest reason first, as ECI has it: label, namespace, burst, profile; then the scheduler's."""
        subset = _subset(pod)
        if subset:
            return Reason(subset)
        sent = self._eci.sent(pod)
        if sent is not None:
            return Reason(sent.because, bursts=not sent.always)
        shape = pod.shape
        if id(shape) not in self._of_shapes:
            self._of_shapes[id(shape)] = Reason(_by_scheduling(shape))
        return self._of_shapes[id(shape)]


def _subset(pod: Pod) -> str:
    """The subset of a WorkloadSpread that it belongs to: how large the others may be decides, not only room."""
    text = pod.annotations.get(SPREAD)
    if text is None:
        return ""
    try:
        matched = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(matched, dict):
        return ""
    return f"subset {matched.get('subset', '?')} of WorkloadSpread {matched.get('name', '?')}"[:120]


def _by_scheduling(shape: Shape) -> str:
    if (shape.node_selector or {}).get(VIRTUAL_KEY) == VIRTUAL_NAME:
        return f"nodeSelector {VIRTUAL_KEY}={VIRTUAL_NAME}"
    affinity = shape.node_affinity
    terms = affinity.required.node_selector_terms if affinity is not None and affinity.required is not None else None
    rules = [rule for term in terms or () for rule in term.match_expressions or ()]
    if any(rule.key == VIRTUAL_KEY and VIRTUAL_NAME in (rule.values or ()) for rule in rules):
        return f"node affinity {VIRTUAL_KEY} {VIRTUAL_NAME}"
    if any(one.key in ("", _TAINT) for one in shape.tolerations):
        return f"it tolerates the taint {_TAINT}, and the scheduler chose the virtual node"
    return "nothing that can be seen"


class Limits:
    """How long pods may stay on ECI: as their workload says, else their namespace, else `default` seconds."""

    def __init__(self, snapshot: Snapshot, default: float = DEFAULT_LIMIT) -> None:
        self._snapshot, self._default = snapshot, default
        self._namespaces: dict[str, float] = {}

    def of(self, application: Application) -> float:
        """Seconds; infinite for `none`."""
        said = _said(self._snapshot.table(application.kind).get(application.key))
        return self._of_namespace(application.namespace) if said is None else said

    def _of_namespace(self, name: str) -> float:
        if name not in self._namespaces:
            said = _said(self._snapshot.table("Namespace").get(name))
            self._namespaces[name] = self._default if said is None else said
        return self._namespaces[name]


def _said(one: object) -> float | None:
    """The limit that an object's annotation sets."""
    text = getattr(one, "annotations", {}).get(LIMIT)
    return None if text is None else span(text)
