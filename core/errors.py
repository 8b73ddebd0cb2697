"""The errors a person may meet, each one clear line (what, where, what to do) with its exit code. No logging here.

VacancyError (1)
├── InputError (2)               wrong usage or unreadable input
├── SourceUnreachable (3)   a source could not be reached, so there is no answer
└── Refused (4)             a guard said no: read-only, preflight, limit
"""


class VacancyError(Exception):
    """Something failed; the message is one line fit for a person."""

    exit_code = 1


class InputError(VacancyError):
    """Wrong usage or unreadable input."""

    exit_code = 2


class SourceUnreachable(VacancyError):
    """A source that the answer needs could not be reached."""

    exit_code = 3


class Refused(VacancyError):
    """A guard refused: read-only, preflight or a limit."""

    exit_code = 4


def unexpected(error: Exception) -> str:
    """The line for a mistake of this program's own."""
    return one_line(f"unexpected {type(error).__name__}: {error}; please report it")


def one_line(text: str, limit: int = 300) -> str:
    """Somebody else's text made fit for an error line: no line ends, no control characters, no more than `limit`
    characters."""
    plain = "".join(char if char.isprintable() else " " for char in text[: 4 * limit])
    joined = " ".join(plain.split())
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"
