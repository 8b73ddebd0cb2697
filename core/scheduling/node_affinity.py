"""NodeAffinity: the node selector and the required node affinity. Preferred affinity never filters."""

from collections.abc import Mapping

from core.kube.affinity import NodeSelector, NodeSelectorTerm
from core.kube.node import Node
from core.kube.pod import PIN, Shape
from core.kube.selectors import Requirement

REASONS = ("node(s) didn't match Pod's node affinity/selector",)
CONFLICT = ("pod affinity terms conflict",)
_NAME = "metadata.name"


def matches(shape: Shape, pin: str | None, node: Node) -> bool:
    """Whether the node has the labels that the pod asks for. `pin` stands for `PIN` in a DaemonSet pod's affinity."""
    labels = node.labels
    if any(labels.get(key) != value for key, value in (shape.node_selector or {}).items()):
        return False
    required = shape.node_affinity.required if shape.node_affinity is not None else None
    return required is None or selects(required, labels, node.name, pin)


def selects(selector: NodeSelector, labels: Mapping[str, str], name: str, pin: str | None = None) -> bool:
    """One of the terms must hold; without terms none does."""
    return any(_holds(term, labels, name, pin) for term in selector.node_selector_terms or ())


def _holds(term: NodeSelectorTerm, labels: Mapping[str, str], name: str, pin: str | None) -> bool:
    expressions, fields = term.match_expressions or (), term.match_fields or ()
    if not expressions and not fields:
        return False
    return all(one.matches(labels) for one in expressions) and all(_field(one, name, pin) for one in fields)


def _field(requirement: Requirement, name: str, pin: str | None) -> bool:
    values = named(requirement, pin)
    if requirement.key != _NAME or len(values) != 1 or requirement.operator not in ("In", "NotIn"):
        return False
    return (name in values) == (requirement.operator == "In")


def named(requirement: Requirement, pin: str | None) -> tuple[str, ...]:
    """The node names that a field requirement lists, with the pod's own node in the place of `PIN`."""
    return tuple(pin if value == PIN and pin is not None else value for value in requirement.values or ())


def pinned(shape: Shape, pin: str | None) -> frozenset[str] | None:
    """The only nodes that every term allows by name; None when some term allows any name (as PreFilter finds out)."""
    required = shape.node_affinity.required if shape.node_affinity is not None else None
    terms = (required.node_selector_terms or ()) if required is not None else ()
    names: set[str] = set()
    for term in terms:
        lists = [set(named(one, pin)) for one in term.match_fields or () if one.key == _NAME and one.operator == "In"]
        if not lists:
            return None
        names |= set.intersection(*lists)
    return frozenset(names) if terms else None
