"""Create, update, patch and delete: versions, preconditions, finalizers, and what each refusal says."""

from typing import Any

import pytest

from tests.wire.kube import objects
from tests.wire.kube.client import JSON_PATCH, MERGE, STRATEGIC, Json
from tests.wire.kube.ground import Ground


async def test_create_sets_what_the_server_sets(ground: Ground) -> None:
    sent = objects.pod("one", **ground.here)
    made = (await ground.admin.post(ground.at("pods"), {**sent, "status": {"phase": "Running"}})).body
    assert made["metadata"].keys() >= {"uid", "resourceVersion", "creationTimestamp", "namespace", "generation"}
    assert made["status"]["phase"] == "Pending"
    assert made["status"]["qosClass"] == "Burstable"
    spec = made["spec"]
    assert (spec["restartPolicy"], spec["schedulerName"], spec["priority"]) == ("Always", "default-scheduler", 0)
    assert {t["key"] for t in spec["tolerations"]} == {
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    }


async def test_pods_get_their_account_token(ground: Ground) -> None:
    made = await ground.make("pods", objects.pod("one", **ground.here))
    volume = made["spec"]["volumes"][0]
    assert volume["name"].startswith("kube-api-access-")
    assert list(volume["projected"]["sources"][0]) == ["serviceAccountToken"]
    mounts = made["spec"]["containers"][0]["volumeMounts"]
    assert [mount["name"] for mount in mounts] == [volume["name"]]
    bare = await ground.make("pods", objects.pod("two", automountServiceAccountToken=False, **ground.here))
    assert "volumes" not in bare["spec"]


async def test_texts_of_secrets_are_encoded(ground: Ground) -> None:
    path = f"/api/v1/namespaces/{ground.namespace}/secrets"
    made = (await ground.admin.post(path, {"metadata": {"name": "one"}, "stringData": {"a": "b"}})).body
    assert (made["data"], made["type"], "stringData" in made) == ({"a": "Yg=="}, "Opaque", False)


async def test_fresh_statuses(ground: Ground) -> None:
    budget = await ground.make("poddisruptionbudgets", objects.budget("one", "one", minAvailable=1))
    zeros = dict.fromkeys(("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"), 0)
    assert budget["status"] == zeros
    deployment = await ground.make("deployments", objects.workload("Deployment", "one", 0))
    assert (deployment["status"], deployment["spec"]["progressDeadlineSeconds"]) == ({}, 600)
    schedule = {
        "schedule": "0 0 1 1 *",
        "jobTemplate": {"spec": {"template": objects.template("a", restartPolicy="Never")}},
    }
    path = f"/apis/batch/v1/namespaces/{ground.namespace}/cronjobs"
    made = (await ground.admin.post(path, {"metadata": {"name": "one"}, "spec": schedule})).body
    template = made["spec"]["jobTemplate"]["spec"]["template"]
    assert template["spec"]["schedulerName"] == "default-scheduler"
    assert made["spec"]["concurrencyPolicy"] == "Allow"


async def test_names(ground: Ground) -> None:
    await ground.make("configmaps", objects.config_map("one"))
    again = await ground.admin.post(ground.at("configmaps"), objects.config_map("one"))
    assert (again.code, again.reason) == (409, "AlreadyExists")
    assert again.message == 'configmaps "one" already exists'
    bad = await ground.admin.post(ground.at("configmaps"), objects.config_map("Not_A_Name"))
    assert (bad.code, bad.reason) == (422, "Invalid")
    assert bad.body["details"]["causes"][0]["field"] == "metadata.name"
    generated = await ground.admin.post(ground.at("configmaps"), {"metadata": {"generateName": "gen-"}})
    assert generated.body["metadata"]["name"].startswith("gen-")
    nameless = await ground.admin.post(ground.at("configmaps"), {"metadata": {}})
    assert (nameless.code, nameless.reason) == (422, "Invalid")


