"""What containers should book, what that frees where, which nodes could go then, and the patches."""

from typing import Any

from core.analysis import planning
from core.analysis.planning import Plan
from core.analysis.rightsizing import BY_HISTORY, BY_USAGE, BY_VPA, Rightsizing, Sizing, resized, rightsize
from core.cluster.usage_history import UsageHistory
from core.views import rightsizing
from core.views.table import ViewKey
from tests.unit.audits.test_checks import aim, thing
from tests.unit.build import Object, group, node, pod, snapshot
from tests.unit.serverless.small import on_eci, planned

GIB = 2**30
WEB = thing("StatefulSet", spec={"replicas": 4})


def usage(name: str, cpu: str, memory: str = "100Mi", container: str = "c") -> Object:
    rows = [{"name": container, "usage": {"cpu": cpu, "memory": memory}}]
    return {"kind": "PodMetrics", "metadata": {"name": name, "namespace": "default"}, "containers": rows}


def web(name: str, on: str = "a", cpu: str = "1", memory: str = "2Gi", **more: Any) -> Object:
    return pod(name, on, cpu=cpu, memory=memory, owner="StatefulSet", **more)


def vpa(cpu: str, memory: str = "1Gi") -> Object:
    row = {"containerName": "c", "target": {"cpu": cpu, "memory": memory}}
    status = {"recommendation": {"containerRecommendations": [row]}}
    return thing("VerticalPodAutoscaler", "v", spec={"targetRef": aim("StatefulSet")}, status=status)


def cluster(*objects: Object) -> Plan:
    nodes = (node("a", "4"), node("b", "4"), group("g", ["a"]), group("h", ["b"]))
    return planned(*nodes, WEB, *objects, assumeUnneededLongEnough=True)


def only(found: Rightsizing) -> Sizing:
    (one,) = found.items
    return one


def test_usage_now_with_a_margin() -> None:
    one = only(rightsize(cluster(web("x"), web("y", "b"), usage("x", "100m"), usage("y", "251m"))))
    assert (one.booked, one.mean["cpu"], one.most["cpu"]) == ({"cpu": 1000, "memory": 2 * GIB}, 175, 251)
    assert one.wanted == {"cpu": 310, "memory": 120 * 2**20}  # 251 x 1.2 = 301.2, up to the next 10
    assert (one.by, one.freed("cpu")) == (dict.fromkeys(("cpu", "memory"), BY_USAGE), 2 * 690)
    more = only(rightsize(cluster(web("x"), usage("x", "100m")), margin=100))
    assert more.wanted["cpu"] == 200


def test_a_vpa_is_worth_more_than_a_moment() -> None:
    plan = cluster(web("x"), usage("x", "100m"), vpa("400m"))
    one = only(rightsize(plan))
    assert (one.wanted, one.by["cpu"]) == ({"cpu": 400, "memory": GIB}, BY_VPA)
    assert only(rightsize(plan, by=BY_USAGE)).wanted["cpu"] == 120
    assert only(rightsize(cluster(web("x"), usage("x", "100m")), by=BY_VPA)).wanted == {}


def remembering(plan: Plan, *rows: UsageHistory) -> Plan:
    return planning.plan(plan.snapshot.with_tables(UsageHistory={row.key: row for row in rows}), plan.policy)


def past(
    cpu: int | None, memory: int | None, stem: str = "web", hours: int = 168, container: str = "c"
) -> UsageHistory:
    return UsageHistory("default", stem, container, cpu, memory, hours * 3_600, 7 * 86_400, 95)


def test_days_are_worth_more_than_a_moment_and_less_than_a_vpa() -> None:
    plan = remembering(cluster(web("web-0"), usage("web-0", "100m")), past(250, 512 * 2**20))
    one = only(rightsize(plan))
    assert one.wanted == {"cpu": 300, "memory": 615 * 2**20}  # x 1.2: 300; 614.4 MiB, up to the next
    assert set(one.by.values()) == {BY_HISTORY}
    assert only(rightsize(plan, by=BY_USAGE)).wanted["cpu"] == 120
    advised = remembering(cluster(web("web-0"), vpa("400m")), past(250, 512 * 2**20))
    assert only(rightsize(advised)).wanted == {"cpu": 400, "memory": GIB}
    assert only(rightsize(advised, by=BY_HISTORY)).wanted["cpu"] == 300


