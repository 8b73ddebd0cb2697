"""The three SDKs, imported when the first call needs them, in a worker thread: their clients, their typed and their
generic call, their log handlers removed. Blocking code; connection runs it."""

import gc
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from core.clients.alibaba import credentials
from core.clients.alibaba.settings import Settings
from core.clients.kubernetes.proxy import proxy_for

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 10.0
"""Seconds without a byte. The SDKs know no deadline for a whole call; connection sets one."""
IMPORTING = 90.0
"""Seconds after which an import that hangs is given up: 2 s with a warm cache, 5 s cold, more on a busy machine."""

_PACKAGES = {"ess": "alibabacloud_ess20140828", "ecs": "alibabacloud_ecs20140526", "cs": "alibabacloud_cs20151215"}
_LOGGERS = ("darabonba-core", "alibabacloud-tea", "credentials")
_METADATA_SWITCH = "ALIBABA_CLOUD_ECS_METADATA_DISABLED"
_importing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Typed:
    """A call that the SDK has a method for: `describe_instances` with DescribeInstancesRequest(**fields).
    `path` are the leading arguments of the ACK API (the cluster's id)."""

    product: str
    method: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    path: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        return "".join(word.capitalize() for word in self.method.split("_"))


@dataclass(frozen=True, slots=True)
class Generic:
    """A call through `call_api`: for what the SDK has no method for, or would send wrongly. The wire's names."""

    product: str
    action: str
    version: str
    query: Mapping[str, Any] = field(default_factory=dict)
    verb: str = "POST"
    pathname: str = "/"
    body: Any = None
    """JSON, for the ACK API only."""


Call = Typed | Generic


class Sdk:
    """The clients of one account and region. Made once, used from several threads."""

    def __init__(self, settings: Settings, region: str, env: Mapping[str, str]) -> None:
        self._settings, self._region, self._env = settings, region, env
        self._clients: dict[str, Any] = {}
        self._credential: Any = None
        self._making = threading.Lock()
        self._outdated = False

    def prepare(self, product: str) -> None:
        """Import the SDK and make the client, which takes seconds, before the first call has its turn."""
        self._client(product)

    def send(self, call: Call) -> Any:
        """The answer's body as plain JSON values, None when it isn't of the action's shape. Raises what SDKs raise."""
        client = self._client(call.product)
        return _typed(client, call) if isinstance(call, Typed) else _generic(client, call)

    def renew(self) -> None:
        """Read the credentials again at the next call: they may have been replaced. Never waits."""
        self._outdated = True

    def _client(self, product: str) -> Any:
        with self._making:
            if self._outdated:
                self._outdated, self._clients, self._credential = False, {}, None
            if product not in self._clients:
                self._clients[product] = self._make(product)
            return self._clients[product]

    def _make(self, product: str) -> Any:
        package = load(product, self._settings.metadata)
        if self._credential is None:
            self._credential = credentials.client(self._settings, self._env)
        utils = import_module("alibabacloud_tea_openapi.utils_models")
        config = utils.Config(
            credential=self._credential,
            region_id=self._region,
            connect_timeout=int(CONNECT_TIMEOUT * 1000),
            read_timeout=int(READ_TIMEOUT * 1000),
            user_agent="vacancy",
        )
        if endpoint := self._settings.endpoints.get(product):
            config.endpoint, config.protocol = endpoint.address, endpoint.protocol
        client = package.Client(config)
        _go_direct(client._endpoint, client._protocol or "HTTPS", self._env)
        return client


def load(product: str, metadata: bool = False) -> Any:
    """The client module of a product, with nothing left that writes to the terminal."""
    if not _importing.acquire(timeout=IMPORTING):
        raise TimeoutError(f"importing the SDK of {product} timed out")
    before, collecting = os.environ.get(_METADATA_SWITCH), gc.isenabled()
    try:
        gc.disable()  # no import makes garbage, and looking for some would hold up every thread
        if not metadata:  # read at import; without it every credential look-up outside ECS waits for seconds
            os.environ[_METADATA_SWITCH] = "true"
        import_module(f"{_PACKAGES[product]}.models")
        module = import_module(f"{_PACKAGES[product]}.client")
    finally:
        _restore(_METADATA_SWITCH, before)
        _quieten()
        gc.freeze()  # 1,800 modules that stay
        if collecting:
            gc.enable()
        _importing.release()
    return module


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _quieten() -> None:
    """The SDKs log to stderr on import, headers with credentials included when DEBUG=sdk is set."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)


def _typed(client: Any, call: Typed) -> Any:
    models = import_module(f"{_PACKAGES[call.product]}.models")
    request = getattr(models, f"{call.action}Request")(**call.fields)
    method = getattr(client, f"{call.method}_with_options")
    more: tuple[Any, ...] = (*call.path, request, {}) if call.product == "cs" else (request,)
    body = method(*more, _runtime(call.product)).body
    return body.to_map() if hasattr(body, "to_map") else body


def _runtime(product: str) -> Any:
    name = "alibabacloud_tea_util.models" if product == "ess" else "darabonba.runtime"
    return import_module(name).RuntimeOptions()


def _generic(client: Any, call: Generic) -> Any:
    models = import_module("alibabacloud_tea_openapi.utils_models")
    utils = import_module("alibabacloud_tea_openapi.utils").Utils
    style = "ROA" if call.product == "cs" else "RPC"
    params = models.Params(
        action=call.action,
        version=call.version,
        protocol="HTTPS",
        pathname=call.pathname,
        method=call.verb,
        auth_type="AK",
        style=style,
        req_body_type="json" if style == "ROA" else "formData",
        body_type="json",
    )
    request = models.OpenApiRequest(query=utils.query(dict(call.query)), body=call.body)
    return client.call_api(params, request, _runtime("ecs")).get("body")


def _go_direct(address: str, protocol: str, env: Mapping[str, str]) -> None:
    """Let NO_PROXY and loopback count: the SDKs' transport (darabonba.core.DaraCore.do_action) hands its `requests`
    session the proxy of HTTP_PROXY or HTTPS_PROXY whatever they say."""
    scheme = protocol.lower()
    if proxy_for(f"{scheme}://{address}", env) is not None:
        return
    core = import_module("darabonba.core")
    size = core.DEFAULT_POOL_MAXSIZE
    session = core.DaraCore._get_session(f"{scheme}://{address}:80:pool={size}", protocol, pool_size=size)
    adapter = session.get_adapter(f"{scheme}://{address}")
    send = type(adapter).send
    adapter.send = lambda request, **options: send(adapter, request, **{**options, "proxies": {}})
