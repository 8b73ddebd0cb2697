"""Whatever an SDK raises becomes one clear line, without its own text, which repeats answers and keys."""

from typing import Any

import pytest

from core.clients.alibaba import errors
from core.clients.alibaba.errors import (
    BadCredentials,
    CloudError,
    Denied,
    NotFound,
    Silent,
    Throttled,
    Unreachable,
    translated,
)


class Raised(Exception):
    """Stands for the SDKs' exceptions, which only share these fields."""

    def __init__(self, code: str = "", status: int = 400, message: str = "m", **more: Any) -> None:
        super().__init__("raw text with LTAI5tKeyInIt")
        self.code, self.status_code = code, status
        self.data = {"Code": code, "Message": message, "RequestId": "R-1", **more.pop("data", {})}
        for name, value in more.items():
            setattr(self, name, value)


class Wrapped(Exception):
    """As UnretryableException."""

    def __init__(self, inner: BaseException) -> None:
        super().__init__("raw")
        self.code, self.inner_exception = None, inner


def of(error: BaseException) -> CloudError:
    found = translated("ess", "DescribeScalingGroups", error, "profile 'ops'")
    assert "\n" not in str(found)
    assert "LTAI5tKeyInIt" not in str(found)
    return found


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("SignatureDoesNotMatch", "the access key's secret is wrong; correct the secret of profile 'ops'"),
        ("InvalidAccessKeyId.NotFound", "there is no such access key"),
        ("InvalidAccessKeyId.Inactive", "there is no such access key"),
        ("InvalidSecurityToken.Expired", "the security token has expired; renew the token of profile 'ops'"),
        ("InvalidTimeStamp.Expired", "this machine's clock is wrong"),
        ("InvalidCredentials", "no credentials"),
    ],
)
def test_credentials(code: str, words: str) -> None:
    found = of(Raised(code, message="string to sign with LTAI5tKeyInIt"))
    assert isinstance(found, BadCredentials)
    assert words in str(found)
    assert found.exit_code == 3


def test_denied_names_the_permission_and_who() -> None:
    detail = {"AuthAction": "ess:DescribeScalingGroups", "AuthPrincipalDisplayName": "oncall"}
    found = of(Raised("Forbidden.RAM", 403, access_denied_detail=detail))
    assert isinstance(found, Denied)
    assert found.cause == "RAM does not allow ess:DescribeScalingGroups for oncall"
    assert "add ess:DescribeScalingGroups to the policy" in str(found)
    explicit = of(Raised("NoPermission", 403, access_denied_detail={**detail, "NoPermissionType": "ExplicitDeny"}))
    assert "RAM denies" in str(explicit)


def test_a_machine_in_the_wrong_state_is_no_denial() -> None:
    found = of(Raised("IncorrectInstanceStatus", 403, "stop it first"))
    assert type(found) is CloudError
    assert "IncorrectInstanceStatus: stop it first" in str(found)


def test_throttling_with_and_without_a_time() -> None:
    told = of(Raised("Throttling.User", retry_after=1500))
    assert (type(told), told.retry_after) == (Throttled, 1.5)
    for code in ("Throttling", "Throttling.Api", "Rejected.Throttling", "ServiceUnavailable"):
        found = of(Raised(code, 503))
        assert (type(found), found.retry_after) == (Throttled, None)


@pytest.mark.parametrize(
    ("inner", "kind", "words"),
    [
        (RuntimeError("Response is not a valid JSON"), Unreachable, "the answer is not one of the cloud's"),
        (OSError("Read timed out. (read timeout=10)"), Silent, "no answer in time"),
        (OSError("[Errno 111] Connection refused"), Unreachable, "connection refused"),
        (
            OSError("Connection aborted.', ConnectionResetError(104, 'Connection reset by peer')"),
            Unreachable,
            "was reset",
        ),
        (OSError("IncompleteRead(10 bytes read)"), Unreachable, "the answer broke off"),
        (OSError("NameResolutionError: Failed to resolve"), Unreachable, "does not resolve"),
        (OSError("Cannot connect to proxy. ProxyError"), Unreachable, "the proxy does not answer"),
        (OSError("SSLError(CERTIFICATE_VERIFY_FAILED)"), Unreachable, "certificate is not trusted"),
    ],
)
def test_no_usable_answer(inner: Exception, kind: type[CloudError], words: str) -> None:
    found = of(Wrapped(inner))
    assert type(found) is kind
    assert words in str(found)
    assert found.outcome_unknown


def test_only_what_may_have_happened_is_uncertain() -> None:
    assert of(Raised("InternalError", 500)).outcome_unknown
    assert not of(Raised("IncorrectCapacity.NoChange")).outcome_unknown
    assert not of(Raised("Throttling.User")).outcome_unknown


def test_not_found_and_our_own_mistakes() -> None:
    assert isinstance(of(Raised("InvalidScalingGroupId.NotFound", 404)), NotFound)
    assert "unexpected KeyError; please report it" in str(of(KeyError("LTAI5tKeyInIt")))


def test_hostile_text_is_one_short_masked_line() -> None:
    text = "bad\x1b[31m\nthing token=abc123 AccessKeyId: LTAI5tKeyInIt " + "x" * 5000
    found = of(Raised("Odd", message=text))
    assert len(str(found)) < 400
    assert "abc123" not in str(found)
    assert "\x1b" not in str(found)


@pytest.mark.parametrize("data", [None, [], {"Message": None}, {"Message": {"a": 1}}, {"AccessDeniedDetail": "x"}])
def test_odd_bodies(data: Any) -> None:
    error = Raised("Forbidden.RAM", 403)
    error.data = data
    assert isinstance(of(error), Denied)
    assert errors.masked("") == ""
