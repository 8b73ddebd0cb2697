"""Leases: what keeps two writers apart. One is taken by creating or by a conditional write, and freed by deleting."""

import pytest

from tests.wire.kube.client import MERGE, STRATEGIC, Json
from tests.wire.kube.ground import Ground

API = "coordination.k8s.io/v1"


def lease(name: str, holder: str, at: str = "2026-01-15T12:00:00.000000Z") -> Json:
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 30, "acquireTime": at, "renewTime": at}
    return {"apiVersion": API, "kind": "Lease", "metadata": {"name": name}, "spec": spec}


async def test_one_of_two_gets_it(ground: Ground) -> None:
    path = ground.at("leases", api=API)
    made = await ground.admin.post(path, lease("vacancy", "one"))
    assert (made.code, made.body["spec"]) == (201, lease("vacancy", "one")["spec"])
    late = await ground.admin.post(path, lease("vacancy", "two"))
    assert (late.code, late.reason) == (409, "AlreadyExists")
    assert late.message == 'leases.coordination.k8s.io "vacancy" already exists'
    found = (await ground.admin.get(f"{path}/vacancy")).body
    assert (found["apiVersion"], found["kind"], found["spec"]["holderIdentity"]) == (API, "Lease", "one")


@pytest.mark.parametrize("how", [MERGE, STRATEGIC])
async def test_taking_over_what_has_changed_since_conflicts(ground: Ground, how: str) -> None:
    path = ground.at("leases", "vacancy", API)
    seen = (await ground.admin.post(ground.at("leases", api=API), lease("vacancy", "one"))).body
    version = {"resourceVersion": seen["metadata"]["resourceVersion"]}
    renewed = {"metadata": version, "spec": {"renewTime": "2026-01-15T12:00:10.000000Z"}}
    first = await ground.admin.patch(path, renewed, how)
    assert (first.code, first.body["spec"]["renewTime"]) == (200, "2026-01-15T12:00:10.000000Z")
    second = await ground.admin.patch(path, {"metadata": version, "spec": {"holderIdentity": "two"}}, how)
    assert (second.code, second.reason) == (409, "Conflict")
    put = await ground.admin.put(path, {**seen, "spec": {**seen["spec"], "holderIdentity": "two"}})
    assert (put.code, put.reason) == (409, "Conflict")
    assert (await ground.admin.get(path)).body["spec"]["holderIdentity"] == "one"


async def test_only_the_one_seen_is_freed(ground: Ground) -> None:
    path = ground.at("leases", "vacancy", API)
    old = (await ground.admin.post(ground.at("leases", api=API), lease("vacancy", "one"))).body["metadata"]
    new = (await ground.admin.patch(path, {"spec": {"holderIdentity": "two"}})).body["metadata"]
    stale = {"preconditions": {"uid": old["uid"], "resourceVersion": old["resourceVersion"]}}
    refused = await ground.admin.delete(path, stale)
    assert (refused.code, refused.reason) == (409, "Conflict")
    fresh = {"preconditions": {"uid": new["uid"], "resourceVersion": new["resourceVersion"]}}
    assert (await ground.admin.delete(path, fresh)).code == 200
    assert (await ground.admin.get(path)).code == 404
    again = (await ground.admin.post(ground.at("leases", api=API), lease("vacancy", "two"))).body
    assert again["metadata"]["uid"] != old["uid"]


async def test_a_holder_may_let_go(ground: Ground) -> None:
    path = ground.at("leases", api=API)
    await ground.admin.post(path, lease("vacancy", "one"))
    freed = await ground.admin.patch(f"{path}/vacancy", {"spec": {"holderIdentity": ""}})
    assert (freed.code, freed.body["spec"]["holderIdentity"]) == (200, "")


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"leaseDurationSeconds": 0}, 422, "spec.leaseDurationSeconds"),
        ({"leaseTransitions": -1}, 422, "spec.leaseTransitions"),
        ({"renewTime": "soon"}, 400, ""),
        ({"renewTime": "2026-01-15T12:00:00Z"}, 400, ""),
    ],
)
async def test_what_is_no_lease(ground: Ground, wrong: Json, code: int, field: str) -> None:
    bad = lease("vacancy", "one")
    bad["spec"] |= wrong
    refused = await ground.admin.post(ground.at("leases", api=API), bad)
    assert refused.code == code, refused.text
    assert [cause["field"] for cause in refused.body.get("details", {}).get("causes", [])] == ([field] if field else [])


async def test_leases_are_watched(ground: Ground) -> None:
    path = ground.at("leases", api=API)
    made = (await ground.admin.post(path, lease("vacancy", "one"))).body
    async with ground.admin.watch(path, resourceVersion=made["metadata"]["resourceVersion"]) as events:
        await ground.admin.patch(f"{path}/vacancy", {"spec": {"holderIdentity": "two"}})
        event = await anext(events)
        assert (event["type"], event["object"]["spec"]["holderIdentity"]) == ("MODIFIED", "two")
        await ground.admin.delete(f"{path}/vacancy")
        assert (await anext(events))["type"] == "DELETED"
