"""The header line: where we are, what is booked and used, whether a key can change anything, how fresh the data is."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual import getters
from textual.content import Content
from textual.widget import Widget

from core.views import format as fmt
from core.views.status import Connection, Source, Status
from core.views.table import Bar, Tone
from core.views.text import sanitise, width
from tui.shell import Shell
from tui.tones import styled

SEPARATOR = " │ "


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the line, long and short; of those that don't fit the highest `drop` goes first, 0 stays."""

    long: str
    short: str = ""
    drop: int = 0
    tone: Tone = Tone.PLAIN
    part: str = ""
    """Pieces of one part stand together; a separator stands between parts."""


def pieces(status: Status | None, now: float, paused: bool) -> list[Piece]:
    """What the header says at `now` (Unix seconds)."""
    if status is None:
        return [Piece("vacancy", tone=Tone.ACCENT), Piece("starting …", tone=Tone.MUTED, part="state")]
    line = [Piece("vacancy", drop=9, tone=Tone.ACCENT), Piece(sanitise(status.context))]
    if status.region:
        line.append(Piece(sanitise(status.region), drop=8, tone=Tone.MUTED))
    line += _counts(status)
    if status.cpu.booked is not None or status.memory.booked is not None:
        long, short = _shares(status.cpu, status.memory), _shares_short(status.cpu, status.memory)
        line.append(Piece(long, short, drop=3, part="shares"))
    armed = Piece("ARMED", tone=Tone.WARNING, part="arms")
    line.append(Piece("read-only", "ro", 5, Tone.MUTED, "arms") if status.read_only else armed)
    line += _sources(status, now)
    if paused:
        line.append(Piece("PAUSED", tone=Tone.ACCENT, part="pause"))
    return line


def _counts(status: Status) -> Iterable[Piece]:
    if status.nodes is not None:
        yield Piece(f"{fmt.count(status.nodes)} nodes", drop=4, part="counts")
    if status.pods is not None:
        yield Piece(f"{fmt.count(status.pods)} pods", drop=6, part="counts")
    if status.waiting is not None:
        tone = Tone.WARNING if status.waiting else Tone.PLAIN
        yield Piece(f"{fmt.count(status.waiting)} waiting", drop=2, tone=tone, part="counts")


def _shares(cpu: Bar, memory: Bar) -> str:
    booked = f"booked {fmt.percent(cpu.booked)} % cpu {fmt.percent(memory.booked)} % mem"
    return f"{booked}  used {fmt.percent(cpu.used)} % cpu {fmt.percent(memory.used)} % mem"


def _shares_short(cpu: Bar, memory: Bar) -> str:
    return (
        f"cpu {fmt.percent(cpu.booked)}/{fmt.percent(cpu.used)} % "
        f"mem {fmt.percent(memory.booked)}/{fmt.percent(memory.used)} %"
    )


def _sources(status: Status, now: float) -> Iterable[Piece]:
    if not status.sources:
        yield Piece("connecting …", tone=Tone.MUTED, part="state")
        return
    main, *others = status.sources
    yield _main_source(main, status.as_of, now)
    for source in others:
        if source.state in (Connection.RECONNECTING, Connection.FAILED, Connection.OFF):
            tone = Tone.MUTED if source.state is Connection.OFF else Tone.WARNING
            yield Piece(_state(source, sanitise(source.name)), f"{sanitise(source.name)}!", 7, tone, "state")
        elif source.detail and source.state is Connection.LIVE:
            yield Piece(f"{sanitise(source.name)} limited", f"{sanitise(source.name)}!", 7, Tone.WARNING, "state")


def _main_source(source: Source, as_of: float | None, now: float) -> Piece:
    age = None if as_of is None else max(now - as_of, 0.0)
    match source.state:
        case Connection.LIVE:
            limited = bool(source.detail)
            words = f"live {_age(age)}{', limited' if limited else ''}"
            return Piece(words, tone=Tone.WARNING if limited else Tone.GOOD, part="state")
        case Connection.OFF:
            return Piece("no access", tone=Tone.DANGER, part="state")
        case Connection.STATIC:
            return Piece(f"file, {fmt.age(age)} old", tone=Tone.MUTED, part="state")
        case Connection.CONNECTING:
            return Piece("connecting …", tone=Tone.MUTED, part="state")
    stale = "" if age is None else f", data {fmt.age(age)} old"
    return Piece(_state(source, "") + stale, tone=Tone.DANGER, part="state")


def _state(source: Source, name: str) -> str:
    words = {Connection.RECONNECTING: "reconnecting", Connection.FAILED: "failed", Connection.OFF: "off"}
    since = "" if source.since is None or source.state is Connection.OFF else f" since {fmt.clock(source.since)}"
    return f"{name} {words.get(source.state, source.state)}{since}".strip()


def _age(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s" if seconds < 10 else fmt.duration(seconds)


def fitted(line: list[Piece], cells: int) -> list[tuple[str, Tone]]:
    """Texts and tones that fit `cells`: long if all do, else the short forms, then without the least important."""
    if _width([piece.long for piece in line], line) <= cells:
        return _joined([piece.long for piece in line], line)
    kept = list(line)
    while True:
        texts = [piece.short or piece.long for piece in kept]
        last = max(kept, key=lambda piece: piece.drop)
        if _width(texts, kept) <= cells or not last.drop:
            return _joined(texts, kept)
        kept.remove(last)


def _width(texts: list[str], line: list[Piece]) -> int:
    return sum(width(text) for text, _ in _joined(texts, line)) + 2


def _joined(texts: list[str], line: list[Piece]) -> list[tuple[str, Tone]]:
    parts: list[tuple[str, Tone]] = []
    before = ""
    for text, piece in zip(texts, line, strict=True):
        if parts:
            parts.append(("  " if piece.part == before else SEPARATOR, Tone.MUTED))
        parts.append((text, piece.tone))
        before = piece.part
    return parts


class HeaderLine(Widget):
    """One line at the top of every screen; it follows the shell's status and the clock."""

    DEFAULT_CSS = """
    HeaderLine { height: 1; padding: 0 1; background: $panel; color: $foreground; }
    """
    app = getters.app(Shell)

    def on_mount(self) -> None:
        for name in ("status", "paused"):
            self.watch(self.app, name, self.refresh_line, init=False)
        self.set_interval(1.0, self.refresh_line)

    def refresh_line(self) -> None:
        """Say it anew: the status changed, or a second went by."""
        if self.screen.is_current:
            self.refresh()

    def render(self) -> Content:
        line = pieces(self.app.status, self.app.clock(), self.app.paused)
        return styled(fitted(line, self.app.size.width))
