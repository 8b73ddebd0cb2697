"""A small account for the tests of the simulated cloud, and the real SDKs' clients pointed at it. No world behind."""

import base64
import os
from typing import Any

from sim.clock import SimClock
from sim.cloud.access import Access, Principal, default_principals
from sim.cloud.gateway import Gateway
from sim.cloud.server import CloudServer
from sim.cloud.state import Cloud, Cluster, Instance, NodePool, ScalingConfiguration, ScalingGroup, VSwitch

for _proxy in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
    os.environ.pop(_proxy, None)  # the SDKs use a proxy even for loopback
os.environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "true"

REGION = "cn-hangzhou"
VPC = "vpc-bp1test"
CLUSTER = "c0123456789abcdef0123456789abcdef"
POOL = "np0123456789abcdef0123456789abcdef"
WEB, LONE, DRY = "asg-bp1web", "asg-bp1lone", "asg-bp1dry"
"""An ACK pool's group with a desired size of 3; a group of ESS alone without one; a group that is out of stock."""


def build(speed: float = 200.0) -> Gateway:
    """An account with three groups, one cluster with one pool, and two machines that belong to nobody."""
    cloud = Cloud(SimClock(speed=speed), seed=7)
    for letter in "hi":
        switch = VSwitch(f"vsw-bp1{letter}", VPC, f"{REGION}-{letter}", f"10.0.{ord(letter) - 100}.0/24", letter, 100)
        cloud.vswitches.add(switch.id, switch)
    cloud.clusters.add(CLUSTER, _cluster())
    _group(cloud, WEB, "web-pool", 1, 6, desired=3)
    _group(cloud, LONE, "lone", 0, 5)
    _group(cloud, DRY, "dry", 0, 5, kind="ecs.gn7i-c16g1.4xlarge")
    cloud.stock.update({("ecs.gn7i-c16g1.4xlarge", f"{REGION}-{letter}"): 0 for letter in "hij"})
    _pool(cloud)
    for number, charge in enumerate(("PostPaid", "PrePaid")):
        machine = Instance(
            id=f"i-bp1free{number}",
            name=f"free-{number}",
            type="ecs.g7.xlarge",
            zone=f"{REGION}-h",
            vswitch_id="vsw-bp1h",
            vpc_id=VPC,
            ip=f"10.0.4.{200 + number}",
            status="Running",
            charge_type=charge,
            created=cloud.now() - 86400,
            started=cloud.now() - 86400,
        )
        cloud.instances.add(machine.id, machine)
    return Gateway(cloud, Access(default_principals("test")))


def _cluster() -> Cluster:
    switches = ("vsw-bp1h", "vsw-bp1i")
    return Cluster(CLUSTER, "demo", REGION, "ManagedKubernetes", "1.32.1-aliyun.1", VPC, switches, "sg-bp1", 0.0)


def _group(
    cloud: Cloud, group_id: str, name: str, low: int, high: int, desired: int | None = None, kind: str = "ecs.g7.xlarge"
) -> None:
    script = base64.b64encode(b"#!/bin/sh\ncurl attach_node.sh | bash -s -- --openapi-token join-token-1").decode()
    configuration = ScalingConfiguration(f"asc-{group_id[8:]}", group_id, name, (kind,), "img", script, created=0.0)
    group = ScalingGroup(group_id, name, low, high, VPC, ("vsw-bp1h", "vsw-bp1i"), configuration.id, desired)
    cloud.configurations.add(configuration.id, configuration)
    cloud.groups.add(group_id, group)


def _pool(cloud: Cloud) -> None:
    settings: dict[str, Any] = {
        "desired_size": 3,
        "instance_types": ["ecs.g7.xlarge"],
        "data_disks": [{"category": "cloud_essd", "size": 100}],
        "tags": [{"key": "team", "value": "web"}],
    }
    pool = NodePool(POOL, CLUSTER, "web-pool", WEB, 0.0, 0.0, scaling_group=settings, auto_scaling={"enable": False})
    cloud.pools.add(POOL, pool)


def config(server: CloudServer, product: str, principal: Principal | None = None, **more: Any) -> Any:
    """An SDK configuration for one product's endpoint, as the product itself will make it."""
    from alibabacloud_tea_openapi.models import Config

    who = principal or server.gateway.access.named("admin")
    return Config(
        access_key_id=who.access_key,
        access_key_secret=who.secret,
        security_token=who.security_token or None,
        region_id=REGION,
        endpoint=server.endpoints[product],
        protocol="http",
        **more,
    )


def ess(server: CloudServer, principal: Principal | None = None, **more: Any) -> Any:
    from alibabacloud_ess20140828.client import Client

    return Client(config(server, "ess", principal, **more))


def ecs(server: CloudServer, principal: Principal | None = None, **more: Any) -> Any:
    from alibabacloud_ecs20140526.client import Client

    return Client(config(server, "ecs", principal, **more))


def cs(server: CloudServer, principal: Principal | None = None, **more: Any) -> Any:
    from alibabacloud_cs20151215.client import Client

    return Client(config(server, "cs", principal, **more))


def generic(client: Any, action: str, version: str = "2014-08-28", **query: Any) -> dict[str, Any]:
    """The generic call, for what ess20140828 1.0.1 lacks: the body as a plain dictionary."""
    from alibabacloud_tea_openapi.models import OpenApiRequest, Params
    from darabonba.runtime import RuntimeOptions

    params = Params(
        action=action,
        version=version,
        protocol="HTTPS",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    request = OpenApiRequest(query={key.replace("__", "."): str(value) for key, value in query.items()})
    body: dict[str, Any] = client.call_api(params, request, RuntimeOptions())["body"]
    return body
