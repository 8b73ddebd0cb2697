"""What owns pods: Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CloneSets and their kin, in one form."""

import msgspec

from core.kube import owner, timestamps
from core.kube.interning import Shared
from core.kube.namespaced import Namespaced
from core.kube.owner import Owner
from core.kube.pod import Pod
from core.kube.pod_json import PodMeta, PodSpec, WirePod
from core.kube.pod_wire import build as build_pod
from core.kube.selectors import LabelSelector
from core.kube.wire import Codec, Meta, all_annotations, labels


class Program(msgspec.Struct, frozen=True):
    """A container's image and command line, kept for autoscalers only: their flags are the policy."""

    image: str
    arguments: tuple[str, ...]


class Workload(Namespaced, msgspec.Struct, frozen=True, eq=False):
    """One controller. `replicas` is the wish (None where the kind has none, as for DaemonSets)."""

    kind: str
    key: str
    uid: str
    labels: Shared
    annotations: dict[str, str]
    owner: Owner | None
    created: int | None
    replicas: int | None
    current: int | None
    ready: int | None
    selector: LabelSelector | None
    template: Pod | None
    """A pod as the template would make it: unbound, named after the workload. None when there is no pod template."""
    programs: tuple[Program, ...] = ()


class _Template(msgspec.Struct, gc=False):
    metadata: PodMeta = msgspec.field(default_factory=PodMeta)
    spec: msgspec.Raw = msgspec.Raw(b"{}")


class _JobTemplateSpec(msgspec.Struct, gc=False):
    template: _Template | None = None


class _JobTemplate(msgspec.Struct, gc=False):
    spec: _JobTemplateSpec | None = None


class _Spec(msgspec.Struct, gc=False, rename="camel"):
    replicas: int | None = None
    parallelism: int | None = None
    selector: msgspec.Raw = msgspec.Raw(b"")
    template: _Template | None = None
    job_template: _JobTemplate | None = None


class _Status(msgspec.Struct, gc=False, rename="camel"):
    replicas: int | None = None
    ready_replicas: int | None = None
    current_number_scheduled: int | None = None
    number_ready: int | None = None
    active: int | list[object] | None = None


class _Container(msgspec.Struct, gc=False):
    image: str | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None


class _Containers(msgspec.Struct, gc=False):
    containers: list[_Container] | None = None


class WireWorkload(msgspec.Struct, gc=False):
    metadata: Meta
    spec: _Spec | None = None
    status: _Status | None = None


def _build(kind: str, wire: WireWorkload) -> Workload:
    meta, spec, status = wire.metadata, wire.spec or _Spec(), wire.status or _Status()
    template = spec.template or (
        spec.job_template.spec.template if spec.job_template and spec.job_template.spec else None
    )
    replicas = spec.parallelism if kind == "Job" else spec.replicas
    active = status.active if isinstance(status.active, int) else None
    return Workload(
        kind=kind,
        key=f"{meta.namespace or 'default'}/{meta.name}",
        uid=meta.uid or "",
        labels=labels(meta.labels),
        annotations=all_annotations(meta.annotations),
        owner=owner.from_raw(bytes(meta.owner_references)),
        created=timestamps.seconds(meta.creation_timestamp),
        replicas=None if kind in ("DaemonSet", "CronJob") else 1 if replicas is None else replicas,
        current=status.current_number_scheduled
        if kind == "DaemonSet"
        else active
        if kind == "Job"
        else status.replicas,
        ready=status.number_ready if kind == "DaemonSet" else status.ready_replicas,
        selector=_selector(kind, bytes(spec.selector)),
        template=_pod(template, meta) if template is not None else None,
        programs=_programs(template) if template is not None and "scaler" in meta.name else (),
    )


def _programs(template: _Template) -> tuple[Program, ...]:
    containers = msgspec.json.decode(template.spec, type=_Containers).containers or ()
    return tuple(Program(c.image or "", (*(c.command or ()), *(c.args or ()))) for c in containers)


def _selector(kind: str, text: bytes) -> LabelSelector | None:
    if len(text) < 2 or text == b"null":
        return None
    if kind == "ReplicationController":  # a plain map, the form from before label selectors
        return LabelSelector(match_labels=msgspec.json.decode(text, type=dict[str, str]))
    return msgspec.json.decode(text, type=LabelSelector)


def _pod(template: _Template, meta: Meta) -> Pod:
    template.metadata.name, template.metadata.namespace = meta.name, meta.namespace
    return build_pod(WirePod(template.metadata, msgspec.json.decode(template.spec, type=PodSpec)))


def codec(kind: str) -> Codec[Workload]:
    """The codec of one kind of workload."""
    return Codec(kind, WireWorkload, lambda wire: _build(kind, wire))
