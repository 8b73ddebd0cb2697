"""The filters that look at volumes: restrictions, limits, binding, zones."""

from typing import Any

import pytest

from core.analysis.placement import Placement, fits
from core.scheduling.refusal import Refusal
from tests.unit.build import Object, node, pod, snapshot

ZONE, OLD_ZONE = "topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"
A, B, BARE = node("a", labels={ZONE: "a"}), node("b", labels={ZONE: "b"}), node("bare")
CONFLICT = ("node(s) didn't match PersistentVolume's node affinity",)
CONFLICT_BEFORE = ("node(s) had volume node affinity conflict",)
NO_VOLUME = ("node(s) didn't find available persistent volumes to bind",)
NO_ZONE = ("node(s) had no available volume zone",)


def claim(name: str, volume: str = "", storage: str | None = "late", **more: Any) -> Object:
    spec = {
        "accessModes": more.get("modes", ["ReadWriteOnce"]),
        "resources": {"requests": {"storage": more.get("size", "10Gi")}},
        **({"storageClassName": storage} if storage is not None else {}),
        **({"volumeName": volume} if volume else {}),
        **({"selector": more["selector"]} if "selector" in more else {}),
    }
    meta = {"name": name, "namespace": "default", "uid": f"claim-{name}", "annotations": more.get("annotations", {})}
    phase = more.get("phase", "Bound" if volume else "Pending")
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {**meta, **more.get("meta", {})},
        "spec": spec,
        "status": {"phase": phase},
    }


def volume(name: str, zone: str | None = None, of: str | None = None, **more: Any) -> Object:
    rule = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}
    spec: Object = {
        "capacity": {"storage": more.get("size", "10Gi")},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": more.get("storage", "late"),
        "csi": {"driver": "disk", "volumeHandle": more.get("handle", name)},
    }
    if zone is not None:
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [rule]}}
    if of is not None:
        spec["claimRef"] = {"namespace": "default", "name": of, "uid": f"claim-{of}"}
    status = {"phase": "Bound" if of else "Available"}
    return {
        "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": more.get("labels", {})},
        "spec": spec,
        "status": status,
    }


def storage_class(name: str, mode: str = "WaitForFirstConsumer", **more: Any) -> Object:
    return {
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": more.pop("provisioner", "disk"),
        "volumeBindingMode": mode,
        **more,
    }


def using(*claims: str, name: str = "default/new", on: str | None = None) -> Object:
    volumes = [{"name": one, "persistentVolumeClaim": {"claimName": one}} for one in claims]
    return pod(name, on=on, spec={"volumes": volumes})


def answers(*objects: Object, without: tuple[str, ...] = ()) -> dict[str, Refusal | None]:
    world = snapshot(*objects, without=without)
    return fits(world, world.pods["default/new"])


def test_a_missing_claim_refuses_every_node() -> None:
    found = answers(A, node("t", taints=[{"key": "x", "effect": "NoSchedule"}]), using("gone"))
    assert set(found.values()) == {Refusal("VolumeRestrictions", ('persistentvolumeclaim "gone" not found',))}


@pytest.mark.parametrize(
    ("the_claim", "reason"),
    [
        (claim("c", storage="now"), "pod has unbound immediate PersistentVolumeClaims"),
        (claim("c", storage=None), "pod has unbound immediate PersistentVolumeClaims"),
        (claim("c", "v", phase="Pending"), "pod has unbound immediate PersistentVolumeClaims"),
        (claim("c", "v", phase="Lost"), 'persistentvolumeclaim "c" bound to non-existent persistentvolume "v"'),
        (claim("c", meta={"deletionTimestamp": "2026-01-15T12:00:00Z"}), 'persistentvolumeclaim "c" is being deleted'),
    ],
)
def test_claims_that_no_node_can_serve(the_claim: Object, reason: str) -> None:
    found = answers(A, storage_class("now", "Immediate"), storage_class("late"), the_claim, using("c"))
    assert found["a"] == Refusal("VolumeBinding", (reason,))


def test_a_generic_ephemeral_volume_waits_for_its_claim() -> None:
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    volumes = [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]
    found = answers(A, pod("default/new", spec={"volumes": volumes}))
    waiting = 'waiting for ephemeral volume controller to create the persistentvolumeclaim "new-scratch"'
    assert found["a"] == Refusal("VolumeBinding", (waiting,))


