"""Pods from the API's JSON: what differs from pod to pod. What a template's pods share comes from template_wire. This
is the hottest path of the program (150,000 pods at the start), hence its plain style."""

from datetime import datetime

from msgspec import Raw

from core.kube import timestamps
from core.kube.pod import NOTHING_RARE, Pod, Rare, State, Unscheduled
from core.kube.pod_annotations import kept
from core.kube.pod_conditions import ready_and_scheduled
from core.kube.pod_json import PodCondition, PodSpec, PodStatus, PodVolume, WirePod
from core.kube.template_wire import template, unpinned
from core.kube.wire import Codec

_NO_SPEC, _NO_STATUS = PodSpec(), PodStatus()
_WORDS_LIMIT = 200_000
_words: dict[str, str] = {}
_states: dict[tuple[object, ...], State] = {}


def build(wire: WirePod) -> Pod:
    """The trimmed pod. Raises InputError or msgspec.MsgspecError when a part is unreadable."""
    meta, spec, status = wire.metadata, wire.spec, wire.status or _NO_STATUS
    pin = None
    if b"metadata.name" in (affinity := bytes(spec.affinity)):
        affinity, pin = unpinned(affinity)
        spec.affinity = Raw(affinity)
    claims: tuple[str, ...] = ()
    if spec.volumes:
        spec.volumes, claims = _that_matter(spec.volumes, meta.name)
    ready, scheduled, unscheduled = ready_and_scheduled(status.conditions)
    node, spec.node_name = spec.node_name, None
    state = _state(status, ready, scheduled, meta.deletion_timestamp is not None)
    return Pod(
        f"{meta.namespace or 'default'}/{meta.name}",
        meta.uid or "",
        (_words.get(node) or _word(node)) if node else None,
        template(meta, spec, status),
        state,
        _moment(meta.creation_timestamp),
        _word(pin) if pin else None,
        _rare(wire, status, unscheduled, claims),
    )


class _BuiltPod(WirePod):
    """Makes the pod as soon as the decoder has its parts, and lets go of them: a page's parts are never in memory
    together, which is a third faster."""

    pod: Pod | None = None

    def __post_init__(self) -> None:
        self.pod = build(self)
        self.spec, self.status = _NO_SPEC, None


def _built(wire: _BuiltPod) -> Pod:
    assert wire.pod is not None
    return wire.pod


codec: Codec[Pod] = Codec("Pod", _BuiltPod, _built)


def _word(text: str) -> str:
    """The one copy of a text that many pods repeat."""
    if len(_words) > _WORDS_LIMIT:
        _words.clear()
    return _words.setdefault(text, text)


def _moment(text: str | None) -> int | None:
    """As timestamps.seconds, without its memory: creation times hardly repeat."""
    try:
        return int(datetime.fromisoformat(text).timestamp()) if text else None
    except (ValueError, OverflowError):
        return None


def _that_matter(volumes: list[PodVolume], pod: str) -> tuple[list[PodVolume] | None, tuple[str, ...]]:
    """The volumes that scheduling reads, and the claims. Projected ones have a random name on every pod: left out."""
    found: list[PodVolume] = []
    claims: list[str] = []
    for volume in volumes:
        if volume.persistent_volume_claim is not None:
            claims.append(volume.persistent_volume_claim.claim_name)
        elif volume.empty_dir is not None or volume.host_path is not None:
            found.append(volume)
        elif volume.ephemeral is not None:
            claims.append(f"{pod}-{volume.name}")
        elif volume.gce_persistent_disk or volume.aws_elastic_block_store or volume.iscsi or volume.rbd:
            found.append(volume)
    return found or None, tuple(claims)


def _state(status: PodStatus, ready: bool, scheduled: bool, deleting: bool) -> State:
    """Takes restarts and states out of the container statuses: they are no part of the template."""
    restarts, waiting = 0, None
    for container in status.container_statuses or ():
        restarts += container.restart_count
        if container.state is not None and container.state.waiting is not None:
            waiting = waiting or container.state.waiting.reason
        container.restart_count, container.state = 0, None
    phase = status.phase or "Pending"
    key = (phase, ready, restarts, scheduled, waiting, deleting, status.reason, status.init_container_statuses is None)
    state = _states.get(key) if status.init_container_statuses is None else None
    if state is None:
        words = "Terminating" if deleting else _status_word(status, phase, waiting)
        state = State(_word(phase), _word(words), ready, restarts, scheduled)
        if len(_states) > _WORDS_LIMIT:
            _states.clear()
        if status.init_container_statuses is None:
            _states[key] = state
    return state


def _status_word(status: PodStatus, phase: str, waiting: str | None) -> str:
    """As kubectl's STATUS column: a waiting container says more than the phase, an init container before the others."""
    for container in status.init_container_statuses or ():
        state = container.state
        if state is not None and state.waiting is not None and state.waiting.reason not in (None, "PodInitializing"):
            return f"Init:{state.waiting.reason}"
    return waiting or ("Completed" if phase == "Succeeded" else status.reason or phase)


def _rare(wire: WirePod, status: PodStatus, unscheduled: PodCondition | None, claims: tuple[str, ...]) -> Rare:
    meta = wire.metadata
    noted = kept(meta.annotations)
    waiting = None if unscheduled is None else _unscheduled(unscheduled)
    if not (noted or waiting or claims or meta.deletion_timestamp or status.nominated_node_name):
        return NOTHING_RARE
    return Rare(
        noted,
        timestamps.seconds(meta.deletion_timestamp),
        meta.deletion_grace_period_seconds,
        waiting,
        _word(status.nominated_node_name) if status.nominated_node_name else None,
        claims,
    )


def _unscheduled(condition: PodCondition) -> Unscheduled:
    since = timestamps.seconds(condition.last_transition_time)
    return Unscheduled(condition.reason or "", condition.message or "", since)
