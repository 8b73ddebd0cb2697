"""Each check on the smallest cluster that shows it, and on the same cluster put right."""

import json
from typing import Any

import pytest

from core.analysis.checks import run, wanted
from core.analysis.prices import shipped
from core.analysis.serverless import audit
from core.kube import kinds
from tests.unit.build import Object, at, node, pod
from tests.unit.serverless.small import on_eci, planned

ECS = {"name": "ecs", "requiredNodeSelectorTerm": {"matchExpressions": [
    {"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]}]}}  # fmt: skip
ECI = {"name": "eci", "requiredNodeSelectorTerm": {"matchExpressions": [
    {"key": "type", "operator": "In", "values": ["virtual-kubelet"]}]}}  # fmt: skip


def thing(kind: str, name: str = "web", **body: Any) -> Object:
    return {"kind": kind, "metadata": {"name": name, "namespace": "default", "uid": f"{kind}-{name}"}, **body}


def workload(
    kind: str = "Deployment", name: str = "web", replicas: int = 2, cpu: str = "100m", notes: Any = None
) -> Object:
    containers = [{"name": "c", "resources": {"requests": {"cpu": cpu} if cpu else {}}}]
    template = {"metadata": {"annotations": notes or {}}, "spec": {"containers": containers}}
    return thing(kind, name, spec={"replicas": replicas, "template": template})


def aim(kind: str = "Deployment", name: str = "web", **more: Any) -> Object:
    return {"apiVersion": "apps/v1", "kind": kind, "name": name, **more}


def metric(name: str = "cpu", percent: int = 60) -> Object:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": name, "target": target}}


def hpa(name: str = "web", low: int = 2, target: Object | None = None, *metrics: Object, **status: Any) -> Object:
    spec = {
        "scaleTargetRef": target or aim(),
        "minReplicas": low,
        "maxReplicas": 9,
        "metrics": list(metrics or [metric()]),
    }
    return thing("HorizontalPodAutoscaler", name, spec=spec, status=status)


def vpa(name: str = "web", mode: str = "Off", cpu: str = "1", policy: Object | None = None) -> Object:
    rows = [{"containerName": "c", "target": {"cpu": cpu}}]
    spec: Object = {"targetRef": aim(), "updatePolicy": {"updateMode": mode}}
    if policy:
        spec["resourcePolicy"] = {"containerPolicies": [{"containerName": "*", **policy}]}
    return thing(
        "VerticalPodAutoscaler", name, spec=spec, status={"recommendation": {"containerRecommendations": rows}}
    )


def spread(*subsets: Object, name: str = "web", target: Object | None = None) -> Object:
    return thing("WorkloadSpread", name, spec={"targetRef": target or aim(), "subsets": list(subsets)})


def elastic(kind: str = "Deployment") -> Object:
    return thing("ElasticWorkload", spec={"sourceTarget": aim(kind), "elasticUnit": []})


def ecs(version: str = "v1.32.1") -> Object:
    made = node("e", "4")
    made["status"]["nodeInfo"] = {"kubeletVersion": version}
    return made


def job(**spec: Any) -> list[Object]:
    made = pod("default/j", "e", owner="Job", owner_name="j", spec=spec)
    return [thing("Job", "j", spec={}), made]


def agent(address: str) -> Object:
    meta = {"name": "ack-agent-config", "namespace": "kube-system", "uid": "agent"}
    return {"kind": "ConfigMap", "metadata": meta, "data": {"addNodeScriptPath": address}}


def wasting(count: int = 3, hours: float = 30, used: str = "10m") -> list[Object]:
    pods = [pod(f"p{index}", "e", cpu="600m", owner="StatefulSet", created=at(hours * 3_600)) for index in range(count)]
    usage = [
        {"kind": "PodMetrics", "metadata": {"name": f"p{index}", "namespace": "default"},
         "containers": [{"name": "c", "usage": {"cpu": used, "memory": "100Mi"}}]}
        for index in range(count)
    ]  # fmt: skip
    return [thing("StatefulSet", spec={"replicas": count}), *pods, *usage]


def checks(*objects: Object) -> set[str]:
    nodes = [one for one in objects if one["kind"] == "Node"] or [ecs()]
    plan = planned(*nodes, *(one for one in objects if one["kind"] != "Node"))
    return {one.check for one in run(plan, audit(plan, shipped()))}


BURST = {"alibabacloud.com/burst-resource": "eci"}
CAPPED = {**ECS, "maxReplicas": 2}
VIRTUAL = {"nodeSelector": {"pool": "batch"}}
OTHER = vpa("other")
BOTH = "HPA with burst-resource and neither spread nor ElasticWorkload"
DIFFERS = "maxReplicas of the ECS subset differs from the HPA's minReplicas"

CASES: dict[str, tuple[list[Object], list[Object]]] = {
    "two HPAs on one workload": ([workload(), hpa("a"), hpa("b")], [workload(), hpa("a")]),
    "HPA on CPU utilization without CPU requests": (
        [workload(cpu=""), hpa()],
        [workload(cpu=""), hpa("web", 2, None, metric("memory"))],
    ),
    "HPA while replicas is 0": ([workload(replicas=0), hpa()], [workload(replicas=1), hpa()]),
    "HPA and VPA on the same metric": (
        [workload(), hpa(), vpa(mode="Auto")],
        [workload(), hpa(), vpa(mode="Auto", policy={"controlledResources": ["memory"]})],
    ),
    BOTH: ([workload(notes=BURST), hpa()], [workload(notes=BURST), hpa(), spread(CAPPED, ECI)]),
    "HPA aimed at the source instead of the ElasticWorkload": (
        [workload(), elastic(), hpa()],
        [workload(), elastic(), hpa("web", 2, aim("ElasticWorkload"))],
    ),
    "several VPAs on one pod": ([workload(), vpa(), OTHER], [workload(), vpa()]),
    "VPA not Off": ([workload(), vpa(mode="Recreate")], [workload(), vpa()]),
    "recommendation beyond any node": ([workload(), vpa(cpu="4001m")], [workload(), vpa(cpu="4")]),
    "no VPA where one would tell much": ([*wasting(), OTHER], [*wasting(used="500m"), OTHER]),
    "a kind that WorkloadSpread does not support": (
        [spread(ECS, target=aim("StatefulSet"))],
        [spread(ECS, target=aim("StatefulSet", apiVersion="apps.kruise.io/v1beta1"))],
    ),
    "two spreads on one workload": ([spread(ECS), spread(ECS, name="b")], [spread(ECS)]),
    "the subset order does not delete ECI first": ([spread(ECI, ECS)], [spread(ECS, ECI)]),
    "a cap on the ECI subset": ([spread(ECS, {**ECI, "maxReplicas": 2})], [spread(ECS, ECI)]),
    "an ECS cap without an HPA": ([spread(CAPPED, ECI)], [spread(CAPPED, ECI), hpa()]),
    DIFFERS: ([spread(CAPPED, ECI), hpa("web", 4)], [spread(CAPPED, ECI), hpa("web", 2)]),
    "ElasticWorkload fits this version better": ([ecs("v1.20.4"), spread(ECS)], [ecs("v1.21.1"), spread(ECS)]),
    "a spread that this version is too old for": (
        [ecs("v1.15.3"), spread(ECS, target=aim("CloneSet"))],
        [ecs("v1.16.9"), spread(ECS, target=aim("CloneSet"))],
    ),
    "WorkloadSpread fits this version better": ([elastic()], [ecs("v1.20.4-aliyun.1"), elastic()]),
    "ElasticWorkload on something other than a Deployment": ([elastic("CloneSet")], [elastic()]),
    "pod-deletion-cost on a version that ignores it": (
        [ecs("v1.21.4"), pod("p", "e", annotations={"controller.kubernetes.io/pod-deletion-cost": "1"})],
        [ecs("v1.22.1"), pod("p", "e", annotations={"controller.kubernetes.io/pod-deletion-cost": "1"})],
    ),
    "pods went to ECI although ECS has room again": (
        [on_eci("p", notes=BURST)],
        [on_eci("p", cpu="7", notes=BURST)],
    ),
    "a job that could be on ECI and isn't": (job(), job(**VIRTUAL)),
    "a registered cluster without a join script": ([agent("")], [agent("https://oss.example.com/join.sh")]),
}


@pytest.mark.parametrize("check", CASES)
def test_it_is_found_and_gone_when_put_right(check: str) -> None:
    wrong, right = CASES[check]
    assert check in checks(*wrong)
    assert check not in checks(*right)


def test_a_vpa_is_proposed_only_for_settled_applications_of_some_size() -> None:
    check = "no VPA where one would tell much"
    assert check not in checks(*wasting(count=2), OTHER)
    assert check not in checks(*wasting(hours=2), OTHER)
    assert check not in checks(*wasting())  # nobody uses VPAs here


def test_vpas_on_a_deployment_and_on_its_replica_set_meet_on_one_pod() -> None:
    inner = workload("ReplicaSet", "web-1")
    above = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d", "controller": True}
    inner["metadata"]["ownerReferences"] = [above]
    other = vpa("inner")
    other["spec"]["targetRef"] = aim("ReplicaSet", "web-1")
    assert "several VPAs on one pod" in checks(workload(), inner, vpa(), other)
    assert "several VPAs on one pod" not in checks(workload(), workload("ReplicaSet", "web-1"), vpa(), other)


@pytest.mark.parametrize(
    ("mode", "said"),
    [("Initial", "every pod that is created"), ("Recreate", "it evicts pods"), ("InPlaceOrRecreate", "in place")],
)
def test_what_a_vpa_does_depends_on_its_mode(mode: str, said: str) -> None:
    plan = planned(ecs(), workload(), vpa(mode=mode))
    (finding,) = (one for one in run(plan, audit(plan, shipped())) if one.check == "VPA not Off")
    assert said in finding.reason


@pytest.mark.parametrize("value", [None, 7, "x", [], [1, None], {"a": 1}, {"kind": 3, "name": {}}])
@pytest.mark.parametrize("field", ["scaleTargetRef", "targetRef", "sourceTarget", "metrics", "subsets", "updatePolicy"])
@pytest.mark.parametrize(
    "kind", ["HorizontalPodAutoscaler", "VerticalPodAutoscaler", "WorkloadSpread", "ElasticWorkload"]
)
def test_hostile_documents_harm_nobody(kind: str, field: str, value: Any) -> None:
    spec = {**{name: aim() for name in ("scaleTargetRef", "targetRef", "sourceTarget")}, field: value}
    recommendation = {"containerRecommendations": [{"target": {"cpu": "much", "memory": True}}, 4, value]}
    status = {"recommendation": recommendation, "currentMetrics": value, "currentReplicas": 3}
    odd = thing(
        kind, spec={**spec, "resourcePolicy": {"containerPolicies": [{"controlledResources": value}]}}, status=status
    )
    checks(workload(), odd, hpa("other"), vpa("other", mode="Auto"))
    if kind == "HorizontalPodAutoscaler":
        wanted(kinds.BY_NAME[kind].codec.item(json.dumps(odd).encode()))


def figures(current: int, *percents: int) -> int | None:
    """What an HPA of 60 % wants while its metrics read so."""
    names = ("cpu", "memory")[: len(percents)]
    read = [
        {"type": "Resource", "resource": {"name": name, "current": {"averageUtilization": percent}}}
        for name, percent in zip(names, percents, strict=True)
    ]
    made = hpa("web", 2, None, *map(metric, names), currentReplicas=current, currentMetrics=read)
    plan = planned(made)
    return wanted(plan.snapshot.table("HorizontalPodAutoscaler")["default/web"])


@pytest.mark.parametrize(
    ("current", "percents", "wants"),
    [
        (4, (60,), 4),
        (4, (66,), 4),  # 10 % above: within the tolerance
        (4, (67,), 5),  # 4 x 67/60 = 4.47
        (4, (53,), 4),  # 4 x 53/60 = 3.53, rounded up
        (4, (20,), 2),
        (4, (5,), 2),  # never below the minimum
        (4, (30, 90), 6),  # the highest wins
        (8, (120,), 9),  # never above the maximum
        (0, (90,), 0),
        (4, (), None),
    ],
)
def test_what_an_hpa_wants(current: int, percents: tuple[int, ...], wants: int | None) -> None:
    assert figures(current, *percents) == wants
