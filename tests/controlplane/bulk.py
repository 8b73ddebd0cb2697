"""Whole Deployments with their running pods, written into etcd at once: 9,000 pods in seconds, of any age.

Each object is first admitted by the real API server (a dry run), so that defaults and injected fields are its own.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Iterator

from tests.controlplane.api import Api
from tests.controlplane.kinds import Json, kind_of
from tests.controlplane.objects import stamp

_HASH = "pod-template-hash"


def running_deployment(api: Api, deployment: Json, nodes: list[str], age: datetime.timedelta) -> Iterator[Json]:
    """The Deployment, its ReplicaSet and one running pod on each of `nodes` (a name may stand there twice).

    The namespace and its default service account must exist. Write them with `Cluster.offline`: a controller
    manager that sees half of it would create or collect pods.
    """
    top = admitted(api, {**deployment, "spec": {**deployment["spec"], "replicas": len(nodes)}}, age)
    name, code = top["metadata"]["name"], f"{uuid.uuid4().hex[:10]}"
    top["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    middle = admitted(api, _replica_set(top, f"{name}-{code}", code), age)
    counts = {"replicas": len(nodes), "readyReplicas": len(nodes), "availableReplicas": len(nodes)}
    top["status"] = {**counts, "updatedReplicas": len(nodes), "observedGeneration": 1}
    middle["status"] = {**counts, "fullyLabeledReplicas": len(nodes), "observedGeneration": 1}
    yield from (top, middle)
    yield from _pods(admitted(api, _first_pod(middle), age), nodes, age)


def admitted(api: Api, thing: Json, age: datetime.timedelta) -> Json:
    """As the API server would store it, but older and with nothing yet created."""
    path = kind_of(thing).path(thing["metadata"]["namespace"])
    made = api.request("POST", f"{path}?dryRun=All", thing)
    made["metadata"].update(uid=str(uuid.uuid4()), creationTimestamp=stamp(age))
    made["metadata"].pop("resourceVersion", None)
    return made


def _replica_set(deployment: Json, name: str, code: str) -> Json:
    spec = deployment["spec"]
    template = _labelled(spec["template"], code)
    selector = {"matchLabels": {**spec["selector"]["matchLabels"], _HASH: code}}
    metadata = {
        "name": name,
        "namespace": deployment["metadata"]["namespace"],
        "labels": template["metadata"]["labels"],
        "annotations": deployment["metadata"]["annotations"],
        "ownerReferences": [_owner(deployment)],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": metadata,
        "spec": {"replicas": spec["replicas"], "selector": selector, "template": template},
    }


def _labelled(template: Json, code: str) -> Json:
    metadata = template["metadata"]
    return {**template, "metadata": {**metadata, "labels": {**metadata["labels"], _HASH: code}}}


def _first_pod(replica_set: Json) -> Json:
    template, owner = replica_set["spec"]["template"], replica_set["metadata"]
    metadata = {
        **template["metadata"],
        "name": f"{owner['name']}-00000",
        "namespace": owner["namespace"],
        "ownerReferences": [_owner(replica_set)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def _pods(first: Json, nodes: Iterable[str], age: datetime.timedelta) -> Iterator[Json]:
    stem, status = first["metadata"]["name"].rsplit("-", 1)[0], running_status(first, age)
    for number, node in enumerate(nodes):
        named = {"name": f"{stem}-{number:05d}", "uid": str(uuid.uuid4()), "generateName": f"{stem}-"}
        address = f"172.{16 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        yield {
            **first,
            "metadata": {**first["metadata"], **named},
            "spec": {**first["spec"], "nodeName": node},
            "status": {**status, "podIP": address, "podIPs": [{"ip": address}]},
        }


def running_status(pod: Json, age: datetime.timedelta) -> Json:
    """The status of a pod that has been running for `age`."""
    since = stamp(age)
    kinds = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": True,
            "started": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": since}},
        }
        for container in pod["spec"]["containers"]
    ]
    return {
        **pod.get("status", {}),
        "phase": "Running",
        "startTime": since,
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": since} for kind in kinds],
        "containerStatuses": containers,
    }


def _owner(thing: Json) -> Json:
    return {
        "apiVersion": thing["apiVersion"],
        "kind": thing["kind"],
        "name": thing["metadata"]["name"],
        "uid": thing["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
