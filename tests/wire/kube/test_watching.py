"""Watches: where they start, what selectors make of changes, bookmarks, and the end of history."""

import asyncio
from collections.abc import AsyncIterator

from tests.wire.kube import objects
from tests.wire.kube.client import MERGE, Json, next_event
from tests.wire.kube.ground import Ground


def _said(event: Json) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"]["name"]


async def _version(ground: Ground) -> str:
    listed = await ground.admin.get(ground.at("configmaps"))
    return str(listed.body["metadata"]["resourceVersion"])


async def test_changes_since_a_version(ground: Ground) -> None:
    start = await _version(ground)
    made = await ground.make("configmaps", objects.config_map("one"))
    await ground.admin.patch(ground.at("configmaps", "one"), {"data": {"a": "b"}}, MERGE)
    async with ground.admin.watch(ground.at("configmaps"), resourceVersion=start) as events:
        added = await next_event(events)
        assert _said(added) == ("ADDED", "one")
        assert added["object"]["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
        assert (added["object"]["kind"], added["object"]["apiVersion"]) == ("ConfigMap", "v1")
        assert _said(await next_event(events)) == ("MODIFIED", "one")
        await ground.admin.delete(ground.at("configmaps", "one"))
        deleted = await next_event(events)
        assert _said(deleted) == ("DELETED", "one")
        assert deleted["object"]["data"] == {"a": "b"}
        last = int(deleted["object"]["metadata"]["resourceVersion"])
        assert last > int(made["metadata"]["resourceVersion"])


async def test_a_watch_without_a_version_begins_with_what_there_is(ground: Ground) -> None:
    await ground.make("configmaps", objects.config_map("one"))
    for query in ({}, {"resourceVersion": "0"}):
        async with ground.admin.watch(ground.at("configmaps"), **query) as events:
            first = {_said(await next_event(events)) for _ in range(2)}
            assert first == {("ADDED", "one"), ("ADDED", "kube-root-ca.crt")}


async def test_objects_come_and_go_with_a_selector(ground: Ground) -> None:
    start = await _version(ground)
    await ground.make("configmaps", objects.config_map("one"))
    path = ground.at("configmaps", "one")
    async with ground.admin.watch(ground.at("configmaps"), resourceVersion=start, labelSelector="in=yes") as events:
        await ground.admin.patch(path, {"metadata": {"labels": {"in": "yes"}}})
        assert _said(await next_event(events)) == ("ADDED", "one")
        await ground.admin.patch(path, {"data": {"a": "b"}})
        assert _said(await next_event(events)) == ("MODIFIED", "one")
        gone = await ground.admin.patch(path, {"metadata": {"labels": {"in": "no"}}})
        deleted = await next_event(events)
        assert _said(deleted) == ("DELETED", "one")
        assert deleted["object"]["metadata"]["resourceVersion"] == gone.body["metadata"]["resourceVersion"]
        assert deleted["object"]["metadata"]["labels"] == {"in": "yes"}


async def test_other_namespaces_are_not_heard(ground: Ground) -> None:
    start = await _version(ground)
    async with ground.admin.watch(ground.at("configmaps"), resourceVersion=start) as events:
        await ground.admin.post("/api/v1/namespaces/default/configmaps", objects.config_map(ground.namespace))
        await ground.make("configmaps", objects.config_map("mine"))
        assert _said(await next_event(events)) == ("ADDED", "mine")
    await ground.admin.delete(f"/api/v1/namespaces/default/configmaps/{ground.namespace}")


async def test_initial_events_end_with_a_bookmark(ground: Ground) -> None:
    await ground.make("configmaps", objects.config_map("one"))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async with ground.admin.watch(ground.at("configmaps"), **query) as events:
        seen = [await next_event(events) for _ in range(3)]
        assert {_said(event) for event in seen[:2]} == {("ADDED", "one"), ("ADDED", "kube-root-ca.crt")}
        assert seen[2]["type"] == "BOOKMARK"
        assert seen[2]["object"]["kind"] == "ConfigMap"
        assert seen[2]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_a_watch_ends_at_its_time(ground: Ground) -> None:
    start = await _version(ground)
    async with ground.admin.watch(ground.at("configmaps"), resourceVersion=start, timeoutSeconds=1) as events:
        async with asyncio.timeout(5):
            assert [event async for event in events if event["type"] != "BOOKMARK"] == []


async def test_watching_one_object_by_name(ground: Ground) -> None:
    await ground.make("configmaps", objects.config_map("one"))
    await ground.make("configmaps", objects.config_map("two"))
    async with ground.admin.watch(ground.at("configmaps"), fieldSelector="metadata.name=two") as events:
        assert _said(await next_event(events)) == ("ADDED", "two")


async def test_history_that_is_gone(ground: Ground) -> None:
    start = await _version(ground)
    await ground.make("configmaps", objects.config_map("one"))
    await ground.compact()
    async with ground.admin.watch(ground.at("configmaps"), resourceVersion=start) as events:
        event = await next_event(events)
        assert event["type"] == "ERROR"
        assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
        assert event["object"]["message"].startswith("too old resource version: ")
        assert await _rest(events) == []


async def _rest(events: AsyncIterator[Json]) -> list[Json]:
    async with asyncio.timeout(5):
        return [event async for event in events]


async def test_resuming_misses_nothing(ground: Ground) -> None:
    version = await _version(ground)
    names = []
    for number in range(6):
        await ground.make("configmaps", objects.config_map(f"c{number}"))
        async with ground.admin.watch(ground.at("configmaps"), resourceVersion=version) as events:
            event = await next_event(events)
            names.append(event["object"]["metadata"]["name"])
            version = event["object"]["metadata"]["resourceVersion"]
    assert names == [f"c{number}" for number in range(6)]


async def test_a_table_of_changes(ground: Ground) -> None:
    start = await _version(ground)
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    query = {"watch": "1", "resourceVersion": start}
    await ground.make("configmaps", objects.config_map("one"))
    async with ground.admin.session.get(ground.at("configmaps"), params=query, headers=accept) as answer:
        async with asyncio.timeout(5):
            line = await answer.content.readline()
    assert b'"kind":"Table"' in line
    assert b'"type":"ADDED"' in line


async def test_watches_of_events_in_their_newer_form(ground: Ground) -> None:
    path = f"/apis/events.k8s.io/v1/namespaces/{ground.namespace}/events"
    version = (await ground.admin.get(path)).body["metadata"]["resourceVersion"]
    async with ground.admin.watch(path, fieldSelector="regarding.name=one", resourceVersion=version) as events:
        for name in ("other", "one"):
            about = {"kind": "Pod", "name": name, "namespace": ground.namespace}
            meta = {"name": f"e-{name}", "namespace": ground.namespace}
            made = {
                "metadata": meta,
                "involvedObject": about,
                "reason": "Because",
                "message": "words",
                "type": "Normal",
            }
            await ground.make("events", made)
        event = await next_event(events)
        assert event["object"]["apiVersion"] == "events.k8s.io/v1"
        assert (event["object"]["regarding"]["name"], event["object"]["note"]) == ("one", "words")
