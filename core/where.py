"""Where the data comes from, as a person said it on the command line."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.clients.kubernetes import Target


@dataclass(frozen=True, slots=True)
class Where:
    """A dump (`dump`), or a cluster as kubectl would choose it. `write` arms the program."""

    dump: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    write: bool = False

    @property
    def name(self) -> str:
        """What the header says before anything is known."""
        return self.dump or self.context or ""


def target(where: Where) -> "Target":
    """The same for the Kubernetes client."""
    from core.clients.kubernetes import Target

    return Target(where.kubeconfig, where.context, where.namespace)
