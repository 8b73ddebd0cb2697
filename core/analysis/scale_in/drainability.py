"""May this pod be moved off its node? The autoscaler's rules, in order: the first decisive one ends it. Whether there
is a place for the pod is in removal; how budgets shrink is in budgets.

Source: simulator/drainability/rules of the Cluster Autoscaler, one function here for each rule there."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from core.analysis.scale_in.budgets import Allowances, Budgets
from core.analysis.scale_in.utilization import long_terminating, of_daemonset
from core.cluster.snapshot import Snapshot
from core.kube.pod import Pod
from core.kube.workloads import Workload
from core.policy.settings import Policy

PREFIX = "cluster-autoscaler.kubernetes.io/"
SAFE_TO_EVICT, LOCAL_VOLUMES = f"{PREFIX}safe-to-evict", f"{PREFIX}safe-to-evict-local-volumes"
KUBE_SYSTEM = "kube-system"

CONTROLLER_NOT_FOUND = "ControllerNotFound"
MIN_REPLICAS_REACHED = "MinReplicasReached"
NOT_REPLICATED = "NotReplicated"
UNMOVABLE_SYSTEM_POD = "UnmovableKubeSystemPod"
NOT_SAFE_TO_EVICT = "NotSafeToEvictAnnotation"
LOCAL_STORAGE = "LocalStorageRequested"
NOT_ENOUGH_BUDGET = "NotEnoughPdb"
UNEXPECTED_ERROR = "UnexpectedError"
"""Of a pod whose DaemonSet can't be read."""

_KNOWN_CONTROLLERS = ("ReplicationController", "ReplicaSet", "Job", "StatefulSet", "DaemonSet")
_COUNTED = ("ReplicationController", "ReplicaSet")
_REPLICATED = ("ReplicationController", "Job", "ReplicaSet", "StatefulSet")


