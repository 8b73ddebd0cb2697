"""What tests of expansions share: a fleet whose clock runs fast, wishes as the command makes them, what to look at."""

from typing import Any

from core.actions.action_plan import ActionPlan, Level
from core.actions.run import Run
from core.views.link import PlanAction
from sim.scenario.stage import Made
from tests.wire.actions.fleet import KIND, Fleet

PACE = 80.0
"""Simulated seconds of the cloud in one real second: a machine is a node after one."""
ESS, DESIRED, COUNT = "ScaleWithAdjustment", "ModifyClusterNodePool", "ScaleClusterNodePool"
DOORS: dict[str, dict[str, Any]] = {
    ESS: {},
    DESIRED: {"in_ack": True, "desired": 2},
    COUNT: {"in_ack": True, "autoscaling": True},
}
"""The call -> what sort of group it is for."""


def wish(group: str, **args: Any) -> PlanAction:
    """As the command asks for it."""
    options = {name: args.pop(name) for name in ("max_nodes", "why") if name in args}
    return PlanAction("", "expand", (group,), args=args, **options)


async def group(fleet: Fleet, door: str, nodes: int = 2, **more: Any) -> Made:
    """A group of this door, with its doors open and the clock fast."""
    made = fleet.group("web", nodes, **{**DOORS[door], **more})
    await fleet.open_doors()
    fleet.cloud.clock.speed = PACE
    return made


async def planned(fleet: Fleet, made: Made, **args: Any) -> ActionPlan:
    """The plan of an expansion."""
    return (await fleet.plans(wish(made.group_id, **args)))[0]


async def expanded(fleet: Fleet, made: Made, **args: Any) -> Run:
    """Planned, and run to its end."""
    return await fleet.run(await planned(fleet, made, **args))


def sell_out(fleet: Fleet, left: int = 0) -> None:
    """So many machines of the fleet's kind are left, all in one zone."""
    fleet.cloud.stock.update({(KIND, f"cn-hangzhou-{letter}"): 0 for letter in "ij"})
    fleet.cloud.stock[KIND, "cn-hangzhou-h"] = left


def codes(made: ActionPlan, level: Level = Level.REFUSAL) -> list[str]:
    return [finding.code for finding in made.findings if finding.level is level]


def size(fleet: Fleet, made: Made) -> int:
    """Machines of the group, whatever their state."""
    return len(fleet.cloud.members_of(made.group_id))


def autoscaler(fleet: Fleet, replicas: int = 1) -> None:
    """A Deployment of the Cluster Autoscaler, as far as one can see it."""
    image = "registry.k8s.io/autoscaling/cluster-autoscaler:v1.32.1"
    meta = {"name": "cluster-autoscaler", "namespace": "kube-system"}
    template = {
        "metadata": {"labels": {"app": "ca"}},
        "spec": {"containers": [{"name": "ca", "image": image, "command": ["./cluster-autoscaler"]}]},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "ca"}}, "template": template}
    fleet.sim.registry.create("Deployment", {"metadata": meta, "spec": spec})
