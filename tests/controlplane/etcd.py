"""Straight into etcd, past the API server: objects of any age, thousands in seconds, and history compacted.

The API server reads JSON from its storage as well as protobuf, and its watch cache sees these writes like any other.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import msgspec

from tests.controlplane.api import Api
from tests.controlplane.kinds import KINDS, Json, kind_of

_BATCH_BYTES, _BATCH_COUNT = 2 << 20, 2000
_WORKERS = 8
_OWNERS = ("Deployment", "CronJob", "ReplicaSet", "StatefulSet", "DaemonSet", "Job")


class _Put(NamedTuple):
    key: bytes
    value: bytes


class Etcd:
    """etcd's JSON gateway, by a client certificate."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def close(self) -> None:
        self._api.close()

    def put(self, things: Iterable[Json]) -> int:
        """Write complete objects (uid, creationTimestamp, status and all), each at a revision of its own."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            return len(list(pool.map(self._put, map(_encoded, things))))

    def put_batches(self, things: Iterable[Json]) -> int:
        """The same, much faster, but only while no API server runs.

        A batch shares one revision, which a Kubernetes watch never shows: a watch that breaks amid a batch and resumes
        from that revision would lose the rest.
        """
        count = 0
        for batch in _batches(map(_encoded, things)):
            puts = [{"requestPut": {"key": _base64(key), "value": _base64(value)}} for key, value in batch]
            self._api.request("POST", "/v3/kv/txn", {"success": puts})
            count += len(batch)
        return count

    def remove(self, kind: str, names: Iterable[str], namespace: str = "") -> None:
        """Delete objects by name, at once and without finalizers."""
        self._remove_keys([KINDS[kind].etcd_key(namespace, name).encode() for name in names])

    def remove_all(self, kind: str, namespace: str) -> None:
        """Delete all objects of a kind in a namespace."""
        found = self._range(*_range_of(KINDS[kind].etcd_key(namespace))).get("kvs", [])
        self._remove_keys([base64.b64decode(item["key"]) for item in found])

    def remove_namespaces(self, namespaces: Iterable[str]) -> None:
        """Delete namespaces and all that the table of kinds knows in them: owners first, so that none is made anew."""
        names = list(namespaces)
        self.remove("Namespace", names)
        for kind in (*_OWNERS, *(name for name, kind in KINDS.items() if kind.namespaced and name not in _OWNERS)):
            for name in names:
                self.remove_all(kind, name)

    def remove_namespaces_at_once(self, namespaces: Iterable[str]) -> None:
        """The same, much faster, but only while no API server runs (see `put_batches`)."""
        for name in namespaces:
            self._remove_keys([KINDS["Namespace"].etcd_key(name=name).encode()])
            for kind in (kind for kind in KINDS.values() if kind.namespaced):
                start, end = _range_of(kind.etcd_key(name))
                self._api.request("POST", "/v3/kv/deleterange", {"key": _base64(start), "range_end": _base64(end)})

    def revision(self) -> int:
        return int(self._range(b"/registry/none", b"")["header"]["revision"])

    def compact(self) -> int:
        """Forget all history up to now: lists and watches from before get 410 where the API server must ask etcd."""
        revision = self.revision()
        self._api.request("POST", "/v3/kv/compaction", {"revision": str(revision), "physical": True})
        return revision

    def _put(self, item: _Put) -> None:
        self._api.request("POST", "/v3/kv/put", {"key": _base64(item.key), "value": _base64(item.value)})

    def _range(self, start: bytes, end: bytes) -> Json:
        body = {"key": _base64(start), "range_end": _base64(end), "keys_only": True}
        return self._api.request("POST", "/v3/kv/range", body)

    def _remove_keys(self, keys: list[bytes]) -> None:
        bodies = [{"key": _base64(key)} for key in keys]
        with ThreadPoolExecutor(_WORKERS) as pool:
            list(pool.map(lambda body: self._api.request("POST", "/v3/kv/deleterange", body), bodies))


def _range_of(prefix: str) -> tuple[bytes, bytes]:
    """All keys below a prefix that ends in a slash."""
    return prefix.encode(), prefix[:-1].encode() + b"0"


def _encoded(thing: Json) -> _Put:
    metadata = thing["metadata"]
    key = kind_of(thing).etcd_key(metadata.get("namespace", ""), metadata["name"])
    return _Put(key.encode(), msgspec.json.encode(thing))


def _batches(items: Iterable[_Put]) -> Iterator[list[_Put]]:
    batch: list[_Put] = []
    size = 0
    for item in items:
        if batch and (len(batch) == _BATCH_COUNT or size + len(item.value) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.value)
    if batch:
        yield batch


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
