"""What can be bought: machine types, stock by zone, prices."""

from typing import Any

from sim.cloud.actions import action
from sim.cloud.catalogue import CURRENCY, TYPES, ZONES, MachineType
from sim.cloud.errors import CloudError, invalid
from sim.cloud.state import Cloud
from sim.cloud.wire import Call, token_page


@action("ecs", "DescribeInstanceTypes")
def describe_types(cloud: Cloud, call: Call) -> dict[str, Any]:
    wanted, family = call.items("InstanceTypes"), call.text("InstanceTypeFamily")
    if len(wanted) > 10:
        raise invalid("InstanceTypes", "holds more than 10 types")
    rows = [
        kind for kind in TYPES.values() if (not wanted or kind.name in wanted) and (not family or kind.family == family)
    ]
    token, page = token_page(call, rows, 1600, 1600) if not call.text("MaxResults") else token_page(call, rows, 1, 1600)
    return {"NextToken": token, "InstanceTypes": [_kind(kind) for kind in page]}


def _kind(kind: MachineType) -> dict[str, Any]:
    interfaces = max(2, min(8, kind.cpu // 2 + 1))
    return {
        "InstanceTypeId": kind.name,
        "InstanceTypeFamily": kind.family,
        "InstanceCategory": "GPU" if kind.gpu else "General-purpose",
        "InstanceFamilyLevel": "EnterpriseLevel",
        "CpuCoreCount": kind.cpu,
        "MemorySize": kind.memory_gib,
        "CpuArchitecture": "ARM" if kind.family.endswith("y") else "X86",
        "GPUAmount": kind.gpu,
        "GPUSpec": kind.gpu_spec,
        "GPUMemorySize": kind.gpu_memory_gib,
        "EniQuantity": interfaces,
        "EniTotalQuantity": interfaces,
        "EniPrivateIpAddressQuantity": 10 if kind.cpu <= 4 else 20,
        "EniIpv6AddressQuantity": 10,
        "EniTrunkSupported": True,
        "DiskQuantity": 16,
        "LocalStorageCategory": "",
    }


@action("ecs", "DescribeAvailableResource")
def describe_stock(cloud: Cloud, call: Call) -> dict[str, Any]:
    if call.required("DestinationResource") != "InstanceType":
        raise invalid("DestinationResource", "is answered for InstanceType only")
    wanted, zone = call.text("InstanceType"), call.text("ZoneId")
    zones = [name for name in ZONES if zone in ("", name)]
    return {"AvailableZones": [_zone(cloud, name, wanted) for name in zones]}


def _zone(cloud: Cloud, zone: str, wanted: str) -> dict[str, Any]:
    kinds = [name for name in TYPES if wanted in ("", name)]
    resources = [_stocked(cloud, name, zone) for name in kinds]
    any_left = any(row["Status"] == "Available" for row in resources)
    return {
        "RegionId": cloud.region,
        "ZoneId": zone,
        "Status": "Available" if any_left else "SoldOut",
        "StatusCategory": "WithStock" if any_left else "WithoutStock",
        "AvailableResources": [{"Type": "InstanceType", "SupportedResources": resources}],
    }


def _stocked(cloud: Cloud, kind: str, zone: str) -> dict[str, str]:
    left = cloud.stock.get((kind, zone))
    if left is None:
        return {"Value": kind, "Status": "Available", "StatusCategory": "WithStock"}
    if left > 0:
        return {"Value": kind, "Status": "Available", "StatusCategory": "ClosedWithStock"}
    return {"Value": kind, "Status": "SoldOut", "StatusCategory": "WithoutStock"}


_UNITS = {"Hour": 1.0, "Month": 1.0, "Year": 12 * 0.85}
"""Months in a unit, with the discount of a year; an hour has its own price."""


@action("ecs", "DescribePrice")
def describe_price(cloud: Cloud, call: Call) -> dict[str, Any]:
    if call.text("ResourceType", "instance") not in ("", "instance"):
        raise invalid("ResourceType", "is answered for instance only")
    kind, unit = TYPES.get(call.required("InstanceType")), call.text("PriceUnit") or "Hour"
    if kind is None:
        raise CloudError("InvalidInstanceType.ValueNotSupported", "The specified InstanceType is not supported.", 404)
    if unit not in _UNITS:
        raise invalid("PriceUnit")
    period, spot = call.integer("Period", 1), call.text("SpotStrategy") not in ("", "NoSpot")
    original = (kind.hour if unit == "Hour" else kind.month * _UNITS[unit]) * period
    trade = kind.spot * period if spot and unit == "Hour" else original
    disk = 0.0005 * 40 if unit == "Hour" else 0.36 * 40
    price = {
        "Currency": CURRENCY,
        "OriginalPrice": round(original + disk, 4),
        "DiscountPrice": round(original - trade, 4),
        "TradePrice": round(trade + disk, 4),
    }
    details = {"DetailInfo": [_detail("instanceType", original, trade), _detail("systemDisk", disk, disk)]}
    return {"PriceInfo": {"Price": {**price, "DetailInfos": details}, "Rules": {"Rule": []}}}


def _detail(resource: str, original: float, trade: float) -> dict[str, Any]:
    prices = {"OriginalPrice": round(original, 4), "TradePrice": round(trade, 4)}
    return {"Resource": resource, **prices, "DiscountPrice": round(original - trade, 4), "SubRules": {"Rule": []}}
