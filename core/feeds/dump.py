"""`--from PATH`: Kubernetes objects from files instead of a cluster. A file or a folder, JSON or YAML, gzipped or not,
any split of lists and objects (DESIGN.md §4.1). Writing dumps is in record."""

import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from core.errors import InputError, one_line
from core.kube import kinds
from core.kube.kinds import Kind

Progress = Callable[[str, int, int], None]
"""Called with (file name, bytes done, bytes in all files)."""

_ENDINGS = (".json", ".yaml", ".yml", ".json.gz", ".yaml.gz", ".yml.gz")
_CHUNK = 1 << 20
_LARGEST = 16 << 30
"""Bytes that a file may unpack to: more is a mistake or a bomb."""
_EVERY = 2000


@dataclass
class Dump:
    """What was read: (kind name, object) pairs in order, and how many objects of other kinds were left aside."""

    objects: list[tuple[str, Any]] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    """Kinds of which the dump holds a list or an object: all others are not available."""
    ignored: Counter[str] = field(default_factory=Counter)


class _Head(msgspec.Struct, gc=False, rename="camel"):
    kind: str | None = None
    api_version: str | None = None
    items: list[msgspec.Raw] | None = None


class _ItemHead(msgspec.Struct, gc=False, rename="camel"):
    kind: str | None = None
    api_version: str | None = None


_head = msgspec.json.Decoder(_Head)
_item_head = msgspec.json.Decoder(_ItemHead)
_raws = msgspec.json.Decoder(list[msgspec.Raw])


def read(path: str, progress: Progress | None = None) -> Dump:
    """Everything under `path` (`-` is standard input). Raises InputError, one line, for the first thing unreadable."""
    dump, files = Dump(), _files(path)
    total, done = sum(size for _, size in files), 0
    for file, size in files:
        _read_file(dump, file, lambda within, base=done, name=file: progress and progress(name, base + within, total))  # type: ignore[misc]
        done += size
    if not dump.objects and not dump.present:
        raise InputError(
            f"{path}: holds no object that vacancy reads; expected Kubernetes objects such as nodes and pods"
        )
    return dump


def _files(path: str) -> list[tuple[str, int]]:
    if path == "-":
        return [("-", 0)]
    root = Path(path)
    try:
        if root.is_dir():
            found = sorted(file for file in root.rglob("*") if file.is_file() and file.name.lower().endswith(_ENDINGS))
            if not found:
                raise InputError(f"{path}: no {', '.join(_ENDINGS[:3])} file in this folder (gzipped ones count too)")
            return [(str(file), file.stat().st_size) for file in found]
        return [(path, root.stat().st_size)]
    except OSError as error:
        raise InputError(
            f"{path}: {_why(error)}; give a dump, for example from kubectl get nodes,pods -A -o json"
        ) from None


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _read_file(dump: Dump, file: str, tell: Callable[[int], object]) -> None:
    try:
        text = _content(file, tell)
    except OSError as error:
        raise InputError(f"{file}: {_why(error)}") from None
    start = _skip_blank(text)
    if start == len(text):
        raise InputError(f"{file}: is empty; write the dump again")
    if text[start : start + 1] in (b"{", b"["):
        _read_json(dump, file, text, start, tell)
    else:
        _read_yaml(dump, file, bytes(text))


def _content(file: str, tell: Callable[[int], object]) -> bytes:
    """All of it. Not mapped into memory: a file that is cut off while it is read would end the program."""
    if file == "-":
        return _unpacked(sys.stdin.buffer, file, tell)
    with open(file, "rb") as stream:
        return _unpacked(stream, file, tell)


