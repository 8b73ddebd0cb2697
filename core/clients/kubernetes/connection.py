"""One authenticated way to one API server: the `kubernetes` package's ApiClient, kept fresh. What is asked through it
is in reader and writer."""

import asyncio
import contextlib
import importlib.metadata
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.clients.kubernetes import credentials, errors, kubeconfig
from core.clients.kubernetes.kubeconfig import Chosen, Place, Target
from core.clients.kubernetes.proxy import proxy_for
from core.errors import InputError, Refused, one_line

if TYPE_CHECKING:
    import aiohttp

    from core.clients.kubernetes.reader import Reader
    from core.clients.kubernetes.writer import Writer

CONNECT_TIMEOUT = 10.0
"""Seconds for a TCP and TLS connection."""
READ_TIMEOUT = 60.0
"""Seconds without a byte in the middle of an answer; an API server gives up on its own after 60 s."""
REQUEST_TIMEOUT = 300.0
"""Seconds for a whole answer: a continue token lives about five minutes."""
RENEW_PERIOD = 10.0
"""Seconds between two attempts to get new credentials, however many requests are refused."""
_ERROR_BODY = 64 * 1024


@dataclass(frozen=True, slots=True)
class Clients:
    """What `connect` gives: `writer` is None when the program is read-only."""

    place: Place
    reader: "Reader"
    writer: "Writer | None"
    connection: "Connection"

    async def close(self) -> None:
        """End all requests and close the pool."""
        await self.connection.close()


async def connect(target: Target, write: bool = False) -> Clients:
    """Read the configuration and prepare the transport; nothing is sent yet.

    Raises InputError for a missing or broken kubeconfig, SourceUnreachable when a credential plugin fails.
    """
    from core.clients.kubernetes.reader import Reader
    from core.clients.kubernetes.writer import Writer

    connection = Connection(target, write)
    await connection.open()
    return Clients(connection.place, Reader(connection), Writer(connection) if write else None, connection)


class Connection:
    """The pool of connections and the credentials of one context; both are replaced when the kubeconfig changes.

    Without `write` nothing but GET is ever sent, whoever asks."""

    def __init__(self, target: Target, write: bool = False) -> None:
        self.place = Place("", "", "", "", "default")
        self._target, self._write = target, write
        self._client: Any = None
        self._identity: object = None
        self._credential = credentials.Credential()
        self._retired: list[Any] = []
        self._renewing = asyncio.Lock()
        self._renewed = (0, -RENEW_PERIOD)  # how often, and when last (monotonic)

    async def open(self) -> None:
        """Read configuration and credentials (again), and build a new pool if what TLS needs has changed."""
        chosen = await asyncio.to_thread(kubeconfig.choose, self._target)
        configuration, self._credential, self.place = await (_of_context(chosen) if chosen else _of_pod(self._target))
        identity = _tls_identity(configuration)
        if self._client is not None and identity == self._identity:
            self._client.configuration.api_key = configuration.api_key
            return
        if self._client is not None:
            self._retired.append(self._client)
        self._client, self._identity = _api_client(configuration, self.place), identity

    async def close(self) -> None:
        """Close all pools; requests that still run fail."""
        for client in (self._client, *self._retired):
            if client is not None:
                await client.close()
        self._client, self._retired = None, []

    async def send(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        read_timeout: float = READ_TIMEOUT,
        total: float | None = REQUEST_TIMEOUT,
        body: Any = None,
        content_type: str = "application/json",
    ) -> "aiohttp.ClientResponse":
        """A 2xx answer, its body not read yet. After a 401 the credentials are read again and the request is sent once
        more.

        Raises the errors of `errors`. The caller reads, or closes, the answer.
        """
        if method != "GET" and not self._write:
            raise Refused(f"{method} {path}: read-only; start with --write to change the cluster")
        if self._credential.stale(time.time()):
            await self._renew(self._renewed[0])
        for last in (False, True):
            seen = self._renewed[0]
            answer = await self._attempt(method, path, query, body, content_type, (read_timeout, total))
            if answer.status == 401 and not last:
                answer.close()
                await self._renew(seen)
                continue
            if not answer.ok:
                raise errors.from_response(
                    self.place.server, path, answer.status, answer.headers, await self._error_body(answer)
                )
            return answer
        raise AssertionError("unreachable")

    async def _attempt(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        body: Any,
        content_type: str,
        limits: tuple[float, float | None],
    ) -> "aiohttp.ClientResponse":
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=limits[1], sock_connect=CONNECT_TIMEOUT, sock_read=limits[0])
        headers = {"Accept": "application/json", "Content-Type": content_type}
        try:
            verb, url, headers, body, _ = await self._client.param_serialize(
                method, path, query_params=list(query), header_params=headers, body=body, auth_settings=["BearerToken"]
            )
            answer = await self._client.call_api(verb, url, headers, body, _request_timeout=timeout)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise errors.from_exception(self.place.server, error) from None
        response: aiohttp.ClientResponse = answer.response
        return response

    async def _error_body(self, answer: "aiohttp.ClientResponse") -> bytes:
        import aiohttp

        try:
            return await beginning(answer.content, _ERROR_BODY)
        except (aiohttp.ClientError, OSError):
            return b""
        finally:
            answer.close()

    async def _renew(self, seen: int) -> None:
        """New credentials, unless somebody has fetched them since `seen`, or just now in vain."""
        async with self._renewing:
            count, last = self._renewed
            if count != seen or time.monotonic() - last < RENEW_PERIOD:
                return
            try:
                await self.open()
            finally:
                self._renewed = (count + 1, time.monotonic())


