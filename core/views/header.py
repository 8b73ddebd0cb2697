"""The header's content: cluster totals. How the sources are doing is in sources; drawing it is the screen's."""

from dataclasses import dataclass
from itertools import islice

from core.analysis.reservation import Figures
from core.views.live import Moment
from core.views.status import Progress, Source, Status
from core.views.table import Bar

LOOK = 50
"""Nodes that are asked for their region, at each tick."""


@dataclass(frozen=True, slots=True)
class About:
    """What a source says about itself. `as_of` None: as of now."""

    context: str
    as_of: float | None
    sources: tuple[Source, ...]
    progress: Progress | None = None
    notice: str = ""


def header(moment: Moment, about: About, armed: bool, unfinished: int = 0) -> Status:
    """The header at this moment. `unfinished`: actions that were left in the middle."""
    store, records = moment.store, moment.records.by_name
    total = moment.records.total.tally.figures()
    cpu, memory = total.get("cpu", Figures()), total.get("memory", Figures())
    pods = store.table("Pod").values() if store.is_available("Pod") else None
    known = bool(records) or store.is_available("Node")
    return Status(
        context=about.context,
        as_of=about.as_of if about.as_of is not None else moment.now,
        region=next((record.node.region for record in islice(records.values(), LOOK) if record.node.region), ""),
        nodes=len(moment.records.total.members) if known else None,
        pods=len(pods) if pods is not None else None,
        waiting=store.waiting if pods is not None else None,
        cpu=Bar(cpu.booked_share, cpu.used_share),
        memory=Bar(memory.booked_share, memory.used_share),
        read_only=not armed,
        sources=about.sources,
        progress=about.progress,
        unfinished=unfinished,
        notice="; ".join(filter(None, (left_over(unfinished), about.notice, moment.planned.error))),
    )


def left_over(number: int) -> str:
    """What to say of actions that were left in the middle; "" where there are none."""
    if not number:
        return ""
    return f"{number} unfinished action{'s' * (number > 1)}: 8 (Journal)"
