"""Checks that a request was signed with a known secret: ACS3-HMAC-SHA256 (headers) and RPC signature v1 (query)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from sim.cloud.errors import CloudError

ALGORITHM = "ACS3-HMAC-SHA256"
_AUTHORIZATION = re.compile(rf"{ALGORITHM} Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]+)\Z")
SKEW = 15 * 60
"""Seconds by which the caller's clock may differ; a nonce is remembered as long."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The parts of an HTTP request that a signature covers, decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]
    """Lower-case names; values joined with a comma where a header came twice."""
    payload: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a request says it is, when it was signed, and its nonce."""

    access_key: str
    moment: str
    nonce: str
    security_token: str


def claim(request: SignedRequest) -> Claim:
    """Read the claim of either signature form; CloudError when there is none."""
    headers, query = request.headers, request.query
    if "authorization" in headers:
        token = headers.get("x-acs-security-token", "")
        return Claim(_acs3(request)[0], headers.get("x-acs-date", ""), headers.get("x-acs-signature-nonce", ""), token)
    if "Signature" in query:
        token = query.get("SecurityToken", "")
        return Claim(query.get("AccessKeyId", ""), query.get("Timestamp", ""), query.get("SignatureNonce", ""), token)
    raise CloudError("MissingAccessKeyId", "The parameter AccessKeyId that is mandatory is not supplied.")


def verify(request: SignedRequest, secret: str) -> None:
    """CloudError SignatureDoesNotMatch unless the request was signed with `secret` and its body is the signed one."""
    if "authorization" in request.headers:
        _verify_acs3(request, secret)
    else:
        _verify_v1(request, secret)


@dataclass(slots=True)
class Nonces:
    """Nonces seen lately, and the clock check that lets old ones be forgotten. Real time: callers sign with theirs."""

    seen: dict[str, float] = field(default_factory=dict)

    def check(self, made: Claim, now: float) -> None:
        """CloudError for a request from another time or one that was sent before."""
        if abs(_moment(made.moment) - now) > SKEW:
            raise CloudError("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        if not made.nonce:
            raise CloudError("MissingSignatureNonce", "The parameter SignatureNonce is not supplied.")
        if self.seen.get(made.nonce, 0.0) > now:
            raise CloudError("SignatureNonceUsed", "Specified signature nonce was used already.")
        self._forget(now)
        self.seen[made.nonce] = now + 2 * SKEW

    def _forget(self, now: float) -> None:
        """Nonces came in order of time, so the old ones stand in front."""
        while self.seen and next(iter(self.seen.values())) <= now:
            del self.seen[next(iter(self.seen))]


def _moment(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise CloudError(
            "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."
        ) from None


def _acs3(request: SignedRequest) -> tuple[str, list[str], str]:
    match = _AUTHORIZATION.match(request.headers["authorization"])
    if match is None:
        raise CloudError("IncompleteSignature", "The request signature does not conform to ACS3 standards.")
    return match[1], match[2].split(";"), match[3]


def _verify_acs3(request: SignedRequest, secret: str) -> None:
    _, signed, signature = _acs3(request)
    digest = hashlib.sha256(request.payload).hexdigest()
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in signed)
    canonical = "\n".join((request.method, request.path, _canonical(request.query), headers, ";".join(signed), digest))
    text = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    if not hmac.compare_digest(hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest(), signature):
        raise _mismatch("server string to sign: " + text.replace("\n", "|"))


def _verify_v1(request: SignedRequest, secret: str) -> None:
    params = {**request.query, **request.form}
    signature = params.pop("Signature")
    text = f"{request.method}&%2F&{_encode(_canonical(params))}"
    digest = hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()
    if not hmac.compare_digest(base64.b64encode(digest).decode(), signature):
        raise _mismatch("server string to sign: " + text[:60])


def _canonical(params: Mapping[str, str]) -> str:
    return "&".join(f"{_encode(name)}={_encode(params[name])}" for name in sorted(params))


def _encode(text: str) -> str:
    return quote(text, safe="~")


def _mismatch(why: str) -> CloudError:
    return CloudError("SignatureDoesNotMatch", f"Specified signature is not matched with our calculation. {why}")
