"""Volumes made by hand, in either cluster: how claims get them, and how they hold their pods in a zone."""

from tests.wire.kube import objects
from tests.wire.kube.client import Json
from tests.wire.kube.ground import Ground

ZONE = "topology.kubernetes.io/zone"


def volume(name: str, zone: str, claim: Json) -> Json:
    terms = [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}]
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
        "csi": {"driver": "wire.test", "volumeHandle": name},
        "claimRef": claim,
        "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


async def test_a_volume_holds_its_pod_in_its_zone(ground: Ground) -> None:
    await ground.node(**{ZONE: "a"})
    home = await ground.node(**{ZONE: "b"})
    name = f"{ground.namespace}-disk"
    claim = {"name": "data", "namespace": ground.namespace, "apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    made = await ground.admin.post("/api/v1/persistentvolumes", volume(name, "b", claim))
    assert made.code == 201, made.text
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    wanted = {"metadata": {"name": "data"}, "spec": {**spec, "storageClassName": "", "volumeName": name}}
    try:
        await ground.make("persistentvolumeclaims", wanted)
        bound = lambda one: one["status"].get("phase") == "Bound"  # noqa: E731
        await ground.until(ground.at("persistentvolumeclaims", "data"), bound, "the claim to be bound")
        await ground.until(f"/api/v1/persistentvolumes/{name}", bound, "the volume to be bound")
        mounted: Json = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
        await ground.make("pods", objects.pod("one", **ground.here, **mounted))
        placed = await ground.until(ground.at("pods", "one"), lambda pod: pod["spec"].get("nodeName"), "a node")
        assert placed["spec"]["nodeName"] == home
        await ground.admin.patch(f"/api/v1/nodes/{home}", {"spec": {"unschedulable": True}})
        await ground.until(f"/api/v1/nodes/{home}", lambda node: node["spec"].get("taints"), "the cordon")
        await ground.make("pods", objects.pod("two", **ground.here, **mounted))
        refused = await ground.until(ground.at("pods", "two"), lambda pod: objects.conditions(pod), "a verdict")
        message = refused["status"]["conditions"][0]["message"]
        assert "1 node(s) didn't match PersistentVolume's node affinity" in message
        assert "1 node(s) were unschedulable" in message
    finally:
        await ground.admin.delete(f"/api/v1/persistentvolumes/{name}")


async def test_a_claim_without_a_volume_holds_its_pod_back(ground: Ground) -> None:
    await ground.node()
    mounted: Json = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "absent"}}]}
    await ground.make("pods", objects.pod("one", **ground.here, **mounted))
    refused = await ground.until(ground.at("pods", "one"), lambda pod: objects.conditions(pod), "a verdict")
    assert 'persistentvolumeclaim "absent" not found' in refused["status"]["conditions"][0]["message"]
