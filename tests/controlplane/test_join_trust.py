"""The trust of a join, as the real API server shows it to nobody and the real bootstrapsigner signs it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.actions.action_plan import Level
from core.actions.attach import join_trust
from core.actions.attach.join_trust import Token, Trust, verified
from core.clients.kubernetes import Target, connect
from tests.controlplane.cluster import Cluster
from tests.controlplane.kinds import Json
from tests.controlplane.processes import wait_until

NOW = 1_800_000_000.0
ID, SECRET = "abcdef", "0123456789abcdef"
INFO = "/api/v1/namespaces/kube-public/configmaps"
SECRETS = "/api/v1/namespaces/kube-system/secrets"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-public"
NAME = "kubeadm:bootstrap-signer-clusterinfo"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def token(expiration: str = "") -> Json:
    data = {"token-id": ID, "token-secret": SECRET, "usage-bootstrap-signing": "true"}
    data |= {"expiration": expiration} if expiration else {}
    meta = {"name": f"bootstrap-token-{ID}", "namespace": "kube-system"}
    return {"metadata": meta, "type": "bootstrap.kubernetes.io/token", "data": {k: encoded(v) for k, v in data.items()}}


def cluster_info(cluster: Cluster, authority: Path) -> Json:
    """As kubeadm writes it: YAML, and no signature yet."""
    ca = encoded(authority.read_text())
    entry = f"clusters:\n- cluster:\n    certificate-authority-data: {ca}\n    server: {cluster.server}\n  name: ''\n"
    config = f"apiVersion: v1\n{entry}contexts: null\nkind: Config\nusers: null\n"
    return {"metadata": {"name": "cluster-info", "namespace": "kube-public"}, "data": {"kubeconfig": config}}


def binding() -> Json:
    group = "rbac.authorization.k8s.io"
    anybody = {"apiGroup": group, "kind": "User", "name": "system:anonymous"}
    return {
        "metadata": {"name": NAME},
        "subjects": [anybody],
        "roleRef": {"apiGroup": group, "kind": "Role", "name": NAME},
    }


@pytest.fixture
def joinable(cluster: Cluster) -> Iterator[Cluster]:
    """With a token, and a cluster-info that it signs and anybody may read; without them afterwards."""
    api = cluster.api()
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["cluster-info"], "verbs": ["get"]}]
    made: list[tuple[str, Json]] = [
        (SECRETS, token()),
        (INFO, cluster_info(cluster, cluster.layout.authority)),
        (f"{RBAC}/roles", {"metadata": {"name": NAME}, "rules": rules}),
        (f"{RBAC}/rolebindings", binding()),
    ]
    for path, thing in made:
        api.request("POST", path, thing)
    wait_until(lambda: ID in read(cluster).signatures, 30, "a signed cluster-info for everybody")
    yield cluster
    for path, thing in made:
        api.request("DELETE", f"{path}/{thing['metadata']['name']}")


def read(cluster: Cluster) -> Trust:
    async def ask() -> Trust:
        clients = await connect(Target(str(cluster.kubeconfig), "admin"))
        try:
            return await join_trust.read(clients.reader)
        finally:
            await clients.close()

    return asyncio.run(ask())


def codes(trust: Trust) -> set[str]:
    return {one.code for one in join_trust.judge(trust, NOW, Level.REFUSAL)}


def test_the_real_signature_verifies(joinable: Cluster) -> None:
    trust = read(joinable)
    assert codes(trust) == {"JoinTrust"}, list(join_trust.judge(trust, NOW, Level.REFUSAL))
    signature = trust.signatures[ID]
    assert verified(trust.kubeconfig, signature, Token(ID, SECRET))
    assert not verified(trust.kubeconfig, signature, Token(ID, SECRET[::-1]))


def test_a_token_that_ends(joinable: Cluster) -> None:
    """Read only: the signer takes the signature of a token away whose time is over."""
    change = {"data": {"expiration": encoded("2027-01-15T08:10:00Z")}}
    joinable.api().request("PATCH", f"{SECRETS}/bootstrap-token-{ID}", change, "application/merge-patch+json")
    assert codes(read(joinable)) == {"TokenEndsSoon"}


def test_nobody_may_read_it(joinable: Cluster) -> None:
    api = joinable.api()
    api.request("DELETE", f"{RBAC}/rolebindings/{NAME}")
    try:
        wait_until(lambda: codes(read(joinable)) == {"ClusterInfoHidden"}, 10, "the refusal")
    finally:
        api.request("POST", f"{RBAC}/rolebindings", binding())


def test_no_token_signs_it(joinable: Cluster) -> None:
    api = joinable.api()
    api.request("DELETE", f"{SECRETS}/bootstrap-token-{ID}")
    try:
        wait_until(lambda: codes(read(joinable)) == {"ClusterInfoUnsigned"}, 30, "no signature")
    finally:
        api.request("POST", SECRETS, token())
