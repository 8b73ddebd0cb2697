"""What runs inside the machines, as the cloud sees it. The world answers; alone, the cloud has empty machines."""

from typing import Protocol


class Guest(Protocol):
    """Asked by Cloud Assistant and by the ACK tasks. All calls return at once."""

    def run(self, instance_id: str, script: str) -> tuple[int, str]:
        """Run a shell script as root: exit code and output."""
        ...

    def node_name(self, instance_id: str) -> str | None:
        """The Kubernetes node that this machine is, if any."""
        ...

    def is_ready(self, instance_id: str) -> bool:
        """Whether that node is Ready."""
        ...

    def drain(self, instance_id: str) -> bool:
        """Cordon and evict what can go; True once nothing is left. Asked again until then."""
        ...

    def leave(self, instance_id: str) -> None:
        """Take the node out of the cluster and undo what the join did."""
        ...

    def external_nodes(self) -> list[str]:
        """Names of nodes that are no machines of this account."""
        ...


class NoGuest:
    """Machines with nothing inside: every script succeeds, nothing joins."""

    def run(self, instance_id: str, script: str) -> tuple[int, str]:
        return 0, ""

    def node_name(self, instance_id: str) -> str | None:
        return None

    def is_ready(self, instance_id: str) -> bool:
        return True

    def drain(self, instance_id: str) -> bool:
        return True

    def leave(self, instance_id: str) -> None:
        return None

    def external_nodes(self) -> list[str]:
        return []
