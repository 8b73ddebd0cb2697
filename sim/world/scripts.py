"""Bootstrap scripts of a registered cluster, served over HTTP; what a node lacks when its script is incomplete."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

Obj = dict[str, Any]

VARIABLES = {
    "ALIBABA_CLOUD_PROVIDER_ID": "--provider-id",
    "ALIBABA_CLOUD_NODE_NAME": "--hostname-override",
    "ALIBABA_CLOUD_LABELS": "--node-labels",
    "ALIBABA_CLOUD_TAINTS": "--register-with-taints",
}
"""What ACK hands to the script, and the kubelet flag that each must reach."""

_HEAD = """#!/bin/bash
set -e
# Joins a machine to the cluster with kubeadm and containerd.
yum install -y kubelet-{version} kubeadm-{version} containerd
systemctl enable --now containerd
kubeadm join {endpoint} --token {token} --discovery-token-unsafe-skip-ca-verification
KUBELET_CONFIG=/etc/sysconfig/kubelet
"""
_TAIL = """systemctl daemon-reload
systemctl restart kubelet
"""


def script(token: str, endpoint: str, version: str, without: tuple[str, ...] = ()) -> str:
    """A script that passes on all variables but those in `without`."""
    blocks = [
        f'if [[ $ALIBABA_CLOUD_{name[14:]} != "" ]]; then\n'
        f'  sed -i "s#KUBELET_EXTRA_ARGS=#KUBELET_EXTRA_ARGS={flag}=${{{name}}} #" $KUBELET_CONFIG\nfi\n'
        for name, flag in VARIABLES.items()
        if name not in without
    ]
    return _HEAD.format(version=version, token=token, endpoint=endpoint) + "".join(blocks) + _TAIL


def applied(node: Obj, text: str) -> Obj:
    """The node as it registers when this script brought it in: what the script doesn't pass on is missing."""
    spec, meta = dict(node["spec"]), node["metadata"]
    if "ALIBABA_CLOUD_PROVIDER_ID" not in text:
        spec.pop("providerID", None)
    if "ALIBABA_CLOUD_TAINTS" not in text:
        spec["taints"] = [taint for taint in spec.get("taints", ()) if taint["key"].startswith("node.kubernetes.io/")]
    labels = meta["labels"]
    if "ALIBABA_CLOUD_LABELS" not in text:
        labels = {key: value for key, value in labels.items() if key.startswith("kubernetes.io/")}
    return {**node, "metadata": {**meta, "labels": labels}, "spec": spec}


@dataclass(slots=True)
class ScriptServer:
    """Serves texts by name on loopback, as the web server of the cluster's owner would."""

    texts: dict[str, str]
    url: str = ""
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/{name}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def read(self, url: str) -> str | None:
        """The text behind a URL of this server, as a machine would download it."""
        return self.texts.get(url.removeprefix(f"{self.url}/")) if self.url and url.startswith(self.url) else None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        text = self.texts.get(request.match_info["name"])
        if text is None:
            return web.Response(status=404, text="not found\n")
        return web.Response(text=text, content_type="text/x-shellscript")
