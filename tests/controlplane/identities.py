"""Who may talk to the control plane and what each may do: RBAC objects, kubeconfig contexts, tokens that expire.

How certificates and tokens are made is `pki.py`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.api import Api
from tests.controlplane.components import Layout
from tests.controlplane.kinds import Json
from tests.controlplane.pki import Authority, Pair, sign_token

ADMIN = "admin"
"""Everything (client certificate, system:masters)."""
ON_CALL = "on-call"
"""get, list and watch on every resource of every group, nothing else (client certificate)."""
NAMESPACED = "namespaced"
"""get, list and watch within `TEAM_NAMESPACE` only: no nodes, no other namespace (client certificate)."""
EXPIRING = "expiring"
"""As on-call, by a fixed token that ends soon after the start (see `Cluster.expiring_kubeconfig` for a fresh one)."""
REFRESHING = "refreshing"
"""As on-call, by an exec plugin whose tokens are short-lived and renewed."""
NOBODY = "nobody"
"""A valid client certificate without any permission."""
CONTEXTS = (ADMIN, ON_CALL, NAMESPACED, EXPIRING, REFRESHING, NOBODY)

TEAM_NAMESPACE = "team-a"
ACCOUNT_NAMESPACE, ACCOUNT = "kube-system", "on-call-robot"
READ = ["get", "list", "watch"]
_RBAC_GROUP = "rbac.authorization.k8s.io"
_RBAC = f"{_RBAC_GROUP}/v1"
READER = "vacancy-reader"


@dataclass(frozen=True)
class Account:
    """The service account behind `EXPIRING` and `REFRESHING`."""

    uid: str
    key: Path

    def token(self, seconds: float) -> str:
        """A token that ends after `seconds` (the server's cache may add up to 10 s)."""
        return sign_token(self.key, ACCOUNT_NAMESPACE, ACCOUNT, self.uid, seconds)


def grant(api: Api, layout: Layout) -> Account:
    """Create namespace, roles, bindings and the service account."""
    for thing in _objects():
        api.ensure(thing)
    uid = str(api.get("ServiceAccount", ACCOUNT, ACCOUNT_NAMESPACE)["metadata"]["uid"])
    return Account(uid, layout.service_accounts.key)


def _objects() -> list[Json]:
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": READ}
    robot = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": ACCOUNT_NAMESPACE}
    here = {"namespace": TEAM_NAMESPACE}
    reader: Json = {"apiVersion": _RBAC, "metadata": {"name": READER}, "rules": [everything]}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM_NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": ACCOUNT, "namespace": ACCOUNT_NAMESPACE},
        },
        {**reader, "kind": "ClusterRole"},
        {**reader, "kind": "Role", "metadata": {"name": READER, **here}},
        _binding("ClusterRole", {"name": READER}, [_user(ON_CALL), robot]),
        _binding("Role", {"name": READER, **here}, [_user(NAMESPACED)]),
    ]


def _binding(kind: str, metadata: Json, subjects: list[Json]) -> Json:
    reference = {"apiGroup": _RBAC_GROUP, "kind": kind, "name": READER}
    return {
        "apiVersion": _RBAC,
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": reference,
        "subjects": subjects,
    }


def _user(name: str) -> Json:
    return {"kind": "User", "name": name, "apiGroup": _RBAC_GROUP}


def certificates(authority: Authority) -> dict[str, Pair]:
    """Context -> client certificate, for the contexts that use one."""
    pairs = {name: authority.issue(name, name) for name in (ON_CALL, NAMESPACED, NOBODY)}
    return {**pairs, ADMIN: authority.issue(ADMIN, ADMIN, ("system:masters",))}


def certificate_user(pair: Pair) -> Json:
    return {"client-certificate": str(pair.certificate), "client-key": str(pair.key)}


def exec_user(folder: Path, account: Account, seconds: float) -> Json:
    """A kubeconfig user whose tokens come from `exec_token.py` and live `seconds`; each call adds a line to a log."""
    settings = folder / "exec-token.json"
    settings.write_text(json.dumps({"uid": account.uid, "key": str(account.key), "seconds": seconds}))
    root = Path(__file__).parents[2]
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-m", "tests.controlplane.exec_token", str(settings)],
        "env": [{"name": "PYTHONPATH", "value": str(root)}],
        "interactiveMode": "Never",
    }
    return {"exec": plugin}


def write_kubeconfig(path: Path, server: str, authority: Path, users: dict[str, Json], current: str) -> Path:
    """A kubeconfig with one context per user, named like the user; readable by its owner only."""
    contexts = [{"name": name, "context": _context(name)} for name in users]
    config: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "controlplane", "cluster": {"server": server, "certificate-authority": str(authority)}}],
        "users": [{"name": name, "user": user} for name, user in users.items()],
        "contexts": contexts,
        "current-context": current,
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


def _context(name: str) -> Json:
    context = {"cluster": "controlplane", "user": name}
    return {**context, "namespace": TEAM_NAMESPACE} if name == NAMESPACED else context
