"""The node that a group would add, and where each part of it is known from: size learned from a real node of the same
machine type, or estimated; labels and taints from the pool, from tags and from userdata."""

import re
from collections.abc import Iterable, Mapping

from core.cluster.cloud import InstanceType, NodePool, ScalingConfiguration, ScalingGroup
from core.cluster.group import Known, Member, Template
from core.cluster.snapshot import Snapshot
from core.kube.interning import Shared
from core.kube.node import Node
from core.kube.taints import Taint

LABEL_TAG = "k8s.io/cluster-autoscaler/node-template/label/"
TAINT_TAG = "k8s.io/cluster-autoscaler/node-template/taint/"
PODS = 110
"""Pods a node, where no real one tells: what upstream's alicloud provider assumes (cloudprovider/alicloud)."""
GIB = 2**30
_TAINT_VALUE = re.compile(r"([\w./-]*):(NoSchedule|NoExecute|PreferNoSchedule)\Z")

Sizes = tuple[dict[str, int], dict[str, int], str]
"""Capacity, allocatable, and where they are known from."""


def template(
    snapshot: Snapshot,
    group: ScalingGroup | None,
    configuration: ScalingConfiguration | None,
    pool: NodePool | None,
    pool_id: str,
    members: Iterable[Member],
) -> Template:
    """The template of one group."""
    own = [node for member in members if (node := snapshot.nodes.get(member.node)) is not None]
    types, types_from = _types(configuration, pool, own)
    zones, zones_from = _zones(members, own)
    charge, spot, charge_from = _charge(snapshot, configuration, pool, own)
    labels, labels_from = _labels(configuration, pool, pool_id)
    taints, taints_from = _taints(configuration, pool)
    known = [_sized(snapshot, kind, configuration, own) for kind in types]
    parts = [
        Known("instance types", ", ".join(types), types_from),
        Known("zones", ", ".join(zones), zones_from),
        Known("charge", charge if spot in ("", "NoSpot") else f"{charge}, spot {spot}", charge_from),
        Known("labels", ", ".join(f"{key}={value}" for key, value in labels.items()), labels_from),
        Known("taints", ", ".join(map(_taint_text, taints)), taints_from),
        *(Known(f"size of {kind}", _size_text(sizes), sizes[2]) for kind, sizes in zip(types, known, strict=True)),
    ]
    region = next((node.region for node in own if node.region), "")
    common = {**_standard(region, zones, charge, spot, pool_id), **labels}
    nodes = tuple(
        _node(group.id if group else pool_id, kind, sizes, common, taints)
        for kind, sizes in zip(types, known, strict=True)
        if sizes[0]
    )
    return Template(nodes, types, zones, charge, spot, labels, taints, tuple(part for part in parts if part.source))


def _types(
    configuration: ScalingConfiguration | None, pool: NodePool | None, own: list[Node]
) -> tuple[tuple[str, ...], str]:
    if configuration is not None and configuration.instance_types:
        return configuration.instance_types, f"scaling configuration {configuration.id}"
    if pool is not None and pool.instance_types:
        return pool.instance_types, f"node pool {pool.id}"
    seen = tuple(dict.fromkeys(node.instance_type for node in own if node.instance_type))
    return seen, "its nodes" if seen else ""


def _zones(members: Iterable[Member], own: list[Node]) -> tuple[tuple[str, ...], str]:
    told = {member.scaling.zone for member in members if member.scaling is not None and member.scaling.zone}
    if told:
        return tuple(sorted(told)), "its machines, as ESS lists them"
    seen = {node.zone for node in own if node.zone}
    return tuple(sorted(seen)), "its nodes" if seen else ""


def _charge(
    snapshot: Snapshot, configuration: ScalingConfiguration | None, pool: NodePool | None, own: list[Node]
) -> tuple[str, str, str]:
    """Charge type, spot strategy, source. ESS itself buys pay-as-you-go machines only."""
    if pool is not None and pool.charge_type:
        return pool.charge_type, pool.spot_strategy or "NoSpot", f"node pool {pool.id}"
    if configuration is not None:
        return "PostPaid", configuration.spot_strategy, f"scaling configuration {configuration.id}"
    seen = next((node for node in own if node.charge_type), None)
    if seen is None:
        return "", "", ""
    return seen.charge_type, seen.labels.get("node.alibabacloud.com/spot-strategy", ""), f"label of node {seen.name}"


def _labels(
    configuration: ScalingConfiguration | None, pool: NodePool | None, pool_id: str
) -> tuple[dict[str, str], str]:
    told: list[tuple[Mapping[str, str], str]] = []
    if configuration is not None:
        told.append((configuration.user_data.labels, "userdata"))
        told.append((_tagged(configuration.tags, LABEL_TAG), f"tags {LABEL_TAG}* of {configuration.id}"))
    if pool is not None:
        told.append((pool.labels, f"node pool {pool_id}"))
    return {key: value for labels, _ in told for key, value in labels.items()}, _sources(told)


def _taints(configuration: ScalingConfiguration | None, pool: NodePool | None) -> tuple[tuple[Taint, ...], str]:
    told: list[tuple[tuple[Taint, ...], str]] = []
    if pool is not None:
        told.append((pool.taints, f"node pool {pool.id}"))
    if configuration is not None:
        tags = _tagged(configuration.tags, TAINT_TAG)
        found = tuple(taint for key, value in tags.items() if (taint := tag_taint(key, value)) is not None)
        told.append((found, f"tags {TAINT_TAG}* of {configuration.id}"))
        written = (
            tag_taint(*text.partition("=")[::2]) if "=" in text else _bare(text)
            for text in configuration.user_data.taints
        )
        told.append((tuple(taint for taint in written if taint is not None), "userdata"))
    return tuple(dict.fromkeys(taint for taints, _ in told for taint in taints)), _sources(told)


