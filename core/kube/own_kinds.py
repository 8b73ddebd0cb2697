"""The two kinds of our own that a dump may hold: NodeGroup and AutoscalerPolicy (apiVersion vacancy/v1)."""

from typing import Any

import msgspec

from core.kube.node import Node, WireNode, build
from core.kube.wire import Codec, Meta


class NodeGroup(msgspec.Struct, frozen=True, eq=False):
    """A scaling group as the planner sees it, whatever source it came from. Sizes are numbers of nodes."""

    id: str
    display_name: str
    pool: str
    managed_by: str
    autoscaling: bool
    min_size: int
    max_size: int
    desired_size: int | None
    """Above the members that exist: nodes on their way. None: not stated."""
    nodes: tuple[str, ...] | None
    """Names of the members; None: the nodes whose pool label is `pool`."""
    templates: tuple[Node, ...]
    """The node that it would add, one for each machine type in the order in which ESS tries them; empty: unknown."""
    options: dict[str, Any]

    @property
    def key(self) -> str:
        return self.id

    @property
    def name(self) -> str:
        return self.display_name or self.id


class PolicyObject(msgspec.Struct, frozen=True, eq=False):
    """An AutoscalerPolicy as it was written; core/policy merges it with the other sources."""

    key: str
    spec: dict[str, Any]


class _Template(msgspec.Struct, gc=False):
    metadata: Meta = msgspec.field(default_factory=Meta)
    spec: msgspec.Raw = msgspec.Raw(b"{}")
    status: msgspec.Raw = msgspec.Raw(b"{}")


class _GroupSpec(msgspec.Struct, gc=False, rename="camel", forbid_unknown_fields=True):
    display_name: str = ""
    node_pool_id: str = ""
    managed_by: str = ""
    autoscaling: bool = True
    min_size: int = 0
    max_size: int = 0
    desired_size: int | None = None
    nodes: tuple[str, ...] | None = None
    template: _Template | None = None
    templates: list[_Template] | None = None
    options: dict[str, Any] | None = None


class _WireGroup(msgspec.Struct, gc=False):
    metadata: Meta
    spec: _GroupSpec = msgspec.field(default_factory=_GroupSpec)


class _WirePolicy(msgspec.Struct, gc=False):
    metadata: Meta = msgspec.field(default_factory=Meta)
    spec: dict[str, Any] | None = None


def _template(group: str, template: _Template) -> Node:
    text = b'{"metadata":{},"spec":' + bytes(template.spec) + b',"status":' + bytes(template.status) + b"}"
    node = msgspec.json.decode(text, type=WireNode)
    node.metadata = template.metadata
    node.metadata.name = node.metadata.name or f"template-node-for-{group}"
    return build(node)


def _group(wire: _WireGroup) -> NodeGroup:
    spec, name = wire.spec, wire.metadata.name
    templates = spec.templates if spec.templates is not None else [spec.template] if spec.template is not None else []
    return NodeGroup(
        id=name,
        display_name=spec.display_name,
        pool=spec.node_pool_id,
        managed_by=spec.managed_by,
        autoscaling=spec.autoscaling,
        min_size=spec.min_size,
        max_size=spec.max_size,
        desired_size=spec.desired_size,
        nodes=spec.nodes,
        templates=tuple(_template(name, template) for template in templates),
        options=spec.options or {},
    )


def written(group: NodeGroup) -> dict[str, Any]:
    """The group as a dump has it: what `groups` reads back as the same."""
    spec = {
        "displayName": group.display_name,
        "nodePoolId": group.pool,
        "managedBy": group.managed_by,
        "autoscaling": group.autoscaling,
        "minSize": group.min_size,
        "maxSize": group.max_size,
        "desiredSize": group.desired_size,
        "nodes": group.nodes,
        "templates": [_written_template(node) for node in group.templates],
        "options": group.options,
    }
    known = {name: value for name, value in spec.items() if value is not None}
    return {"apiVersion": "vacancy/v1", "kind": "NodeGroup", "metadata": {"name": group.id}, "spec": known}


def _written_template(node: Node) -> dict[str, Any]:
    return {
        "metadata": {"name": node.name, "labels": node.labels},
        "spec": {"taints": node.taints},
        "status": {"capacity": _quantities(node.capacity), "allocatable": _quantities(node.allocatable)},
    }


def _quantities(amounts: dict[str, int]) -> dict[str, str]:
    return {name: f"{amount}m" if name == "cpu" else str(amount) for name, amount in amounts.items()}


groups: Codec[NodeGroup] = Codec("NodeGroup", _WireGroup, _group)
policies: Codec[PolicyObject] = Codec(
    "AutoscalerPolicy", _WirePolicy, lambda wire: PolicyObject(wire.metadata.name or "default", wire.spec or {})
)
