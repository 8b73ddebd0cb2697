"""What a pod's conditions say. Their text is different on every pod, so the usual case, bound and maybe ready, is seen
without parsing it."""

import re

import msgspec

from core.kube.pod_json import PodCondition

_BOUND, _READY = b'"type":"PodScheduled","status":"True"', b'"type":"Ready","status":"True"'
_TRUE = rb'"(?:,"observedGeneration":\d+)?,"status":"True"'
_is_bound = re.compile(rb'"type":"PodScheduled' + _TRUE).search
_is_ready = re.compile(rb'"type":"Ready' + _TRUE).search
_conditions = msgspec.json.Decoder(list[PodCondition] | None)


def all_of(raw: msgspec.Raw) -> list[PodCondition]:
    """The conditions, parsed."""
    text = bytes(raw)
    return (_conditions.decode(text) or []) if text else []


def ready_and_scheduled(raw: msgspec.Raw) -> tuple[bool, bool, PodCondition | None]:
    """Is it ready; is there a `PodScheduled` condition; and that condition where it is not True."""
    text = bytes(raw)
    if _BOUND in text:  # written the way the API server writes it, so the other searches can be trusted too
        return _READY in text, True, None
    if _is_bound(text):
        return _is_ready(text) is not None, True, None
    by_type = {condition.type: condition for condition in all_of(raw)}
    ready, scheduled = by_type.get("Ready"), by_type.get("PodScheduled")
    waiting = scheduled if scheduled is not None and scheduled.status != "True" else None
    return ready is not None and ready.status == "True", scheduled is not None, waiting
