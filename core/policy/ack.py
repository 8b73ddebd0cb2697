"""ACK's names for the autoscaler's settings (`autoscaler-meta` in kube-system, and the API CreateAutoscalingConfig).

A trap: the API's own text defines `cool_down_duration` as the wait between "idle enough" and scale-in (upstream's
unneeded time), and `unneeded_duration` as the quiet time after a scale-out (upstream's delay after add): the opposite
of what the words suggest, and of what the flags of the same names in older tools did. Flags that can be seen go
first."""

import json
from collections.abc import Mapping
from typing import Any

_NAMES = {
    "cool_down_duration": "scaleDownUnneededTime",
    "unneeded_duration": "scaleDownDelayAfterAdd",
    "utilization_threshold": "scaleDownUtilizationThreshold",
    "gpu_utilization_threshold": "scaleDownGpuUtilizationThreshold",
    "scan_interval": "scanInterval",
    "scale_down_enabled": "scaleDownEnabled",
    "expander": "expander",
    "priorities": "priorityConfig",
    "skip_nodes_with_system_pods": "skipNodesWithSystemPods",
    "skip_nodes_with_local_storage": "skipNodesWithLocalStorage",
    "max_graceful_termination_sec": "maxGracefulTerminationSec",
    "min_replica_count": "minReplicaCount",
    "scale_up_from_zero": "scaleUpFromZero",
}


def settings(meta: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """Setting -> (ACK's name for it, value), for what of `meta` is a setting."""
    found = {}
    for theirs, ours in _NAMES.items():
        value = meta.get(theirs)
        if value is not None and value != "":
            found[ours] = (theirs, _as_upstream(theirs, value))
    return found


def _as_upstream(name: str, value: Any) -> Any:
    """The API's examples write durations as `10 m`, and priorities as a map where upstream has its text."""
    if name.endswith(("_duration", "_interval")) and isinstance(value, str):
        return value.replace(" ", "")
    if name == "priorities" and isinstance(value, dict):
        return "\n".join(f"{key}: {json.dumps(groups)}" for key, groups in value.items())
    return value
