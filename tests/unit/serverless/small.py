"""Small clusters with a virtual node, and their audit, for the tests of this folder."""

from typing import Any

from core.analysis import planning
from core.analysis.planning import Plan
from core.analysis.prices import Prices, shipped
from core.analysis.serverless import Audit, ServerlessApplication, audit
from core.policy import discover
from tests.unit.build import Object, at, node, pod, policy, snapshot

DAY = 86_400
ECI = "k8s.aliyun.com/eci-"
VK = node(
    "virtual-kubelet-h",
    cpu="10000",
    memory="40Ti",
    labels={"type": "virtual-kubelet"},
    taints=[{"key": "virtual-kubelet.io/provider", "value": "alibabacloud", "effect": "NoSchedule"}],
)


def bill(spec: str, **more: str) -> dict[str, str]:
    """What ECI writes on a pod; `category`, `spot` and any other eci-* annotation with _ for -."""
    names = {"category": "instance-compute-category", "spot": "spot-strategy"}
    extra = {f"{ECI}{names.get(name, name.replace('_', '-'))}": value for name, value in more.items()}
    return {f"{ECI}instance-id": "eci-1", f"{ECI}instance-spec": spec, **extra}


def on_eci(name: str, billed: str = "2-4Gi", days: float = 5.0, **more: Any) -> Object:
    """A pod on the virtual node. `owner`, `owner_name`, `cpu`, `memory`, `labels`; `notes`: more annotations."""
    notes = {**bill(billed), **more.pop("notes", {})}
    shape = {"cpu": "1", "memory": "1Gi", "owner": "StatefulSet", **more}
    return pod(name, "virtual-kubelet-h", annotations=notes, created=at(days * DAY), **shape)


def planned(*objects: Object, **settings: Any) -> Plan:
    taken = snapshot(VK, *objects, policy(**{"assumeComplete": True, **settings}))
    return planning.plan(taken, discover(taken))


def audited(*objects: Object, prices: Prices | None = None, **more: Any) -> Audit:
    return audit(planned(*objects), prices or shipped(), **more)


def only(found: Audit) -> ServerlessApplication:
    (one,) = found.applications
    return one
