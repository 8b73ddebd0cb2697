"""The Pending view: who waits, in classes of pods that are the same to the scheduler, and why nobody lets them in. What
is decided is in core/analysis/pending; one class in full is in pending_detail."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.analysis.pending import GroupOption, PodVerdict
from core.analysis.planning import Plan
from core.kube.pod_requests import Amounts
from core.scheduling.refusal import Refusal
from core.views import format as fmt
from core.views import reasons, troubles
from core.views.applications import of_pod
from core.views.pending_words import SAYS
from core.views.plan import explanation
from core.views.table import Align, Cell, Column, Row, TableView, Tone, ViewKey, text_cell
from core.views.text import sanitise

MOST_GROUPS = 12
"""Columns for groups at most: those that fit the most pods come first."""
_SHORT = {
    "NodeUnschedulable": "cordoned",
    "NodeName": "pinned",
    "TaintToleration": "taint",
    "NodeAffinity": "selector",
    "NodePorts": "port",
    "NodeResourcesFit": "room",
    "VolumeRestrictions": "volume",
    "NodeVolumeLimits": "volumes",
    "VolumeBinding": "volume",
    "VolumeZone": "zone",
    "PodTopologySpread": "spread",
    "InterPodAffinity": "affinity",
    "DynamicResources": "devices",
}
_TONES = {
    "scale-out": Tone.GOOD,
    "fits-existing": Tone.GOOD,
    "eci": Tone.GOOD,
    "next-round": Tone.ACCENT,
    "by-hand": Tone.WARNING,
    "stuck": Tone.DANGER,
    "unknown": Tone.WARNING,
    "ignored": Tone.MUTED,
}
_RESULTS = {
    "NoOptionsAvailable": "none that may grow would help a pod",
    "ClusterUnhealthy": "too many nodes are not ready",
}
_RANK = ("stuck", "by-hand", "unknown", "next-round", "scale-out", "fits-existing", "eci", "ignored")


@dataclass(frozen=True, slots=True)
class PendingClass:
    """Pods of one application that are the same to the scheduler and got the same verdict."""

    id: str
    application: str
    verdicts: tuple[PodVerdict, ...]
    explanation: str

    @property
    def first(self) -> PodVerdict:
        return self.verdicts[0]

    @property
    def since(self) -> int | None:
        """When the oldest of them began to wait, in seconds since the epoch."""
        times = [one.pod.created for one in self.verdicts if one.pod.created is not None]
        return min(times, default=None)


def classes(plan: Plan) -> list[PendingClass]:
    """All pending pods in classes, the most troubled first, the largest first among equals."""
    found: dict[tuple[str, int, str], list[PodVerdict]] = {}
    for verdict in plan.pending.pods:
        application = of_pod(verdict.pod, plan.snapshot)
        found.setdefault((application, id(verdict.pod.shape), verdict.verdict), []).append(verdict)
    skipped = {one.group: one.skipped for one in plan.pending.groups if one.skipped is not None}
    made = [_class(key[0], verdicts, plan, skipped) for key, verdicts in found.items()]
    return sorted(made, key=lambda one: (_RANK.index(one.first.verdict), -len(one.verdicts), one.application))


def _class(application: str, verdicts: list[PodVerdict], plan: Plan, skipped: Mapping[str, str]) -> PendingClass:
    first = verdicts[0]
    names = {group.id: group.name for group in plan.snapshot.groups.values()}
    return PendingClass(
        first.pod.key, application, tuple(verdicts), explanation(first, plan.pending.choice, skipped, names)
    )


def group_columns(plan: Plan, found: Iterable[PendingClass]) -> list[str]:
    """The groups to show: those that take the most waiting pods first, then in the plan's order."""
    fits: dict[str, int] = {one.group: 0 for one in plan.pending.groups}
    for one in found:
        for group, refusal in one.first.groups.items():
            if refusal is None:
                fits[group] = fits.get(group, 0) + len(one.verdicts)
    return sorted(fits, key=lambda group: -fits[group])[:MOST_GROUPS]


def view(plan: Plan, now: float, generation: int) -> TableView:
    """The whole table."""
    found = classes(plan)
    groups = group_columns(plan, found)
    names = {group.id: group.name for group in plan.snapshot.groups.values()}
    options = {one.group: one for one in plan.pending.groups}
    return TableView(
        key=ViewKey("pending"),
        title="Pending",
        columns=_columns(groups, names),
        rows=tuple(_row(one, groups, options, now) for one in found),
        generation=generation,
        as_of=now,
        noun="classes",
        empty="No pod waits: everything that was asked for has a place.",
        notes=(*headlines(plan, found, now), *([rules(plan)] if found else [])),
    )


def _columns(groups: Sequence[str], names: Mapping[str, str]) -> tuple[Column, ...]:
    return (
        Column("name", "WAITING", 32, 18, grow=True, hotkey="N", describes="The application that waits."),
        Column("pods", "PODS", 5, align=Align.RIGHT, hotkey="P", describes="How many of its pods wait."),
        Column("since", "SINCE", 5, align=Align.RIGHT, importance=2, hotkey="A", describes="Since the oldest came."),
        Column("asks", "ASKS", 18, 14, importance=3, describes="What one pod requests."),
        *(
            Column(f"group:{group}", sanitise(names.get(group, group)), 13, 12, importance=10 + place, sortable=False,
                   describes="Would a new node of this group take it.")
            for place, group in enumerate(groups)
        ),
        Column("verdict", "VERDICT", 44, 20, importance=1, grow=True, hotkey="V", describes="What becomes of it."),
        Column(SAYS, "SCHEDULER SAYS", 60, 20, importance=98, describes="Why the scheduler finds no place today."),
    )  # fmt: skip


