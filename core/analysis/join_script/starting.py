"""What starts kubelet in a script, and whether systemd and kubeadm know of what was changed before."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from core.analysis.join_script.follow import Act


class Install(StrEnum):
    """How kubelet comes to run."""

    KUBEADM = "kubeadm"
    BINARY = "binary"
    UNKNOWN = "unknown"


def starts_kubelet(act: Act) -> bool:
    """Whether kubelet runs after it."""
    words = act.words[1:]
    kubelet = any(re.fullmatch(r"kubelet(\.service)?", word) for word in words)
    match act.name:
        case "systemctl":
            verbs = {"start", "restart", "try-restart", "reload-or-restart", "condrestart"}
            return kubelet and bool(verbs & set(words) or {"enable", "--now"} <= set(words))
        case "service":
            return kubelet and bool({"start", "restart"} & set(words))
        case "kubeadm":
            return _joins(act)
        case "kubelet":
            return "--version" not in words and "--help" not in words
    return False


def _joins(act: Act) -> bool:
    return act.name == "kubeadm" and "join" in act.words


def install_of(acts: Iterable[Act]) -> Install:
    """By what makes kubelet run."""
    known = list(acts)
    if any(map(_joins, known)):
        return Install.KUBEADM
    if any(starts_kubelet(act) or _unit(act) for act in known):
        return Install.BINARY
    return Install.UNKNOWN


def _unit(act: Act) -> bool:
    """Whether it changes a unit of kubelet."""
    edited = act.words if act.name in ("sed", "tee", "perl") else ()
    return any("kubelet.service" in one for one in (*act.writes, *edited))


def unreloaded(acts: Sequence[Act]) -> int:
    """The line of a change to a unit that systemd doesn't know of when kubelet starts; kubeadm reloads by itself."""
    changed = 0
    for act in acts:
        if _joins(act) or (act.name == "systemctl" and {"daemon-reload", "daemon-reexec", "enable"} & set(act.words)):
            changed = 0
        elif _unit(act):
            changed = act.line
    return changed
