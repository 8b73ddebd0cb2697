"""Claims, volumes, classes and CSI limits, as the volume filters read them."""

import msgspec

from core.kube import quantity
from core.kube.affinity import NodeSelector
from core.kube.interning import Shared
from core.kube.namespaced import Namespaced
from core.kube.selectors import LabelSelector
from core.kube.wire import Codec, Meta, all_annotations, labels


class PersistentVolumeClaim(Namespaced, msgspec.Struct, frozen=True, eq=False):
    key: str
    uid: str
    phase: str
    volume: str
    storage_class: str | None
    """None: not set. An empty text asks for a volume without a class."""
    access_modes: tuple[str, ...]
    selector: LabelSelector | None
    requested: int
    """Bytes."""
    volume_mode: str
    selected_node: str
    deleting: bool


class PersistentVolume(msgspec.Struct, frozen=True, eq=False):
    key: str
    labels: Shared
    phase: str
    claim: str
    """`namespace/name` of the claim that it is reserved for or bound to, or empty."""
    claim_uid: str
    storage_class: str
    access_modes: tuple[str, ...]
    capacity: int
    volume_mode: str
    node_affinity: NodeSelector | None
    driver: str
    handle: str
    deleting: bool


class StorageClass(msgspec.Struct, frozen=True, eq=False):
    key: str
    provisioner: str
    late: bool
    """`volumeBindingMode: WaitForFirstConsumer`."""
    default: bool
    allowed_topologies: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]
    """OR of terms; a term is an AND of (label key, allowed values)."""


class CSINode(msgspec.Struct, frozen=True, eq=False):
    key: str
    limits: dict[str, int]
    """Driver -> most volumes on this node; absent means unlimited."""


class CSIDriver(msgspec.Struct, frozen=True, eq=False):
    key: str
    storage_capacity: bool


class CSIStorageCapacity(msgspec.Struct, frozen=True, eq=False):
    key: str
    storage_class: str
    topology: LabelSelector | None
    capacity: int | None
    maximum: int | None


class VolumeAttachment(msgspec.Struct, frozen=True, eq=False):
    key: str
    driver: str
    node: str
    volume: str


class _Amounts(msgspec.Struct, gc=False):
    storage: str | float | None = None


class _Request(msgspec.Struct, gc=False):
    requests: _Amounts | None = None


class _ClaimSpec(msgspec.Struct, gc=False, rename="camel"):
    volume_name: str | None = None
    storage_class_name: str | None = None
    access_modes: tuple[str, ...] | None = None
    selector: LabelSelector | None = None
    resources: _Request | None = None
    volume_mode: str | None = None


class _Phase(msgspec.Struct, gc=False):
    phase: str | None = None


class _WireClaim(msgspec.Struct, gc=False):
    metadata: Meta
    spec: _ClaimSpec = msgspec.field(default_factory=_ClaimSpec)
    status: _Phase | None = None


def _bytes(amounts: _Amounts | None) -> int:
    return quantity.base(amounts.storage) if amounts is not None and amounts.storage is not None else 0


def _claim(wire: _WireClaim) -> PersistentVolumeClaim:
    meta, spec = wire.metadata, wire.spec
    noted = all_annotations(meta.annotations)
    return PersistentVolumeClaim(
        key=f"{meta.namespace or 'default'}/{meta.name}",
        uid=meta.uid or "",
        phase=(wire.status.phase if wire.status else None) or "Pending",
        volume=spec.volume_name or "",
        storage_class=noted.get("volume.beta.kubernetes.io/storage-class", spec.storage_class_name),
        access_modes=spec.access_modes or (),
        selector=spec.selector,
        requested=_bytes(spec.resources.requests if spec.resources else None),
        volume_mode=spec.volume_mode or "Filesystem",
        selected_node=noted.get("volume.kubernetes.io/selected-node", ""),
        deleting=meta.deletion_timestamp is not None,
    )


class _Reference(msgspec.Struct, gc=False):
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None


class _Csi(msgspec.Struct, gc=False, rename="camel"):
    driver: str = ""
    volume_handle: str = ""


class _Required(msgspec.Struct, gc=False):
    required: NodeSelector | None = None


class _VolumeSpec(msgspec.Struct, gc=False, rename="camel"):
    capacity: _Amounts | None = None
    claim_ref: _Reference | None = None
    storage_class_name: str | None = None
    access_modes: tuple[str, ...] | None = None
    volume_mode: str | None = None
    node_affinity: _Required | None = None
    csi: _Csi | None = None


class _WireVolume(msgspec.Struct, gc=False):
    metadata: Meta
    spec: _VolumeSpec = msgspec.field(default_factory=_VolumeSpec)
    status: _Phase | None = None


