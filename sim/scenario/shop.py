"""What runs in the demo: busy nodes, and for each reason that blocks a scale-in one node that it holds."""

from sim.scenario.base import budget
from sim.scenario.machines import Fleet
from sim.scenario.shapes import Shape
from sim.scenario.stage import DAY, HOUR, Obj, Stage
from sim.scenario.workloads import MINUTE, Workloads

SAFE = "cluster-autoscaler.kubernetes.io/safe-to-evict"
SCALE_DOWN_DISABLED = "cluster-autoscaler.kubernetes.io/scale-down-disabled"
TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler"
_NOBODY = "00000000-dead-4000-8000-000000000001"
"""The uid of a ReplicaSet that is gone and whose pod the garbage collector has not reached."""
_SPOT = (("spot", "true", "PreferNoSchedule"),)


def lay(stage: Stage, works: Workloads, fleet: Fleet) -> dict[str, str]:
    """Place it all; the blocked nodes by the autoscaler's reason for them."""
    _busy(stage, works, fleet)
    blocked = _blocked_web(stage, works, fleet)
    blocked |= _blocked_elsewhere(stage, works, fleet)
    _candidates(works, fleet)
    return blocked


def _busy(stage: Stage, works: Workloads, fleet: Fleet) -> None:
    web, system = fleet.pools["web"], fleet.pools["system"]
    busy = {"sim.vacancy/usage": "cpu=0.2..0.9 memory=0.55..0.75 shape=shop"}
    front = Shape("900m", "1536Mi", "2", "2Gi", labels={"team": "storefront"}, annotations=busy)
    works.deployment("shop", "storefront", front, [web[i] for i in (0, 0, 0, 1, 1, 1)], age=30 * DAY, pod_age=2 * DAY)
    budget(stage, "shop", "storefront", {"app": "storefront"}, maxUnavailable="34%")
    cart = Shape("400m", "512Mi", memory_limit="1Gi", labels={"team": "storefront"})
    works.deployment("shop", "cart", cart, [web[i] for i in (2, 3, 4, 5, 8)], age=25 * DAY)
    budget(stage, "shop", "cart", {"app": "cart"}, minAvailable=2)
    checkout = Shape("3", "4Gi", labels={"team": "checkout"}, selector={"pool": "spot"}, tolerations=_SPOT)
    works.deployment("shop", "checkout", checkout, [fleet.pools["spot"][1]], age=12 * DAY, pod_age=1 * DAY)
    gateway = Shape("1500m", "3Gi", "3", "6Gi", labels={"team": "platform"}, priority="business-high")
    works.deployment("pay", "gateway", gateway, [system[0], system[1], system[3]], age=100 * DAY)
    budget(stage, "pay", "gateway", {"app": "gateway"}, minAvailable="60%")
    works.owned(
        "StatefulSet",
        "data",
        "orders-db",
        Shape("2", "12Gi", memory_limit="12Gi"),
        [system[2]],
        age=140 * DAY,
        serviceName="orders-db",
    )
    for index, node in enumerate(fleet.attached_manual):
        works.deployment("data", f"search-{index}", Shape("3", "10Gi", labels={"team": "search"}), [node], age=40 * DAY)
    worker = Shape("1200m", "2Gi", labels={"team": "reports"}, selector={"pool": "batch"})
    works.deployment("jobs", "report-worker", worker, stage.fill(fleet.pools["batch"], 5), age=18 * DAY)
    works.deployment("default", "edge-agent", Shape("200m", "256Mi"), [fleet.external, fleet.unknown], age=50 * DAY)
    memory = fleet.pools["memory"]
    works.deployment(
        "data", "olap", Shape("2500m", "20Gi", selector={"pool": "memory"}), [memory[0], memory[0], memory[1]]
    )


