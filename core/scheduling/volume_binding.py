"""VolumeBinding: bound volumes must be reachable from the node, and claims that wait for their pod must find a volume
there or be provisioned there."""

from collections.abc import Iterable, Mapping, Sequence

from core.kube.node import Node
from core.kube.storage import CSIStorageCapacity, PersistentVolume, PersistentVolumeClaim, StorageClass
from core.scheduling import node_affinity, selection
from core.scheduling.volumes import Claims, Storage

NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind"
_NODE_CONFLICT_BEFORE = "node(s) had volume node affinity conflict"
NOT_ENOUGH_SPACE = "node(s) did not have enough free storage"
VOLUME_MISSING = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
UNBOUND_IMMEDIATE = "pod has unbound immediate PersistentVolumeClaims"
_NO_PROVISIONER = "kubernetes.io/no-provisioner"


def unfit(claims: Iterable[tuple[str, bool]], storage: Storage) -> tuple[str, ...]:
    """PreFilter over (key, generic ephemeral?): why no node will do, else nothing."""
    found = []
    for key, ephemeral in claims:
        claim = storage.claims.get(key)
        if (reason := _unusable(key.partition("/")[2], claim, ephemeral)) is not None:
            return (reason,)
        found.append(claim)
    if any(claim is not None and _unbound_immediate(claim, storage.classes) for claim in found):
        return (UNBOUND_IMMEDIATE,)
    return ()


def _unusable(name: str, claim: PersistentVolumeClaim | None, ephemeral: bool) -> str | None:
    if claim is None:
        if ephemeral:
            return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
        return f'persistentvolumeclaim "{name}" not found'
    if claim.phase == "Lost":
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{claim.volume}"'
    return f'persistentvolumeclaim "{name}" is being deleted' if claim.deleting else None


def _unbound_immediate(claim: PersistentVolumeClaim, classes: Mapping[str, StorageClass]) -> bool:
    """A claim that names its volume without being bound to it yet waits for the binder as well."""
    if claim.volume:
        return claim.phase != "Bound"
    found = classes.get(claim.storage_class or "")
    return found is None or not found.late


def reasons(claims: Claims, node: Node, storage: Storage) -> tuple[str, ...]:
    """Why these claims keep the pod from the node, in the order in which the scheduler states it."""
    reachable, exists = _bound(claims.bound, node)
    satisfied, room = _late(claims.late, node, storage) if claims.late else (True, True)
    said = ((reachable, NODE_CONFLICT), (satisfied, BIND_CONFLICT), (room, NOT_ENOUGH_SPACE), (exists, VOLUME_MISSING))
    return tuple(reason for fine, reason in said if not fine)


def worded(reasons: tuple[str, ...], kubernetes: tuple[int, int]) -> tuple[str, ...]:
    """As that version says it: Kubernetes 1.33 renamed the conflict (kubernetes#129887)."""
    if kubernetes >= (1, 33):
        return reasons
    return tuple(_NODE_CONFLICT_BEFORE if reason == NODE_CONFLICT else reason for reason in reasons)


def _bound(volumes: Sequence[PersistentVolume | None], node: Node) -> tuple[bool, bool]:
    """(reachable, exists); the first volume that fails decides."""
    for volume in volumes:
        if volume is None:
            return True, False
        if not reachable(volume, node):
            return False, True
    return True, True


def reachable(volume: PersistentVolume, node: Node) -> bool:
    """The volume's own node affinity, by labels only."""
    return volume.node_affinity is None or node_affinity.selects(volume.node_affinity, node.labels, "")


def _late(claims: Sequence[PersistentVolumeClaim], node: Node, storage: Storage) -> tuple[bool, bool]:
    """(a volume for each claim, or a way to make one; enough room to make it)."""
    if any(claim.selected_node and claim.selected_node != node.name for claim in claims):
        return False, True
    taken: set[str] = set()
    to_provision = [claim for claim in claims if claim.selected_node]
    for claim in sorted((claim for claim in claims if not claim.selected_node), key=lambda claim: claim.requested):
        volume = _matching(claim, node, storage, taken)
        if volume is None:
            to_provision.append(claim)
        else:
            taken.add(volume.key)
    for claim in to_provision:
        satisfied, room = _provisioned(claim, node, storage)
        if not (satisfied and room):
            return satisfied, room
    return True, True


def _matching(claim: PersistentVolumeClaim, node: Node, storage: Storage, taken: set[str]) -> PersistentVolume | None:
    """The volume that is reserved for this claim, else the smallest free one that will do."""
    name = claim.storage_class or ""
    for volume in storage.reserved.get(claim.key, ()):
        if volume.claim_uid in ("", claim.uid) and volume.storage_class == name and _large_enough(volume, claim, taken):
            return volume if reachable(volume, node) else None
    free = (volume for volume in storage.available.get(name, ()) if _large_enough(volume, claim, taken))
    fitting = (volume for volume in free if _free(volume, claim) and reachable(volume, node))
    return min(fitting, key=lambda volume: volume.capacity, default=None)


def _large_enough(volume: PersistentVolume, claim: PersistentVolumeClaim, taken: set[str]) -> bool:
    return volume.key not in taken and volume.capacity >= claim.requested and volume.volume_mode == claim.volume_mode


def _free(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    if volume.phase != "Available" or not set(claim.access_modes) <= set(volume.access_modes):
        return False
    return claim.selector is None or selection.selects(selection.of(claim.selector), volume.labels)


def _provisioned(claim: PersistentVolumeClaim, node: Node, storage: Storage) -> tuple[bool, bool]:
    found = storage.classes.get(claim.storage_class or "")
    if found is None or found.provisioner in ("", _NO_PROVISIONER) or not _allowed(found, node):
        return False, True
    return True, _room(claim, found, node, storage)


def _allowed(storage_class: StorageClass, node: Node) -> bool:
    """`allowedTopologies`: one term must hold; a term without expressions holds for no node."""
    terms = storage_class.allowed_topologies
    return not terms or any(term and all(node.labels.get(key) in values for key, values in term) for term in terms)


def _room(claim: PersistentVolumeClaim, found: StorageClass, node: Node, storage: Storage) -> bool:
    """CSIStorageCapacity, where the driver publishes it."""
    driver = storage.drivers.get(found.provisioner)
    if driver is None or not driver.storage_capacity or not claim.requested:
        return True
    return any(
        one.storage_class == found.key
        and _limit(one) >= claim.requested
        and selection.selects(selection.of(one.topology), node.labels)
        for one in storage.capacities
    )


def _limit(capacity: CSIStorageCapacity) -> int:
    """`maximumVolumeSize` is the better limit where both are given; neither means none."""
    limit = capacity.maximum if capacity.maximum is not None else capacity.capacity
    return -1 if limit is None else limit
