"""What a machine's userdata does, told without what it holds: does it join a cluster, how, with which labels and marks.
Join tokens are secrets, so the text itself is classified, masked and dropped in one go."""

import base64
import binascii
import re
import zlib
from enum import StrEnum

import msgspec

MASK = "…"
_LIMIT = 64 * 1024
_SHOWN = 2000


class Join(StrEnum):
    """How userdata makes a machine a node."""

    NONE = ""
    ACK_TOKEN = "attach_node.sh with a join token"
    ACK_DIRECT = "ACK's script with token and endpoint"
    KUBEADM = "kubeadm join"
    REGISTERED = "a script for registered clusters"


class UserData(msgspec.Struct, frozen=True):
    """`empty` and `readable` False: there is something that could not be decoded."""

    empty: bool = True
    readable: bool = True
    size: int = 0
    """Bytes, decoded."""
    join: Join = Join.NONE
    script_version: str = ""
    """Of the script's address: the Kubernetes version it was written for."""
    labels: dict[str, str] = {}
    taints: tuple[str, ...] = ()
    autoscaler: bool = False
    """Carries the marks that an autoscaler writes into its groups' userdata."""
    cleared: bool = False
    """Holds comments only: what is left after userdata was taken away."""
    masked: str = ""
    """The text for a person to read, secrets replaced, cut after some lines."""

    @property
    def joins(self) -> bool:
        return self.join is not Join.NONE


_VERSION = re.compile(r"/(\d+\.\d+\.\d+(?:-[a-z0-9.]+)?)/[\w.-]*\.sh\b")
_FLAG = re.compile(r"--(labels|node-labels|taints|register-with-taints)[ =]+(\"[^\"]*\"|'[^']*'|\S+)")
_VARIABLE = re.compile(r"\bALIBABA_CLOUD_(LABELS|TAINTS)=(\"[^\"]*\"|'[^']*'|\S+)")
_LABEL = re.compile(r"([A-Za-z0-9][A-Za-z0-9._/-]{0,316})=([A-Za-z0-9._-]{0,63})\Z")
_TAINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,316}(?:=[A-Za-z0-9._-]{0,63})?:[A-Za-z]+\Z")
_AUTOSCALER_LABELS = ("k8s.io/cluster-autoscaler", "k8s.aliyun.com", "goatscaler.io/managed")
_SECRETS = (
    re.compile(
        r"(?i)([\w-]*(?:token|secret|passw(?:or)?d|access-?key|credential|apikey)[\w-]*[\"']?[ \t=:]+[\"']?)"
        r"[^\s\"';|&]+"
    ),
    re.compile(r"(\w+://)[^/@\s]+@"),
    re.compile(r"(\?)[^\s\"']+"),
    re.compile(r"()\b[a-z0-9]{6}\.[a-z0-9]{16}\b"),
    re.compile(r"()\bLTAI\w+"),
    re.compile(r"()\beyJ[\w-]+\.[\w.-]+"),
    re.compile(r"()-----BEGIN[\s\S]*?(?:-----END[^-]*-----|\Z)"),
    re.compile(r"()\b[0-9a-fA-F]{32,}\b"),
    re.compile(r"()[A-Za-z0-9+/_-]{40,}={0,2}"),
)


def classify(encoded: str) -> UserData:
    """The facts about base64 userdata, as ECS and ESS keep it."""
    if not encoded.strip():
        return UserData()
    text = _decoded(encoded)
    if text is None:
        return UserData(empty=False, readable=False, size=len(encoded) * 3 // 4)
    options = _options(text)
    labels = _labels(options.get("labels", ""))
    version = _VERSION.search(text)
    return UserData(
        empty=not text.strip(),
        size=len(text.encode()),
        join=_join(text),
        script_version=version[1] if version else "",
        labels=labels,
        taints=tuple(part for part in options.get("taints", "").split(",") if _TAINT.match(part)),
        autoscaler=any(label in labels for label in _AUTOSCALER_LABELS),
        cleared=all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()),
        masked=masked(text),
    )


def _decoded(encoded: str) -> str | None:
    try:
        raw = base64.b64decode("".join(encoded[: 2 * _LIMIT].split()), validate=True)
        if raw[:2] == b"\x1f\x8b":
            raw = zlib.decompressobj(wbits=31).decompress(raw, _LIMIT)
        return raw[:_LIMIT].decode("utf-8")
    except (binascii.Error, ValueError, zlib.error):
        return None


def _join(text: str) -> Join:
    if "attach_node.sh" in text or "--openapi-token" in text:
        return Join.ACK_TOKEN
    if "ALIBABA_CLOUD_PROVIDER_ID" in text:
        return Join.REGISTERED
    if re.search(r"kubeadm\s+join", text):
        return Join.KUBEADM
    if "--token" in text and "--endpoint" in text:
        return Join.ACK_DIRECT
    return Join.NONE


def _options(text: str) -> dict[str, str]:
    """`labels` and `taints`, from flags or from the variables of registered clusters."""
    found: dict[str, str] = {}
    for name, value in [*_FLAG.findall(text), *_VARIABLE.findall(text)]:
        found.setdefault("taints" if "taint" in name.lower() else "labels", value.strip("\"'"))
    return found


def _labels(text: str) -> dict[str, str]:
    return {match[1]: match[2] for part in text.split(",") if (match := _LABEL.match(part))}


def masked(text: str) -> str:
    """The text without tokens, keys, passwords, query strings and long blobs."""
    for pattern in _SECRETS:
        text = pattern.sub(lambda match: match[1] + MASK, text)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + f"\n{MASK}"
