"""The Scale-in view: who could leave, and who holds them; and the verdict in a few words for the Nodes view. What is
decided is in core/analysis/scale_in; documents and whole sentences are in scale_in."""

from collections import Counter
from collections.abc import Iterable, Mapping

from core.analysis.planning import Plan
from core.analysis.prices import Prices
from core.analysis.scale_in.deletion import ATOMIC_FAILED, MIN_SIZE_REACHED
from core.analysis.scale_in.result import NodeVerdict
from core.analysis.scale_in.savings import Savings
from core.analysis.scale_in.savings import of as saved_by
from core.analysis.vendors.nodes_kept import DEFAULT_POOL
from core.kube.node import Node
from core.views import format as fmt
from core.views import reasons, savings
from core.views.table import Align, Cell, Column, Elide, Row, TableView, Tone, ViewKey, text_cell

_TONES = {"removable": Tone.GOOD, "blocked": Tone.WARNING, "unknown": Tone.WARNING}
_WORDS = {
    "removable": "could go",
    "blocked": "stays",
    "busy": "busy",
    "not-managed": "not managed",
    "unknown": "unknown",
}
_OF_GROUPS = (MIN_SIZE_REACHED, ATOMIC_FAILED, DEFAULT_POOL)
"""Reasons that stand with the group."""
_RANK = ("removable", "blocked", "unknown", "busy", "not-managed")
_COLUMNS = (
    Column("name", "NODE", 26, 16, elide=Elide.START, grow=True, hotkey="N", describes="The node."),
    Column("group", "GROUP", 14, 8, importance=3, hotkey="O", describes="Its scaling group."),
    Column("booked", "BOOKED max", 12, align=Align.RIGHT, importance=2, hotkey="B",
           describes="The larger of cpu and memory requests in % of allocatable, of the threshold."),
    Column("verdict", "VERDICT", 11, 11, hotkey="V", describes="Could it go."),
    Column("because", "BECAUSE", 44, 30, importance=1, grow=True, describes="The autoscaler's reason, and the object."),
    Column("moves", "ITS PODS WOULD GO TO", 40, 14, importance=4, grow=True, sortable=False,
           describes="Where the pods would land if it were drained now."),
)  # fmt: skip


def short(verdict: NodeVerdict, now: float) -> Cell:
    """The verdict for a narrow column: `busy: cpu 82 % > 50 %`, `stays: default/redis-0 NotReplicated`."""
    tone = _TONES.get(verdict.verdict, Tone.MUTED)
    if verdict.verdict == "removable":
        moves = verdict.drain.moves_to
        what = f"{_count(len(moves), 'pod')} to {_count(len(set(moves.values())), 'node')}" if moves else "empty"
        when = _when(verdict, now)
        return Cell(f"{when}: {what}", _RANK.index("removable"), tone)
    words = "stays" if verdict.verdict == "blocked" else _WORDS[verdict.verdict]
    return Cell(f"{words}: {because(verdict, now)}", _RANK.index(verdict.verdict), tone)


def _when(verdict: NodeVerdict, now: float) -> str:
    if verdict.waits_for is None:
        return "goes next"
    if verdict.goes_at is not None and verdict.goes_at.at > now:
        return f"goes in ~{fmt.age(verdict.goes_at.at - now)}"
    return "could go"


def because(verdict: NodeVerdict, now: float) -> str:
    """The reason with the object or the figure behind it."""
    blocker = verdict.drain.blocking_pod
    if verdict.unknown:
        whose = f"{blocker.pod} {blocker.reason}: " if blocker is not None and blocker.reason else ""
        return f"{whose}{reasons.cannot_tell(verdict.unknown)}"
    if verdict.reason == "BlockedByPod" and blocker is not None:
        return f"{blocker.pod} {blocker.reason}{f' ({blocker.by})' if blocker.by else ''}"
    used = verdict.utilization
    if verdict.reason == "NotUnderutilized":
        return f"{used.resource} {fmt.percent(used.max)} % > {fmt.percent(verdict.threshold)} %"
    if verdict.reason == "NoPlaceToMovePods" and verdict.drain.unplaced:
        return f"no place for {verdict.drain.unplaced} (NoPlaceToMovePods)"
    if verdict.verdict == "removable":
        return _waiting(verdict, now)
    return verdict.reason or ""


def _waiting(verdict: NodeVerdict, now: float) -> str:
    """What it still waits for, with the span that is left of it as far as that can be estimated."""
    if verdict.waits_for is None:
        return "goes with the next loop"
    if verdict.goes_at is not None and verdict.goes_at.at > now:
        since = f"since {fmt.age(now - verdict.since.at)}, " if verdict.since is not None else ""
        return f"{verdict.waits_for}: {since}goes in ~{fmt.duration(verdict.goes_at.at - now)}"
    return f"{verdict.waits_for}: {reasons.meaning(verdict.waits_for)}"


