"""A peak that finds no room: pending pods, one set for each reason why they wait."""

from sim.scenario.machines import Fleet
from sim.scenario.shapes import Shape
from sim.scenario.stage import DAY, Obj, Stage
from sim.scenario.workloads import MINUTE, Workloads

_SPOT = (("spot", "true", "PreferNoSchedule"),)
_WAITING = ("",)


def lay(stage: Stage, works: Workloads, fleet: Fleet) -> dict[str, str]:
    """Create them; each workload `namespace/name` with what its pods wait for."""
    _by_group(works)
    _stuck(stage, works, fleet)
    return REASONS


REASONS = {
    "ml/render-farm": "scale-out of the spot pool",
    "shop/flash-sale": "the web pool is at its maximum",
    "data/olap-adhoc": "the memory pool is out of stock",
    "jobs/month-end": "only a group that no autoscaler grows",
    "ml/llm-train": "no machine has eight GPUs",
    "shop/banner": "a node selector that no node and no group has",
    "data/importer": "a volume claim that nothing binds",
    "pay/zone-quorum": "anti-affinity across more zones than there are",
    "test/held-back": "a scheduling gate",
    "jobs/scavenger": "expendable: the autoscaler ignores it",
    "ml/huge-batch": "more CPU than any machine has",
}


def _by_group(works: Workloads) -> None:
    render = Shape("7", "8Gi", selector={"pool": "spot"}, tolerations=_SPOT, labels={"team": "research"})
    works.deployment("ml", "render-farm", render, _WAITING * 3, age=4 * MINUTE)
    sale = Shape("3", "3Gi", selector={"pool": "web"}, labels={"team": "storefront"})
    works.deployment("shop", "flash-sale", sale, _WAITING * 4, age=2 * DAY, pod_age=9 * MINUTE)
    olap = Shape("6", "48Gi", selector={"pool": "memory"}, labels={"team": "search"})
    works.deployment("data", "olap-adhoc", olap, _WAITING * 2, age=25 * MINUTE)
    month = Shape("6", "6Gi", selector={"pool": "batch"}, restart="Never", labels={"team": "reports"})
    works.owned("Job", "jobs", "month-end", month, _WAITING, age=50 * MINUTE)


def _stuck(stage: Stage, works: Workloads, fleet: Fleet) -> None:
    card = (("nvidia.com/gpu", "", "NoSchedule"),)
    train = Shape("8", "32Gi", tolerations=card, extended={"nvidia.com/gpu": "8"}, labels={"team": "research"})
    works.deployment("ml", "llm-train", train, _WAITING, age=3 * DAY)
    works.deployment("ml", "huge-batch", Shape("48", "16Gi", labels={"team": "research"}), _WAITING, age=1 * DAY)
    typo = Shape("200m", "256Mi", selector={"disktype": "ssdd"}, labels={"team": "storefront"})
    works.deployment("shop", "banner", typo, _WAITING * 2, age=7 * DAY, pod_age=6 * 60 * MINUTE)
    claim: Obj = {"name": "data", "persistentVolumeClaim": {"claimName": "import-data"}}
    works.deployment("data", "importer", Shape("500m", "1Gi", volumes=[claim]), _WAITING, age=5 * DAY)
    size = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "50Gi"}}}
    stage.make("PersistentVolumeClaim", "import-data", "data", 5 * DAY, spec={**size, "storageClassName": "gone-class"})
    _quorum(works, fleet)
    works.deployment("test", "held-back", Shape(gates=["quota.shop/approved"]), _WAITING, age=40 * MINUTE)
    low = Shape("30", "8Gi", priority="expendable", labels={"team": "reports"})
    works.deployment("jobs", "scavenger", low, _WAITING, age=8 * DAY, pod_age=30 * MINUTE)


def _quorum(works: Workloads, fleet: Fleet) -> None:
    """Four members that must not share a zone, in a region with three."""
    term = {"topologyKey": "topology.kubernetes.io/zone", "labelSelector": {"matchLabels": {"app": "zone-quorum"}}}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    spot, web = fleet.pools["spot"], fleet.pools["web"]
    on = [web[1], spot[1], spot[2], ""]
    must = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [_zoned()]}}}
    works.deployment("pay", "zone-quorum", Shape("100m", "256Mi", affinity={**apart, **must}), on, age=11 * DAY)


def _zoned() -> Obj:
    return {"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "Exists"}]}
