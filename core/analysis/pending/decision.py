"""Everything about pending pods, in the autoscaler's order: pack, filter groups, estimate, expand, cap, balance.

Source: core/static_autoscaler.go and core/scaleup/orchestrator/orchestrator.go of the Cluster Autoscaler."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from core.analysis.autoscaler_status import IN_PROGRESS, Status
from core.analysis.groups import Membership, membership
from core.analysis.pending import considered, equivalence, expanders, health, packing, similar, templates
from core.analysis.pending.estimator import all_requests, estimate
from core.analysis.pending.health import Health
from core.analysis.pending.limits import Limits
from core.analysis.pending.result import (
    BY_HAND,
    ECI,
    ERROR,
    FITS_EXISTING,
    IGNORED,
    NEXT_ROUND,
    NO_OPTIONS,
    NOT_NEEDED,
    SCALE_OUT,
    STUCK,
    SUCCESSFUL,
    UNHEALTHY,
    UNKNOWN,
    Choice,
    GroupOption,
    Option,
    Pending,
    PodVerdict,
    Waste,
)
from core.analysis.pending.skips import FILTERED_OUT, MAX_NODES, MAX_SIZE, NOT_AUTOSCALED, Skips
from core.analysis.pending.templates import Template
from core.analysis.placement import Placement
from core.analysis.vendors import overlay_of
from core.analysis.vendors.eci import Eci
from core.cluster.snapshot import Snapshot
from core.kube.node import Node
from core.kube.pod import Pod
from core.policy import Policy
from core.scheduling.refusal import NODE_RESOURCES_FIT, Refusal

Fit = Mapping[str, Refusal | None]


def decide(snapshot: Snapshot, policy: Policy, status: Status | None, placement: Placement) -> tuple[Pending, int]:
    """What happens to every pending pod, and what the next loop of the autoscaler would grow.

    `status`: what the running autoscaler says about its groups. `placement`: one of this snapshot. It is left with the
    nodes on their way behind the nodes and, since the mark that is returned, with the pending pods that found a
    place."""
    return _Decision(snapshot, policy, status, placement).made()


class _Round(NamedTuple):
    """What one loop of the autoscaler comes to. `packed`: pod -> index of the node that takes it today; `helped`: the
    pods that the choice is for."""

    packed: Mapping[str, int]
    fits: Mapping[str, Fit]
    options: Mapping[str, GroupOption]
    choice: Choice
    helped: Collection[str]


class _Decision:
    def __init__(self, snapshot: Snapshot, policy: Policy, status: Status | None, placement: Placement) -> None:
        self._snapshot, self._policy, self._status = snapshot, policy, status
        self._members: Membership = membership(snapshot)
        self._targets = {id_: self._members.target(group) for id_, group in snapshot.groups.items()}
        self._health: Health = health.of(snapshot, self._members, policy)
        self._placement = placement
        self._eci = Eci(snapshot)
        self._by_type: dict[str, dict[str, Fit]] = {}
        self._arriving: Mapping[int, Template] = {}
        self._templates = templates.of(snapshot, self._members, policy, self._pods_on())
        self._upcoming = {group: self._on_their_way(group) for group in snapshot.groups}

    def _on_their_way(self, group: str) -> int:
        """Nodes that were asked for. Since 1.36 they only count while the autoscaler has a request of its own running,
        where its status says so."""
        part = self._status.groups.get(group) if self._status is not None else None
        if part is not None and part.scale_up != IN_PROGRESS and self._policy.rule_set.at_least(1, 36):
            return 0
        return self._health.upcoming(group, self._targets[group])

    def _pods_on(self) -> Mapping[str, Sequence[Pod]]:
        return dict(zip((node.name for node in self._placement.nodes), self._placement.pods, strict=True))

    def made(self) -> tuple[Pending, int]:
        placement, policy = self._placement, self._policy
        for name in self._health.starting():
            if (node := placement.index(name)) is not None:
                placement.withdraw(node)
        self._arriving = packing.add_upcoming(placement, self._templates, self._upcoming)
        waiting = considered.waiting(self._snapshot.pods.values())
        reasons = {pod.key: considered.ignored(pod, policy) for pod in waiting}
        mark = placement.mark()
        packed, left = packing.pack(placement, (pod for pod in waiting if reasons[pod.key] is None))
        for pod in left:
            reasons[pod.key] = considered.passed_over(pod, policy, self._snapshot.as_of)
        needy = [pod for pod in left if reasons[pod.key] is None]
        fits, self._by_type = self._fits(needy), self._types(needy)
        options = self._options(needy, fits)
        until = considered.more_awaited(needy, policy, self._snapshot.as_of)
        choice = replace(self._choice(fits, options), waits_until=until)
        options = {name: _with_rejection(one, choice) for name, one in options.items()}
        decided = _Round(packed, fits, options, choice, {pod.key for pod in choice.helped})
        made = Pending(
            pods=tuple(self._verdict(pod, reasons[pod.key], decided) for pod in waiting),
            groups=tuple(options.values()),
            expanders=self._shown(options),
            choice=choice,
            templates=self._templates,
        )
        return made, mark

    def _fits(self, pods: Sequence[Pod]) -> dict[str, Fit]:
        """Pod -> what a new node of each group says, in the cluster as it is after the packing."""
        return self._asked(pods, self._templates)

    def _asked(self, pods: Sequence[Pod], among: Mapping[str, Template]) -> dict[str, Fit]:
        """The answers of one empty node of each template; pods of a class share theirs."""
        classes = [self._placement.classes.of(pod) for pod in pods]
        answers: dict[int, dict[str, Refusal | None]] = {id(made): {} for made in classes}
        samples = {id(made): made.pod for made in classes}
        for name, template in among.items():
            mark = self._placement.mark()
            node = self._placement.add_node(template.node, template.pods)
            for made, pod in samples.items():
                answers[made][name] = self._placement.first_failure(pod, node) or _unsure(template)
            self._placement.rollback(mark)
        return {pod.key: answers[id(made)] for pod, made in zip(pods, classes, strict=True)}

    def _types(self, pods: Sequence[Pod]) -> dict[str, dict[str, Fit]]:
        """Group -> pod -> what each of its machine types says, where a group has several."""
        mixed = templates.by_type(self._snapshot, self._policy)
        return {group: self._asked(pods, types) for group, types in mixed.items()}

    def _options(self, pods: Sequence[Pod], fits: Mapping[str, Fit]) -> dict[str, GroupOption]:
        skips = Skips(self._policy, self._health, self._targets, self._templates, self._limits, self._status)
        found = {id_: GroupOption(id_, skips.reason(group)) for id_, group in self._snapshot.groups.items()}
        alike = equivalence.groups(pods)
        valid = {
            id_: [pods for pods in alike if fits[pods[0].key][id_] is None]
            for id_, group in found.items()
            if group.skipped is None
        }
        for id_, groups in valid.items():
            found[id_] = replace(found[id_], option=self._option(id_, groups, valid))
        return found

    @cached_property
    def _limits(self) -> Limits:
        """Against the limit of nodes count those that take pods now and those on their way; in newer rule sets all that
        there are."""
        counting = self._counting()
        newer = self._policy.rule_set.at_least(1, 35)
        nodes = len(counting) if newer else self._health.cluster.taking + sum(self._upcoming.values())
        return Limits(self._policy, nodes, counting)

    def _counting(self) -> list[Node]:
        overlay = overlay_of(self._policy.rule_set.overlay)
        gone = self._placement.relations.gone
        nodes = [node for index, node in enumerate(self._placement.nodes) if index not in gone]
        return [node for node in nodes if overlay.counts(node, self._members.of.get(node.name))]

    def _option(
        self, group: str, pods: Sequence[Sequence[Pod]], valid: Mapping[str, Sequence[Sequence[Pod]]]
    ) -> Option | None:
        if not pods:
            return None
        alike = self._similar(group, pods, valid)
        most = self._limits.most_new_nodes(sum(self._free(id_) for id_ in (group, *alike)))
        found = estimate(self._placement, self._templates[group], pods, most, self._policy)
        if not found.nodes:
            return None
        if self._policy.per_group(self._snapshot.groups[group]).zero_or_max_node_scaling:
            found.nodes = self._snapshot.groups[group].max_size
        waste = _waste(self._templates[group].node, found.nodes, found.pods)
        return Option(group, found.nodes, tuple(found.pods), waste, alike)

    def _free(self, group: str) -> int:
        return max(0, self._snapshot.groups[group].max_size - self._targets[group])

    def _similar(
        self, group: str, pods: Sequence[Sequence[Pod]], valid: Mapping[str, Sequence[Sequence[Pod]]]
    ) -> tuple[str, ...]:
        """Groups that are alike and take all the same pods, where balancing is on."""
        if not self._policy.balance_similar_node_groups:
            return ()
        wanted = {id(one[0]) for one in pods}
        return tuple(
            other
            for other, theirs in valid.items()
            if other != group
            and wanted <= {id(one[0]) for one in theirs}
            and similar.alike(self._templates[group], self._templates[other], self._policy)
        )

    def _choice(self, fits: Mapping[str, Fit], options: Mapping[str, GroupOption]) -> Choice:
        if not self._health.cluster_healthy:
            return Choice(UNHEALTHY)
        if not fits:
            return Choice(NOT_NEEDED)
        offered = self._narrowed([one.option for one in options.values() if one.option is not None])
        picked = expanders.chain(offered, self._policy)
        if not picked.known:
            names = tuple(option.group for option in picked.options)
            return Choice(
                ERROR, picked.expander, names, error=f"not evaluated: expander {picked.expander}", known=False
            )
        if picked.options:
            return self._resized(picked.expander, picked.options)
        unsure = _not_evaluated(fits)
        return Choice(NO_OPTIONS, error=unsure or self._full(), known=not unsure)

    def _full(self) -> str:
        """The cluster takes no node more, whatever anybody would need."""
        most = self._policy.max_nodes_total
        return MAX_NODES if 0 < most <= self._health.cluster.ready else ""

    def _narrowed(self, options: Sequence[Option]) -> Sequence[Option]:
        """What a vendor's rules leave to the expander."""
        narrow = overlay_of(self._policy.rule_set.overlay).narrow
        pods = list({pod.key: pod for option in options for pod in option.pods}.values())
        kept = set(narrow({option.group: self._templates[option.group].node for option in options}, pods))
        return [option for option in options if option.group in kept]

    def _resized(self, expander: str, ties: Sequence[Option]) -> Choice:
        """Capped to what the cluster may hold, and balanced."""
        best = ties[0]
        names = tuple(option.group for option in ties)
        nodes = self._limits.capped(best.nodes, self._templates[best.group])
        if nodes < 1:
            return Choice(ERROR, expander, names, error=MAX_NODES)
        sizes = [
            (group, self._targets[group], self._snapshot.groups[group].max_size)
            for group in (best.group, *best.similar)
        ]
        return Choice(SUCCESSFUL, expander, names, similar.balanced(sizes, nodes), best.pods)

    def _shown(self, options: Mapping[str, GroupOption]) -> dict[str, tuple[str, ...]]:
        offered = [one.option for one in options.values() if one.option is not None]
        return {name: tuple(option.group for option in expanders.best(name, offered)) for name in expanders.SHOWN}

    def _verdict(self, pod: Pod, ignored: str | None, decided: _Round) -> PodVerdict:
        if ignored is not None:
            return PodVerdict(pod, IGNORED, ignored_because=ignored)
        place, burst = decided.packed.get(pod.key), self._eci.takes(pod)
        if burst is not None and (burst.always or place is None):
            return PodVerdict(pod, ECI, self._eci.node, groups=decided.fits.get(pod.key, {}))
        if place is not None:
            return self._packed(pod, place)
        answers = decided.fits[pod.key]
        types = {group: said[pod.key] for group, said in self._by_type.items()}
        verdict = SCALE_OUT if pod.key in decided.helped else _outlook(answers, decided.options, decided.choice)
        return PodVerdict(pod, verdict, groups=answers, types=types)

    def _packed(self, pod: Pod, place: int) -> PodVerdict:
        """It found a place on a node that exists, or that is on its way."""
        node, coming = self._placement.nodes[place], self._arriving.get(place)
        if coming is not None and coming.unread:
            return PodVerdict(pod, UNKNOWN, groups={coming.group.id: _unsure(coming)})
        return PodVerdict(pod, ECI if node.virtual else FITS_EXISTING, node.name)


