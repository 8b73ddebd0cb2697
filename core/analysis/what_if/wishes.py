"""Wishes, as a person spells them in words, made into changes: names looked up, figures read. What a change does is in
changes and replicas.

Every function raises InputError, in one line, for what is not there or can't be read."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from core.analysis.planning import Plan, Replanner
from core.analysis.what_if import changes, replicas
from core.analysis.what_if.comparison import Comparison, what_if
from core.analysis.what_if.state import Change
from core.cluster.snapshot import Snapshot
from core.errors import InputError, one_line
from core.kube import quantity
from core.kube.own_kinds import NodeGroup
from core.kube.workloads import Workload

MOST = 1_000
"""Nodes or pods more that one wish may ask for: beyond that an answer would take too long to be worth it."""
_KINDS = ("Deployment", "StatefulSet", "CloneSet", "Job", "ReplicaSet", "ReplicationController")


def imagine(plan: Plan, wishes: Sequence[Sequence[str]], replanner: Replanner | None = None) -> Comparison:
    """What would be different after all of these, in this order. Takes as long as a plan: off the event loop."""
    return what_if(plan, [change(wish, plan) for wish in wishes], replanner)


def change(wish: Sequence[str], plan: Plan) -> Change:
    """One wish: its verb, then its words."""
    verb, *words = wish
    make = _VERBS.get(verb)
    if make is None:
        raise InputError(f"what-if {one_line(verb, 40)}: no such change; there are {', '.join(_VERBS)}")
    return make(words, plan)


def group_named(name: str, snapshot: Snapshot) -> NodeGroup:
    """The group of that id, or the only one of that name."""
    if (group := snapshot.groups.get(name)) is not None:
        return group
    named = [group for group in snapshot.groups.values() if group.name == name]
    if len(named) == 1:
        return named[0]
    if named:
        raise InputError(
            f"group {_short(name)}: several have this name ({', '.join(one.id for one in named)}): use an id"
        )
    raise InputError(
        f"group {_short(name)}: there is none; {_there_are([one.name for one in snapshot.groups.values()])}"
    )


def workload_named(text: str, snapshot: Snapshot) -> Workload:
    """`Deployment/shop/web` (the kind in any case), or `shop/web` where only one kind has it."""
    *kind, namespace, name = text.split("/") if text.count("/") in (1, 2) else ("", "")
    wanted = [known for known in _KINDS if not kind or known.lower() == kind[0].lower()]
    if not name or not wanted:
        raise InputError(f"workload {_short(text)}: write Deployment/namespace/name ({', '.join(_KINDS)})")
    found = (snapshot.workload(known, f"{namespace}/{name}") for known in wanted)
    workload = next((one for one in found if one is not None), None)
    if workload is None:
        raise InputError(f"workload {_short(text)}: there is none of that name")
    return workload


def _expand(words: Sequence[str], plan: Plan) -> Change:
    _expect(words, 2, "expand GROUP N")
    return changes.expand(group_named(words[0], plan.snapshot).id, _number(words[1], 1))


def _expand_for(words: Sequence[str], plan: Plan) -> Change:
    """The first group whose new node would take a pod that waits."""
    _expect(words, 2, "expand-for POD N")
    return changes.expand(fitting_group(words[0], plan).id, _number(words[1], 1))


def fitting_group(pod: str, plan: Plan) -> NodeGroup:
    """The group that grows next and would take the pod, else the first that would."""
    verdict = next((one for one in plan.pending.pods if one.pod.key == pod), None)
    if verdict is None:
        raise InputError(f"pod {_short(pod)}: it does not wait (any more)")
    fitting = [group for group, refusal in verdict.groups.items() if refusal is None]
    grows = [one.group for one in plan.pending.choice.resize if one.group in fitting]
    passed = {one.group for one in plan.pending.groups if one.skipped is not None}
    first = next(iter((*grows, *(one for one in fitting if one not in passed), *fitting)), None)
    if first is None:
        raise InputError(f"pod {_short(pod)}: no group's new node would take it, so there is none to expand")
    return plan.snapshot.groups[first]


def _drain(words: Sequence[str], plan: Plan) -> Change:
    return changes.drain(_nodes(words, "drain NODE…"))


def _remove(words: Sequence[str], plan: Plan) -> Change:
    return changes.remove(_nodes(words, "remove NODE…"))


def _nodes(words: Sequence[str], form: str) -> list[str]:
    if not words:
        raise InputError(f"what-if: write {form}")
    return list(words)


def _attach(words: Sequence[str], plan: Plan) -> Change:
    """`attach NAME` and what it is like: `group=`, `type=`, `cpu=`, `memory=`, any other word is a label."""
    if not words or "=" in words[0]:
        raise InputError("what-if: write attach NAME group=GROUP, type=TYPE or cpu=4 memory=16Gi, and LABEL=VALUE…")
    if words[0] in plan.snapshot.nodes:
        raise InputError(f"node {_short(words[0])}: there is one of that name already")
    pairs = dict(_pair(word) for word in words[1:])
    group, machine = pairs.pop("group", None), pairs.pop("type", None)
    sizes = _size_of_type(machine, plan.snapshot) if machine is not None else {}
    for resource in ("cpu", "memory"):
        if (text := pairs.pop(resource, None)) is not None:
            sizes[resource] = _amount(resource, text)
    owner = group_named(group, plan.snapshot).id if group is not None else None
    return changes.attach(words[0], sizes.get("cpu"), sizes.get("memory"), owner, pairs)


def _pair(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not (key and equals):
        raise InputError(f"attach {_short(word)}: write NAME=VALUE")
    return key, value


def _size_of_type(machine: str, snapshot: Snapshot) -> dict[str, int]:
    """What is allocatable on a machine of this type, as a node or a group's template shows it."""
    templates = (node for group in snapshot.groups.values() for node in group.templates)
    known = {node.instance_type: node for node in (*templates, *snapshot.nodes.values())}
    if machine not in known:
        raise InputError(f"machine type {_short(machine)}: none is known here; {_there_are(filter(None, known))}")
    return {name: known[machine].allocatable.get(name, 0) for name in ("cpu", "memory")}


