"""The policy of a cluster: an AutoscalerPolicy object, the user's configuration, the running autoscaler's flags and
ConfigMaps, ACK's configuration, and defaults: the first that says something wins. The settings are in settings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.analysis import autoscaler
from core.analysis.autoscaler import Autoscaler
from core.analysis.vendors import overlay_of
from core.analysis.vendors.overlay import Overlay
from core.cluster.snapshot import Snapshot
from core.policy import ack, rule_set
from core.policy.rule_set import RuleSet
from core.policy.settings import Policy, name_of, override

RULE_SET = "ruleSet"


def discover(snapshot: Snapshot, config: Mapping[str, Any] | None = None, running: Autoscaler | None = None) -> Policy:
    """The settings to judge `snapshot` by. `config` is the user's own, spelled as in an AutoscalerPolicy; `running`
    is what `autoscaler.find` says (found here when not given).

    Raises InputError for a bad value in an AutoscalerPolicy or in `config`."""
    running = running or autoscaler.find(snapshot)
    written = _written(snapshot, config or {})
    policy = _defaults(*_rule_set(running, written))
    policy = _ack(policy, running)
    policy = _flags(policy, running)
    for where, spec in written:
        policy = override(policy, {key: text for key, text in spec.items() if key != RULE_SET}, where, where)
    return _forced(policy, overlay_of(policy.rule_set.overlay), written)


def _written(snapshot: Snapshot, config: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """What a person wrote, the weightiest last."""
    objects = snapshot.table("AutoscalerPolicy").values()
    return [("configuration", config), *((f"AutoscalerPolicy {one.key}", one.spec) for one in objects)]


def _rule_set(running: Autoscaler, written: list[tuple[str, Mapping[str, Any]]]) -> tuple[RuleSet, str]:
    for where, spec in reversed(written):
        if spec.get(RULE_SET):
            return rule_set.parse(spec[RULE_SET]), where
    if running.kind in (autoscaler.NONE, autoscaler.UNKNOWN):
        return RuleSet(), "default"
    overlay = running.kind if running.kind in rule_set.OVERLAYS else ""
    return RuleSet(rule_set.nearest(running.version), overlay), "what runs here"


def _defaults(rules: RuleSet, source: str) -> Policy:
    """The defaults of a version, with the vendor's own."""
    old = {} if rules.at_least(1, 33) else {"expander": "random", "blocking_system_pod_disruption_timeout": None}
    policy = Policy(rule_set=rules, sources={"rule_set": source}, **old)  # type: ignore[arg-type]
    vendor = overlay_of(rules.overlay)
    return override(policy, vendor.defaults, f"default of {vendor.name}", vendor.name) if vendor.defaults else policy


def _ack(policy: Policy, running: Autoscaler) -> Policy:
    where = f"ConfigMap {autoscaler.NAMESPACE}/{autoscaler.META}"
    for ours, (theirs, value) in ack.settings(running.meta).items():
        policy = override(policy, {ours: value}, f"{theirs} of {where}", where, lenient=True)
    return policy


def _flags(policy: Policy, running: Autoscaler) -> Policy:
    """Flags, and the priority expander's ConfigMap. Flags that don't bear on decisions (`v`, `logtostderr`) are no
    news."""
    known = {name: text for name, text in running.flags.items() if (found := name_of(name)) and found.flag}
    where = f"flag of {running.workload}"
    policy = override(policy, known, where, where, lenient=True)
    if running.priorities is not None:
        where = f"ConfigMap {autoscaler.PRIORITIES}"
        policy = override(policy, {"priorityConfig": running.priorities}, where, where, lenient=True)
    return policy


def _forced(policy: Policy, vendor: Overlay, written: list[tuple[str, Mapping[str, Any]]]) -> Policy:
    """What the vendor's autoscaler does whatever it is told, unless a person says otherwise here."""
    said = {name.field for _, spec in written for key in spec if (name := name_of(key))}
    forced = {key: value for key, value in vendor.forced.items() if (name := name_of(key)) and name.field not in said}
    policy = override(policy, forced, f"rule of {vendor.name}", vendor.name)
    return replace(policy, unread=tuple(dict.fromkeys(policy.unread)))
