"""The three SDKs, each imported when its first call needs it: their clients, their typed and their generic call.
Blocking code, for the threads of the helper process only."""

import os
import threading
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from core.clients.alibaba import credentials
from core.clients.alibaba.call import Call, Generic, Typed
from core.clients.alibaba.settings import Settings
from core.clients.kubernetes.proxy import proxy_for

CONNECT_TIMEOUT = 5.0
_PACKAGES = {"ess": "alibabacloud_ess20140828", "ecs": "alibabacloud_ecs20140526", "cs": "alibabacloud_cs20151215"}
_METADATA_SWITCH = "ALIBABA_CLOUD_ECS_METADATA_DISABLED"


class Sdk:
    """The clients of one account and region. Made once, used from several threads. A server that sends no byte for
    `read_timeout` seconds is given up; the SDKs know no deadline for a whole call, so connection sets one."""

    def __init__(self, settings: Settings, region: str, env: Mapping[str, str], read_timeout: float) -> None:
        self._settings, self._region, self._env, self._read_timeout = settings, region, env, read_timeout
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
        if not self._settings.metadata:  # read at import; without it every look-up of credentials waits for seconds
            os.environ[_METADATA_SWITCH] = "true"
        package = import_module(f"{_PACKAGES[product]}.client")
        if self._credential is None:
            self._credential = credentials.client(self._settings, self._env)
        utils = import_module("alibabacloud_tea_openapi.utils_models")
        config = utils.Config(
            credential=self._credential,
            region_id=self._region,
            connect_timeout=int(CONNECT_TIMEOUT * 1000),
            read_timeout=int(self._read_timeout * 1000),
            user_agent="vacancy",
        )
        if endpoint := self._settings.endpoints.get(product):
            config.endpoint, config.protocol = endpoint.address, endpoint.protocol
        client = package.Client(config)
        _go_direct(client._endpoint, client._protocol or "HTTPS", self._env)
        return client


def _typed(client: Any, call: Typed) -> Any:
    models = import_module(f"{_PACKAGES[call.product]}.models")
    name = f"{call.action}Request"
    fields = {key: _modelled(models, name, key, value) for key, value in call.fields.items()}
    request = getattr(models, name)(**fields)
    method = getattr(client, f"{call.method}_with_options")
    more: tuple[Any, ...] = (*call.path, request, {}) if call.product == "cs" else (request,)
    body = method(*more, _runtime(call.product)).body
    return body.to_map() if hasattr(body, "to_map") else body


def _modelled(models: Any, request: str, field: str, value: Any) -> Any:
    """Plain maps as the SDK's model of that field, where it has one: `DescribeInstancesRequestTag` for `tag`."""
    model = getattr(models, request + "".join(word.capitalize() for word in field.split("_")), None)
    if model is None:
        return value
    return [model(**one) for one in value] if isinstance(value, list) else model(**value)


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
