"""Where the pods that an owner starts anew would land: on the ECS nodes as they are, by the decision engine, or on ECI
again, and what decides it. Pure; starting them anew is in restart and delete_pod."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import msgspec

from core.analysis.applications import Application, Applications
from core.analysis.planning import Plan
from core.analysis.serverless.billing import VIRTUAL_KEY, VIRTUAL_NAME, Reasons
from core.analysis.serverless.home import Homes
from core.analysis.vendors.eci import Eci
from core.cluster import overlay
from core.cluster.snapshot import Snapshot
from core.kube.owner import Owner
from core.kube.pod import Pod
from core.kube.workloads import Workload

_TAINT = "virtual-kubelet.io/provider"


@dataclass(frozen=True, slots=True)
class Landing:
    """`nodes`: the ECS node of each new pod, None where there is none. `because`: what sends pods to ECI, "" nothing.

    `forced`: all of them go there whatever the room; `bursts`: those without room do. `growth` says which expansion
    would help, `doubts` (code, sentence) what no engine foresees."""

    nodes: tuple[str | None, ...] = ()
    because: str = ""
    forced: bool = False
    bursts: bool = False
    short_of_surge: bool = False
    growth: str = ""
    doubts: tuple[tuple[str, str], ...] = ()


def landing(
    plan: Plan, owner: Application, number: int, surge: int = 0, gone: Collection[str] | None = None
) -> Landing:
    """Where `number` new pods of this owner land once its old ones are gone; `surge` of them must find room beside the
    old ones. `gone`: only these pods (`namespace/name`) go."""
    snapshot = plan.snapshot
    old = _pods_of(snapshot, owner)
    going = old if gone is None else [pod for pod in old if pod.key in gone]
    model = _model(snapshot, owner, old)
    if model is None:
        return Landing((None,) * number, doubts=(("NoTemplate", "it can't be read, so nothing is foreseen"),))
    because, forced, bursts = _sent(snapshot, model)
    doubts = tuple(_doubts(snapshot, owner, model))
    if forced:
        return Landing((None,) * number, because, forced, doubts=doubts)
    new = _new(model, going, number)
    homes = Homes(plan, going)
    placed = homes.place(new)
    nodes = tuple(placed.get(pod.key) for pod in new)
    beside = len(Homes(plan, ()).place(new[:surge])) if surge else 0
    left = [pod for pod in new if pod.key not in placed]
    growth = _growth(plan, homes, left) if left else ""
    return Landing(nodes, because, False, bursts, bool(surge) and beside < min(surge, number), growth, doubts)


def _pods_of(snapshot: Snapshot, owner: Application) -> list[Pod]:
    applications = Applications(snapshot)
    mine = (pod for pod in snapshot.pods.values() if pod.namespace == owner.namespace and not pod.terminated)
    return sorted((pod for pod in mine if applications.of(pod) == owner), key=lambda pod: pod.key)


def _model(snapshot: Snapshot, owner: Application, old: list[Pod]) -> Pod | None:
    """A pod as the template makes it: those that run may bear what ECI's webhook wrote on them."""
    found = snapshot.table(owner.kind).get(owner.key)
    if not isinstance(found, Workload) or found.template is None:
        return overlay.unbound(old[-1], snapshot.as_of) if old else None
    above = old[-1].owner if old else Owner(owner.kind, owner.name, found.uid, "", True)
    template = msgspec.structs.replace(found.template.template, owner=above)
    return overlay.unbound(msgspec.structs.replace(found.template, template=template), snapshot.as_of)


def _new(model: Pod, old: list[Pod], number: int) -> list[Pod]:
    """So many new pods; each takes the volumes of an old one where those are kept (StatefulSets)."""
    made = []
    for index in range(number):
        claims = model.claims or (old[index].claims if index < len(old) else ())
        key = f"{model.key}-new-{index + 1}"
        rare = msgspec.structs.replace(model.rare, claims=claims)
        made.append(msgspec.structs.replace(model, key=key, uid=key, rare=rare))
    return made


def _sent(snapshot: Snapshot, model: Pod) -> tuple[str, bool, bool]:
    """What sends its pods to ECI, whether always, whether for want of room."""
    sent = Eci(snapshot).sent(model)
    if sent is not None:
        return sent.because, sent.always, not sent.always
    selector, reason = model.shape.node_selector or {}, Reasons(snapshot).of(model).text
    if selector.get(VIRTUAL_KEY) == VIRTUAL_NAME or reason.startswith("node affinity"):
        return reason, True, False
    return "", False, False


def _doubts(snapshot: Snapshot, owner: Application, model: Pod) -> Iterator[tuple[str, str]]:
    for spread in snapshot.table("WorkloadSpread").values():
        target = spread.spec.get("targetRef") or {}
        mine = (target.get("kind"), spread.namespace, target.get("name")) == tuple(owner)
        if mine:
            yield "SpreadDecides", f"WorkloadSpread {spread.key} deals new pods to its subsets, not only by room"
    if any(one.key in ("", _TAINT) for one in model.shape.tolerations):
        yield "Tolerates", "its pods tolerate virtual nodes, so the scheduler may choose one again"


def _growth(plan: Plan, homes: Homes, left: list[Pod]) -> str:
    grown = homes.expansions({"": left}).get("")
    if grown is None:
        return "no group would take them"
    name = plan.snapshot.groups[grown.group].name
    return f"{grown.nodes} more node{'s' * (grown.nodes != 1)} of {name} would take {grown.pods}"
