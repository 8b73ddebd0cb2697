"""The sockets: one HTTP server a product on loopback, and the faults that only a socket can have."""

import asyncio
import json
from typing import Any

from aiohttp import web

from sim.cloud.faults import Fault
from sim.cloud.gateway import Answer, Gateway
from sim.cloud.signature import SignedRequest

PRODUCTS = ("ess", "ecs", "cs")
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class CloudServer:
    """Serves a gateway's products, each on a port of its own."""

    def __init__(self, gateway: Gateway, host: str = "127.0.0.1") -> None:
        self.gateway = gateway
        self.endpoints: dict[str, str] = {}
        """`host:port` by product, once started."""
        self._host = host
        self._runners: list[web.AppRunner] = []
        self._agenda: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen on free ports and let simulated time run."""
        self._agenda = asyncio.create_task(self.gateway.cloud.agenda.serve())
        for product in PRODUCTS:
            self.endpoints[product] = await self._listen(product)

    async def stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        if self._agenda is not None:
            self._agenda.cancel()
            await asyncio.gather(self._agenda, return_exceptions=True)

    async def _listen(self, product: str) -> str:
        app = web.Application(client_max_size=4 << 20)

        async def handle(request: web.Request) -> web.StreamResponse:
            answer = self.gateway.handle(product, await _signed(request))
            return await _send(request, answer)

        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, self._host, 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        return f"{host}:{port}"


async def _signed(request: web.Request) -> SignedRequest:
    payload = await request.read()
    is_form = request.content_type == "application/x-www-form-urlencoded"
    form = await request.post() if is_form else {}
    return SignedRequest(
        method=request.method,
        path=request.rel_url.raw_path,
        query=dict(request.query),
        form={name: str(value) for name, value in form.items()},
        headers={name.lower(): ",".join(sorted(request.headers.getall(name))) for name in request.headers},
        payload=payload,
    )


async def _send(request: web.Request, answer: Answer) -> web.StreamResponse:
    fault = answer.fault
    if fault is None or answer.status >= 400:
        return _json(answer)
    if fault.kind == "html":
        return web.Response(status=502, text=_HTML, content_type="text/html")
    if fault.kind == "empty":
        return web.Response(status=500)
    if fault.kind == "garbage":
        return web.Response(text='{"RequestId": "trunc', content_type="application/json")
    if fault.kind == "shape":
        return web.json_response(fault.body if fault.body is not None else _other_shape(answer.body))
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return _json(answer)
    return await _cut(request, answer, fault)


async def _cut(request: web.Request, answer: Answer, fault: Fault) -> web.StreamResponse:
    """The faults that end the connection: after silence, or with half of an answer on the wire."""
    if fault.kind.endswith("silence"):
        await asyncio.sleep(fault.seconds)
    elif fault.kind == "reset":
        data = _encode(answer.body)
        headers = {"Content-Length": str(len(data)), "Content-Type": "application/json;charset=utf-8"}
        half = web.StreamResponse(headers=headers)
        await half.prepare(request)
        await half.write(data[: len(data) // 2])
        await asyncio.sleep(0.01)
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _json(answer: Answer) -> web.Response:
    headers = {"Content-Type": "application/json;charset=utf-8", **answer.headers}
    return web.Response(status=answer.status, body=_encode(answer.body), headers=headers)


def _encode(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _other_shape(body: Any) -> Any:
    """Lists where the caller's SDK expects objects, and the other way round."""
    if isinstance(body, list):
        return {"Items": body}
    if not isinstance(body, dict):
        return []
    return {key: list(value.values()) if isinstance(value, dict) else value for key, value in body.items()}
