"""What a batch of pods takes from the budgets that guard them: PodDisruptionBudgets and OpenKruise's
PodUnavailableBudgets, counted over all nodes of the batch. What the API server says to one eviction is in preflight."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from core.actions.action_plan import BudgetUse, Finding, Level
from core.cluster.snapshot import Snapshot
from core.kube.disruption import DisruptionBudget
from core.kube.pod import Pod

PDB, PUB = "PodDisruptionBudget", "PodUnavailableBudget"


def guarding(snapshot: Snapshot, pod: Pod) -> list[DisruptionBudget]:
    """The budgets that count this pod."""
    budgets = (budget for kind in (PDB, PUB) for budget in snapshot.table(kind).values())
    return [budget for budget in budgets if budget.namespace == pod.namespace and _counts(snapshot, budget, pod)]


def _counts(snapshot: Snapshot, budget: DisruptionBudget, pod: Pod) -> bool:
    if budget.target is not None:
        return budget.target in _owners(snapshot, pod)
    return budget.selector is not None and budget.selector.matches(pod.labels)


def _owners(snapshot: Snapshot, pod: Pod) -> Iterator[tuple[str, str]]:
    """(kind, name) of the pod's controller and of that one's."""
    if pod.owner is not None:
        yield pod.owner.kind, pod.owner.name
        above = snapshot.workload(pod.owner.kind, f"{pod.namespace}/{pod.owner.name}")
        if above is not None and above.owner is not None:
            yield above.owner.kind, above.owner.name


def used(snapshot: Snapshot, pods: Sequence[Pod]) -> tuple[tuple[BudgetUse, ...], list[Finding]]:
    """What all these pods together take, and what that means. Finished and pending pods cost nothing."""
    wanted: Counter[tuple[str, str]] = Counter()
    known: dict[tuple[str, str], DisruptionBudget] = {}
    findings: list[Finding] = []
    for pod in pods:
        if pod.terminated or pod.deletion is not None or pod.phase == "Pending":
            continue
        budgets = guarding(snapshot, pod)
        findings += _several([one for one in budgets if one.kind == PDB], pod)
        for budget in (one for one in budgets if not _lets_unhealthy_go(one, pod)):
            wanted[budget.kind, budget.key] += 1
            known[budget.kind, budget.key] = budget
    findings += [found for key, number in wanted.items() for found in _judged(known[key], number)]
    uses = (BudgetUse(f"{kind} {name}", number, known[kind, name].allowed) for (kind, name), number in wanted.items())
    return tuple(uses), findings


def _lets_unhealthy_go(budget: DisruptionBudget, pod: Pod) -> bool:
    """Whether a pod that isn't Ready costs this budget nothing.

    Source: registry/core/pod/storage/eviction.go (v1.35), unhealthyPodEvictionPolicy."""
    if pod.ready or budget.kind != PDB:
        return False
    healthy, desired = budget.current_healthy, budget.desired_healthy
    return budget.unhealthy_policy == "AlwaysAllow" or bool(desired and healthy is not None and healthy >= desired)


def _several(budgets: Sequence[DisruptionBudget], pod: Pod) -> Iterable[Finding]:
    if len(budgets) > 1:
        names = ", ".join(budget.key for budget in budgets)
        text = f"more than one PodDisruptionBudget counts it ({names}), and the API server evicts no such pod"
        yield Finding(Level.REFUSAL, "SeveralBudgets", pod.key, text)


def _judged(budget: DisruptionBudget, wanted: int) -> Iterable[Finding]:
    about, allowed = f"{budget.kind} {budget.key}", budget.allowed
    if allowed is None:
        yield Finding(Level.WARNING, "BudgetUnknown", about, "it doesn't say how many pods may go")
    elif _never(budget):
        text = f"it never lets a pod go: {budget.desired_healthy} of {budget.expected} must stay"
        yield Finding(Level.REFUSAL, "BudgetForbids", about, text)
    elif allowed < wanted:
        rounds = f"about {-(-wanted // allowed)} rounds" if allowed else "it has to recover first"
        text = f"it lets {allowed} of these {wanted} pods go at a time: {rounds}"
        yield Finding(Level.WARNING, "BudgetSlows", about, text)


def _never(budget: DisruptionBudget) -> bool:
    """Even with all its pods healthy none may go."""
    expected, desired = budget.expected, budget.desired_healthy
    return expected is not None and desired is not None and 0 < expected <= desired
