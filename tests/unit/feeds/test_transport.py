"""Proxies, error lines, back-off and the heads of lists: the small rules below the feeds."""

import asyncio
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest

from core.clients.kubernetes import ApiError, Forbidden, Gone, NotFound, Throttled, Unauthorized
from core.clients.kubernetes.errors import from_response, from_status
from core.clients.kubernetes.proxy import proxy_for
from core.feeds.kubernetes.listing import token_of
from core.feeds.metrics import SLICE, slices
from core.feeds.patience import Backoff, Outage

PROXIES = {"HTTPS_PROXY": "http://proxy:3128", "http_proxy": "plain:80"}


@pytest.mark.parametrize(
    ("url", "no_proxy", "proxy"),
    [
        ("https://api.example.com:6443", "", "http://proxy:3128"),
        ("http://api.example.com", "", "http://plain:80"),
        ("https://127.0.0.1:6443", "", None),
        ("https://localhost:6443", "", None),
        ("https://[::1]:6443", "", None),
        ("https://api.example.com", "*", None),
        ("https://api.example.com", "example.com", None),
        ("https://api.example.com", ".example.com", None),
        ("https://api.example.com", "*.example.com", None),
        ("https://example.com", ".example.com", "http://proxy:3128"),
        ("https://badexample.com", "example.com", "http://proxy:3128"),
        ("https://10.1.2.3:6443", "10.0.0.0/8", None),
        ("https://11.1.2.3:6443", " , 10.0.0.0/8,nonsense/99", "http://proxy:3128"),
        ("https://10.1.2.3:6443", "10.1.2.3:443", "http://proxy:3128"),
        ("https://10.1.2.3:6443", "10.1.2.3:6443", None),
        ("https://[fd00::1]:6443", "fd00::/8", None),
    ],
)
def test_proxies_follow_gos_rules(url: str, no_proxy: str, proxy: str | None) -> None:
    assert proxy_for(url, {**PROXIES, "NO_PROXY": no_proxy}) == proxy


def test_no_proxy_without_a_setting() -> None:
    assert proxy_for("https://api.example.com", {"NO_PROXY": "x"}) is None


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, Unauthorized, 3),
        (403, Forbidden, 3),
        (404, NotFound, 1),
        (410, Gone, 1),
        (429, Throttled, 1),
        (500, ApiError, 1),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[ApiError], code: int) -> None:
    error = from_response("https://s", "/p", status, {}, b"")
    assert type(error) is kind
    assert (error.exit_code, error.status, error.retry_after) == (code, status, None)
    assert str(error).startswith(f"https://s/p: {status} ")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"null", b'{"message": 7}', b"\xff", b"[" * 5000])
def test_an_error_without_a_status_object_shows_no_foreign_text(body: bytes) -> None:
    assert from_response("https://s", "/p", 599, {}, body).cause == "599 error from https://s"


def test_a_message_with_control_characters_becomes_one_plain_line() -> None:
    body = json.dumps({"message": "no\n\x1b[31mway\x07" + "x" * 999}).encode()
    cause = from_response("https://s", "/p", 403, {}, body).cause
    assert cause.startswith("no [31mway xxx")
    assert len(cause) <= 300


def test_retry_after_in_every_form() -> None:
    def wish(header: str, body: bytes = b"") -> float | None:
        return from_response("s", "/", 429, {"Retry-After": header} if header else {}, body).retry_after

    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    past = format_datetime(datetime.now(UTC) - timedelta(seconds=30), usegmt=True)
    assert wish("7") == 7
    assert wish(soon) == pytest.approx(30, abs=2)
    assert wish(past) == 0
    assert wish("-5") is None
    assert wish("soon") is None
    assert wish("", b'{"details":{"retryAfterSeconds":3}}') == 3
    assert wish("", b'{"details":{"retryAfterSeconds":"x"}}') is None
    assert wish("", b'{"details":null}') is None


def test_a_watch_error_that_has_expired_is_gone_whatever_its_code() -> None:
    assert isinstance(from_status("s", 410, "too old", "Expired"), Gone)
    assert isinstance(from_status("s", 200, None, "Expired"), Gone)
    assert type(from_status("s", 500, None, None)) is ApiError


def test_backoff_grows_to_its_limit_with_jitter_and_honours_a_wish() -> None:
    backoff = Backoff(first=1.0, longest=8.0)
    delays = [backoff.next() for _ in range(60)]
    for delay, whole in zip(delays, [1, 2, 4, *[8] * 57], strict=True):
        assert whole / 2 <= delay <= whole
    assert len(set(delays[3:])) > 40
    assert 20 <= backoff.next(20) <= 21
    assert backoff.next(1e9) <= 301
    backoff.reset()
    assert backoff.next() <= 1


async def test_sleepers_can_be_woken() -> None:
    outage = Outage()
    started = time.monotonic()
    sleepers = [asyncio.create_task(outage.sleep(30)) for _ in range(3)]
    await asyncio.sleep(0.01)
    outage.over()
    await asyncio.gather(*sleepers)
    await outage.sleep(0.02)
    assert time.monotonic() - started < 5


def test_the_token_is_found_wherever_the_metadata_stands() -> None:
    assert token_of(b'{"kind":"PodList","metadata":{"resourceVersion":"1","continue":"abc="},"items":[]}') == "abc="
    assert token_of(b'{"metadata":{"resourceVersion":"1"},"items":[{"continue":"no"}]}') == ""
    assert token_of(b'{"items":[],"metadata":{"continue":"late"}}') == "late"
    assert token_of(b'{"items":[],"metadata":') == ""
    assert token_of(b"") == ""


def test_slices_of_a_long_list_hold_every_item_once() -> None:
    items = [{"metadata": {"name": f'}},{{"metadata":{{"{n}'}, "containers": [{"name": "c" * 50}]} for n in range(4000)]
    for body in (json.dumps({"items": items}).encode(), msgspec.json.encode({"metadata": {}, "items": items})):
        parts = list(slices(body))
        assert len(parts) >= len(body) // SLICE - 1
        assert [item for part in parts for item in json.loads(part)["items"]] == items
    assert list(slices(b'{"items":[]}')) == [b'{"items":[]}']
    assert list(slices(b"<html>" * 100_000)) == [b"<html>" * 100_000]


def test_the_packages_are_imported_late() -> None:
    heavy = "{'kubernetes', 'aiohttp', 'yaml'} & set(sys.modules)"
    code = f"import sys, core.clients.kubernetes, core.feeds.kubernetes; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_one_watch_that_breaks_is_no_outage_and_two_at_once_are() -> None:
    outage = Outage()
    outage.broke()
    assert not outage.recent
    outage.broke()
    assert outage.recent
