"""The trust of a join: signatures against vectors that OpenSSL and upstream's own test made, and what is said of
tokens that ended, are gone or lie."""

import base64
from typing import Any

import pytest

from core.actions.action_plan import Level
from core.actions.attach.join_trust import Token, Trust, ca_of, judge, token_of, verified

CONTENT = "Hello from the other side. I must have called a thousand times."
VECTORS = (
    # k8s.io/cluster-bootstrap/token/jws/jws_test.go
    ("joshua", "my voice is my passcode", CONTENT,
     "eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8"),
    # printf '%s.%s' HEADER PAYLOAD | openssl dgst -sha256 -hmac 0123456789abcdef -binary | basenc --base64url
    ("abcdef", "0123456789abcdef", "apiVersion: v1\nkind: Config\n",
     "eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..vH_kT4yiol-nrAWgjfCYqvum5wsKETXe0S7OOp1VgnE"),
)  # fmt: skip
NOW = 1_800_000_000.0


@pytest.mark.parametrize(("name", "secret", "content", "signature"), VECTORS)
def test_known_signatures(name: str, secret: str, content: str, signature: str) -> None:
    token = Token(name, secret)
    assert verified(content, signature, token)
    assert not verified(content + " ", signature, token)
    assert not verified(content, signature, Token(name, secret + "0"))
    assert not verified(content, signature, Token("nobody", secret))
    assert not verified(content, signature.replace("..", "."), token)
    assert not verified(content, "", token)
    assert not verified(content, "\ud800..", token)


def test_a_token_without_a_secret_signs_nothing() -> None:
    assert not verified("x", "eyJ..", Token("abcdef"))


def codes(trust: Trust, weight: Level = Level.REFUSAL) -> dict[str, Level]:
    return {finding.code: finding.level for finding in judge(trust, NOW, weight)}


def trust(*tokens: Token | None, **more: Any) -> Trust:
    """Signed by the token of the first vector; `tokens` are what is found under its id, and under others."""
    name, _, content, signature = VECTORS[0]
    found = {(token.id if token else name): token for token in tokens}
    return Trust(200, "", content, dict.fromkeys(found, signature), found, **more)


GOOD = Token("joshua", "my voice is my passcode")


def test_a_signed_cluster_info_is_a_note() -> None:
    assert codes(trust(GOOD)) == {"JoinTrust": Level.NOTE}
    text = next(judge(trust(GOOD), NOW, Level.REFUSAL)).text
    assert "never ends" in text


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (trust(Token("joshua", GOOD.secret, NOW - 1)), {"BootstrapToken": Level.NOTE, "NoValidToken": Level.REFUSAL}),
        (trust(Token("joshua", GOOD.secret, NOW + 60)), {"TokenEndsSoon": Level.WARNING}),
        (trust(Token("joshua", GOOD.secret, NOW + 90_000)), {"JoinTrust": Level.NOTE}),
        (
            trust(Token("joshua", GOOD.secret, signs=False)),
            {"BootstrapToken": Level.NOTE, "NoValidToken": Level.REFUSAL},
        ),
        (trust(Token("joshua", "else")), {"BootstrapToken": Level.NOTE, "NoValidToken": Level.REFUSAL}),
        (trust(None), {"BootstrapToken": Level.NOTE, "NoValidToken": Level.REFUSAL}),
        (trust(GOOD, ca_told="no CA"), {"ClusterInfoCA": Level.REFUSAL, "JoinTrust": Level.NOTE}),
        (Trust(403), {"ClusterInfoHidden": Level.REFUSAL}),
        (Trust(0, "no answer"), {"ClusterInfoHidden": Level.REFUSAL}),
        (Trust(200, "", "x"), {"ClusterInfoUnsigned": Level.REFUSAL}),
        (Trust(200, "", "x", {"joshua": "y"}, None), {"BootstrapTokensUnread": Level.NOTE}),
    ],
)
def test_what_is_wrong(found: Trust, expected: dict[str, Level]) -> None:
    assert codes(found) == expected


def test_where_it_is_not_needed_it_only_warns() -> None:
    assert codes(Trust(403), Level.WARNING) == {"ClusterInfoHidden": Level.WARNING}


def secret(**texts: str) -> dict[str, Any]:
    return {"data": {key.replace("_", "-"): base64.b64encode(text.encode()).decode() for key, text in texts.items()}}


def test_a_token_is_read_from_its_secret() -> None:
    found = secret(
        token_id="abcdef", token_secret="s", usage_bootstrap_signing="true", expiration="2027-01-15T08:00:00Z"
    )
    assert token_of("abcdef", found) == Token("abcdef", "s", 1_800_000_000)
    assert token_of("abcdef", secret(token_secret="s", usage_bootstrap_signing="true")).expires is None
    assert token_of("abcdef", secret(expiration="soon")).expires == 0
    assert not token_of("abcdef", secret(token_id="fedcba", usage_bootstrap_signing="true")).signs
    assert not token_of("abcdef", secret(token_id="abcdef")).signs
    assert "hush" not in repr(Token("abcdef", "hush"))


@pytest.mark.parametrize("data", [None, [], {"token-secret": 3}, {"token-secret": "%%"}, {"expiration": "/w=="}])
def test_a_hostile_secret_is_no_token(data: object) -> None:
    assert not token_of("abcdef", {"data": data}).secret


PEM = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("text", "pem"),
    [
        (f"clusters: [{{cluster: {{certificate-authority-data: {base64.b64encode(PEM.encode()).decode()}}}}}]", PEM),
        ("clusters: [{cluster: {certificate-authority-data: aGVsbG8=}}]", ""),
        ("clusters: []", ""),
        ("clusters: [{cluster: {certificate-authority-data: [1]}}]", ""),
        ("{{{", ""),
        ("&a [*a]", ""),
        ("", ""),
    ],
)
def test_the_ca_of_a_kubeconfig(text: str, pem: str) -> None:
    assert ca_of(text) == pem
