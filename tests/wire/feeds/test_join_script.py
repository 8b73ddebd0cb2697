"""Downloading a join script from a web server that means ill, or that is slow; and reading one from a file."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from core.errors import InputError, SourceUnreachable
from core.feeds import join_script
from core.feeds.join_script import LARGEST, fetch, read, shown

TEXT = "#!/bin/bash\nkubeadm join\n# \udcff\n"


async def answer(request: web.Request) -> web.StreamResponse:
    match request.path:
        case "/good.sh":
            return web.Response(body=TEXT.encode(errors="surrogateescape"))
        case "/large.sh":
            return web.Response(body=b"a" * (LARGEST + 1))
        case "/endless.sh":
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(100):
                await response.write(b"x" * 65_536)
            return response
        case "/slow.sh":
            await asyncio.sleep(30)
        case "/moved.sh":
            raise web.HTTPFound("/good.sh")
        case "/file.sh":
            raise web.HTTPFound("file:///etc/passwd")
        case "/round.sh":
            raise web.HTTPFound("/round.sh")
        case "/nowhere.sh":
            return web.Response(status=302)
    raise web.HTTPNotFound


@pytest_asyncio.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    monkeypatch.setattr(join_script, "WITHIN", 2.0)
    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize("path", ["/good.sh", "/moved.sh"])
async def test_it_comes_byte_for_byte(site: str, path: str) -> None:
    assert await fetch(site + path) == TEXT


@pytest.mark.parametrize(
    ("path", "why", "kind"),
    [
        ("/large.sh", "1024 KiB", InputError),
        ("/endless.sh", "1024 KiB", InputError),
        ("/slow.sh", "can it be reached", SourceUnreachable),
        ("/file.sh", "is expected", InputError),
        ("/round.sh", "redirects", SourceUnreachable),
        ("/nowhere.sh", "redirects", SourceUnreachable),
        ("/gone.sh", "answers 404", SourceUnreachable),
    ],
)
async def test_what_does_not_come_is_told_in_a_line(site: str, path: str, why: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=why) as caught:
        await fetch(f"{site}{path}?Signature=hunter2hunter2")
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_nobody_listens() -> None:
    with pytest.raises(SourceUnreachable, match="can it be reached"):
        await fetch("http://127.0.0.1:1/join.sh")


async def test_files(tmp_path: Path) -> None:
    file = tmp_path / "join.sh"
    file.write_bytes(TEXT.encode(errors="surrogateescape"))
    assert await read(str(file)) == TEXT
    file.write_bytes(b"a" * (LARGEST + 1))
    for place in (file, tmp_path, tmp_path / "gone", Path("/dev/zero")):
        with pytest.raises(InputError):
            await read(str(place))


def test_what_is_shown_of_an_address() -> None:
    assert shown("https://me:pass@h:8443/a/b.sh?Signature=x#y") == "https://h:8443/a/b.sh?…"
    assert shown("http://[::1") == "an address that can't be read"