async def test_places(ground: Ground) -> None:
    absent = await ground.admin.post("/api/v1/namespaces/absent/configmaps", objects.config_map("one"))
    assert (absent.code, absent.message) == (404, 'namespaces "absent" not found')
    other = {**objects.config_map("one"), "metadata": {"name": "one", "namespace": "other"}}
    wrong = await ground.admin.post(ground.at("configmaps"), other)
    assert (wrong.code, wrong.reason) == (400, "BadRequest")
    kind = await ground.admin.post(ground.at("configmaps"), {**objects.config_map("one"), "kind": "Secret"})
    assert kind.code == 400
    junk = await ground.admin.send("POST", ground.at("configmaps"), [1, 2])
    assert junk.code == 400


async def test_what_is_invalid(ground: Ground) -> None:
    empty = {**objects.pod("one"), "spec": {"containers": []}}
    refused = await ground.admin.post(ground.at("pods"), empty)
    assert (refused.code, refused.reason) == (422, "Invalid")
    assert refused.message.startswith('Pod "one" is invalid: spec.containers: Required value')
    missing = objects.workload("Deployment", "one")
    missing["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    refused = await ground.admin.post(ground.at("deployments"), missing)
    assert (refused.code, refused.reason) == (422, "Invalid")
    assert refused.message.startswith('Deployment.apps "one" is invalid: spec.template.metadata.labels: Invalid value')
    assert refused.message.endswith("`selector` does not match template `labels`")


async def test_stale_updates_conflict(ground: Ground) -> None:
    made = await ground.make("configmaps", objects.config_map("one"))
    path = ground.at("configmaps", "one")
    fresh = (await ground.admin.put(path, {**made, "data": {"a": "1"}})).body
    assert fresh["metadata"]["uid"] == made["metadata"]["uid"]
    stale = await ground.admin.put(path, {**made, "data": {"a": "2"}})
    assert (stale.code, stale.reason) == (409, "Conflict")
    assert stale.message == (
        'Operation cannot be fulfilled on configmaps "one": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    version = made["metadata"]["resourceVersion"]
    patched = await ground.admin.patch(path, {"metadata": {"resourceVersion": version}, "data": {"a": "3"}})
    assert patched.code == 409
    alien = {"uid": "11111111-2222-3333-4444-555555555555"}
    patched = await ground.admin.patch(path, {"metadata": alien})
    assert (patched.code, patched.reason) == (422, "Invalid")
    assert patched.message.endswith(": field is immutable")
    replaced = await ground.admin.put(path, objects.config_map("one") | {"metadata": {"name": "one", **alien}})
    assert (replaced.code, replaced.reason) == (409, "Conflict")
    unconditional = {key: value for key, value in made.items() if key != "metadata"} | {"metadata": {"name": "one"}}
    assert (await ground.admin.put(path, unconditional)).code == 200


async def test_an_update_that_changes_nothing_is_no_change(ground: Ground) -> None:
    made = await ground.make("configmaps", objects.config_map("one", a="1"))
    same = await ground.admin.patch(ground.at("configmaps", "one"), {"data": {"a": "1"}})
    assert same.body["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


MERGED = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "other"}]}}}}


