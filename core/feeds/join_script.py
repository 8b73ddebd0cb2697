"""Reads a join script as a machine would: from an address (http or https), a file or standard input. Judging it is in
core/analysis/join_script."""

import asyncio
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from core.errors import InputError, SourceUnreachable, one_line

if TYPE_CHECKING:
    import aiohttp

LARGEST = 1024 * 1024
"""Bytes; the largest that is read."""
WITHIN = 15.0
"""Seconds for the whole download."""
REDIRECTS = 3
SCHEMES = ("http", "https")


def is_address(text: str) -> bool:
    """Whether it is an address and not a file."""
    return "://" in text


def shown(address: str) -> str:
    """An address without what may be secret in it: passwords, signatures."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that can't be read"
    query = "?…" if parts.query else ""
    return one_line(f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}{query}")


def check(address: str) -> str:
    """The address, if a machine can download from it. Raises InputError."""
    try:
        parts = urlsplit(address)
        fits = parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits or any(char.isspace() or not char.isprintable() for char in address):
        raise InputError(f"{shown(address)}: an address such as https://host/join.sh is expected")
    return address


async def fetch(address: str) -> str:
    """The text behind an address; private and loopback addresses too, for OSS has its intranet. Raises InputError for
    an address of another kind, SourceUnreachable when nothing usable comes."""
    import aiohttp

    where = check(address)
    timeout = aiohttp.ClientTimeout(total=WITHIN)
    try:
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
            for _ in range(REDIRECTS + 1):
                async with session.get(where, allow_redirects=False) as answer:
                    if answer.status not in (301, 302, 303, 307, 308):
                        return await _text(answer, where)
                    where = check(urljoin(where, answer.headers.get("Location", "")))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        why = one_line(str(error), 120) or type(error).__name__
        raise SourceUnreachable(f"{shown(where)}: {why}; can it be reached from here?") from None
    raise SourceUnreachable(f"{shown(where)}: more than {REDIRECTS} redirects")


async def _text(answer: "aiohttp.ClientResponse", where: str) -> str:
    if answer.status != 200:
        raise SourceUnreachable(f"{shown(where)}: the server answers {answer.status}; is the address right?")
    body = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        body += chunk
        if len(body) > LARGEST:
            raise InputError(f"{shown(where)}: more than {LARGEST // 1024} KiB, so it is no script")
    return bytes(body).decode(errors="surrogateescape")


async def read(place: str) -> str:
    """The text at an address, in a file, or on standard input (`-`). Raises InputError, SourceUnreachable."""
    if is_address(place):
        return await fetch(place)
    return await asyncio.to_thread(_local, place)


def _local(place: str) -> str:
    try:
        if place == "-":
            raw = sys.stdin.buffer.read(LARGEST + 1)
        else:
            path = Path(place)
            if not stat.S_ISREG(path.stat().st_mode):
                raise InputError(f"{place}: it is no file")
            with path.open("rb") as file:
                raw = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"{place}: {error.strerror or error}") from None
    if len(raw) > LARGEST:
        raise InputError(f"{place}: more than {LARGEST // 1024} KiB, so it is no script")
    return raw.decode(errors="surrogateescape")
