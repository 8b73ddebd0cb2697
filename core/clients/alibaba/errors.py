"""What can go wrong between this program and Alibaba Cloud, as one line each; the SDKs' exceptions become these, and
their own text, which repeats whole answers, goes nowhere. When to try again is decided in connection.

VacancyError (1)
└── CloudError           the cloud answered with an error, or not at all
    ├── BadCredentials (3)   key, secret, token or clock
    ├── Denied (3)           RAM does not allow the action
    ├── Throttled            the account's flow control
    ├── NotFound             no such resource
    ├── ServerTrouble        the cloud's own failure
    ├── Unreachable (3)      no usable answer: connection, name, proxy, HTML, empty
    │   └── Silent           no answer in time
    └── WrongAnswer (3)      status 200, and not what the action answers
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.clients.alibaba.call import Failure
from core.errors import SourceUnreachable, VacancyError, one_line

NAMES = {"ess": "ESS", "ecs": "ECS", "cs": "ACK"}


class CloudError(VacancyError):
    """A call failed. `cause` is the short form for a status line; `code` the cloud's own error code, if it gave one."""

    retryable = False

    def __init__(
        self,
        product: str,
        action: str,
        cause: str,
        hint: str = "",
        code: str = "",
        status: int = 0,
        retry_after: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(f"{NAMES.get(product, product)} {action}: {cause}{f'; {hint}' if hint else ''}")
        self.product, self.action, self.cause, self.hint = product, action, cause, hint
        self.code, self.status, self.retry_after, self.request_id = code, status, retry_after, request_id
        self.permission = ""
        """The RAM action that a policy would have to allow, where that is what is missing."""

    @property
    def outcome_unknown(self) -> bool:
        """Whether a write may have taken effect all the same."""
        return self.status >= 500 or isinstance(self, Unreachable | WrongAnswer)


class BadCredentials(CloudError, SourceUnreachable):
    """Who we are was not accepted."""


class Denied(CloudError, SourceUnreachable):
    """We may not do this."""


class Throttled(CloudError):
    """Too many calls of this account."""

    retryable = True


class NotFound(CloudError):
    """The resource is not there."""


class ServerTrouble(CloudError):
    """The cloud's own failure."""

    retryable = True


class Unreachable(CloudError, SourceUnreachable):
    """No usable answer came."""

    retryable = True


class Silent(Unreachable):
    """No answer in time. Asking again at once would only wait as long again."""

    retryable = False


class WrongAnswer(CloudError, SourceUnreachable):
    """An answer came that is not this action's."""

    retryable = True


_CREDENTIALS: tuple[tuple[str, str, str], ...] = (
    ("SignatureDoesNotMatch", "the access key's secret is wrong", "correct the secret of {source}"),
    ("IncompleteSignature", "the access key's secret is wrong", "correct the secret of {source}"),
    ("InvalidAccessKeyId", "there is no such access key (or it is disabled)", "correct the access key of {source}"),
    ("InvalidSecurityToken.Expired", "the security token has expired", "renew the token of {source}"),
    ("InvalidSecurityToken", "the security token is not valid", "renew the token of {source}"),
    ("InvalidTimeStamp", "this machine's clock is wrong", "set the clock: requests may be off by 15 minutes at most"),
    ("IllegalTimestamp", "this machine's clock is wrong", "set the clock: requests may be off by 15 minutes at most"),
    ("InvalidCredentials", "no credentials", "set up {source}"),
)
_DENIED = ("Forbidden", "NoPermission", "AccessDenied", "UnauthorizedOperation", "StatusForbidden", "ForbiddenCheck")
_THROTTLED = ("Throttling", "Rejected.Throttling", "ServiceUnavailable", "RequestLimitExceeded")
_TRANSPORT: tuple[tuple[str, str, str], ...] = (
    ("ProxyError", "the proxy does not answer", "check HTTP_PROXY and HTTPS_PROXY"),
    ("Read timed out", "no answer in time", ""),
    ("ConnectTimeout", "no connection in time", "check the network"),
    ("timed out", "no answer in time", ""),
    ("Connection refused", "connection refused", "check the endpoint and the network"),
    ("NameResolutionError", "its address does not resolve", "check the region and DNS"),
    ("getaddrinfo", "its address does not resolve", "check the region and DNS"),
    ("Name or service not known", "its address does not resolve", "check the region and DNS"),
    ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted", "check the proxy and the CA certificates"),
    ("SSLError", "TLS failed", "check the proxy and the endpoint"),
    ("reset by peer", "the connection was reset", ""),
    ("IncompleteRead", "the answer broke off", ""),
    ("Connection broken", "the answer broke off", ""),
    ("Connection aborted", "the connection was closed", ""),
    ("RemoteDisconnected", "the connection was closed", ""),
)
_SECRETS = re.compile(
    r"(?i)(token|secret|password|signature|accesskeyid)([\"'=:\s]+)[^\s\"',;&]+|LTAI\w{6,}|\b[a-z0-9]{6}\.[a-z0-9]{16}\b"
)


def translated(product: str, action: str, error: BaseException, source: str = "the credentials") -> CloudError:
    """Our error for any exception that a call of an SDK raises. `source` says where the credentials come from."""
    told = next((one for one in _chain(error) if getattr(one, "status_code", None) or _code(one)), None)
    if told is not None:
        return _answered(product, action, told, source)
    for one in _chain(error):
        name, text = type(one).__name__, str(getattr(one, "message", None) or one)
        if name == "CredentialException":
            return BadCredentials(product, action, f"no credentials: {masked(text, 120)}", f"check {source}")
        for mark, cause, hint in _TRANSPORT:
            if mark in text or mark in name:
                kind = Silent if "in time" in cause else Unreachable
                return kind(product, action, cause, hint)
    if getattr(error, "inner_exception", None) is None:
        return CloudError(product, action, f"unexpected {type(error).__name__}", "please report it")
    return Unreachable(product, action, "the answer is not one of the cloud's", "a proxy or gateway may have answered")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and what it wraps (`inner_exception`), outermost first."""
    for _ in range(8):
        if error is None:
            return
        yield error
        error = getattr(error, "inner_exception", None)


def _code(error: BaseException) -> str:
    code = getattr(error, "code", None)
    return code if isinstance(code, str) and code != "None" else ""


def _answered(product: str, action: str, error: BaseException, source: str) -> CloudError:
    code, status = _code(error), getattr(error, "status_code", None) or 0
    data: Any = getattr(error, "data", None)
    data = data if isinstance(data, dict) else {}
    more: dict[str, Any] = {"code": code, "status": status, "request_id": _text(data, "RequestId", "requestId")}
    for start, cause, hint in _CREDENTIALS:
        if code.startswith(start):
            return BadCredentials(product, action, cause, hint.format(source=source), **more)
    message = masked(_text(data, "Message", "message"))
    wish = getattr(error, "retry_after", None)
    if code.startswith(_THROTTLED) or "Throttling" in code or (isinstance(wish, int | float) and wish):
        seconds = wish / 1000 if isinstance(wish, int | float) and wish > 0 else None
        cause = f"throttled ({code})" if code else "throttled"
        return Throttled(product, action, cause, "the account's other tools count too", retry_after=seconds, **more)
    if code.startswith(_DENIED) or (status == 403 and not code):  # 403 is also a machine in the wrong state
        return _denied(product, action, error, data, message, more)
    said = f"{code}: {message}" if code and message else code or message or f"status {status}"
    if "NotFound" in code or "NotExist" in code:
        return NotFound(product, action, said, **more)
    return (ServerTrouble if status >= 500 else CloudError)(product, action, said, **more)


def _denied(
    product: str, action: str, error: BaseException, data: Mapping[str, Any], message: str, more: dict[str, Any]
) -> Denied:
    detail: Any = getattr(error, "access_denied_detail", None) or data.get("AccessDeniedDetail")
    detail = detail if isinstance(detail, dict) else {}
    permission = _text(detail, "AuthAction") or f"{product}:{action}"
    who = _text(detail, "AuthPrincipalDisplayName")
    explicit = detail.get("NoPermissionType") == "ExplicitDeny"
    cause = f"RAM {'denies' if explicit else 'does not allow'} {permission}{f' for {who}' if who else ''}"
    hint = "take the denial out of the policy" if explicit else f"add {permission} to the policy"
    if more["code"].startswith("ForbiddenCheck"):
        cause, hint = f"not allowed: {message}", "the cluster's RBAC must allow it as well"
    denied = Denied(product, action, cause, hint, **more)
    denied.permission = permission
    return denied


def to_failure(error: CloudError) -> Failure:
    """The error as data."""
    return Failure(
        type(error).__name__, error.product, error.action, error.cause, error.hint, error.code, error.status,
        error.retry_after, error.request_id, error.permission,
    )  # fmt: skip


def of_failure(failure: Failure) -> CloudError:
    """The error that `to_failure` made data of."""
    kinds = (BadCredentials, Denied, NotFound, ServerTrouble, Silent, Throttled, Unreachable, WrongAnswer)
    kind = next((one for one in kinds if one.__name__ == failure.kind), CloudError)
    error = kind(
        failure.product, failure.action, failure.cause, failure.hint, failure.code, failure.status,
        failure.retry_after, failure.request_id,
    )  # fmt: skip
    error.permission = failure.permission
    return error


def _text(data: Mapping[str, Any], *names: str) -> str:
    value = next((data[name] for name in names if data.get(name)), "")
    return one_line(str(value)) if isinstance(value, str | int) else ""


def masked(text: str, limit: int = 200) -> str:
    """Somebody else's text as one short line without keys, tokens and passwords."""
    return one_line(_SECRETS.sub(lambda match: f"{match[1]}{match[2]}…" if match[1] else "…", text), limit)
