"""How controllers see nodes: conditions, taints, and whether a pod's selector and affinity pick one."""

from typing import Any, TypeVar

import msgspec

from core.kube.selectors import Requirement

Obj = dict[str, Any]
T = TypeVar("T")


def converted(raw: Obj, type_: type[T]) -> T:
    """A dict as one of core.kube's structs; unknown fields are dropped."""
    return msgspec.convert(raw, type_, strict=False)


def condition(node: Obj, type_: str) -> Obj:
    """The node's condition of that type, empty when it has none."""
    found = (c for c in (node.get("status") or {}).get("conditions") or () if c.get("type") == type_)
    return next(found, {})


def is_virtual(node: Obj) -> bool:
    """Whether a virtual kubelet stands behind it (label `type=virtual-kubelet`)."""
    return (node["metadata"].get("labels") or {}).get("type") == "virtual-kubelet"


def is_ready(node: Obj) -> bool:
    return bool(condition(node, "Ready").get("status") == "True")


def selected(spec: Obj, node: Obj) -> bool:
    """Whether the pod spec's nodeSelector and required node affinity pick the node (component-helpers nodeaffinity)."""
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(_term_matches(term, node) for term in required.get("nodeSelectorTerms") or ())


def _term_matches(term: Obj, node: Obj) -> bool:
    labels = node["metadata"].get("labels") or {}
    fields = {"metadata.name": node["metadata"]["name"]}
    expressions, on_fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not on_fields:
        return False
    return all(converted(e, Requirement).matches(labels) for e in expressions) and all(
        converted(e, Requirement).matches(fields) for e in on_fields
    )
