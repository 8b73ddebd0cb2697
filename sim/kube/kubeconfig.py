"""A kubeconfig for a running server. JSON, which every reader of kubeconfigs takes as YAML."""

import base64
import json
import os
from pathlib import Path


def text(url: str, token: str, *, user: str = "admin", cluster: str = "ack-demo", ca_pem: str = "") -> str:
    """One cluster, one user, one context."""
    trust = {"certificate-authority-data": _base64(ca_pem)} if ca_pem else {}
    context = f"{user}@{cluster}"
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": cluster, "cluster": {"server": url, **trust}}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": context, "context": {"cluster": cluster, "user": user, "namespace": "default"}}],
            "current-context": context,
        },
        indent=1,
    )


def write(path: Path, content: str) -> None:
    """Write it so that nobody else can read the token."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)


def _base64(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()