def view(plan: Plan, now: float, generation: int, prices: Prices | str = "") -> TableView:
    """The whole table, candidates first."""
    names = {group.id: group.name for group in plan.snapshot.groups.values()}
    nodes = sorted(plan.scale_in.nodes, key=lambda one: (_RANK.index(one.verdict), one.utilization.max or 0.0))
    return TableView(
        key=ViewKey("scale-in"),
        title="Scale-in",
        columns=_COLUMNS,
        rows=tuple(_row(one, now, names, plan.snapshot.nodes.get(one.node)) for one in nodes),
        generation=generation,
        as_of=now,
        noun="nodes",
        empty="No nodes to judge.",
        notes=headlines(plan, now, prices),
    )


def _row(one: NodeVerdict, now: float, names: Mapping[str, str], node: Node | None) -> Row:
    share = one.utilization.max
    threshold = f" of {fmt.percent(one.threshold)}" if one.threshold is not None else ""
    cells = (
        text_cell(one.node),
        text_cell(names.get(one.group or "", one.group or "")),
        Cell(f"{fmt.percent(share)} %{threshold}" if share is not None else "-", share),
        Cell(_WORDS[one.verdict], _RANK.index(one.verdict), _TONES.get(one.verdict, Tone.MUTED)),
        text_cell(_in_words(one, because(one, now))),
        text_cell(destinations(one)),
    )
    return Row(one.node, cells, labels=node.labels if node is not None else {}, opens=cause(one))


def cause(one: NodeVerdict) -> ViewKey:
    """The object behind the verdict: the pod that holds the node, the group that may not shrink, else the node."""
    blocker = one.drain.blocking_pod if one.reason == "BlockedByPod" or one.unknown else None
    unplaced = one.drain.unplaced if one.reason == "NoPlaceToMovePods" else None
    if pod := blocker.pod if blocker is not None else unplaced:
        return ViewKey("pod", pod)
    if one.group is not None and (one.reason in _OF_GROUPS or one.waits_for in _OF_GROUPS):
        return ViewKey("group", one.group)
    return ViewKey("node", one.node)


def _in_words(one: NodeVerdict, why: str) -> str:
    """A bare identifier with its sentence."""
    return f"{why}: {reasons.meaning(why)}" if why and why == one.reason else why


def destinations(one: NodeVerdict) -> str:
    """`17 pods -> n1 (6) n2 (5) n3 (6)`; why not, where some pod has no place."""
    if one.drain.removable is None:
        return f"unknown: {one.drain.unknown or 'not evaluated'}"
    moves = Counter(one.drain.moves_to.values())
    if not moves:
        return "nothing to move" if one.drain.removable else ""
    places = moves.most_common()
    where = places[0][0] if len(places) == 1 else " ".join(f"{name} ({count})" for name, count in places)
    return f"{_count(moves.total(), 'pod')} -> {where}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def headlines(plan: Plan, now: float, prices: Prices | str = "") -> tuple[str, ...]:
    """What the screen says above the table: who goes, what that frees, and by which rules."""
    result = plan.scale_in
    found = Counter(one.verdict for one in result.nodes)
    going = [plan.snapshot.nodes[name] for name in result.now if name in plan.snapshot.nodes]
    freed = f" ({fmt.cpu(_sum(going, 'cpu'))} cpu, {fmt.size(_sum(going, 'memory'))})" if going else ""
    rest = (("busy", "busy"), ("blocked", "stay"), ("not-managed", "not managed"), ("unknown", "unknown"))
    others = (f"{found[verdict]} {word}" for verdict, word in rest if found[verdict] or verdict in ("busy", "blocked"))
    counts = f"{len(going)} could go now{freed}, {found['removable']} in time, {', '.join(others)}"
    return (" │ ".join((counts, *_saved(plan, prices), *_cool_down(plan, now))), rules(plan))


def _saved(plan: Plan, prices: Prices | str) -> Iterable[str]:
    """What the whole set would save once its timers are over."""
    saved = whole_set(plan, prices)
    if saved.nodes:
        whole = f"all {len(saved.nodes)} that could go together" if saved.nodes[1:] else "the one that could go"
        yield f"{whole} would save {savings.words(saved, prices)}"


def whole_set(plan: Plan, prices: Prices | str) -> Savings:
    """What it would save if all went that can go together."""
    nodes = (plan.snapshot.nodes[name] for name in plan.scale_in.together if name in plan.snapshot.nodes)
    return saved_by(nodes, None if isinstance(prices, str) else prices)


def _sum(nodes: Iterable[Node], resource: str) -> int:
    return sum(node.allocatable.get(resource, 0) for node in nodes)


def _cool_down(plan: Plan, now: float) -> Iterable[str]:
    cool_down = plan.scale_in.cool_down
    if cool_down.until is not None and cool_down.until > now:
        because = f", {cool_down.because}" if cool_down.because else ""
        yield f"cool-down{because}: {fmt.duration(cool_down.until - now)} left"


def rules(plan: Plan) -> str:
    """Which rules are applied, with the threshold and where it comes from; and who really runs here."""
    policy = plan.policy
    threshold = fmt.percent(policy.scale_down_utilization_threshold)
    source = policy.source("scale_down_utilization_threshold")
    judged_by = reasons.judged_by(policy.rule_set, plan.running)
    evidence = f"; known by: {'; '.join(plan.running.evidence)}" if plan.running.evidence else ""
    caveats = "".join(f"; {one}" for one in reasons.caveats(policy))
    return f"{judged_by}; threshold {threshold} % ({source}){caveats}{evidence}"
