"""How far a rollout is, and how it may proceed: by what the workload itself says. Restarting one is in restart.

Sources: k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go (v0.35) for Deployments and StatefulSets; the status of
an OpenKruise CloneSet (apps.kruise.io/v1alpha1)."""

import math
from typing import Any

from core.actions.eci.owner import OwnerNow, table
from core.errors import VacancyError

Json = dict[str, Any]
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
IN_PLACE = ("InPlaceIfPossible", "InPlaceOnly")


def missing(kind: str, now: OwnerNow) -> str:
    """What is still to come before the rollout is complete; "" when it is. Raises VacancyError when it can't get
    there."""
    if _count(now.status, "observedGeneration") < _count(now.meta, "generation"):
        return "its controller hasn't seen the change yet"
    if kind == "Deployment":
        return _deployment(now)
    return _stateful_set(now) if kind == "StatefulSet" else _clone_set(now)


def _deployment(now: OwnerNow) -> str:
    for one in map(table, now.status.get("conditions") or ()):
        if one.get("type") == "Progressing" and one.get("reason") == "ProgressDeadlineExceeded":
            raise VacancyError(f"its progress deadline has passed: {one.get('message') or 'the rollout is stuck'}")
    total, status = wanted(now), now.status
    updated, available = _count(status, "updatedReplicas"), _count(status, "availableReplicas")
    if updated < total:
        return f"{updated} of {total} pods are new"
    if (old := _count(status, "replicas") - updated) > 0:
        return still_to_go(old)
    return f"{available} of {updated} new pods are available" if available < updated else ""


def still_to_go(old: int) -> str:
    """So many old pods, in words."""
    return f"{old} old pod{' is' if old == 1 else 's are'} still to go"


def _stateful_set(now: OwnerNow) -> str:
    total, status = wanted(now), now.status
    if (ready := _count(status, "readyReplicas")) < total:
        return f"{ready} of {total} pods are ready"
    updated, target = _count(status, "updatedReplicas"), total - held_back(now)
    if updated < target:
        return f"{updated} of {target} pods are new"
    same = status.get("updateRevision") == status.get("currentRevision")
    return "" if same or held_back(now) else "its old revision is still current"


def _clone_set(now: OwnerNow) -> str:
    total, status = wanted(now), now.status
    updated, target = _count(status, "updatedReplicas"), total - held_back(now)
    if updated < target:
        return f"{updated} of {target} pods are new"
    if (ready := _count(status, "readyReplicas")) < total:
        return f"{ready} of {total} pods are ready"
    return "pods are still to go" if _count(status, "replicas") > total else ""


def held_back(now: OwnerNow) -> int:
    """Pods that keep the old revision by `partition`."""
    strategy = _strategy(now)
    rolling = table(strategy.get("rollingUpdate"))
    value = rolling.get("partition", strategy.get("partition", 0))
    return min(wanted(now), amount(value, wanted(now), up=True))


def pace(kind: str, now: OwnerNow) -> tuple[int, int]:
    """How many more pods than wanted there may be, and how many fewer available ones."""
    total, strategy = wanted(now), _strategy(now)
    if kind == "StatefulSet":
        parallel = table(strategy.get("rollingUpdate")).get("maxUnavailable", 1)
        return 0, max(1, amount(parallel, total, up=False))
    if kind == "CloneSet":
        more = amount(strategy.get("maxSurge", 0), total, up=True)
        return more, amount(strategy.get("maxUnavailable", "20%"), total, up=not more)
    if strategy.get("type") == "Recreate":
        return 0, total
    rolling = table(strategy.get("rollingUpdate"))
    surge = amount(rolling.get("maxSurge", "25%"), total, up=True)
    fewer = amount(rolling.get("maxUnavailable", "25%"), total, up=False)
    return surge, fewer or (0 if surge else 1)


def in_place(kind: str, now: OwnerNow) -> bool:
    """Whether a new template is put into the pods where they are, which moves none of them."""
    return kind == "CloneSet" and _strategy(now).get("type") in IN_PLACE


def stopped(kind: str, now: OwnerNow) -> str:
    """Why a new template would reach no pod; "" when it would."""
    strategy = _strategy(now)
    if now.spec.get("paused") or (kind == "CloneSet" and strategy.get("paused")):
        return "its rollout is paused: resume it first"
    if strategy.get("type") == "OnDelete":
        return "its update strategy is OnDelete: only pods that are deleted come anew; delete them one by one"
    return ""


def amount(value: object, total: int, up: bool) -> int:
    """An int-or-percent of `total`; 0 for what is neither."""
    if isinstance(value, int):
        return max(0, value)
    number = value.removesuffix("%") if isinstance(value, str) else ""
    if not (number.isascii() and number.isdigit() and len(number) < 7):
        return 0
    share = total * int(number) / 100
    return math.ceil(share) if up else math.floor(share)


def _strategy(now: OwnerNow) -> Json:
    return table(now.spec.get("strategy") or now.spec.get("updateStrategy"))


def wanted(now: OwnerNow) -> int:
    """How many pods it is to have."""
    return _count(now.spec, "replicas", 1)


def _count(fields: Json, name: str, absent: int = 0) -> int:
    value = fields.get(name, absent)
    return value if isinstance(value, int) else absent