def test_each_resource_has_its_own_source() -> None:
    row = {"containerName": "c", "target": {"cpu": "400m"}}
    advice = thing("VerticalPodAutoscaler", "v", spec={"targetRef": aim("StatefulSet")},
                   status={"recommendation": {"containerRecommendations": [row]}})  # fmt: skip
    one = only(rightsize(remembering(cluster(web("web-0"), advice), past(250, 512 * 2**20))))
    assert one.by == {"cpu": BY_VPA, "memory": BY_HISTORY}
    assert rightsizing.known_from(one) == "its VPA, most of 7d"
    one = only(rightsize(remembering(cluster(web("web-0"), usage("web-0", "100m")), past(250, None, hours=3))))
    assert one.by == {"cpu": BY_HISTORY, "memory": BY_USAGE}
    assert rightsizing.known_from(one) == "p95 of 3h, usage now"


def test_memory_that_is_held_now_counts_whatever_the_past_says() -> None:
    plan = remembering(cluster(web("web-0"), usage("web-0", "900m", "1Gi")), past(250, 512 * 2**20))
    assert only(rightsize(plan)).wanted == {"cpu": 300, "memory": 1_229 * 2**20}


def test_half_an_hour_is_no_history() -> None:
    minutes = UsageHistory("default", "web", "c", 900, GIB, 1_800, 7 * 86_400, 95)
    one = only(rightsize(remembering(cluster(web("web-0"), usage("web-0", "100m")), minutes)))
    assert set(one.by.values()) == {BY_USAGE}


def test_generations_of_a_deployment_count_together() -> None:
    def replicas(name: str) -> Object:
        made = thing("ReplicaSet", name, spec={"replicas": 1})
        above = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop", "uid": "d", "controller": True}
        made["metadata"]["ownerReferences"] = [above]
        return made

    now = pod("shop-7d9f-abcde", "a", cpu="1", memory="2Gi", owner="ReplicaSet", owner_name="shop-7d9f")
    objects = (thing("Deployment", "shop", spec={}), replicas("shop-7d9f"), replicas("shop-6b6b"), now)
    rows = (
        past(200, GIB, "shop-7d9f", hours=24),  # the pods of now
        past(400, GIB, "shop-6b6b", hours=100),  # of a ReplicaSet that is still there
        past(300, GIB, "shop-1a2b", hours=100),  # of one that is gone
        past(900, GIB, "shop-web", hours=100, container="other"),
        past(900, GIB, "elsewhere-1a2b"),
    )
    one = only(rightsize(remembering(cluster(*objects), *rows)))
    assert str(one.application) == "Deployment default/shop"
    assert one.past is not None
    assert (one.past.amounts["cpu"], one.past.seconds) == (400, 7 * 86_400)


def test_a_limit_holds_it_down() -> None:
    containers = [{"name": "c", "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2", "memory": "1Gi"}}}]
    one = only(rightsize(cluster(web("x", spec={"containers": containers}), vpa("3", "3Gi"))))
    assert one.wanted == {"cpu": 2_000}  # a request above its limit would be refused; memory books its limit already
    assert (one.capped, rightsizing.known_from(one)) == (("cpu", "memory"), "its VPA; cpu and memory up to its limit")


def test_cron_jobs_between_two_runs() -> None:
    row = {"name": "run", "resources": {"requests": {"cpu": "2", "memory": "1Gi"}}}
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": {"containers": [row]}}}}}
    plan = cluster(thing("CronJob", "report", spec=spec))
    assert rightsize(plan).items == ()
    one = only(rightsize(remembering(plan, past(250, GIB, "report-28401120", container="run"))))
    assert (one.pods, one.wanted, one.freed("cpu")) == ((), {"cpu": 300, "memory": 1_229 * 2**20}, 0)


