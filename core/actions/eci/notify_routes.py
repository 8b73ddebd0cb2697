"""Where owners are told: routes by name, each of one or more channels, in `notify.toml` of the user's configuration
directory. Channels are secrets: they stay here, and are neither planned, recorded nor shown."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.actions.action_plan import Finding, Level
from core.errors import InputError

NAME = "notify.toml"
MOST = 10
"""Channels of one route."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`routes`: name -> a URL or several, as apprise has them, or `env:NAME`, `file:PATH` for one that is kept there.
    `teams`: team or namespace -> route. `default`: the route of all others, "" for none."""

    routes: dict[str, str | list[str]] = {}
    teams: dict[str, str] = {}
    default: str = ""


@dataclass(frozen=True)
class Routes:
    """What one file says."""

    path: Path
    file: _File

    def of(self, wishes: list[str], owner: str) -> str:
        """The route of an owner: the first that annotations wish and that there is, by its name else, else the default;
        "" for none."""
        named = (*wishes, self.file.teams.get(owner, ""), owner, self.file.default)
        return next((name for name in named if name in self.file.routes), "")

    def channels(self, route: str) -> int:
        """How many it has."""
        return len(self._said(route))

    def url(self, route: str, index: int) -> str:
        """One channel's URL. Raises InputError, which names the route and not the URL."""
        said = self._said(route)
        if index >= len(said):
            raise InputError(f"{self.path}: route {route} has no channel {index + 1} any more")
        where, _, name = said[index].partition(":")
        if where == "env":
            return _needed(os.environ.get(name, ""), f"route {route}: environment variable {name} is not set")
        if where == "file":
            return _needed(_text(Path(name)), f"route {route}: {name} can't be read")
        return said[index]

    def _said(self, route: str) -> list[str]:
        found = self.file.routes.get(route, [])
        return ([found] if isinstance(found, str) else found)[:MOST]

    def judge(self) -> list[Finding]:
        """Who else can read its secrets."""
        try:
            open_to_others = self.path.stat().st_mode & 0o077
        except OSError:
            return []
        if not open_to_others or not any("://" in one for name in self.file.routes for one in self._said(name)):
            return []
        return [Finding(Level.WARNING, "RoutesReadable", str(self.path), "others can read its secrets: chmod 600 it")]


def load(path: str = "") -> Routes:
    """The routes at `path`, else the user's own. Raises InputError for a file that can't be read."""
    import platformdirs

    file = Path(path) if path else Path(platformdirs.user_config_dir("vacancy", appauthor=False)) / NAME
    try:
        found: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{file}: there is none; write one with [routes], see vacancy notify --help") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: {type(error).__name__}: it can't be read as TOML") from None  # its text is secret
    try:
        return Routes(file, msgspec.convert(found, _File))
    except msgspec.ValidationError as error:
        raise InputError(f"{file}: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _needed(text: str, otherwise: str) -> str:
    if not text:
        raise InputError(otherwise)
    return text
