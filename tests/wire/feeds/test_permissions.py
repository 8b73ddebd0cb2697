"""Identities that may not read everything, and credentials that change."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from aiohttp import web

from core.clients.kubernetes import Unauthorized
from core.errors import SourceUnreachable
from core.feeds.sink import Phase
from tests.wire.feeds.api import Answer, Api, node, pod, refusal
from tests.wire.feeds.conftest import Connect, Start

PODS = "/api/v1/pods"


async def test_one_forbidden_kind_turns_off_only_itself(api: Api, follow: Start) -> None:
    api.forbidden.add("/api/v1/nodes")
    api.put("pods", pod("a"))
    recorder = await follow("Node", "Pod")
    await recorder.until_phase("Pod", Phase.LIVE)
    state = await recorder.until_phase("Node", Phase.FORBIDDEN)
    assert state.cause == 'nodes is forbidden: User "me" cannot list'
    api.forbidden.clear()
    api.put("nodes", node("n0"))
    await recorder.until_phase("Node", Phase.LIVE)
    assert set(recorder.held["Node"]) == {"n0"}


async def test_a_namespaced_identity_reads_its_namespace_and_says_so(api: Api, follow: Start) -> None:
    api.forbidden.add(PODS)
    api.put("pods", pod("mine", "team-a"))
    api.put("pods", pod("theirs", "team-b"))
    recorder = await follow("Pod")
    state = await recorder.until_phase("Pod", Phase.LIVE)
    assert set(recorder.held["Pod"]) == {"team-a/mine"}
    assert state.namespace == "team-a"
    assert state.cause == "only namespace team-a: pods of the whole cluster are forbidden"
    await api.watched("pods")
    assert api.asked("/api/v1/namespaces/team-a/pods", watch=True)


async def test_a_kind_that_is_not_served_is_absent_until_it_comes(api: Api, follow: Start) -> None:
    recorder = await follow("CloneSet")
    state = await recorder.until_phase("CloneSet", Phase.ABSENT)
    assert state.cause == "this cluster serves no clonesets of apps.kruise.io/v1alpha1"
    api.served.add("clonesets")
    await recorder.until_phase("CloneSet", Phase.LIVE)


async def test_a_permission_taken_away_is_reported_at_the_next_request(api: Api, follow: Start) -> None:
    api.put("pods", pod("a"))
    recorder = await follow("Pod")
    await api.watched("pods")
    api.forbidden |= {PODS, "/api/v1/namespaces/team-a/pods"}
    api.drop_watches("pods")
    state = await recorder.until_phase("Pod", Phase.FORBIDDEN)
    assert "forbidden" in state.cause


def _no_watch(api: Api) -> Answer:
    """Lists as usual, and refuses watches."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            return await refusal(403, "Forbidden", "cannot watch")(request)
        return api.usual_list(request, "pods", None)

    return answer


async def test_what_may_be_listed_but_not_watched_is_polled(api: Api, follow: Start) -> None:
    api.put("pods", pod("a"))
    recorder = await follow("Pod")
    await api.watched("pods")
    api.script(PODS, *[_no_watch(api)] * 20)
    api.objects["pods"].clear()
    api.drop_watches("pods")
    await recorder.until(lambda: "can't be watched" in recorder.now("Pod").cause)
    assert recorder.now("Pod").phase is Phase.LIVE
    assert not recorder.held["Pod"]


async def test_a_server_that_has_just_started_is_not_believed_when_it_refuses_watches(api: Api, follow: Start) -> None:
    recorder = await follow("Pod")
    await api.watched("pods")
    await api.stop()
    await recorder.until_phase("Pod", Phase.RECONNECTING)
    api.script(PODS, *[_no_watch(api)] * 4)
    await api.start()
    await recorder.until_phase("Pod", Phase.LIVE)
    assert not [state for state in recorder.states["Pod"] if "can't be watched" in state.cause]