class Outcome(Enum):
    """What becomes of the pod when its node goes."""

    SKIP = "skip"
    STAY = "stay"
    """A DaemonSet's: it goes with the node."""
    MOVE = "move"
    WAIT = "wait"
    """The node waits until the pod completes."""
    BLOCK = "block"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The outcome for all pods of a class. `reason` and `by` go with BLOCK. With UNKNOWN `by` names the missing kind,
    and `reason` is what the autoscaler says when it misses that too.

    `held_by`: the budgets that must allow one more pod (rule 12 was reached). `budgets`: all that count the pod."""

    outcome: Outcome
    reason: str = ""
    by: str = ""
    held_by: tuple[int, ...] = ()
    budgets: tuple[int, ...] = ()


_SKIP, _STAY, _MOVE, _WAIT = (Ruling(o) for o in (Outcome.SKIP, Outcome.STAY, Outcome.MOVE, Outcome.WAIT))


class Drainability:
    """The rules for one cluster and policy; answers are kept per class of pods."""

    def __init__(self, snapshot: Snapshot, policy: Policy, now: float) -> None:
        self._snapshot, self._policy, self._now = snapshot, policy, now
        self.budgets = Budgets(snapshot.budgets)
        self._budgets_known = policy.assume_complete or snapshot.has("PodDisruptionBudget")
        self._known: dict[tuple[object, ...], Ruling] = {}
        self._rules: tuple[Callable[[Pod], Ruling | None], ...] = tuple(self._in_order())

    def ruling(self, pod: Pod) -> Ruling:
        """What the rules say, budgets aside. Pods that are the same to them share the answer, except for those whose
        age matters."""
        namespace = pod.namespace
        if namespace == KUBE_SYSTEM or pod.deletion is not None:
            return self._first(pod)
        shape, labels, owner = pod.template.shape, pod.template.labels, pod.template.owner
        key = (shape.volumes, id(labels), id(owner), pod.rare.annotations, namespace, pod.state.phase)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._first(pod)
        return found

    def stays_behind(self, pod: Pod) -> bool:
        """Nothing has to become of the pod when its node goes: static, overdue, or a DaemonSet's."""
        return pod.mirror or of_daemonset(pod) or long_terminating(pod, self._now)

    def blocked(self, ruling: Ruling, left: Allowances) -> tuple[str, str] | None:
        """(reason, object behind it) when such a pod holds its node, given what is left of the budgets."""
        if ruling.outcome is Outcome.BLOCK:
            return ruling.reason, ruling.by
        if ruling.held_by and (budget := left.exhausted(ruling.held_by)) is not None:
            return NOT_ENOUGH_BUDGET, self.budgets.key(budget)
        return None

    def _in_order(self) -> tuple[Callable[[Pod], Ruling | None], ...]:
        policy = self._policy
        rules: list[tuple[bool, Callable[[Pod], Ruling | None]]] = [
            (True, _mirror),
            (True, self._long_terminating),
            (policy.skip_nodes_with_custom_controller_pods, self._replica_count),
            (True, _daemonset),
            (True, _safe_to_evict),
            (True, _terminal),
            (policy.rule_set.at_least(1, 36), _on_completion),
            (True, self._replicated),
            (policy.skip_nodes_with_system_pods, self._system),
            (True, _not_safe_to_evict),
            (policy.skip_nodes_with_local_storage, _local_storage),
            (True, self._held_by_budget),
        ]
        return tuple(rule for on, rule in rules if on)

    def _first(self, pod: Pod) -> Ruling:
        found = next((ruling for rule in self._rules if (ruling := rule(pod)) is not None), _MOVE)
        if found.outcome is not Outcome.MOVE:
            return found
        counted = self.budgets.matching(pod.namespace, pod.labels)
        return Ruling(Outcome.MOVE, held_by=found.held_by, budgets=counted) if counted else found

    def _long_terminating(self, pod: Pod) -> Ruling | None:
        return _SKIP if long_terminating(pod, self._now) else None

    def _replica_count(self, pod: Pod) -> Ruling | None:
        owner = pod.owner
        if owner is None or owner.kind not in _KNOWN_CONTROLLERS or self._policy.synthesize_owners:
            return None
        if not (self._policy.assume_complete or self._snapshot.has(owner.kind)):
            # the autoscaler takes what it can't read for gone, but for a DaemonSet that is an error
            return Ruling(Outcome.UNKNOWN, UNEXPECTED_ERROR if owner.kind == "DaemonSet" else "", owner.kind)
        controller: Workload | None = self._snapshot.workload(owner.kind, f"{pod.namespace}/{owner.name}")
        if controller is None:
            return Ruling(Outcome.BLOCK, CONTROLLER_NOT_FOUND, f"{owner.kind} {pod.namespace}/{owner.name}")
        if owner.kind in _COUNTED and (controller.replicas or 0) < self._policy.min_replica_count:
            return Ruling(Outcome.BLOCK, MIN_REPLICAS_REACHED, f"{owner.kind} {pod.namespace}/{owner.name}")
        return None

    def _replicated(self, pod: Pod) -> Ruling | None:
        owner, known_only = pod.owner, self._policy.skip_nodes_with_custom_controller_pods
        if owner is not None and (not known_only or owner.kind in _REPLICATED):
            return None
        return Ruling(Outcome.BLOCK, NOT_REPLICATED, f"{owner.kind} {pod.namespace}/{owner.name}" if owner else "")

    def _system(self, pod: Pod) -> Ruling | None:
        if pod.namespace != KUBE_SYSTEM or self.budgets.matching(KUBE_SYSTEM, pod.labels):
            return None
        timeout = self._policy.blocking_system_pod_disruption_timeout
        if timeout is not None and pod.created is not None and pod.created + timeout < self._now:
            return _MOVE
        if not self._budgets_known:
            return Ruling(Outcome.UNKNOWN, by="PodDisruptionBudget")
        return Ruling(Outcome.BLOCK, UNMOVABLE_SYSTEM_POD)

    def _held_by_budget(self, pod: Pod) -> Ruling | None:
        if not self._budgets_known:
            return Ruling(Outcome.UNKNOWN, by="PodDisruptionBudget")
        held_by = self.budgets.matching(pod.namespace, pod.labels)
        return Ruling(Outcome.MOVE, held_by=held_by) if held_by else None


def _mirror(pod: Pod) -> Ruling | None:
    return _SKIP if pod.mirror else None


def _daemonset(pod: Pod) -> Ruling | None:
    return _STAY if of_daemonset(pod) else None


def _safe_to_evict(pod: Pod) -> Ruling | None:
    return _MOVE if pod.annotations.get(SAFE_TO_EVICT) == "true" else None


def _terminal(pod: Pod) -> Ruling | None:
    return _MOVE if pod.terminated else None


def _on_completion(pod: Pod) -> Ruling | None:
    return _WAIT if pod.annotations.get(SAFE_TO_EVICT) == "on-completion" else None


def _not_safe_to_evict(pod: Pod) -> Ruling | None:
    return Ruling(Outcome.BLOCK, NOT_SAFE_TO_EVICT) if pod.annotations.get(SAFE_TO_EVICT) == "false" else None


def _local_storage(pod: Pod) -> Ruling | None:
    safe = pod.annotations.get(LOCAL_VOLUMES, "").split(",")
    for volume in pod.shape.volumes:
        local = volume.kind == "hostPath" or (volume.kind == "emptyDir" and volume.medium != "Memory")
        if local and volume.name not in safe:
            return Ruling(Outcome.BLOCK, LOCAL_STORAGE, f"volume {volume.name}")
    return None
