"""How a node came to be, with its evidence: autoscaled, expanded, attached (automatically or by hand), external,
virtual, or honestly unknown. The one place for it. A removal goes out through the door that the node came in by."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from core.cluster.cloud import ClusterNode, Instance, ScalingActivity, ScalingInstance
from core.cluster.user_data import UserData
from core.kube.node import Node


class How(StrEnum):
    """DESIGN.md §8."""

    AUTOSCALED = "autoscaled"
    EXPANDED = "expanded"
    ATTACHED_AUTO = "attached-auto"
    ATTACHED_MANUAL = "attached-manual"
    EXTERNAL = "external"
    VIRTUAL = "virtual"
    UNKNOWN = "unknown"


class Origin(msgspec.Struct, frozen=True):
    """`attached`: an existing machine was brought in, even where `how` can't say in which of the two ways."""

    how: How
    evidence: tuple[str, ...] = ()
    attached: bool = False

    @property
    def because(self) -> str:
        return "; ".join(self.evidence)


Table = Callable[[str], Mapping[str, Any]]
"""Kind -> its objects by key: `Snapshot.table` or `Store.table`."""

KINDS = ("ScalingInstance", "ScalingActivity", "ClusterNode", "Instance", "UserDataOf")
"""The tables that an origin is read from, besides the node itself."""

EXTERNAL_LABELS = ("alibabacloud.com/external", "alibabacloiud.com/external")
"""The second is misspelt in an older help page, and so in clusters that were set up after it."""
GOATSCALER_LABELS = ("goatscaler.io/managed", "goatscaler.io/provision-task-id")
AUTOSCALER_LABELS = ("k8s.aliyun.com", "k8s.io/cluster-autoscaler")
"""Every node of a group that an autoscaler drives carries them, whoever had it made: proof only together with ESS."""
ACTIVITY_MARKS = ("goatscaler.io/managed", "cluster-autoscaler/alicloud/managed")
GROUP_TAG = "acs:autoscaling:scalingGroupId"
POOL_TAG, CLUSTER_TAG = "ack.alibabacloud.com/nodepool-id", "ack.aliyun.com"


def of(node: Node, table: Table) -> Origin:
    """The origin of one node, from the surest evidence that there is (facts in the order of ACK's own conventions)."""
    if node.virtual:
        return Origin(How.VIRTUAL, ("label type=virtual-kubelet",))
    if marks := [label for label in GOATSCALER_LABELS if node.labels.get(label)]:
        return Origin(How.AUTOSCALED, (f"label {marks[0]} of the node",))
    machine = node.instance_id or node.name  # a record without an id has an empty key: never to be found
    member: ScalingInstance | None = table("ScalingInstance").get(machine)
    listed: ClusterNode | None = table("ClusterNode").get(machine) or table("ClusterNode").get(node.name)
    if member is not None and member.creation == "AutoCreated":
        return _created(node, member, table("ScalingActivity").get(member.activity_id))
    if member is not None and member.creation in ("Attached", "Managed"):
        told = f"ESS: CreationType {member.creation} in {member.group_id}"
        return _attached(node, table, told)
    if _external(node) or (listed is not None and listed.is_aliyun_node is False):
        return Origin(
            How.EXTERNAL, (_external(node) or "the ACK API: not a machine of Alibaba Cloud (is_aliyun_node)",)
        )
    if listed is not None and listed.source:
        return _by_source(node, table, listed)
    return _by_tags(node, table)


def _external(node: Node) -> str:
    label = next((label for label in EXTERNAL_LABELS if node.labels.get(label) == "true"), "")
    return f"label {label}=true" if label else ""


def _created(node: Node, member: ScalingInstance, activity: ScalingActivity | None) -> Origin:
    """ESS made the machine; the question is on whose behalf."""
    told = f"ESS: CreationType AutoCreated in {member.group_id}"
    mark = next((mark for mark in ACTIVITY_MARKS if activity is not None and mark in activity.metadata), "")
    if mark and activity is not None:
        return Origin(How.AUTOSCALED, (told, f"activity {activity.id} carries {mark}"))
    label = next((label for label in AUTOSCALER_LABELS if node.labels.get(label) == "true"), "")
    if label:
        return Origin(How.AUTOSCALED, (told, f"label {label}=true"))
    source = {"APIs": "an API call", "Cms": "an alarm", "Ess": "ESS itself"}.get(
        activity.trigger if activity else "", ""
    )
    because = f"activity {activity.id} was triggered by {source}" if activity is not None and source else ""
    return Origin(How.EXPANDED, (told, because or "no autoscaler's mark on it"))


def _attached(node: Node, table: Table, *told: str) -> Origin:
    """An existing machine was brought in. Its userdata tells whether by itself at first boot, or by somebody's hand."""
    found = table("UserDataOf").get(node.instance_id)
    if found is None or not found.user_data.readable:
        return Origin(
            How.UNKNOWN, (*told, "automatic or by hand is not known: its userdata was not read"), attached=True
        )
    data: UserData = found.user_data
    if data.joins:
        return Origin(How.ATTACHED_AUTO, (*told, f"its userdata joins by {data.join.value}"), attached=True)
    empty = "its userdata is empty" if data.empty else "its userdata holds no join command"
    return Origin(How.ATTACHED_MANUAL, (*told, empty), attached=True)


def _by_source(node: Node, table: Table, listed: ClusterNode) -> Origin:
    """No group lists the machine, but the ACK API says how it was initialised."""
    told = f"the ACK API: source {listed.source}"
    if listed.source.startswith("ess") and "attach" not in listed.source:
        return Origin(How.UNKNOWN, (told, "no scaling group that was read holds it"))
    return _attached(node, table, told)


def _by_tags(node: Node, table: Table) -> Origin:
    """Neither ESS nor the ACK API was read, or neither knows the machine."""
    machine: Instance | None = table("Instance").get(node.instance_id)
    tags = machine.tags if machine is not None else {}
    in_cluster = node.labels.get(CLUSTER_TAG) or tags.get(CLUSTER_TAG)
    if in_cluster and machine is not None and GROUP_TAG not in tags and table("ScalingInstance"):
        return _attached(node, table, "in no scaling group", "tagged as a machine of the cluster")
    weak = [f"label {label}=true" for label in AUTOSCALER_LABELS if node.labels.get(label) == "true"]
    if weak:
        return Origin(
            How.UNKNOWN, (f"{weak[0]} (an autoscaler drives its group)", "who had it made, only the cloud tells")
        )
    pool = node.pool or tags.get(POOL_TAG, "")
    return Origin(How.UNKNOWN, (f"in pool {pool}" if pool else "no mark of any kind", "only the cloud tells more"))
