"""The API server: HTTP on loopback in front of a registry. Faults, identity and permission come before every answer."""

import asyncio
import logging
import random
import ssl
import uuid
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sim.clock import rfc3339_micro
from sim.kube import crds, kubeconfig, reviews, shapes
from sim.kube.answer import TEXT, Answer, encoded
from sim.kube.discovery import AGGREGATED_V2, Discovery
from sim.kube.errors import ApiError, bad_request, forbidden, method_not_allowed, no_such_path
from sim.kube.faults import Fault, Faults, Logged
from sim.kube.logs import LogSource, stream
from sim.kube.rbac import Attributes, Authorizer, Tokens, forbidden_why
from sim.kube.registry import Registry
from sim.kube.request import RequestInfo, User, read, read_filter
from sim.kube.resources import Resource
from sim.kube.subresources import Subresources
from sim.kube.verbs import Call, MetricsSource, Verbs
from sim.kube.watch import Watch, Watches, WatchRequest

Obj = dict[str, Any]

_log = logging.getLogger(__name__)
_HEALTH = frozenset({"/healthz", "/livez", "/readyz"})
_LONGEST_WATCH = 3600.0


@dataclass(slots=True)
class Settings:
    """Times in real seconds. `bookmark_every` is about a minute upstream."""

    bookmark_every: float = 60.0
    min_watch: float = 1800.0


