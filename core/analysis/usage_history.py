"""Whose the remembered usage is: names of pods, and of pods that are gone, led back to applications. How it is asked
for is in core/feeds/usage_history."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.analysis.applications import Application, Applications
from core.cluster.snapshot import Snapshot
from core.cluster.usage_history import KIND, UsageHistory
from core.kube.workloads import Workload

_CONTROLLERS = ("ReplicaSet", "StatefulSet", "DaemonSet", "CloneSet", "Job", "ReplicationController")
_TOPS = ("Deployment", "CronJob")
_MADE = re.compile(r"(.+)-[a-z0-9]{1,20}\Z", re.ASCII)
"""What a Deployment calls its ReplicaSets, and a CronJob its Jobs."""


@dataclass(frozen=True, slots=True)
class Used:
    """What one container of an application used over `seconds`: see UsageHistory."""

    amounts: Mapping[str, int]
    seconds: int
    percentile: int


def histories(snapshot: Snapshot, applications: Applications) -> Mapping[tuple[Application, str], Used]:
    """Application and container -> what it used, over all generations of its pods."""
    rows = snapshot.table(KIND.name).values()
    owners = _of_pods(snapshot, applications) if rows else {}
    found: dict[tuple[Application, str], list[UsageHistory]] = {}
    for row in rows:
        stem = (row.namespace, row.stem)
        for application in owners.get(stem) or _of_names(*stem, snapshot, applications):
            found.setdefault((application, row.container), []).append(row)
    return {key: _together(each) for key, each in found.items()}


def _together(rows: list[UsageHistory]) -> Used:
    """Generations follow each other: their times add up, up to the longest that was asked about."""
    known = {
        "cpu": [row.cpu for row in rows if row.cpu is not None],
        "memory": [row.memory for row in rows if row.memory is not None],
    }
    amounts = {name: max(values) for name, values in known.items() if values}
    return Used(amounts, min(rows[0].window, sum(row.seconds for row in rows)), rows[0].percentile)


def _of_pods(snapshot: Snapshot, applications: Applications) -> Mapping[tuple[str, str], set[Application]]:
    """By the pods that are there: namespace and name without its last part -> applications."""
    found: dict[tuple[str, str], set[Application]] = {}
    for pod in snapshot.pods.values():
        if pod.owner is not None:
            found.setdefault((pod.namespace, pod.name.rpartition("-")[0]), set()).add(applications.of(pod))
    return found


def _of_names(namespace: str, stem: str, snapshot: Snapshot, applications: Applications) -> Iterator[Application]:
    """By the controllers that are there: of old ReplicaSets, and what Deployments called those that are gone."""
    for kind in _CONTROLLERS:
        one = snapshot.table(kind).get(f"{namespace}/{stem}")
        if isinstance(one, Workload):
            yield applications.top(one)
            return
    made = _MADE.match(stem)
    for kind in _TOPS if made is not None else ():
        one = snapshot.table(kind).get(f"{namespace}/{made[1] if made else ''}")
        if isinstance(one, Workload):
            yield Application(kind, namespace, one.name)
            return
