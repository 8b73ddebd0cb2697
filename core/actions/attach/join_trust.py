"""What a joining machine will have to trust, as kubeadm's discovery by token checks it: kube-public/cluster-info that
anybody may read, its signature by a bootstrap token, that token's expiry, the CA in it. After
k8s.io/cluster-bootstrap/token/jws and cmd/kubeadm/app/discovery/token (1.35). Nothing here keeps a secret."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.actions.action_plan import Finding, Level
from core.clients.kubernetes import ApiError, NotFound, Reader
from core.clients.kubernetes.anonymous import ask
from core.errors import SourceUnreachable, one_line
from core.kube.timestamps import seconds

CLUSTER_INFO = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
SECRETS = "/api/v1/namespaces/kube-system/secrets"
SIGNED_BY = "jws-kubeconfig-"
SOON = 3600.0
"""Seconds: a token that ends sooner may not last until the machine has joined."""
MOST_TOKENS = 10
ABOUT = "kube-public/cluster-info"
_ID = re.compile(r"[a-z0-9]{6}\Z")


@dataclass(frozen=True, slots=True)
class Token:
    """A bootstrap token. `expires` in Unix seconds, None for one with ttl 0; `signs`: it may be used for signing."""

    id: str
    secret: str = field(default="", repr=False)
    expires: float | None = None
    signs: bool = True


@dataclass(frozen=True, slots=True)
class Trust:
    """What was read. `status` of the anonymous request, 0 for no answer; `signatures` by token id; `tokens` by id, None
    for one that is gone, and the whole None where Secrets may not be read; `ca_told` "" when the CA in it fits the
    server, else why not."""

    status: int
    why: str = ""
    kubeconfig: str = ""
    signatures: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, Token | None] | None = None
    ca_told: str = ""


async def check(reader: Reader, now: float, needed: bool) -> list[Finding]:
    """Findings about the trust that a join will need: refusals where it `needed`s it, else warnings."""
    return list(judge(await read(reader), now, Level.REFUSAL if needed else Level.WARNING))


def judge(trust: Trust, now: float, weight: Level) -> Iterator[Finding]:
    """What is wrong, each with the weight given; a note when all is well."""
    if trust.status != 200:
        said = trust.why or f"the server answers {trust.status}"
        text = f"nobody can read it without credentials ({said}), and a joining machine has none yet"
        yield Finding(weight, "ClusterInfoHidden", ABOUT, text)
        return
    if trust.ca_told:
        yield Finding(weight, "ClusterInfoCA", ABOUT, trust.ca_told)
    if not trust.signatures:
        yield Finding(weight, "ClusterInfoUnsigned", ABOUT, "no bootstrap token signs it: make one that is valid")
    elif trust.tokens is None:
        text = "whether a token signs it can't be checked: Secrets in kube-system may not be read"
        yield Finding(Level.NOTE, "BootstrapTokensUnread", ABOUT, text)
    else:
        yield from _tokens(trust, trust.tokens, now, weight)


def _tokens(trust: Trust, tokens: Mapping[str, Token | None], now: float, weight: Level) -> Iterator[Finding]:
    """One token that signs it and lives is enough; where there is none, what is wrong with each."""
    problems = {
        name: _problem(trust.kubeconfig, text, tokens.get(name), now) for name, text in trust.signatures.items()
    }
    good = [token for name, token in tokens.items() if token is not None and not problems.get(name)]
    if not good:
        yield Finding(weight, "NoValidToken", ABOUT, "none of the tokens that sign it is valid: no join will trust it")
        yield from (Finding(Level.NOTE, "BootstrapToken", name, text) for name, text in problems.items())
        return
    best = max(good, key=lambda token: token.expires or float("inf"))
    if best.expires is not None and best.expires - now < SOON:
        yield Finding(Level.WARNING, "TokenEndsSoon", best.id, f"the last valid one ends at {_moment(best.expires)}")
    else:
        until = "never ends" if best.expires is None else f"is good until {_moment(best.expires)}"
        yield Finding(
            Level.NOTE, "JoinTrust", ABOUT, f"anybody can read it, and token {best.id}, which {until}, signs it"
        )


def _problem(kubeconfig: str, signature: str, token: Token | None, now: float) -> str:
    """Why this token is no good, or ""."""
    if token is None:
        return "it is gone, but its signature is still there"
    if token.expires is not None and token.expires <= now:
        return f"it ended at {_moment(token.expires)}"
    if not token.signs:
        return "it is not meant for signing (usage-bootstrap-signing)"
    return "" if verified(kubeconfig, signature, token) else "its signature does not fit what cluster-info says"


def verified(content: str, signature: str, token: Token) -> bool:
    """Whether a detached JWS (HS256) is that of the content by this token: computed anew and compared, as kubeadm
    does."""
    return bool(token.secret) and hmac.compare_digest(_raw(signature), _raw(signed(content, token)))


def signed(content: str, token: Token) -> str:
    """The detached JWS of a text by a token's secret: header, nothing, signature."""
    header = _url_safe(json.dumps({"alg": "HS256", "kid": token.id}, separators=(",", ":")).encode())
    text = f"{header}.{_url_safe(_raw(content))}".encode()
    return f"{header}..{_url_safe(hmac.new(_raw(token.secret), text, hashlib.sha256).digest())}"


