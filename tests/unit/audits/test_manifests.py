"""What a person would apply: patches as the API server merges them, and VPAs that only recommend."""

import json
import shlex
from typing import Any

import pytest
import yaml

from cli import output
from core.analysis.applications import Application
from core.analysis.checks import NO_VPA, Finding
from core.analysis.rightsizing import rightsize
from core.views import manifests
from core.views.manifests import Patch
from tests.unit.audits.test_checks import aim, thing, vpa
from tests.unit.audits.test_rightsizing import cluster, past, remembering, usage, web
from tests.unit.build import pod
from tests.unit.serverless.small import planned


def test_patches_hold_only_what_changes() -> None:
    row = {"containerName": "c", "target": {"cpu": "150m", "memory": "2Gi"}}
    advice = thing("VerticalPodAutoscaler", "v", spec={"targetRef": aim("StatefulSet")},
                   status={"recommendation": {"containerRecommendations": [row]}})  # fmt: skip
    plan = cluster(web("x"), advice)
    (patch,) = manifests.patches(plan.snapshot, rightsize(plan).items)
    containers = [{"name": "c", "resources": {"requests": {"cpu": "150m"}}}]
    assert patch.body == {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"namespace": "default", "name": "web"},
        "spec": {"template": {"spec": {"containers": containers}}},
    }
    assert patch.head == "kubectl patch statefulsets.apps web --namespace default --type strategic"
    unmeasured = cluster(web("x"))
    assert manifests.patches(unmeasured.snapshot, rightsize(unmeasured).items) == []


def test_an_owner_that_is_gone_is_not_patched() -> None:
    plan = cluster(pod("x", "a", owner="ReplicaSet", owner_name="gone"), usage("x", "1m"))
    items = rightsize(plan).items
    assert items[0].wanted
    assert manifests.patches(plan.snapshot, items) == []


def test_a_cron_job_is_patched_where_its_pods_come_from() -> None:
    row = {"name": "run", "resources": {"requests": {"cpu": "2", "memory": "1Gi"}}}
    spec = {"jobTemplate": {"spec": {"template": {"spec": {"containers": [row]}}}}}
    plan = remembering(
        cluster(thing("CronJob", "report", spec=spec)), past(250, 2**30, "report-28401120", container="run")
    )
    (patch,) = manifests.patches(plan.snapshot, rightsize(plan).items)
    assert isinstance(patch.body, dict)
    assert patch.body["apiVersion"] == "batch/v1"
    (found,) = patch.body["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert found == {"name": "run", "resources": {"requests": {"cpu": "300m", "memory": "1229Mi"}}}


CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"requests": {"cpu": "1", "memory": "2Gi", "nvidia.com/gpu": "1"}},
     {"requests": {"cpu": "120m", "memory": "120Mi", "nvidia.com/gpu": "1"}}),
    ({"limits": {"cpu": "2", "memory": "2Gi"}},
     {"limits": {"cpu": "2", "memory": "2Gi"}, "requests": {"cpu": "120m", "memory": "120Mi"}}),
    ({}, {"requests": {"cpu": "120m", "memory": "120Mi"}}),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CASES)
def test_a_clone_set_keeps_all_else_of_its_containers(before: dict[str, Any], after: dict[str, Any]) -> None:
    init = {"name": "setup", "image": "i"}
    second = {"name": "c", "image": "b", "env": [{"name": "X"}], "resources": before}
    rows: list[dict[str, Any]] = [{"name": "first", "image": "a"}, second]
    template: dict[str, Any] = {"spec": {"initContainers": [init], "containers": rows}}
    whole = thing("CloneSet", spec={"replicas": 1, "template": template})
    running = pod("web-x", "a", owner="CloneSet", spec=template["spec"])
    plan = cluster(whole, running, usage("web-x", "100m"))
    (patch,) = manifests.patches(plan.snapshot, rightsize(plan).items)
    assert patch.head == "kubectl patch clonesets.apps.kruise.io web --namespace default --type json"
    assert isinstance(patch.body, list)
    merged = applied(json.loads(json.dumps(whole)), patch.body)["spec"]["template"]["spec"]
    assert merged["containers"] == [rows[0], {**rows[1], "resources": after}]
    rows.reverse()
    with pytest.raises(AssertionError, match="test"):
        applied(json.loads(json.dumps(whole)), patch.body)


def applied(document: Any, steps: list[dict[str, Any]]) -> Any:
    """RFC 6902, the parts of it that matter here: `add` needs its parent to be there."""
    for step in steps:
        at, *path = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]][::-1]
        inside = document
        for part in reversed(path):
            inside = inside[int(part)] if isinstance(inside, list) else inside[part]
        if step["op"] == "test":
            assert inside[at] == step["value"], "test"
        else:
            inside[at] = step["value"]
    return document


def test_a_command_survives_the_shell() -> None:
    patch = Patch(Application("Deployment", "shop", "x; rm -rf '/'"), "json", [{"value": "a'b"}])
    words = shlex.split(patch.kubectl)
    assert words[2:4] == ["deployments.apps", "x; rm -rf '/'"]
    assert json.loads(words[-1]) == [{"value": "a'b"}]


def test_vpas_only_recommend_and_only_where_there_is_none() -> None:
    plan = planned(vpa("cart"), thing("VerticalPodAutoscaler", "olap", spec={"targetRef": aim("CloneSet", "x")}))
    wanted = [Application(*one) for one in (
        ("Deployment", "default", "web"),  # the VPA cart is its own
        ("Deployment", "default", "olap"),
        ("CloneSet", "default", "feed"),
        ("CloneSet", "default", "feed"),
        ("Rollout", "default", "web"),  # of a kind whose group nobody knows
    )]  # fmt: skip
    text = output.as_documents(manifests.vpas(plan.snapshot, wanted))
    assert text.count("'Off'") == 2  # unquoted it would be false
    first, second = yaml.safe_load_all(text)
    assert first == {
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": {"namespace": "default", "name": "olap-deployment"},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "olap"},
            "updatePolicy": {"updateMode": "Off"},
        },
    }
    assert second["spec"]["targetRef"]["apiVersion"] == "apps.kruise.io/v1alpha1"


def test_vpas_for_what_the_checks_miss() -> None:
    findings = [Finding(check, "Deployment", "shop/web", "", "") for check in ("VPA not Off", NO_VPA)]
    (made,) = manifests.vpas_for(planned().snapshot, findings)
    assert (made["metadata"], made["spec"]["targetRef"]["kind"]) == ({"namespace": "shop", "name": "web"}, "Deployment")
