"""What can go wrong between this program and an API server, as one line each. When to try again is decided in feeds.

VacancyError (1)
├── ApiError             the server answered with an error
│   ├── Unauthorized (3)   401, after the credentials were read again
│   ├── Forbidden (3)      403
│   ├── NotFound           404: the object, or the whole kind, is not there
│   ├── Gone               410: a resource version or a continue token is too old
│   └── Throttled          429, from flow control or from a PodDisruptionBudget
└── Unreachable (3)      no usable answer: connection, name, TLS, time-out
    ├── Broken             the connection ended in the middle of an answer
    └── Silent             nothing came on an open connection for too long
"""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import msgspec

from core.errors import SourceUnreachable, VacancyError, one_line


class ApiError(VacancyError):
    """The API server refused. `cause` is the short form for a status line; `retry_after` is in seconds, None: not
    told."""

    def __init__(
        self, message: str, cause: str, status: int, retry_after: float | None = None, reason: str = ""
    ) -> None:
        super().__init__(message)
        self.cause, self.status, self.retry_after, self.reason = cause, status, retry_after, reason


class Unauthorized(ApiError, SourceUnreachable):
    """The credentials are not (or no longer) accepted."""


class Forbidden(ApiError, SourceUnreachable):
    """The identity may not do this."""


class NotFound(ApiError):
    """Nothing is at this path."""


class Gone(ApiError):
    """A resource version or a continue token has expired: list again."""


class Throttled(ApiError):
    """Too many requests, or an eviction that a PodDisruptionBudget does not allow now."""


class Unreachable(SourceUnreachable):
    """No usable answer came. `cause` is the short form for a status line."""

    def __init__(self, message: str, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


class Broken(Unreachable):
    """The connection ended in the middle of an answer."""


class Silent(Unreachable):
    """An open connection gave no byte for as long as it may."""


_BY_STATUS: dict[int, type[ApiError]] = {401: Unauthorized, 403: Forbidden, 404: NotFound, 410: Gone, 429: Throttled}
_HINTS = {
    401: "; renew the credentials of this context (they may have expired)",
    403: "; ask for get, list and watch on it",
}


class _Details(msgspec.Struct):
    retry_after: int | None = msgspec.field(default=None, name="retryAfterSeconds")


class _Status(msgspec.Struct):
    message: str | None = None
    reason: str | None = None
    details: _Details | None = None


def from_response(server: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error of an answer whose status is not 2xx. Only a `metav1.Status` gets its text shown; HTML never."""
    told = _status(body)
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "error"
    cause = one_line(told.message or f"{status} {phrase} from {server}")
    message = f"{server}{path}: {status} {one_line(told.message or phrase)}{_HINTS.get(status, '')}"
    return _BY_STATUS.get(status, ApiError)(message, cause, status, _retry_after(headers, told), told.reason or "")


def from_status(server: str, code: int | None, message: str | None, reason: str | None) -> ApiError:
    """The error that an ERROR event of a watch carries."""
    text = one_line(message or reason or "the watch was ended with an error")
    kind = Gone if reason in ("Expired", "Gone") else _BY_STATUS.get(code or 0, ApiError)
    return kind(f"{server}: {text}", text, code or 0, None, reason or "")


def _status(body: bytes) -> _Status:
    try:
        return msgspec.json.decode(body, type=_Status)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Status()


def _retry_after(headers: Mapping[str, str], told: _Status) -> float | None:
    """Seconds from `Retry-After` (a number or a date, RFC 9110 §10.2.3), else from the Status' details."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        pass
    return float(told.details.retry_after) if told.details and told.details.retry_after else None


def from_exception(server: str, error: BaseException) -> Unreachable:
    """The line for an exception of the transport (aiohttp, ssl, sockets, time-outs)."""
    import aiohttp

    cause, hint = _explain(error)
    kind: type[Unreachable] = Broken if isinstance(error, aiohttp.ClientPayloadError) else Unreachable
    if isinstance(error, aiohttp.SocketTimeoutError):
        kind = Silent
    return kind(f"{server}: {cause}{hint}", cause)


def _explain(error: BaseException) -> tuple[str, str]:
    """What happened, and what to do about it (may be empty)."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _explain_certificate(error.certificate_error)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy {error.host}:{error.port} does not answer", "; check proxy-url, HTTPS_PROXY and NO_PROXY"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return (
            f"the proxy refused: {error.status} {one_line(error.message)}",
            "; check proxy-url, HTTPS_PROXY and NO_PROXY",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the name {error.host} does not resolve", "; check the server of this context, DNS and VPN"
    if isinstance(error, aiohttp.InvalidURL):
        return "the server's address is no URL", "; correct `server` in the kubeconfig"
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "no answer in time", "; check the network and VPN"
    return _explain_connection(error)


def _explain_connection(error: BaseException) -> tuple[str, str]:
    import aiohttp

    root: BaseException = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(root, ConnectionRefusedError):
        return "connection refused", "; is the API server running, and is this its address?"
    if isinstance(root, ssl.SSLError):
        return (
            f"TLS failed: {one_line(root.reason or str(root)).lower().replace('_', ' ')}",
            "; check server and certificates of this context",
        )
    if isinstance(root, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "the server closed the connection", ""
    if isinstance(root, aiohttp.ClientPayloadError):
        return "the answer broke off", ""
    return one_line(getattr(root, "strerror", None) or str(root) or type(root).__name__), ""


def _explain_certificate(error: Exception) -> tuple[str, str]:
    text = one_line(getattr(error, "verify_message", "") or str(error))
    if "expired" in text:
        return "the server's certificate has expired", "; renew it, or check this machine's clock"
    return (
        f"the server's certificate is not trusted: {text}",
        "; check certificate-authority and tls-server-name of this cluster",
    )
