"""`vacancy record`: a dump of a live cluster, page by page, in bounded memory, with secrets masked. Reading dumps is in
dump, what is masked is in masking."""

import asyncio
import contextlib
import gzip
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from core.clients.kubernetes import Gone, NotFound, Reader
from core.errors import InputError, VacancyError, one_line
from core.feeds.kubernetes.listing import PAGE_SIZE, in_widest_scope, pages
from core.feeds.kubernetes.once import Persistence
from core.feeds.masking import masked
from core.feeds.metrics import slices
from core.feeds.status import absence
from core.kube.kinds import ALL, Kind
from core.kube.own_kinds import NodeGroup, written

Progress = Callable[[str, int, int | None], None]
"""Called with (kind, objects written, objects in all; None: the server doesn't tell)."""

SERVED: tuple[Kind, ...] = tuple(kind for kind in ALL if kind.served)


@dataclass
class Recorded:
    """What a dump holds: objects by kind, and why the other kinds are not in it."""

    counts: dict[str, int] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)
    namespaces: dict[str, str] = field(default_factory=dict)
    """Kinds of which only one namespace could be read."""


async def record(
    reader: Reader,
    path: str,
    kinds: Sequence[Kind] = SERVED,
    progress: Progress | None = None,
    groups: Sequence[NodeGroup] = (),
) -> Recorded:
    """Write all objects of `kinds` to `path` (gzipped when it ends in .gz), and scaling groups, which no API server
    has. The file appears when it is complete.

    Raises InputError when it can't be written, and the error of a needed kind that can't be read.
    """
    recorded = Recorded()
    with _whole_or_not(Path(path)) as stream:
        writer = _Writer(stream)
        for kind in kinds:
            await _Recording(reader, kind, writer, recorded, progress or _silent).run()
        for group in groups:
            writer.add(masked(written(group), "NodeGroup"))
        if groups:
            recorded.counts["NodeGroup"] = len(groups)
        writer.close()
    return recorded


def _silent(kind: str, done: int, total: int | None) -> None:
    """Nobody asked."""


class _Meta(msgspec.Struct, gc=False):
    remaining: int | None = msgspec.field(default=None, name="remainingItemCount")


class _Items(msgspec.Struct, gc=False):
    items: list[dict[str, Any]] | None = None
    metadata: _Meta = msgspec.field(default_factory=_Meta)


_decoder = msgspec.json.Decoder(_Items)


class _Writer:
    """One `List` with everything in it, as `kubectl get -o json` prints one."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._first = stream, True
        stream.write(b'{"apiVersion":"v1","kind":"List","metadata":{},"items":[')

    def add(self, obj: object) -> None:
        self._stream.write(b"\n" if self._first else b",\n")
        self._stream.write(msgspec.json.encode(obj))
        self._first = False

    def close(self) -> None:
        self._stream.write(b"\n]}\n")


class _Recording:
    """One kind on its way into the file."""

    def __init__(self, reader: Reader, kind: Kind, writer: _Writer, recorded: Recorded, progress: Progress) -> None:
        self._reader, self._kind, self._writer = reader, kind, writer
        self._recorded, self._progress = recorded, progress
        self._written: set[tuple[str, str]] = set()

    async def run(self) -> None:
        try:
            await in_widest_scope(self._kind, self._reader.place.namespace, self._read)
        except VacancyError as error:
            if self._kind.needed:
                raise
            cause = absence(self._kind) if isinstance(error, NotFound) else getattr(error, "cause", str(error))
            self._recorded.unavailable[self._kind.name] = cause
            return
        self._recorded.counts[self._kind.name] = len(self._written)
        if not self._written:  # an empty list says: there are none, rather than: nobody could look
            api_version = self._kind.api_version
            self._writer.add({"apiVersion": api_version, "kind": f"{self._kind.name}List", "items": []})

    async def _read(self, namespace: str | None) -> None:
        if namespace is not None:
            self._recorded.namespaces[self._kind.name] = namespace
        size = PAGE_SIZE
        while True:
            try:
                async with contextlib.aclosing(
                    pages(self._reader, self._kind, namespace, Persistence(), size)
                ) as bodies:
                    async for body in bodies:
                        await self._write(body)
                return
            except Gone:  # the list took too long: once more, without what is in the file already
                size *= 4

    async def _write(self, body: bytes) -> None:
        for part in (body,) if self._kind.watched else slices(body):
            try:
                page = _decoder.decode(part)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                raise InputError(f"list of {self._kind.name}: {one_line(str(error))}") from None
            for item in page.items or ():
                self._write_item(item)
            done, left = len(self._written), page.metadata.remaining
            self._progress(self._kind.name, done, None if left is None else done + left)
            await asyncio.sleep(0)

    def _write_item(self, item: dict[str, Any]) -> None:
        """With apiVersion and kind, which the items of a list don't carry."""
        meta = item.get("metadata")
        key = (str(meta.get("namespace")), str(meta.get("name"))) if isinstance(meta, dict) else ("", "")
        if key in self._written:
            return
        self._written.add(key)
        head = {"apiVersion": self._kind.api_version, "kind": self._kind.name}
        self._writer.add({**head, **masked(item, self._kind.name)})


@contextlib.contextmanager
def _whole_or_not(path: Path) -> Iterator[IO[bytes]]:
    """A stream whose content takes the name `path` only when the block ends well; readable by its owner alone."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise InputError(f"{path}: can't be written: {error.strerror}; choose another path") from None
    try:
        with os.fdopen(handle, "wb") as raw:
            if path.name.endswith(".gz"):
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=5, mtime=0) as packed:
                    yield cast("IO[bytes]", packed)
            else:
                yield raw
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(name, path)
    except OSError as error:
        raise InputError(f"{path}: can't be written: {error.strerror}; choose another path") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
