"""What the pods of one node book together, kept up to date pod by pod. How a pod's own requests add up is in
core/kube/pod_requests."""

from dataclasses import dataclass, field

from core.kube.pod import TERMINAL_PHASES, Pod


@dataclass(slots=True)
class Booking:
    """Sums over a node's pods. Terminated pods don't count, terminating ones do, as in `kubectl describe node`.

    Amounts: CPU in millicores, the rest in base units. `counted` and `daemonset_pods` are numbers of pods that count;
    `pods` holds all."""

    requests: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    daemonsets: dict[str, int] = field(default_factory=dict)
    counted: int = 0
    daemonset_pods: int = 0
    pods: dict[str, Pod] = field(default_factory=dict)

    def change(self, pod: Pod, sign: int) -> None:
        """Add (+1) or take away (-1) one pod."""
        if sign > 0:
            self.pods[pod.key] = pod
        else:
            self.pods.pop(pod.key, None)
        self._count(pod, sign)

    def replace(self, previous: Pod, now: Pod) -> None:
        """A pod changed: it keeps its place."""
        self.pods[now.key] = now
        self._count(previous, -1)
        self._count(now, 1)

    def _count(self, pod: Pod, sign: int) -> None:
        if pod.state.phase in TERMINAL_PHASES:
            return
        shape, owner = pod.template.shape, pod.template.owner
        self.counted += sign
        _add(self.requests, shape.requests, sign)
        if shape.limits:
            _add(self.limits, shape.limits, sign)
        if owner is not None and owner.kind == "DaemonSet":
            self.daemonset_pods += sign
            _add(self.daemonsets, shape.requests, sign)


def _add(total: dict[str, int], amounts: dict[str, int], sign: int) -> None:
    for name, amount in amounts.items():
        if summed := total.get(name, 0) + sign * amount:
            total[name] = summed
        else:
            total.pop(name, None)  # as if nobody had ever asked for it
