"""Recording a dump: complete or not at all, without secrets, and readable again as the same cluster."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from aiohttp import web

from core.clients.kubernetes import Forbidden
from core.errors import InputError
from core.feeds import dump
from core.feeds.record import record
from core.kube.kinds import BY_NAME
from tests.wire.feeds.api import Api, Json, node, pod, refusal
from tests.wire.feeds.conftest import Connect

PODS = "/api/v1/pods"
KINDS = [BY_NAME[name] for name in ("Node", "Pod", "NodeMetrics", "PodDisruptionBudget", "CloneSet")]


def with_secrets(name: str) -> Json:
    obj = pod(name)
    obj["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": "hunter22"}]
    obj["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "hunter22"}
    return obj


@pytest.mark.parametrize("name", ["dump.json", "dump.json.gz"])
async def test_a_dump_reads_as_the_same_cluster(api: Api, connected: Connect, tmp_path: Path, name: str) -> None:
    api.served |= {"poddisruptionbudgets"}
    api.page = 3
    api.put("nodes", node("n0"))
    for index in range(7):
        api.put("pods", with_secrets(f"p{index}"))
    told: list[tuple[str, int, int | None]] = []
    path = tmp_path / name
    done = await record((await connected()).reader, str(path), KINDS, lambda *step: told.append(step))
    assert done.counts == {"Node": 1, "Pod": 7, "NodeMetrics": 1, "PodDisruptionBudget": 0}
    assert done.unavailable == {"CloneSet": "this cluster serves no clonesets of apps.kruise.io/v1alpha1"}
    assert [step[1:] for step in told if step[0] == "Pod"] == [(3, 7), (6, 7), (7, None)]
    text = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    assert b"hunter22" not in text
    assert {(item["apiVersion"], item["kind"]) for item in json.loads(text)["items"]} == {
        ("v1", "Node"),
        ("v1", "Pod"),
        ("metrics.k8s.io/v1beta1", "NodeMetrics"),
        ("policy/v1", "PodDisruptionBudgetList"),
    }
    read = dump.read(str(path))
    assert [obj.key for kind, obj in read.objects if kind == "Pod"] == [f"default/p{index}" for index in range(7)]
    assert read.present == {"Node", "Pod", "NodeMetrics", "PodDisruptionBudget"}
    assert path.stat().st_mode & 0o077 == 0


async def test_a_failed_recording_leaves_the_old_file_and_nothing_else(
    api: Api, connected: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "out" / "dump.json"
    path.parent.mkdir()
    path.write_text("old")
    api.put("nodes", node("n0"))
    api.forbidden |= {PODS, "/api/v1/namespaces/team-a/pods"}
    with pytest.raises(Forbidden):
        await record((await connected()).reader, str(path), KINDS)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


async def test_an_expired_list_is_taken_up_again_without_doubles(api: Api, connected: Connect, tmp_path: Path) -> None:
    api.page = 2
    for index in range(5):
        api.put("pods", pod(f"p{index}"))

    async def first_page(request: web.Request) -> web.StreamResponse:
        return api.usual_list(request, "pods", None)

    api.script(PODS, first_page, refusal(410, "Expired"))
    path = tmp_path / "dump.json"
    done = await record((await connected()).reader, str(path), [BY_NAME["Pod"]])
    assert done.counts == {"Pod": 5}
    assert len(json.loads(path.read_bytes())["items"]) == 5


async def test_a_namespaced_identity_records_its_namespace(api: Api, connected: Connect, tmp_path: Path) -> None:
    api.forbidden.add(PODS)
    api.put("pods", pod("mine", "team-a"))
    api.put("pods", pod("theirs", "team-b"))
    path = tmp_path / "dump.json"
    done = await record((await connected()).reader, str(path), [BY_NAME["Pod"]])
    assert done.namespaces == {"Pod": "team-a"}
    assert done.counts == {"Pod": 1}


@pytest.mark.parametrize("path", ["missing/dump.json", "."])
async def test_a_path_that_cannot_be_written(api: Api, connected: Connect, tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match=r"can't be written: .*; choose another path"):
        await record((await connected()).reader, str(tmp_path / path), [BY_NAME["Node"]])


async def test_memory_does_not_grow_with_the_cluster(api: Api, connected: Connect, tmp_path: Path) -> None:
    api.page = 100
    reader = (await connected()).reader
    peaks = []
    for count in (1_500, 6_000):
        for index in range(count):
            api.put("pods", with_secrets(f"p{index}"))
        tracemalloc.start()
        await record(reader, str(tmp_path / "dump.json.gz"), [BY_NAME["Pod"]])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]
