"""Requests held against usage now and against VPA recommendations: what other requests would free, on which groups, and
which nodes could go then. A measured moment is no history: what it suggests carries a margin."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from core.analysis.applications import Application, Applications
from core.analysis.checks.ground import VPA, target_of
from core.analysis.checks.vertical import largest, recommended
from core.analysis.groups import membership
from core.analysis.planning import Plan
from core.analysis.what_if import Comparison, what_if
from core.analysis.what_if.state import State
from core.cluster.snapshot import Snapshot
from core.kube import pod_requests
from core.kube.pod import Container, Pod, Shape
from core.kube.pod_requests import ContainerResources, ResourceTexts

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CloneSet", "ReplicaSet")
RESOURCES = ("cpu", "memory")
BY_VPA, BY_USAGE, BEYOND = "vpa", "usage", "beyond any node"
MARGIN = 20
"""Percent above the highest measured use of any of the pods."""
SAME = 10
"""Percent: a suggestion that differs by less is none."""
_STEP = {"cpu": 10, "memory": 2**20}
_LEAST = {"cpu": 10, "memory": 32 * 2**20}

Key = tuple[Application, str]
"""An application and one of its containers."""


@dataclass(frozen=True)
class Sizing:
    """One container of an application, each amount for one pod: CPU in millicores, memory in bytes.

    `booked`: what most pods request; `mean` and `most`: measured now, empty when nothing was; `vpa`: the target of its
    VPA. `wanted`: what to request instead, only for resources where that is worth it; `by`: where it is known from, or
    BEYOND where no node has so much, so that nothing is wanted."""

    application: Application
    container: str
    pods: tuple[Pod, ...]
    booked: Mapping[str, int]
    mean: Mapping[str, int]
    most: Mapping[str, int]
    vpa: Mapping[str, int]
    wanted: Mapping[str, int]
    by: str

    def freed(self, resource: str) -> int:
        """What all its pods together would book less; below zero: more."""
        if resource not in self.wanted:
            return 0
        return (self.booked.get(resource, 0) - self.wanted[resource]) * len(self.pods)


@dataclass(frozen=True)
class Rightsizing:
    """All containers, those that free most first. `groups`: group id (or "" for none) -> what would be freed there."""

    items: tuple[Sizing, ...]
    groups: Mapping[str, Mapping[str, int]]
    after: Comparison
    """Everything decided again with the wanted requests: `removable` are the nodes that could go then."""


@dataclass
class _Seen:
    """What is known of one container so far."""

    pods: list[Pod] = field(default_factory=list)
    booked: dict[tuple[int, int], int] = field(default_factory=dict)
    total: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    measured: int = 0


def rightsize(plan: Plan, margin: int = MARGIN, by: str = "") -> Rightsizing:
    """Pure; to be called off the event loop. `by`: only what is known from this (BY_VPA, BY_USAGE)."""
    seen, vpas = _look(plan.snapshot), _vpas(plan.snapshot)
    most = largest(plan)
    items = [_within(_sized(key, one, vpas.get(key, {}), margin, by), most) for key, one in seen.items()]
    items.sort(key=lambda one: (-_worth(one), one.application, one.container))
    changed = [one for one in items if one.wanted]
    after = what_if(plan, [lambda state: _applied(state, changed)])
    return Rightsizing(tuple(items), _by_group(plan.snapshot, after.after.snapshot), after)


def _look(snapshot: Snapshot) -> dict[Key, _Seen]:
    applications, usage = Applications(snapshot), snapshot.table("PodMetrics")
    real = {name for name, node in snapshot.nodes.items() if not node.virtual}
    seen: dict[Key, _Seen] = {}
    for pod in snapshot.pods.values():
        application = applications.of(pod)
        if pod.node not in real or pod.terminated or application.kind not in KINDS:
            continue
        measured = usage.get(pod.key)
        used = dict(measured.containers) if measured is not None else {}
        for container in pod.shape.containers:
            if not container.init:
                one = seen.setdefault((application, container.name), _Seen())
                _note(one, pod, container, used.get(container.name))
    return seen


def _note(one: _Seen, pod: Pod, container: Container, used: Mapping[str, int] | None) -> None:
    one.pods.append(pod)
    booked = (container.requests.get("cpu", 0), container.requests.get("memory", 0))
    one.booked[booked] = one.booked.get(booked, 0) + 1
    if used:
        one.measured += 1
        for name in RESOURCES:
            one.total[name] = one.total.get(name, 0) + used.get(name, 0)
            one.most[name] = max(one.most.get(name, 0), used.get(name, 0))


def _vpas(snapshot: Snapshot) -> dict[Key, dict[str, int]]:
    """What VPAs recommend; of several on one workload the first counts."""
    found: dict[Key, dict[str, int]] = {}
    for vpa in snapshot.table(VPA).values():
        target = target_of(vpa, "targetRef")
        if target is None:
            continue
        namespace, _, name = target.key.partition("/")
        application = Application(target.kind, namespace, name)
        amounts: dict[str, dict[str, int]] = {}
        for container, resource, amount in recommended(vpa):
            amounts.setdefault(container, {})[resource] = amount
        for container, each in amounts.items():
            found.setdefault((application, container), each)
    return found


def _sized(key: Key, one: _Seen, vpa: Mapping[str, int], margin: int, by: str) -> Sizing:
    cpu, memory = max(one.booked, key=lambda booked: one.booked[booked])
    booked = {"cpu": cpu, "memory": memory}
    source = by or (BY_VPA if vpa else BY_USAGE)
    known = vpa if source == BY_VPA else _with_margin(one, margin)
    wanted = {name: known[name] for name in RESOURCES if name in known and _differs(booked[name], known[name])}
    mean = {name: total // one.measured for name, total in one.total.items()}
    return Sizing(key[0], key[1], tuple(one.pods), booked, mean, one.most, vpa, wanted, source if known else "")


def _within(one: Sizing, most: Mapping[str, int]) -> Sizing:
    """Pods that no node could hold would wait for ever."""
    beyond = any(amount > most.get(name, amount) for name, amount in one.wanted.items())
    return replace(one, wanted={}, by=BEYOND) if beyond else one


def _with_margin(one: _Seen, margin: int) -> Mapping[str, int]:
    """The highest use with the margin, rounded up; nothing unless every pod was measured: unknown is not zero."""
    if one.measured < len(one.pods):
        return {}
    return {name: _rounded(name, amount * (100 + margin)) for name, amount in one.most.items()}


def _rounded(name: str, hundredths: int) -> int:
    step = _STEP[name]
    return max(_LEAST[name], -(-hundredths // (100 * step)) * step)


def _differs(booked: int, known: int) -> bool:
    return abs(known - booked) * 100 > SAME * max(booked, 1)


def _worth(one: Sizing) -> float:
    """Cores, with 4 GiB for a core."""
    return one.freed("cpu") / 1_000 + one.freed("memory") / 2**32


def _applied(state: State, items: Sequence[Sizing]) -> State:
    """The cluster as if these pods had been started with the wanted requests."""
    wishes: dict[str, dict[str, Mapping[str, int]]] = {}
    for one in items:
        for pod in one.pods:
            wishes.setdefault(pod.key, {})[one.container] = one.wanted
    made: dict[object, Pod] = {}
    pods = {key: _resized(pod, wishes.get(key), made) for key, pod in state.snapshot.pods.items()}
    return replace(state, snapshot=state.snapshot.with_tables(Pod=pods))


def _resized(pod: Pod, wanted: Mapping[str, Mapping[str, int]] | None, made: dict[object, Pod]) -> Pod:
    """The pod with other requests; pods of one template share the new one too."""
    if wanted is None:
        return pod
    key = (id(pod.template), tuple((name, *sorted(each.items())) for name, each in wanted.items()))
    like = made.get(key)
    if like is None:
        template = msgspec.structs.replace(pod.template, shape=resized(pod.shape, wanted))
        like = made[key] = msgspec.structs.replace(pod, template=template)
    return msgspec.structs.replace(pod, template=like.template)


def resized(shape: Shape, wanted: Mapping[str, Mapping[str, int]]) -> Shape:
    """A shape whose containers request what is wanted of them; what that adds up to is for pod_requests to say."""
    names = [one.name for one in shape.containers if not one.init]
    running = tuple(
        _asking(one, wanted.get(name, {})) for name, one in zip(names, shape.resources.containers, strict=True)
    )
    resources = msgspec.structs.replace(shape.resources, containers=running)
    containers = tuple(
        one if one.init else msgspec.structs.replace(one, requests={**one.requests, **wanted.get(one.name, {})})
        for one in shape.containers
    )
    requests = pod_requests.pod_requests(resources)
    return msgspec.structs.replace(shape, resources=resources, containers=containers, requests=requests)


def _asking(one: ContainerResources, wanted: Mapping[str, int]) -> ContainerResources:
    if not wanted:
        return one
    texts = {name: f"{amount}m" if name == "cpu" else str(amount) for name, amount in wanted.items()}
    declared = ResourceTexts({**(one.declared.requests or {}), **texts}, one.declared.limits)
    return msgspec.structs.replace(one, declared=declared, allocated=None, actual=None)


def _by_group(before: Snapshot, after: Snapshot) -> dict[str, dict[str, int]]:
    """What pods on the nodes of each group book less."""
    members = membership(before).of
    freed: dict[str, dict[str, int]] = {}
    for pod, now in _pairs(before.pods.values(), after):
        if now.shape is not pod.shape and pod.node is not None:
            group = members.get(pod.node)
            sums = freed.setdefault(group.id if group is not None else "", dict.fromkeys(RESOURCES, 0))
            for name in RESOURCES:
                sums[name] += pod.shape.requests.get(name, 0) - now.shape.requests.get(name, 0)
    return freed


def _pairs(pods: Iterable[Pod], after: Snapshot) -> Iterable[tuple[Pod, Pod]]:
    return ((pod, after.pods[pod.key]) for pod in pods if pod.key in after.pods)
