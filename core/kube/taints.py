"""Taints and tolerations, and when one tolerates the other. Which taints count for what is decided by the callers."""

from collections.abc import Iterable

import msgspec

NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE = "NoSchedule", "NoExecute", "PreferNoSchedule"
TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler"
DELETION_CANDIDATE = "DeletionCandidateOfClusterAutoscaler"


class Taint(msgspec.Struct, frozen=True):
    """A node's taint."""

    key: str = ""
    effect: str = ""
    value: str = ""


class Toleration(msgspec.Struct, frozen=True, rename="camel"):
    """A pod's toleration. An empty key with `Exists` tolerates all; an empty operator means `Equal`."""

    key: str | None = ""
    operator: str | None = ""
    value: str | None = ""
    effect: str | None = ""
    toleration_seconds: int | None = None

    def tolerates(self, taint: Taint) -> bool:
        """As `Toleration.ToleratesTaint` of k8s.io/api; `Gt` and `Lt` (a newer gate) compare integers."""
        if (self.effect and self.effect != taint.effect) or (self.key and self.key != taint.key):
            return False
        match self.operator:
            case "Exists":
                return True
            case "" | None | "Equal":
                return (self.value or "") == taint.value
        return False


def untolerated(taints: Iterable[Taint], tolerations: tuple[Toleration, ...]) -> Taint | None:
    """The first hard taint (NoSchedule, NoExecute) that no toleration covers."""
    for taint in taints:
        if taint.effect in (NO_SCHEDULE, NO_EXECUTE) and not any(t.tolerates(taint) for t in tolerations):
            return taint
    return None
