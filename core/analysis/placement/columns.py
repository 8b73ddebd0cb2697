"""The nodes of a placement as columns: one per label, numbered by its values, so that a rule on labels is evaluated
once per value and not once per node."""

from collections.abc import Sequence

from core.kube.node import Node

ABSENT = -1


class Column:
    """One label over all nodes. `codes[i]` is the number of node i's value, ABSENT when it has no such label."""

    def __init__(self, key: str, nodes: Sequence[Node]) -> None:
        self.key = key
        self.values: list[str] = []
        self._code: dict[str, int] = {}
        self.codes: list[int] = []
        for node in nodes:
            self.append(node)

    def append(self, node: Node) -> None:
        value = node.labels.get(self.key)
        if value is None:
            self.codes.append(ABSENT)
            return
        code = self._code.get(value)
        if code is None:
            code = self._code[value] = len(self.values)
            self.values.append(value)
        self.codes.append(code)

    def code(self, value: str) -> int | None:
        """The number of a value; None when no node has it."""
        return self._code.get(value)


class Columns:
    """The nodes, and the columns that somebody asked for."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = list(nodes)
        self.index = {node.name: index for index, node in enumerate(self.nodes)}
        self._columns: dict[str, Column] = {}

    def column(self, key: str) -> Column:
        found = self._columns.get(key)
        if found is None:
            found = self._columns[key] = Column(key, self.nodes)
        return found

    def append(self, node: Node) -> int:
        """A node more, at the end; its index."""
        self.index[node.name] = len(self.nodes)
        self.nodes.append(node)
        for column in self._columns.values():
            column.append(node)
        return len(self.nodes) - 1

    def pop(self) -> None:
        """The last node is gone again."""
        del self.index[self.nodes.pop().name]
        for column in self._columns.values():
            column.codes.pop()
