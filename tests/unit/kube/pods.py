"""Pods for tests, from the JSON that an API server would send."""

from typing import Any

import msgspec

from core.kube.pod import Pod
from core.kube.pod_wire import codec


def pod(name: str = "a", spec: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **meta: Any) -> Pod:
    """A decoded pod in namespace `default`."""
    body = {"metadata": {"namespace": "default", "name": name, **meta}, "spec": spec or {}, "status": status or {}}
    return codec.item(msgspec.json.encode(body))


def container(
    name: str = "c", requests: dict[str, Any] | None = None, limits: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A container of a pod's specification."""
    return {"name": name, "resources": {"requests": requests or {}, "limits": limits or {}}, **more}
