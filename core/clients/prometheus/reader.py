"""Single queries to a Prometheus-compatible endpoint. Nothing is ever sent but GET, and only to `/api/v1/query`."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.clients.kubernetes.proxy import proxy_for
from core.clients.prometheus import answers
from core.clients.prometheus.errors import PrometheusError, TooMuch
from core.clients.prometheus.settings import CA, Settings, authorization
from core.errors import InputError, one_line

if TYPE_CHECKING:
    import aiohttp

CONNECT_TIMEOUT = 10.0
QUERY_TIMEOUT = 120.0
"""Seconds that the endpoint may take for a query: Prometheus' own default."""
GRACE = 10.0
"""Seconds more until this side gives up."""
LARGEST = 64 * 2**20
"""Bytes of an answer: 200,000 containers' figures."""
ATTEMPTS, PAUSE = 3, 1.0
"""How often a query is sent when it fails in passing, and the seconds before the second attempt, doubled each time."""


class Reader:
    """Queries of one endpoint. `env`: where proxies are named."""

    def __init__(self, settings: Settings, env: Mapping[str, str] | None = None, pause: float = PAUSE) -> None:
        self.settings = settings
        self._proxy = proxy_for(settings.url, env or {})
        self._pause = pause
        self._session: aiohttp.ClientSession | None = None

    @property
    def place(self) -> str:
        """What messages call it."""
        return self.settings.place

    async def vector(self, query: str, at: float | None = None, timeout: float = QUERY_TIMEOUT) -> answers.Vector:
        """The result of an instant query at a time (None: now). Raises PrometheusError, InputError for a certificate
        or token that can't be read."""
        parameters = {"query": query, "timeout": f"{timeout:.0f}s", **({} if at is None else {"time": f"{at:.3f}"})}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                body = await self._get(parameters, timeout)
                return await asyncio.to_thread(answers.vector, self.place, body)
            except PrometheusError as error:
                if not error.passing or attempt == ATTEMPTS:
                    raise
                await asyncio.sleep(self._pause * 2 ** (attempt - 1))
        raise AssertionError("unreachable")

    async def _get(self, parameters: dict[str, str], timeout: float) -> bytes:
        import aiohttp

        said = authorization(self.settings)
        limits = aiohttp.ClientTimeout(total=timeout + GRACE, sock_connect=CONNECT_TIMEOUT)
        try:
            async with self._open().get(
                f"{self.settings.url}/api/v1/query",
                params=parameters,
                headers={"Authorization": said} if said else {},
                allow_redirects=False,  # credentials are for this address only
                proxy=self._proxy,
                timeout=limits,
            ) as answer:
                body = await self._body(answer)
        except aiohttp.ConnectionTimeoutError:
            raise PrometheusError(self.place, f"no connection within {CONNECT_TIMEOUT:.0f} s", passing=True) from None
        except TimeoutError:
            raise TooMuch(self.place, f"no answer within {timeout + GRACE:.0f} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._unreachable(error) from None
        if answer.status != 200:
            raise answers.refusal(self.place, answer.status, body)
        return body

    async def _body(self, answer: "aiohttp.ClientResponse") -> bytes:
        parts, size = [], 0
        async for part in answer.content.iter_chunked(2**16):
            size += len(part)
            if size > LARGEST:
                raise PrometheusError(self.place, f"its answer is larger than {LARGEST // 2**20} MiB")
            parts.append(part)
        return b"".join(parts)

    def _unreachable(self, error: Exception) -> PrometheusError:
        from core.clients.kubernetes.errors import from_exception

        cause = from_exception(self.place, error).cause
        trust = "certificate" in cause or cause.startswith("TLS")
        return PrometheusError(self.place, cause, f"{CA} names the CA to trust" if trust else "", passing=not trust)

    def _open(self) -> "aiohttp.ClientSession":
        if self._session is None:
            import aiohttp

            connector = aiohttp.TCPConnector(ssl=self._trust())
            self._session = aiohttp.ClientSession(connector=connector, trust_env=False)
        return self._session

    def _trust(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.settings.ca or None)
        except (OSError, ValueError) as error:
            raise InputError(f"{CA} {self.settings.ca}: {one_line(str(error))}") from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
