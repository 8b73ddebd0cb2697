"""What is known of how much containers need: a VPA's recommendation, else what they used over days, else what they use
now. A moment is no history, and yesterday no promise: what was measured carries a margin."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.analysis.applications import Application, Applications
from core.analysis.checks.ground import VPA, target_of
from core.analysis.checks.vertical import recommended
from core.analysis.usage_history import Used, histories
from core.cluster.snapshot import Snapshot
from core.kube.pod import Container, Pod

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CloneSet", "ReplicaSet")
CRON_JOB = "CronJob"
"""Its pods come and go: usage now says nothing about the next run."""
RESOURCES = ("cpu", "memory")
BY_VPA, BY_HISTORY, BY_USAGE = "vpa", "prometheus", "usage"
SHORTEST = 3_600
"""Seconds of history that are one."""
_STEP = {"cpu": 10, "memory": 2**20}
_LEAST = {"cpu": 10, "memory": 32 * 2**20}

Key = tuple[Application, str]
"""An application and one of its containers."""
Amounts = Mapping[str, int]


@dataclass
class Seen:
    """What is known of one container so far."""

    pods: list[Pod] = field(default_factory=list)
    booked: dict[tuple[int, int], int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    total: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    measured: int = 0

    def note(self, container: Container) -> None:
        """What it books (a request defaults to the limit), and what it may not go beyond."""
        cpu, memory = (container.requests.get(name, container.limits.get(name, 0)) for name in RESOURCES)
        self.booked[cpu, memory] = self.booked.get((cpu, memory), 0) + 1
        for name, limit in container.limits.items():
            self.limits[name] = min(limit, self.limits.get(name, limit))

    def measure(self, used: Amounts) -> None:
        """What one of the pods uses now."""
        self.measured += 1
        for name in RESOURCES:
            self.total[name] = self.total.get(name, 0) + used.get(name, 0)
            self.most[name] = max(self.most.get(name, 0), used.get(name, 0))


@dataclass(frozen=True)
class Sources:
    """All of it, for one snapshot."""

    seen: Mapping[Key, Seen]
    vpas: Mapping[Key, Amounts]
    past: Mapping[Key, Used]

    def choices(self, key: Key, margin: int) -> dict[str, Amounts]:
        """Source -> what it would have the container request, the best source first."""
        past = self.past.get(key)
        return {
            BY_VPA: self.vpas.get(key, {}),
            BY_HISTORY: _of_past(past, self.seen[key], margin),
            BY_USAGE: _of_now(key[0], self.seen[key], margin),
        }


def sources(snapshot: Snapshot) -> Sources:
    """Everything that is known."""
    applications = Applications(snapshot)
    seen = _look(snapshot, applications)
    _look_at_cron_jobs(snapshot, seen)
    return Sources(seen, _vpas(snapshot), histories(snapshot, applications))


def _look(snapshot: Snapshot, applications: Applications) -> dict[Key, Seen]:
    usage = snapshot.table("PodMetrics")
    real = {name for name, node in snapshot.nodes.items() if not node.virtual}
    seen: dict[Key, Seen] = {}
    for pod in snapshot.pods.values():
        if pod.node not in real or pod.terminated:
            continue
        application = applications.of(pod)
        if application.kind not in (*KINDS, CRON_JOB):
            continue
        measured = usage.get(pod.key)
        used = dict(measured.containers) if measured is not None else {}
        for container in pod.shape.containers:
            if not container.init:
                one = seen.setdefault((application, container.name), Seen())
                one.pods.append(pod)
                one.note(container)
                if now := used.get(container.name):
                    one.measure(now)
    return seen


def _look_at_cron_jobs(snapshot: Snapshot, seen: dict[Key, Seen]) -> None:
    """Those that don't run at the moment too."""
    for cron in snapshot.table(CRON_JOB).values():
        application = Application(CRON_JOB, cron.namespace, cron.name)
        for container in cron.template.shape.containers if cron.template is not None else ():
            if not container.init and (application, container.name) not in seen:
                seen[application, container.name] = one = Seen()
                one.note(container)


def _vpas(snapshot: Snapshot) -> dict[Key, Amounts]:
    """What VPAs recommend; of several on one workload the first counts."""
    found: dict[Key, Amounts] = {}
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


def _of_now(application: Application, one: Seen, margin: int) -> Amounts:
    """The highest use of now; nothing unless every pod was measured: unknown is not zero."""
    if application.kind == CRON_JOB or one.measured < len(one.pods):
        return {}
    return _with_margin(one.most, margin)


def _of_past(past: Used | None, one: Seen, margin: int) -> Amounts:
    """What was used over days; of memory never less than what is held now, whatever the past says."""
    if past is None or past.seconds < SHORTEST:
        return {}
    least = {"cpu": 0, "memory": one.most.get("memory", 0)}
    return _with_margin({name: max(amount, least[name]) for name, amount in past.amounts.items()}, margin)


def _with_margin(amounts: Amounts, margin: int) -> Amounts:
    return {name: _rounded(name, amounts[name] * (100 + margin)) for name in RESOURCES if name in amounts}


def _rounded(name: str, hundredths: int) -> int:
    step = _STEP[name]
    return max(_LEAST[name], -(-hundredths // (100 * step)) * step)
