"""Measured usage as metrics.k8s.io serves it. Unknown is never zero: an object that doesn't come has no usage."""

import msgspec

from core.kube import timestamps
from core.kube.pod_requests import Quantities, amounts
from core.kube.wire import Codec, Meta


class NodeMetrics(msgspec.Struct, frozen=True, eq=False):
    key: str
    at: int | None
    usage: dict[str, int]


class PodMetrics(msgspec.Struct, frozen=True, eq=False):
    key: str
    at: int | None
    containers: tuple[tuple[str, dict[str, int]], ...]

    @property
    def usage(self) -> dict[str, int]:
        """The sum over the containers."""
        total: dict[str, int] = {}
        for _, usage in self.containers:
            for name, amount in usage.items():
                total[name] = total.get(name, 0) + amount
        return total


class _WireNode(msgspec.Struct, gc=False):
    metadata: Meta
    timestamp: str | None = None
    usage: Quantities | None = None


class _Container(msgspec.Struct, gc=False):
    name: str = ""
    usage: Quantities | None = None


class _WirePod(msgspec.Struct, gc=False):
    metadata: Meta
    timestamp: str | None = None
    containers: list[_Container] | None = None


def _pod(wire: _WirePod) -> PodMetrics:
    used = tuple((container.name, amounts(container.usage)) for container in wire.containers or ())
    return PodMetrics(
        f"{wire.metadata.namespace or 'default'}/{wire.metadata.name}", timestamps.seconds(wire.timestamp), used
    )


nodes: Codec[NodeMetrics] = Codec(
    "NodeMetrics",
    _WireNode,
    lambda wire: NodeMetrics(wire.metadata.name, timestamps.seconds(wire.timestamp), amounts(wire.usage)),
)
pods: Codec[PodMetrics] = Codec("PodMetrics", _WirePod, _pod)
