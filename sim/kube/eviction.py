"""pods/eviction: deletes a pod when its PodDisruptionBudget allows it.

After pkg/registry/core/pod/storage/eviction.go; the budgets' status comes from sim/controllers/disruption.py.
"""

from dataclasses import replace
from typing import Any

from sim.clock import rfc3339
from sim.kube import strategy
from sim.kube.deletion import DeleteOptions
from sim.kube.errors import ApiError, bad_request, forbidden, too_many_requests
from sim.kube.registry import Registry

Obj = dict[str, Any]

_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_SEVERAL = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
_MAX_DISRUPTED = 2000


def evict(registry: Registry, namespace: str, name: str, eviction: Obj, dry_run: bool) -> Obj:
    """Delete the pod or raise: 429 when the budget forbids it now, 500 when several budgets match."""
    if (eviction.get("metadata") or {}).get("name") != name:
        raise bad_request("name in URL does not match name in Eviction object")
    options = DeleteOptions.read(eviction.get("deleteOptions") or {})
    options = replace(options, dry_run=options.dry_run or dry_run)
    pod = registry.get("Pod", name, namespace)
    if not _ignores_budgets(pod):
        _ask_budget(registry, pod, options.dry_run)
    registry.delete("Pod", name, namespace, options)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def budgets_of(registry: Registry, pod: Obj) -> list[Obj]:
    """The PodDisruptionBudgets that select the pod."""
    labels = pod["metadata"].get("labels") or {}
    found = []
    for budget in registry.list("PodDisruptionBudget", pod["metadata"]["namespace"]):
        selector = (budget.get("spec") or {}).get("selector")
        if selector is not None and strategy.label_selector(selector).matches(labels):
            found.append(budget)
    return found


def is_ready(pod: Obj) -> bool:
    """Whether the pod's Ready condition is True."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _ignores_budgets(pod: Obj) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or "deletionTimestamp" in pod["metadata"]


def _ask_budget(registry: Registry, pod: Obj, dry_run: bool) -> None:
    budgets = budgets_of(registry, pod)
    if len(budgets) > 1:
        raise ApiError(500, "", _SEVERAL)
    if budgets and not _free_of_charge(pod, budgets[0]):
        _charge(registry, pod, budgets[0], dry_run)


def _free_of_charge(pod: Obj, budget: Obj) -> bool:
    """A pod that isn't ready costs nothing where the policy or a kept budget says so."""
    if is_ready(pod):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    desired = status.get("desiredHealthy", 0)
    return bool(status.get("currentHealthy", 0) >= desired > 0)


def _charge(registry: Registry, pod: Obj, budget: Obj, dry_run: bool) -> None:
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    allowed, disrupted = status.get("disruptionsAllowed", 0), status.get("disruptedPods") or {}
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 1):
        raise _refused(f"The disruption budget {name} is still being processed by the server.", 10)
    if len(disrupted) > _MAX_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise forbidden(registry.catalog.kind("PodDisruptionBudget"), name, why)
    if allowed <= 0:
        needs, has = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        raise _refused(f"The disruption budget {name} needs {needs} healthy pods and has {has} currently", 0)
    if dry_run:
        return
    now = rfc3339(registry.clock.now())
    charged = {
        **status,
        "disruptionsAllowed": allowed - 1,
        "disruptedPods": {**disrupted, pod["metadata"]["name"]: now},
    }
    registry.set_status("PodDisruptionBudget", budget, charged)


def _refused(cause: str, retry_after: int) -> ApiError:
    error = too_many_requests(_REFUSED, retry_after)
    error.details["causes"] = [{"reason": "DisruptionBudget", "message": cause}]
    return error
