"""What the line below a table says: how many rows of how many, sorted how, what is marked, limited or out of sight."""

from collections.abc import Iterable

from core.views.format import count, counted
from core.views.table import SortBy, Tone
from core.views.text import sanitise
from tui.widgets.fleet_model import FleetModel

BETWEEN = (" · ", Tone.MUTED)


def summary(
    model: FleetModel, noun: str, filter_text: str, hidden: int, problem: str, notes: Iterable[str]
) -> list[tuple[str, Tone]]:
    """Texts and tones, the pressing first: a problem comes before all else."""
    parts: list[tuple[str, Tone]] = [(sanitise(problem), Tone.DANGER)] if problem else []
    parts.append((_counted(model, noun), Tone.PLAIN))
    if filter_text:
        parts.append((f"filter {sanitise(filter_text)}", Tone.ACCENT))
    if model.marks:
        parts.append((f"{count(len(model.marks))} marked", Tone.ACCENT))
    if model.sort is not None:
        parts.append((_sorted(model, model.sort), Tone.MUTED))
    if hidden and model.rows:
        parts.append((f"{hidden} column{'s' * (hidden != 1)} hidden: ctrl+w", Tone.MUTED))
    parts += [(sanitise(note), Tone.WARNING) for note in notes]
    return [piece for part in parts for piece in (BETWEEN, part)][1:]


def _counted(model: FleetModel, noun: str) -> str:
    of_all = counted(model.size, noun)
    return of_all if model.matches is None else f"{count(model.matching)} of {of_all}"


def _sorted(model: FleetModel, sort: SortBy) -> str:
    index = model.column_index(sort.column)
    if index is None:
        return ""
    column = model.columns[index]
    half = (" used" if sort.used else " booked") if column.bars else ""
    return f"by {column.title}{half} {'down' if sort.descending else 'up'}"
