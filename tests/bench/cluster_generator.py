"""A big cluster as the API server would send it: seeded, the same bytes every time. 5,000 nodes of about 12 KB and
150,000 pods of about 6 KB by default, in list pages and watch events. What an object looks like is in cluster_objects,
serving them is in cluster_server."""

import gzip
import hashlib
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from tests.bench.cluster_objects import (
    CONTAINER_MARKS,
    DAEMONS,
    LETTERS,
    POOLS,
    Template,
    application,
    daemon,
    letters,
    node,
)

ZONES = ("cn-hangzhou-h", "cn-hangzhou-i", "cn-hangzhou-k")
MACHINES = (  # instance type, cores, GiB
    ("ecs.g7.2xlarge", 8, 32),
    ("ecs.g7.4xlarge", 16, 64),
    ("ecs.c7.4xlarge", 16, 32),
    ("ecs.r7.2xlarge", 8, 64),
    ("ecs.g7.8xlarge", 32, 128),
)
PODS_OF_AN_APPLICATION = 34
PENDING_EVERY = 100
KUBELET_KEEPS_KIB = 1_500_000


@dataclass(frozen=True)
class Size:
    """How big a cluster; `page` is the number of objects a page holds."""

    nodes: int = 5_000
    pods: int = 150_000
    page: int = 500
    seed: int = 20260115


class Cluster:
    """The pages and events of one size; every call starts from the same seed."""

    def __init__(self, size: Size | None = None) -> None:
        self.size = size or Size()

    def node_pages(self) -> Iterator[bytes]:
        """List pages of nodes."""
        rng, template = random.Random(self.size.seed), Template(node())
        nodes = (template.fill(_node_values(index, rng)) for index in range(self.size.nodes))
        return self._pages("Node", nodes, self.size.nodes)

    def pod_pages(self) -> Iterator[bytes]:
        """List pages of pods: DaemonSets first, then everything else, a few of it pending."""
        return self._pages("Pod", self._pods(), self.size.pods)

    def pod_events(self, count: int) -> Iterator[bytes]:
        """Watch lines: pods of the pages whose version and state have changed."""
        rng = random.Random(self.size.seed + 2)
        templates = self._applications()
        for number in range(count):
            index = rng.randrange(self.size.pods - self._everywhere)
            text = self._application_pod(rng, templates, index, version=10_000_000 + number)
            yield b'{"type":"MODIFIED","object":' + text.encode() + b"}\n"

    def _pages(self, kind: str, items: Iterable[str], total: int) -> Iterator[bytes]:
        done, items = 0, iter(items)
        while part := list(islice(items, self.size.page)):
            done += len(part)
            meta: dict[str, object] = {"resourceVersion": "9000000"}
            if done < total:
                meta |= {"continue": f"{kind.lower()}-{done}", "remainingItemCount": total - done}
            head = json.dumps({"kind": f"{kind}List", "apiVersion": "v1", "metadata": meta}, separators=(",", ":"))
            yield (head[:-1] + ',"items":[' + ",".join(part) + "]}\n").encode()

    @property
    def _everywhere(self) -> int:
        """Pods of DaemonSets."""
        return min(self.size.nodes * len(DAEMONS), self.size.pods // 3)

    def _applications(self) -> list[Template]:
        rng = random.Random(self.size.seed + 3)
        count = (self.size.pods - self._everywhere) // PODS_OF_AN_APPLICATION
        return [application(rng, index).template for index in range(max(1, count))]

    def _pods(self) -> Iterator[str]:
        rng = random.Random(self.size.seed + 1)
        daemons = [daemon(rng, index).template for index in range(len(DAEMONS))]
        for index in range(self._everywhere):
            yield daemons[index % len(DAEMONS)].fill(_pod_values(rng, index // len(DAEMONS), index))
        templates = self._applications()
        for index in range(self.size.pods - self._everywhere):
            yield self._application_pod(rng, templates, index, version=8_000_000 + index)

    def _application_pod(self, rng: random.Random, templates: list[Template], index: int, version: int) -> str:
        values = _pod_values(rng, index * 7_919 % self.size.nodes, 1_000_000 + index)
        text = templates[index % len(templates)].fill(values | {"version": str(version)})
        return _unscheduled(text, values["node"]) if index % PENDING_EVERY == 0 else text


def fingerprint(pages: Iterable[bytes]) -> str:
    """The hash that says that two runs read the same input; pages may be gzipped."""
    digest = hashlib.sha256()
    for page in pages:
        digest.update(gzip.decompress(page) if page[:2] == b"\x1f\x8b" else page)
    return digest.hexdigest()[:12]


def _unscheduled(text: str, node: str) -> str:
    why = f'"reason":"Unschedulable","message":"0/{len(text)} nodes are available: insufficient cpu"'
    status = f'"status":{{"phase":"Pending","conditions":[{{"type":"PodScheduled","status":"False",{why}}}]}}}}'
    return text.replace(f'"nodeName":"{node}",', "").partition('"status":{"phase"')[0] + status


def _pod_values(rng: random.Random, node: int, number: int) -> dict[str, str]:
    values = {
        "suffix": _suffix(number),
        "uid": _uid(rng),
        "version": str(8_000_000 + number),
        "made": _time(rng),
        "started": _time(rng),
        "node": _node_name(node),
        "hostip": _node_ip(node),
        "ip": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        "volume": letters(rng, 5),
    }
    return values | {mark: _hex(rng, 64) for mark in CONTAINER_MARKS}


def _node_values(index: int, rng: random.Random) -> dict[str, str]:
    machine, cores, gibibytes = MACHINES[index % POOLS % len(MACHINES)]
    return {
        "name": _node_name(index),
        "ip": _node_ip(index),
        "uid": _uid(rng),
        "version": str(7_000_000 + index),
        "made": _time(rng),
        "type": machine,
        "zone": ZONES[index % len(ZONES)],
        "pool": f"np{index % POOLS:030}",
        "machine": f"i-bp1{letters(rng, 17)}",
        "cpu": str(cores),
        "memory": str(gibibytes * 1024 * 1024 - KUBELET_KEEPS_KIB),
    }


def _suffix(number: int) -> str:
    """Five letters as a ReplicaSet gives them, different for every number below 27^5."""
    mixed = number * 7_368_787 % 27**5
    return "".join(LETTERS[mixed // 27**place % 27] for place in range(5))


def _hex(rng: random.Random, count: int) -> str:
    return f"{rng.getrandbits(4 * count):0{count}x}"


def _uid(rng: random.Random) -> str:
    text = _hex(rng, 32)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _time(rng: random.Random) -> str:
    day, hour, minute, second = rng.randint(1, 14), rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59)
    return f"2026-01-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def _node_ip(index: int) -> str:
    return f"172.16.{index // 250}.{index % 250 + 1}"


def _node_name(index: int) -> str:
    return f"cn-hangzhou.{_node_ip(index)}"
