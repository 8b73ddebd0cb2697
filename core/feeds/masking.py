"""What must not leave a cluster in a dump: secrets that people put where they don't belong. Secret objects are never
read at all. Writing dumps is in record."""

import json
import re
from functools import lru_cache
from typing import Any

MASK = "***"

DROPPED_ANNOTATIONS = ("kubectl.kubernetes.io/last-applied-configuration",)
"""A whole second copy of the object, secrets included."""
CONFIGURATION = re.compile(r"scaler|autoscal")
"""Only ConfigMaps of such names keep their data: the autoscaler's own, which decide what it does."""

_KEYS = r"(?:access|api|private|secret|auth|encryption|signing)[-_.]?key"
_SECRET_KEY = re.compile(
    rf"pass(word|wd|phrase)?$|secret$|token$|credential|{_KEYS}|user[-_.]?data$|kube[-_.]?config|connection[-_.]?string"
    r"|authorization|cookie|dsn$",
    re.IGNORECASE,
)
"""Names of fields, annotations and flags whose text is masked."""
_IN_TEXT = (
    (re.compile(r"(\w+://[^/\s:@]*:)[^@\s/]+@"), rf"\1{MASK}@"),
    (
        re.compile(rf"(?i)((?:pass(?:word|wd)?|secret|token|credential|{_KEYS})[\w.-]*[=:]\s*)[^\s,;&'\"]+"),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)(bearer\s+)[\w.~+/=-]{8,}"), rf"\1{MASK}"),
    (re.compile(r"\b(LTAI|STS\.)[A-Za-z0-9]{12,}"), rf"\1{MASK}"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|$)", re.DOTALL), MASK),
    (re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*"), MASK),
)
_SUSPICIOUS = re.compile(rf"://[^/]*@|(?i:pass|secret|token|credential|bearer|{_KEYS})|LTAI|STS\.|PRIVATE|eyJ")
"""A quick look before the patterns: nearly no text holds any of these."""
_LEFT_ALONE = frozenset({"labels", "matchLabels", "nodeSelector", "selector", "resources", "allocatable", "capacity"})
"""Maps whose values decide about capacity and can hold no secrets."""
_SHORT = 64
_FREE_TEXT = ("args", "command")


def masked(obj: dict[str, Any], kind: str) -> dict[str, Any]:
    """The object, changed in place: no managed fields, no copies of itself, no secrets in settings, arguments,
    annotations and configuration."""
    meta = obj.get("metadata")
    name = ""
    if isinstance(meta, dict):
        meta.pop("managedFields", None)
        name = str(meta.get("name") or "")
        if isinstance(notes := meta.get("annotations"), dict):
            for dropped in DROPPED_ANNOTATIONS:
                notes.pop(dropped, None)
    if kind == "ConfigMap":
        _mask_configuration(obj, bool(CONFIGURATION.search(name)))
    _walk(obj)
    return obj


def _mask_configuration(obj: dict[str, Any], wanted: bool) -> None:
    obj.pop("binaryData", None)
    data = obj.get("data")
    if isinstance(data, dict):
        obj["data"] = {key: _mask_document(value) if wanted else MASK for key, value in data.items()}


def _mask_document(text: Any) -> Any:
    """A text that may itself be JSON."""
    if isinstance(text, str) and text.lstrip()[:1] in ("{", "["):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return _mask_text(text)
        _walk(document)
        return json.dumps(document)
    return _mask_text(text) if isinstance(text, str) else MASK


def _walk(value: Any) -> None:
    """Mask everything below."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str):
                value[key] = MASK if inner and _is_secret(key) else _mask_text(inner)
            elif key == "env" and isinstance(inner, list):
                _mask_settings(inner)
            elif key in _FREE_TEXT and isinstance(inner, list):
                value[key] = _mask_arguments(inner)
            elif key not in _LEFT_ALONE:
                _walk(inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if isinstance(inner, str):
                value[index] = _mask_text(inner)
            else:
                _walk(inner)


@lru_cache(maxsize=4096)
def _is_secret(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None


def _mask_settings(settings: list[Any]) -> None:
    """Environment variables: no capacity question needs a value, and any of them may be a secret."""
    for setting in settings:
        if isinstance(setting, dict) and setting.get("value"):
            setting["value"] = MASK


def _mask_arguments(arguments: list[Any]) -> list[Any]:
    """Words of a command line; the word after a bare `--password` is one as well."""
    masked, secret_follows = [], False
    for word in arguments:
        text = word if isinstance(word, str) else ""
        masked.append(MASK if secret_follows and not text.startswith("-") else _mask_text(text) if text else word)
        secret_follows = text.startswith("-") and "=" not in text and _is_secret(text)
    return masked


@lru_cache(maxsize=4_096)
def _mask_short(text: str) -> str:
    """Short texts repeat from object to object."""
    return _mask_long(text)


def _mask_long(text: str) -> str:
    if not _SUSPICIOUS.search(text):
        return text
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _mask_text(text: str) -> str:
    return _mask_short(text) if len(text) <= _SHORT else _mask_long(text)
