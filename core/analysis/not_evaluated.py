"""What bears on decisions and is not evaluated here, by name: filters of the scheduler, expanders, and settings of the
autoscaler that are switched on. What a plan can't judge because a kind couldn't be read is in its verdicts."""

from dataclasses import fields

from core.analysis import readiness
from core.analysis.pending.expanders import EVALUATED
from core.cluster.snapshot import Snapshot
from core.policy import Policy
from core.scheduling.refusal import NOT_EVALUATED

SETTINGS = (
    "scheduler_config_file",
    "scale_down_delay_type_local",
    "enforce_node_group_min_size",
    "scale_up_from_zero",
    "max_nodegroup_binpacking_duration",
    "max_binpacking_time",
    "scale_down_simulation_timeout",
)
"""Fields of a policy that no rule here reads: they matter where they are not at their defaults."""


DRAINED = "pods of nodes that are being drained"
"""The autoscaler looks for room for them while they still run; here they count once they wait."""


def of(policy: Policy, snapshot: Snapshot) -> list[str]:
    """Names of plugins, `expander NAME`, flags, and what happens just now."""
    draining = any(readiness.being_deleted(node, snapshot.as_of) for node in snapshot.nodes.values())
    return [*NOT_EVALUATED, *chosen(policy), *([DRAINED] if draining else [])]


def chosen(policy: Policy) -> list[str]:
    """Only what somebody has switched on."""
    defaults = {one.name: one.default for one in fields(Policy)}
    changed = [name for name in SETTINGS if getattr(policy, name) != defaults[name]]
    return [
        *(f"expander {name}" for name in policy.expanders if name not in EVALUATED),
        *(name.replace("_", "-") for name in changed),
    ]