def _blocked_web(stage: Stage, works: Workloads, fleet: Fleet) -> dict[str, str]:
    """Web nodes with little on them, each held by something else."""
    web = fleet.pools["web"]
    works.bare("test", "debug-shell", Shape("100m", "128Mi"), web[3], 3 * DAY)
    works.deployment("kube-system", "arms-prom-proxy", Shape("200m", "256Mi"), [web[4]], age=15 * MINUTE)
    ledger = works.deployment("pay", "ledger", Shape("300m", "512Mi"), [web[5]], age=60 * DAY)
    budget(stage, "pay", "ledger", {"app": "ledger"}, minAvailable=len(ledger))
    scratch: Obj = {"name": "scratch", "emptyDir": {}}
    works.deployment("data", "cache-warmer", Shape("500m", "1Gi", volumes=[scratch]), [web[6]], age=9 * DAY)
    pinned = Shape("500m", "2Gi", annotations={SAFE: "false"}, labels={"team": "research"})
    works.deployment("ml", "notebook", pinned, [web[7]], age=6 * DAY)
    stage.annotate(web[8], **{SCALE_DOWN_DISABLED: "true"})
    kept = works.owned(
        "CloneSet", "data", "indexer", Shape("450m", "768Mi", labels={"team": "search"}), [web[9]], age=33 * DAY
    )
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "coupon-7d4b9", "uid": _NOBODY}
    owner = {"ownerReferences": [{**reference, "controller": True}]}
    works.bare("shop", "coupon-7d4b9-x2k8w", Shape("100m", "64Mi"), web[2], 5 * DAY, **owner)
    return {
        "NotUnderutilized": web[0],
        "BlockedByPod: ControllerNotFound": web[2],
        "BlockedByPod: NotReplicated": web[3],
        "BlockedByPod: UnmovableKubeSystemPod": web[4],
        "BlockedByPod: NotEnoughPdb": web[5],
        "BlockedByPod: LocalStorageRequested": web[6],
        "BlockedByPod: NotSafeToEvictAnnotation": web[7],
        "ScaleDownDisabledAnnotation": web[8],
        "BlockedByPod: NotReplicated (CloneSet)": kept[0]["spec"]["nodeName"],
    }


def _blocked_elsewhere(stage: Stage, works: Workloads, fleet: Fleet) -> dict[str, str]:
    spot, gpu = fleet.pools["spot"], fleet.pools["gpu"]
    zone = stage.registry.get("Node", spot[2])["metadata"]["labels"]["topology.kubernetes.io/zone"]
    only_here = {"pool": "spot", "topology.kubernetes.io/zone": zone}
    store = Shape("2", "6Gi", selector=only_here, tolerations=_SPOT, labels={"team": "research"})
    works.owned("StatefulSet", "ml", "feature-store", store, [spot[2]], age=0.5 * DAY, serviceName="feature-store")
    card = (("nvidia.com/gpu", "", "NoSchedule"),)
    infer = Shape("2", "8Gi", tolerations=card, extended={"nvidia.com/gpu": "1"}, labels={"team": "research"})
    works.deployment("ml", "inference", infer, [gpu[0]], age=20 * DAY)
    leftover = str(int(stage.cloud.now() - 26 * HOUR))
    stage.taint(fleet.pools["batch"][1], TO_BE_DELETED, leftover, "NoSchedule")
    return {
        "NoPlaceToMovePods": spot[2],
        "NotUnderutilized (GPU)": gpu[0],
        "NodeGroupMinSizeReached": fleet.pools["memory"][0],
        "NotAutoscaled": fleet.attached_manual[0],
        "a leftover taint": fleet.pools["batch"][1],
    }


def _candidates(works: Workloads, fleet: Fleet) -> None:
    """Nodes that could go: two spot machines with one small pod each, and a GPU machine without a job."""
    spot, gpu = fleet.pools["spot"], fleet.pools["gpu"]
    small = Shape("300m", "512Mi", labels={"team": "storefront"}, tolerations=_SPOT)
    works.deployment("shop", "image-resize", small, [spot[0], spot[3]], age=1 * DAY, pod_age=4 * HOUR)
    card = (("nvidia.com/gpu", "", "NoSchedule"),)
    works.deployment("ml", "model-cache", Shape("200m", "1Gi", tolerations=card), [gpu[1]], age=2 * DAY)
