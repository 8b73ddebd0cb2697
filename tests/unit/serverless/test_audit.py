"""Who is on ECI and why, what the verdicts are, and where the pods would go."""

import json
from typing import Any

import pytest

from core.analysis.planning import Plan
from core.analysis.prices import shipped
from core.analysis.serverless import FINE, FITS, JOB, LIMIT, NEEDS, NOT_ECI, OVERDUE, audit, seconds
from core.analysis.serverless.home import Expansion
from core.views import eci
from tests.unit.build import Object, config_map, node, pod, workload
from tests.unit.pending.small import pool
from tests.unit.serverless.small import ECI, audited, bill, on_eci, only, planned

BURST = {"alibabacloud.com/burst-resource": "eci"}
FORCED = {"alibabacloud.com/eci": "true"}
TERMS = [{"matchExpressions": [{"key": "type", "operator": "In", "values": ["virtual-kubelet"]}]}]
AFFINITY = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": TERMS}}}
TOLERATION = [{"key": "virtual-kubelet.io/provider", "operator": "Exists"}]
SUBSET = {"apps.kruise.io/matched-workloadspread": '{"name":"ws","subset":"eci"}'}
SELECTOR = {"name": "sparks", "objectSelector": {"matchLabels": {"role": "driver"}}}


def namespace(name: str = "default", labels: Any = (), **annotations: str) -> Object:
    return {"kind": "Namespace", "metadata": {"name": name, "labels": dict(labels), "annotations": annotations}}


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ({"labels": FORCED}, "label alibabacloud.com/eci=true"),
        ({"notes": BURST}, "annotation alibabacloud.com/burst-resource=eci"),
        ({"notes": SUBSET, "labels": FORCED}, "subset eci of WorkloadSpread ws"),
        ({"labels": {"role": "driver"}}, "selector sparks of ConfigMap kube-system/eci-profile"),
        ({"spec": {"nodeSelector": {"type": "virtual-kubelet"}}}, "nodeSelector type=virtual-kubelet"),
        ({"spec": {"affinity": AFFINITY}}, "node affinity type virtual-kubelet"),
        ({"spec": {"tolerations": TOLERATION}}, "it tolerates the taint virtual-kubelet.io/provider, and"),
        ({}, "nothing that can be seen"),
        ({"notes": {"apps.kruise.io/matched-workloadspread": "[" * 100_000}}, "nothing that can be seen"),
    ],
)
def test_why_it_is_there(more: Any, because: str) -> None:
    profile = config_map("eci-profile", {"selectors": json.dumps([SELECTOR])})
    assert only(audited(profile, on_eci("a", **more))).reason.text.startswith(because)


def test_a_namespace_sends_its_pods() -> None:
    found = only(audited(namespace(labels=FORCED), on_eci("a")))
    assert found.reason.text == "label alibabacloud.com/eci=true of namespace default"


def test_the_owner_is_the_top_of_the_chain() -> None:
    replica_set = workload("ReplicaSet", "web-1")
    replica_set["metadata"]["ownerReferences"] = [
        {"kind": "Deployment", "name": "web", "uid": "d", "controller": True, "apiVersion": "apps/v1"}
    ]
    pods = [on_eci(f"p{index}", owner="ReplicaSet", owner_name="web-1", labels={"team": "shop"}) for index in (1, 2)]
    one = only(audited(workload("Deployment", "web"), replica_set, *pods))
    assert (str(one.application), len(one.pods), one.team) == ("Deployment default/web", 2, "shop")


def test_finished_pods_and_pods_on_ecs_are_not_there() -> None:
    done = on_eci("done", phase="Succeeded")
    assert audited(node("e"), done, pod("x", "e"), pod("waits")).applications == ()


def test_oldest_first_then_the_dearest() -> None:
    young, dear, cheap = (
        on_eci(name, spec, days, owner_name=name)
        for name, spec, days in (("young", "8-16Gi", 1), ("dear", "4-8Gi", 4), ("cheap", "1-2Gi", 4))
    )
    names = [one.application.name for one in audited(young, cheap, dear).applications]
    assert names == ["dear", "cheap", "young"]


@pytest.mark.parametrize(
    ("days", "more", "verdict"),
    [
        (1, {}, FINE),
        (5, {}, OVERDUE),
        (5, {"owner": "Job"}, JOB),
        (1, {"owner": "Job"}, JOB),
        (9, {"notes": {f"{ECI}instance-id": None}}, NOT_ECI),
    ],
)
def test_verdicts_without_room(days: float, more: Any, verdict: str) -> None:
    made = on_eci("a", days=days, **more)
    notes = made["metadata"]["annotations"]
    made["metadata"]["annotations"] = {name: value for name, value in notes.items() if value is not None}
    assert only(audited(made)).verdict == verdict


