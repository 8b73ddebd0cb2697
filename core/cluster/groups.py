"""Scaling group <-> node pool <-> nodes: which belong together, and how that is known. A pure function of a snapshot.
What a group's new node looks like is in group_template, what is wrong with a group in group_health."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.cluster import group_health, group_template
from core.cluster.cloud import Instance, NodePool, ScalingActivity, ScalingConfiguration, ScalingGroup, ScalingInstance
from core.cluster.group import ACK, ESS, Group, Link, Member
from core.cluster.snapshot import Snapshot
from core.kube.node import Node
from core.kube.own_kinds import NodeGroup

CLUSTER_TAG = "ack.aliyun.com"
POOL_TAG = "ack.alibabacloud.com/nodepool-id"
GROUP_TAG = "acs:autoscaling:scalingGroupId"
AUTOSCALER_TAG = "k8s.io/cluster-autoscaler"
META = "kube-system/autoscaler-meta"


@dataclass
class Facts:
    """A snapshot's cloud tables, indexed once for all groups."""

    snapshot: Snapshot
    autoscaled: Mapping[str, str] = field(default_factory=dict)
    """Group id -> evidence, as the autoscaler's own flags name the groups it drives."""

    @cached_property
    def cluster_id(self) -> str:
        """The ACK cluster that the nodes say they are in; empty when they don't."""
        return next((found for node in self.snapshot.nodes.values() if (found := node.labels.get(CLUSTER_TAG))), "")

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Instance id -> node."""
        return {node.instance_id: node for node in self.snapshot.nodes.values() if node.instance_id}

    @cached_property
    def pool_nodes(self) -> dict[str, list[Node]]:
        """Pool id -> the nodes that carry its label."""
        found: dict[str, list[Node]] = defaultdict(list)
        for node in self.snapshot.nodes.values():
            if node.pool and not node.virtual:
                found[node.pool].append(node)
        return found

    @cached_property
    def members(self) -> dict[str, list[ScalingInstance]]:
        return self._by_group("ScalingInstance")

    @cached_property
    def tagged(self) -> dict[str, list[Instance]]:
        """Group id -> the machines that ESS has tagged with it."""
        found: dict[str, list[Instance]] = defaultdict(list)
        for machine in self.snapshot.table("Instance").values():
            if group := machine.tags.get(GROUP_TAG):
                found[group].append(machine)
        return found

    @cached_property
    def security_groups(self) -> dict[str, frozenset[str]]:
        """VPC -> the security groups of the cluster's machines."""
        found: dict[str, set[str]] = defaultdict(set)
        for machine in self.snapshot.table("Instance").values():
            if machine.id in self.nodes:
                found[machine.vpc].update(machine.security_groups)
        return {vpc: frozenset(groups) for vpc, groups in found.items() if vpc}

    @cached_property
    def pools(self) -> dict[str, NodePool]:
        """Group id -> the pool that the ACK API says owns it."""
        pools: Iterable[NodePool] = self.snapshot.table("NodePool").values()
        return {pool.group_id: pool for pool in pools if pool.group_id}

    @cached_property
    def activities(self) -> dict[str, list[ScalingActivity]]:
        found: dict[str, list[ScalingActivity]] = self._by_group("ScalingActivity")
        for activities in found.values():
            activities.sort(key=lambda activity: activity.started or 0, reverse=True)
        return found

    @cached_property
    def meta(self) -> frozenset[str]:
        """Ids of the groups that ACK's autoscaler was set up with."""
        config = self.snapshot.table("ConfigMap").get(META)
        try:
            content = json.loads(config.data.get("autoscaler-meta", "{}")) if config is not None else {}
        except (ValueError, RecursionError):
            return frozenset()
        listed = content.get("scaling_configurations") if isinstance(content, dict) else None
        return frozenset(listed) if isinstance(listed, dict) else frozenset()

    @cached_property
    def movers(self) -> dict[str, dict[str, list[Any]]]:
        """Kind -> group id -> the rules, alarms and hooks of the group."""
        return {kind: self._by_group(kind) for kind in ("ScalingRule", "Alarm", "LifecycleHook")}

    @cached_property
    def tasks(self) -> dict[str, list[Any]]:
        """Group id -> scheduled tasks; one that runs a rule belongs to the rule's group."""
        of_rule = {rule.ari: rule.group_id for rule in self.snapshot.table("ScalingRule").values()}
        found: dict[str, list[Any]] = defaultdict(list)
        for task in self.snapshot.table("ScheduledTask").values():
            found[task.group_id or of_rule.get(task.action, "")].append(task)
        return found

    def configuration(self, group: ScalingGroup) -> ScalingConfiguration | None:
        """The configuration that the group makes new machines from."""
        return self.snapshot.table("ScalingConfiguration").get(group.configuration_id)

    def _by_group(self, kind: str) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = defaultdict(list)
        for item in self.snapshot.table(kind).values():
            found[item.group_id].append(item)
        return found


