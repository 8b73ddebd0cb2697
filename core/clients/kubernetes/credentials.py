"""Who asks: bearer tokens and certificates of a kubeconfig user, from token files, exec plugins and the pod's own
service account. Where to is in kubeconfig; OIDC and GCP auth-providers are left to the `kubernetes` package."""

import asyncio
import base64
import contextlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.clients.kubernetes.kubeconfig import Chosen
from core.errors import InputError, SourceUnreachable, one_line

EXEC_TIMEOUT = 60.0
"""Seconds that a credential plugin may take."""
TOKEN_FILE_PERIOD = 60.0
"""Seconds after which a token file is read again (as client-go's transport/token_source.go)."""
EXPIRY_MARGIN = 30.0
"""Seconds before its expiry at which a plugin's credential is replaced."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What to present. `stale_at`: epoch seconds after which to ask again, None = when the server refuses it."""

    token: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    stale_at: float | None = None

    def stale(self, now: float) -> bool:
        return self.stale_at is not None and now >= self.stale_at


async def credential(chosen: Chosen) -> Credential:
    """The credential of the context's user: exec plugin, token file or token; an empty one when there is none of these.

    Raises InputError for a broken entry, SourceUnreachable when a plugin fails.
    """
    user = chosen.user
    if plugin := user.get("exec"):
        return await _from_plugin(chosen, plugin)
    if path := user.get("tokenFile"):
        return from_token_file(Path(str(path)))
    token = user.get("token")
    return Credential(token=str(token).strip()) if token else Credential()


def from_token_file(path: Path) -> Credential:
    """The token of a file. Raises InputError when it can't be read."""
    try:
        token = path.read_text().strip()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the token can't be read: {getattr(error, 'strerror', None) or error}") from None
    if not token:
        raise InputError(f"{path}: the token file is empty")
    return Credential(token=token, stale_at=time.time() + TOKEN_FILE_PERIOD)


def without_tokens(user: Mapping[str, Any], found: Credential) -> dict[str, Any]:
    """The user as the `kubernetes` package shall see it: without what is handled here, with a plugin's certificate."""
    rest = {key: value for key, value in user.items() if key not in ("exec", "token", "tokenFile")}
    if found.certificate and found.key:
        rest["client-certificate-data"] = base64.b64encode(found.certificate.encode()).decode()
        rest["client-key-data"] = base64.b64encode(found.key.encode()).decode()
    return rest


async def _from_plugin(chosen: Chosen, plugin: Mapping[str, Any]) -> Credential:
    name = f"user {chosen.user_name!r} of {chosen.source}"
    if not isinstance(plugin, dict) or not plugin.get("command") or not plugin.get("apiVersion"):
        raise InputError(f"{name}: its exec plugin has no command or apiVersion")
    if plugin.get("interactiveMode") == "Always":
        raise InputError(
            f"{name}: its exec plugin asks for a terminal (interactiveMode: Always); use a context that doesn't"
        )
    status = _status_of(await _run(chosen, plugin), name)
    certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
    if not status.get("token") and not (certificate and key):
        raise SourceUnreachable(
            f"{name}: the exec plugin {plugin['command']!r} gave neither a token nor a certificate with its key"
        )
    return Credential(status.get("token"), certificate, key, _stale_at(status.get("expirationTimestamp")))


def _stale_at(expires: object) -> float | None:
    from core.kube.timestamps import seconds

    moment = seconds(expires) if isinstance(expires, str) else None
    return moment - EXPIRY_MARGIN if moment is not None else None


def _status_of(output: bytes, name: str) -> dict[str, Any]:
    try:
        status = json.loads(output)["status"]
    except (ValueError, KeyError, TypeError, RecursionError):
        status = None
    if not isinstance(status, dict):
        raise SourceUnreachable(f"{name}: the exec plugin's output is no ExecCredential")
    return status


def _exec_info(chosen: Chosen, plugin: Mapping[str, Any]) -> str:
    """The ExecCredential that a plugin reads from KUBERNETES_EXEC_INFO (client.authentication.k8s.io/v1)."""
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        cluster = dict(chosen.cluster)
        if authority := cluster.pop("certificate-authority", None):
            cluster["certificate-authority-data"] = base64.b64encode(Path(authority).read_bytes()).decode()
        spec["cluster"] = cluster
    return json.dumps({"apiVersion": plugin["apiVersion"], "kind": "ExecCredential", "spec": spec})


async def _run(chosen: Chosen, plugin: Mapping[str, Any]) -> bytes:
    """The plugin's standard output. It gets no terminal: a screen may be drawn on it."""
    command = [str(plugin["command"]), *map(str, plugin.get("args") or ())]
    try:
        extra = {str(item["name"]): str(item["value"]) for item in plugin.get("env") or ()}
        env = {**os.environ, **extra, "KUBERNETES_EXEC_INFO": _exec_info(chosen, plugin)}
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, env=env, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
    except (KeyError, TypeError):
        raise InputError(
            f"{chosen.source}: `env` of the exec plugin {command[0]!r} must be a list of name and value"
        ) from None
    except OSError as error:
        hint = one_line(str(plugin.get("installHint") or "install it, or correct the kubeconfig"), 200)
        raise InputError(
            f"{chosen.source}: the exec plugin {command[0]!r} can't be run: {error.strerror}; {hint}"
        ) from None
    output, complaint = await _output(process, command[0])
    if process.returncode:
        said = one_line(complaint.decode(errors="replace").strip().rpartition("\n")[2] or "no message")
        raise SourceUnreachable(f"the exec plugin {command[0]!r} failed ({process.returncode}): {said}")
    return output


async def _output(process: asyncio.subprocess.Process, command: str) -> tuple[bytes, bytes]:
    try:
        async with asyncio.timeout(EXEC_TIMEOUT):
            return await process.communicate()
    except TimeoutError:
        raise SourceUnreachable(f"the exec plugin {command!r} gave no answer in {EXEC_TIMEOUT:.0f} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
