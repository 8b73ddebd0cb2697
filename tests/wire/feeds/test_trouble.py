"""A server that refuses, breaks off, forgets or dies: nothing is lost, nothing flickers, and the state says what is
wrong."""

import asyncio
import json
import time
from email.utils import formatdate

import pytest
from aiohttp import web

from core.feeds.sink import Phase
from tests.wire.feeds.api import Answer, Api, node, pod, refusal, status
from tests.wire.feeds.conftest import Start

PODS = "/api/v1/pods"


async def html_502(request: web.Request) -> web.StreamResponse:
    return web.Response(status=502, text="<html><body><h1>502 Bad Gateway</h1></body></html>", content_type="text/html")


async def a_login_page(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>please log in</html>", content_type="text/html")


async def truncated_json(request: web.Request) -> web.StreamResponse:
    return web.Response(
        text='{"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"na', content_type="application/json"
    )


async def reset_in_the_middle(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100000"})
    await response.prepare(request)
    await response.write(b'{"metadata":{"resourceVersion":"5"},"items":[')
    assert request.transport is not None
    request.transport.abort()
    return response


async def refused_in_two_pieces(request: web.Request) -> web.StreamResponse:
    body = json.dumps(status(500, "InternalError", "etcd is in two minds")).encode()
    response = web.StreamResponse(status=500, headers={"Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[:40])
    await asyncio.sleep(0.1)
    await response.write(body[40:])
    return response


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (refused_in_two_pieces, "etcd is in two minds"),
        (refusal(500, "InternalError", "etcd is unhappy"), "etcd is unhappy"),
        (refusal(429, "TooManyRequests", "slow down"), "slow down"),
        (html_502, "502 Bad Gateway"),
        (a_login_page, "list of Pod"),
        (truncated_json, "list of Pod"),
        (reset_in_the_middle, "the answer broke off"),
    ],
)
async def test_a_list_is_asked_for_again(api: Api, follow: Start, answer: Answer, cause: str) -> None:
    api.put("pods", pod("a"))
    api.script(PODS, answer, answer)
    recorder = await follow("Pod")
    await recorder.until_phase("Pod", Phase.LIVE)
    assert set(recorder.held["Pod"]) == {"default/a"}
    (bad, *_) = [state for state in recorder.states["Pod"] if state.phase is Phase.UNREACHABLE]
    assert cause in bad.cause
    assert "<" not in bad.cause
    assert bad.since is not None
    assert len(api.asked(PODS)) == 3


@pytest.mark.parametrize("wish", ["1", lambda: formatdate(time.time() + 2, usegmt=True)])
async def test_retry_after_is_honoured(api: Api, follow: Start, wish: object) -> None:
    told = wish() if callable(wish) else str(wish)
    api.script(PODS, refusal(429, "TooManyRequests", "slow down", {"Retry-After": told}))
    started = time.monotonic()
    recorder = await follow("Pod")
    await recorder.until_phase("Pod", Phase.LIVE)
    assert time.monotonic() - started > 0.95


async def test_a_broken_page_in_the_middle_is_asked_for_again_and_the_rest_is_kept(api: Api, follow: Start) -> None:
    api.page = 2
    for index in range(6):
        api.put("pods", pod(f"p{index}"))
    answers = 0

    async def second_page_fails_once(request: web.Request) -> web.StreamResponse:
        nonlocal answers
        answers += 1
        if answers == 2:
            return await refusal(500, "InternalError", "boom")(request)
        return api.usual_list(request, "pods", None)

    api.script(PODS, *[second_page_fails_once] * 4)
    recorder = await follow("Pod")
    await recorder.until_phase("Pod", Phase.LIVE)
    assert len(recorder.held["Pod"]) == 6
    assert [r.query.get("continue") for r in api.asked(PODS)] == [None, "2", "2", "4"]


async def test_an_expired_continue_token_starts_the_list_again_with_larger_pages(api: Api, follow: Start) -> None:
    api.page = 2
    for index in range(4):
        api.put("pods", pod(f"p{index}"))

    async def first_page(request: web.Request) -> web.StreamResponse:
        return api.usual_list(request, "pods", None)

    api.script(PODS, first_page, refusal(410, "Expired", "The provided continue parameter is too old"))
    recorder = await follow("Pod")
    await recorder.until_phase("Pod", Phase.LIVE)
    assert len(recorder.held["Pod"]) == 4
    assert [r.query["limit"] for r in api.asked(PODS)] == ["500", "500", "2000", "2000"]


async def test_410_in_the_stream_lists_again_without_flicker(api: Api, follow: Start) -> None:
    for name in "abc":
        api.put("pods", pod(name))
    recorder = await follow("Pod")
    await api.watched("pods")
    api.objects["pods"].pop("default/a")
    event = {"type": "ERROR", "object": status(410, "Expired", "too old resource version: 1 (7)")}
    await api.send("pods", json.dumps(event).encode() + b"\n")
    await recorder.until(lambda: set(recorder.held["Pod"]) == {"default/b", "default/c"})
    assert recorder.smallest["Pod"] == 2
    assert len(api.asked(PODS)) == 2


async def test_410_instead_of_a_watch_lists_again_without_flicker(api: Api, follow: Start) -> None:
    for name in "abc":
        api.put("pods", pod(name))
    recorder = await follow("Pod")
    await api.watched("pods")
    api.script(PODS, refusal(410, "Expired", "too old resource version"))
    api.drop_watches("pods")
    await recorder.until(lambda: len(api.asked(PODS)) == 2)
    await recorder.until_phase("Pod", Phase.LIVE)
    assert recorder.smallest["Pod"] == 3
    assert {state.phase for state in recorder.states["Pod"]} <= {
        Phase.CONNECTING,
        Phase.LISTING,
        Phase.LIVE,
        Phase.RECONNECTING,
    }


async def test_another_error_in_the_stream_resumes_where_it_was(api: Api, follow: Start) -> None:
    recorder = await follow("Pod")
    await api.watched("pods")
    await api.emit("pods", "ADDED", pod("a"))
    await recorder.until(lambda: recorder.held["Pod"])
    event = {"type": "ERROR", "object": status(500, "InternalError", "etcdserver: no leader")}
    await api.send("pods", json.dumps(event).encode() + b"\n")
    state = await recorder.until_phase("Pod", Phase.RECONNECTING)
    assert state.cause == "etcdserver: no leader"
    await recorder.until_phase("Pod", Phase.LIVE)
    assert api.asked(PODS, watch=True)[-1].query["resourceVersion"] == str(api.version)
    assert len(api.asked(PODS)) == 1


async def test_garbage_in_the_stream_is_left_behind(api: Api, follow: Start) -> None:
    recorder = await follow("Pod")
    await api.watched("pods")
    await api.send("pods", b'{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n{"type":"ADD\n')
    await recorder.until_phase("Pod", Phase.RECONNECTING)
    await recorder.until_phase("Pod", Phase.LIVE)
    assert set(recorder.held["Pod"]) == {"default/a"}


async def test_an_unreadable_object_is_named_and_the_rest_goes_on(api: Api, follow: Start) -> None:
    api.put("pods", {"metadata": {"name": "odd", "namespace": "x"}, "spec": {"containers": "none"}})
    api.put("pods", pod("fine"))
    recorder = await follow("Pod")
    state = await recorder.until_phase("Pod", Phase.LIVE)
    assert set(recorder.held["Pod"]) == {"default/fine"}
    assert "x/odd" in state.problems[0]
    await api.watched("pods")
    await api.send("pods", b'{"type":"ADDED","object":{"metadata":{"name":"worse"},"spec":7}}\n')
    await recorder.until(lambda: any("worse" in line for line in recorder.now("Pod").problems))


async def test_a_silent_watch_is_replaced_within_the_idle_limit(api: Api, follow: Start) -> None:
    recorder = await follow("Pod", idle=0.2)
    await recorder.until(lambda: len(api.asked(PODS, watch=True)) >= 3)
    assert {state.phase for state in recorder.states["Pod"]} == {Phase.CONNECTING, Phase.LISTING, Phase.LIVE}
    assert len(api.asked(PODS)) == 1


async def test_a_server_that_hangs_is_noticed_by_the_heartbeat(
    api: Api, follow: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.feeds.kubernetes.cluster.HEARTBEAT_TIMEOUT", 0.1)
    recorder = await follow("Node", "Pod", heartbeat=0.1)
    await api.watched("pods")
    hang = asyncio.Event()

    async def hanging(request: web.Request) -> web.StreamResponse:
        await hang.wait()
        return web.Response(text="{}")

    api.script("/version", *[hanging] * 50)
    api.script(PODS, hanging)
    state = await recorder.until_phase("Pod", Phase.RECONNECTING)
    assert "in time" in state.cause
    assert state.since is not None
    assert state.since <= time.time() - 0.05
    hang.set()
    api.answers.clear()


async def test_a_restart_is_survived_without_a_new_list(api: Api, follow: Start) -> None:
    api.put("nodes", node("n0"))
    recorder = await follow("Node", "Pod")
    await api.watched("pods")
    await api.watched("nodes")
    before = time.time()
    await api.stop()
    for kind in ("Node", "Pod"):
        state = await recorder.until_phase(kind, Phase.RECONNECTING)
        assert state.since is not None
        assert before - 5 < state.since <= time.time()
    await recorder.until(lambda: recorder.now("Pod").cause == "connection refused")
    await api.start()
    for kind in ("Node", "Pod"):
        await recorder.until_phase(kind, Phase.LIVE)
    await api.watched("pods")
    await api.emit("pods", "ADDED", pod("later"))
    await recorder.until(lambda: "default/later" in recorder.held["Pod"])
    assert set(recorder.held["Node"]) == {"n0"}
    assert len(api.asked(PODS)) == 1


async def test_a_server_that_is_down_at_the_start_is_waited_for(api: Api, follow: Start) -> None:
    await api.stop()
    recorder = await follow("Pod")
    state = await recorder.until_phase("Pod", Phase.UNREACHABLE)
    assert state.cause == "connection refused"
    assert not state.holds
    await api.start()
    await recorder.until_phase("Pod", Phase.LIVE)


async def test_watches_that_are_refused_again_and_again_lead_to_a_new_list(api: Api, follow: Start) -> None:
    recorder = await follow("Pod")
    await api.watched("pods")
    api.script(PODS, *[refusal(504, "Timeout", "Too large resource version: 9, current: 3")] * 5)
    api.drop_watches("pods")
    await recorder.until(lambda: len(api.asked(PODS)) == 2)
    await recorder.until_phase("Pod", Phase.LIVE)


async def test_a_watch_that_ends_at_once_is_not_hammered(api: Api, follow: Start) -> None:
    async def ended(request: web.Request) -> web.StreamResponse:
        return web.Response(text="")

    recorder = await follow("Pod", backoff=(0.1, 0.1))
    await api.watched("pods")
    api.script(PODS, *[ended] * 3)
    api.drop_watches("pods")
    started = time.monotonic()
    state = await recorder.until_phase("Pod", Phase.RECONNECTING)
    await recorder.until(lambda: len(api.asked(PODS, watch=True)) == 5)
    assert time.monotonic() - started > 0.15
    assert state.cause
