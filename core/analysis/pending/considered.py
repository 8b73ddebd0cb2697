"""Which unbound pods the autoscaler considers, and why not the others. Where they fit is in packing.

Source: utils/kubernetes/listers.go, core/utils/expendable.go and core/podlistprocessor of the Cluster Autoscaler."""

from collections.abc import Iterable, Sequence

from core.analysis.placement.bookings import expendable
from core.analysis.vendors.overlay import GPU_RESOURCES
from core.kube import timestamps
from core.kube.pod import Pod
from core.policy import Policy

EXPENDABLE, DAEMONSET, GATED, YOUNG = "expendable", "daemonset", "gated", "young"
TERMINATING, NOT_SEEN, OTHER_SCHEDULER = "terminating", "not-unschedulable", "other-scheduler"
_DELAY = "cluster-autoscaler.kubernetes.io/pod-scale-up-delay"
_DAEMONSET_POD = "cluster-autoscaler.kubernetes.io/daemonset-pod"
_NEW, _NEW_WITH_GPU = 2, 30
"""Seconds for which a pod is new: unschedulablePodTimeBuffer, unschedulablePodWithGpuTimeBuffer."""


def waiting(pods: Iterable[Pod]) -> list[Pod]:
    """The pods that have no node and are not finished, in their order."""
    return [pod for pod in pods if pod.node is None and not pod.terminated]


def ignored(pod: Pod, policy: Policy) -> str | None:
    """Why the autoscaler takes no notice of a waiting pod at all; None when it packs it."""
    shape, condition = pod.shape, pod.unscheduled
    allowed = policy.allowed_scheduler_names
    if allowed and shape.scheduler_name not in allowed:
        return OTHER_SCHEDULER
    if pod.deletion is not None:
        return TERMINATING
    if shape.scheduling_gates or (condition is not None and condition.reason == "SchedulingGated"):
        return GATED
    if not _unschedulable(pod, policy):
        return NOT_SEEN
    return EXPENDABLE if expendable(pod.shape, policy.expendable_pods_priority_cutoff) else None


def _unschedulable(pod: Pod, policy: Policy) -> bool:
    """The scheduler said so; or there is nothing to say (no condition) and it is assumed, or the scheduler is one that
    the autoscaler doesn't wait for."""
    condition = pod.unscheduled
    if condition is not None and condition.reason == "Unschedulable":
        return True
    silent = not pod.has_scheduled_condition or (condition is not None and not condition.reason)
    return silent and (policy.assume_unschedulable or pod.shape.scheduler_name in policy.bypassed_scheduler_names)


def passed_over(pod: Pod, policy: Policy, now: float) -> str | None:
    """Why no node is added for a pod that fits none; None when one may be."""
    if pod.of_daemonset or pod.annotations.get(_DAEMONSET_POD) == "true":
        return DAEMONSET
    wait = policy.new_pod_scale_up_delay
    longer = timestamps.go_duration(pod.annotations.get(_DELAY, ""))
    if longer is not None:
        wait = max(wait, longer)
    if wait > 0 and pod.created is not None and now - pod.created <= wait:
        return YOUNG
    return None


def more_awaited(pods: Sequence[Pod], policy: Policy, now: float) -> float | None:
    """Until when (seconds since the epoch) the autoscaler waits for more pods before it grows anything, because even
    the oldest of these is very new; None when it doesn't. Where it is told not to wait for schedulers, it never does.

    Source: allPodsAreNew in core/static_autoscaler.go."""
    if policy.bypassed_scheduler_names:
        return None
    with_gpu = [pod for pod in pods if any(pod.shape.requests.get(gpu) for gpu in GPU_RESOURCES)]
    ends = [oldest + buffer for some, buffer in ((pods, _NEW), (with_gpu, _NEW_WITH_GPU)) if (oldest := _oldest(some))]
    end = max(ends, default=0.0)
    return end if end > now else None


def _oldest(pods: Iterable[Pod]) -> float | None:
    """When the oldest came; None when there are none, or one that doesn't say."""
    return min((pod.created or 0 for pod in pods), default=None) or None


def by_priority(pods: Iterable[Pod]) -> list[Pod]:
    """Highest priority first; the order among equals stays."""
    return sorted(pods, key=lambda pod: -(pod.shape.priority or 0))
