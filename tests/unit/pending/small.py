"""Small clusters of groups and pending pods, and what is decided about them."""

from typing import Any

from core.analysis import autoscaler, pending
from core.analysis.pending import Pending
from core.analysis.placement import Placement
from core.policy import discover
from core.scheduling.refusal import Refusal
from tests.unit.build import Object, group, node, pod, policy, snapshot


def template(name: str, cpu: str = "4", memory: str = "16Gi", **more: Any) -> Object:
    """The node that a group would add."""
    made = node(f"template-{name}", cpu, memory, **more)
    return {"metadata": made["metadata"], "spec": made["spec"], "status": made["status"]}


def pool(name: str, nodes: tuple[str, ...] = (), cpu: str = "4", memory: str = "16Gi", **more: Any) -> Object:
    """A group with a template. `labels`, `taints`, `extra` are the template's; the rest is the group's."""
    of_node = {key: more.pop(key) for key in ("labels", "taints", "extra") if key in more}
    return group(name, nodes, template=template(name, cpu, memory, **of_node), **more)


def pending_pod(name: str, cpu: str = "1", **more: Any) -> Object:
    """A pod of its own controller unless `owner_name` says otherwise."""
    made = pod(f"default/{name}", cpu=cpu, **more)
    for owner in made["metadata"]["ownerReferences"]:
        owner["uid"] = f"own-{owner['name']}"
    return made


def decide(*objects: Object, **settings: Any) -> Pending:
    """Everything about these pods, by the rules of 1.35 unless `settings` (an AutoscalerPolicy) say otherwise.
    `without`: kinds that could not be read; all others are complete."""
    without = settings.pop("without", ())
    spec = {"ruleSet": "cluster-autoscaler 1.35", "assumeComplete": not without, **settings}
    world = snapshot(*objects, policy(**spec), without=without)
    rules = discover(world)
    placement = Placement.from_snapshot(world, rules.rule_set.version, rules.expendable_pods_priority_cutoff)
    return pending.decide(world, rules, autoscaler.find(world).status, placement)[0]


def verdicts(found: Pending) -> dict[str, str]:
    return {one.pod.name: one.verdict for one in found.pods}


def skipped(found: Pending) -> dict[str, str | None]:
    return {one.group: one.skipped for one in found.groups}


def nodes_and_pods(found: Pending, name: str) -> tuple[int, int]:
    """What growing the group would add, and how many pods it would take."""
    option = next(one.option for one in found.groups if one.group == name)
    return (option.nodes, len(option.pods)) if option is not None else (0, 0)


def resizes(found: Pending) -> dict[str, tuple[int, int]]:
    return {one.group: (one.before, one.after) for one in found.choice.resize}


def answer(found: Pending, name: str, of: str) -> Refusal | None:
    """What a new node of group `of` says to the pod."""
    return next(one.groups[of] for one in found.pods if one.pod.name == name)
