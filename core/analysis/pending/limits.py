"""How far the cluster as a whole may grow: nodes, cores, memory and GPUs.

Sources: estimator/*_threshold.go, core/scaleup/resource and resourcequotas/tracker.go of the Cluster Autoscaler."""

from collections.abc import Iterable

from core.analysis import quota
from core.analysis.pending.templates import Template
from core.kube.node import Node
from core.policy import Policy


class Limits:
    """What is left to grow into. `nodes` is the number of nodes that count now, those on their way included;
    `counted` are the nodes whose cores, memory and GPUs count."""

    def __init__(self, policy: Policy, nodes: int, counted: Iterable[Node]) -> None:
        self._policy, self.nodes = policy, nodes
        self._limits = _maxima(policy)
        used = dict.fromkeys(self._limits, 0)
        for node in counted:
            if not node.virtual:
                for resource, amount in quota.amounts(node).items():
                    used[resource] = used.get(resource, 0) + amount
        self._left = {resource: limit - used[resource] for resource, limit in self._limits.items()}

    def exceeded(self, template: Template, nodes: int = 1) -> str | None:
        """Why so many more such nodes may not come, in the words of the rule set's version."""
        per_node = quota.amounts(template.node)
        over = [name for name, left in self._left.items() if per_node.get(name, 0) * nodes > left]
        if not over:
            return None
        if self._policy.rule_set.at_least(1, 35):
            return f'exceeded quota: "cluster-wide", resources: {", ".join(over)}'
        return ", ".join(f"max cluster {name} limit reached" for name in over)

    def capped(self, nodes: int, template: Template) -> int:
        """How many of `nodes` may come; below 1: none."""
        if self._policy.max_nodes_total > 0:
            nodes = min(nodes, self._policy.max_nodes_total - self.nodes)
        per_node = quota.amounts(template.node)
        for name, left in self._left.items():
            if per_node.get(name, 0) > 0 and nodes * per_node[name] > left:
                nodes = left // per_node[name]
        return nodes

    def most_new_nodes(self, free_in_groups: int) -> int | None:
        """The most nodes that one estimate may add: per scale-out, in the groups, in the cluster. None: no limit."""
        limits = []
        if self._policy.max_nodes_per_scaleup > 0:
            limits.append(self._policy.max_nodes_per_scaleup)
        limits.append(max(0, free_in_groups))
        if self._policy.max_nodes_total > 0:
            limits.append(max(0, self._policy.max_nodes_total - self.nodes))
        return min(limits, default=None)


def _maxima(policy: Policy) -> dict[str, int]:
    gpus = {limit.type: limit.max for limit in policy.gpu_total}
    return {"cpu": policy.cores_total.max, "memory": policy.memory_total.max * quota.GIB, **gpus}
