"""PodDisruptionBudget status: how many pods may be evicted now (pkg/controller/disruption)."""

from datetime import datetime, timedelta
from typing import Any

from sim.clock import rfc3339
from sim.controllers.base import Controller, controller_of, own_key
from sim.controllers.pods import scaled
from sim.kube import strategy
from sim.kube.binding import with_condition
from sim.kube.eviction import is_ready
from sim.kube.registry import Registry
from sim.kube.shelf import Change, Key

Obj = dict[str, Any]

_TRUSTED = timedelta(minutes=2)  # an approved eviction counts as gone for so long
_SCALED = ("ReplicaSet", "StatefulSet", "Deployment", "ReplicationController", "CloneSet")


class NoScaleError(Exception):
    """The pods' controllers don't say how many there should be."""


class DisruptionController(Controller):
    """Keeps each budget's status true."""

    kind = "PodDisruptionBudget"

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.follow("PodDisruptionBudget", own_key)
        self.follow("Pod", self._budgets_of)
        for kind in _SCALED:
            self.follow(kind, self._budgets_of_scaled)

    def reconcile(self, key: Key) -> None:
        budget = self.registry.find("PodDisruptionBudget", key[1], key[0])
        if budget is None:
            return
        pods = self._pods(budget)
        try:
            expected, desired = self._expected(budget["spec"], pods)
        except NoScaleError as error:
            self._fail(budget, str(error))
            return
        disrupted = self._still_disrupted(budget, pods, key)
        healthy = sum(_healthy(pod) and pod["metadata"]["name"] not in disrupted for pod in pods)
        allowed = max(0, healthy - desired) if expected > 0 else 0
        self._report(budget, expected, desired, healthy, allowed, disrupted)

    def _budgets_of(self, change: Change) -> list[Key]:
        if change.old is not None and change.type == "MODIFIED" and _seen(change.old) == _seen(change.object):
            return []
        namespace, labels = change.object["metadata"]["namespace"], change.object["metadata"].get("labels") or {}
        return [
            (namespace, budget["metadata"]["name"])
            for budget in self.registry.list("PodDisruptionBudget", namespace)
            if _selects(budget, labels)
        ]

    def _budgets_of_scaled(self, change: Change) -> list[Key]:
        old, new = change.old or {}, change.object
        if (old.get("spec") or {}).get("replicas") == (new.get("spec") or {}).get("replicas"):
            return []
        namespace = new["metadata"]["namespace"]
        return [(namespace, b["metadata"]["name"]) for b in self.registry.list("PodDisruptionBudget", namespace)]

    def _pods(self, budget: Obj) -> list[Obj]:
        found = self.registry.list("Pod", budget["metadata"]["namespace"])
        return [pod for pod in found if _selects(budget, pod["metadata"].get("labels") or {})]

    def _expected(self, spec: Obj, pods: list[Obj]) -> tuple[int, int]:
        """How many pods there should be, and how many of them must stay healthy."""
        if spec.get("maxUnavailable") is not None:
            expected = self._scale(pods)
            return expected, max(0, expected - scaled(spec["maxUnavailable"], expected, up=True))
        least = spec.get("minAvailable", 1)
        if isinstance(least, int):
            return len(pods), least
        expected = self._scale(pods)
        return expected, scaled(least, expected, up=True)

    def _scale(self, pods: list[Obj]) -> int:
        totals: dict[str, int] = {}
        for pod in pods:
            reference = controller_of(pod)
            if reference is not None and reference["uid"] not in totals:  # unmanaged pods count nowhere
                totals[reference["uid"]] = self._scale_of(pod, reference)
        return sum(totals.values())

    def _scale_of(self, pod: Obj, reference: Obj) -> int:
        owner = self._owner(pod, reference)
        above = controller_of(owner) if owner is not None else None
        if owner is not None and owner["kind"] == "ReplicaSet" and above is not None:
            owner = self._owner(pod, above) or owner
        if owner is None or "replicas" not in (owner.get("spec") or {}):
            name = pod["metadata"]["name"]
            kind = reference["kind"]
            raise NoScaleError(f'pod "{name}": {kind} "{reference["name"]}" does not implement the scale subresource')
        return int(owner["spec"]["replicas"])

    def _owner(self, pod: Obj, reference: Obj) -> Obj | None:
        if reference["kind"] not in _SCALED:
            return None
        return self.registry.find(reference["kind"], reference["name"], pod["metadata"]["namespace"])

    def _still_disrupted(self, budget: Obj, pods: list[Obj], key: Key) -> dict[str, str]:
        """Approved evictions whose pods are still there and not yet marked as being deleted."""
        known = (budget.get("status") or {}).get("disruptedPods") or {}
        waiting = {pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}
        now, kept = self.clock.now(), {}
        for name, since in known.items():
            left = (datetime.fromisoformat(since) + _TRUSTED - now).total_seconds()
            if name in waiting and left > 0:
                kept[name] = since
                self.queue.add(key, left + 1)
        return kept

    def _report(
        self, budget: Obj, expected: int, desired: int, healthy: int, allowed: int, disrupted: dict[str, str]
    ) -> None:
        status: Obj = {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": budget["metadata"].get("generation", 1),
            "conditions": (budget.get("status") or {}).get("conditions") or [],
        }
        if disrupted:
            status["disruptedPods"] = disrupted
        enough = ("True", "SufficientPods") if allowed > 0 else ("False", "InsufficientPods")
        self._set(budget, status, *enough, "")

    def _fail(self, budget: Obj, why: str) -> None:
        """Nothing may be evicted while the budget can't be computed."""
        status = {**(budget.get("status") or {}), "disruptionsAllowed": 0}
        status.setdefault("conditions", [])
        status |= {name: status.get(name, 0) for name in ("currentHealthy", "desiredHealthy", "expectedPods")}
        self._set(budget, status, "False", "SyncFailed", why)

    def _set(self, budget: Obj, status: Obj, value: str, reason: str, message: str) -> None:
        generation = budget["metadata"].get("generation", 1)
        condition = {"type": "DisruptionAllowed", "status": value, "reason": reason, "message": message}
        condition["observedGeneration"] = generation
        status = with_condition(status, condition, rfc3339(self.clock.now()))
        self.registry.set_status("PodDisruptionBudget", budget, status)


def _selects(budget: Obj, labels: dict[str, str]) -> bool:
    selector = (budget.get("spec") or {}).get("selector")
    return selector is not None and strategy.label_selector(selector).matches(labels)


def _healthy(pod: Obj) -> bool:
    return is_ready(pod) and "deletionTimestamp" not in pod["metadata"]


def _seen(pod: Obj) -> tuple[Any, ...]:
    """What of a pod its budgets depend on."""
    meta = pod["metadata"]
    return meta.get("labels"), _healthy(pod), "deletionTimestamp" in meta
