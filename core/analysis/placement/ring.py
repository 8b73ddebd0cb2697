"""The nodes that are there, in their order, and the place among them where a search starts."""

from bisect import bisect_left, insort


class Ring:
    """Indexes of nodes. `cursor` is a position in the list of those that are there: it stays when the list changes, as
    the autoscaler's does."""

    def __init__(self, size: int) -> None:
        self.cursor = 0
        self.nodes = list(range(size))

    def start(self) -> int:
        """The node at the cursor; 0 when there is none."""
        return self.nodes[self.cursor % len(self.nodes)] if self.nodes else 0

    def advance(self, node: int) -> None:
        """Put the cursor behind this node."""
        nodes = self.nodes
        whole = node < len(nodes) and nodes[node] == node
        self.cursor = ((node if whole else bisect_left(nodes, node)) + 1) % len(nodes)

    def append(self, node: int) -> None:
        self.nodes.append(node)

    def pop(self) -> None:
        self.nodes.pop()

    def leave(self, node: int) -> None:
        self.nodes.remove(node)

    def give_back(self, node: int) -> None:
        insort(self.nodes, node)