async def test_patches_of_lists(ground: Ground) -> None:
    await ground.make("deployments", objects.workload("Deployment", "one", 0))
    path = ground.at("deployments", "one")
    strategic = (await ground.admin.patch(path, MERGED, STRATEGIC)).body
    container = strategic["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "other"
    assert container["resources"]["requests"]["cpu"] == "100m"
    merged = (await ground.admin.patch(path, MERGED, MERGE)).body
    assert "requests" not in merged["spec"]["template"]["spec"]["containers"][0]["resources"]
    second = {"spec": {"template": {"spec": {"containers": [{"name": "two", "image": "second"}]}}}}
    both = (await ground.admin.patch(path, second, STRATEGIC)).body
    assert [c["name"] for c in both["spec"]["template"]["spec"]["containers"]] == ["two", "main"]
    gone = {"spec": {"template": {"spec": {"containers": [{"name": "two", "$patch": "delete"}]}}}}
    left = (await ground.admin.patch(path, gone, STRATEGIC)).body
    assert [c["name"] for c in left["spec"]["template"]["spec"]["containers"]] == ["main"]


async def test_json_patches(ground: Ground) -> None:
    await ground.make("configmaps", objects.config_map("one", a="1"))
    path = ground.at("configmaps", "one")
    operations = [
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "replace", "path": "/data/a", "value": "2"},
        {"op": "add", "path": "/metadata/annotations", "value": {}},
        {"op": "add", "path": "/metadata/annotations/b~1c", "value": "3"},
    ]
    patched = (await ground.admin.patch(path, operations, JSON_PATCH)).body
    assert (patched["data"], patched["metadata"]["annotations"]) == ({"a": "2"}, {"b/c": "3"})
    failed = await ground.admin.patch(path, [{"op": "test", "path": "/data/a", "value": "1"}], JSON_PATCH)
    assert (failed.code, failed.reason) == (422, "Invalid")
    assert failed.message == "the server rejected our request due to an error in our request"
    absent = await ground.admin.patch(path, [{"op": "remove", "path": "/data/none"}], JSON_PATCH)
    assert absent.code == 422


async def test_an_unknown_patch_format(ground: Ground) -> None:
    await ground.make("configmaps", objects.config_map("one"))
    reply = await ground.admin.patch(ground.at("configmaps", "one"), {}, "application/nonsense")
    assert (reply.code, reply.reason) == (415, "UnsupportedMediaType")


async def test_status_and_spec_are_written_apart(ground: Ground) -> None:
    made = await ground.make("deployments", objects.workload("Deployment", "one", 0))
    path = ground.at("deployments", "one")
    assert made["metadata"]["generation"] == 1
    done: dict[str, Any] = {"status": {"replicas": 0, "observedGeneration": 1}, "spec": {"paused": True}}
    after = (await ground.admin.patch(f"{path}/status", done)).body
    assert "paused" not in after["spec"]
    scaled = (await ground.admin.patch(path, {"spec": {"paused": True}, "status": {"replicas": 9}})).body
    assert scaled["metadata"]["generation"] == 2
    assert scaled["status"].get("replicas", 0) == 0


async def test_immutable_fields(ground: Ground) -> None:
    await ground.make("deployments", objects.workload("Deployment", "one", 0))
    other = {"spec": {"selector": {"matchLabels": {"app": "two"}}}}
    reply = await ground.admin.patch(ground.at("deployments", "one"), other)
    assert (reply.code, reply.reason) == (422, "Invalid")
    assert "field is immutable" in reply.message
    await ground.make("pods", objects.pod("p", **ground.here))
    moved = await ground.admin.patch(ground.at("pods", "p"), {"spec": {"nodeName": "elsewhere"}})
    assert (moved.code, moved.reason) == (422, "Invalid")
    assert "pod updates may not change fields other than" in moved.message


async def test_scale(ground: Ground) -> None:
    await ground.make("deployments", objects.workload("Deployment", "one", 0))
    path = f"{ground.at('deployments', 'one')}/scale"
    scale = (await ground.admin.get(path)).body
    assert (scale["kind"], scale["apiVersion"], scale["spec"]) == ("Scale", "autoscaling/v1", {})
    assert scale["status"] == {"replicas": 0, "selector": "app=one"}
    changed = (await ground.admin.patch(path, {"spec": {"replicas": 0}})).body
    assert changed["spec"] == {}
    put = (await ground.admin.put(path, {**scale, "metadata": {"name": "one"}, "spec": {"replicas": 2}})).body
    assert put["spec"] == {"replicas": 2}
    assert (await ground.admin.get(ground.at("deployments", "one"))).body["spec"]["replicas"] == 2