def _unsure(template: Template) -> Refusal | None:
    """In place of "fits": more pods may come with the node than are known."""
    if not template.unread:
        return None
    return Refusal(NODE_RESOURCES_FIT, (f"not evaluated: {template.unread} not available",), False)


def _not_evaluated(fits: Mapping[str, Fit]) -> str:
    """The first reason why nobody can tell whether a group would help; empty when that is known for all."""
    answers = (refusal for fit in fits.values() for refusal in fit.values() if refusal is not None)
    return next((f"{one.plugin}: {', '.join(one.reasons)}" for one in answers if not one.known), "")


def _with_rejection(one: GroupOption, choice: Choice) -> GroupOption:
    taken = {*choice.ties, *(resize.group for resize in choice.resize)}
    passed_over = one.option is not None and choice.grows and one.group not in taken
    return replace(one, rejected=FILTERED_OUT) if passed_over else one


def _outlook(answers: Fit, options: Mapping[str, GroupOption], choice: Choice) -> str:
    """What a pod can hope for that this round doesn't help, or not for certain."""
    welcoming = [options[group].skipped for group, refusal in answers.items() if refusal is None]
    if any(skipped not in (NOT_AUTOSCALED, MAX_SIZE) for skipped in welcoming):
        return UNKNOWN if choice.undecided else NEXT_ROUND
    if welcoming:
        return BY_HAND
    return UNKNOWN if any(refusal is not None and not refusal.known for refusal in answers.values()) else STUCK


def _waste(node: Node, nodes: int, pods: Sequence[Pod]) -> Waste:
    """Shares of the new nodes' capacity; a node without one of the resources wastes all of it."""
    cpu, memory = (
        _unused(node.capacity.get(resource, 0) * nodes, all_requests(pods, resource)) for resource in ("cpu", "memory")
    )
    return Waste(cpu, memory, cpu + memory)


def _unused(there: int, requested: int) -> float:
    return (there - requested) / there if there else 1.0
