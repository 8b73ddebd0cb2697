"""What a virtual node writes on the ECI pods that it runs: the instance behind the pod and the size that is billed."""

import hashlib
from typing import Any

import msgspec

from core.kube import pod_wire
from sim.controllers.volumes import ZONE

Obj = dict[str, Any]

_PREFIX = "k8s.aliyun.com/"
# vCPU -> GiB sizes of general ECI instances (ECI documentation, "specifications by vCPU and memory").
_SIZES: dict[float, tuple[float, ...]] = {
    0.25: (0.5, 1),
    0.5: (1, 2),
    1: (2, 4, 8),
    2: (1, 2, 4, 8, 16),
    4: (2, 4, 8, 16, 32),
    8: (4, 8, 16, 32, 64),
    12: (12, 24, 48, 96),
    16: (16, 32, 64, 128),
    24: (24, 48, 96, 192),
    32: (32, 64, 128, 256),
    52: (96, 192, 384),
    64: (128, 256, 512),
}
_LARGEST = (64.0, 512.0)


def billed_size(cpu: float, memory: float) -> tuple[float, float]:
    """The smallest size (vCPU, GiB) that holds the request; a pod without requests gets 2 vCPU and 4 GiB."""
    if not cpu and not memory:
        return 2.0, 4.0
    fitting = [(c, m) for c, sizes in _SIZES.items() for m in sizes if c >= cpu and m >= memory]
    return min(fitting, key=lambda size: (size[0] + size[1] / 8, size), default=_LARGEST)


def instance_annotated(pod: Obj, node: Obj) -> Obj:
    """The pod with the annotations that the virtual kubelet writes back; those it has are kept."""
    meta = pod["metadata"]
    requests = pod_wire.codec.item(msgspec.json.encode(pod)).shape.requests
    cpu, memory = billed_size(requests.get("cpu", 0) / 1000, requests.get("memory", 0) / 2**30)
    labels = node["metadata"].get("labels") or {}
    name = hashlib.blake2b(meta["uid"].encode(), digest_size=8).hexdigest()
    written = {
        "eci-instance-id": f"eci-bp1{name}",
        "eci-instance-spec": f"{float(cpu)}-{float(memory)}Gi",
        "eci-instance-cpu": str(float(cpu)),
        "eci-instance-mem": str(float(memory)),
        "eci-instance-zone": labels.get(ZONE, ""),
        "eci-instance-compute-category": "general",
        "eci-request-id": meta["uid"].upper(),
    }
    annotations = {f"{_PREFIX}{key}": value for key, value in written.items()}
    return {**pod, "metadata": {**meta, "annotations": {**annotations, **(meta.get("annotations") or {})}}}
