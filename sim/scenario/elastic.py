"""HPAs, VPAs, CloneSets, WorkloadSpreads, ElasticWorkloads and budgets: one good example, and the planted mistakes."""

from typing import Any

from sim.scenario.machines import Fleet
from sim.scenario.planted import Case
from sim.scenario.serverless import BURST
from sim.scenario.shapes import Shape
from sim.scenario.stage import DAY, Obj, Stage
from sim.scenario.workloads import Workloads

DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment"}
CLONESET = {"apiVersion": "apps.kruise.io/v1alpha1", "kind": "CloneSet"}


class Elastic:
    """Places the objects and keeps the list of what is wrong with them."""

    def __init__(self, stage: Stage, works: Workloads, fleet: Fleet) -> None:
        self.stage = stage
        self.works = works
        self.nodes = [*fleet.pools["system"][:3], *fleet.attached_manual]
        self.cases: list[Case] = []
        self._turn = 0

    def lay(self) -> list[Case]:
        """All of it; the planted cases."""
        self._good()
        self._autoscalers()
        self._recommendations()
        self._spreads()
        self._elastic_workloads()
        self._bursts()
        return self.cases

    def plant(self, check: str, kind: str, name: str, remedy: str) -> None:
        self.cases.append(Case(check, kind, name, remedy))

    def app(self, name: str, count: int = 2, kind: str = "Deployment", **shape: Any) -> Obj:
        """A small application in `shop`; the reference that an HPA or a spread uses for it."""
        pods = Shape(**{"cpu": "100m", "memory": "128Mi", "labels": {"team": "platform"}, **shape})
        on = [self.nodes[(self._turn + index) % len(self.nodes)] for index in range(count)]
        self._turn += count
        if kind == "Deployment":
            self.works.deployment("shop", name, pods, on, age=15 * DAY, replicas=count)
            return {**DEPLOYMENT, "name": name}
        self.works.owned(
            kind, "shop", name, pods, on, age=15 * DAY, **({"serviceName": name} if kind == "StatefulSet" else {})
        )
        return {**(CLONESET if kind == "CloneSet" else {**DEPLOYMENT, "kind": kind}), "name": name}

    def hpa(self, name: str, target: Obj, low: int = 2, high: int = 10, *metrics: Obj, **spec: Any) -> None:
        rows = list(metrics) or [_cpu(60)]
        body = {"scaleTargetRef": target, "minReplicas": low, "maxReplicas": high, "metrics": rows, **spec}
        status = {"currentReplicas": low, "desiredReplicas": low, "conditions": [], "currentMetrics": []}
        self.stage.make("HorizontalPodAutoscaler", name, "shop", spec=body, status=status)

    def vpa(self, name: str, target: Obj, cpu: str, memory: str, mode: str = "Off", **policy: Any) -> None:
        amounts = {"cpu": cpu, "memory": memory}
        row = {"containerName": target["name"], "target": amounts, "lowerBound": amounts, "upperBound": amounts}
        spec: Obj = {"targetRef": target, "updatePolicy": {"updateMode": mode}}
        if policy:
            spec["resourcePolicy"] = {"containerPolicies": [{"containerName": "*", **policy}]}
        provided = [{"type": "RecommendationProvided", "status": "True", "lastTransitionTime": self.stage.ago(DAY)}]
        status = {
            "recommendation": {"containerRecommendations": [{**row, "uncappedTarget": amounts}]},
            "conditions": provided,
        }
        self.stage.make("VerticalPodAutoscaler", name, "shop", spec=spec, status=status)

    def spread(self, name: str, target: Obj, *subsets: Obj) -> None:
        counts = [{"name": row["name"], "replicas": 1, "missingReplicas": -1} for row in subsets]
        spec = {"targetRef": target, "subsets": list(subsets), "scheduleStrategy": {"type": "Fixed"}}
        self.stage.make("WorkloadSpread", name, "shop", spec=spec, status={"subsetStatuses": counts})

    def _good(self) -> None:
        """As it should be: an HPA, a spread with ECS first, and a CloneSet under a budget of OpenKruise."""
        target = self.app("pricing", 3)
        self.hpa("pricing", target, 3, 12)
        self.spread("pricing", target, ecs(3), eci())
        self.app("price-feed", 2, "CloneSet")
        budget = {"targetRef": {**CLONESET, "name": "price-feed"}, "maxUnavailable": 1}
        status = {"unavailableAllowed": 1, "currentAvailable": 2, "desiredAvailable": 1, "totalReplicas": 2}
        self.stage.make("PodUnavailableBudget", "price-feed", "shop", spec=budget, status=status)
        front = {**DEPLOYMENT, "name": "storefront"}
        self.hpa("storefront", front, 6, 20)
        self.vpa("storefront", front, "350m", "900Mi")
        self.vpa("cart", {**DEPLOYMENT, "name": "cart"}, "90m", "300Mi")

    def _autoscalers(self) -> None:
        target = self.app("wishlist")
        self.hpa("wishlist-cpu", target)
        self.hpa("wishlist-memory", target, 2, 10, _utilization("memory", 70))
        self.plant("two HPAs on one workload", "Deployment", "shop/wishlist", "keep one HPA with both metrics")
        self.hpa("reviews", self.app("reviews", cpu=""), 2, 8)
        self.plant(
            "HPA on CPU utilization without CPU requests", "HorizontalPodAutoscaler", "shop/reviews", "set CPU requests"
        )
        self.hpa("seasonal", self.app("seasonal", 0), 1, 6)
        self.plant(
            "HPA while replicas is 0",
            "HorizontalPodAutoscaler",
            "shop/seasonal",
            "scale the workload to 1, or delete the HPA",
        )
        target = self.app("ranking")
        self.hpa("ranking", target)
        self.vpa("ranking", target, "120m", "200Mi", "Auto")
        self.plant(
            "HPA and VPA on the same metric", "Deployment", "shop/ranking", "let the VPA leave CPU alone, or set it Off"
        )
        self.plant("VPA not Off", "VerticalPodAutoscaler", "shop/ranking", "set updateMode to Off")

    def _recommendations(self) -> None:
        target = self.app("catalog")
        self.vpa("catalog", target, "150m", "256Mi")
        self.vpa("catalog-old", target, "170m", "300Mi")
        self.plant("several VPAs on one pod", "Deployment", "shop/catalog", "delete all but one")
        self.vpa("sitemap", self.app("sitemap"), "40", "300Gi")
        self.plant(
            "recommendation beyond any node",
            "VerticalPodAutoscaler",
            "shop/sitemap",
            "set maxAllowed to what a node has",
        )
        self.vpa("mailer", self.app("mailer"), "80m", "150Mi", "Recreate")
        self.plant("VPA not Off", "VerticalPodAutoscaler", "shop/mailer", "set updateMode to Off")
        self.app("thumbnailer", 3, cpu="700m", memory="2Gi")
        for name in ("shop/thumbnailer", "pay/gateway", "data/olap", "jobs/report-worker"):
            remedy = "create a VPA with updateMode Off: vacancy checks --vpas"
            self.plant("no VPA where one would tell much", "Deployment", name, remedy)

    def _spreads(self) -> None:
        target = self.app("chat", 4)
        self.hpa("chat", target, 4, 16)
        self.spread("chat", target, ecs(2), eci())
        self.plant(
            "maxReplicas of the ECS subset differs from the HPA's minReplicas",
            "WorkloadSpread",
            "shop/chat",
            "set it to 4",
        )
        target = self.app("stream", 3)
        self.hpa("stream", target, 3, 9)
        self.spread("stream", target, eci(), ecs(3))
        self.plant("the subset order does not delete ECI first", "WorkloadSpread", "shop/stream", "list ECS before ECI")
        target = self.app("notify", 3)
        self.hpa("notify", target, 3, 9)
        self.spread("notify", target, ecs(3), eci(maxReplicas=2))
        self.plant(
            "a cap on the ECI subset", "WorkloadSpread", "shop/notify", "leave maxReplicas of the ECI subset out"
        )
        self.spread("profile", self.app("profile", 3), ecs(3), eci())
        self.plant("an ECS cap without an HPA", "WorkloadSpread", "shop/profile", "add an HPA, or drop the spread")
        target = self.app("points", 2)
        self.hpa("points", target, 2, 6)
        self.spread("points-a", target, ecs(2), eci())
        self.spread("points-b", target, ecs(2), eci())
        self.plant("two spreads on one workload", "Deployment", "shop/points", "delete one")
        self.spread("mail-queue", self.app("mail-queue", 2, "StatefulSet"), ecs(2), eci())
        self.plant(
            "a kind that WorkloadSpread does not support",
            "WorkloadSpread",
            "shop/mail-queue",
            "use a Deployment or a CloneSet",
        )

    def elastic(self, name: str, source: Obj, low: int, high: int) -> None:
        unit = {"name": "virtual-kubelet", "labels": {"alibabacloud.com/eci": "true"}, "max": 10}
        reference = {**source, "min": low, "max": high}
        spec = {"sourceTarget": reference, "replicas": low, "elasticUnit": [unit]}
        self.stage.make("ElasticWorkload", name, "shop", spec=spec, status={"replicas": low})

    def _elastic_workloads(self) -> None:
        target = self.app("coupons", 2)
        self.elastic("coupons", target, 2, 4)
        self.hpa("coupons", target, 2, 8)
        self.plant(
            "HPA aimed at the source instead of the ElasticWorkload",
            "HorizontalPodAutoscaler",
            "shop/coupons",
            "aim at ElasticWorkload coupons",
        )
        self.plant("WorkloadSpread fits this version better", "ElasticWorkload", "shop/coupons", "use a WorkloadSpread")
        self.elastic("tracking", self.app("tracking", 2, "CloneSet"), 2, 4)
        self.plant(
            "ElasticWorkload on something other than a Deployment",
            "ElasticWorkload",
            "shop/tracking",
            "use a WorkloadSpread",
        )

    def _bursts(self) -> None:
        self.hpa("promo", self.app("promo", 2, annotations=BURST), 2, 20)
        self.plant(
            "HPA with burst-resource and neither spread nor ElasticWorkload",
            "HorizontalPodAutoscaler",
            "shop/promo",
            "add a WorkloadSpread",
        )
        for name in ("ml/embedding", "shop/recommend-train"):
            self.plant("pods went to ECI although ECS has room again", "Deployment", name, "restart its rollout")
        shape = Shape(
            "500m", "1Gi", restart="Never", annotations={"sim.vacancy/run-seconds": "86400"}, labels={"team": "data"}
        )
        self.works.owned("Job", "jobs", "reindex", shape, [self.nodes[0]], age=0.2 * DAY)
        self.plant(
            "a job that could be on ECI and isn't", "Job", "jobs/reindex", "label its pods alibabacloud.com/eci=true"
        )


def _utilization(resource: str, percent: int) -> Obj:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}


def _cpu(percent: int) -> Obj:
    return _utilization("cpu", percent)


def _term(operator: str) -> Obj:
    return {"matchExpressions": [{"key": "type", "operator": operator, "values": ["virtual-kubelet"]}]}


def ecs(most: int) -> Obj:
    """The subset of a WorkloadSpread on ordinary nodes."""
    return {"name": "ecs", "requiredNodeSelectorTerm": _term("NotIn"), "maxReplicas": most}


def eci(**more: Any) -> Obj:
    """The subset on virtual nodes."""
    label = {"metadata": {"labels": {"alibabacloud.com/eci": "true"}}}
    return {"name": "eci", "requiredNodeSelectorTerm": _term("In"), "patch": label, **more}