def _volume(wire: _WireVolume) -> PersistentVolume:
    meta, spec, claim = wire.metadata, wire.spec, wire.spec.claim_ref
    return PersistentVolume(
        key=meta.name,
        labels=labels(meta.labels),
        phase=(wire.status.phase if wire.status else None) or "Available",
        claim=f"{claim.namespace or 'default'}/{claim.name}" if claim and claim.name else "",
        claim_uid=(claim.uid or "") if claim else "",
        storage_class=spec.storage_class_name or "",
        access_modes=spec.access_modes or (),
        capacity=_bytes(spec.capacity),
        volume_mode=spec.volume_mode or "Filesystem",
        node_affinity=spec.node_affinity.required if spec.node_affinity else None,
        driver=spec.csi.driver if spec.csi else "",
        handle=spec.csi.volume_handle if spec.csi else "",
        deleting=meta.deletion_timestamp is not None,
    )


class _TopologyRequirement(msgspec.Struct, gc=False):
    key: str = ""
    values: tuple[str, ...] | None = None


class _Topology(msgspec.Struct, gc=False, rename="camel"):
    match_label_expressions: tuple[_TopologyRequirement, ...] | None = None


class _WireClass(msgspec.Struct, gc=False, rename="camel"):
    metadata: Meta
    provisioner: str = ""
    volume_binding_mode: str | None = None
    allowed_topologies: tuple[_Topology, ...] | None = None


def _class(wire: _WireClass) -> StorageClass:
    terms = tuple(
        tuple((r.key, r.values or ()) for r in topology.match_label_expressions or ())
        for topology in wire.allowed_topologies or ()
    )
    default = all_annotations(wire.metadata.annotations).get("storageclass.kubernetes.io/is-default-class") == "true"
    return StorageClass(
        wire.metadata.name, wire.provisioner, wire.volume_binding_mode == "WaitForFirstConsumer", default, terms
    )


class _Count(msgspec.Struct, gc=False):
    count: int | None = None


class _Driver(msgspec.Struct, gc=False):
    name: str = ""
    allocatable: _Count | None = None


class _Drivers(msgspec.Struct, gc=False):
    drivers: list[_Driver] | None = None


class _WireCSINode(msgspec.Struct, gc=False):
    metadata: Meta
    spec: _Drivers | None = None


def _csi_node(wire: _WireCSINode) -> CSINode:
    drivers = (wire.spec.drivers if wire.spec else None) or []
    counts = {
        d.name: d.allocatable.count for d in drivers if d.allocatable is not None and d.allocatable.count is not None
    }
    return CSINode(wire.metadata.name, counts)


class _DriverSpec(msgspec.Struct, gc=False, rename="camel"):
    storage_capacity: bool | None = None


class _WireCSIDriver(msgspec.Struct, gc=False):
    metadata: Meta
    spec: _DriverSpec = msgspec.field(default_factory=_DriverSpec)


class _WireCapacity(msgspec.Struct, gc=False, rename="camel"):
    metadata: Meta
    storage_class_name: str = ""
    node_topology: LabelSelector | None = None
    capacity: str | None = None
    maximum_volume_size: str | None = None


def _capacity(wire: _WireCapacity) -> CSIStorageCapacity:
    return CSIStorageCapacity(
        key=wire.metadata.key,
        storage_class=wire.storage_class_name,
        topology=wire.node_topology,
        capacity=None if wire.capacity is None else quantity.base(wire.capacity),
        maximum=None if wire.maximum_volume_size is None else quantity.base(wire.maximum_volume_size),
    )


class _Source(msgspec.Struct, gc=False, rename="camel"):
    persistent_volume_name: str | None = None


class _AttachmentSpec(msgspec.Struct, gc=False, rename="camel"):
    attacher: str = ""
    node_name: str = ""
    source: _Source = msgspec.field(default_factory=_Source)


class _WireAttachment(msgspec.Struct, gc=False):
    metadata: Meta
    spec: _AttachmentSpec = msgspec.field(default_factory=_AttachmentSpec)


def _attachment(wire: _WireAttachment) -> VolumeAttachment:
    spec = wire.spec
    return VolumeAttachment(wire.metadata.name, spec.attacher, spec.node_name, spec.source.persistent_volume_name or "")


claims: Codec[PersistentVolumeClaim] = Codec("PersistentVolumeClaim", _WireClaim, _claim)
volumes: Codec[PersistentVolume] = Codec("PersistentVolume", _WireVolume, _volume)
classes: Codec[StorageClass] = Codec("StorageClass", _WireClass, _class)
csi_nodes: Codec[CSINode] = Codec("CSINode", _WireCSINode, _csi_node)
csi_drivers: Codec[CSIDriver] = Codec(
    "CSIDriver", _WireCSIDriver, lambda wire: CSIDriver(wire.metadata.name, bool(wire.spec.storage_capacity))
)
capacities: Codec[CSIStorageCapacity] = Codec("CSIStorageCapacity", _WireCapacity, _capacity)
attachments: Codec[VolumeAttachment] = Codec("VolumeAttachment", _WireAttachment, _attachment)
