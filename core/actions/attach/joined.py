"""Whether a machine has become a node, and whether that node is Ready."""

import time

from core.clients.kubernetes import NotFound, Reader
from core.kube.node import Node, codec

NODES = "/api/v1/nodes"
PAGE = 500
LIST_EVERY = 10.0
"""Seconds between two looks through all nodes; a look at the one of the usual name costs nothing."""


class Joined:
    """The node of one machine. ACK names nodes `<region>.<address>`, but who sets a cluster up may name them
    otherwise: so that name is only looked at first, and what counts is the provider id."""

    def __init__(self, reader: Reader, region: str, instance: str, address: str) -> None:
        self._reader, self._instance = reader, instance
        self._names = [f"{region}.{address}"] if address else []
        self._next = float("-inf")

    async def node(self) -> Node | None:
        """It, as it is now."""
        for name in self._names:
            try:
                found = codec.item(await self._reader.get(f"{NODES}/{name}"))
            except NotFound:
                continue
            if found.instance_id == self._instance:
                return found
        if time.monotonic() < self._next:
            return None
        self._next = time.monotonic() + LIST_EVERY
        if (node := await self._listed()) is not None:
            self._names.insert(0, node.name)
        return node

    async def _listed(self) -> Node | None:
        more: str | None = ""
        while more is not None:
            page = codec.page(await self._reader.get(NODES, limit=PAGE, continue_=more))
            for node in page.items:
                if node.instance_id == self._instance:
                    return node
            more = page.continue_ or None
        return None