async def test_a_token_file_that_changed_is_read_again_after_401(api: Api, follow: Start, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old\n")
    api.token = "old"
    recorder = await follow("Pod", user={"tokenFile": str(token)})
    await api.watched("pods")
    token.write_text("new\n")
    api.token = "new"
    api.drop_watches("pods")
    await recorder.until(lambda: len(api.asked(PODS, watch=True)) >= 2)
    await api.watched("pods")
    await api.emit("pods", "ADDED", pod("a"))
    await recorder.until(lambda: recorder.held["Pod"])
    assert len(api.asked(PODS)) == 1


async def test_refused_credentials_are_one_clear_line(api: Api, connected: Connect) -> None:
    api.token = "right"
    clients = await connected({"token": "wrong"})
    with pytest.raises(Unauthorized) as caught:
        await clients.reader.get(PODS)
    assert str(caught.value).startswith(f"{api.url}{PODS}: 401 Unauthorized; renew the credentials")
    assert caught.value.exit_code == 3
    assert len(api.requests) == 2


async def test_many_refused_requests_ask_for_new_credentials_once(api: Api, connected: Connect, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    api.token = "right"
    clients = await connected(_plugin(tmp_path, f"echo x >> {calls}; cat {tmp_path}/credential"))
    assert calls.read_text().count("x") == 1
    results = await asyncio.gather(*(clients.reader.get(PODS) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(result, Unauthorized) for result in results)
    assert calls.read_text().count("x") == 2


async def test_an_exec_plugin_gives_the_token_and_gives_a_new_one_after_401(
    api: Api, connected: Connect, tmp_path: Path
) -> None:
    user = _plugin(tmp_path, f"cat {tmp_path}/credential", token="first")
    api.token = "first"
    clients = await connected(user)
    await clients.reader.get(PODS)
    _plugin(tmp_path, f"cat {tmp_path}/credential", token="second")
    api.token = "second"
    await clients.reader.get(PODS)


async def test_an_exec_plugin_that_fails_is_one_clear_line(connected: Connect, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable, match=r"plugin.*failed \(7\): no network"):
        await connected(_plugin(tmp_path, "echo warming up >&2; echo no network >&2; exit 7"))


async def test_an_exec_plugin_is_told_about_the_cluster_and_gets_no_terminal(
    connected: Connect, tmp_path: Path
) -> None:
    note = f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; readlink /proc/self/fd/0 >> {tmp_path}/info'
    user = _plugin(tmp_path, f"{note}; cat {tmp_path}/credential")
    user["exec"]["provideClusterInfo"] = True
    await connected(user)
    info, stdin = (tmp_path / "info").read_text().splitlines()
    assert json.loads(info)["spec"]["cluster"]["server"].startswith("http://127.0.0.1:")
    assert json.loads(info)["spec"]["interactive"] is False
    assert stdin == os.devnull


async def test_a_server_that_has_just_started_is_not_believed_when_it_refuses(api: Api, follow: Start) -> None:
    """It answers before it has read its roles."""
    api.put("pods", pod("a"))
    recorder = await follow("Pod")
    await api.watched("pods")
    await api.stop()
    await recorder.until_phase("Pod", Phase.RECONNECTING)
    api.forbidden |= {PODS, "/api/v1/namespaces/team-a/pods"}
    await api.start()
    await recorder.until(lambda: "forbidden" in recorder.now("Pod").cause)
    assert recorder.now("Pod").phase is Phase.RECONNECTING
    api.forbidden.clear()
    await recorder.until_phase("Pod", Phase.LIVE)
    assert Phase.FORBIDDEN not in {state.phase for state in recorder.states["Pod"]}
    assert recorder.smallest["Pod"] == 1


def _plugin(folder: Path, script: str, token: str = "wrong") -> dict[str, dict[str, object]]:
    """A kubeconfig user with an exec plugin that runs a shell script."""
    version = "client.authentication.k8s.io/v1"
    credential = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": token}}
    (folder / "credential").write_text(json.dumps(credential))
    program = folder / "plugin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"exec": {"apiVersion": version, "command": str(program), "interactiveMode": "IfAvailable"}}