def _sources(told: Iterable[tuple[Mapping[str, str] | tuple[Taint, ...], str]]) -> str:
    return ", ".join(source for found, source in told if found)


def _tagged(tags: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)}


def tag_taint(key: str, value: str) -> Taint | None:
    """A taint of a tag: `key` -> `value:Effect` as upstream writes it, or `key/value` -> `Effect` as ACK does."""
    if (match := _TAINT_VALUE.match(value)) is not None:
        return Taint(key, match[2], match[1])
    if value in ("NoSchedule", "NoExecute", "PreferNoSchedule"):
        name, _, of = key.rpartition("/") if key.count("/") != 0 else (key, "", "")
        return Taint(name, value, of)
    return None


def _bare(text: str) -> Taint | None:
    """`key:Effect`."""
    key, _, effect = text.rpartition(":")
    return Taint(key, effect) if key else None


def _taint_text(taint: Taint) -> str:
    return f"{taint.key}{f'={taint.value}' if taint.value else ''}:{taint.effect}"


def _sized(snapshot: Snapshot, kind: str, configuration: ScalingConfiguration | None, own: list[Node]) -> Sizes:
    """Sizes of one machine type: of the group's own node, of another node of this type, or estimated."""
    for nodes, where in ((own, "node"), (snapshot.nodes.values(), "node outside the group")):
        node = _model(nodes, kind)
        if node is not None:
            return node.capacity, node.allocatable, f"learned from {where} {node.name}"
    told: InstanceType | None = snapshot.table("InstanceType").get(kind)
    if told is not None:
        capacity = _capacity(told.cpu, told.memory, told.gpus)
        return capacity, estimated(capacity), f"estimated from ECS: {told.cpu} vCPU, {told.memory:g} GiB"
    only = configuration is not None and configuration.instance_types == (kind,)
    if only and configuration is not None and configuration.cpu and configuration.memory:
        capacity = _capacity(configuration.cpu, configuration.memory, 0)
        return capacity, estimated(capacity), f"estimated from scaling configuration {configuration.id}"
    return {}, {}, "not known: no node of this type, and ECS was not read"


def _model(nodes: Iterable[Node], kind: str) -> Node | None:
    """The youngest Ready node of a machine type."""
    fit = [
        node for node in nodes if node.instance_type == kind and node.ready and not node.virtual and node.allocatable
    ]
    return max(fit, key=lambda node: node.created or 0, default=None)


def _capacity(cpu: int, memory: float, gpus: int) -> dict[str, int]:
    sizes = {"cpu": cpu * 1000, "memory": int(memory * GIB), "pods": PODS}
    return {**sizes, "nvidia.com/gpu": gpus} if gpus else sizes


def estimated(capacity: Mapping[str, int]) -> dict[str, int]:
    """Allocatable: capacity less what ACK reserves by its resource reservation policy, and 100 MiB for eviction.

    Memory: 11 MiB for each pod and 255 MiB, a quarter at most. CPU: 6 % of the first core, 1 % of the second, 0.5 % of
    two more, 0.25 % of the rest."""
    cores = capacity["cpu"] / 1000
    cpu = 60 * min(cores, 1) + 10 * min(max(cores - 1, 0), 1) + 5 * min(max(cores - 2, 0), 2) + 2.5 * max(cores - 4, 0)
    memory = min((11 * capacity["pods"] + 255) * 2**20, capacity["memory"] // 4) + 100 * 2**20
    return {**capacity, "cpu": int(capacity["cpu"] - cpu), "memory": capacity["memory"] - memory}


def _size_text(sizes: Sizes) -> str:
    allocatable = sizes[1]
    if not allocatable:
        return "-"
    gpus = allocatable.get("nvidia.com/gpu", 0)
    text = f"{allocatable.get('cpu', 0) / 1000:g} cpu, {allocatable.get('memory', 0) / GIB:.1f} Gi"
    return f"{text}, {allocatable.get('pods', 0)} pods{f', {gpus} gpu' if gpus else ''} allocatable"


def _standard(region: str, zones: tuple[str, ...], charge: str, spot: str, pool_id: str) -> dict[str, str]:
    """The labels that every node of the group gets by itself. Several zones: the first is where ESS would begin."""
    labels = {
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zones[0] if zones else "",
        "node.alibabacloud.com/instance-charge-type": charge,
        "node.alibabacloud.com/spot-strategy": "" if spot == "NoSpot" else spot,
        "alibabacloud.com/nodepool-id": pool_id,
        "kubernetes.io/os": "linux",
    }
    return {key: value for key, value in labels.items() if value}


def _node(group: str, kind: str, sizes: Sizes, labels: Mapping[str, str], taints: tuple[Taint, ...]) -> Node:
    name = f"template-node-for-{group}-{kind}"
    own = {"kubernetes.io/hostname": name, "node.kubernetes.io/instance-type": kind}
    return Node(
        name=name,
        uid="",
        labels=Shared({**own, **labels}),
        annotations={},
        created=None,
        deletion=None,
        provider_id="",
        unschedulable=False,
        taints=taints,
        allocatable=sizes[1],
        capacity=sizes[0],
        conditions=(),
        addresses=(),
        kubelet_version="",
        os_image="",
        kernel_version="",
        container_runtime="",
        architecture="",
    )
