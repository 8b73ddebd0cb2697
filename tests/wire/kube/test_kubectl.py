"""kubectl, unmodified, against either server: what it shows and what it brings about."""

import json
import re
from pathlib import Path

from tests.wire.kube import objects
from tests.wire.kube.client import Client
from tests.wire.kube.ground import Ground


def _rows(text: str) -> list[list[str]]:
    return [re.split(r" {2,}", line.strip()) for line in text.strip().splitlines()]


async def _web(ground: Ground, replicas: int = 2) -> str:
    node = await ground.node()
    await ground.make("deployments", objects.workload("Deployment", "web", replicas, **ground.here))
    await ground.pods(replicas, "web")
    path = ground.at("deployments", "web")
    await ground.until(path, lambda d: d["status"].get("availableReplicas") == replicas, "available pods")
    return node


async def test_get(ground: Ground) -> None:
    node = await _web(ground)
    nodes = _rows(await ground.kubectl("get", "nodes", "-l", f"wire={ground.namespace}"))
    assert nodes[0] == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    assert nodes[1][:3] == [node, "Ready", "<none>"]
    here = ("-n", ground.namespace)
    pods = _rows(await ground.kubectl("get", "pods", *here))
    assert pods[0] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert [row[1:4] for row in pods[1:]] == [["1/1", "Running", "0"]] * 2
    wide = _rows(await ground.kubectl("get", "pods", "-o", "wide", *here))
    assert wide[0][-4:] == ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"]
    assert wide[1][-3] == node
    deployment = _rows(await ground.kubectl("get", "deploy", *here))
    assert deployment[1][:4] == ["web", "2/2", "2", "2"]
    everything = await ground.kubectl("get", "all", *here)
    assert {"deployment.apps/web", "replicaset.apps/web-"} <= {
        re.sub(r"-\w+$", "-", row[0]) for row in _rows(everything) if "/" in row[0]
    }
    listed = json.loads(await ground.kubectl("get", "pods,deploy", "-o", "json", *here))
    assert sorted({item["kind"] for item in listed["items"]}) == ["Deployment", "Pod"]


async def test_sorting_and_making_namespaces(ground: Ground) -> None:
    await ground.make("configmaps", objects.config_map("b", x="1"))
    await ground.make("configmaps", objects.config_map("a", x="2"))
    command = ("get", "cm", "-n", ground.namespace, "--sort-by=.data.x", "--no-headers")
    names = [row[0] for row in _rows(await ground.kubectl(*command))]
    assert [name for name in names if len(name) == 1] == ["b", "a"]
    made = f"{ground.namespace}-x"
    assert await ground.kubectl("create", "ns", made) == f"namespace/{made} created\n"
    assert "created" in await ground.kubectl("create", "sa", "robot", "-n", made)
    await ground.kubectl("delete", "ns", made, "--wait=false")


async def test_describe(ground: Ground) -> None:
    node = await _web(ground)
    described = await ground.kubectl("describe", "node", node)
    assert re.search(r"Non-terminated Pods: +\(2 in total\)", described)
    assert re.search(r"cpu +200m \(5%\) +0 \(0%\)", described)
    assert re.search(r"memory +128Mi \(1%\) +0 \(0%\)", described)
    assert "HolderIdentity:" in described
    pods = await ground.pods(2, "web")
    pod = await ground.kubectl("describe", "pod", "-n", ground.namespace, pods[0]["metadata"]["name"])
    assert f"Node:             {node}/" in pod
    assert "Successfully assigned" in pod
    deployment = await ground.kubectl("describe", "deploy", "-n", ground.namespace, "web")
    assert "2 desired | 2 updated | 2 total | 2 available | 0 unavailable" in deployment


async def test_cordon_drain_uncordon(ground: Ground) -> None:
    node = await _web(ground)
    await ground.make("poddisruptionbudgets", objects.budget("web", "web", maxUnavailable=1))
    path = ground.at("poddisruptionbudgets", "web")
    await ground.until(path, lambda b: b.get("status", {}).get("disruptionsAllowed") == 1, "a budget")
    second = await ground.node()
    assert await ground.kubectl("cordon", node) == f"node/{node} cordoned\n"
    rows = _rows(await ground.kubectl("get", "node", node))
    assert rows[1][1] == "Ready,SchedulingDisabled"
    drained = await ground.kubectl("drain", node, "--ignore-daemonsets", "--timeout=60s")
    assert drained.count("evicted") == 2
    assert f"node/{node} drained\n" in drained
    pods = await ground.pods(2, "web")
    assert {pod["spec"]["nodeName"] for pod in pods} == {second}
    assert await ground.kubectl("uncordon", node) == f"node/{node} uncordoned\n"


