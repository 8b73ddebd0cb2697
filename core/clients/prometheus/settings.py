"""Which Prometheus-compatible endpoint is asked, and as whom: the command line, the environment, then `prometheus.toml`
in the configuration folder. Credentials come from the environment only, and appear in no message."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import InputError, one_line

URL, MATCH, CA = "VACANCY_PROMETHEUS", "VACANCY_PROMETHEUS_MATCH", "VACANCY_PROMETHEUS_CA"
TOKEN, TOKEN_FILE = "VACANCY_PROMETHEUS_TOKEN", "VACANCY_PROMETHEUS_TOKEN_FILE"
USER, PASSWORD = "VACANCY_PROMETHEUS_USER", "VACANCY_PROMETHEUS_PASSWORD"
FILE = "prometheus.toml"
_KEYS = ("url", "window", "match", "ca")


@dataclass(frozen=True, slots=True)
class Settings:
    """`url` without a slash at its end. `match`: more label matchers for every query, such as `cluster="prod"`.

    `place` is what messages say: an address's path may hold a token, so it stays out of them."""

    url: str = field(repr=False)
    place: str
    window: str = ""
    match: str = ""
    ca: str = ""
    token: str = field(default="", repr=False)
    token_file: str = ""
    user: str = ""
    password: str = field(default="", repr=False)


def find(url: str, env: Mapping[str, str], folder: Path | None = None) -> Settings | None:
    """The endpoint at `url`, else the environment's, else the one in prometheus.toml; None where none is named.

    `folder`: the configuration folder, None: the user's. Raises InputError for settings that can't be meant."""
    own = _own(folder)
    address = url or env.get(URL, "") or own.get("url", "")
    if not address:
        return None
    return Settings(
        url=address.rstrip("/"),
        place=_place(address),
        window=own.get("window", ""),
        match=env.get(MATCH, "") or own.get("match", ""),
        ca=env.get(CA, "") or own.get("ca", ""),
        token=env.get(TOKEN, ""),
        token_file=env.get(TOKEN_FILE, ""),
        user=env.get(USER, ""),
        password=env.get(PASSWORD, ""),
    )


def _place(address: str) -> str:
    """Scheme, host and port."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InputError("the Prometheus address is no URL: write http://host:9090 or https://host/path") from None
    if parts.scheme not in ("http", "https") or not host:
        raise InputError("the Prometheus address is no URL: write http://host:9090 or https://host/path")
    if parts.username or parts.password:
        raise InputError(f"the Prometheus address holds credentials: put them in {USER} and {PASSWORD}, or in {TOKEN}")
    if parts.query or parts.fragment:
        raise InputError("the Prometheus address has a ? or a # in it: name the address that /api/v1/query comes after")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"


def _own(folder: Path | None) -> dict[str, str]:
    """prometheus.toml; empty where there is none."""
    if folder is None:
        from platformdirs import user_config_path  # here, because start-up must not pay for it

        folder = user_config_path("vacancy", appauthor=False)
    path = folder / FILE
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {one_line(str(error))}") from None
    strange = [name for name, value in found.items() if name not in _KEYS or not isinstance(value, str)]
    if strange:
        raise InputError(f"{path}: {one_line(', '.join(strange), 80)}: only {', '.join(_KEYS)} stand there, as texts")
    return found


def authorization(settings: Settings) -> str:
    """The header's value; empty without credentials. A token file is read each time: tokens are renewed."""
    import base64

    token = settings.token
    if settings.token_file:
        try:
            token = Path(settings.token_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{TOKEN_FILE}: {one_line(str(error))}") from None
    if token:
        if not token.isascii() or not token.isprintable():
            raise InputError(f"{TOKEN}: a token has no such characters in it")
        return f"Bearer {token}"
    if settings.user:
        return "Basic " + base64.b64encode(f"{settings.user}:{settings.password}".encode()).decode()
    return ""
