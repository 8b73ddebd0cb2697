"""Rules on a node's labels and name, answered for all nodes at once over the columns."""

from typing import TYPE_CHECKING

from core.analysis.placement.columns import Columns
from core.kube.affinity import NodeSelector, NodeSelectorTerm
from core.kube.selectors import Requirement
from core.scheduling import node_affinity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]


def selector(columns: Columns, wanted: NodeSelector, pin: str | None = None) -> "Bools":
    """The nodes for which one of the terms holds."""
    import numpy as np

    mask = np.zeros(len(columns.nodes), dtype=bool)
    for term in wanted.node_selector_terms or ():
        mask |= _term(columns, term, pin)
    return mask


def requirement(columns: Columns, wanted: Requirement) -> "Bools":
    """The nodes whose label meets the requirement: asked once per value of the label."""
    import numpy as np

    column = columns.column(wanted.key)
    if wanted.operator in ("In", "NotIn"):
        inside = wanted.operator == "In"
        answers = np.full(len(column.values) + 1, not inside)
        for value in wanted.values or ():
            if (code := column.code(value)) is not None:
                answers[code] = inside
    else:
        answers = np.array([*(wanted.matches({column.key: value}) for value in column.values), wanted.matches({})])
    found: Bools = answers[np.array(column.codes, dtype=np.intp)]  # ABSENT is -1: the last
    return found


def _term(columns: Columns, term: NodeSelectorTerm, pin: str | None) -> "Bools":
    import numpy as np

    mask = np.full(len(columns.nodes), bool(term.match_expressions or term.match_fields))
    for one in term.match_expressions or ():
        mask &= requirement(columns, one)
    return mask & _named(columns, term, pin) if term.match_fields else mask


def _named(columns: Columns, term: NodeSelectorTerm, pin: str | None) -> "Bools":
    """The nodes whose name meets the term's field requirements."""
    import numpy as np

    fields, nodes = term.match_fields or (), columns.nodes
    only = NodeSelector((NodeSelectorTerm(match_fields=fields),))
    if any(field.operator != "In" for field in fields):
        return np.array([node_affinity.selects(only, {}, node.name, pin) for node in nodes], dtype=bool)
    mask = np.zeros(len(nodes), dtype=bool)
    for name in (name for field in fields for name in node_affinity.named(field, pin)):
        if (index := columns.index.get(name)) is not None:
            mask[index] = node_affinity.selects(only, {}, name, pin)
    return mask