def test_what_fits_the_nodes_as_they_are() -> None:
    one = only(audited(node("e", "4"), on_eci("a", cpu="3")))
    assert (one.verdict, one.pods[0].home) == (FITS, "e")
    assert only(audited(node("e", "4"), on_eci("a", cpu="3", days=1))).verdict == FINE
    assert only(audited(node("e", "4"), on_eci("a", cpu="3", days=1, notes=BURST))).verdict == FITS


def test_all_of_them_must_fit_together_and_those_that_wait_go_first() -> None:
    two = [on_eci("a", cpu="3", days=5), on_eci("b", cpu="3", days=4)]
    one = only(audited(node("e", "4"), *two))
    assert (one.verdict, one.homes, one.pods[0].home, one.pods[1].home) == (OVERDUE, 1, "e", None)
    assert only(audited(node("e", "4"), pod("waits", cpu="2"), on_eci("a", cpu="3"))).verdict == OVERDUE
    assert only(audited(node("e", "4", unschedulable=True), on_eci("a", cpu="3"))).verdict == OVERDUE


def test_a_pod_that_wants_a_virtual_node_has_no_home_on_ecs() -> None:
    assert only(audited(node("e", "4"), on_eci("a", spec={"nodeSelector": {"type": "virtual-kubelet"}}))).homes == 0


def test_how_many_nodes_of_which_group() -> None:
    pods = [on_eci(f"p{index}", cpu="3", memory="1Gi") for index in range(5)]
    groups = (pool("small", cpu="2"), pool("fits", cpu="4"), pool("large", cpu="32"), pool("full", cpu="6", high=0))
    one = only(audited(*groups, *pods))
    assert (one.verdict, one.expansion) == (NEEDS, Expansion("fits", 5, 5))
    spread = {"topologyKey": "kubernetes.io/hostname", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule",
              "labelSelector": {"matchLabels": {"app": "web"}}}  # fmt: skip
    apart = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
    rules = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}}
    lonely = [on_eci(f"p{index}", cpu="100m", spec={"affinity": rules}) for index in range(3)]
    assert only(audited(pool("g", cpu="32"), *lonely)).expansion == Expansion("g", 3, 3)
    even = [on_eci(f"p{index}", cpu="100m", spec={"topologySpreadConstraints": [spread]}) for index in range(3)]
    assert only(audited(pool("g", cpu="32"), *even)).expansion is not None


def test_an_expansion_that_takes_only_some_says_so() -> None:
    pods = [on_eci(f"p{index}", cpu="3") for index in range(5)]
    plan = planned(node("e", "4"), pool("g", cpu="4", high=2), *pods)
    one = only(audit(plan, shipped()))
    assert (one.homes, one.expansion) == (1, Expansion("g", 2, 2))
    assert eci.verdict(one, plan) == "needs 2 nodes of g for 2 of 4"


def test_limits_by_owner_by_namespace_and_in_general() -> None:
    pods = [on_eci("p", days=5)]
    owner = workload("StatefulSet", "web")
    assert only(audited(owner, *pods, default_limit=6 * 86_400)).verdict == FINE
    assert only(audited(owner, namespace(**{LIMIT: "1w"}), *pods)).limit == 7 * 86_400
    owner["metadata"]["annotations"] = {LIMIT: "12h"}
    assert only(audited(owner, namespace(**{LIMIT: "1w"}), *pods)).limit == 12 * 3_600
    owner["metadata"]["annotations"] = {LIMIT: "for ever"}
    assert only(audited(owner, *pods)).limit == 3 * 86_400
    owner["metadata"]["annotations"] = {LIMIT: "none"}
    assert only(audited(owner, *pods)).verdict == FINE
    assert (seconds("90m"), seconds("2w"), seconds("1.5d"), seconds("")) == (5_400, 1_209_600, None, None)


def test_pods_without_a_creation_time_are_neither_old_nor_free() -> None:
    made = on_eci("a", notes=bill("2-4Gi"))
    del made["metadata"]["creationTimestamp"]
    one = only(audited(made))
    assert (one.oldest, one.verdict, one.pods[0].so_far) == (None, FINE, None)


def test_the_cluster_itself_is_not_touched() -> None:
    plan: Plan = planned(node("e", "4"), on_eci("a", cpu="3"))
    before = plan.snapshot.tables
    assert audit(plan, shipped()) == audit(plan, shipped())
    assert plan.snapshot.tables is before
