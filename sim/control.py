"""The tests' door into a running simulator: faults, limits, the clock, the request log and what is planted."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from sim.cloud.faults import Fault
from sim.kube.faults import Fault as KubeFault
from sim.world.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """A small JSON API on loopback; see `_routes` for its paths."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        app = web.Application()
        for method, path, act in self._routes():
            app.router.add_route(method, path, _answering(act))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _routes(self) -> list[tuple[str, str, Callable[[Any], Any]]]:
        """Method, path, and what it does with the request's JSON body."""
        gateway, kube = self._world.gateway, self._world.kube
        return [
            ("GET", "/requests", lambda _: [asdict(record) for record in gateway.log]),
            ("DELETE", "/requests", lambda _: gateway.log.clear()),
            ("POST", "/faults", lambda body: {"number": gateway.faults.add(Fault(**body))}),
            ("DELETE", "/faults", lambda _: gateway.faults.clear()),
            ("POST", "/throttle", self._throttle),
            ("GET", "/principals", lambda _: [asdict(one) for one in gateway.access.principals.values()]),
            ("GET", "/kube/requests", lambda _: [_logged(entry) for entry in kube.faults.log]),
            ("POST", "/kube/faults", lambda body: bool(kube.faults.add(_kube_fault(body)))),
            ("DELETE", "/kube/faults", lambda _: kube.faults.clear()),
            ("POST", "/clock", self._move_clock),
            ("POST", "/stock", self._set_stock),
            ("POST", "/quota", self._set_quota),
            ("GET", "/planted", lambda _: asdict(self._world.planted)),
        ]

    def _throttle(self, body: dict[str, Any]) -> None:
        throttle = self._world.gateway.throttle
        throttle.limit(body["product"], float(body["rate"]), float(body.get("burst", body["rate"])))
        throttle.tell_when = bool(body.get("tell_when", True))

    def _move_clock(self, body: dict[str, Any]) -> dict[str, float]:
        clock = self._world.clock
        if "speed" in body:
            clock.speed = float(body["speed"])
        clock.advance(float(body.get("advance", 0)))
        return {"time": clock.time(), "speed": clock.speed}

    def _set_quota(self, body: dict[str, Any]) -> None:
        """`{"machines"}`: pay-as-you-go machines that the account may have; null means plenty."""
        self._world.cloud.quota = None if body["machines"] is None else int(body["machines"])

    def _set_stock(self, body: dict[str, Any]) -> None:
        """`{"type", "zone", "left"}`; a `left` of null means plenty."""
        place, left = (body["type"], body["zone"]), body.get("left")
        if left is None:
            self._world.cloud.stock.pop(place, None)
        else:
            self._world.cloud.stock[place] = int(left)


def _answering(act: Callable[[Any], Any]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        text = await request.text()
        try:
            answer = act(json.loads(text) if text else {})
        except (TypeError, ValueError, KeyError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response(answer)

    return handle


def _kube_fault(body: dict[str, Any]) -> KubeFault:
    page = body.get("body")
    return KubeFault(**{**body, **({"body": page.encode()} if isinstance(page, str) else {})})


def _logged(entry: Any) -> dict[str, Any]:
    body = entry.body.decode(errors="replace") if isinstance(entry.body, bytes) else entry.body
    return {**asdict(entry), "body": body}
