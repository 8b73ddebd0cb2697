"""VPAs: several on one pod, one that acts, one that asks for more than a node has, and the one that is missing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.analysis.applications import Application, Applications
from core.analysis.checks.ground import VPA, Finding, Findings, Ground, Target, at, found, names, rows, text
from core.analysis.checks.horizontal import mode
from core.analysis.planning import Plan
from core.kube import quantity
from core.kube.generic import Generic
from core.kube.quantity import QuantityError

PODS, SETTLED = 3, 86_400
"""How many pods, and for how many seconds they must have run, before a VPA is proposed."""
UNUSED = {"cpu": 1_000, "memory": 4 * 2**30}
"""What they must book and not use together: a core, or 4 GiB."""
NO_VPA = "no VPA where one would tell much"
_KINDS = ("Deployment", "StatefulSet", "CloneSet")


_ACTS = {
    "Initial": "it changes the requests of every pod that is created",
    "InPlaceOrRecreate": "it changes requests in place, and evicts pods where that fails",
}


def several(ground: Ground) -> Findings:
    """Only one of them is listened to, and nobody says which. They may aim at different controllers of one pod."""
    applications = Applications(ground.snapshot)
    by_application: dict[Application, list[Generic]] = {}
    for target, vpas in ground.vpas.items():
        workload = ground.workload(target)
        top = (
            applications.top(workload) if workload is not None else Application(target.kind, *target.key.split("/", 1))
        )
        by_application.setdefault(top, []).extend(vpas)
    for top, vpas in by_application.items():
        if len(vpas) > 1:
            reason = f"{names(vpas)} all recommend for it"
            yield Finding("several VPAs on one pod", top.kind, top.key, reason, "delete all but one")


def acting(ground: Ground) -> Findings:
    """It changes what is booked, whatever the time of day."""
    for vpa in ground.snapshot.table(VPA).values():
        if (how := mode(vpa)) != "Off":
            reason = f"updateMode {how[:20]}: {_ACTS.get(how, 'it evicts pods to change their requests')}"
            yield found("VPA not Off", vpa, reason, "set updateMode to Off")


def beyond_nodes(ground: Ground) -> Findings:
    """Applied, the pods would wait for ever."""
    most = largest(ground.plan)
    for vpa in ground.snapshot.table(VPA).values() if most else ():
        for name, resource, amount in recommended(vpa):
            if amount > most.get(resource, amount):
                reason = f"container {name} should get {_words(resource, amount)}, no node has more than "
                reason += _words(resource, most[resource])
                remedy = "set maxAllowed to what a node has"
                yield found("recommendation beyond any node", vpa, reason, remedy)
                break


def _words(resource: str, amount: int) -> str:
    return f"{amount / 1000:.4g} cpu" if resource == "cpu" else f"{amount / 2**30:.4g} GiB of {resource}"


def recommended(vpa: Generic) -> Iterator[tuple[str, str, int]]:
    """Container, resource, amount of its target; what can't be read is left out."""
    for row in rows(vpa.status, "recommendation", "containerRecommendations"):
        target = at(row, "target")
        for resource, value in target.items() if isinstance(target, dict) else ():
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                try:
                    yield text(row, "containerName"), str(resource), quantity.of(str(resource), value)
                except QuantityError:
                    continue


def largest(plan: Plan) -> Mapping[str, int]:
    """The most that any ECS node, or new node of a group, has of a resource."""
    nodes = [node for node in plan.snapshot.nodes.values() if not node.virtual]
    nodes += [template.node for template in plan.pending.templates.values()]
    return {name: max(node.allocatable.get(name, 0) for node in nodes) for name in ("cpu", "memory") if nodes}


@dataclass(slots=True)
class _Unused:
    pods: int = 0
    cpu: int = 0
    memory: int = 0


def missing(ground: Ground) -> Findings:
    """Workloads without a VPA that book much more than they use; only where VPAs are in use at all."""
    if not ground.snapshot.table(VPA):
        return
    for application, unused in _unused(ground).items():
        much = unused.cpu >= UNUSED["cpu"] or unused.memory >= UNUSED["memory"]
        if much and unused.pods >= PODS and Target(application.kind, application.key) not in ground.vpas:
            unslept = f"{_words('cpu', unused.cpu)} and {_words('memory', unused.memory)}"
            reason = f"{unused.pods} pods book {unslept} that they don't use"
            remedy = "create a VPA with updateMode Off: vacancy checks --vpas"
            yield Finding(NO_VPA, application.kind, application.key, reason, remedy)


def _unused(ground: Ground) -> Mapping[Application, _Unused]:
    """What pods on ECS nodes that have run for long enough book and don't use."""
    snapshot, applications = ground.snapshot, Applications(ground.snapshot)
    real = {name for name, node in snapshot.nodes.items() if not node.virtual}
    usage = snapshot.table("PodMetrics")
    sums: dict[Application, _Unused] = {}
    for pod in snapshot.pods.values():
        measured = usage.get(pod.key)
        if measured is None or pod.node not in real or snapshot.as_of - (pod.created or snapshot.as_of) < SETTLED:
            continue
        application = applications.of(pod)
        if application.kind in _KINDS:
            one, used, booked = sums.setdefault(application, _Unused()), measured.usage, pod.shape.requests
            one.pods += 1
            one.cpu += max(0, booked.get("cpu", 0) - used.get("cpu", 0))
            one.memory += max(0, booked.get("memory", 0) - used.get("memory", 0))
    return sums


CHECKS = (several, acting, beyond_nodes, missing)