def _amount(resource: str, text: str) -> int:
    amount = quantity.of(resource, text)
    if amount <= 0:
        raise InputError(f"{resource}={_short(text)}: a machine has more than none")
    return amount


def _limit(side: str) -> "Make":
    def make(words: Sequence[str], plan: Plan) -> Change:
        _expect(words, 2, f"{side} GROUP N")
        group, size = group_named(words[0], plan.snapshot).id, _number(words[1], 0, 1_000_000)
        return changes.limit(group, size) if side == "min" else changes.limit(group, None, size)

    return make


def _replicas(words: Sequence[str], plan: Plan) -> Change:
    """`5`: so many in all; `+2`, `-1`: so many more or fewer."""
    _expect(words, 2, "replicas WORKLOAD N, +N or -N")
    workload = workload_named(words[0], plan.snapshot)
    relative, wish = words[1][:1] in ("+", "-"), _number(words[1].lstrip("+-"), 0)
    by = (-wish if words[1][0] == "-" else wish) if relative else wish - (workload.replicas or 0)
    return replicas.scale(workload.kind, workload.key, by)


def _surge(words: Sequence[str], plan: Plan) -> Change:
    if len(words) not in (1, 2):
        raise InputError("what-if: write surge WORKLOAD, and how many more: a number or a percentage")
    workload = workload_named(words[0], plan.snapshot)
    return replicas.surge(workload.kind, workload.key, *words[1:])


def _out_of_stock(words: Sequence[str], plan: Plan) -> Change:
    group = group_named(words[0], plan.snapshot).id if words else None
    return changes.out_of_stock(group)


Make = Callable[[Sequence[str], Plan], Change]
_VERBS: Mapping[str, Make] = {
    "expand": _expand,
    "expand-for": _expand_for,
    "drain": _drain,
    "remove": _remove,
    "attach": _attach,
    "max": _limit("max"),
    "min": _limit("min"),
    "replicas": _replicas,
    "surge": _surge,
    "out-of-stock": _out_of_stock,
}


def _expect(words: Sequence[str], number: int, form: str) -> None:
    if len(words) != number:
        raise InputError(f"what-if: write {form}")


def _number(text: str, least: int, most: int = MOST) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise InputError(f"{_short(text)}: write a number from {least} to {most:,}")
    return int(text)


def _short(text: str) -> str:
    return one_line(text, 60)


def _there_are(names: Iterable[str], most: int = 8) -> str:
    found = sorted({_short(name) for name in names})
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return f"there are {', '.join(found[:most])}{more}" if found else "none is known"