def assemble(snapshot: Snapshot, autoscaled: Mapping[str, str] | None = None) -> tuple[Group, ...]:
    """The groups of this cluster, in the order of ESS, then pools whose group can't be seen."""
    facts = Facts(snapshot, autoscaled or {})
    found = [_group(facts, scaling, links) for scaling, links in _related(facts)]
    seen = {group.id for group in found}
    pools: Iterable[NodePool] = snapshot.table("NodePool").values()
    found += [_pool_alone(facts, pool) for pool in pools if (pool.group_id or pool.id) not in seen]
    return tuple(found)


def _related(facts: Facts) -> list[tuple[ScalingGroup, tuple[Link, ...]]]:
    groups: Iterable[ScalingGroup] = facts.snapshot.table("ScalingGroup").values()
    return [(group, links) for group in groups if (links := tuple(links_of(facts, group)))]


def links_of(facts: Facts, group: ScalingGroup) -> list[Link]:
    """What ties a group to this cluster, the surest first; empty when nothing does."""
    links: list[Link] = []
    if (pool := facts.pools.get(group.id)) is not None:
        links.append(Link("pool", pool.id, "the ACK API says so (DescribeClusterNodePools)"))
    links += _tag_links(facts, group)
    if group.id in facts.meta:
        links.append(Link("cluster", facts.cluster_id, f"ConfigMap {META} lists it"))
    if group.id in facts.autoscaled:
        links.append(Link("cluster", facts.cluster_id, facts.autoscaled[group.id]))
    joined = [facts.nodes[m.instance_id] for m in facts.members.get(group.id, ()) if m.instance_id in facts.nodes]
    if joined:
        links.append(Link("node", joined[0].name, f"{len(joined)} of its machines are nodes, by their provider IDs"))
        if joined[0].pool:
            links.append(Link("pool", joined[0].pool, f"label of node {joined[0].name}"))
    return links or _likely_link(facts, group)


def _likely_link(facts: Facts, group: ScalingGroup) -> list[Link]:
    """A group without machines has little to show. If its next machine would stand among the cluster's, behind the same
    security group, and would join a cluster by itself, it is this cluster's, unless a tag says another's."""
    configuration = facts.configuration(group)
    if configuration is None or not configuration.user_data.joins:
        return []
    shared = facts.security_groups.get(group.vpc, frozenset()).intersection(configuration.security_groups)
    if not shared or any(tags.get(CLUSTER_TAG) for tags in (group.tags, configuration.tags)):
        return []
    because = f"its userdata joins a cluster, in security group {min(shared)} like the nodes"
    return [Link("cluster", facts.cluster_id, because)]


def _tag_links(facts: Facts, group: ScalingGroup) -> list[Link]:
    """Links by tags of the group, of its configuration and of its machines; another cluster's tags are none."""
    configuration = facts.configuration(group)
    machine = next(iter(facts.tagged.get(group.id, ())), None)
    sources = [
        (group.tags, "tag of the scaling group"),
        (configuration.tags if configuration else {}, "tag of its scaling configuration"),
        (machine.tags if machine else {}, f"tag of its machine {machine.id if machine else ''}"),
    ]
    links = []
    for tags, because in sources:
        cluster = tags.get(CLUSTER_TAG, "")
        if cluster and cluster == facts.cluster_id:
            links.append(Link("cluster", cluster, f"{because}: {CLUSTER_TAG}"))
            if pool := tags.get(POOL_TAG):
                links.append(Link("pool", pool, f"{because}: {POOL_TAG}"))
    if machine is not None and machine.id in facts.nodes:
        links.append(Link("node", facts.nodes[machine.id].name, f"tag of its machine: {GROUP_TAG}"))
    return links


