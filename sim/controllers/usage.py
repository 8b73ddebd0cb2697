"""How much pods and nodes use at each hour, as metrics.k8s.io shows it; computed when asked, free when idle.

A pod's annotation `sim.vacancy/usage` describes it: `cpu=0.2..0.7 memory=0.6 shape=office`. Numbers are shares of the
pod's request (of 100m and 128Mi where it has none); a range is from the quietest to the busiest hour of its shape.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from core.errors import InputError
from core.kube import pod_wire, quantity
from sim.clock import rfc3339
from sim.controllers import nodes
from sim.controllers.pods import finished
from sim.kube.registry import Registry

Obj = dict[str, Any]
Range = tuple[float, float]

ANNOTATION = "sim.vacancy/usage"
_WINDOW = 15.0  # metrics-server --metric-resolution
_YOUNG = timedelta(seconds=30)  # a pod needs two scrapes before it shows
_TIME_ZONE = timedelta(hours=8)  # the hours of the shapes are local ones
_NO_REQUEST = {"cpu": 100.0, "memory": 128.0 * 2**20}
_SYSTEM = {"cpu": (90.0, 0.01), "memory": (650.0 * 2**20, 0.02)}  # what the node itself uses: constant, share


def _hill(hour: float, peak: float, width: float) -> float:
    """1 at the peak, falling off over `width` hours, around midnight as well."""
    distance = abs((hour - peak + 12) % 24 - 12)
    return math.exp(-((distance / width) ** 2))


def level(shape: str, hour: float) -> float:
    """How busy a shape of load is at that hour, 0 to 1."""
    match shape:
        case "office":
            return max(_hill(hour, 10.5, 2.5), _hill(hour, 15.5, 2.8), 0.15 * _hill(hour, 20, 4))
        case "shop":
            return max(_hill(hour, 12.5, 1.8), _hill(hour, 20.5, 2.6))
        case "night":
            return _hill(hour, 2.5, 2.5)
        case "hourly":
            return 1.0 if hour % 1 < 0.2 else 0.1
    return 0.5


@dataclass(frozen=True, slots=True)
class Profile:
    """A parsed annotation; resource -> range of shares."""

    shares: dict[str, Range]
    shape: str


@lru_cache(maxsize=1024)
def read_profile(text: str) -> Profile:
    """The profile that an annotation describes; what it doesn't say is typical. Never fails."""
    shares: dict[str, Range] = {"cpu": (0.08, 0.35), "memory": (0.45, 0.6)}
    shape = "flat"
    for word in text.split():
        name, _, value = word.partition("=")
        low, _, high = value.partition("..")
        try:
            if name == "shape":
                shape = value
            else:
                shares[name] = (float(low), float(high or low))
        except ValueError:
            continue
    return Profile(shares, shape)


