"""A whole script by which an ECS instance with YUM joins a kubeadm cluster, for Docker or containerd. Like ACK One's
own samples it serves no GPU nodes. What it is made for is read off the cluster's nodes."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from string import Template

from core.analysis.join_script.block import block
from core.analysis.join_script.lint import PLACEHOLDER
from core.analysis.join_script.starting import Install
from core.errors import InputError
from core.kube.node import Node

RUNTIMES = ("containerd", "docker")
NOT_SERVED = ("GPU nodes: their driver has to be installed first", "systems without YUM")
_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,4})\.(\d{1,4})", re.ASCII)
_TOKEN = re.compile(r"[a-z0-9]{6}\.[a-z0-9]{16}")
_ENDPOINT = re.compile(r"[A-Za-z0-9.\[\]:-]{1,253}:\d{1,5}")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_MIRROR = "https://mirrors.aliyun.com"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a script is made for. Versions are X.Y.Z; `runtime_version` "": whatever YUM has. `ca_hash` "": the cluster
    is trusted without looking."""

    kubernetes: str
    runtime: str
    runtime_version: str
    endpoint: str
    ca_hash: str = ""

    @property
    def minor(self) -> int:
        """Y of 1.Y.Z."""
        return int(self.kubernetes.split(".")[1])


def recipe(nodes: Iterable[Node], endpoint: str, ca_hash: str = "", runtime: str = "") -> Recipe:
    """By the versions that most of the cluster's nodes have, the older where it is a draw. Raises InputError when they
    say none."""
    known = [node for node in nodes if not node.virtual]
    kubelets = _most(node.kubelet_version for node in known)
    if kubelets is None:
        raise InputError("no node says which version its kubelet has; is this the right cluster?")
    runtimes = [node.container_runtime for node in known if node.container_runtime.split("://")[0] in RUNTIMES]
    chosen = runtime or Counter(one.split("://")[0] for one in runtimes).most_common(1)[0][0] if runtimes else runtime
    if chosen not in RUNTIMES:
        raise InputError("the nodes run neither containerd nor Docker; say --runtime containerd or docker")
    version = _most(one.partition("://")[2] for one in runtimes if one.startswith(f"{chosen}://"))
    return Recipe(kubelets, chosen, version or "", endpoint, ca_hash)


def _most(texts: Iterable[str]) -> str | None:
    """The version that most of them are."""
    matches = [match for text in texts if (match := _VERSION.match(text))]
    found = Counter((int(match[1]), int(match[2]), int(match[3])) for match in matches)
    ranked = sorted(found, key=lambda one: (-found[one], one))
    return "{}.{}.{}".format(*ranked[0]) if ranked else None


def generate(made: Recipe, token: str = "") -> str:
    """The script; without a token it holds a placeholder and refuses to run. Raises InputError for what can't stand in
    a script."""
    if token and not _TOKEN.fullmatch(token):
        raise InputError("the join token has not the form of one (id.secret)")
    if not _ENDPOINT.fullmatch(made.endpoint):
        raise InputError(f"API server {made.endpoint!r}: host:port is expected; say --server")
    if made.ca_hash and not _HASH.fullmatch(made.ca_hash):
        raise InputError("the hash of the cluster's CA has not the form of one (sha256:…)")
    trust = "--discovery-token-unsafe-skip-ca-verification"
    if made.ca_hash:
        trust = f"--discovery-token-ca-cert-hash {made.ca_hash}"
    fields = {
        "kubernetes": made.kubernetes,
        "runtime": made.runtime,
        "runtime_version": made.runtime_version,
        "endpoint": made.endpoint,
        "token": token or PLACEHOLDER,
        "placeholder": PLACEHOLDER,
        "trust": trust,
        "packages": _packages(made),
        "keys": _keys(made),
        "socket": _socket(made),
        "mirror": _MIRROR,
    }
    install = _CONTAINERD if made.runtime == "containerd" else _DOCKER + (_CRI_DOCKERD if made.minor >= 24 else "")
    parts = (_HEAD, _PREPARE, install, _KUBELET, "@block@\n", _JOIN)
    return Template("\n".join(parts)).substitute(fields).replace("@block@\n", block(Install.KUBEADM))


def _packages(made: Recipe) -> str:
    """Where Kubernetes' packages are; those since 1.24 have a place for each minor version."""
    if made.minor >= 24:
        return f"{_MIRROR}/kubernetes-new/core/stable/v1.{made.minor}/rpm/"
    return f"{_MIRROR}/kubernetes/yum/repos/kubernetes-el7-x86_64/"


def _keys(made: Recipe) -> str:
    """Where the keys are that the packages are signed with."""
    if made.minor >= 24:
        return f"{_packages(made)}repodata/repomd.xml.key"
    keys = f"{_MIRROR}/kubernetes/yum/doc"
    return f"{keys}/yum-key.gpg {keys}/rpm-package-key.gpg"


