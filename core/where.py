"""Where the data comes from, as a person said it on the command line."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from core.clients.kubernetes import Target
    from core.feeds.cloud import CloudChoice
    from core.feeds.usage_history import HistoryChoice


CloudNeed = Literal["origins", "plan", "groups", "all"]
"""What a command asks the cloud for: where nodes come from; what decisions rest on (groups, templates, members); that
and what moves groups; all there is, for documents."""


@dataclass(frozen=True, slots=True)
class Where:
    """A dump (`dump`), or a cluster as kubectl would choose it. `write` arms the program.

    `profile`, `region` and `cluster_id` say where in Alibaba Cloud the cluster is, if the environment and the nodes
    don't; `cloud` False leaves the cloud alone. `prometheus` is the address of an endpoint that knows usage over days,
    `window` how many of them (`7d`)."""

    dump: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    write: bool = False
    profile: str = ""
    region: str = ""
    cluster_id: str = ""
    cloud: bool = True
    prometheus: str = ""
    window: str = ""

    @property
    def name(self) -> str:
        """What the header says before anything is known."""
        return self.dump or self.context or ""


def target(where: Where) -> "Target":
    """The same for the Kubernetes client."""
    from core.clients.kubernetes import Target

    return Target(where.kubeconfig, where.context, where.namespace)


def cloud(where: Where) -> "CloudChoice":
    """The same for the cloud."""
    from core.feeds.cloud import CloudChoice

    return CloudChoice(where.profile, where.region, where.cluster_id)


def history(where: Where) -> "HistoryChoice":
    """The same for Prometheus."""
    from core.feeds.usage_history import HistoryChoice

    return HistoryChoice(where.prometheus, where.window)
