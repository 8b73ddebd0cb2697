"""ECI, the machines behind virtual nodes: which pods run there, or would when no ECS node has room. What they cost is
in the serverless audit.

Source: ACK's pages on ECI (label, namespace label, `burst-resource`, ConfigMap eci-profile). Selectors of the newer
CustomResourceDefinition (group eci.aliyun.com) are not read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.cluster.snapshot import Snapshot
from core.kube.pod import Pod

LABEL, BURST, PROFILE = "alibabacloud.com/eci", "alibabacloud.com/burst-resource", "kube-system/eci-profile"
WHEN_FULL, ALWAYS = "eci", "eci_only"


@dataclass(frozen=True, slots=True)
class Burst:
    """A pod may run on ECI. `always`: nowhere else; else only where no ECS node has room. `because`: what says so."""

    always: bool
    because: str


@dataclass(frozen=True, slots=True)
class _Selector:
    """One entry of the profile: both maps must match."""

    name: str
    namespace: Mapping[str, str]
    pod: Mapping[str, str]


class Eci:
    """Who runs on ECI in one cluster. Nobody does where no virtual node is ready."""

    def __init__(self, snapshot: Snapshot) -> None:
        virtual = [node for node in snapshot.nodes.values() if node.virtual and node.ready is not False]
        self.node = next((node.name for node in virtual if not node.unschedulable), None)
        """The virtual node that would take them."""
        self._namespaces = {name: one.labels for name, one in snapshot.table("Namespace").items()}
        profile = snapshot.table("ConfigMap").get(PROFILE)
        self._selectors = tuple(_selectors(profile.data.get("selectors", ""))) if profile is not None else ()

    def takes(self, pod: Pod) -> Burst | None:
        """Whether the pod would run there, and why; None: it would not."""
        return None if self.node is None or pod.of_daemonset or pod.mirror else self.sent(pod)

    def sent(self, pod: Pod) -> Burst | None:
        """What sends the pod there, whether or not a virtual node is ready; None: nothing that ECI's webhook reads."""
        namespace = self._namespaces.get(pod.namespace, {})
        if pod.labels.get(LABEL) == "true":
            return Burst(True, f"label {LABEL}=true")
        if namespace.get(LABEL) == "true":
            return Burst(True, f"label {LABEL}=true of namespace {pod.namespace}")
        wish = pod.annotations.get(BURST)
        if wish in (WHEN_FULL, ALWAYS):
            return Burst(wish == ALWAYS, f"annotation {BURST}={wish}")
        chosen = next((one for one in self._selectors if _matches(one, namespace, pod.labels)), None)
        return Burst(True, f"selector {chosen.name} of ConfigMap {PROFILE}") if chosen is not None else None


def _matches(selector: _Selector, namespace: Mapping[str, str], pod: Mapping[str, str]) -> bool:
    return selector.namespace.items() <= namespace.items() and selector.pod.items() <= pod.items()


def _selectors(text: str) -> Iterator[_Selector]:
    """The profile's selectors; unreadable ones are passed over, as ECI's webhook does. One that selects nothing in
    particular only dresses pods that are on ECI anyway."""
    try:
        found = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            namespace, pod = _labels(one.get("namespaceSelector")), _labels(one.get("objectSelector"))
            if namespace or pod:
                yield _Selector(str(one.get("name", ""))[:60], namespace, pod)


def _labels(selector: Any) -> dict[str, str]:
    labels = selector.get("matchLabels") if isinstance(selector, dict) else None
    return {str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {}
