"""Discovery, get and list: pages, selectors, versions, and what errors look like."""

from typing import Any

import pytest

from tests.wire.kube import objects
from tests.wire.kube.client import Json
from tests.wire.kube.ground import Ground

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
GROUPS = {"apps", "batch", "policy", "autoscaling", "metrics.k8s.io", "coordination.k8s.io", "events.k8s.io"}


async def test_discovery_names_the_groups_and_resources(ground: Ground) -> None:
    groups = (await ground.admin.get("/apis")).body
    assert groups["kind"] == "APIGroupList"
    assert {group["name"] for group in groups["groups"]} >= GROUPS
    core = {r["name"]: r for r in (await ground.admin.get("/api/v1")).body["resources"]}
    assert {"pods", "pods/eviction", "pods/log", "pods/status", "pods/binding", "nodes", "nodes/status"} <= core.keys()
    assert core["pods"]["shortNames"] == ["po"]
    assert core["pods/eviction"]["group"] == "policy"
    assert set(core["pods"]["verbs"]) == {
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
    }


async def test_aggregated_discovery(ground: Ground) -> None:
    reply = await ground.admin.get("/apis", accept=AGGREGATED)
    assert reply.body["kind"] == "APIGroupDiscoveryList"
    apps = next(item for item in reply.body["items"] if item["metadata"]["name"] == "apps")
    deployments = next(r for r in apps["versions"][0]["resources"] if r["resource"] == "deployments")
    assert deployments["responseKind"] == {"group": "", "version": "", "kind": "Deployment"}
    assert deployments["scope"] == "Namespaced"
    assert {sub["subresource"] for sub in deployments["subresources"]} == {"scale", "status"}


async def test_version_and_health(ground: Ground) -> None:
    assert (await ground.admin.get("/version")).body["major"] == "1"
    for path in ("/healthz", "/livez", "/readyz"):
        reply = await ground.admin.get(path)
        assert (reply.code, reply.text) == (200, "ok")


async def test_what_is_not_there(ground: Ground) -> None:
    reply = await ground.admin.get(ground.at("pods", "none"))
    assert reply.code == 404
    assert reply.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "none" not found',
        "reason": "NotFound",
        "details": {"name": "none", "kind": "pods"},
        "code": 404,
    }
    grouped = await ground.admin.get(ground.at("deployments", "none"))
    assert grouped.message == 'deployments.apps "none" not found'
    assert grouped.body["details"] == {"name": "none", "group": "apps", "kind": "deployments"}
    unknown = await ground.admin.get("/apis/apps/v1/nothings")
    assert (unknown.code, unknown.body["details"]) == (404, {})
    assert unknown.message == "the server could not find the requested resource"
    for path in ("/apis/nothing.io/v1/things", "/nothing"):
        nowhere = await ground.admin.get(path)
        assert (nowhere.code, nowhere.text) == (404, "404 page not found\n")


async def test_list_of_an_absent_namespace_is_empty(ground: Ground) -> None:
    reply = await ground.admin.get("/api/v1/namespaces/absent/pods")
    assert (reply.code, reply.body["items"]) == (200, [])


async def test_items_of_lists_carry_no_kind(ground: Ground) -> None:
    await ground.make("configmaps", objects.config_map("one"))
    listed = (await ground.admin.get(ground.at("configmaps"))).body
    assert (listed["kind"], listed["apiVersion"]) == ("ConfigMapList", "v1")
    assert all("kind" not in item and "apiVersion" not in item for item in listed["items"])
    single = (await ground.admin.get(ground.at("configmaps", "one"))).body
    assert (single["kind"], single["apiVersion"]) == ("ConfigMap", "v1")


async def test_pages_show_one_moment(ground: Ground) -> None:
    for number in range(5):
        await ground.make("configmaps", objects.config_map(f"c{number}"))
    first = (await ground.admin.get(ground.at("configmaps"), limit=2)).body
    await ground.make("configmaps", objects.config_map("c9"))
    await ground.admin.delete(ground.at("configmaps", "c3"))
    names, page = [item["metadata"]["name"] for item in first["items"]], first
    assert first["metadata"]["remainingItemCount"] == 4  # c2, c3, c4 and kube-root-ca.crt
    while token := page["metadata"].get("continue"):
        query: Json = {"limit": 2, "continue": token}
        page = (await ground.admin.get(ground.at("configmaps"), **query)).body
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        names += [item["metadata"]["name"] for item in page["items"]]
    assert names == ["c0", "c1", "c2", "c3", "c4", "kube-root-ca.crt"]