def _group(facts: Facts, scaling: ScalingGroup, links: tuple[Link, ...]) -> Group:
    pool = facts.pools.get(scaling.id)
    pool_id = next((link.name for link in links if link.what == "pool"), "")
    configuration = facts.configuration(scaling)
    autoscaling, because = _autoscaling(facts, scaling, configuration, pool)
    members = members_of(facts, scaling.id, pool_id)
    group = Group(
        id=scaling.id,
        name=(pool.name if pool else "") or scaling.name,
        pool_id=pool_id,
        managed_by=ACK if pool_id else ESS,
        autoscaling=autoscaling,
        autoscaling_because=because,
        min_size=scaling.min_size,
        max_size=scaling.max_size,
        scaling=scaling,
        configuration=configuration,
        pool=pool,
        members=members,
        links=links,
        template=group_template.template(facts.snapshot, scaling, configuration, pool, pool_id, members),
        rules=tuple(facts.movers["ScalingRule"].get(scaling.id, ())),
        tasks=tuple(facts.tasks.get(scaling.id, ())),
        alarms=tuple(facts.movers["Alarm"].get(scaling.id, ())),
        hooks=tuple(facts.movers["LifecycleHook"].get(scaling.id, ())),
        activities=tuple(facts.activities.get(scaling.id, ())),
    )
    return group_health.examined(group, facts.snapshot)


def _pool_alone(facts: Facts, pool: NodePool) -> Group:
    """A pool whose scaling group can't be seen: ESS may not be read, or somebody has deleted it."""
    members = members_of(facts, pool.group_id, pool.id)
    group = Group(
        id=pool.group_id or pool.id,
        name=pool.name,
        pool_id=pool.id,
        managed_by=ACK,
        autoscaling=bool(pool.autoscaling),
        autoscaling_because="setting auto_scaling.enable of the node pool",
        min_size=pool.min_size,
        max_size=pool.max_size,
        scaling=None,
        configuration=None,
        pool=pool,
        members=members,
        links=(Link("pool", pool.id, "the ACK API says so (DescribeClusterNodePools)"),),
        template=group_template.template(facts.snapshot, None, None, pool, pool.id, members),
    )
    return group_health.examined(group, facts.snapshot)


def members_of(facts: Facts, group_id: str, pool_id: str) -> tuple[Member, ...]:
    """The group's machines: as ESS lists them, as they are tagged, or as their nodes are labelled."""
    found: dict[str, Member] = {}
    for scaling in facts.members.get(group_id, ()):
        node = facts.nodes.get(scaling.instance_id)
        found[scaling.instance_id] = Member(scaling.instance_id, node.name if node else "", scaling, "ESS lists it")
    if not found:
        for machine in facts.tagged.get(group_id, ()):
            node = facts.nodes.get(machine.id)
            found[machine.id] = Member(machine.id, node.name if node else "", because=f"tag {GROUP_TAG}")
    for node in facts.pool_nodes.get(pool_id, ()) if pool_id else ():
        key = node.instance_id or node.name
        found.setdefault(key, Member(node.instance_id, node.name, because="label of the node names the pool"))
    return tuple(found.values())


def _autoscaling(
    facts: Facts, group: ScalingGroup, configuration: ScalingConfiguration | None, pool: NodePool | None
) -> tuple[bool, str]:
    """Whether an autoscaler may grow and shrink the group, and how that is known."""
    if pool is not None and pool.autoscaling is not None:
        return pool.autoscaling, "setting auto_scaling.enable of the node pool"
    if group.id in facts.autoscaled:
        return True, facts.autoscaled[group.id]
    if group.id in facts.meta:
        return True, f"ConfigMap {META} lists it"
    for tags, where in ((group.tags, "scaling group"), (configuration.tags if configuration else {}, "configuration")):
        if tags.get(AUTOSCALER_TAG) == "true":
            return True, f"tag {AUTOSCALER_TAG}=true of the {where}"
    return False, "nothing says that an autoscaler drives it"


def node_group(group: Group) -> NodeGroup | None:
    """What the planner needs of a group; None when its limits aren't known, because no verdict may rest on a guess."""
    low, high = group.min_size, group.max_size
    if low is None or high is None:
        if group.autoscaling or group.desired is None:
            return None
        low, high = 0, group.desired
    return NodeGroup(
        id=group.id,
        display_name=group.name,
        pool=group.pool_id,
        managed_by=group.managed_by,
        autoscaling=group.autoscaling,
        min_size=low,
        max_size=high,
        desired_size=group.desired,
        nodes=group.nodes if group.members or not group.pool_id else None,
        templates=group.template.nodes,
        options={},
    )