def _unpacked(stream: BinaryIO, file: str, tell: Callable[[int], object]) -> bytes:
    """The whole stream, gunzipped where it is gzipped. One buffer grows in place: it never exists twice."""
    unpacked, unzip, packed = bytearray(), None, 0
    while chunk := stream.read(_CHUNK):
        if not packed and chunk[:2] == b"\x1f\x8b":
            unzip = zlib.decompressobj(wbits=31)
        packed += len(chunk)
        try:
            unpacked += unzip.decompress(chunk) if unzip else chunk
        except zlib.error as error:
            raise InputError(f"{file}: not a sound gzip file ({one_line(str(error))}); write the dump again") from None
        if len(unpacked) > _LARGEST:
            raise InputError(f"{file}: unpacks to more than {_LARGEST >> 30} GiB; split the dump")
        tell(packed // 2)
    if unzip is not None and not unzip.eof:
        raise InputError(f"{file}: the gzip file ends in the middle; write the dump again")
    return memoryview(unpacked)  # type: ignore[return-value]  # bytes-like: a copy would double the memory


def _skip_blank(text: bytes) -> int:
    start = 3 if text[:3] == b"\xef\xbb\xbf" else 0
    while start < len(text) and text[start : start + 1] in (b" ", b"\t", b"\r", b"\n"):
        start += 1
    return start


def _read_json(dump: Dump, file: str, text: bytes, start: int, tell: Callable[[int], object]) -> None:
    view = memoryview(text)[start:]
    try:
        if view[:1].tobytes() == b"[":
            _add_items(dump, file, _raws.decode(view), None, len(view), tell)
            return
        documents = _documents(file, view)
    except msgspec.MsgspecError as error:
        raise _unreadable(file, error) from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{file}: {one_line(str(error))}") from None
    for document in documents:
        _add_document(dump, file, document, len(view), tell)


def _documents(file: str, view: memoryview) -> Iterator[msgspec.Raw | memoryview]:
    """One JSON document, or one on each line."""
    try:
        _head.decode(view)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError as error:
        if "trailing" not in str(error):
            raise
        lines = msgspec.json.Decoder(msgspec.Raw).decode_lines(view)
        return iter(lines)
    return iter((view,))


def _unreadable(file: str, error: Exception) -> InputError:
    text = str(error)
    if "truncated" in text:
        return InputError(f"{file}: the JSON ends in the middle (a truncated file); write the dump again")
    return InputError(f"{file}: {one_line(text)}")


def _add_document(
    dump: Dump, file: str, document: msgspec.Raw | memoryview | bytes, size: int, tell: Callable[[int], object]
) -> None:
    try:
        head = _head.decode(document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(file, error) from None
    if head.items is not None:
        _add_items(dump, file, head.items, head, size, tell)
    else:
        _add_object(dump, file, document, head.kind, head.api_version)


def _add_items(
    dump: Dump, file: str, items: list[msgspec.Raw], head: _Head | None, size: int, tell: Callable[[int], object]
) -> None:
    listed = head.kind.removesuffix("List") if head and head.kind and head.kind != "List" else None
    if listed and (kind := _kind(listed, head.api_version if head else None)):
        dump.present.add(kind.name)
    for index, item in enumerate(items):
        if index % _EVERY == 0:
            tell(size // 2 + size * index // (2 * len(items)))
        try:
            own = _item_head.decode(item)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(f"{file}: items[{index}]: {one_line(str(error))}") from None
        if _is_list(own.kind):
            _add_document(dump, file, item, size, tell)
        else:
            _add_object(dump, file, item, own.kind or listed, own.api_version or (head.api_version if head else None))


def _is_list(name: str | None) -> bool:
    """A `List` within a list, or a typed one: an empty PodDisruptionBudgetList says that there are none."""
    return name is not None and (name == "List" or (name.endswith("List") and name[:-4] in kinds.BY_NAME))


def _kind(name: str, api_version: str | None) -> Kind | None:
    """The kind of that name, if its API group is the one we read. Any version of it will do."""
    kind = kinds.BY_NAME.get(name)
    group = (api_version or "").rpartition("/")[0]
    return kind if kind is not None and (api_version is None or group == kind.group) else None


def _add_object(
    dump: Dump, file: str, text: msgspec.Raw | memoryview | bytes, name: str | None, api_version: str | None
) -> None:
    if not name:
        raise InputError(f"{file}: an object has no `kind`; expected Kubernetes objects or Lists of them")
    kind = _kind(name, api_version)
    if kind is None:
        dump.ignored[name[:80]] += 1
        return
    try:
        dump.objects.append((kind.name, kind.codec.item(text)))
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    dump.present.add(kind.name)


def _read_yaml(dump: Dump, file: str, text: bytes) -> None:
    import yaml  # late: most dumps are JSON

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for document in yaml.load_all(text.decode("utf-8"), Loader=loader):
            if document is not None:
                _add_document(dump, file, msgspec.json.encode(_plain(file, document)), len(text), lambda _: None)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file}: not UTF-8 text (byte {error.start}); expected JSON or YAML, gzipped or not"
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{file}: neither JSON nor YAML: {one_line(str(error), 200)}") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"{file}: {one_line(str(error), 200)}") from None


def _plain(file: str, document: Any) -> Any:
    if not isinstance(document, dict):
        raise InputError(f"{file}: neither JSON nor a YAML document of Kubernetes objects; expected a List or objects")
    return _with_text_times(document)


def _with_text_times(value: Any) -> Any:
    """YAML reads bare timestamps as dates; the API's JSON has them as text."""
    if isinstance(value, dict):
        return {str(key): _with_text_times(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_text_times(item) for item in value]
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    return value


def newest(dump: Dump) -> float | None:
    """The newest moment that any object names, in seconds since the epoch: the time to judge the dump by."""
    moments = [moment for kind, obj in dump.objects for moment in _moments(kind, obj) if moment is not None]
    return float(max(moments)) if moments else None


def _moments(kind: str, obj: Any) -> Iterator[int | None]:
    match kind:
        case "Pod":
            yield obj.created
            yield obj.unscheduled.since if obj.unscheduled else None
        case "Node":
            yield obj.created
            yield from (condition.since for condition in obj.conditions)
        case "NodeMetrics" | "PodMetrics":
            yield obj.at
        case "Event":
            yield obj.last
        case _:
            yield getattr(obj, "created", None)
