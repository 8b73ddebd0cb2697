"""A plain HTTP client for either API server, from a kubeconfig: what it gets is what stood on the wire."""

import asyncio
import base64
import json
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
import yaml

Json = dict[str, Any]
Query = Any  # text or number; not narrower, as query strings may hold any name

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"


@dataclass(frozen=True)
class Reply:
    """`body` is the decoded object, or `{}` where the answer was no JSON; `text` is the answer as it came."""

    code: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Json:
        return json.loads(self.text) if self.text.startswith("{") else {}

    @property
    def reason(self) -> str:
        return str(self.body.get("reason", ""))

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))


class Client:
    """One user of one server; use as an async context manager."""

    def __init__(self, kubeconfig: Path, context: str = "", *, token: str = "") -> None:
        """As the context's user; with `token` as whoever that stands for."""
        self.kubeconfig = kubeconfig
        config = yaml.safe_load(kubeconfig.read_text())
        self.context = context or config["current-context"]
        chosen = _named(config["contexts"], self.context)["context"]
        cluster = _named(config["clusters"], chosen["cluster"])["cluster"]
        user = {"token": token} if token else _named(config["users"], chosen["user"])["user"]
        self.url = cluster["server"]
        self.headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        self._trust = _trust(cluster, user)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._trust, limit=0)
        self._session = aiohttp.ClientSession(self.url, connector=connector, headers=self.headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        assert self._session is not None
        return self._session

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: str = "application/json",
        accept: str = "application/json",
        **query: Query,
    ) -> Reply:
        """One request; `query` becomes the query string."""
        sent = {"Content-Type": content, "Accept": accept}
        data = None if body is None else json.dumps(body)
        async with self.session.request(method, path, data=data, headers=sent, params=query) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.text())

    async def get(self, path: str, *, accept: str = "application/json", **query: Query) -> Reply:
        return await self.send("GET", path, accept=accept, **query)

    async def post(self, path: str, body: Json, **query: Query) -> Reply:
        return await self.send("POST", path, body, **query)

    async def put(self, path: str, body: Json, **query: Query) -> Reply:
        return await self.send("PUT", path, body, **query)

    async def patch(self, path: str, body: Any, how: str = MERGE, **query: Query) -> Reply:
        return await self.send("PATCH", path, body, content=how, **query)

    async def delete(self, path: str, body: Json | None = None, **query: Query) -> Reply:
        return await self.send("DELETE", path, body, **query)

    @asynccontextmanager
    async def watch(self, path: str, **query: Query) -> AsyncIterator[AsyncIterator[Json]]:
        """The events of a watch, decoded."""
        async with self.session.get(path, params={"watch": "1", **query}) as answer:
            assert answer.status == 200, await answer.text()
            yield _events(answer)


async def _events(answer: aiohttp.ClientResponse) -> AsyncIterator[Json]:
    async for line in answer.content:
        yield json.loads(line)


async def next_event(events: AsyncIterator[Json], seconds: float = 10.0) -> Json:
    """The next event, within some seconds."""
    async with asyncio.timeout(seconds):
        return await anext(events)


def _named(entries: list[Json], name: str) -> Json:
    return next(entry for entry in entries if entry["name"] == name)


def _trust(cluster: Json, user: Json) -> ssl.SSLContext:
    pem = _data(cluster, "certificate-authority").decode()
    context = ssl.create_default_context(cadata=pem)
    if "client-certificate" in user or "client-certificate-data" in user:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "client.pem")
            path.write_bytes(_data(user, "client-certificate") + b"\n" + _data(user, "client-key"))
            context.load_cert_chain(path)
    return context


def _data(entry: Json, name: str) -> bytes:
    if f"{name}-data" in entry:
        return base64.b64decode(entry[f"{name}-data"])
    return Path(entry[name]).read_bytes()
