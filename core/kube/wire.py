"""The outer forms of the API's JSON that all kinds share: metadata, conditions, lists, watch events, Status. Each
kind's own decode is in its module; the table of kinds is in kinds."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from core.errors import InputError
from core.kube.interning import EMPTY, Interner, Shared

T = TypeVar("T")
Text = bytes | memoryview | msgspec.Raw
NOTHING = msgspec.Raw(b"")

_maps = msgspec.json.Decoder(dict[str, str] | None)
_labels: Interner[Shared] = Interner()


class Meta(msgspec.Struct, gc=False, rename="camel"):
    """`metadata`. Labels, annotations and owners stay raw until their content is seen to be new."""

    name: str = ""
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    labels: msgspec.Raw = NOTHING
    annotations: msgspec.Raw = NOTHING
    owner_references: msgspec.Raw = NOTHING
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    generation: int | None = None

    @property
    def key(self) -> str:
        """`namespace/name`, or the bare name of an object without a namespace."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class Condition(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A condition of a status."""

    type: str = ""
    status: str = ""
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None
    last_heartbeat_time: str | None = None


class ListMeta(msgspec.Struct, frozen=True, gc=False):
    """`metadata` of a list."""

    resource_version: str = msgspec.field(default="", name="resourceVersion")
    continue_: str = msgspec.field(default="", name="continue")
    remaining: int | None = msgspec.field(default=None, name="remainingItemCount")


class RawList(msgspec.Struct, gc=False):
    """A list whose items are still text."""

    items: list[msgspec.Raw] | None = None
    metadata: ListMeta = msgspec.field(default_factory=ListMeta)


class Page(msgspec.Struct, Generic[T]):
    """One page of a list. `problems`: a line for each object that could not be read and was left out."""

    items: list[T]
    continue_: str
    resource_version: str
    remaining: int | None = None
    problems: tuple[str, ...] = ()


class Status(msgspec.Struct, frozen=True):
    """`metav1.Status`: the API's own error."""

    code: int | None = None
    reason: str | None = None
    message: str | None = None
    details: dict[str, Any] | None = None


class WatchEvent(msgspec.Struct, Generic[T]):
    """One watch event. `object` is None for BOOKMARK and ERROR; `status` is set for ERROR; `problem` says why an object
    could not be read."""

    type: str
    object: T | None
    resource_version: str = ""
    status: Status | None = None
    problem: str | None = None


class _RawEvent(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


class _OnlyVersion(msgspec.Struct, gc=False):
    metadata: Meta = msgspec.field(default_factory=Meta)


_UNREADABLE = (InputError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_CHANGES = ("ADDED", "MODIFIED", "DELETED")
_raw_event = msgspec.json.Decoder(_RawEvent)
_raw_list = msgspec.json.Decoder(RawList)
_status = msgspec.json.Decoder(Status)
_only_version = msgspec.json.Decoder(_OnlyVersion)


def labels(raw: msgspec.Raw) -> Shared:
    """Labels as a shared map; the text is parsed only when it is new."""
    text = bytes(raw)
    if len(text) < 3 or text == b"null":
        return EMPTY
    return _labels.get(text, lambda: Shared(_maps.decode(text) or {}))


def all_annotations(raw: msgspec.Raw) -> dict[str, str]:
    """Every annotation, for the few kinds of which there are few objects."""
    return (_maps.decode(raw) or {}) if len(bytes(raw)) > 2 else {}


class Codec(Generic[T]):
    """JSON to objects of one kind: `wire` is the msgspec type of the item, `build` makes the object from it.

    A hostile object never takes its page along: it is left out and named in `problems`."""

    def __init__(self, kind: str, wire: type[Any], build: Callable[[Any], T]) -> None:
        self._kind, self._build = kind, build
        self._item = msgspec.json.Decoder(wire)
        fields = [("items", list[wire] | None, None), ("metadata", ListMeta, ListMeta())]  # type: ignore[valid-type]
        event = msgspec.defstruct("Event", [("type", str), ("object", wire)], gc=False)
        self._event: msgspec.json.Decoder[Any] = msgspec.json.Decoder(event)
        self._list: msgspec.json.Decoder[Any] = msgspec.json.Decoder(msgspec.defstruct("Items", fields, gc=False))

    def item(self, text: Text) -> T:
        """One object. Raises InputError with one line that names the object."""
        try:
            return self._build(self._item.decode(text))
        except _UNREADABLE as error:
            raise InputError(f"{self._kind}{_name_in(text)}: {error}") from None

    def page(self, body: bytes) -> Page[T]:
        """A list response. Raises InputError only when the list as a whole is unreadable."""
        try:
            whole = self._list.decode(body)
            items = [self._build(wire) for wire in whole.items or ()]
        except _UNREADABLE:
            return self._page_item_by_item(body)
        meta = whole.metadata
        return Page(items, meta.continue_, meta.resource_version, meta.remaining)

    def _page_item_by_item(self, body: bytes) -> Page[T]:
        try:
            whole = _raw_list.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(f"list of {self._kind}: {error}") from None
        items, problems = self.items(whole.items or ())
        meta = whole.metadata
        return Page(items, meta.continue_, meta.resource_version, meta.remaining, problems)

    def items(self, texts: Iterable[Text]) -> tuple[list[T], tuple[str, ...]]:
        """Those that can be read, and a line for each that cannot."""
        items, problems = [], []
        for text in texts:
            try:
                items.append(self.item(text))
            except InputError as error:
                problems.append(str(error))
        return items, tuple(problems)

    def event(self, line: bytes) -> WatchEvent[T]:
        """One line of a watch. Raises InputError when it is no event at all."""
        try:
            event = self._event.decode(line)
            if event.type in _CHANGES:
                return WatchEvent(event.type, self._build(event.object), event.object.metadata.resource_version or "")
        except _UNREADABLE:
            pass  # looked at again below, where it is said what is wrong with it
        return self._odd_event(line)

    def _odd_event(self, line: bytes) -> WatchEvent[T]:
        """A bookmark, an error, or an object that can't be read."""
        try:
            event = _raw_event.decode(line)
            if event.type == "ERROR":
                return WatchEvent(event.type, None, status=_status.decode(event.object))
            version = (
                _only_version.decode(event.object).metadata.resource_version or "" if event.type == "BOOKMARK" else ""
            )
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(f"watch of {self._kind}: {error}") from None
        return WatchEvent(event.type, None, version) if version else self._object_event(event)

    def _object_event(self, event: _RawEvent) -> WatchEvent[T]:
        try:
            wire = self._item.decode(event.object)
            return WatchEvent(event.type, self._build(wire), wire.metadata.resource_version or "")
        except _UNREADABLE as error:
            return WatchEvent(event.type, None, problem=f"{self._kind}{_name_in(event.object)}: {error}")


class _AnyName(msgspec.Struct, gc=False):
    metadata: dict[str, Any] | None = None


def _name_in(text: Text) -> str:
    """The name of an object that is otherwise unreadable, for the error line."""
    try:
        meta = msgspec.json.decode(text, type=_AnyName).metadata or {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return f" {'/'.join(str(meta[part]) for part in ('namespace', 'name') if meta.get(part))[:120]!r}"
