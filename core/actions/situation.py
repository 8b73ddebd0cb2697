"""What a plan is made from: what a person asked for, what the cluster looks like, and the ways to ask more."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar

import msgspec

from core.actions.action_plan import Options, new_id
from core.actions.cloud import Cloud
from core.actions.guards import Guards
from core.analysis import planning
from core.analysis.prices import Prices
from core.clients.kubernetes import Reader, Writer
from core.cluster.snapshot import Snapshot
from core.errors import InputError
from core.kube.node import Node

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """`action` by its name, on these `targets` (nodes, groups, instances, owners: as the action has it). `args` is what
    only this kind of action takes; its module reads it with `args_as`."""

    action: str
    targets: tuple[str, ...]
    why: str = ""
    options: Options = field(default_factory=Options)
    args: dict[str, Any] = field(default_factory=dict)

    def args_as(self, kind: type[T]) -> T:
        """The arguments as a struct. Raises InputError for those that it doesn't have."""
        try:
            return msgspec.convert(self.args, kind)
        except msgspec.ValidationError as error:
            raise InputError(f"{self.action}: {error}") from None


class Header(TypedDict):
    """What every plan begins with: its name, what it is, where, by whom, when and why."""

    id: str
    action: str
    context: str
    server: str
    who: str
    made_at: float
    why: str


@dataclass(frozen=True)
class Situation:
    """`writer` None: read-only, so the server can't be asked for dry runs. `cloud` None: nobody says how to reach it.
    `prices` None: there is no table of prices that can be read."""

    before: planning.Plan
    reader: Reader
    writer: Writer | None
    who: str
    guards: Guards
    now: float
    cloud: Cloud | None = None
    prices: Prices | None = None

    @property
    def snapshot(self) -> Snapshot:
        return self.before.snapshot

    def header(self, action: str, why: str) -> Header:
        """A new plan's beginning."""
        place = self.reader.place
        return {
            "id": new_id(self.now),
            "action": action,
            "context": place.context,
            "server": place.server,
            "who": self.who,
            "made_at": self.now,
            "why": why,
        }


def nodes_named(snapshot: Snapshot, names: Iterable[str]) -> list[Node]:
    """These nodes, each once. Raises InputError for a name that is none."""
    found = {name: snapshot.nodes.get(name) for name in names}
    if missing := [name for name, node in found.items() if node is None]:
        raise InputError(f"node {missing[0]}: there is none of that name; see vacancy nodes")
    if not found:
        raise InputError("name the nodes that are meant")
    return [node for node in found.values() if node is not None]