def _row(one: PendingClass, groups: Sequence[str], options: Mapping[str, GroupOption], now: float) -> Row:
    first, since = one.first, one.since
    cells = (
        text_cell(one.application),
        Cell(fmt.count(len(one.verdicts)), len(one.verdicts)),
        Cell(fmt.age(None if since is None else now - since), None if since is None else now - since),
        text_cell(asks(first.pod.shape.requests)),
        *(_group_cell(first, group, options[group]) for group in groups),
        Cell(f"{first.verdict}: {one.explanation}", _RANK.index(first.verdict), _TONES[first.verdict]),
        text_cell(first.pod.unscheduled.message if first.pod.unscheduled is not None else ""),
    )
    return Row(one.id, cells, labels=first.pod.labels)


def asks(requests: Amounts) -> str:
    """Requests in a few words: `2 cpu  4Gi  1 nvidia.com/gpu`."""
    parts = [f"{fmt.cpu(requests['cpu'])} cpu"] if requests.get("cpu") else []
    parts += [fmt.size(requests["memory"])] if requests.get("memory") else []
    parts += [f"{amount} {name}" for name, amount in requests.items() if name not in ("cpu", "memory") and amount]
    return "  ".join(parts) or "nothing"


def _group_cell(verdict: PodVerdict, group: str, option: GroupOption) -> Cell:
    """✓ it fits (and how many nodes would come), ✗ why not, – the group can't grow, ? nobody can tell."""
    if group not in verdict.groups:
        return Cell("", None, Tone.MUTED)
    refusal = verdict.groups[group]
    if refusal is not None:
        mark, tone = ("✗", Tone.PLAIN) if refusal.known else ("?", Tone.WARNING)
        return Cell(f"{mark} {why_not(refusal)}", None, tone)
    if option.skipped is not None:
        return Cell(f"– {skip_word(option.skipped)}", None, Tone.WARNING)
    nodes = option.option.nodes if option.option is not None else 0
    return Cell(f"✓ {nodes} node{'s' * (nodes != 1)}" if nodes else "✓", None, Tone.GOOD)


def why_not(refusal: Refusal) -> str:
    """A refusal in one word: what runs short, or which rule says no."""
    if refusal.plugin == "NodeResourcesFit" and refusal.reasons and refusal.known:
        return "pod slots" if "pods" in refusal.reasons[0] else refusal.reasons[0].removeprefix("Insufficient ")
    return _SHORT.get(refusal.plugin, refusal.plugin or "refused")


def skip_word(skipped: str) -> str:
    """Why a group can't grow, in two words."""
    known = {
        "max node group size reached": "at maximum",
        "not autoscaled": "by hand",
        "not ready for scale-up": "not ready",
    }
    starts = {"in backoff": "backing off", "exceeded quota": "over quota", "max cluster": "over quota",
              "atomic scale-up": "too large"}  # fmt: skip
    return known.get(skipped) or next((word for start, word in starts.items() if skipped.startswith(start)), skipped)


def headlines(plan: Plan, found: Sequence[PendingClass], now: float) -> tuple[str, ...]:
    """What the screen says above the table: how many wait, what happens next, what is left then; and the last reason
    why nodes did not come."""
    if not found:
        return ()
    waiting = sum(len(one.verdicts) for one in found)
    oldest = min((one.since for one in found if one.since is not None), default=None)
    since = f", the oldest {fmt.duration(now - oldest)}" if oldest is not None else ""
    kinds = f"{len(found)} {_plural(len(found), 'class', 'classes')}"
    who = "1 pod waits" if waiting == 1 else f"{fmt.count(waiting)} pods wait"
    return (
        " │ ".join((f"{who} in {kinds}{since}", *_next(plan, waiting))),
        *_no_groups(plan),
        *reasons.caveats(plan.policy),
        *troubles.headline(plan, now),
    )


def rules(plan: Plan) -> str:
    """Which rules are applied, with the expander and where it comes from; and who really runs here."""
    policy = plan.policy
    return (
        f"{reasons.judged_by(policy.rule_set, plan.running)}; expander {policy.expander} ({policy.source('expander')})"
    )


def _no_groups(plan: Plan) -> Iterable[str]:
    if not plan.snapshot.groups:
        yield "no scaling group is known (yet), so nobody can tell what could grow: the cloud was not read"


def _next(plan: Plan, waiting: int) -> Iterable[str]:
    choice = plan.pending.choice
    names = {group.id: group.name for group in plan.snapshot.groups.values()}
    if choice.resize:
        grown = ", ".join(f"{names.get(one.group, one.group)} {one.before} -> {one.after}" for one in choice.resize)
        chance = f" (or another of {len(choice.ties)} equal groups)" if len(choice.ties) > 1 else ""
        soon = "" if choice.waits_until is None else ", as soon as no more pods come"
        yield f"next: {grown} by {choice.expander}, helps {len(choice.helped)}{chance}{soon}"
        existing = sum(one.verdict in ("fits-existing", "eci") for one in plan.pending.pods)
        left = waiting - len(choice.helped) - existing
        yield f"then {fmt.count(left)} still {_plural(left, 'waits', 'wait')}" if left else "then nobody waits"
    elif not choice.known:
        yield f"nobody can tell which group grows: {choice.error}"
    elif choice.result not in ("NotNeeded", "Successful"):
        yield f"no group grows: {choice.error or _RESULTS.get(choice.result, choice.result)}"


def _plural(number: int, one: str, more: str) -> str:
    return one if number == 1 else more
