"""A recording proxy in front of an API server: passes everything on and writes down what was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import yaml
from aiohttp import web

_PASSED_ON = ("Authorization", "Content-Type", "Accept")


@dataclass
class Proxy:
    """`asked` are the method and path of every request, in order."""

    server: str
    session: aiohttp.ClientSession
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path))
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        body = await request.read()
        async with self.session.request(
            request.method, self.server + request.raw_path, headers=headers, data=body or None, ssl=False
        ) as answer:
            response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            return response


@asynccontextmanager
async def recording(kubeconfig: Path, through: Path) -> AsyncIterator[Proxy]:
    """A proxy to where `kubeconfig` leads; `through` becomes one that leads through it."""
    config = yaml.safe_load(await asyncio.to_thread(kubeconfig.read_text))
    server = config["clusters"][0]["cluster"]["server"]
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=True) as session:
        proxy = Proxy(server, session)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", proxy.pass_on)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        config["clusters"][0]["cluster"] = {"server": f"http://{host}:{port}"}
        await asyncio.to_thread(through.write_text, yaml.safe_dump(config))
        try:
            yield proxy
        finally:
            await runner.cleanup()
