"""Which price table costs are computed from: a named one, the person's own, or the one that comes with this program."""

import os
from pathlib import Path

from core.analysis.prices import Prices, parse, shipped
from core.errors import InputError

VARIABLE = "VACANCY_PRICES"


def price_table(path: str | None = None) -> Prices:
    """The table at `path`, else at $VACANCY_PRICES, else prices.toml in the configuration folder, else the shipped one.
    Raises InputError for one that can't be read."""
    named = path or os.environ.get(VARIABLE)
    if named:
        return _read(Path(named))
    from platformdirs import user_config_path  # here, because start-up must not pay for it

    own = user_config_path("vacancy") / "prices.toml"
    return _read(own) if own.is_file() else shipped()


def prices_or_none() -> Prices | None:
    """As `price_table`, for those who can do without."""
    try:
        return price_table()
    except InputError:
        return None


def prices_or_why() -> Prices | str:
    """As `price_table`, or why there is none, for those who say so."""
    try:
        return price_table()
    except InputError as error:
        return str(error)


def _read(path: Path) -> Prices:
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"price table {path}: {error}; write one like core/analysis/prices.toml") from error