class Usage:
    """The metrics source of a server (`sim.kube.verbs.MetricsSource`), and what autoscalers of the world ask."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._clock = registry.clock
        self._requests: dict[str, dict[str, dict[str, float]]] = {}

    def of_pod(self, pod: Obj) -> dict[str, dict[str, float]]:
        """Container -> resource -> amount (millicores, bytes) in the current window; empty before the first scrape."""
        status = pod.get("status") or {}
        started = status.get("startTime")
        if status.get("phase") != "Running" or not started or finished(pod):
            return {}
        if self._clock.now() - datetime.fromisoformat(started) < _YOUNG:
            return {}
        profile = read_profile(str((pod["metadata"].get("annotations") or {}).get(ANNOTATION, "")))
        window = int(self._clock.time() // _WINDOW)
        hour = ((self._clock.now() + _TIME_ZONE).timestamp() % 86400) / 3600
        busy = level(profile.shape, hour)
        return {
            container: {
                resource: amount * _share(profile, resource, busy) * _noise(pod, container, resource, window)
                for resource, amount in requests.items()
            }
            for container, requests in self._requests_of(pod).items()
        }

    def requested(self, pod: Obj, resource: str) -> float:
        """The amount that shares of that pod's use refer to (millicores, bytes)."""
        return sum(requests[resource] for requests in self._requests_of(pod).values())

    def pods(self, namespace: str) -> list[Obj]:
        """PodMetrics of a namespace, or of all."""
        return [metrics for pod in self._registry.list("Pod", namespace) if (metrics := self._pod_metrics(pod))]

    def nodes(self) -> list[Obj]:
        """NodeMetrics of the nodes that answer."""
        return [
            self._node_metrics(n) for n in self._registry.list("Node") if nodes.is_ready(n) and not nodes.is_virtual(n)
        ]

    def _pod_metrics(self, pod: Obj) -> Obj | None:
        used = self.of_pod(pod)
        if not used:
            return None
        meta = pod["metadata"]
        containers = [{"name": name, "usage": _usage(amounts)} for name, amounts in used.items()]
        head = {"name": meta["name"], "namespace": meta["namespace"]}
        return {**self._head("PodMetrics", head, meta), "containers": containers}

    def _node_metrics(self, node: Obj) -> Obj:
        total = {"cpu": 0.0, "memory": 0.0}
        for pod in self._registry.pods_on(node["metadata"]["name"]):
            for amounts in self.of_pod(pod).values():
                for resource, amount in amounts.items():
                    total[resource] += amount
        allocatable = (node.get("status") or {}).get("allocatable") or {}
        for resource, (constant, share) in _SYSTEM.items():
            total[resource] += constant + share * quantity.of(resource, allocatable.get(resource, "0"))
        return {
            **self._head("NodeMetrics", {"name": node["metadata"]["name"]}, node["metadata"]),
            "usage": _usage(total),
        }

    def _head(self, kind: str, name: Obj, meta: Obj) -> Obj:
        scraped = self._clock.now() - timedelta(seconds=self._clock.time() % _WINDOW)
        spread = int.from_bytes(hashlib.blake2b(name["name"].encode(), digest_size=2).digest(), "big") % 900
        labels = {"labels": meta["labels"]} if meta.get("labels") else {}
        now = rfc3339(self._clock.now())
        return {
            "kind": kind,
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": {**name, "creationTimestamp": now, **labels},
            "timestamp": rfc3339(scraped - timedelta(milliseconds=spread)),
            "window": f"{_WINDOW + spread / 1000:.3f}s",
        }

    def _requests_of(self, pod: Obj) -> dict[str, dict[str, float]]:
        uid = pod["metadata"]["uid"]
        known = self._requests.get(uid)
        if known is None:
            if len(self._requests) > 20_000:
                self._requests.clear()
            known = self._requests[uid] = _requests(pod)
        return known


def _requests(pod: Obj) -> dict[str, dict[str, float]]:
    try:
        containers = pod_wire.codec.item(msgspec.json.encode(pod)).shape.containers
    except InputError:
        return {}
    return {
        container.name: {name: float(container.requests.get(name) or none) for name, none in _NO_REQUEST.items()}
        for container in containers
        if not container.init
    }


def _share(profile: Profile, resource: str, busy: float) -> float:
    low, high = profile.shares[resource]
    return low + (high - low) * busy


def _noise(pod: Obj, container: str, resource: str, window: int) -> float:
    """A pod's own constant deviation, and a smaller one for each window; CPU jitters more than memory."""
    uid = f"{pod['metadata']['uid']}{container}{resource}"
    own = _fraction(uid)
    now = _fraction(f"{uid}{window}")
    wide = 0.3 if resource == "cpu" else 0.08
    return (1 + wide * (own - 0.5)) * (1 + wide * (now - 0.5))


def _fraction(text: str) -> float:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big") / 2**32


def _usage(amounts: dict[str, float]) -> dict[str, str]:
    """As metrics-server writes it: CPU in nanocores, memory in Ki."""
    return {"cpu": f"{int(amounts['cpu'] * 1e6)}n", "memory": f"{int(amounts['memory'] / 1024)}Ki"}
