"""Asking an API server as nobody: no credential of any kind, and no trust but what the caller brings. It is what a
machine does that is about to join a cluster."""

import os
import ssl
from dataclasses import dataclass

from core.clients.kubernetes import errors
from core.clients.kubernetes.connection import beginning
from core.clients.kubernetes.proxy import proxy_for

WITHIN = 15.0
"""Seconds for the whole answer."""
_LARGEST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to nobody in particular; at most 256 KiB of it."""

    status: int
    body: bytes


async def ask(server: str, path: str, ca: str = "") -> Answer:
    """GET, with the server's certificate checked against `ca` (PEM) alone; without one it is not checked at all, so
    believe nothing of the answer that isn't signed. Raises Unreachable, also for a certificate of another CA."""
    import aiohttp

    try:
        check: ssl.SSLContext | bool = _trusting(ca) if ca else False
        timeout = aiohttp.ClientTimeout(total=WITHIN)
        async with (
            aiohttp.ClientSession(trust_env=False, timeout=timeout) as session,
            session.get(
                f"{server.rstrip('/')}{path}",
                ssl=check,
                proxy=proxy_for(server, os.environ),
                headers={"Accept": "application/json"},
                allow_redirects=False,
            ) as answer,
        ):
            return Answer(answer.status, await beginning(answer.content, _LARGEST))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise errors.from_exception(server, error) from None


def _trusting(ca: str) -> ssl.SSLContext:
    """Certificates of this CA and no other, for whatever name: joining machines may know the server by another."""
    context = ssl.create_default_context(cadata=ca)
    context.check_hostname = False
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as Go's TLS: older cluster CAs lack what the strict mode demands
    return context
