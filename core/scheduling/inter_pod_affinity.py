"""InterPodAffinity: required affinity and anti-affinity between pods, that of pods already there included. Who counts
the pods of a domain is the caller."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from core.kube.affinity import PodAffinityTerm
from core.scheduling import selection
from core.scheduling.selection import Selection

AFFINITY = ("node(s) didn't match pod affinity rules",)
ANTI_AFFINITY = ("node(s) didn't match pod anti-affinity rules",)
EXISTING_ANTI_AFFINITY = ("node(s) didn't satisfy existing pods anti-affinity rules",)


class Term(NamedTuple):
    """Pods that match, in one domain of the label `key`."""

    key: str
    selection: Selection
    namespaces: frozenset[str]
    namespace_selection: Selection

    def covers(self, namespace: str, namespace_labels: Mapping[str, str], labels: Mapping[str, str]) -> bool:
        """Whether a pod with these labels in this namespace is meant."""
        return self.covers_namespace(namespace, namespace_labels) and selection.selects(self.selection, labels)

    def covers_namespace(self, namespace: str, labels: Mapping[str, str]) -> bool:
        return namespace in self.namespaces or selection.selects(self.namespace_selection, labels)


def terms(wanted: Iterable[PodAffinityTerm], namespace: str) -> tuple[Term, ...]:
    """The terms of a pod of `namespace`: without namespaces and namespace selector they mean its own namespace.

    `matchLabelKeys` and `mismatchLabelKeys` need no work here: the API server merges them into the selector."""
    return tuple(_term(term, namespace) for term in wanted)


def _term(term: PodAffinityTerm, namespace: str) -> Term:
    listed = frozenset(term.namespaces or ())
    if not listed and term.namespace_selector is None:
        listed = frozenset((namespace,))
    return Term(term.topology_key, selection.of(term.label_selector), listed, selection.of(term.namespace_selector))