async def test_a_drain_that_a_budget_stops(ground: Ground) -> None:
    node = await _web(ground)
    await ground.make("poddisruptionbudgets", objects.budget("web", "web", minAvailable=2))
    path = ground.at("poddisruptionbudgets", "web")
    await ground.until(path, lambda b: b.get("status", {}).get("currentHealthy") == 2, "a budget")
    refused = await ground.kubectl("drain", node, "--timeout=3s", check=False)
    assert "Cannot evict pod as it would violate the pod's disruption budget." in refused
    assert "drain did not complete within 3s" in refused or "global timeout reached" in refused
    dry = await ground.kubectl("drain", node, "--dry-run=server", check=False, reader=True)
    assert "cannot" in dry


async def test_a_drain_with_a_bare_pod(ground: Ground) -> None:
    node = await ground.node()
    await ground.make("pods", objects.pod("bare", **ground.here))
    await ground.pods(1, "bare")
    refused = await ground.kubectl("drain", node, check=False)
    assert "cannot delete Pods that declare no controller" in refused
    assert f"node/{node} drained\n" in await ground.kubectl("drain", node, "--force")


async def test_scale_and_rollout_restart(ground: Ground) -> None:
    await _web(ground)
    here = ("-n", ground.namespace)
    assert await ground.kubectl("scale", "deploy", "web", "--replicas=3", *here) == "deployment.apps/web scaled\n"
    await ground.pods(3, "web")
    assert await ground.kubectl("rollout", "restart", "deploy", "web", *here) == "deployment.apps/web restarted\n"
    done = await ground.kubectl("rollout", "status", "deploy", "web", "--timeout=60s", *here)
    assert done.endswith('deployment "web" successfully rolled out\n')
    history = await ground.kubectl("rollout", "history", "deploy", "web", *here)
    assert [row[0] for row in _rows(history)[2:]] == ["1", "2"]


async def test_delete(ground: Ground) -> None:
    await _web(ground)
    here = ("-n", ground.namespace)
    assert "deleted" in await ground.kubectl("delete", "deploy", "web", *here, "--timeout=60s")
    await ground.until(ground.at("pods"), lambda found: not found["items"], "no pods")
    missing = await ground.kubectl("delete", "deploy", "web", *here, check=False)
    assert missing == 'Error from server (NotFound): deployments.apps "web" not found\n'


async def test_can_i(ground: Ground) -> None:
    assert (await ground.kubectl("auth", "can-i", "create", "pods")).strip() == "yes"
    assert (await ground.kubectl("auth", "can-i", "list", "pods", reader=True)).strip() == "yes"
    assert (await ground.kubectl("auth", "can-i", "delete", "pods", reader=True, check=False)).strip() == "no"
    rules = await ground.kubectl("auth", "can-i", "--list", reader=True)
    assert re.search(r"\*\.\* +\[\] +\[\] +\[get list watch\]", rules)
    assert "on-call" in await ground.kubectl("auth", "whoami", reader=True)


async def test_a_reader_is_refused(ground: Ground) -> None:
    node = await ground.node()
    refused = await ground.kubectl("cordon", node, reader=True, check=False)
    assert 'User "on-call" cannot patch resource "nodes" in API group "" at the cluster scope' in refused


async def test_a_service_account_token(ground: Ground) -> None:
    token = (await ground.kubectl("create", "token", "default", "-n", ground.namespace)).strip()
    async with Client(ground.admin.kubeconfig, ground.admin.context, token=token) as account:
        refused = await account.get("/api/v1/nodes")
    user = f"system:serviceaccount:{ground.namespace}:default"
    assert refused.message == (
        f'nodes is forbidden: User "{user}" cannot list resource "nodes" in API group "" at the cluster scope'
    )


async def test_apply_label_taint_and_events(ground: Ground, tmp_path: Path) -> None:
    node = await _web(ground)
    file = tmp_path / "map.json"
    for value, word in (("1", "created"), ("2", "configured"), ("2", "unchanged")):
        file.write_text(json.dumps(objects.config_map("applied", a=value)))
        said = await ground.kubectl("apply", "-n", ground.namespace, "-f", str(file))
        assert said == f"configmap/applied {word}\n"
    assert await ground.kubectl("label", "node", node, "a=b") == f"node/{node} labeled\n"
    assert await ground.kubectl("taint", "node", node, "k=v:NoSchedule") == f"node/{node} tainted\n"
    events = await ground.kubectl("get", "events", "-n", ground.namespace)
    assert {"Scheduled", "SuccessfulCreate", "ScalingReplicaSet"} <= set(events.split())
    wait = await ground.kubectl("wait", "--for=condition=Available", "deploy/web", "-n", ground.namespace)
    assert wait == "deployment.apps/web condition met\n"
