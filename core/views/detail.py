"""One object in full: facts as label and value, and tables about it. Which facts and tables: its own view decides."""

import msgspec

from core.views.table import Cell, TableView, ViewKey


class Fact(msgspec.Struct, frozen=True):
    """One line of the head of a detail: "Instance type", "ecs.g7.2xlarge"."""

    label: str
    value: Cell
    wide: bool = False
    """A sentence: it gets whole lines of its own, above the others."""


class DetailView(msgspec.Struct, frozen=True, tag=True):
    """One object at one moment. A table in it is known by its `key.kind` ("pods", "taints"), in the order to show."""

    key: ViewKey
    title: str
    generation: int
    as_of: float
    facts: tuple[Fact, ...] = ()
    tables: tuple[TableView, ...] = ()
    gone: bool = False
    """The object is no longer there; what is shown is how it was last seen."""
