"""What only the simulated server can show. Everything else is tested over both servers.

The real control plane has no switch for faults (codes, cuts, delays, silent watches, expired tokens), sends bookmarks
about once a minute, has no kubelet that prints logs, and metrics only after two scrapes; a dead kubelet takes it
minutes that no clock can shorten.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from sim.kube import rbac
from sim.kube.faults import Fault
from tests.wire.kube import objects
from tests.wire.kube.client import Client, next_event
from tests.wire.kube.ground import Sim

NODES = "/api/v1/nodes"


@pytest.mark.parametrize("code", [401, 403, 409, 410, 429, 500, 503, 504])
async def test_a_code_for_so_many_requests(sim: Sim, admin: Client, code: int) -> None:
    sim.server.faults.add(Fault(path=NODES, times=2, skip=1, status=code))
    codes = [(await admin.get(NODES)).code for _ in range(4)]
    assert codes == [200, code, code, 200]
    assert len(list(sim.server.faults.asked("list", NODES))) == 4


async def test_throttling_with_and_without_a_delay(sim: Sim, admin: Client) -> None:
    sim.server.faults.add(Fault(verb="list", status=429, retry_after=7))
    sim.server.faults.add(Fault(verb="list", status=429))
    first, second = await admin.get(NODES), await admin.get(NODES)
    assert first.headers["Retry-After"] == "7"
    assert first.body["details"]["retryAfterSeconds"] == 7
    assert (second.code, "Retry-After" in second.headers) == (429, False)


async def test_an_answer_of_another_kind(sim: Sim, admin: Client) -> None:
    page = b"<html>502 Bad Gateway</html>"
    sim.server.faults.add(Fault(status=502, body=page, content_type="text/html"))
    reply = await admin.get(NODES)
    assert (reply.code, reply.text) == (502, page.decode())


async def test_a_cut_in_mid_answer(sim: Sim, admin: Client) -> None:
    sim.server.faults.add(Fault(path=NODES, reset_after=10))
    with pytest.raises(aiohttp.ClientError):
        await admin.get(NODES)
    assert (await admin.get(NODES)).code == 200


async def test_a_delay(sim: Sim, admin: Client) -> None:
    sim.server.faults.add(Fault(path=NODES, delay=0.3))
    began = time.monotonic()
    assert (await admin.get(NODES)).code == 200
    assert time.monotonic() - began >= 0.3


async def test_a_fault_for_one_user(sim: Sim, admin: Client) -> None:
    sim.server.faults.add(Fault(user=rbac.READER.name, times=None, status=403))
    assert (await admin.get(NODES)).code == 200
    async with Client(sim.kubeconfig(rbac.READER)) as reader:
        assert (await reader.get(NODES)).code == 403
    sim.server.faults.clear()


async def test_a_silent_watch(sim: Sim, admin: Client) -> None:
    path = "/api/v1/namespaces/default/secrets"
    async with admin.watch(path, resourceVersion=sim.registry.version) as events:
        sim.registry.create("Secret", {"metadata": {"name": "before"}})
        assert (await next_event(events))["object"]["metadata"]["name"] == "before"
        assert sim.server.watches.silence(path) == 1
        sim.registry.create("Secret", {"metadata": {"name": "after"}})
        with pytest.raises(TimeoutError):
            await next_event(events, 0.3)


async def test_a_watch_that_expires_or_ends(sim: Sim, admin: Client) -> None:
    async with admin.watch(NODES, resourceVersion=sim.registry.version) as events:
        await _until(lambda: sim.server.watches.of(NODES))
        sim.server.watches.expire(NODES)
        event = await next_event(events)
        assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
    async with admin.watch(NODES, resourceVersion=sim.registry.version) as events:
        await _until(lambda: sim.server.watches.of(NODES))
        sim.server.watches.close(NODES)
        with pytest.raises(StopAsyncIteration):
            await next_event(events)
    sim.server.faults.add(Fault(verb="watch", status=410))
    async with admin.session.get(NODES, params={"watch": "1"}) as answer:
        assert answer.status == 410


async def test_bookmarks_move_on(sim: Sim, admin: Client) -> None:
    sim.server.settings.bookmark_every = 0.1
    query = {"resourceVersion": sim.registry.version, "allowWatchBookmarks": "true"}
    async with admin.watch("/api/v1/secrets", **query) as events:
        sim.registry.create("Node", objects.node("elsewhere"))
        version = sim.registry.version
        bookmark = await next_event(events)
        assert bookmark["type"] == "BOOKMARK"
        assert int(bookmark["object"]["metadata"]["resourceVersion"]) >= version


async def test_a_token_that_expires(sim: Sim, admin: Client) -> None:
    token = sim.server.tokens.issue(rbac.ADMIN, lifetime=0.2)
    async with Client(admin.kubeconfig, token=token) as client:
        assert (await client.get(NODES)).code == 200
        await asyncio.sleep(0.25)
        assert (await client.get(NODES)).code == 401


async def test_a_crash_and_a_return_on_the_same_port(sim: Sim, admin: Client) -> None:
    port = int(sim.server.url.rpartition(":")[2])
    async with admin.watch(NODES, resourceVersion=sim.registry.version) as events:
        await sim.server.stop(abort=True)
        with pytest.raises((aiohttp.ClientError, StopAsyncIteration)):
            await next_event(events)
    with pytest.raises(aiohttp.ClientError):
        await admin.get(NODES)
    await sim.server.start(port)
    assert (await admin.get(NODES)).code == 200


async def test_metrics_and_logs(sim: Sim, admin: Client) -> None:
    sim.registry.create("Node", objects.node("n1"))
    made = objects.pod("one")
    made["metadata"]["annotations"] = {"sim.vacancy/usage": "cpu=0.5 memory=1"}
    sim.registry.create("Pod", made)
    await _until(lambda: sim.registry.get("Pod", "one", "default")["status"]["phase"] == "Running")
    assert sim.manager.usage.pods("") == []
    await _advance(sim, 40, 10)
    pods = (await admin.get("/apis/metrics.k8s.io/v1beta1/pods")).body["items"]
    assert pods[0]["metadata"]["name"] == "one"
    used = pods[0]["containers"][0]["usage"]
    assert used["cpu"].endswith("n")
    assert 0.5 * 0.7 <= int(used["cpu"][:-1]) / 100e6 <= 0.5 * 1.4
    nodes = (await admin.get("/apis/metrics.k8s.io/v1beta1/nodes")).body["items"]
    assert int(nodes[0]["usage"]["cpu"][:-1]) > int(used["cpu"][:-1])
    path = "/api/v1/namespaces/default/pods/one/log"
    lines = (await admin.get(path, tailLines=3, timestamps="true")).text.splitlines()
    assert len(lines) == 3
    assert all(" level=" in line for line in lines)
    absent = await admin.get(path, container="none")
    assert (absent.code, absent.message) == (400, "container none is not valid for pod one")
    sim.registry.clock.speed = 200
    async with admin.session.get(path, params={"follow": "true", "tailLines": "1"}) as answer:
        async with asyncio.timeout(5):
            followed = [await answer.content.readline() for _ in range(3)]
    assert len(set(followed)) == 3


async def test_no_metrics_is_503(sim: Sim, admin: Client) -> None:
    sim.server.verbs.metrics = None
    assert (await admin.get("/apis/metrics.k8s.io/v1beta1/nodes")).code == 503


async def test_a_dead_kubelet(sim: Sim, admin: Client) -> None:
    """As on the real one, but by the simulated clock: silence for 50 s, then Unknown, taints and evictions."""
    for name in ("n1", "n2"):
        sim.registry.create("Node", objects.node(name))
    sim.registry.create("Deployment", objects.workload("Deployment", "web"))
    await _until(lambda: any(objects.conditions(p).get("Ready") == "True" for p in sim.registry.list("Pod")))
    pod = sim.registry.list("Pod")[0]
    dead = pod["spec"]["nodeName"]
    sim.manager.kubelets.stop(dead)
    await _advance(sim, 80, 10)
    node = sim.registry.get("Node", dead)
    assert objects.conditions(node)["Ready"] == "Unknown"
    assert {taint["key"] for taint in node["spec"]["taints"]} == {"node.kubernetes.io/unreachable"}
    assert objects.conditions(sim.registry.get("Pod", pod["metadata"]["name"], "default"))["Ready"] == "False"
    await _advance(sim, 330, 10)
    await _until(lambda: len(sim.registry.list("Pod")) == 2)
    old = sim.registry.get("Pod", pod["metadata"]["name"], "default")
    assert "deletionTimestamp" in old["metadata"]
    sim.manager.kubelets.start(dead)
    await _until(lambda: objects.conditions(sim.registry.get("Node", dead))["Ready"] == "True")
    await _until(lambda: len(sim.registry.list("Pod")) == 1)


async def _advance(sim: Sim, seconds: int, step: int) -> None:
    """Push the clock in steps that are shorter than any grace period, so that the controllers keep pace."""
    for _ in range(seconds // step):
        sim.registry.clock.advance(step)
        for _ in range(10):
            await asyncio.sleep(0.005)


async def _until(done: Callable[[], Any], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 (what it waits for has no event)
            await asyncio.sleep(0.01)