def test_more_than_is_booked_is_said_too() -> None:
    one = only(rightsize(cluster(web("x", cpu="100m"), vpa("300m", "2Gi"))))
    assert (one.wanted, one.freed("cpu")) == ({"cpu": 300}, -200)


def test_small_differences_and_unmeasured_pods_change_nothing() -> None:
    assert only(rightsize(cluster(web("x"), vpa("950m", "2Gi")))).wanted == {}
    one = only(rightsize(cluster(web("x"), web("y"), usage("x", "1m"))))
    assert (one.wanted, one.by) == ({}, {})


def test_what_no_node_has_is_not_wanted() -> None:
    one = only(rightsize(cluster(web("x"), vpa("40"))))
    assert (one.wanted, one.beyond, one.vpa["cpu"]) == ({"memory": GIB}, ("cpu",), 40_000)


def test_pods_on_eci_jobs_and_bare_pods_are_left_out() -> None:
    others = [on_eci("e"), pod("j", "a", owner="Job"), pod("b", "a", owner=None), web("done", phase="Succeeded")]
    assert rightsize(cluster(*others)).items == ()


def test_what_is_freed_where_and_which_nodes_could_go() -> None:
    pods = [web("x", "a", cpu="3"), web("y", "b", cpu="3")]
    found = rightsize(cluster(*pods, vpa("200m", "2Gi")))
    assert found.groups == {"g": {"cpu": 2800, "memory": 0}, "h": {"cpu": 2800, "memory": 0}}
    assert found.after.before.scale_in.together == ()
    assert set(found.after.removable) <= {"a", "b"}
    assert len(found.after.removable) == 1  # one of the two must stay for the other's pod


def test_the_sum_of_a_pod_follows_the_rules_of_requests() -> None:
    spec = {
        "initContainers": [{"name": "i", "resources": {"requests": {"cpu": "700m"}}}],
        "containers": [
            {"name": "c", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2"}}},
            {"name": "d", "resources": {"requests": {"cpu": "500m"}}},
        ],
        "overhead": {"cpu": "50m"},
    }
    shape = snapshot(pod("x", "a", spec=spec)).pods["default/x"].shape
    assert shape.requests["cpu"] == 1_550
    made = resized(shape, {"c": {"cpu": 100}})
    assert made.requests == {"cpu": 700 + 50, "memory": GIB}  # the init container needs more than 100 + 500
    assert [one.requests.get("cpu") for one in made.containers] == [700, 100, 500]
    assert resized(shape, {"c": {"cpu": 400}}).requests["cpu"] == 950
    assert shape.requests["cpu"] == 1_550


def test_the_table_says_what_is_known_and_what_is_freed() -> None:
    plan = cluster(web("x", "a"), web("y", "b"), vpa("200m", "1Gi"))
    view = rightsizing.view(plan, rightsize(plan), ViewKey("rightsizing"), 1)
    (row,) = view.rows
    texts = [cell.text for cell in row.cells]
    assert texts == [
        "StatefulSet default/web", "c", "2", "1", "-", "200m", "2Gi", "-", "1Gi", "1.6", "2Gi", "its VPA",
    ]  # fmt: skip
    assert view.notes[0] == "all of it would free 1.6 cpu 2Gi: g 800m cpu 1Gi, h 800m cpu 1Gi"


def test_hostile_recommendations_are_left_out() -> None:
    rows: list[Any] = [
        None,
        {"containerName": 7},
        {"containerName": "c", "target": {"cpu": "-1", "memory": "1e999999"}},
    ]
    odd = thing("VerticalPodAutoscaler", "v", spec={"targetRef": aim("StatefulSet")},
                status={"recommendation": {"containerRecommendations": rows}})  # fmt: skip
    assert only(rightsize(cluster(web("x"), odd))).wanted == {}
