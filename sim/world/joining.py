"""What a join command says: the scripts by which machines become nodes, read from userdata or from a shell. Pure."""

import base64
import binascii
import re
from dataclasses import dataclass

TOKEN = re.compile(r"--(?:openapi-token|token)[= ]+(\S+)")
_POOL = re.compile(r"--nodepool-id[= ]+(\S+)")
_LABELS = re.compile(r"--labels[= ]+[\"']?([^\s\"']+)")
_TAINTS = re.compile(r"--taints[= ]+[\"']?([^\s\"']+)")
_JOINS = ("attach_node.sh", "kubeadm join", "attach-registered-node.sh")


@dataclass(frozen=True, slots=True)
class Join:
    """A join command: its token and what it adds to the node."""

    token: str
    pool_id: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    taints: tuple[tuple[str, str, str], ...] = ()
    """(key, value, effect)."""


def decoded(user_data: str) -> str:
    """The script in base64 userdata; "" when there is none that can be read."""
    try:
        return base64.b64decode(user_data, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""


def encoded(script: str) -> str:
    return base64.b64encode(script.encode()).decode()


def read(script: str) -> Join | None:
    """The join command in a script; None when nothing in it joins a cluster."""
    if not any(word in script for word in _JOINS):
        return None
    token, pool = TOKEN.search(script), _POOL.search(script)
    labels, taints = _LABELS.search(script), _TAINTS.search(script)
    return Join(
        token=token[1] if token else "",
        pool_id=pool[1] if pool else "",
        labels=tuple(_pairs(labels[1])) if labels else (),
        taints=tuple(_taint(text) for text in taints[1].split(",")) if taints else (),
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    parts = (part.partition("=") for part in text.split(",") if part)
    return [(key, value) for key, _, value in parts]


def _taint(text: str) -> tuple[str, str, str]:
    """`key=value:Effect`, or `key:Effect`."""
    rest, _, effect = text.rpartition(":")
    key, _, value = rest.partition("=")
    return key, value, effect


def script(token: str, pool_id: str = "", labels: str = "", taints: str = "", version: str = "1.32.1") -> str:
    """Userdata as ACK writes it for a node pool, with the marks that tell its origin."""
    base = "http://aliacs-k8s-cn-hangzhou.oss-cn-hangzhou-internal.aliyuncs.com/public/pkg/run/attach"
    options = [f"--openapi-token {token}", "--ess true"]
    options += [f"--nodepool-id {pool_id}"] if pool_id else []
    options += [f"--labels {labels}"] if labels else []
    options += [f"--taints {taints}"] if taints else []
    lines = (
        "#!/bin/sh",
        f"# attach {version}",
        f"curl {base}/{version}/attach_node.sh | bash -s -- {' '.join(options)}",
    )
    return "\n".join(lines) + "\n"
