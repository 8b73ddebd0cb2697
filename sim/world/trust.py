"""What a joining machine trusts: bootstrap tokens as Secrets and a signed cluster-info, as kubeadm makes them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sim.clock import rfc3339
from sim.kube.registry import Registry

Obj = dict[str, Any]

INFO, PUBLIC = "cluster-info", "kube-public"


@dataclass(frozen=True, slots=True)
class BootstrapToken:
    """`id.secret`; `expires` in Unix seconds, None for a token with ttl 0."""

    text: str
    expires: float | None = None

    @property
    def id(self) -> str:
        return self.text.partition(".")[0]

    @property
    def secret(self) -> str:
        return self.text.partition(".")[2]


def publish(registry: Registry, url: str, ca_pem: str, tokens: Sequence[BootstrapToken]) -> None:
    """Store the tokens, and a kubeconfig that anybody may read and every token's holder can verify."""
    for token in tokens:
        registry.create("Secret", _secret(token))
    config = _kubeconfig(url, ca_pem)
    signatures = {f"jws-kubeconfig-{token.id}": signature(config, token) for token in tokens}
    data = {"kubeconfig": config, **signatures}
    registry.create("ConfigMap", {"metadata": {"name": INFO, "namespace": PUBLIC}, "data": data})
    _open_to_all(registry)


def signature(content: str, token: BootstrapToken) -> str:
    """The detached JWS (HS256) of a text by a token's secret: k8s.io/cluster-bootstrap/token/jws."""
    header = _base64({"alg": "HS256", "kid": token.id})
    signed = f"{header}.{_url_safe(content.encode())}".encode()
    return f"{header}..{_url_safe(hmac.new(token.secret.encode(), signed, hashlib.sha256).digest())}"


def _base64(value: Obj) -> str:
    return _url_safe(json.dumps(value, separators=(",", ":")).encode())


def _url_safe(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _secret(token: BootstrapToken) -> Obj:
    data = {
        "token-id": token.id,
        "token-secret": token.secret,
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
        "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    }
    if token.expires is not None:
        data["expiration"] = rfc3339(datetime.fromtimestamp(token.expires, UTC))
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    meta = {"name": f"bootstrap-token-{token.id}", "namespace": "kube-system"}
    return {"metadata": meta, "type": "bootstrap.kubernetes.io/token", "data": encoded}


def _kubeconfig(url: str, ca_pem: str) -> str:
    """JSON, which is YAML too."""
    cluster = {"server": url, "certificate-authority-data": base64.b64encode(ca_pem.encode()).decode()}
    head: Obj = {"apiVersion": "v1", "kind": "Config", "preferences": {}, "users": None, "contexts": None}
    return json.dumps({**head, "clusters": [{"name": "", "cluster": cluster}], "current-context": ""})


def _open_to_all(registry: Registry) -> None:
    name = "kubeadm:bootstrap-signer-clusterinfo"
    meta = {"name": name, "namespace": PUBLIC}
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [INFO], "verbs": ["get"]}]
    registry.create("Role", {"metadata": meta, "rules": rules})
    group = "rbac.authorization.k8s.io"
    anybody = {"apiGroup": group, "kind": "User", "name": "system:anonymous"}
    role = {"apiGroup": group, "kind": "Role", "name": name}
    registry.create("RoleBinding", {"metadata": meta, "subjects": [anybody], "roleRef": role})
