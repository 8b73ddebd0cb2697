"""What the agent of a registered cluster hands to a script, and by which flag each of it has to reach kubelet."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.analysis.join_script.follow import Act


@dataclass(frozen=True, slots=True)
class Variable:
    """`also`: other ways than the flag by which kubelet is told, as a pattern before the value."""

    name: str
    flag: str
    breaks: str
    required: bool = False
    also: str = ""


VARIABLES = (
    Variable(
        "ALIBABA_CLOUD_PROVIDER_ID",
        "--provider-id",
        "the cluster can't tell which ECS instance the node is, so the node pool does not work",
        True,
        r"providerID[\"']?\s*:|provider-id[\"']?\s*:|name:\s*[\"']?provider-id[\"']?\s+value:",
    ),
    Variable(
        "ALIBABA_CLOUD_NODE_NAME",
        "--hostname-override",
        "the node has another name than the one under which its pool expects it",
        also=r"--node-name[=\s]|hostname-override[\"']?\s*:|nodeRegistration:\s+name:|"
        r"name:\s*[\"']?hostname-override[\"']?\s+value:",
    ),
    Variable(
        "ALIBABA_CLOUD_LABELS",
        "--node-labels",
        "the node is not counted to its node pool, and pods that ask for the pool's labels don't come to it",
        also=r"node-labels[\"']?\s*:|name:\s*[\"']?node-labels[\"']?\s+value:",
    ),
    Variable(
        "ALIBABA_CLOUD_TAINTS",
        "--register-with-taints",
        "pods that the pool's taints should keep away are placed on the node",
        also=r"register-with-taints[\"']?\s*:|name:\s*[\"']?register-with-taints[\"']?\s+value:",
    ),
)

_STORING = ("sed", "tee", "perl", "awk", "gawk", "kubelet", "kubeadm", "dd", "install", "systemd-run")


def way(variable: Variable, dollar: str) -> str:
    """The flag, or another way, directly before the variable."""
    also = f"|(?:{variable.also})[ \\t]*[\"']?" if variable.also else ""
    way = f"(?:{re.escape(variable.flag)}(?:=|\\s+)[\"']?[^\\s\"']{{0,400}}?(?:\\$\\([^()\\n]{{0,200}}?)?{also})"
    return f"{way}{dollar}\\{{?{variable.name}\\b"


_WAYS = {one.name: re.compile(way(one, r"\$")) for one in VARIABLES}


def hands(act: Act, variable: Variable) -> bool:
    """Whether it puts flag and value together."""
    return variable.name in act.text and _WAYS[variable.name].search(act.text) is not None


def stores(act: Act) -> bool:
    """Whether what it says gets anywhere: into a file, or to kubelet or kubeadm themselves."""
    if act.name == "tee":
        return bool(kept(act.words[1:]))
    return bool(act.name in _STORING or act.piped or kept(act.writes))


def kept(files: Iterable[str]) -> list[str]:
    """Those of the files that are no logs or devices."""
    return [file for file in files if not re.match(r"-|/dev/|/var/log/|.*\.log$", file)]


def carries(act: Act, variable: Variable) -> bool:
    return not act.assigns and stores(act) and hands(act, variable)


def mentions(act: Act, variable: Variable) -> bool:
    return re.search(rf"\$\{{?{variable.name}\b", act.text) is not None
