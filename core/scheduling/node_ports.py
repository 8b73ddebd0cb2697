"""NodePorts: two pods on one node can't take the same port of the same address."""

from collections.abc import Iterable

from core.kube.pod import HostPort

REASONS = ("node(s) didn't have free ports for the requested pod ports",)
ANY = "0.0.0.0"


def conflict(wanted: Iterable[HostPort], used: Iterable[HostPort]) -> bool:
    """`0.0.0.0` stands for every address, on both sides."""
    taken = list(used)
    return any(_clash(port, other) for port in wanted for other in taken)


def _clash(one: HostPort, other: HostPort) -> bool:
    same = one.port == other.port and one.protocol == other.protocol
    return same and (one.ip == other.ip or ANY in (one.ip, other.ip))
