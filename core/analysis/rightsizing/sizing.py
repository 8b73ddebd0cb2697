"""What each container books, and what it should book instead. What is known of it is in sources."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.analysis.applications import Application
from core.analysis.checks.vertical import largest
from core.analysis.planning import Plan
from core.analysis.rightsizing.sources import RESOURCES, Amounts, Key, Seen, Sources, sources
from core.analysis.usage_history import Used
from core.analysis.what_if import Comparison
from core.kube.pod import Pod

MARGIN = 20
"""Percent above what was measured."""
SAME = 10
"""Percent: a suggestion that differs by less is none."""


@dataclass(frozen=True)
class Sizing:
    """One container of an application, each amount for one pod: CPU in millicores, memory in bytes.

    `booked`: what most pods request; `mean` and `most`: measured now, empty when nothing was; `past`: over days; `vpa`:
    the target of its VPA. `by`: resource -> where it is known from what it needs. `wanted`: what to request instead,
    only for resources where that is worth it, and never above a limit (`capped`: those held down by theirs). `beyond`:
    resources of which it would need more than any node has, so that nothing is wanted."""

    application: Application
    container: str
    pods: tuple[Pod, ...]
    booked: Amounts
    mean: Amounts
    most: Amounts
    past: Used | None
    vpa: Amounts
    wanted: Amounts
    by: Mapping[str, str]
    beyond: tuple[str, ...] = ()
    capped: tuple[str, ...] = ()

    def freed(self, resource: str) -> int:
        """What all its pods together would book less; below zero: more."""
        if resource not in self.wanted:
            return 0
        return (self.booked.get(resource, 0) - self.wanted[resource]) * len(self.pods)


@dataclass(frozen=True)
class Rightsizing:
    """All containers, those that free most first. `groups`: group id (or "" for none) -> what would be freed there."""

    items: tuple[Sizing, ...]
    groups: Mapping[str, Mapping[str, int]]
    after: Comparison
    """Everything decided again with the wanted requests: `removable` are the nodes that could go then."""
    margin: int = MARGIN


def sizings(plan: Plan, margin: int, by: str) -> list[Sizing]:
    """All containers that run on ECS nodes, and those of CronJobs of which something is known."""
    known, most = sources(plan.snapshot), largest(plan)
    items = [_sized(key, one, known, margin, by, most) for key, one in known.seen.items()]
    shown = [one for one in items if one.pods or one.by]
    return sorted(shown, key=lambda one: (-_worth(one), one.application, one.container))


def _sized(key: Key, one: Seen, known: Sources, margin: int, only: str, most: Amounts) -> Sizing:
    cpu, memory = max(one.booked, key=lambda booked: one.booked[booked])
    booked = {"cpu": cpu, "memory": memory}
    choices = {name: each for name, each in known.choices(key, margin).items() if only in ("", name)}
    by = {name: source for source, each in reversed(choices.items()) for name in RESOURCES if name in each}
    needs = {name: choices[by[name]][name] for name in RESOURCES if name in by}
    beyond = tuple(name for name, amount in needs.items() if amount > most.get(name, amount))
    capped = tuple(
        name for name, amount in needs.items() if name not in beyond and amount > one.limits.get(name, amount)
    )
    fits = {name: min(amount, one.limits.get(name, amount)) for name, amount in needs.items() if name not in beyond}
    return Sizing(
        application=key[0],
        container=key[1],
        pods=tuple(one.pods),
        booked=booked,
        mean={name: total // one.measured for name, total in one.total.items()},
        most=one.most,
        past=known.past.get(key),
        vpa=known.vpas.get(key, {}),
        wanted={name: amount for name, amount in fits.items() if _differs(booked[name], amount)},
        by=by,
        beyond=beyond,
        capped=capped,
    )


def _differs(booked: int, known: int) -> bool:
    return abs(known - booked) * 100 > SAME * max(booked, 1)


def _worth(one: Sizing) -> float:
    """Cores, with 4 GiB for a core."""
    return one.freed("cpu") / 1_000 + one.freed("memory") / 2**32