def test_unread_claims_make_the_answer_unknown() -> None:
    found = answers(A, using("c"), without=("PersistentVolumeClaim",))["a"]
    assert found is not None
    assert (found.plugin, found.known) == ("VolumeBinding", False)


def test_a_bound_volume_is_reached_from_its_zone() -> None:
    found = answers(A, B, BARE, claim("c", "v"), volume("v", "a", of="c"), using("c"))
    assert found == {"a": None, "b": Refusal("VolumeBinding", CONFLICT), "bare": Refusal("VolumeBinding", CONFLICT)}


@pytest.mark.parametrize(("version", "said"), [((1, 32), CONFLICT_BEFORE), ((1, 33), CONFLICT)])
def test_a_volume_out_of_reach_is_worded_by_version(version: tuple[int, int], said: tuple[str, ...]) -> None:
    world = snapshot(B, claim("c", "v"), volume("v", "a", of="c"), using("c"))
    assert fits(world, world.pods["default/new"], version) == {"b": Refusal("VolumeBinding", said)}


def test_a_bound_volume_that_is_gone() -> None:
    found = answers(A, claim("c", "v"), using("c"))["a"]
    assert found == Refusal("VolumeZone", ('persistentvolume "v" not found',))


def test_zone_labels_of_a_volume() -> None:
    several = volume("v", of="c", labels={OLD_ZONE: "a__c"})
    found = answers(A, B, BARE, claim("c", "v"), several, using("c"))
    assert found == {"a": None, "b": Refusal("VolumeZone", NO_ZONE), "bare": None}
    newer = volume("v", of="c", labels={ZONE: "b"})
    old_style = node("old", labels={OLD_ZONE: "b"})
    found = answers(A, B, old_style, claim("c", "v"), newer, using("c"))
    assert found == {"a": Refusal("VolumeZone", NO_ZONE), "b": None, "old": Refusal("VolumeZone", NO_ZONE)}


def test_a_late_claim_is_provisioned_where_its_class_allows() -> None:
    terms = [{"matchLabelExpressions": [{"key": ZONE, "values": ["b"]}]}]
    zonal = storage_class("late", allowedTopologies=terms)
    found = answers(A, B, zonal, claim("c"), using("c"))
    assert found == {"a": Refusal("VolumeBinding", NO_VOLUME), "b": None}


def test_a_late_claim_without_provisioner_needs_a_free_volume() -> None:
    local = storage_class("late", provisioner="kubernetes.io/no-provisioner")
    assert answers(A, B, local, claim("c"), using("c"))["a"] == Refusal("VolumeBinding", NO_VOLUME)
    found = answers(A, B, local, claim("c"), volume("v", "a"), using("c"))
    assert found == {"a": None, "b": Refusal("VolumeBinding", NO_VOLUME)}
    assert answers(A, local, claim("c", size="11Gi"), volume("v", "a"), using("c"))["a"] is not None
    assert answers(A, local, claim("c"), volume("v", "a", of="other"), using("c"))["a"] is not None
    picky = claim("c", selector={"matchLabels": {"speed": "high"}})
    assert answers(A, local, picky, volume("v", "a"), using("c"))["a"] is not None
    assert answers(A, local, picky, volume("v", "a", labels={"speed": "high"}), using("c"))["a"] is None


def test_two_late_claims_need_two_volumes() -> None:
    local = storage_class("late", provisioner="kubernetes.io/no-provisioner")
    claims = claim("c"), claim("d")
    assert answers(A, local, *claims, volume("v", "a"), using("c", "d"))["a"] is not None
    assert answers(A, local, *claims, volume("v", "a"), volume("w", "a"), using("c", "d"))["a"] is None


def test_a_claim_that_has_a_node_goes_nowhere_else() -> None:
    chosen = claim("c", annotations={"volume.kubernetes.io/selected-node": "b"})
    found = answers(A, B, storage_class("late"), chosen, using("c"))
    assert found == {"a": Refusal("VolumeBinding", NO_VOLUME), "b": None}


