"""A small API server on loopback whose every answer a test can script. It knows lists, pages and watches of a few
kinds; what tests don't script behaves well."""

import asyncio
import json
import ssl
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

Json = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def node(name: str, **labels: str) -> Json:
    """A ready node of 4 cores."""
    amounts = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    status = {"allocatable": amounts, "capacity": amounts, "conditions": [{"type": "Ready", "status": "True"}]}
    return {"metadata": {"name": name, "uid": f"uid-{name}", "labels": labels}, "spec": {}, "status": status}


def pod(name: str, namespace: str = "default", where: str = "n0") -> Json:
    """A running pod of a tenth of a core."""
    container = {"name": "c", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}
    meta = {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}"}
    return {"metadata": meta, "spec": {"nodeName": where, "containers": [container]}, "status": {"phase": "Running"}}


def status(code: int, reason: str, message: str) -> Json:
    """A metav1.Status, as the API answers errors."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }


def refusal(code: int, reason: str = "", message: str = "no", headers: dict[str, str] | None = None) -> Answer:
    """An answer with a Status of this code."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(status(code, reason, message), status=code, headers=headers)

    return answer


class Api:
    """`objects[plural]` are the stored objects; `answers[path]` are scripted answers, used up before the usual ones."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.objects: dict[str, dict[str, Json]] = defaultdict(dict)
        self.answers: dict[str, deque[Answer]] = defaultdict(deque)
        self.requests: list[web.Request] = []
        self.watches: dict[str, list[web.StreamResponse]] = defaultdict(list)
        self.log: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        """Events with their versions: a watch that resumes gets those that it missed."""
        self.version = 100
        self.served = {"nodes", "pods"}
        self.forbidden: set[str] = set()
        """Paths that are refused."""
        self.token: str | None = None
        """The bearer token that is asked for."""
        self.page: int | None = None
        """Objects on a page, whatever is asked for."""
        self._tls = tls
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def __aenter__(self) -> "Api":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the port of last time if there was one."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.usual)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        self.drop_watches()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def put(self, plural: str, obj: Json) -> Json:
        """Store an object with a new version, without telling the watches."""
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        meta = obj["metadata"]
        self.objects[plural][f"{meta.get('namespace', '')}/{meta['name']}"] = obj
        return obj

    async def emit(self, plural: str, event: str, obj: Json) -> None:
        """Store or delete an object and tell all watches of its kind."""
        self.put(plural, obj)
        if event == "DELETED":
            meta = obj["metadata"]
            del self.objects[plural][f"{meta.get('namespace', '')}/{meta['name']}"]
        line = json.dumps({"type": event, "object": obj}).encode() + b"\n"
        self.log[plural].append((self.version, line))
        await self.send(plural, line)

    async def send(self, plural: str, data: bytes) -> None:
        """Raw bytes to all watches of a kind that are still there."""
        for stream in tuple(self.watches[plural]):
            try:
                await stream.write(data)
            except ConnectionError:
                self.watches[plural].remove(stream)

    def drop_watches(self, plural: str | None = None) -> None:
        """Cut the connections of watches, as a dying server does."""
        for name, streams in self.watches.items():
            if plural in (None, name):
                for stream in streams:
                    request = getattr(stream, "_req", None)
                    if request is not None and request.transport is not None:
                        request.transport.abort()
                streams.clear()

    async def watched(self, plural: str, count: int = 1) -> None:
        """Wait until so many watches of a kind are open."""
        for _ in range(1000):
            if len(self.watches[plural]) >= count:
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"{plural} are not watched")

    def asked(self, path: str, watch: bool = False) -> list[web.Request]:
        """The requests for a path so far, lists or watches."""
        return [r for r in self.requests if r.path == path and ("watch" in r.query) is watch]

    def script(self, path: str, *answers: Answer) -> None:
        """The next requests for `path` (lists and watches alike) get these answers."""
        self.answers[path].extend(answers)

    async def usual(self, request: web.Request) -> web.StreamResponse:
        """What is answered: the script first, then as an API server would."""
        self.requests.append(request)
        if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
            return await refusal(401, "Unauthorized", "Unauthorized")(request)
        if scripted := self.answers[request.path]:
            return await scripted.popleft()(request)
        parts = request.path.strip("/").split("/")
        plural = parts[-1]
        if request.path == "/version":
            return web.json_response({"gitVersion": "v1.35.0"})
        if request.path in self.forbidden:
            return await refusal(403, "Forbidden", f'{plural} is forbidden: User "me" cannot list')(request)
        if plural not in self.served:
            return web.Response(status=404, text="404 page not found\n")
        namespace = parts[-2] if "namespaces" in parts[:-1] else None
        if "watch" in request.query:
            return await self._watch(request, plural)
        return self.usual_list(request, plural, namespace)

    def usual_list(self, request: web.Request, plural: str, namespace: str | None) -> web.Response:
        """One page of a list."""
        kept = self.objects[plural].values()
        items = [o for o in kept if namespace is None or o["metadata"].get("namespace") == namespace]
        size = self.page or int(request.query.get("limit", "500"))
        start = int(request.query.get("continue", "0"))
        meta: Json = {"resourceVersion": str(self.version)}
        if start + size < len(items):
            meta |= {"continue": str(start + size), "remainingItemCount": len(items) - start - size}
        body = {"kind": "List", "apiVersion": "v1", "metadata": meta, "items": items[start : start + size]}
        response = web.json_response(body)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async def _watch(self, request: web.Request, plural: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        since = int(request.query["resourceVersion"])
        for line in [line for version, line in self.log[plural] if version > since]:
            await response.write(line)
        self.watches[plural].append(response)
        try:
            await asyncio.sleep(float(request.query.get("timeoutSeconds", "600")))
        finally:
            if response in self.watches[plural]:
                self.watches[plural].remove(response)
        return response

    def kubeconfig(self, path: Path, user: Json | None = None, cluster: Json | None = None) -> str:
        """Write a kubeconfig that leads here; returns its name."""
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "team-a"}}],
            "clusters": [{"name": "c", "cluster": {"server": self.url, **(cluster or {})}}],
            "users": [{"name": "u", "user": user or {}}],
        }
        path.write_text(yaml.safe_dump(document))
        return str(path)
