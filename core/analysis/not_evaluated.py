"""What bears on decisions and is not evaluated here, by name: filters of the scheduler, expanders, and settings of the
autoscaler that are switched on. What a plan can't judge because a kind couldn't be read is in its verdicts."""

from dataclasses import fields

from core.analysis.pending.expanders import EVALUATED
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


def of(policy: Policy) -> list[str]:
    """Names of plugins, `expander NAME`, and flags."""
    return [*NOT_EVALUATED, *chosen(policy)]


def chosen(policy: Policy) -> list[str]:
    """Only what somebody has switched on."""
    defaults = {one.name: one.default for one in fields(Policy)}
    changed = [name for name in SETTINGS if getattr(policy, name) != defaults[name]]
    return [
        *(f"expander {name}" for name in policy.expanders if name not in EVALUATED),
        *(name.replace("_", "-") for name in changed),
    ]
