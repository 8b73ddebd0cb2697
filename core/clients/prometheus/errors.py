"""What can go wrong with a Prometheus-compatible endpoint, as one line each. When to ask again is the feed's part."""

from core.errors import VacancyError, one_line


class PrometheusError(VacancyError):
    """No usable answer. `cause` is the short form for a status line; `passing`: the same query may work in a moment."""

    def __init__(self, place: str, cause: str, hint: str = "", passing: bool = False) -> None:
        super().__init__(one_line(f"Prometheus at {place}: {cause}{f'; {hint}' if hint else ''}"))
        self.cause = one_line(f"{cause}{f'; {hint}' if hint else ''}")
        self.passing = passing


class TooMuch(PrometheusError):
    """The query would load more than the endpoint allows, or took too long: ask for less."""
