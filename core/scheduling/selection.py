"""Label selectors in a form that can be compared and used as a key. The matching itself is core/kube/selectors."""

from collections.abc import Mapping

from core.kube.selectors import LabelSelector, Requirement, matches

Selection = tuple[Requirement, ...] | None
"""All requirements must hold; `()` matches everything, None nothing."""

EVERYTHING: Selection = ()


def of(selector: LabelSelector | None) -> Selection:
    """A `metav1.LabelSelector` as its requirements; an absent one matches nothing."""
    return None if selector is None else (*equal_to(selector.match_labels or {}), *(selector.match_expressions or ()))


def equal_to(labels: Mapping[str, str]) -> tuple[Requirement, ...]:
    """The requirements that these labels have these values, in the order of the keys."""
    return tuple(Requirement(key, "In", (labels[key],)) for key in sorted(labels))


def selects(selection: Selection, labels: Mapping[str, str]) -> bool:
    return selection is not None and matches(selection, labels)