def _socket(made: Recipe) -> str:
    if made.runtime == "containerd":
        return "--cri-socket unix:///run/containerd/containerd.sock"
    return "--cri-socket unix:///run/cri-dockerd.sock" if made.minor >= 24 else ""


_HEAD = """#!/bin/bash
# Joins an ECS instance to this cluster by ACK One. Serve it where only your VPC can read it, and set its address as
# addNodeScriptPath of kube-system/ack-agent-config: vacancy join-script set URL.
# Made by vacancy for Kubernetes $kubernetes with $runtime, on systems with YUM. It does not serve GPU nodes.
set -euo pipefail

KUBE_VERSION="$kubernetes"
RUNTIME_VERSION="$runtime_version"
API_SERVER="$endpoint"
JOIN_TOKEN="$token"

fail() {
  echo "join: $$*" >&2
  exit 1
}

if [ "$${JOIN_TOKEN%%_*}" = "REPLACE" ]; then
  fail "the join token is missing: kubeadm token create --ttl 0"
fi
if [ -e /etc/kubernetes/kubelet.conf ]; then
  echo "join: this machine is a node already"
  exit 0
fi
command -v yum >/dev/null || fail "this system has no YUM, and this script serves no other"
if command -v lspci >/dev/null && lspci | grep -qi nvidia; then
  fail "this machine has a GPU, and this script installs no driver for it"
fi
[ -n "$${ALIBABA_CLOUD_PROVIDER_ID:-}" ] || fail "ALIBABA_CLOUD_PROVIDER_ID is not set: run by ACK, it would be"
NODE_NAME="$${ALIBABA_CLOUD_NODE_NAME:-$$(hostname | tr 'A-Z' 'a-z')}"
"""

_PREPARE = """# What kubelet and the pods' network ask of the system.
swapoff -a
sed -i '/[[:space:]]swap[[:space:]]/s/^[^#]/#&/' /etc/fstab
setenforce 0 2>/dev/null || true
systemctl disable --now firewalld 2>/dev/null || true
printf '%s\\n' overlay br_netfilter >/etc/modules-load.d/kubernetes.conf
modprobe overlay
modprobe br_netfilter
cat >/etc/sysctl.d/99-kubernetes.conf <<'END'
net.bridge.bridge-nf-call-iptables = 1
net.bridge.bridge-nf-call-ip6tables = 1
net.ipv4.ip_forward = 1
END
sysctl --system >/dev/null
"""

_REPOSITORY = """yum install -y yum-utils
yum-config-manager --add-repo $mirror/docker-ce/linux/centos/docker-ce.repo
"""

_CONTAINERD = (
    "# containerd, which leaves its cgroups to systemd, as kubeadm sets kubelet up.\n"
    + _REPOSITORY
    + """yum install -y "containerd.io$${RUNTIME_VERSION:+-$$RUNTIME_VERSION}"
mkdir -p /etc/containerd
containerd config default >/etc/containerd/config.toml
sed -i 's/SystemdCgroup = false/SystemdCgroup = true/' /etc/containerd/config.toml
systemctl enable containerd
systemctl restart containerd
"""
)

_DOCKER = (
    "# Docker, which leaves its cgroups to systemd, as kubeadm sets kubelet up.\n"
    + _REPOSITORY
    + """yum install -y "docker-ce$${RUNTIME_VERSION:+-$$RUNTIME_VERSION}" containerd.io \\
  "docker-ce-cli$${RUNTIME_VERSION:+-$$RUNTIME_VERSION}"
mkdir -p /etc/docker
echo '{"exec-opts": ["native.cgroupdriver=systemd"]}' >/etc/docker/daemon.json
systemctl enable docker
systemctl restart docker
"""
)

_CRI_DOCKERD = """# Since Kubernetes 1.24 kubelet reaches Docker through cri-dockerd only.
yum install -y cri-dockerd || fail "cri-dockerd is in no YUM repository of this machine: add the one that holds it"
systemctl enable --now cri-docker.socket cri-docker.service
"""

_KUBELET = """# kubelet and kubeadm of the cluster's version.
cat >/etc/yum.repos.d/kubernetes.repo <<'END'
[kubernetes]
name=Kubernetes
baseurl=$packages
enabled=1
gpgcheck=1
gpgkey=$keys
END
yum install -y "kubelet-$$KUBE_VERSION" "kubeadm-$$KUBE_VERSION" --disableexcludes=kubernetes
systemctl enable kubelet
"""

_JOIN = """kubeadm join "$$API_SERVER" --token "$$JOIN_TOKEN" $trust \\
  --node-name "$$NODE_NAME" $socket
"""
