"""The join script against the real API server: its conflicts, its RBAC on one named object, its bootstrapsigner."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from core.actions.attach.join_trust import Token, verified
from tests.controlplane import identities as who
from tests.controlplane.armed import Armed
from tests.controlplane.cluster import Cluster
from tests.controlplane.objects import Pool
from tests.controlplane.processes import wait_until
from tests.controlplane.test_join_trust import joinable, read
from tests.controlplane.world import World
from tests.unit.join_script.scripts import GOOD

__all__ = ["joinable"]

MAPS = "/api/v1/namespaces/kube-system/configmaps"
SECRETS = "/api/v1/namespaces/kube-system/secrets"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
POLICIES = Path(__file__).parents[2] / "deploy" / "rbac"


@pytest.fixture
def registered(cluster: Cluster, world: World) -> Iterator[World]:
    """A cluster that ACK One's agent would be in, and an identity that may only read it."""
    world.pool(Pool("racks", 1))
    api = cluster.api()
    api.request(
        "POST", MAPS, {"metadata": {"name": "ack-agent-config"}, "data": {"addNodeScriptPath": "", "other": "x"}}
    )
    applied = list(allow(cluster, "read-only"))
    yield world
    api.request("DELETE", f"{MAPS}/ack-agent-config")
    for path in applied:
        api.request("DELETE", path)


def allow(cluster: Cluster, policy: str) -> Iterator[str]:
    """Apply a policy of deploy/rbac for NOBODY; what was made, to be taken away again."""
    subject = {"kind": "User", "name": who.NOBODY, "apiGroup": "rbac.authorization.k8s.io"}
    for role in yaml.safe_load_all((POLICIES / f"{policy}.yaml").read_text()):
        kind, meta = role["kind"], role["metadata"]
        base = f"{RBAC}/namespaces/{meta['namespace']}" if "namespace" in meta else RBAC
        reference = {"kind": kind, "name": meta["name"], "apiGroup": "rbac.authorization.k8s.io"}
        binding = {"metadata": {"name": meta["name"]}, "roleRef": reference, "subjects": [subject]}
        for plural, thing in ((f"{kind.lower()}s", role), (f"{kind.lower()}bindings", binding)):
            cluster.api().request("POST", f"{base}/{plural}", thing)
            yield f"{base}/{plural}/{meta['name']}"


@pytest.fixture
def served() -> Iterator[str]:
    """The address of a good script."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(GOOD.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/join.sh"
    server.shutdown()
    server.server_close()


def test_set_with_nothing_but_its_policy(cluster: Cluster, registered: World, served: str, tmp_path: Path) -> None:
    armed = Armed(cluster, tmp_path, who.NOBODY)
    refused = armed.run("join-script", "set", "--write", "--yes", served)
    assert refused.returncode == 4, refused.stderr
    assert "may not patch configmaps ack-agent-config in kube-system" in refused.stderr
    made = list(allow(cluster, "join-script"))
    try:
        done = armed.run("join-script", "set", "--write", "--yes", served)
        assert done.returncode == 0, done.stderr
        found = cluster.api().request("GET", f"{MAPS}/ack-agent-config")
        assert found["data"] == {"addNodeScriptPath": served, "other": "x"}
        assert armed.run("join-script").stdout.splitlines()[0] == served
        assert armed.journal()[-1]["outcome"] == "done"
    finally:
        for path in made:
            cluster.api().request("DELETE", path)


def test_a_token_that_the_real_signer_takes(joinable: Cluster, registered: World, tmp_path: Path) -> None:
    """What kubeadm's discovery would check: the signature of cluster-info by the token in the file; and it lasts."""
    file = tmp_path / "join.sh"
    armed = Armed(joinable, tmp_path)
    done = armed.run("join-script", "generate", "--write", "--yes", "-O", str(file))
    assert done.returncode == 0, done.stderr
    name, _, secret = next(line for line in file.read_text().splitlines() if "JOIN_TOKEN=" in line)[12:-1].partition(
        "."
    )
    try:
        wait_until(lambda: name in read(joinable).signatures, 30, "the signature by the new token")
        trust = read(joinable)
        assert verified(trust.kubeconfig, trust.signatures[name], Token(name, secret))
        assert (trust.tokens or {})[name] == Token(name, secret, None)
        assert secret not in json.dumps(armed.journal())
        assert secret not in done.stdout + done.stderr
        linted = armed.run("join-script", "lint", "--tokens", "--exit-code", str(file))
        assert linted.returncode == 0, linted.stdout
        assert "does not expire" in linted.stdout
        assert 'KUBE_VERSION="1.35.2"' in file.read_text()
    finally:
        joinable.api().request("DELETE", f"{SECRETS}/bootstrap-token-{name}")
