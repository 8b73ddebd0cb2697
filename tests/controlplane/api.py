"""A small Kubernetes client for the tests' own use: thread-safe, blocking, nothing decoded beyond JSON.

Deliberately not vacancy's client: what tests prepare and compare with must come by another way.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import urllib3

from tests.controlplane.kinds import KINDS, Json, kind_of
from tests.controlplane.pki import Pair

_WORKERS = 16


class ApiError(RuntimeError):
    """An answer of 400 or more."""

    def __init__(self, status: int, reason: str, message: str, headers: dict[str, str]) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason, self.message, self.headers = status, reason, message, headers


@dataclass(frozen=True)
class Credentials:
    """A client certificate, a bearer token, or neither (anonymous)."""

    certificate: Pair | None = None
    token: str = ""


class Api:
    """Requests to one server as one identity; urllib3's errors come through when the server does not answer."""

    def __init__(self, server: str, authority: Path, credentials: Credentials, seconds: float = 60) -> None:
        context = ssl.create_default_context(cafile=str(authority))
        if pair := credentials.certificate:
            context.load_cert_chain(str(pair.certificate), str(pair.key))
        self._server = server
        self._headers = {"Authorization": f"Bearer {credentials.token}"} if credentials.token else {}
        self._pool = urllib3.PoolManager(maxsize=_WORKERS, ssl_context=context, retries=False, timeout=seconds)

    def close(self) -> None:
        self._pool.clear()

    def request(self, method: str, path: str, body: Json | None = None, media: str = "application/json") -> Json:
        """The decoded answer (`{"text": …}` where it is not a JSON object); ApiError from 400 on."""
        answer = self._send(method, path, body, media, stream=False)
        return _decode(answer.data)

    def headers(self, path: str) -> dict[str, str]:
        """The headers of a successful GET."""
        return dict(self._send("GET", path, None, "", stream=False).headers)

    def get(self, kind: str, name: str, namespace: str = "") -> Json:
        return self.request("GET", KINDS[kind].path(namespace, name))

    def list_all(self, kind: str, namespace: str = "", **query: str | int) -> list[Json]:
        """All items; `query` as in `labelSelector="app=web"`."""
        items: list[Json] = self.request("GET", _query(KINDS[kind].path(namespace), query))["items"]
        return items

    def create(self, thing: Json) -> Json:
        return self.request("POST", kind_of(thing).path(_namespace(thing)), thing)

    def create_all(self, things: Iterable[Json]) -> list[Json]:
        """Create many at once, each independently; the first error is raised after all were tried."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            return [job.result() for job in [pool.submit(self.create, thing) for thing in things]]

    def ensure(self, thing: Json) -> None:
        """Create it, or leave it when it is there."""
        try:
            self.create(thing)
        except ApiError as error:
            if error.status != 409:
                raise

    def patch(self, kind: str, name: str, change: Json, namespace: str = "", sub: str = "") -> Json:
        """Merge patch (RFC 7386); `sub`: status, scale, …"""
        path = KINDS[kind].path(namespace, name, sub)
        return self.request("PATCH", path, change, "application/merge-patch+json")

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Delete in the background manner; absent is fine."""
        options: Json = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        try:
            self.request("DELETE", KINDS[kind].path(namespace, name), options)
        except ApiError as error:
            if error.status != 404:
                raise

    def evict(self, name: str, namespace: str) -> Json:
        """Ask for an eviction (policy/v1); a budget that forbids it raises ApiError with status 429."""
        body: Json = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
        }
        return self.request("POST", KINDS["Pod"].path(namespace, name, "eviction"), body)

    def watch(self, kind: str, namespace: str = "", **query: str | int) -> Generator[Json]:
        """Events as `{"type", "object"}` until the server ends the stream; close the generator to hang up."""
        path = _query(KINDS[kind].path(namespace), {**query, "watch": "true"})
        answer = self._send("GET", path, None, "", stream=True)
        rest = b""
        try:
            for piece in answer.stream(65536):
                *lines, rest = (rest + piece).split(b"\n")
                yield from (json.loads(line) for line in lines)
        finally:
            answer.close()

    def _send(self, method: str, path: str, body: Json | None, media: str, stream: bool) -> urllib3.BaseHTTPResponse:
        headers = {**self._headers, "Content-Type": media} if body is not None else self._headers
        data = json.dumps(body).encode() if body is not None else None
        answer = self._pool.request(method, self._server + path, body=data, headers=headers, preload_content=not stream)
        if answer.status >= 400:
            status = _decode(answer.data)
            message = str(status.get("message") or status.get("text", ""))
            raise ApiError(answer.status, str(status.get("reason", "")), message, dict(answer.headers))
        return answer


def _decode(data: bytes) -> Json:
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"text": data.decode(errors="replace")}


def _query(path: str, query: dict[str, str | int]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _namespace(thing: Json) -> str:
    return str(thing["metadata"].get("namespace", ""))
