"""What runs: the command line of each program of the control plane, from one frozen layout of paths and ports.

Starting, stopping and waiting is `cluster.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.build import kwok_manifests, program
from tests.controlplane.pki import ISSUER, Pair

STAY = "vacancy.test/stay"
"""Annotation that holds an object where it is; see `STAYS`."""
STAYS = {
    "pod-ready": "pending",
    "pod-complete": "running",
    "pod-delete": "terminating",
    "node-initialize": "not-ready",
    "node-heartbeat-with-lease": "not-ready",
}
"""kwok stage -> value of the annotation that keeps kwok from playing it."""

SYSTEM_MILLICORES, SYSTEM_MEBIBYTES = 50, 512
"""What every node uses beside its pods."""
_SYSTEM_USAGE = {
    "node_cpu_usage_seconds_total": f" + {SYSTEM_MILLICORES / 1000} * node.SinceSecond()",
    "node_memory_working_set_bytes": f" + {SYSTEM_MEBIBYTES << 20}.0",
}


@dataclass(frozen=True)
class Ports:
    etcd: int
    etcd_peer: int
    apiserver: int
    controller_manager: int
    scheduler: int
    kwok: int
    metrics_server: int


@dataclass(frozen=True)
class Layout:
    """Where everything is; all paths below `folder`."""

    folder: Path
    ports: Ports
    authority: Path
    front_proxy_authority: Path
    server: Pair
    admin: Pair
    front_proxy: Pair
    service_accounts: Pair
    kubeconfig: Path
    """An administrator's, for the programs themselves."""

    @property
    def serving(self) -> list[str]:
        return [f"--tls-cert-file={self.server.certificate}", f"--tls-private-key-file={self.server.key}"]


def commands(layout: Layout) -> dict[str, list[str]]:
    """Program name -> argument list, in starting order."""
    arguments = {
        "etcd": _etcd(layout),
        "kube-apiserver": _apiserver(layout),
        "kube-controller-manager": _controller_manager(layout),
        "kube-scheduler": _scheduler(layout),
        "kwok": _kwok(layout),
        "metrics-server": _metrics_server(layout),
    }
    return {name: [str(program(name)), *rest] for name, rest in arguments.items()}


def _etcd(layout: Layout) -> list[str]:
    client, peer = f"https://127.0.0.1:{layout.ports.etcd}", f"http://127.0.0.1:{layout.ports.etcd_peer}"
    return [
        f"--data-dir={layout.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        f"--cert-file={layout.server.certificate}",
        f"--key-file={layout.server.key}",
        f"--trusted-ca-file={layout.authority}",
        "--client-cert-auth=true",
        "--unsafe-no-fsync=true",
        "--max-txn-ops=4096",  # for bulk.py: thousands of objects in a few transactions
        "--max-request-bytes=10485760",
        f"--quota-backend-bytes={8 << 30}",
        "--log-level=warn",
    ]


def _apiserver(layout: Layout) -> list[str]:
    accounts, proxy = layout.service_accounts, layout.front_proxy
    return [
        f"--etcd-servers=https://127.0.0.1:{layout.ports.etcd}",
        f"--etcd-cafile={layout.authority}",
        f"--etcd-certfile={layout.admin.certificate}",
        f"--etcd-keyfile={layout.admin.key}",
        "--bind-address=127.0.0.1",
        "--advertise-address=192.0.2.1",  # only written to endpoints, which the next flag turns off
        "--endpoint-reconciler-type=none",
        f"--secure-port={layout.ports.apiserver}",
        *layout.serving,
        f"--client-ca-file={layout.authority}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={accounts.certificate}",
        f"--service-account-signing-key-file={accounts.key}",
        f"--proxy-client-cert-file={proxy.certificate}",
        f"--proxy-client-key-file={proxy.key}",
        f"--requestheader-client-ca-file={layout.front_proxy_authority}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--kubelet-preferred-address-types=InternalDNS",
    ]


def _controller_manager(layout: Layout) -> list[str]:
    return [
        *_client(layout),
        *layout.serving,
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.ports.controller_manager}",
        "--controllers=*,bootstrapsigner",  # signs kube-public/cluster-info; off unless asked for
        f"--root-ca-file={layout.authority}",
        f"--service-account-private-key-file={layout.service_accounts.key}",
        "--leader-elect=false",
        "--kube-api-qps=2000",
        "--kube-api-burst=4000",
    ]


def _scheduler(layout: Layout) -> list[str]:
    connection = {"kubeconfig": str(layout.kubeconfig), "qps": 2000, "burst": 4000}
    config = layout.folder / "scheduler.json"
    config.write_text(
        json.dumps(
            {
                "apiVersion": "kubescheduler.config.k8s.io/v1",
                "kind": "KubeSchedulerConfiguration",
                "clientConnection": connection,
                "leaderElection": {"leaderElect": False},
            }
        )
    )
    return [
        f"--config={config}",
        f"--authentication-kubeconfig={layout.kubeconfig}",
        f"--authorization-kubeconfig={layout.kubeconfig}",
        *layout.serving,
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.ports.scheduler}",
    ]


def _kwok(layout: Layout) -> list[str]:
    config = layout.folder / "kwok.yaml"
    config.write_text(_kwok_config())
    return [
        f"--kubeconfig={layout.kubeconfig}",
        f"--config={config}",
        "--manage-all-nodes=true",
        *layout.serving,
        "--node-ip=127.0.0.1",
        f"--node-port={layout.ports.kwok}",
        f"--server-address=127.0.0.1:{layout.ports.kwok}",
        "--node-lease-duration-seconds=40",
        "--v=WARN",
    ]


def _kwok_config() -> str:
    """kwok's own stages and usage from annotations; made to respect `STAY`, and nodes to use something themselves."""
    documents = [yaml.safe_load(path.read_text()) for path in kwok_manifests()]
    return yaml.safe_dump_all([_with_system_usage(_holdable(document)) for document in documents], sort_keys=False)


def _holdable(document: dict[str, Any]) -> dict[str, Any]:
    if value := STAYS.get(document["metadata"]["name"]):
        hold = {"key": f'.metadata.annotations["{STAY}"]', "operator": "NotIn", "values": [value]}
        document["spec"]["selector"]["matchExpressions"].append(hold)
    return document


def _with_system_usage(document: dict[str, Any]) -> dict[str, Any]:
    """metrics-server takes a node that uses nothing for one without metrics, and no real node uses nothing."""
    if document["kind"] == "Metric":
        for metric in document["spec"]["metrics"]:
            if more := _SYSTEM_USAGE.get(metric["name"]):
                metric["value"] += more
    return document


def _metrics_server(layout: Layout) -> list[str]:
    return [
        *_client(layout),
        *layout.serving,
        "--bind-address=127.0.0.1",
        f"--secure-port={layout.ports.metrics_server}",
        "--kubelet-insecure-tls",
        "--kubelet-use-node-status-port",
        "--kubelet-preferred-address-types=InternalDNS",  # world.py gives each node the name localhost
        "--metric-resolution=10s",  # the least it accepts
        "--kubelet-request-timeout=8s",
    ]


def _client(layout: Layout) -> list[str]:
    path = layout.kubeconfig
    return [f"--kubeconfig={path}", f"--authentication-kubeconfig={path}", f"--authorization-kubeconfig={path}"]