def _raw(text: str) -> bytes:
    """JSON may hold halves of characters."""
    return text.encode("utf-8", "surrogatepass")


def _url_safe(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def read(reader: Reader) -> Trust:
    """What a joining machine would see, and with the reader's own rights the tokens behind it."""
    server = reader.place.server
    try:
        answer = await ask(server, CLUSTER_INFO)
    except SourceUnreachable as error:
        return Trust(0, one_line(str(error), 160))
    if answer.status != 200:
        return Trust(answer.status)
    data = _json(answer.body).get("data")
    data = data if isinstance(data, dict) else {}
    if not isinstance(kubeconfig := data.get("kubeconfig"), str):
        return Trust(0, "it holds no kubeconfig")
    found = {key.removeprefix(SIGNED_BY): text for key, text in data.items() if key.startswith(SIGNED_BY)}
    known = {key: text for key, text in sorted(found.items()) if _ID.match(key) and isinstance(text, str)}
    signatures = dict(list(known.items())[:MOST_TOKENS])
    told = await _ca(server, kubeconfig)
    return Trust(200, "", kubeconfig, signatures, await _read_tokens(reader, signatures), told)


async def _ca(server: str, kubeconfig: str) -> str:
    """What is wrong with the CA of a kubeconfig, tried on the server itself, or ""."""
    ca = ca_of(kubeconfig)
    if not ca:
        return "it names no CA: a joining machine can't tell the server from another"
    try:
        await ask(server, CLUSTER_INFO, ca)
    except SourceUnreachable as error:
        return f"the CA in it is not that of the server: {one_line(str(error), 120)}"
    return ""


def ca_of(kubeconfig: str) -> str:
    """The CA of the first cluster in a kubeconfig (YAML or JSON) as PEM, "" where there is none that can be read."""
    try:
        data = _cluster(kubeconfig).get("certificate-authority-data")
        pem = base64.b64decode(data, validate=True).decode("ascii") if isinstance(data, str) else ""
    except (ValueError, binascii.Error):
        return ""
    return pem if "BEGIN CERTIFICATE" in pem else ""


def server_of(kubeconfig: str) -> str:
    """The address of the same cluster's API server, "" where there is none."""
    found = _cluster(kubeconfig).get("server")
    return found if isinstance(found, str) else ""


def _cluster(kubeconfig: str) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(kubeconfig)["clusters"][0]["cluster"]
    except (yaml.YAMLError, RecursionError, LookupError, TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


async def _read_tokens(reader: Reader, names: Mapping[str, str]) -> dict[str, Token | None] | None:
    found: dict[str, Token | None] = {}
    for name in names:
        try:
            found[name] = token_of(name, _json(await reader.get(f"{SECRETS}/bootstrap-token-{name}")))
        except NotFound:
            found[name] = None
        except (ApiError, SourceUnreachable):
            return None
    return found


def token_of(name: str, secret: Mapping[str, Any]) -> Token:
    """A Secret of type bootstrap.kubernetes.io/token, as kubeadm and the controllers read it."""
    data = secret.get("data")
    texts = {key: _decoded(value) for key, value in data.items()} if isinstance(data, dict) else {}
    ended = texts.get("expiration", "")
    expires = seconds(ended) if ended else None
    if ended and expires is None:  # nobody would accept it: as good as over
        expires = 0
    signs = texts.get("usage-bootstrap-signing") == "true" and texts.get("token-id", name) == name
    return Token(name, texts.get("token-secret", ""), expires, signs)


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (TypeError, ValueError, binascii.Error):
        return ""


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%MZ", time.gmtime(at))
