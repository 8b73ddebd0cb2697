"""How likely a group is to get machines: elastic strength and diagnosis, which only the 2022 API has."""

from typing import Any

from sim.cloud.actions import action
from sim.cloud.errors import CloudError
from sim.cloud.ess.groups import group_of
from sim.cloud.state import Cloud, ScalingGroup
from sim.cloud.wire import Call

_LIMITED = 5
"""Machines left below which a pool of stock counts as weak."""


def _pools(cloud: Cloud, group: ScalingGroup) -> list[dict[str, Any]]:
    kinds = cloud.configurations[group.configuration_id].instance_types
    zones = [cloud.vswitches[i].zone for i in group.vswitch_ids if i in cloud.vswitches]
    return [_pool(cloud, kind, zone) for kind in kinds for zone in zones]


def _pool(cloud: Cloud, kind: str, zone: str) -> dict[str, Any]:
    left = cloud.stock.get((kind, zone))
    score = 3 if left is None else -3 if left == 0 else 0 if left < _LIMITED else 2
    status = "Unavailable" if left == 0 else "Available"
    health = {"HealthScore": score, "HotScore": 0, "SupplyScore": score, "AdequacyScore": score}
    return {"InstanceType": kind, "ZoneId": zone, "Status": status, "InventoryHealth": health, "Strength": float(score)}


def _strength(pools: list[dict[str, Any]]) -> str:
    best = max((pool["Strength"] for pool in pools), default=-6)
    return "Strong" if best >= 2 else "Medium" if best >= 0 else "Weak"


@action("ess", "DescribeElasticStrength")
def describe_strength(cloud: Cloud, call: Call) -> dict[str, Any]:
    _only_2022(call)
    ids = call.items("ScalingGroupIds") or [call.required("ScalingGroupId")]
    found = [cloud.groups[group_id] for group_id in ids if group_id in cloud.groups]
    models = []
    for group in found:
        pools = _pools(cloud, group)
        models.append({"ScalingGroupId": group.id, "ElasticStrength": _strength(pools), "ResourcePools": pools})
    first = models[0] if models else {"ElasticStrength": "", "ResourcePools": []}
    return {
        "ElasticStrengthModels": models,
        "ElasticStrength": first["ElasticStrength"],
        "ResourcePools": first["ResourcePools"],
    }


@action("ess", "DescribeScalingGroupDiagnoseDetails")
def describe_diagnosis(cloud: Cloud, call: Call) -> dict[str, Any]:
    _only_2022(call)
    group = group_of(cloud, call)
    rows = [_detail("VSwitch", "VSwitchIdNotFound", i) for i in group.vswitch_ids if i not in cloud.vswitches]
    if _strength(_pools(cloud, group)) == "Weak":
        rows.append(_detail("ElasticStrength", "ElasticStrengthAlert", group.id))
    return {"Details": rows}


def _detail(kind: str, code: str, resource: str) -> dict[str, str]:
    return {"DiagnoseType": kind, "ErrorCode": code, "ResourceId": resource, "Status": "Critical"}


def _only_2022(call: Call) -> None:
    if call.version != "2022-02-22":
        raise CloudError("InvalidAction.NotFound", f"Specified api is not found: {call.action} {call.version}", 404)