async def test_an_expired_page_offers_the_inconsistent_rest(ground: Ground) -> None:
    for number in range(3):
        await ground.make("configmaps", objects.config_map(f"c{number}"))
    first = (await ground.admin.get(ground.at("configmaps"), limit=1)).body
    await ground.make("configmaps", objects.config_map("c1b"))
    await ground.compact()
    old: Json = {"limit": 10, "continue": first["metadata"]["continue"]}
    reply = await ground.admin.get(ground.at("configmaps"), **old)
    assert (reply.code, reply.reason) == (410, "Expired")
    assert reply.message.startswith("The provided continue parameter is too old")
    token = reply.body["metadata"]["continue"]
    fresh: Json = {"limit": 10, "continue": token}
    rest = (await ground.admin.get(ground.at("configmaps"), **fresh)).body
    assert [item["metadata"]["name"] for item in rest["items"]] == ["c1", "c1b", "c2", "kube-root-ca.crt"]


async def test_a_bad_continue_token(ground: Ground) -> None:
    query: Json = {"limit": 1, "continue": "nonsense"}
    reply = await ground.admin.get(ground.at("configmaps"), **query)
    assert (reply.code, reply.reason) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("tier=web", ["a"]),
        ("tier!=web", ["b", "c", "kube-root-ca.crt"]),
        ("tier in (web,db)", ["a", "b"]),
        ("tier notin (web),tier", ["b"]),
        ("!tier", ["c", "kube-root-ca.crt"]),
        ("tier", ["a", "b"]),
    ],
)
async def test_label_selectors(ground: Ground, selector: str, found: list[str]) -> None:
    for name, labels in (("a", {"tier": "web"}), ("b", {"tier": "db"}), ("c", {})):
        obj = objects.config_map(name)
        await ground.make("configmaps", {**obj, "metadata": {"name": name, "labels": labels}})
    reply = await ground.admin.get(ground.at("configmaps"), labelSelector=selector)
    assert [item["metadata"]["name"] for item in reply.body["items"]] == found


async def test_field_selectors(ground: Ground) -> None:
    for name in ("a", "b"):
        await ground.make("pods", objects.pod(name, **ground.here))
    fields = "spec.nodeName=,metadata.name!=b"
    reply = await ground.admin.get("/api/v1/pods", fieldSelector=fields, labelSelector="app in (a,b)")
    names = [(i["metadata"]["namespace"], i["metadata"]["name"]) for i in reply.body["items"]]
    assert (ground.namespace, "a") in names
    assert (ground.namespace, "b") not in names
    bad = await ground.admin.get("/api/v1/pods", fieldSelector="spec.nonsense=1")
    assert (bad.code, bad.reason) == (400, "BadRequest")
    assert bad.message.endswith("field label not supported: spec.nonsense")


async def test_versions_of_lists(ground: Ground) -> None:
    now = (await ground.admin.get("/api/v1/nodes")).body["metadata"]["resourceVersion"]
    assert (await ground.admin.get("/api/v1/nodes", resourceVersion="0")).code == 200
    assert (await ground.admin.get("/api/v1/nodes", resourceVersion=now)).code == 200
    future = await ground.admin.get("/api/v1/nodes", resourceVersion=str(int(now) + 100_000))
    assert (future.code, future.reason) == (504, "Timeout")
    assert future.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
    bad = await ground.admin.get("/api/v1/nodes", resourceVersion="x")
    assert bad.code == 400


async def test_tables_and_metadata(ground: Ground) -> None:
    await ground.make("configmaps", objects.config_map("one", a="1", b="2"))
    table = (await ground.admin.get(ground.at("configmaps", "one"), accept=TABLE)).body
    assert table["kind"] == "Table"
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    row = table["rows"][0]
    assert row["cells"][:2] in (["one", 2], ["one", "2"])
    assert row["object"]["kind"] == "PartialObjectMetadata"
    whole = (await ground.admin.get(ground.at("configmaps"), accept=TABLE, includeObject="Object")).body["rows"]
    assert {"a": "1", "b": "2"} in [row["object"].get("data") for row in whole]
    assert {(row["object"]["apiVersion"], row["object"]["kind"]) for row in whole} == {("v1", "ConfigMap")}
    bare = (await ground.admin.get(ground.at("configmaps", "one"), accept=TABLE, includeObject="None")).body["rows"]
    assert bare[0].get("object") is None
    wrong = await ground.admin.get(ground.at("configmaps"), accept=TABLE, includeObject="Some")
    assert wrong.code == 400
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    listed = (await ground.admin.get(ground.at("configmaps"), accept=accept)).body
    assert listed["kind"] == "PartialObjectMetadataList"
    assert all("data" not in item for item in listed["items"])