class KubeServer:
    """Serves one registry. `faults`, `tokens`, `watches` and `settings` may be changed while it runs."""

    def __init__(
        self, registry: Registry, *, metrics: MetricsSource | None = None, logs: LogSource | None = None
    ) -> None:
        self.registry = registry
        self.faults = Faults()
        self.tokens = Tokens()
        self.watches = Watches()
        self.settings = Settings()
        self.authorizer = Authorizer(registry)
        self.verbs = Verbs(registry, metrics)
        self.logs = logs
        self.url = ""
        self.ca_pem = ""
        self._tls: ssl.SSLContext | None = None
        crds.serve(registry)
        self._parts = Subresources(self.verbs, self.tokens)
        self._discovery = Discovery(registry.catalog)
        self._runner: web.ServerRunner | None = None
        self._server: web.Server | None = None

    async def start(self, port: int = 0, *, tls: bool = True) -> str:
        """Listen on loopback and return the URL; port 0 picks a free one. client-go sends tokens over TLS only."""
        context = self._tls_context() if tls else None
        self._server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=context)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"{'https' if tls else 'http'}://{host}:{port}"
        return self.url

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            from sim.kube.certificates import server_context

            self._tls, self.ca_pem = server_context()
        return self._tls

    def kubeconfig(self, user: User, *, token: str = "") -> str:
        """The text of a kubeconfig for that user, with a new token unless given."""
        return kubeconfig.text(self.url, token or self.tokens.issue(user), user=user.name, ca_pem=self.ca_pem)

    async def stop(self, *, abort: bool = False) -> None:
        """Stop listening and end all connections; with `abort` in mid-answer, as a crash would."""
        if abort and self._server is not None:
            for connection in self._server.connections:
                if connection.transport is not None:
                    connection.transport.abort()
        self.watches.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = self._server = None

    # -- one request -------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        info = read(request.method, request.path, request.query)
        try:
            user = self.tokens.user_of(request.headers.get("Authorization", ""))
            user = self._impersonated(user, request)
            body = await request.read()
        except ApiError as error:
            self._log(request, info, "", b"")
            return await self._send(request, Answer.of_error(error), None)
        self._log(request, info, user.name, body)
        fault = self.faults.take(info, user.name)
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is not None and fault.status:
            return await self._send(request, _faulty(fault), fault)
        try:
            return await self._answer(request, info, user, body, fault)
        except ApiError as error:
            return await self._send(request, Answer.of_error(error), fault)
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # an object of a shape that nothing expects
            _log.warning("%s %s: %r", request.method, request.path, error)
            return await self._send(request, Answer.of_error(_unreadable(info, error)), fault)

    async def _answer(
        self, request: web.BaseRequest, info: RequestInfo, user: User, body: bytes, fault: Fault | None
    ) -> web.StreamResponse:
        if not info.plural:
            return await self._send(request, self._path_answer(request, info, user), fault)
        resource = self.registry.catalog.at(info.group, info.version, info.plural)
        if resource is None:
            return await self._send(request, self._review(request, info, user, body), fault)
        self._authorize(user, info, resource)
        content_type = request.headers.get("Content-Type", "")
        call = Call(info, resource, user, request.headers.get("Accept", ""), content_type, body)
        if info.verb == "watch":
            return await self._watch(request, call, fault)
        if info.subresource == "log":
            return await self._stream(request, TEXT, stream(self.registry, self.logs, call), fault)
        answer = self._parts.answer(call) if info.subresource else self.verbs.answer(call)
        return await self._send(request, answer, fault)

    def _authorize(self, user: User, info: RequestInfo, resource: Resource) -> None:
        asked = Attributes.of(info)
        if not self.authorizer.allows(user, asked):
            raise forbidden(resource, info.name, forbidden_why(user, asked))

    def _impersonated(self, user: User, request: web.BaseRequest) -> User:
        name = request.headers.get("Impersonate-User", "")
        if not name:
            return user
        asked = Attributes("impersonate", resource="users", name=name)
        if not self.authorizer.allows(user, asked):
            raise ApiError(403, "Forbidden", f'users "{name}" is forbidden: {forbidden_why(user, asked)}')
        groups = tuple(request.headers.getall("Impersonate-Group", []))
        return User(name, (*groups, "system:authenticated"))

    def _path_answer(self, request: web.BaseRequest, info: RequestInfo, user: User) -> Answer:
        asked = Attributes(info.verb, path=info.path)
        if not self.authorizer.allows(user, asked) and info.path not in (*_HEALTH, "/version"):
            raise ApiError(403, "Forbidden", f"forbidden: {forbidden_why(user, asked)}")
        if info.verb != "get":
            raise method_not_allowed()
        if info.path in _HEALTH:
            return Answer(b"ok", content_type=TEXT)
        accept = request.headers.get("Accept", "")
        aggregated = "as=APIGroupDiscoveryList" in accept and "v=v2;" in accept.replace(" ", "") + ";"
        document = self._discovery.answer(info.path, aggregated)
        if document is None:
            return _no_page()
        return Answer(
            document,
            content_type=AGGREGATED_V2 if document.get("kind") == "APIGroupDiscoveryList" else "application/json",
        )

    def _review(self, request: web.BaseRequest, info: RequestInfo, user: User, body: bytes) -> Answer:
        if (info.group, info.plural) not in reviews.KINDS or info.verb != "create":
            return self._nothing(info)
        asked = Attributes.of(info)
        if not self.authorizer.allows(user, asked):
            raise ApiError(403, "Forbidden", f"{info.plural}.{info.group} is forbidden: {forbidden_why(user, asked)}")
        content_type = request.headers.get("Content-Type", "")
        sent = Call(info, _NO_RESOURCE, user, content_type=content_type, body=body).sent()
        return Answer(reviews.answer(self.authorizer, user, info.group, info.plural, sent), 201)

    def _nothing(self, info: RequestInfo) -> Answer:
        """A Status where the group is known, a plain page where it isn't."""
        if info.version not in self.registry.catalog.versions().get(info.group, ()):
            return _no_page()
        error = no_such_path().status()
        return Answer({**error, "details": {}}, 404)

    def _log(self, request: web.BaseRequest, info: RequestInfo, user: str, body: bytes) -> None:
        at, agent = rfc3339_micro(self.registry.clock.now()), request.headers.get("User-Agent", "")
        self.faults.log.append(Logged(at, request.method, info.path, dict(info.query), info.verb, user, agent, body))

    # -- sending -----------------------------------------------------------------------------------------------------

    async def _send(self, request: web.BaseRequest, answer: Answer, fault: Fault | None) -> web.StreamResponse:
        body, headers = await encoded(answer, request.headers.get("Accept-Encoding", ""))
        headers["Audit-Id"] = str(uuid.uuid4())
        if fault is None or fault.reset_after is None:
            return web.Response(body=body, status=answer.code, headers=headers)
        response = web.StreamResponse(status=answer.code, headers={**headers, "Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: fault.reset_after])
        return _cut(request, response)

    async def _watch(self, request: web.BaseRequest, call: Call, fault: Fault | None) -> web.StreamResponse:
        watch = Watch(self.registry, self._watch_request(call), self.settings.bookmark_every)
        self.watches.start(watch)
        if fault is not None and fault.silent:
            watch.silence()
        if fault is not None and fault.error_event:
            watch.fail(fault.error(fault.error_event))
        try:
            return await self._stream(request, "application/json", watch.lines(), fault)
        finally:
            watch.close()
            self.watches.end(watch)

    def _watch_request(self, call: Call) -> WatchRequest:
        query, version = call.info.query, call.info.query.get("resourceVersion", "")
        if version and not version.isdigit():
            raise ApiError(400, "BadRequest", f"Invalid value: {version!r}: resourceVersion is no number")
        form = shapes.asked_form(call.accept, query)
        timeout = float(call.info.number("timeoutSeconds")) or random.uniform(1, 2) * self.settings.min_watch
        name = {**query, "fieldSelector": f"metadata.name={call.info.name}"} if call.info.name else query
        return WatchRequest(
            resource=call.resource,
            kind=call.kind,
            namespace=call.namespace,
            wanted=read_filter(name, call.kind),
            version=version,
            bookmarks=call.info.flag("allowWatchBookmarks"),
            initial_events=call.info.flag("sendInitialEvents"),
            timeout=min(timeout, _LONGEST_WATCH),
            path=call.info.path,
            form=f"{call.resource.group}/{form}",
            show=shapes.of_object(call.resource, form, self.registry.clock.now()),
        )

    async def _stream(
        self, request: web.BaseRequest, content_type: str, chunks: Any, fault: Fault | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type, "Cache-Control": "no-cache, private"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        left = fault.reset_after if fault is not None else None
        try:
            async for chunk in chunks:
                if left is not None and len(chunk) >= left:
                    await response.write(chunk[:left])
                    return _cut(request, response)
                left = None if left is None else left - len(chunk)
                await response.write(chunk)
            await response.write_eof()
        except ConnectionError:
            pass  # the client has gone
        return response


_NO_RESOURCE = Resource("", "v1", "", "")


def _cut(request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return response


def _faulty(fault: Fault) -> Answer:
    if fault.body is None:
        return Answer.of_error(fault.error(fault.status))
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
    return Answer(fault.body, fault.status, fault.content_type, headers)


def _unreadable(info: RequestInfo, error: Exception) -> ApiError:
    """400 for a body of the wrong shape, as upstream's decoder says; 500 where no body was sent."""
    if info.verb in ("create", "update", "patch"):
        return bad_request(f'{info.plural} in version "{info.version}" cannot be handled: {error!r}')
    return ApiError(500, "InternalError", f"Internal error occurred: {error!r}")


def _no_page() -> Answer:
    return Answer(b"404 page not found\n", 404, TEXT)
