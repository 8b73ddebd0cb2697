"""More or fewer pods of a workload, made on a copy: another number of replicas, and what a rollout starts beside the
old."""

import math
from dataclasses import replace

import msgspec

from core.analysis.what_if.state import Change, State
from core.cluster import overlay
from core.errors import InputError
from core.kube.owner import Owner
from core.kube.pod import Pod
from core.kube.workloads import Workload


def scale(kind: str, key: str, by: int) -> Change:
    """So many more replicas of a workload (fewer, when negative)."""

    def change(state: State) -> State:
        workload = _workload(state, kind, key)
        return _with_replicas(state, workload, by) if by > 0 else _with_fewer(state, workload, -by)

    return change


def surge(kind: str, key: str, share: str = "25%") -> Change:
    """The pods that a rollout starts beside the old ones: `share` of the replicas, rounded up, or a number."""

    def change(state: State) -> State:
        workload = _workload(state, kind, key)
        more = _surge_of(share, workload.replicas or 0)
        return _with_replicas(state, workload, more).noted(f"{more} more while {kind} {key} is rolled out")

    return change


def _workload(state: State, kind: str, key: str) -> Workload:
    found = state.snapshot.workload(kind, key)
    if found is None:
        raise InputError(f"{kind} {key}: there is none of that name")
    return found


def _pods_of(state: State, workload: Workload) -> list[Pod]:
    """The workload's pods, those of its ReplicaSets too."""
    owners = {(workload.kind, workload.key)}
    for replica_set in state.snapshot.table("ReplicaSet").values():
        above = replica_set.owner
        if above is not None and (above.kind, f"{replica_set.namespace}/{above.name}") in owners:
            owners.add(("ReplicaSet", replica_set.key))
    return [
        pod
        for pod in state.snapshot.pods.values()
        if pod.owner is not None
        and (pod.owner.kind, f"{pod.namespace}/{pod.owner.name}") in owners
        and not pod.terminated
    ]


def _with_replicas(state: State, workload: Workload, more: int) -> State:
    """More pods like its newest one, or as its template says. New volumes of theirs are not considered."""
    running = _pods_of(state, workload)
    model = max(running, key=lambda pod: pod.created or 0, default=None) or _first_pod(workload)
    if model.claims:
        state = state.noted(f"the volumes that new pods of {workload.kind} {workload.key} would get are left aside")
    fresh = overlay.unbound(model, state.snapshot.as_of)
    fresh = msgspec.structs.replace(fresh, rare=msgspec.structs.replace(fresh.rare, claims=()))
    earlier = sum(key.startswith(f"{workload.key}-what-if-") for key in state.snapshot.pods)
    keys = [f"{workload.key}-what-if-{number}" for number in range(earlier + 1, earlier + more + 1)]
    pods = {key: msgspec.structs.replace(fresh, key=key, uid=key) for key in keys}
    return replace(state, snapshot=overlay.with_pods(state.snapshot, pods))


def _first_pod(workload: Workload) -> Pod:
    if workload.template is None:
        raise InputError(f"{workload.kind} {workload.key}: it has no pods and no pod template to go by")
    owner = Owner(workload.kind, workload.name, workload.uid, "", True)
    template = msgspec.structs.replace(workload.template.template, owner=owner)
    return msgspec.structs.replace(workload.template, template=template)


def _with_fewer(state: State, workload: Workload, fewer: int) -> State:
    """Pods that wait go first, then the newest."""
    pods = sorted(_pods_of(state, workload), key=lambda pod: (pod.node is not None, -(pod.created or 0)))
    gone = {pod.key for pod in pods[:fewer]}
    left = {key: pod for key, pod in state.snapshot.pods.items() if key not in gone}
    return replace(state, snapshot=state.snapshot.with_tables(Pod=left))


def _surge_of(share: str, replicas: int) -> int:
    text = share.strip()
    number = text.removesuffix("%")
    if not (number.isascii() and number.isdigit() and len(number) <= 6):
        raise InputError(f"surge {share[:20]!r}: write a number of pods or a percentage such as 25%")
    return math.ceil(replicas * int(number) / 100) if text.endswith("%") else int(number)
