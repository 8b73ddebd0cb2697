"""Custom resources: defined, served, written and gone again; and bodies of the wrong shape."""

import pytest

from tests.wire.kube import objects
from tests.wire.kube.client import MERGE, STRATEGIC, Json
from tests.wire.kube.ground import Ground

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def _definition(group: str) -> Json:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    replicas = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}, "scale": replicas},
    }
    names = {"kind": "Room", "listKind": "RoomList", "plural": "rooms", "singular": "room", "shortNames": ["rm"]}
    spec = {"group": group, "names": names, "scope": "Namespaced", "versions": [version]}
    return {"metadata": {"name": f"rooms.{group}"}, "spec": spec}


async def test_a_new_kind(ground: Ground) -> None:
    group = f"{ground.namespace}.test"
    made = await ground.admin.post(DEFINITIONS, _definition(group))
    assert made.code == 201, made.text
    path = f"{DEFINITIONS}/rooms.{group}"
    await ground.until(path, lambda d: objects.conditions(d).get("Established") == "True", "the definition")
    rooms = ground.at("rooms", api=f"{group}/v1")
    await ground.until(rooms, lambda _: True, "the new path")
    room = {"apiVersion": f"{group}/v1", "kind": "Room", "metadata": {"name": "one"}, "spec": {"replicas": 2, "a": [1]}}
    first = (await ground.admin.post(rooms, room)).body
    assert (first["kind"], first["metadata"]["generation"]) == ("Room", 1)
    listed = (await ground.admin.get(rooms)).body
    assert (listed["kind"], listed["items"][0]["kind"]) == ("RoomList", "Room")
    refused = await ground.admin.patch(f"{rooms}/one", {"spec": {"a": [2]}}, STRATEGIC)
    assert (refused.code, refused.reason) == (415, "UnsupportedMediaType")
    changed = (await ground.admin.patch(f"{rooms}/one", {"spec": {"a": [2]}, "status": {"x": 1}}, MERGE)).body
    assert (changed["spec"]["a"], changed["metadata"]["generation"], "status" in changed) == ([2], 2, False)
    scale = (await ground.admin.patch(f"{rooms}/one/scale", {"spec": {"replicas": 5}})).body
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 5)
    assert (await ground.kubectl("get", f"rooms.{group}", "-n", ground.namespace)).split()[:2] == ["NAME", "AGE"]
    await ground.admin.delete(path)
    for _ in range(100):
        if (await ground.admin.get(f"{rooms}/one")).code == 404:
            break
    assert (await ground.admin.get(f"{rooms}/one")).code == 404


BODIES: dict[str, Json] = {
    "metadata is a list": {"metadata": []},
    "metadata is a text": {"metadata": "x"},
    "name is a number": {"metadata": {"name": 7}},
    "labels are a list": {"metadata": {"name": "one", "labels": ["a"]}},
    "spec is a text": {"metadata": {"name": "one"}, "spec": "x"},
    "spec is a list": {"metadata": {"name": "one"}, "spec": [1]},
    "replicas are a text": {"metadata": {"name": "one"}, "spec": {"replicas": "x"}},
    "containers are an object": {
        "metadata": {"name": "one"},
        "spec": {
            "selector": {"matchLabels": {"app": "one"}},
            "template": {"metadata": {"labels": {"app": "one"}}, "spec": {"containers": {"a": 1}}},
        },
    },
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("plural", ["pods", "deployments", "poddisruptionbudgets"])
async def test_bodies_of_the_wrong_shape(ground: Ground, plural: str, body: str) -> None:
    if plural != "deployments" and body in ("replicas are a text", "containers are an object"):
        pytest.skip("a field that the kind doesn't have")
    reply = await ground.admin.post(ground.at(plural), BODIES[body])
    assert reply.code in (400, 422), reply.text
    assert reply.body["kind"] == "Status"


async def test_patches_of_the_wrong_shape(ground: Ground) -> None:
    await ground.make("configmaps", objects.config_map("one"))
    path = ground.at("configmaps", "one")
    patches: list[Json] = [{"metadata": []}, {"metadata": None, "data": "x"}, {"data": [1]}]
    for patch in patches:
        reply = await ground.admin.patch(path, patch)
        assert reply.code in (400, 422), (patch, reply.text)
    assert not (await ground.admin.get(path)).body.get("data")
