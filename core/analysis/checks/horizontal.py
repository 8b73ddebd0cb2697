"""HPAs: two on one workload, on a metric that can't be measured, on nothing, beside a VPA; and what each of them wants.

Source: Kubernetes' HorizontalPodAutoscaler documentation (algorithm details, tolerance 0.1) and the VPA's known
limitations."""

import math
from collections.abc import Iterator
from fractions import Fraction

from core.analysis.checks.ground import Finding, Findings, Ground, at, found, integer, names, rows, text
from core.kube import quantity
from core.kube.generic import Generic
from core.kube.quantity import QuantityError

TOLERANCE = Fraction(1, 10)
BURST = "alibabacloud.com/burst-resource"


def several(ground: Ground) -> Findings:
    """Two HPAs on one workload: they undo each other's work."""
    for target, hpas in ground.hpas.items():
        if len(hpas) > 1:
            reason = f"{names(hpas)} all set its replicas"
            yield Finding("two HPAs on one workload", target.kind, target.key, reason, "keep one HPA with both metrics")


def without_requests(ground: Ground) -> Findings:
    """CPU utilization is a share of the request: without one in every container there is no such share."""
    for target, hpas in ground.hpas.items():
        template = ground.template(target)
        if template is None:
            continue
        for hpa in hpas:
            lacking = [one.name for one in template.shape.containers if not one.init and not one.requests.get("cpu")]
            if lacking and "cpu" in _utilizations(hpa):
                reason = f"{target} has no CPU request in {', '.join(lacking[:3])}"
                yield found("HPA on CPU utilization without CPU requests", hpa, reason, "set CPU requests")


def of_nothing(ground: Ground) -> Findings:
    """An HPA does nothing while its workload is at zero."""
    for target, hpas in ground.hpas.items():
        workload = ground.workload(target)
        for hpa in hpas if workload is not None and workload.replicas == 0 else ():
            reason = f"{target} has 0 replicas, so it is switched off"
            yield found("HPA while replicas is 0", hpa, reason, "scale the workload to 1, or delete the HPA")


def beside_vpa(ground: Ground) -> Findings:
    """A VPA that changes what the HPA's percentage is a percentage of."""
    for target, hpas in ground.hpas.items():
        for vpa in ground.vpas.get(target, ()):
            both = sorted({name for hpa in hpas for name in _utilizations(hpa)} & controlled(vpa))
            if both and mode(vpa) != "Off":
                reason = f"HPA {hpas[0].name} and VPA {vpa.name} (updateMode {mode(vpa)}) both act on {', '.join(both)}"
                remedy = f"let the VPA leave {_word(both[0])} alone, or set it Off"
                yield Finding("HPA and VPA on the same metric", target.kind, target.key, reason, remedy)


def bursting(ground: Ground) -> Findings:
    """Scale-in takes any pod: only a spread or an ElasticWorkload makes it take those on ECI first."""
    for target, hpas in ground.hpas.items():
        template = ground.template(target)
        if template is None or not template.annotations.get(BURST):
            continue
        for hpa in hpas if target not in ground.spreads and target not in ground.elastics else ():
            reason = f"{target} bursts to ECI, and nothing makes scale-in take those pods first"
            check = "HPA with burst-resource and neither spread nor ElasticWorkload"
            yield found(check, hpa, reason, "add a WorkloadSpread")


def aimed_at_source(ground: Ground) -> Findings:
    """An ElasticWorkload sets its source's replicas itself."""
    for target, hpas in ground.hpas.items():
        for elastic in ground.elastics.get(target, ()):
            for hpa in hpas:
                reason = f"it scales {target}, whose replicas ElasticWorkload {elastic.name} sets"
                check = "HPA aimed at the source instead of the ElasticWorkload"
                yield found(check, hpa, reason, f"aim at ElasticWorkload {elastic.name}")


CHECKS = (several, without_requests, of_nothing, beside_vpa, bursting, aimed_at_source)


def wanted(hpa: Generic) -> int | None:
    """The replicas that its last figures ask for: the metric that asks for most wins, within 10 % nothing changes, and
    its limits hold. None where no figure came."""
    current = integer(hpa.status, "currentReplicas")
    if not current:
        return current
    asked = [math.ceil(current * ratio) if abs(ratio - 1) > TOLERANCE else current for ratio in _ratios(hpa)]
    if not asked:
        return None
    low, high = integer(hpa.spec, "minReplicas"), integer(hpa.spec, "maxReplicas")
    return max(1 if low is None else low, min(max(asked), current if high is None else high))


def _ratios(hpa: Generic) -> Iterator[Fraction]:
    """Measured ÷ target of each metric of which there is a figure."""
    measured = {_metric(row): row for row in rows(hpa.status, "currentMetrics")}
    for row in rows(hpa.spec, "metrics"):
        kind, name = _metric(row)
        field = kind[:1].lower() + kind[1:]
        for value in ("averageUtilization", "averageValue", "value"):
            target = _amount(at(row, field, "target", value))
            current = _amount(at(measured.get((kind, name)), field, "current", value))
            if target and current is not None:
                yield current / target
                break


def _metric(row: dict[str, object]) -> tuple[str, str]:
    kind = text(row, "type")
    field = kind[:1].lower() + kind[1:]
    return kind, text(row, field, "name") or text(row, field, "metric", "name")


def _amount(value: object) -> Fraction | None:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    try:
        return quantity.parse(value)
    except QuantityError:
        return None


def _utilizations(hpa: Generic) -> set[str]:
    """The resources whose utilization it follows."""
    found = (at(row, "resource") for row in rows(hpa.spec, "metrics"))
    return {text(one, "name") for one in found if text(one, "target", "type") == "Utilization"}


def mode(vpa: Generic) -> str:
    """Its update mode; the API's default where it says none."""
    return text(vpa.spec, "updatePolicy", "updateMode") or "Auto"


def controlled(vpa: Generic) -> set[str]:
    """The resources that it sets in any container."""
    policies = rows(vpa.spec, "resourcePolicy", "containerPolicies")
    active = [row for row in policies if text(row, "mode") != "Off"]
    if policies and not active:
        return set()
    said = [set(at(row, "controlledResources") or ("cpu", "memory")) for row in active if _plain(row)]
    return set().union(*said) if said else {"cpu", "memory"}


def _plain(row: dict[str, object]) -> bool:
    names = at(row, "controlledResources")
    return names is None or (isinstance(names, list) and all(isinstance(name, str) for name in names))


def _word(resource: str) -> str:
    return resource.upper() if resource == "cpu" else resource
