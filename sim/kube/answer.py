"""An answer before it is on the wire: code, headers, encoded and perhaps compressed body."""

import asyncio
import zlib
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sim.kube.errors import ApiError

Obj = dict[str, Any]

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
_COMPRESS_FROM = 128 * 1024  # k8s.io/apiserver compresses larger bodies only, at level 1
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is an object to encode, or bytes as they are."""

    body: Obj | bytes
    code: int = 200
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_error(cls, error: ApiError) -> "Answer":
        headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
        return cls(error.status(), error.code, JSON, headers)


async def encoded(answer: Answer, accept_encoding: str) -> tuple[bytes, dict[str, str]]:
    """The body's bytes and all headers; large bodies are compressed off the event loop."""
    body = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body) + b"\n"
    headers = {"Content-Type": answer.content_type, "Cache-Control": "no-cache, private", **answer.headers}
    if len(body) > _COMPRESS_FROM and "gzip" in accept_encoding:
        body = await asyncio.to_thread(_gzip, body)
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return body, headers


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()