def test_room_where_the_driver_publishes_it() -> None:
    driver = {"kind": "CSIDriver", "metadata": {"name": "disk"}, "spec": {"storageCapacity": True}}
    little, much = (
        {
            "kind": "CSIStorageCapacity",
            "metadata": {"name": zone, "namespace": "kube-system"},
            "storageClassName": "late",
            "nodeTopology": {"matchLabels": {ZONE: zone}},
            "capacity": size,
        }
        for zone, size in (("a", "1Gi"), ("b", "100Gi"))
    )
    found = answers(A, B, BARE, driver, little, much, storage_class("late"), claim("c"), using("c"))
    full = Refusal("VolumeBinding", ("node(s) did not have enough free storage",))
    assert found == {"a": full, "b": None, "bare": full}


def test_a_claim_for_one_pod_only_is_taken_everywhere() -> None:
    alone = claim("c", "v", modes=["ReadWriteOncePod"])
    there = using("c", name="default/first", on="a")
    found = answers(A, B, alone, volume("v", of="c"), there, using("c"))
    said = "PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
    assert set(found.values()) == {Refusal("VolumeRestrictions", (f"node(s) unavailable due to {said}",))}


def test_a_claim_is_free_again_when_its_pod_leaves() -> None:
    alone = claim("c", "v", modes=["ReadWriteOncePod"])
    world = snapshot(A, B, alone, volume("v", of="c"), using("c", on="a"))
    placement = Placement.from_snapshot(world)
    mover = world.pods["default/new"]
    assert placement.first_failure(mover, 1) is not None
    placement.remove(mover, 0)
    assert placement.first_failure(mover, 1) is None


@pytest.mark.parametrize(
    ("there", "wanted", "clash"),
    [
        ({"gcePersistentDisk": {"pdName": "d"}}, {"gcePersistentDisk": {"pdName": "d"}}, True),
        ({"gcePersistentDisk": {"pdName": "d"}}, {"gcePersistentDisk": {"pdName": "e"}}, False),
        (
            {"gcePersistentDisk": {"pdName": "d", "readOnly": True}},
            {"gcePersistentDisk": {"pdName": "d", "readOnly": True}},
            False,
        ),
        (
            {"awsElasticBlockStore": {"volumeID": "d", "readOnly": True}},
            {"awsElasticBlockStore": {"volumeID": "d", "readOnly": True}},
            True,
        ),
        ({"iscsi": {"iqn": "d"}}, {"iscsi": {"iqn": "d", "readOnly": True}}, True),
        (
            {"rbd": {"image": "i", "pool": "p", "monitors": ["m", "n"]}},
            {"rbd": {"image": "i", "pool": "p", "monitors": ["n"]}},
            True,
        ),
        (
            {"rbd": {"image": "i", "pool": "p", "monitors": ["m"]}},
            {"rbd": {"image": "i", "pool": "p", "monitors": ["n"]}},
            False,
        ),
        ({"gcePersistentDisk": {"pdName": "d"}}, {"awsElasticBlockStore": {"volumeID": "d"}}, False),
    ],
)
def test_in_tree_disks(there: Object, wanted: Object, clash: bool) -> None:
    taken = pod("default/b", on="a", spec={"volumes": [{"name": "d", **there}]})
    found = answers(A, taken, pod("default/new", spec={"volumes": [{"name": "d", **wanted}]}))["a"]
    assert found == (Refusal("VolumeRestrictions", ("node(s) had no available disk",)) if clash else None)


def test_a_driver_attaches_only_so_many_volumes() -> None:
    limit = {
        "kind": "CSINode",
        "metadata": {"name": "a"},
        "spec": {"drivers": [{"name": "disk", "allocatable": {"count": 2}}]},
    }
    attached = {
        "kind": "VolumeAttachment",
        "metadata": {"name": "x"},
        "spec": {"attacher": "disk", "nodeName": "a", "source": {"persistentVolumeName": "u"}},
    }
    volumes = [volume("u"), *(volume(f"v{name}", of=name) for name in ("c", "d"))]
    claims = [claim(name, f"v{name}") for name in ("c", "d")]
    there = using("d", name="default/b", on="a")
    full = Refusal("NodeVolumeLimits", ("node(s) exceed max volume count",))
    assert answers(A, limit, *volumes, *claims, there, using("c"))["a"] is None
    assert answers(A, limit, attached, *volumes, *claims, there, using("c"))["a"] == full
    assert answers(A, B, limit, attached, *volumes, *claims, there, using("c"))["b"] is None
    assert answers(A, limit, attached, *volumes, *claims, there, using("d"))["a"] is None, "a shared volume counts once"
