"""Requests and answers as the SDKs write them: flattened parameters in, wrapped or flat lists out. No actions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.cloud.errors import CloudError, invalid, missing

WRAPPERS = {
    "AvailableResources": "AvailableResource",
    "AvailableZones": "AvailableZone",
    "DataDisks": "DataDisk",
    "Disks": "Disk",
    "InstanceCloudAssistantStatusSet": "InstanceCloudAssistantStatus",
    "InstanceIds": "InstanceId",
    "InstanceResponses": "InstanceResponse",
    "InstanceStatuses": "InstanceStatus",
    "InstanceSystemEventSet": "InstanceSystemEventType",
    "InstanceTypes": "InstanceType",
    "Instances": "Instance",
    "InvocationResults": "InvocationResult",
    "LifecycleActions": "LifecycleAction",
    "LifecycleHooks": "LifecycleHook",
    "NetworkInterfaces": "NetworkInterface",
    "OperationLocks": "LockReason",
    "PrivateIpAddress": "IpAddress",
    "PrivateIpSets": "PrivateIpSet",
    "PublicIpAddress": "IpAddress",
    "Regions": "Region",
    "RemovalPolicies": "RemovalPolicy",
    "ScalingActivities": "ScalingActivity",
    "ScalingConfigurations": "ScalingConfiguration",
    "ScalingGroups": "ScalingGroup",
    "ScalingInstances": "ScalingInstance",
    "ScalingRules": "ScalingRule",
    "ScheduledTasks": "ScheduledTask",
    "SecurityGroupIds": "SecurityGroupId",
    "SpotPriceLimits": "SpotPriceModel",
    "SupportedResources": "SupportedResource",
    "SuspendedProcesses": "SuspendedProcess",
    "SystemDiskCategories": "SystemDiskCategory",
    "TagResources": "TagResource",
    "Tags": "Tag",
    "VSwitchIds": "VSwitchId",
    "VSwitches": "VSwitch",
    "AlarmList": "Alarm",
    "AlarmActions": "AlarmAction",
    "Dimensions": "Dimension",
    "Alarms": "Alarm",
    "ErrorMessages": "ErrorMessage",
    "CreatedInstances": "CreatedInstance",
    "DestroyedInstances": "DestroyedInstance",
    "FailedInstanceIds": "FailedInstanceId",
    "StepAdjustments": "StepAdjustment",
    "Vpcs": "Vpc",
}
"""In the older APIs a list `Things` is an object `{"Things": {"Thing": [...]}}`."""

_RENAMED = {"SpotPriceLimits": "SpotPriceLimit"}
"""Names that differ between ESS 2022-02-22 (left) and 2014-08-28 (right)."""


def wrapped(value: Any) -> Any:
    """The 2014 shape of a flat answer."""
    if isinstance(value, list):
        return [wrapped(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {_RENAMED.get(key, key): _wrapped_field(key, item) for key, item in value.items()}


def _wrapped_field(key: str, value: Any) -> Any:
    inner = wrapped(value)
    return {WRAPPERS[key]: inner} if isinstance(value, list) and key in WRAPPERS else inner


@dataclass(frozen=True, slots=True)
class Call:
    """One request after authentication: what a handler gets."""

    product: str
    version: str
    action: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    principal: str = ""

    def text(self, name: str, default: str = "") -> str:
        return self.params.get(name, default)

    def required(self, name: str) -> str:
        value = self.params.get(name, "")
        if not value:
            raise missing(name)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Both SDKs write Python's `True` and `False`, others write `true` and `false`."""
        value = self.params.get(name)
        return default if value is None or value == "" else value.lower() == "true"

    def integer(self, name: str, default: int | None = None) -> int:
        value = self.params.get(name, "")
        if value == "" and default is not None:
            return default
        try:
            return int(self.required(name))
        except ValueError:
            raise invalid(name, "is not an integer") from None

    def optional_integer(self, name: str) -> int | None:
        return self.integer(name) if self.params.get(name, "") != "" else None

    def items(self, *names: str) -> list[str]:
        """A repeated parameter: `Name.1`, `Name.2` … under any of its names (singular in 2014, plural in 2022)."""
        found: list[tuple[int, str]] = []
        for key, value in self.params.items():
            name, _, index = key.rpartition(".")
            if name in names and index.isdigit():
                found.append((int(index), value))
        return [value for _, value in sorted(found)]

    def pairs(self, *names: str) -> list[tuple[str, str]]:
        """`Tag.1.Key`, `Tag.1.Value` … as (key, value)."""
        keys = {k.rsplit(".", 1)[0]: v for name in names for k, v in self._with(name, ".Key")}
        return [(key, self.params.get(f"{place}.Value", "")) for place, key in sorted(keys.items())]

    def json_list(self, name: str) -> list[str] | None:
        """A parameter that holds a JSON list of texts, such as ECS's InstanceIds; None when absent."""
        value = self.params.get(name, "")
        if not value:
            return None
        try:
            parsed = json.loads(value)
        except ValueError:
            raise invalid(name, "is not a JSON array") from None
        if not isinstance(parsed, list):
            raise invalid(name, "is not a JSON array")
        return [str(item) for item in parsed]

    def _with(self, name: str, end: str) -> list[tuple[str, str]]:
        return [(k, v) for k, v in self.params.items() if k.startswith(f"{name}.") and k.endswith(end)]


def numbered_page(call: Call, rows: Sequence[Any], limit: int = 50) -> tuple[dict[str, int], Sequence[Any]]:
    """PageNumber/PageSize paging: the paging fields of the answer and the rows of this page."""
    number, size = call.integer("PageNumber", 1), call.integer("PageSize", 10)
    if number < 1:
        raise invalid("PageNumber", "must be at least 1")
    if not 1 <= size <= limit:
        raise invalid("PageSize", f"must be between 1 and {limit}")
    paging = {"PageNumber": number, "PageSize": size, "TotalCount": len(rows)}
    return paging, rows[(number - 1) * size : number * size]


def token_page(call: Call, rows: Sequence[Any], smallest: int, largest: int) -> tuple[str, Sequence[Any]]:
    """NextToken/MaxResults paging: the token for the next page ("" at the end) and the rows of this page."""
    size = call.integer("MaxResults", smallest)
    if not smallest <= size <= largest:
        raise invalid("MaxResults", f"must be between {smallest} and {largest}")
    start = _offset(call.text("NextToken"))
    more = start + size < len(rows)
    return (_token(start + size) if more else ""), rows[start : start + size]


_TOKEN = "caeba0bbb2be03f84eb48b699f0a"


def _token(offset: int) -> str:
    return f"{_TOKEN}{offset:08x}"


def _offset(token: str) -> int:
    if not token:
        return 0
    try:
        if not token.startswith(_TOKEN):
            raise ValueError
        return int(token.removeprefix(_TOKEN), 16)
    except ValueError:
        raise CloudError("InvalidParameter.NextToken", "The specified NextToken is not valid.") from None
