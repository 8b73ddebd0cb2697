"""What containers used over days, as a Prometheus-compatible endpoint remembers it. Whose containers they are is found
out in core/analysis/usage_history; usage now is in core/kube/metrics."""

import msgspec

from core.kube import generic
from core.kube.kinds import Kind


class UsageHistory(msgspec.Struct, frozen=True):
    """One container of all pods whose names differ only in their last part: those of one ReplicaSet, StatefulSet, Job.

    `cpu` (millicores): the percentile over time of the busiest of these pods; `memory` (bytes): the most that any of
    them held; None where nothing was said. `seconds`: how much of the `window` there are figures for."""

    namespace: str
    stem: str
    """The pods' name without its last part, as a rule their controller's."""
    container: str
    cpu: int | None
    memory: int | None
    seconds: int
    window: int
    percentile: int

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.stem}/{self.container}"


KIND = Kind("UsageHistory", "prometheus", "v1", "usagehistory", False, generic.codec("UsageHistory"),
            watched=False, served=False)  # fmt: skip
