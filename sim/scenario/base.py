"""What every cluster has: namespaces, classes, the system's own workloads, and the autoscaler with its settings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sim.scenario.shapes import Shape
from sim.scenario.stage import DAY, Stage
from sim.scenario.workloads import Workloads

ADDONS = "registry-vpc.cn-hangzhou.aliyuncs.com/acs"
NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default", "shop", "pay", "data", "ml", "jobs", "test")
_ALL: Sequence[tuple[str, str, str]] = (("", "", ""),)
_DAEMONS = {
    "terway-eniip": Shape("350m", "256Mi", tolerations=_ALL, host_network=True, priority="system-node-critical"),
    "csi-plugin": Shape("130m", "176Mi", tolerations=_ALL, host_network=True, priority="system-node-critical"),
    "kube-proxy-worker": Shape("100m", "", tolerations=_ALL, host_network=True, priority="system-node-critical"),
    "loongcollector-ds": Shape("100m", "256Mi", tolerations=_ALL, image=f"{ADDONS}/loongcollector:v3.0"),
}


def lay(stage: Stage) -> None:
    """Namespaces and classes."""
    for name in NAMESPACES:
        stage.make("Namespace", name, age=400 * DAY)
    for name, value in (("business-high", 100_000), ("batch-low", -5), ("expendable", -20)):
        stage.make("PriorityClass", name, value=value, description=f"{name} workloads")
    driver = "diskplugin.csi.alibabacloud.com"
    for name, mode in (("alicloud-disk-topology-alltype", "WaitForFirstConsumer"), ("alicloud-disk-essd", "Immediate")):
        stage.make("StorageClass", name, provisioner=driver, volumeBindingMode=mode, parameters={"type": "cloud_essd"})


def system(
    stage: Stage, works: Workloads, nodes: Sequence[str], home: Sequence[str], *, autoscaled: bool = True
) -> None:
    """DaemonSets on these nodes and the cluster's own Deployments on the `home` nodes, with budgets."""
    not_virtual = _no_virtual()
    for name, shape in _DAEMONS.items():
        works.daemonset("kube-system", name, replace(shape, affinity=not_virtual), nodes)
    critical = Shape(
        "100m", "128Mi", memory_limit="512Mi", priority="system-cluster-critical", selector={"pool": "system"}
    )
    for name, count in (("coredns", 2), ("metrics-server", 1), ("ack-node-problem-detector", 1)):
        works.deployment("kube-system", name, critical, stage.fill(home, count), age=300 * DAY)
        budget(stage, "kube-system", name, {"app": name}, minAvailable=count - 1)
    if autoscaled:
        autoscaler(stage, works, home[0])


def _no_virtual() -> dict[str, Any]:
    rule = {"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def budget(stage: Stage, namespace: str, name: str, labels: dict[str, str], **limits: Any) -> None:
    """A PodDisruptionBudget; its status comes from the disruption controller."""
    stage.make("PodDisruptionBudget", name, namespace, spec={"selector": {"matchLabels": labels}, **limits})


FLAGS = (
    "--cloud-provider=alicloud",
    "--expander=least-waste",
    "--scale-down-utilization-threshold=0.5",
    "--scale-down-unneeded-time=10m",
    "--scale-down-delay-after-add=10m",
    "--skip-nodes-with-system-pods=true",
    "--skip-nodes-with-local-storage=true",
    "--scan-interval=15s",
    "--max-node-provision-time=15m",
)


def autoscaler(stage: Stage, works: Workloads, node: str) -> None:
    """The Cluster Autoscaler as a Deployment whose flags name the groups that it moves."""
    groups = [
        f"--nodes={made.plan.low}:{made.plan.high}:{made.group_id}"
        for made in stage.pools.values()
        if made.plan.autoscaling
    ]
    command = ("./cluster-autoscaler", "--v=2", *FLAGS, *groups)
    shape = Shape(
        "100m",
        "300Mi",
        args=command,
        image="registry.k8s.io/autoscaling/cluster-autoscaler:v1.32.1",
        priority="system-cluster-critical",
        selector={"pool": "system"},
    )
    works.deployment("kube-system", "cluster-autoscaler", shape, [node], age=60 * DAY)
    budget(stage, "kube-system", "cluster-autoscaler", {"app": "cluster-autoscaler"}, maxUnavailable=1)