async def test_dry_runs_store_nothing(ground: Ground) -> None:
    tried = await ground.admin.post(ground.at("configmaps"), objects.config_map("one"), dryRun="All")
    assert (tried.code, tried.body["metadata"]["name"]) == (201, "one")
    assert (await ground.admin.get(ground.at("configmaps", "one"))).code == 404
    await ground.make("configmaps", objects.config_map("two", a="1"))
    path = ground.at("configmaps", "two")
    tried = await ground.admin.patch(path, {"data": {"a": "2"}}, dryRun="All")
    assert tried.body["data"] == {"a": "2"}
    assert (await ground.admin.delete(path, dryRun="All")).code == 200
    assert (await ground.admin.get(path)).body["data"] == {"a": "1"}
    bad = await ground.admin.delete(path, dryRun="Some")
    assert bad.code in (400, 422)


async def test_deleting(ground: Ground) -> None:
    made = await ground.make("configmaps", objects.config_map("one"))
    done = await ground.admin.delete(ground.at("configmaps", "one"))
    details = {"name": "one", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    assert (done.code, done.body["status"], done.body["details"]) == (200, "Success", details)
    assert (await ground.admin.delete(ground.at("configmaps", "one"))).code == 404


@pytest.mark.parametrize("wrong", ["uid", "resourceVersion"])
async def test_preconditions(ground: Ground, wrong: str) -> None:
    made = await ground.make("configmaps", objects.config_map("one"))
    path, meta = ground.at("configmaps", "one"), made["metadata"]
    right = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
    other = {"uid": "11111111-2222-3333-4444-555555555555", "resourceVersion": "1"}
    refused = await ground.admin.delete(path, {"preconditions": {**right, wrong: other[wrong]}})
    assert (refused.code, refused.reason) == (409, "Conflict")
    assert (await ground.admin.delete(path, {"preconditions": right})).code == 200


async def test_finalizers_hold_a_deletion(ground: Ground) -> None:
    held = objects.config_map("one")
    held["metadata"]["finalizers"] = ["wire.test/hold"]
    await ground.make("configmaps", held)
    path = ground.at("configmaps", "one")
    reply = await ground.admin.delete(path)
    assert (reply.code, reply.body["kind"]) == (200, "ConfigMap")
    assert reply.body["metadata"]["deletionTimestamp"]
    assert (await ground.admin.get(path)).code == 200
    await ground.admin.patch(path, {"metadata": {"finalizers": None}})
    assert (await ground.admin.get(path)).code == 404


async def test_deleting_a_collection(ground: Ground) -> None:
    for name, labels in (("a", {"x": "1"}), ("b", {"x": "1"}), ("c", {"x": "2"})):
        obj: Json = {**objects.config_map(name), "metadata": {"name": name, "labels": labels}}
        await ground.make("configmaps", obj)
    assert (await ground.admin.delete(ground.at("configmaps"), labelSelector="x=1")).code == 200
    left = (await ground.admin.get(ground.at("configmaps"), labelSelector="x")).body["items"]
    assert [item["metadata"]["name"] for item in left] == ["c"]


async def test_the_same_event_under_two_names(ground: Ground) -> None:
    about = {"kind": "Pod", "name": "p", "namespace": ground.namespace, "uid": "1"}
    event = {
        "metadata": {"name": "e", "namespace": ground.namespace},
        "involvedObject": about,
        "reason": "Because",
        "message": "words",
        "type": "Normal",
        "source": {"component": "wire"},
        "firstTimestamp": "2026-01-15T12:00:00Z",
        "lastTimestamp": "2026-01-15T12:00:00Z",
        "count": 3,
    }
    await ground.make("events", event)
    path = f"/apis/events.k8s.io/v1/namespaces/{ground.namespace}/events/e"
    newer = (await ground.admin.get(path)).body
    assert newer["apiVersion"] == "events.k8s.io/v1"
    assert (newer["note"], newer["regarding"]["name"], newer["deprecatedCount"]) == ("words", "p", 3)
    assert newer["deprecatedSource"] == {"component": "wire"}
    found = await ground.admin.get(ground.at("events"), fieldSelector="involvedObject.name=p,reason=Because")
    assert [item["metadata"]["name"] for item in found.body["items"]] == ["e"]
