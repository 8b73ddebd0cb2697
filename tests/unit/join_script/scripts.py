"""Join scripts for tests, and a machine that runs them for real: in a folder, with every command that could touch the
system replaced by one that only writes down that it was called."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

HANDED = {
    "ALIBABA_CLOUD_PROVIDER_ID": "cn-hangzhou.i-bp1join",
    "ALIBABA_CLOUD_NODE_NAME": "cn-hangzhou.10.0.0.77",
    "ALIBABA_CLOUD_LABELS": "alibabacloud.com/nodepool-id=np1,alibabacloud.com/external=true",
    "ALIBABA_CLOUD_TAINTS": "dedicated=burst:NoSchedule",
}
FLAGS = {
    "--provider-id": "ALIBABA_CLOUD_PROVIDER_ID",
    "--hostname-override": "ALIBABA_CLOUD_NODE_NAME",
    "--node-labels": "ALIBABA_CLOUD_LABELS",
    "--register-with-taints": "ALIBABA_CLOUD_TAINTS",
}
JOIN = "kubeadm join 10.1.1.1:6443 --token abcdef.0123456789abcdef --node-name $ALIBABA_CLOUD_NODE_NAME\n"
KUBEADM = "".join(
    f'if [[ ${name} != "" ]]; then\n  option="{flag}"\n'
    f'  sed -i "s@KUBELET_EXTRA_ARGS=@KUBELET_EXTRA_ARGS=${{option}}=${{{name}}} @" $FILE\nfi\n'
    for flag, name in FLAGS.items()
)
"""As in ACK One's guide: the flag stands in a variable of its own."""
GOOD = f"#!/bin/bash\nFILE=/etc/sysconfig/kubelet\n{KUBEADM}systemctl enable kubelet\n{JOIN}"
UNIT = "".join(f"  {flag}=${{{name}}} \\\\\n" for flag, name in FLAGS.items())
BINARY = (
    "cat >/etc/systemd/system/kubelet.service <<EOF\n[Service]\nExecStart=/opt/kubelet/bin/kubelet \\\\\n"
    f"{UNIT}  --v=2\nEOF\nsystemctl daemon-reload\nsystemctl restart kubelet\n"
)

STUBBED = (
    *("yum", "yum-config-manager", "systemctl", "modprobe", "sysctl", "swapoff", "setenforce", "containerd"),
    *("kubeadm", "hostname", "lspci"),
)
HARMLESS = {"sed", "grep", "cat", "echo", "printf", "mkdir", "command", "set", "exit", "true", "[", "return", "tr"}
"""Commands that a test may run as they are, below its folder."""


@dataclass
class Machine:
    """A root directory. `calls`: what was called, in order; `seen`: kubelet's arguments when it was started."""

    root: Path

    @classmethod
    def build(cls, root: Path) -> "Machine":
        made = cls(root)
        for folder in (
            "bin",
            "etc/sysconfig",
            "etc/yum.repos.d",
            "etc/modules-load.d",
            "etc/sysctl.d",
            "etc/kubernetes",
        ):
            (root / folder).mkdir(parents=True)
        (root / "etc/systemd/system").mkdir(parents=True)
        (root / "etc/fstab").write_text("/dev/vda1 / ext4 defaults 0 0\n/dev/vdb none swap sw 0 0\n")
        for name in STUBBED:
            made.stub(name)
        made.stub("hostname", "echo HOST-7")
        made.stub("lspci", "echo 00:02.0 VGA compatible controller: Cirrus")
        made.stub("containerd", "echo 'SystemdCgroup = false'")
        made.stub("kubeadm", made._starts())
        starts = f'case "$*" in *start*kubelet*) {made._starts()} ;; esac'
        made.stub("systemctl", starts)
        return made

    def _starts(self) -> str:
        """What kubelet would be told by the files that systemd reads."""
        files = f"{self.root}/etc/sysconfig/kubelet {self.root}/etc/systemd/system/kubelet.service"
        return f"cat {files} > {self.root}/seen 2>/dev/null; true"

    def stub(self, name: str, also: str = ":") -> None:
        file = self.root / "bin" / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.root}/calls\n{also}\n')
        file.chmod(0o755)

    def run(self, text: str, **handed: str) -> subprocess.CompletedProcess[str]:
        """The script, with its absolute paths led below the root."""
        inside = text.replace("/etc/", f"{self.root}/etc/").replace("/usr/lib/systemd", f"{self.root}/usr/lib/systemd")
        inside = inside.replace("/lib/systemd", f"{self.root}/none") if "/usr/lib/systemd" not in text else inside
        env = {"PATH": f"{self.root}/bin:{os.defpath}", "HOME": str(self.root), **handed}
        words = ["bash", "-c", inside]
        return subprocess.run(words, env=env, capture_output=True, text=True, cwd=self.root, check=False)

    @property
    def calls(self) -> list[str]:
        file = self.root / "calls"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def seen(self) -> str:
        file = self.root / "seen"
        return file.read_text() if file.exists() else ""
