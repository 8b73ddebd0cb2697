"""Pods on the virtual node, from an hour to nine days old: every way to get there, every price category."""

import json
from typing import Any

from sim.scenario.machines import Fleet
from sim.scenario.shapes import Shape
from sim.scenario.stage import DAY, HOUR, Obj, Stage
from sim.scenario.workloads import Workloads

FORCED = {"alibabacloud.com/eci": "true"}
BURST = {"alibabacloud.com/burst-resource": "eci"}
_ECI = "k8s.aliyun.com/eci-"


def lay(stage: Stage, works: Workloads, fleet: Fleet) -> None:
    """The pods and the profile that sends some of them there."""
    node = [fleet.virtual]
    team = {"team": "recommendation"}
    recommend = Shape("4", "8Gi", labels={**FORCED, **team})
    burst = Shape("4", "8Gi", labels=team, annotations=BURST)
    for name, shape, age in (("recommend", recommend, 9 * DAY), ("recommend-train", burst, 6.5 * DAY)):
        works.deployment("shop", name, shape, node, age=40 * DAY, pod_age=age, pod_notes=bill(stage, 4, 8))
    works.deployment("shop", "recommend-canary", recommend, node, age=2 * HOUR, pod_notes=bill(stage, 4, 8))
    fraud = Shape("2", "4Gi", labels={**FORCED, "team": "risk"})
    economy = bill(stage, 2, 4, category="economy")
    works.owned("CloneSet", "pay", "fraud-model", fraud, node * 2, age=5 * DAY, pod_notes=economy)
    embed = Shape("1", "2Gi", labels={"team": "research"}, annotations=BURST)
    works.deployment("ml", "embedding", embed, node * 2, age=30 * HOUR, pod_notes=bill(stage, 1, 2))
    spot = {f"{_ECI}spot-strategy": "SpotAsPriceGo"}
    load = Shape("8", "16Gi", labels={**FORCED, "team": "quality"}, annotations=spot)
    works.deployment("test", "load-gen", load, node, age=4 * DAY, pod_notes=bill(stage, 8, 16))
    works.bare(
        "data",
        "adhoc-export",
        Shape("2", "8Gi", labels=FORCED),
        fleet.virtual,
        3.5 * DAY,
        annotations=bill(stage, 2, 8),
    )
    _jobs(stage, works, node)
    _by_namespace(stage, works, node)
    _profile(stage)


def bill(stage: Stage, cpu: float, memory: float, category: str = "general") -> dict[str, str]:
    """The annotations that ECI writes back on a running pod; the specification is what is billed."""
    return {
        f"{_ECI}instance-id": stage.cloud.ids.resource("eci"),
        f"{_ECI}instance-spec": f"{float(cpu)}-{float(memory)}Gi",
        f"{_ECI}instance-cpu": str(float(cpu)),
        f"{_ECI}instance-mem": str(float(memory)),
        f"{_ECI}instance-zone": "cn-hangzhou-h",
        f"{_ECI}instance-compute-category": category,
        f"{_ECI}request-id": stage.cloud.ids.hexadecimal(32).upper(),
    }


def _jobs(stage: Stage, works: Workloads, node: list[str]) -> None:
    """Work that ends by itself: a long job, and the hourly run of a CronJob."""
    run = {"sim.vacancy/run-seconds": str(6 * 3600)}
    etl = Shape("4", "16Gi", labels={**FORCED, "team": "data"}, annotations=run, restart="Never")
    works.owned("Job", "jobs", "etl-nightly", etl, node, age=7 * HOUR, pod_notes=bill(stage, 4, 16))
    shape = Shape("1", "2Gi", labels={**FORCED, "team": "data"}, annotations=run, restart="Never")
    spec: Obj = {"schedule": "0 * * * *", "jobTemplate": {"spec": {"template": shape.template("hourly-sync")}}}
    cron = stage.make("CronJob", "hourly-sync", "jobs", 200 * DAY, spec=spec)
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "hourly-sync", "uid": cron["metadata"]["uid"]}
    meta = {"ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}]}
    notes = bill(stage, 1, 2)
    works.owned("Job", "jobs", "hourly-sync-28931040", shape, node, age=1 * HOUR, meta=meta, pod_notes=notes)


def _by_namespace(stage: Stage, works: Workloads, node: list[str]) -> None:
    """A namespace whose label sends everything to ECI, and a pod of another kind on the same virtual node."""
    stage.make("Namespace", "serverless", age=120 * DAY, meta={"labels": dict(FORCED)})
    preview = Shape("500m", "1Gi", labels={"team": "storefront"})
    works.deployment("serverless", "preview-env", preview, node * 3, age=8 * DAY, pod_notes=bill(stage, 0.5, 1))
    acs = {"alibabacloud.com/compute-class": "general-purpose", "alibabacloud.com/acs": "true"}
    works.deployment("serverless", "acs-worker", Shape("1", "2Gi", labels=acs), node, age=2 * DAY)


def _profile(stage: Stage) -> None:
    """The eci-profile: pods of the data team's spark driver are sent to ECI by a selector."""
    selector: dict[str, Any] = {
        "name": "spark-drivers",
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}},
        "objectSelector": {"matchLabels": {"spark-role": "driver"}},
        "effect": {"annotations": {f"{_ECI}use-specs": "2-8Gi"}, "labels": dict(FORCED)},
    }
    data = {
        "enableClusterIp": "true",
        "enableHybridMode": "true",
        "enablePrivateZone": "false",
        "securityGroupId": "sg-bp1shopprod",
        "vpcId": stage.vpc_id,
        "vSwitchIds": ",".join(switch.id for switch in stage.cloud.vswitches),
        "selectors": json.dumps([selector]),
    }
    stage.make("ConfigMap", "eci-profile", "kube-system", 180 * DAY, data=data)
