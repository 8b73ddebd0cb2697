"""What a person sees when the server of a context can't be reached or trusted, and what is sent when it can."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from core.clients.kubernetes import Forbidden, NotFound, Throttled, Unreachable, Writer
from core.errors import InputError, Refused
from core.feeds.kubernetes import read_once
from core.feeds.sink import Phase
from core.kube.kinds import BY_NAME
from tests.wire.feeds.api import Api, Json, node, pod, refusal
from tests.wire.feeds.certificates import server_side, write_certificate
from tests.wire.feeds.conftest import Connect
from tests.wire.feeds.recorder import Recorder

PODS = "/api/v1/pods"


async def _refusal_of(connected: Connect, cluster: Json) -> Unreachable:
    clients = await connected(cluster=cluster)
    with pytest.raises(Unreachable) as caught:
        await clients.reader.get("/version")
    assert "\n" not in str(caught.value)
    return caught.value


async def test_a_closed_port(connected: Connect) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = f"https://127.0.0.1:{free.getsockname()[1]}"
    error = await _refusal_of(connected, {"server": server})
    assert str(error) == f"{server}: connection refused; is the API server running, and is this its address?"
    assert error.exit_code == 3


async def test_a_name_that_does_not_resolve(connected: Connect) -> None:
    error = await _refusal_of(connected, {"server": "https://no-such-host.invalid:6443"})
    assert error.cause == "the name no-such-host.invalid does not resolve"


async def test_plain_http_where_tls_is_expected(api: Api, connected: Connect) -> None:
    error = await _refusal_of(connected, {"server": api.url.replace("http:", "https:")})
    assert error.cause.startswith("TLS failed")


async def test_a_proxy_that_is_down(connected: Connect) -> None:
    error = await _refusal_of(connected, {"server": "https://example.invalid", "proxy-url": "http://127.0.0.1:1"})
    assert error.cause == "the proxy 127.0.0.1:1 does not answer"


@pytest.fixture
def over_tls(tmp_path: Path) -> Callable[..., object]:
    """Serve HTTPS for one question."""

    async def ask(connected: Connect, trusted: bool, name: str, days: int, **cluster: object) -> bytes:
        authority = write_certificate(tmp_path, name, days)
        context = server_side(tmp_path)
        app = web.Application()

        async def version(_: web.Request) -> web.Response:
            return web.Response(text="fine")

        app.router.add_get("/version", version)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        try:
            server = f"https://127.0.0.1:{runner.addresses[0][1]}"
            clients = await connected(cluster={"server": server, **(authority if trusted else {}), **cluster})
            return await clients.reader.get("/version")
        finally:
            await runner.cleanup()

    return ask


async def test_certificates(connected: Connect, over_tls: Callable[..., object]) -> None:
    ask: Callable[..., asyncio.Future[bytes]] = over_tls  # type: ignore[assignment]
    assert await ask(connected, True, "ip", 10) == b"fine"
    assert await ask(connected, True, "dns", 10, **{"tls-server-name": "api.example"}) == b"fine"
    assert await ask(connected, False, "ip", 10, **{"insecure-skip-tls-verify": True}) == b"fine"
    with pytest.raises(Unreachable, match="not trusted: self-signed certificate; check certificate-authority"):
        await ask(connected, False, "ip", 10)
    with pytest.raises(Unreachable, match="certificate has expired; renew it"):
        await ask(connected, True, "ip", -1)
    with pytest.raises(Unreachable, match="not trusted: IP address mismatch"):
        await ask(connected, True, "dns", 10)


async def test_a_certificate_that_is_none(connected: Connect, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    with pytest.raises(InputError, match="context 'here': a certificate or key is unreadable"):
        await connected(cluster={"server": "https://127.0.0.1:1", "certificate-authority": "ca.pem"})


async def test_a_cancelled_request_leaves_no_connection_behind(api: Api, connected: Connect) -> None:
    hang = asyncio.Event()

    async def hanging(request: web.Request) -> web.StreamResponse:
        await hang.wait()
        return web.Response(text="late")

    api.script(PODS, hanging)
    clients = await connected()
    asking = asyncio.create_task(clients.reader.get(PODS))
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    hang.set()
    assert b"resourceVersion" in await clients.reader.get(PODS)


async def test_read_only_has_no_writer_and_sends_nothing_that_changes(api: Api, connected: Connect) -> None:
    clients = await connected()
    assert clients.writer is None
    with pytest.raises(Refused, match="read-only; start with --write"):
        await Writer(clients.connection).create(PODS, {})
    assert not api.requests


async def test_what_a_writer_sends(api: Api, connected: Connect) -> None:
    sent: list[tuple[str, str, dict[str, str], object, str]] = []

    async def note(request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        sent.append((request.method, request.path, query, await request.json(), request.headers["Content-Type"]))
        return web.json_response({}, status=201)

    writer = (await connected(write=True)).writer
    assert writer is not None
    eviction = "/api/v1/namespaces/shop/pods/a-1/eviction"
    for path in (PODS, "/api/v1/nodes/n0", f"{PODS}/a", eviction):
        api.script(path, note)
    await writer.create(PODS, {"metadata": {"name": "a"}}, dry_run=True)
    await writer.patch("/api/v1/nodes/n0", {"spec": {"unschedulable": True}})
    await writer.delete(f"{PODS}/a", grace_period=0, uid="u1")
    await writer.evict("shop", "a-1", grace_period=30)
    create, patch, delete, evict = sent
    assert create[2] == {"dryRun": "All", "fieldManager": "vacancy"}
    assert (patch[0], patch[3], patch[4]) == (
        "PATCH",
        {"spec": {"unschedulable": True}},
        "application/merge-patch+json",
    )
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0, "preconditions": {"uid": "u1"}}
    assert (delete[0], delete[3]) == ("DELETE", options)
    assert evict[:2] == ("POST", eviction)
    assert evict[3] == {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "a-1", "namespace": "shop"},
        "deleteOptions": {"gracePeriodSeconds": 30},
    }


async def test_what_a_writer_is_refused(api: Api, connected: Connect) -> None:
    writer = (await connected(write=True)).writer
    assert writer is not None
    path = "/api/v1/namespaces/shop/pods/a/eviction"
    budget = "Cannot evict pod as it would violate the pod's disruption budget."
    api.script(path, refusal(429, "TooManyRequests", budget, {"Retry-After": "10"}), refusal(404), refusal(403))
    with pytest.raises(Throttled, match="disruption budget") as caught:
        await writer.evict("shop", "a")
    assert caught.value.retry_after == 10
    with pytest.raises(NotFound):
        await writer.evict("shop", "a")
    with pytest.raises(Forbidden):
        await writer.evict("shop", "a")
    assert len(api.requests) == 3


async def test_reading_once(api: Api, connected: Connect) -> None:
    api.put("nodes", node("n0"))
    api.put("pods", pod("a"))
    api.script(PODS, refusal(429, headers={"Retry-After": "0"}), refusal(503))
    recorder = Recorder()
    kinds = [BY_NAME[name] for name in ("Node", "Pod", "Namespace", "NodeMetrics")]
    await read_once((await connected()).reader, recorder, kinds)
    assert (set(recorder.held["Node"]), set(recorder.held["Pod"])) == ({"n0"}, {"default/a"})
    assert recorder.now("Namespace").phase is Phase.ABSENT
    assert recorder.now("NodeMetrics").phase is Phase.LIVE


async def test_reading_once_fails_when_nothing_needed_can_be_read(api: Api, connected: Connect) -> None:
    recorder = Recorder()
    api.forbidden |= {PODS, "/api/v1/namespaces/team-a/pods"}
    await read_once((await connected()).reader, recorder, [BY_NAME["Node"], BY_NAME["Pod"]])
    assert recorder.now("Pod").phase is Phase.FORBIDDEN
    api.forbidden.add("/api/v1/nodes")
    with pytest.raises(Forbidden):
        await read_once((await connected()).reader, Recorder(), [BY_NAME["Node"], BY_NAME["Pod"]])
    api.forbidden.clear()
    await api.stop()
    with pytest.raises(Unreachable):
        await read_once((await connected()).reader, Recorder(), [BY_NAME["Node"], BY_NAME["Pod"]])
