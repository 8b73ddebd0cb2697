"""WorkloadSpreads and ElasticWorkloads: which of the two fits, and settings that don't do what was meant.

Source: ACK's and OpenKruise's pages on WorkloadSpread (Deployment from Kubernetes 1.21, CloneSet from 1.16; a later
subset is deleted first, by pod-deletion-cost) and ElasticWorkload (Deployments only)."""

from typing import Any

from core.analysis.applications import Applications
from core.analysis.checks.ground import (
    ELASTIC,
    SPREAD,
    Finding,
    Findings,
    Ground,
    Target,
    at,
    found,
    integer,
    names,
    rows,
    target_of,
    text,
)
from core.kube.generic import Generic

_SUPPORTED = ("Deployment", "CloneSet", "ReplicaSet", "Job")
_COST = "controller.kubernetes.io/pod-deletion-cost"
_SPREAD_FROM = {"Deployment": 21, "CloneSet": 16}
"""Kind -> the Kubernetes 1.x from which on OpenKruise spreads its pods."""
_COST_FROM, _COST_GATED = 22, 21
"""From when on ReplicaSets heed the annotation, and where only behind the feature gate PodDeletionCost."""


def is_eci(subset: dict[str, Any]) -> bool:
    """Whether a subset is the one on virtual nodes."""
    if text(subset, "patch", "metadata", "labels", "alibabacloud.com/eci") == "true":
        return True
    rules = rows(subset, "requiredNodeSelectorTerm", "matchExpressions")
    return any(
        text(rule, "key") == "type"
        and text(rule, "operator") == "In"
        and "virtual-kubelet" in (at(rule, "values") or ())
        for rule in rules
    )


def _supported(spread: Generic, target: Target) -> bool:
    kruise = text(spread.spec, "targetRef", "apiVersion").startswith("apps.kruise.io/")
    return target.kind in _SUPPORTED or (kruise and target.kind == "StatefulSet")


def kinds(ground: Ground) -> Findings:
    """Kinds whose pods OpenKruise doesn't spread."""
    for target, spreads in ground.spreads.items():
        for spread in spreads:
            if not _supported(spread, target):
                reason = f"it spreads {target}, and nothing happens"
                check = "a kind that WorkloadSpread does not support"
                yield found(check, spread, reason, "use a Deployment or a CloneSet")


def several(ground: Ground) -> Findings:
    """Each pod belongs to one of them, by chance."""
    for target, spreads in ground.spreads.items():
        if len(spreads) > 1:
            reason = f"{names(spreads)} both spread it"
            yield Finding("two spreads on one workload", target.kind, target.key, reason, "delete one")


def order(ground: Ground) -> Findings:
    """The last subset is deleted first."""
    for target, spreads in ground.spreads.items():
        for spread in spreads:
            places = [is_eci(subset) for subset in rows(spread.spec, "subsets")]
            if True in places and False in places[places.index(True) :] and _supported(spread, target):
                reason = "a subset on ECS stands behind the one on ECI, so ECS pods go first"
                check = "the subset order does not delete ECI first"
                yield found(check, spread, reason, "list ECS before ECI")


def eci_cap(ground: Ground) -> Findings:
    """What is above the cap runs nowhere, or outside all subsets."""
    for target, spreads in ground.spreads.items():
        for spread in spreads:
            capped = [row for row in rows(spread.spec, "subsets") if is_eci(row) and row.get("maxReplicas") is not None]
            if capped and _supported(spread, target):
                reason = f"at most {str(capped[0]['maxReplicas'])[:12]} pods may burst to ECI"
                yield found("a cap on the ECI subset", spread, reason, "leave maxReplicas of the ECI subset out")


def ecs_cap(ground: Ground) -> Findings:
    """A cap on ECS belongs to an HPA, whose minimum it should be: up to there ECS, above it ECI."""
    for target, spreads in ground.spreads.items():
        hpas = ground.hpas.get(target, ())
        for spread in spreads:
            caps = [
                row["maxReplicas"] for row in rows(spread.spec, "subsets") if not is_eci(row) and "maxReplicas" in row
            ]
            if not caps or not _supported(spread, target):
                continue
            if not hpas:
                reason = f"at most {str(caps[0])[:12]} pods on ECS, and nobody changes the number of pods"
                yield found("an ECS cap without an HPA", spread, reason, "add an HPA, or drop the spread")
            elif (finding := _unequal(spread, caps[0], hpas[0])) is not None:
                yield finding


def _unequal(spread: Generic, cap: object, hpa: Generic) -> Finding | None:
    low = integer(hpa.spec, "minReplicas")
    low = 1 if low is None else low
    if not isinstance(cap, int) or cap == low:
        return None
    reason = f"{cap} on ECS, but HPA {hpa.name} never goes below {low}"
    check = "maxReplicas of the ECS subset differs from the HPA's minReplicas"
    return found(check, spread, reason, f"set it to {low}")


def of_this_version(ground: Ground) -> Findings:
    """Spreads that this Kubernetes is too old for; for a Deployment, ElasticWorkload is the one that fits."""
    for target, spreads in ground.spreads.items():
        first = _SPREAD_FROM.get(target.kind)
        for spread in spreads if first is not None and ground.older_than(first) else ():
            reason = f"Kubernetes here is older than 1.{first}, which spreads of {target.kind}s need"
            if target.kind == "Deployment":
                yield found("ElasticWorkload fits this version better", spread, reason, "use an ElasticWorkload")
            else:
                yield found("a spread that this version is too old for", spread, reason, "upgrade, or delete it")


def elastic(ground: Ground) -> Findings:
    """ElasticWorkloads on what they don't support, and where a spread is the better one."""
    first = _SPREAD_FROM["Deployment"]
    for one in ground.snapshot.table(ELASTIC).values():
        target = target_of(one, "sourceTarget")
        if target is None:
            continue
        if target.kind != "Deployment":
            reason = f"its source is a {target.kind}"
            yield found("ElasticWorkload on something other than a Deployment", one, reason, "use a WorkloadSpread")
        elif ground.version is not None and not ground.older_than(first) and ground.snapshot.has(SPREAD):
            reason = f"Deployments can be spread from Kubernetes 1.{first} on, without a copy of the Deployment"
            yield found("WorkloadSpread fits this version better", one, reason, "use a WorkloadSpread")


def deletion_cost(ground: Ground) -> Findings:
    """Older ReplicaSet controllers don't read the annotation."""
    if not ground.older_than(_COST_FROM):
        return
    gated = not ground.older_than(_COST_GATED)
    gate = ", and heeds it only with the feature gate PodDeletionCost" if gated else ""
    applications, seen = Applications(ground.snapshot), set()
    for pod in ground.snapshot.pods.values():
        if _COST in pod.annotations and pod.owner is not None and pod.owner.kind == "ReplicaSet":
            application = applications.of(pod)
            if application not in seen:
                seen.add(application)
                reason = f"Kubernetes here is older than 1.{_COST_FROM}{gate}"
                check = "pod-deletion-cost on a version that ignores it"
                yield Finding(check, application.kind, application.key, reason, "upgrade, or use an ElasticWorkload")


CHECKS = (kinds, several, order, eci_cap, ecs_cap, of_this_version, elastic, deletion_cost)
