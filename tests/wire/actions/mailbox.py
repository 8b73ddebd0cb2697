"""Channels of people on loopback: a webhook that takes or refuses what is posted, and a mail server that keeps what
comes. Both over real sockets, each a few lines of the protocol."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Webhook:
    """Keeps what is posted, by path. `answers`: path -> status; 0 cuts the connection once the post was read, -1 never
    answers."""

    posts: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    """Path -> body of the answer."""
    url: str = ""
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        self.posts.append((path, await request.json()))
        status = self.answers.get(path, 200)
        if status == 0 and request.transport is not None:
            request.transport.abort()
        if status < 0:
            await asyncio.sleep(3600)
        return web.Response(status=status or 200, text=self.words.get(path, "ok"))

    def to(self, path: str) -> list[dict[str, str]]:
        """What came to a path."""
        return [body for where, body in self.posts if where == path]


@dataclass
class Mailbox:
    """As much of SMTP (RFC 5321) as a client needs. `refuses`: the status with which RCPT is answered."""

    mails: list[str] = field(default_factory=list)
    refuses: int = 0
    port: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 mailbox")
        while line := (await reader.readline()).decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                say("354 go on")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            say(f"{self.refuses} no" if verb == "RCPT" and self.refuses else "221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                break
        writer.close()
