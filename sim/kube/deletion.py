"""What a DELETE does to one object: preconditions, grace period, finalizers, propagation. The store carries it out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sim.clock import rfc3339
from sim.kube.errors import bad_request, conflict
from sim.kube.resources import Resource

Obj = dict[str, Any]

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_PROPAGATION = {"Foreground": FOREGROUND, "Orphan": ORPHAN}


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """metav1.DeleteOptions. `grace` None: the object's own grace period."""

    grace: int | None = None
    uid: str = ""
    version: str = ""
    propagation: str = ""  # Background (the default), Foreground or Orphan
    dry_run: bool = False

    @classmethod
    def read(cls, body: Obj) -> "DeleteOptions":
        """From a request body or the query parameters of the same names."""
        preconditions = body.get("preconditions") or {}
        propagation = body.get("propagationPolicy") or ""
        if propagation not in ("", "Background", "Foreground", "Orphan"):
            raise bad_request(f"propagationPolicy {propagation!r} is none of Background, Foreground, Orphan")
        if body.get("orphanDependents"):
            propagation = "Orphan"
        grace = body.get("gracePeriodSeconds")
        return cls(
            grace=None if grace is None else max(0, int(grace)),
            uid=preconditions.get("uid") or "",
            version=preconditions.get("resourceVersion") or "",
            propagation=propagation,
            dry_run=body.get("dryRun") == ["All"],
        )


def check_preconditions(resource: Resource, obj: Obj, options: DeleteOptions) -> None:
    """409 when the object is not the one that the caller saw (pkg/registry/rest/delete.go)."""
    meta = obj["metadata"]
    if options.uid and options.uid != meta["uid"]:
        raise conflict(
            resource,
            meta["name"],
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({meta['uid']}). "
            "The object might have been deleted and then recreated",
        )
    if options.version and options.version != meta["resourceVersion"]:
        raise conflict(
            resource,
            meta["name"],
            f"the ResourceVersion in the precondition ({options.version}) does not match the ResourceVersion in record "
            f"({meta['resourceVersion']}). The object might have been modified",
        )


def marked(obj: Obj, options: DeleteOptions, now: datetime) -> Obj | None:
    """The object marked as being deleted, or None when it can go at once."""
    grace = _grace(obj, options)
    finalizers = _finalizers(obj, options)
    if not grace and not finalizers and not _held_by_spec(obj):
        return None
    meta = dict(obj["metadata"])
    if "deletionTimestamp" not in meta:
        _mark(meta, grace, now)
    elif grace < meta.get("deletionGracePeriodSeconds", 0):
        _shorten(meta, grace)
    if finalizers:
        meta["finalizers"] = finalizers
    elif "finalizers" in meta:
        del meta["finalizers"]
    result = {**obj, "metadata": meta}
    if obj["kind"] == "Namespace":
        result["status"] = {**obj.get("status", {}), "phase": "Terminating"}
    return result


def finished(obj: Obj) -> bool:
    """Whether a deletion that was asked for has nothing left to wait for."""
    meta = obj["metadata"]
    if "deletionTimestamp" not in meta or meta.get("finalizers"):
        return False
    return not _held_by_spec(obj) and not meta.get("deletionGracePeriodSeconds")


def _held_by_spec(obj: Obj) -> bool:
    """A namespace waits for its own finalizers, which stand in its spec."""
    return obj["kind"] == "Namespace" and bool((obj.get("spec") or {}).get("finalizers"))


def _mark(meta: Obj, grace: int, now: datetime) -> None:
    meta["deletionTimestamp"] = rfc3339(now + timedelta(seconds=grace))
    meta["deletionGracePeriodSeconds"] = grace
    if "generation" in meta:
        meta["generation"] += 1


def _shorten(meta: Obj, grace: int) -> None:
    started = datetime.fromisoformat(meta["deletionTimestamp"]) - timedelta(seconds=meta["deletionGracePeriodSeconds"])
    meta["deletionTimestamp"] = rfc3339(started + timedelta(seconds=grace))
    meta["deletionGracePeriodSeconds"] = grace


def _grace(obj: Obj, options: DeleteOptions) -> int:
    """Only pods wait: for their kubelet, unless none has them or they have ended (pod strategy CheckGracefulDelete)."""
    if obj["kind"] != "Pod":
        return 0
    spec = obj.get("spec") or {}
    if not spec.get("nodeName") or (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    if options.grace is not None:
        return options.grace
    return int(spec.get("terminationGracePeriodSeconds", 30))


def _finalizers(obj: Obj, options: DeleteOptions) -> list[str]:
    found = [name for name in obj["metadata"].get("finalizers") or () if name not in (FOREGROUND, ORPHAN)]
    if options.propagation in _PROPAGATION:
        found.append(_PROPAGATION[options.propagation])
    elif not options.propagation:
        found = list(obj["metadata"].get("finalizers") or ())
    return found
