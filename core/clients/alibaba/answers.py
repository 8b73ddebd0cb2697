"""Answers to records: lists unwrapped, tags as maps, userdata classified on the spot. One hostile item never takes its
page along. The records are in core/cluster/cloud."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from core.clients.alibaba.errors import WrongAnswer
from core.cluster.user_data import classify
from core.errors import one_line
from core.kube.taints import Taint

T = TypeVar("T")
Json = dict[str, Any]

_WRAPPED = {
    "IpAddress", "Instance", "InstanceType", "Tag", "LockReason", "SecurityGroupId", "ScalingConfiguration",
    "ScalingInstance", "ScalingRule", "ScheduledTask", "Alarm", "AlarmAction", "LifecycleHook", "LifecycleAction",
    "ScalingGroup", "ScalingActivity", "SuspendedProcess", "RemovalPolicy", "VSwitchId", "VSwitch", "InvocationResult",
    "InstanceCloudAssistantStatus", "AvailableZone", "AvailableResource", "SupportedResource",
}  # fmt: skip
"""Inner names of the older APIs' lists: `{"Tags": {"Tag": [...]}}`."""


class Items(msgspec.Struct, Generic[T], frozen=True):
    """What could be read, and a line for each item that could not."""

    items: tuple[T, ...] = ()
    problems: tuple[str, ...] = ()


def flat(value: Any) -> Any:
    """The newer shape of an answer of either shape; nulls left out, which all fields have defaults for."""
    if isinstance(value, list):
        return [flat(item) for item in value if item is not None]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        name, inner = next(iter(value.items()))
        if name in _WRAPPED and isinstance(inner, list):
            return flat(inner)
    return {key: flat(item) for key, item in value.items() if item is not None}


def rows(body: Any, name: str, product: str, action: str) -> list[Json]:
    """The list `name` of a (flattened) answer. Raises WrongAnswer when it isn't there: absent is not empty."""
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise WrongAnswer(product, action, f"the answer holds no list {name}")
    return found


def decoded(found: list[Any], kind: type[T], prepare: Callable[[Json], Json] = lambda row: row) -> Items[T]:
    """Each row as a record of `kind`."""
    items: list[T] = []
    problems: list[str] = []
    for row in found:
        try:
            items.append(msgspec.convert(prepare(row), kind, strict=False))
        except (msgspec.ValidationError, AttributeError, TypeError, ValueError, RecursionError) as error:
            problems.append(one_line(f"{kind.__name__} {_name(row)}: {error}"))
    return Items(tuple(items), tuple(problems))


def _name(row: Any) -> str:
    values = row.items() if isinstance(row, dict) else ()
    return next((repr(value)[:60] for key, value in values if key.lower().endswith("id")), "?")


def with_tags(row: Json) -> Json:
    """Tags as a map: they come as a list of `TagKey`/`TagValue` or `Key`/`Value`."""
    listed = row.get("Tags")
    if not isinstance(listed, list):
        return {key: value for key, value in row.items() if key != "Tags"}
    pairs = ((tag.get("TagKey", tag.get("Key")), tag.get("TagValue", tag.get("Value", ""))) for tag in listed)
    return {**row, "Tags": {str(key): str(value) for key, value in pairs if key}}


def configuration(row: Json) -> Json:
    """A scaling configuration. This is where its userdata, which carries a join token, ends."""
    types = row.get("InstanceTypes") or ([row["InstanceType"]] if row.get("InstanceType") else [])
    groups = row.get("SecurityGroupIds") or ([row["SecurityGroupId"]] if row.get("SecurityGroupId") else [])
    user_data = classify(str(row.get("UserData") or ""))
    return {**with_tags(row), "InstanceTypes": types, "SecurityGroupIds": groups, "UserData": user_data}


def instance(row: Json) -> Json:
    """An ECS instance: network and locks taken out of their boxes."""
    network = row.get("VpcAttributes")
    network = network if isinstance(network, dict) else {}
    addresses = network.get("PrivateIpAddress") or row.get("InnerIpAddress") or []
    locks = [lock.get("LockReason", "") for lock in row.get("OperationLocks") or [] if isinstance(lock, dict)]
    boxed = {"Vpc": network.get("VpcId", ""), "Vswitch": network.get("VSwitchId", "")}
    return {**with_tags(row), **boxed, "Addresses": addresses, "Locks": locks}


def pool(row: Json) -> Json:
    """A node pool: the parts of its nested answer that are kept, spelled as in NodePool."""
    info, group = _part(row, "nodepool_info"), _part(row, "scaling_group")
    config, scaling, status = _part(row, "kubernetes_config"), _part(row, "auto_scaling"), _part(row, "status")
    return {
        "id": info["nodepool_id"] if info.get("nodepool_id") else None,
        **_renamed(info, name="name", type="type", is_default="is_default"),
        **_renamed(group, group_id="scaling_group_id", desired="desired_size", instance_types="instance_types",
                   charge_type="instance_charge_type", spot_strategy="spot_strategy", scaling_policy="scaling_policy"),
        **_renamed(scaling, autoscaling="enable", min_size="min_instances", max_size="max_instances"),
        **_renamed(config, unschedulable="unschedulable"),
        **_renamed(status, state="state", total="total_nodes", healthy="healthy_nodes", failed="failed_nodes"),
        "labels": {str(label["key"]): str(label.get("value") or "") for label in config.get("labels") or ()},
        "taints": [_taint(taint) for taint in config.get("taints") or ()],
    }  # fmt: skip


def _part(row: Json, name: str) -> Json:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def _renamed(part: Mapping[str, Any], **names: str) -> Json:
    return {ours: part[theirs] for ours, theirs in names.items() if part.get(theirs) is not None}


def _taint(taint: Json) -> Taint:
    return Taint(str(taint["key"]), str(taint.get("effect") or ""), str(taint.get("value") or ""))
