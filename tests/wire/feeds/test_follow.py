"""Listing and watching when nothing goes wrong."""

import asyncio

from core.feeds.sink import Phase
from tests.wire.feeds.api import Api, node, pod
from tests.wire.feeds.conftest import Start


async def test_lists_then_follows(api: Api, follow: Start) -> None:
    api.put("nodes", node("n0"))
    api.put("pods", pod("a"))
    recorder = await follow("Node", "Pod")
    await recorder.until_phase("Pod", Phase.LIVE)
    assert set(recorder.held["Pod"]) == {"default/a"}
    await api.watched("pods")
    await api.emit("pods", "ADDED", pod("b"))
    await api.emit("pods", "DELETED", pod("a"))
    await recorder.until(lambda: set(recorder.held["Pod"]) == {"default/b"})
    assert set(recorder.held["Node"]) == {"n0"}


async def test_pages_are_counted_and_the_watch_starts_at_the_lists_version(api: Api, follow: Start) -> None:
    api.page = 2
    for index in range(5):
        api.put("pods", pod(f"p{index}"))
    recorder = await follow("Pod")
    await recorder.until_phase("Pod", Phase.LIVE)
    assert [call for call in recorder.calls if call[0] == "page"] == [
        ("page", "Pod", "2/5"),
        ("page", "Pod", "4/5"),
        ("page", "Pod", "5/5"),
    ]
    listing = [(s.done, s.remaining) for s in recorder.states["Pod"] if s.phase is Phase.LISTING]
    assert listing == [(2, 3), (4, 1), (5, 0)]
    (watch,) = api.asked("/api/v1/pods", watch=True)
    assert watch.query["resourceVersion"] == "105"
    assert watch.query["allowWatchBookmarks"] == "true"
    assert [r.query["limit"] for r in api.asked("/api/v1/pods")] == ["500"] * 3
    assert watch.headers["User-Agent"].startswith("vacancy/")


async def test_bookmarks_move_the_version_from_which_a_watch_resumes(api: Api, follow: Start) -> None:
    recorder = await follow("Pod")
    await api.watched("pods")
    await api.send("pods", b'{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"4711"}}}\n')
    await asyncio.sleep(0.1)
    api.drop_watches()
    await recorder.until(lambda: len(api.asked("/api/v1/pods", watch=True)) == 2)
    assert api.asked("/api/v1/pods", watch=True)[1].query["resourceVersion"] == "4711"
    assert len(api.asked("/api/v1/pods")) == 1


async def test_events_cut_anywhere_by_the_network_arrive_whole(api: Api, follow: Start) -> None:
    recorder = await follow("Pod")
    await api.watched("pods")
    whole = b"".join(b'{"type":"ADDED","object":{"metadata":{"name":"p%d"}}}\n' % i for i in range(20))
    for start in range(0, len(whole), 37):
        await api.send("pods", whole[start : start + 37])
        await asyncio.sleep(0.001)
    await recorder.until(lambda: len(recorder.held["Pod"]) == 20)


async def test_a_watch_that_ends_in_time_is_followed_by_the_next_without_a_word(api: Api, follow: Start) -> None:
    recorder = await follow("Pod", lifetime=(1, 1))
    await api.watched("pods")
    await api.emit("pods", "ADDED", pod("a"))
    await recorder.until(lambda: len(api.asked("/api/v1/pods", watch=True)) >= 2)
    await api.watched("pods")
    await api.emit("pods", "ADDED", pod("b"))
    await recorder.until(lambda: len(recorder.held["Pod"]) == 2)
    assert [state.phase for state in recorder.states["Pod"]] == [Phase.CONNECTING, Phase.LISTING, Phase.LIVE]
    assert len(api.asked("/api/v1/pods")) == 1
