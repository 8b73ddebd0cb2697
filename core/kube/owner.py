"""Who owns this pod: the controller reference, and the walk up the chain to what a person calls the application."""

from collections.abc import Callable

import msgspec

from core.kube.interning import Interner


class Owner(msgspec.Struct, frozen=True, rename="camel", weakref=True):
    """The controller of an object (`metadata.ownerReferences` with `controller: true`)."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    controller: bool | None = None


_owners: Interner[Owner] = Interner()
_references = msgspec.json.Decoder(list[Owner] | None)


def from_raw(references: bytes) -> Owner | None:
    """The controlling owner in the JSON text of `ownerReferences`; None when nobody controls the object."""
    if len(references) < 3 or references == b"null":
        return None
    controllers = [owner for owner in _references.decode(references) or () if owner.controller]
    return _owners.get(controllers[0], lambda: controllers[0]) if controllers else None


def root(owner: Owner, lookup: Callable[[Owner], Owner | None]) -> Owner:
    """The top of the chain (ReplicaSet -> Deployment, Job -> CronJob), following `lookup` as far as it knows."""
    seen = {owner.uid}
    while (above := lookup(owner)) is not None and above.uid not in seen:
        seen.add(above.uid)
        owner = above
    return owner
