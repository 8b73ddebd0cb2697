"""TaintToleration: every hard taint (NoSchedule, NoExecute) of the node must be tolerated."""

from core.kube.taints import Taint, Toleration, untolerated


def first_untolerated(taints: tuple[Taint, ...], tolerations: tuple[Toleration, ...]) -> Taint | None:
    """The taint that keeps the pod away, or None."""
    return untolerated(taints, tolerations)


def reasons(taint: Taint, kubernetes: tuple[int, int]) -> tuple[str, ...]:
    """Kubernetes 1.34 (a late patch of it) stopped naming the taint (kubernetes#134740)."""
    if kubernetes >= (1, 34):
        return ("node(s) had untolerated taint(s)",)
    return (f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}",)
