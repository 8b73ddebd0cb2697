"""The few requests that kubectl always sends as protobuf: reviews, evictions, delete options, tokens, new namespaces.

Field numbers: the generated.proto files of k8s.io/api and k8s.io/apimachinery. Answers are always JSON.
"""

from collections.abc import Iterator
from typing import Any

from sim.kube.errors import ApiError, bad_request

Obj = dict[str, Any]
Message = dict[int, tuple[str, Any]]  # field number -> name, and "text", "number", "flag", ["text"] or a message

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_META: Message = {1: ("name", "text"), 2: ("generateName", "text"), 3: ("namespace", "text")}
_DELETE_OPTIONS: Message = {
    1: ("gracePeriodSeconds", "number"),
    2: ("preconditions", {1: ("uid", "text"), 2: ("resourceVersion", "text")}),
    3: ("orphanDependents", "flag"),
    4: ("propagationPolicy", "text"),
    5: ("dryRun", ["text"]),
}
_RESOURCE: Message = {
    1: ("namespace", "text"),
    2: ("verb", "text"),
    3: ("group", "text"),
    4: ("version", "text"),
    5: ("resource", "text"),
    6: ("subresource", "text"),
    7: ("name", "text"),
}
_ACCESS: Message = {
    1: ("resourceAttributes", _RESOURCE),
    2: ("nonResourceAttributes", {1: ("path", "text"), 2: ("verb", "text")}),
}
_TOKEN: Message = {1: ("audiences", ["text"]), 4: ("expirationSeconds", "number")}
_KINDS: dict[str, Message] = {
    "DeleteOptions": _DELETE_OPTIONS,
    "Namespace": {1: ("metadata", _META)},
    "ServiceAccount": {1: ("metadata", _META)},
    "Eviction": {1: ("metadata", _META), 2: ("deleteOptions", _DELETE_OPTIONS)},
    "SelfSubjectAccessReview": {1: ("metadata", _META), 2: ("spec", _ACCESS)},
    "SelfSubjectReview": {1: ("metadata", _META)},
    "SelfSubjectRulesReview": {1: ("metadata", _META), 2: ("spec", {1: ("namespace", "text")})},
    "TokenRequest": {1: ("metadata", _META), 2: ("spec", _TOKEN)},
}
_TYPE_META: Message = {1: ("apiVersion", "text"), 2: ("kind", "text")}


def decode(body: bytes) -> Obj:
    """The object in a protobuf body; 415 for a kind that isn't read here."""
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix")
    try:
        parts = dict(_fields(body[len(_MAGIC) :]))
        head = _message(_bytes(parts.get(1, b"")), _TYPE_META)
        message = _KINDS.get(head.get("kind", ""))
        if message is None:
            raise ApiError(415, "UnsupportedMediaType", f"{head.get('kind')} is read as application/json only")
        return {**head, **_message(_bytes(parts.get(2, b"")), message)}
    except (IndexError, UnicodeDecodeError) as error:
        raise bad_request(f"protobuf: cannot parse the message: {error}") from None


def _bytes(value: int | bytes) -> bytes:
    return value if isinstance(value, bytes) else b""


def _message(data: bytes, message: Message) -> Obj:
    result: Obj = {}
    for number, value in _fields(data):
        if number not in message:
            continue
        name, form = message[number]
        if form == ["text"]:
            result.setdefault(name, []).append(_bytes(value).decode())
        else:
            result[name] = _value(value, form)
    return result


def _value(value: int | bytes, form: Any) -> Any:
    if form == "text":
        return _bytes(value).decode()
    if form == "flag":
        return bool(value)
    return value if form == "number" else _message(_bytes(value), form)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                value, at = _varint(data, at)
                yield tag >> 3, value
            case 2:
                size, at = _varint(data, at)
                yield tag >> 3, data[at : at + size]
                at += size
            case kind:
                at += 8 if kind == 1 else 4


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
