"""Every setting of the autoscaler once: name, form, default and flag; and the policy that holds their values. Names are
the flags' (config/flags of the Cluster Autoscaler) with underscores. Where values come from is in discovery."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from core.errors import InputError
from core.kube.own_kinds import NodeGroup
from core.policy import values
from core.policy.rule_set import RuleSet
from core.policy.values import (
    DURATION,
    GPU_LIMITS,
    GROUP_SIZES,
    INTEGER,
    MOMENT,
    NUMBER,
    OPTIONAL_DURATION,
    RANGE,
    SWITCH,
    TEXT,
    TEXTS,
    GpuLimit,
    GroupSize,
    Kind,
    Range,
    one_of,
)

BY_DEFAULT = "default"
_CORES, _MEMORY = Range(0, 320_000), Range(0, 6_400_000)


def _setting(default: Any, kind: Kind, *other_names: str, group: bool = False, flag: bool = True) -> Any:
    """A setting. `group`: a group may override it. `flag`: the autoscaler has it (else it is ours)."""
    return field(
        default=Range(*default) if kind is RANGE else default,
        metadata={"kind": kind, "names": other_names, "group": group, "flag": flag},
    )


@dataclass(frozen=True)
class Policy:
    """The settings to judge by. Durations in seconds; `sources` says where a value that is no default came from."""

    rule_set: RuleSet = field(default_factory=RuleSet)
    sources: Mapping[str, str] = field(default_factory=dict)
    """Field name -> source."""
    unread: tuple[str, ...] = ()
    """One line for each setting that was found and not understood."""

    # scale-out
    expander: str = _setting("least-waste", TEXT)
    priority_config: str = _setting("", TEXT, flag=False)
    max_nodes_total: int = _setting(0, INTEGER)
    cores_total: Range = _setting(_CORES, RANGE)  # noqa: RUF009
    memory_total: Range = _setting(_MEMORY, RANGE)  # noqa: RUF009
    """GiB."""
    gpu_total: tuple[GpuLimit, ...] = _setting((), GPU_LIMITS)
    nodes: tuple[GroupSize, ...] = _setting((), GROUP_SIZES)
    """The sizes that the autoscaler itself was given for its groups."""
    scale_up_from_zero: bool = _setting(True, SWITCH)
    balance_similar_node_groups: bool = _setting(False, SWITCH)
    balancing_ignore_label: tuple[str, ...] = _setting((), TEXTS)
    balancing_label: tuple[str, ...] = _setting((), TEXTS)
    memory_difference_ratio: float = _setting(0.015, NUMBER)
    max_free_difference_ratio: float = _setting(0.05, NUMBER)
    max_allocatable_difference_ratio: float = _setting(0.05, NUMBER)
    max_nodes_per_scaleup: int = _setting(1000, INTEGER)
    max_nodegroup_binpacking_duration: float = _setting(10.0, DURATION)
    max_binpacking_time: float = _setting(300.0, DURATION)
    new_pod_scale_up_delay: float = _setting(0.0, DURATION)
    expendable_pods_priority_cutoff: int = _setting(-10, INTEGER)
    bypassed_scheduler_names: tuple[str, ...] = _setting((), TEXTS)
    allowed_scheduler_names: tuple[str, ...] = _setting((), TEXTS)
    force_ds: bool = _setting(False, SWITCH)
    scale_from_unschedulable: bool = _setting(False, SWITCH)
    fastpath_binpacking_enabled: bool = _setting(False, SWITCH)
    ignore_taint: tuple[str, ...] = _setting((), TEXTS)
    startup_taint: tuple[str, ...] = _setting((), TEXTS)
    status_taint: tuple[str, ...] = _setting((), TEXTS)
    scheduler_config_file: str = _setting("", TEXT)
    max_node_provision_time: float = _setting(900.0, DURATION, group=True)
    max_node_startup_time: float = _setting(900.0, DURATION, group=True)
    ok_total_unready_count: int = _setting(3, INTEGER)
    max_total_unready_percentage: float = _setting(45.0, NUMBER)
    initial_node_group_backoff_duration: float = _setting(300.0, DURATION)
    max_node_group_backoff_duration: float = _setting(1800.0, DURATION)
    node_group_backoff_reset_timeout: float = _setting(10_800.0, DURATION)
    enforce_node_group_min_size: bool = _setting(False, SWITCH)

    # scale-in
    scale_down_enabled: bool = _setting(True, SWITCH)
    scale_down_utilization_threshold: float = _setting(0.5, NUMBER, group=True)
    scale_down_gpu_utilization_threshold: float = _setting(0.5, NUMBER, group=True)
    scale_down_unneeded_time: float = _setting(600.0, DURATION, group=True)
    scale_down_unready_time: float = _setting(1200.0, DURATION, group=True)
    scale_down_unready_enabled: bool = _setting(True, SWITCH)
    scale_down_delay_after_add: float = _setting(600.0, DURATION)
    scale_down_delay_after_delete: float = _setting(0.0, DURATION)
    scale_down_delay_after_failure: float = _setting(180.0, DURATION)
    scale_down_delay_type_local: bool = _setting(False, SWITCH)
    skip_nodes_with_system_pods: bool = _setting(True, SWITCH)
    skip_nodes_with_local_storage: bool = _setting(True, SWITCH)
    skip_nodes_with_custom_controller_pods: bool = _setting(True, SWITCH)
    blocking_system_pod_disruption_timeout: float | None = _setting(
        3600.0, OPTIONAL_DURATION, "blocking-system-pod-distruption-timeout"
    )
    """None: a kube-system pod without a budget blocks for ever."""
    min_replica_count: int = _setting(0, INTEGER)
    ignore_daemonsets_utilization: bool = _setting(False, SWITCH, "ignoreDaemonSetsUtilization", group=True)
    ignore_mirror_pods_utilization: bool = _setting(False, SWITCH)
    max_scale_down_parallelism: int = _setting(10, INTEGER, "max-empty-bulk-delete")
    max_drain_parallelism: int = _setting(1, INTEGER)
    max_graceful_termination_sec: int = _setting(600, INTEGER)
    max_pod_eviction_time: float = _setting(120.0, DURATION)
    unremovable_node_recheck_timeout: float = _setting(300.0, DURATION)
    scale_down_simulation_timeout: float = _setting(30.0, DURATION)
    scan_interval: float = _setting(10.0, DURATION)
    zero_or_max_node_scaling: bool = _setting(False, SWITCH, group=True, flag=False)
    """The group is only grown and shrunk as a whole."""

    # our own
    template_source: str = _setting("auto", one_of("auto", "template"), flag=False)
    now: float | None = _setting(None, MOMENT, flag=False)
    assume_complete: bool = _setting(False, SWITCH, flag=False)
    assume_unschedulable: bool = _setting(False, SWITCH, flag=False)
    assume_ready: bool = _setting(False, SWITCH, flag=False)
    assume_unneeded_long_enough: bool = _setting(False, SWITCH, flag=False)
    synthesize_owners: bool = _setting(False, SWITCH, flag=False)
    scale_down_with_packed_pods: bool = _setting(True, SWITCH, flag=False)

    @property
    def expanders(self) -> tuple[str, ...]:
        """The chain of expanders, in order."""
        return tuple(name.strip() for name in self.expander.split(","))

    def source(self, name: str) -> str:
        """Where the value of a field came from."""
        return self.sources.get(name, BY_DEFAULT)

    def per_group(self, group: NodeGroup) -> "Policy":
        """The settings as they hold for one group. Raises InputError for an unreadable override."""
        where = f"NodeGroup {group.id} options"
        return override(self, group.options, where, where, of_group=True) if group.options else self

    def described(self) -> dict[str, dict[str, Any]]:
        """Every setting as `{"value", "source"}`, spelled as in an AutoscalerPolicy; durations as Go writes them."""
        return {
            name.key: {"value": name.kind.show(getattr(self, name.field)), "source": self.source(name.field)}
            for name in NAMES
        }


@dataclass(frozen=True, slots=True)
class Name:
    """What one setting is called: its field, its key in an AutoscalerPolicy, and the other spellings."""

    field: str
    key: str
    kind: Kind
    spellings: frozenset[str]
    of_group: bool
    flag: bool


def _plain(name: str) -> str:
    """A spelling without what spellings differ in: `scaleDownUnneededTime`, `--scale-down-unneeded-time`, and so on."""
    return re.sub(r"[-_]", "", name).lower()


def _names() -> Iterator[Name]:
    for one in fields(Policy):
        if "kind" in one.metadata:
            others: tuple[str, ...] = one.metadata["names"]
            first, *rest = one.name.split("_")
            camel = next((name for name in others if "-" not in name), first + "".join(map(str.capitalize, rest)))
            spellings = frozenset(map(_plain, (one.name, *others)))
            yield Name(one.name, camel, one.metadata["kind"], spellings, one.metadata["group"], one.metadata["flag"])


NAMES: tuple[Name, ...] = tuple(_names())
_BY_SPELLING: dict[str, Name] = {spelling: name for name in NAMES for spelling in name.spellings}


def name_of(spelling: str) -> Name | None:
    """The setting behind a key, a flag or a group option; None when there is none."""
    return _BY_SPELLING.get(_plain(spelling))


def override(
    policy: Policy, raw: Mapping[str, Any], source: str, where: str, *, of_group: bool = False, lenient: bool = False
) -> Policy:
    """`policy` with the values of `raw`. An unknown key is noted in `unread`.

    Raises InputError for an unreadable value; when `lenient` (somebody else's configuration) it is noted instead."""
    changed: dict[str, Any] = {}
    unread: list[str] = []
    for key, text in raw.items():
        name = name_of(str(key))
        if name is None or (of_group and not name.of_group):
            unread.append(f"{where}: {str(key)[:60]} is not a setting known here")
            continue
        try:
            changed[name.field] = values.read(name.kind, name.key, text, where)
        except InputError as error:
            if not lenient:
                raise
            unread.append(str(error))
    sources = {**policy.sources, **dict.fromkeys(changed, source)}
    return replace(policy, **changed, sources=sources, unread=(*policy.unread, *unread))