COLUMNS = {
    "/api/v1/pods": "Name,Ready,Status,Restarts,Age,IP,Node,Nominated Node,Readiness Gates",
    "/api/v1/nodes": "Name,Status,Roles,Age,Version,Internal-IP,External-IP,OS-Image,Kernel-Version,Container-Runtime",
    "/api/v1/namespaces": "Name,Status,Age",
    "/api/v1/persistentvolumeclaims": "Name,Status,Volume,Capacity,Access Modes,StorageClass,VolumeAttributesClass,Age,"
    "VolumeMode",
    "/apis/apps/v1/deployments": "Name,Ready,Up-to-date,Available,Age,Containers,Images,Selector",
    "/apis/apps/v1/replicasets": "Name,Desired,Current,Ready,Age,Containers,Images,Selector",
    "/apis/apps/v1/statefulsets": "Name,Ready,Age,Containers,Images",
    "/apis/apps/v1/daemonsets": "Name,Desired,Current,Ready,Up-to-date,Available,Node Selector,Age,Containers,Images,"
    "Selector",
    "/apis/batch/v1/jobs": "Name,Status,Completions,Duration,Age,Containers,Images,Selector",
    "/apis/policy/v1/poddisruptionbudgets": "Name,Min Available,Max Unavailable,Allowed Disruptions,Age",
    "/apis/autoscaling/v2/horizontalpodautoscalers": "Name,Reference,Targets,MinPods,MaxPods,Replicas,Age",
    "/api/v1/events": "Last Seen,Type,Reason,Object,Subobject,Source,Message,First Seen,Count,Name",
    "/apis/storage.k8s.io/v1/storageclasses": "Name,Provisioner,ReclaimPolicy,VolumeBindingMode,AllowVolumeExpansion,"
    "Age",
}


@pytest.mark.parametrize("path", COLUMNS)
async def test_columns_of_common_kinds(ground: Ground, path: str) -> None:
    table = (await ground.admin.get(path, accept=TABLE)).body
    assert ",".join(column["name"] for column in table["columnDefinitions"]) == COLUMNS[path]


async def test_large_answers_are_compressed(ground: Ground) -> None:
    for number in range(20):
        await ground.make("configmaps", objects.config_map(f"c{number}", blob="x" * 10_000))
    path = ground.at("configmaps")
    async with ground.admin.session.get(path, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        names = [item["metadata"]["name"] for item in (await answer.json())["items"]]
    assert {f"c{number}" for number in range(20)} <= set(names)
    small = await ground.admin.get(f"{path}/c1")
    assert "Content-Encoding" not in small.headers


async def test_the_kubernetes_package_works(ground: Ground) -> None:
    """The async client that the program itself uses: list in pages, watch, patch."""
    from kubernetes.aio import client, config, watch

    names = [await ground.node() for _ in range(3)]
    configuration = client.Configuration()
    load: Any = config.load_kube_config
    await load(str(ground.admin.kubeconfig), context=ground.admin.context, client_configuration=configuration)
    async with client.ApiClient(configuration) as api:
        core: Any = client.CoreV1Api(api)
        mine = {"label_selector": f"wire={ground.namespace}"}
        first = await core.list_node(limit=2, **mine)
        rest = await core.list_node(limit=2, _continue=first.metadata._continue, **mine)
        assert [node.metadata.name for node in (*first.items, *rest.items)] == names
        patched = await core.patch_node(names[0], {"spec": {"unschedulable": True}})
        assert patched.spec.unschedulable is True
        make: Any = watch.Watch
        async with make() as stream:
            async for event in stream.stream(core.list_node, timeout_seconds=5, **mine):
                assert event["object"].metadata.name in names
                break
