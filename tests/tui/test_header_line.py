"""What the header line says, at each width and in each state of the sources."""

import msgspec
import pytest

from core.views.format import clock
from core.views.status import Connection, Source, Status
from core.views.table import Bar, Tone
from core.views.text import width
from tests.tui.fleet import NOW, STATUS
from tui.widgets.header_line import fitted, pieces


def said(status: Status | None, cells: int = 200, paused: bool = False) -> str:
    return "".join(text for text, _ in fitted(pieces(status, NOW, paused), cells))


def tone_of(status: Status, word: str) -> Tone:
    return next(tone for text, tone in fitted(pieces(status, NOW, False), 200) if word in text)


def with_source(state: Connection, **fields: object) -> Status:
    return msgspec.structs.replace(STATUS, sources=(Source("kubernetes", state, NOW - 60),), **fields)


def test_the_whole_line() -> None:
    assert said(STATUS) == (
        "vacancy  prod-hz  cn-hangzhou │ 37 nodes  1,204 pods  38 waiting │ "
        "booked 71 % cpu 64 % mem  used 23 % cpu 41 % mem │ read-only │ live 0.4 s"
    )


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (
            120,
            "vacancy  prod-hz  cn-hangzhou │ 37 nodes  1,204 pods  38 waiting │ "
            "cpu 71/23 % mem 64/41 % │ ro │ live 0.4 s",
        ),
        (80, "prod-hz │ 37 nodes  38 waiting │ cpu 71/23 % mem 64/41 % │ ro │ live 0.4 s"),
        (62, "prod-hz │ 38 waiting │ cpu 71/23 % mem 64/41 % │ live 0.4 s"),
        (40, "prod-hz │ 38 waiting │ live 0.4 s"),
        (20, "prod-hz │ live 0.4 s"),
    ],
)
def test_the_line_gets_shorter_by_importance(cells: int, line: str) -> None:
    assert said(STATUS, cells) == line
    assert width(line) <= max(cells - 2, 20)


def test_an_armed_session_says_so_and_never_drops_it() -> None:
    armed = msgspec.structs.replace(STATUS, read_only=False)
    assert tone_of(armed, "ARMED") is Tone.WARNING
    assert "ARMED" in said(armed, 30)


def test_a_lost_watch_says_since_when_and_how_old_the_data_is() -> None:
    lost = with_source(Connection.RECONNECTING, as_of=NOW - 61)
    assert said(lost).endswith(f"│ reconnecting since {clock(NOW - 60)}, data 1m old")
    assert tone_of(lost, "reconnecting") is Tone.DANGER
    assert said(with_source(Connection.FAILED)).endswith(f"failed since {clock(NOW - 60)}, data 0s old")


@pytest.mark.parametrize(
    ("status", "end"),
    [
        (None, "vacancy │ starting …"),
        (Status("prod"), "vacancy  prod │ read-only │ connecting …"),
        (with_source(Connection.CONNECTING), "connecting …"),
        (with_source(Connection.STATIC, as_of=NOW - 90000), "file, 1d old"),
        (with_source(Connection.LIVE, as_of=NOW - 75), "live 1m15s"),
        (with_source(Connection.LIVE, as_of=NOW + 75), "live 0.0 s"),
    ],
)
def test_states(status: Status | None, end: str) -> None:
    assert said(status).endswith(end)


def test_other_sources_show_only_when_something_is_wrong() -> None:
    sources = (STATUS.sources[0], Source("metrics", Connection.OFF), Source("ess", Connection.RECONNECTING, NOW))
    assert said(msgspec.structs.replace(STATUS, sources=sources)).endswith(
        f"live 0.4 s  metrics off  ess reconnecting since {clock(NOW)}"
    )
    fine = (STATUS.sources[0], Source("metrics", Connection.LIVE, NOW))
    assert said(msgspec.structs.replace(STATUS, sources=fine)) == said(STATUS)


def test_unknown_figures_are_dashes_and_hostile_names_are_harmless() -> None:
    status = msgspec.structs.replace(STATUS, context="[red]\x1b[31m", cpu=Bar(0.5), memory=Bar(None), waiting=0)
    assert "[red]␛[31m" in said(status)
    assert "booked 50 % cpu - % mem  used - % cpu - % mem" in said(status)
    assert tone_of(status, "waiting") is Tone.PLAIN


def test_a_pause_shows() -> None:
    assert said(STATUS, paused=True).endswith("│ PAUSED")