async def beginning(content: "aiohttp.StreamReader", most: int) -> bytes:
    """All of a body, or its first `most` bytes: one `read` hands over no more than what has arrived."""
    found = b""
    while len(found) < most and (part := await content.read(most - len(found))):
        found += part
    return found


async def _of_context(chosen: Chosen) -> tuple[Any, credentials.Credential, Place]:
    from kubernetes.aio.client import Configuration
    from kubernetes.aio.config import ConfigException
    from kubernetes.aio.config.kube_config import KubeConfigLoader

    found = await credentials.credential(chosen)
    user = credentials.without_tokens(chosen.user, found)
    context = {"cluster": chosen.cluster_name, "user": chosen.user_name}
    whole = {
        "current-context": chosen.context,
        "contexts": [{"name": chosen.context, "context": context}],
        "clusters": [{"name": chosen.cluster_name, "cluster": dict(chosen.cluster)}],
        "users": [{"name": chosen.user_name, "user": user}],
    }
    configuration = Configuration()
    try:
        loader: Any = KubeConfigLoader
        await loader(whole).load_and_set(configuration)
    except (ConfigException, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{chosen.source}: context {chosen.context!r}: {one_line(str(error))}") from None
    if found.token:
        configuration.api_key["BearerToken"] = f"Bearer {found.token}"
    configuration.proxy = configuration.proxy or proxy_for(configuration.host, os.environ)
    return configuration, found, chosen.place


async def _of_pod(target: Target) -> tuple[Any, credentials.Credential, Place]:
    """The service account of the pod that this program runs in."""
    from kubernetes.aio.client import Configuration
    from kubernetes.aio.config import ConfigException, load_incluster_config

    configuration = Configuration()
    try:
        load: Any = load_incluster_config
        load(configuration, try_refresh_token=False)
        namespace = (kubeconfig.SERVICE_ACCOUNT / "namespace").read_text().strip()
    except (ConfigException, OSError) as error:
        raise InputError(f"the pod's service account can't be used: {one_line(str(error))}") from None
    found = credentials.from_token_file(kubeconfig.SERVICE_ACCOUNT / "token")
    configuration.api_key["BearerToken"] = f"Bearer {found.token}"
    place = Place(
        kubeconfig.IN_CLUSTER,
        kubeconfig.IN_CLUSTER,
        "service account",
        configuration.host,
        target.namespace or namespace,
    )
    return configuration, found, place


def _tls_identity(configuration: Any) -> tuple[object, ...]:
    """What a pool depends on. Files count with their content's age, so that rotated certificates are noticed."""
    files = (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)
    ages = tuple(os.stat(name).st_mtime_ns if name else 0 for name in files)
    rest = (configuration.host, configuration.verify_ssl, configuration.tls_server_name, configuration.proxy)
    return (*files, *ages, *rest)


def _api_client(configuration: Any, place: Place) -> Any:
    from kubernetes.aio.client import ApiClient

    # As Go's TLS: older cluster CAs lack extensions that Python 3.13's strict mode demands.
    configuration.disable_strict_ssl_verification = True
    configuration.client_session_kwargs = {
        "trust_env": False
    }  # proxies are chosen in proxy; ~/.netrc is not for API servers
    try:
        client = ApiClient(configuration)
    except (OSError, ValueError) as error:
        raise InputError(
            f"context {place.context!r}: a certificate or key is unreadable: {one_line(str(error))}"
        ) from None
    client.user_agent = _user_agent()
    _unpack_fast()
    return client


def _unpack_fast() -> None:
    """Let aiohttp unpack with isal where it is installed (extra `fast`): a third of zlib's time, which counts in GBs
    of pods."""
    import aiohttp

    with contextlib.suppress(ImportError):
        from isal import isal_zlib

        aiohttp.set_zlib_backend(isal_zlib)


def _user_agent() -> str:
    try:
        return f"vacancy/{importlib.metadata.version('vacancy')}"
    except importlib.metadata.PackageNotFoundError:
        return "vacancy/0"


def query_of(parameters: Mapping[str, str | int | None]) -> list[tuple[str, str]]:
    """Query parameters in order, those that are None or empty left out."""
    return [(name, str(value)) for name, value in parameters.items() if value not in (None, "")]
