"""Why a pod stays pending: one pod for each filter, and the scheduler's words for it, on either cluster."""

from collections.abc import Callable

import pytest

from tests.wire.kube import objects
from tests.wire.kube.client import Json
from tests.wire.kube.ground import Ground

HELPLESS = (
    "no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)
VICTIMS = (
    "no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
)


def _near(kind: str, key: str = "kubernetes.io/hostname", app: str = "first") -> Json:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _spread(key: str, *apps: str) -> Json:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": list(apps)}]},
    }


def _claim(name: str) -> Json:
    return {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]}


def _on_port(port: int) -> Callable[[Json], None]:
    def change(pod: Json) -> None:
        pod["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": port}]

    return change


def _asking(resource: str, amount: str) -> Callable[[Json], None]:
    def change(pod: Json) -> None:
        resources = pod["spec"]["containers"][0]["resources"]
        resources["requests"][resource] = amount
        if "/" in resource:
            resources["limits"] = {resource: amount}

    return change


def _with(**spec: object) -> Callable[[Json], None]:
    return lambda pod: pod["spec"].update(spec)


CASES: dict[str, tuple[Callable[[Json], None], str, str]] = {
    "cpu": (_asking("cpu", "3950m"), "1 Insufficient cpu", VICTIMS),
    "cpu beyond the node": (_asking("cpu", "9"), "1 Insufficient cpu", HELPLESS),
    "memory": (_asking("memory", "9Gi"), "1 Insufficient memory", HELPLESS),
    "ephemeral storage": (_asking("ephemeral-storage", "1Ti"), "1 Insufficient ephemeral-storage", HELPLESS),
    "gpu": (_asking("nvidia.com/gpu", "1"), "1 Insufficient nvidia.com/gpu", HELPLESS),
    "selector": (
        _with(nodeSelector={"none": "such"}),
        "1 node(s) didn't match Pod's node affinity/selector",
        HELPLESS,
    ),
    "port": (_on_port(8080), "1 node(s) didn't have free ports for the requested pod ports", VICTIMS),
    "anti-affinity": (
        _with(affinity=_near("podAntiAffinity")),
        "1 node(s) didn't match pod anti-affinity rules",
        VICTIMS,
    ),
    "affinity": (
        _with(affinity=_near("podAffinity", app="nobody")),
        "1 node(s) didn't match pod affinity rules",
        HELPLESS,
    ),
    "spread over too few domains": (
        _with(topologySpreadConstraints=[{**_spread("zone", "first", "second"), "minDomains": 2}]),
        "1 node(s) didn't match pod topology spread constraints",
        VICTIMS,
    ),
    "spread without the label": (
        _with(topologySpreadConstraints=[_spread("no-such-label", "second")]),
        "1 node(s) didn't match pod topology spread constraints (missing required label)",
        HELPLESS,
    ),
    "missing claim": (_with(**_claim("none")), 'persistentvolumeclaim "none" not found', "not found"),
    "unbound claim": (
        _with(**_claim("immediate")),
        "pod has unbound immediate PersistentVolumeClaims",
        "not found",
    ),
}


async def _prepare(ground: Ground) -> None:
    """One node with a pod that listens on port 8080, and a claim that nobody binds."""
    await ground.node(zone="a")
    first = objects.pod("first", **ground.here)
    _on_port(8080)(first)
    await ground.make("pods", first)
    claim = {
        "metadata": {"name": "immediate"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "none",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    await ground.make("persistentvolumeclaims", claim)
    await ground.pods(1, "first")


def _message(found: Json) -> str:
    conditions: list[Json] = found["status"].get("conditions", [])
    return next((str(c.get("message", "")) for c in conditions if c["type"] == "PodScheduled"), "")


@pytest.mark.parametrize("case", CASES)
async def test_the_words_of_each_filter(ground: Ground, case: str) -> None:
    change, reason, preemption = CASES[case]
    await _prepare(ground)
    pod = objects.pod("second")
    change(pod)
    await ground.make("pods", pod)
    found = await ground.until(ground.at("pods", "second"), _message, "a verdict")
    assert _message(found) == f"0/1 nodes are available: {reason}. {preemption}"


async def test_too_many_pods(ground: Ground) -> None:
    name = await ground.node()
    amounts = {"cpu": "4", "memory": "8Gi", "pods": "1"}
    await ground.admin.patch(f"/api/v1/nodes/{name}/status", {"status": {"allocatable": amounts, "capacity": amounts}})
    await ground.make("pods", objects.pod("first", **ground.here))
    await ground.pods(1, "first")
    await ground.make("pods", objects.pod("second"))
    found = await ground.until(ground.at("pods", "second"), _message, "a verdict")
    assert _message(found) == f"0/1 nodes are available: 1 Too many pods. {VICTIMS}"


async def test_a_gated_pod_and_one_for_another_scheduler(ground: Ground) -> None:
    await ground.node()
    await ground.make("pods", objects.pod("gated", schedulingGates=[{"name": "wire.test/gate"}], **ground.here))
    await ground.make("pods", objects.pod("foreign", schedulerName="other", **ground.here))
    found = await ground.until(ground.at("pods", "gated"), lambda p: p["status"].get("conditions"), "a condition")
    assert found["status"]["conditions"][0]["reason"] == "SchedulingGated"
    await ground.admin.patch(ground.at("pods", "gated"), {"spec": {"schedulingGates": None}})
    await ground.pods(1, "gated")
    foreign = (await ground.admin.get(ground.at("pods", "foreign"))).body
    assert "nodeName" not in foreign["spec"]


async def test_a_pod_that_never_preempts(ground: Ground) -> None:
    await ground.node(cpu="1")
    name = f"gentle-{ground.namespace}"
    await ground.admin.post(
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        {"metadata": {"name": name}, "value": 10, "preemptionPolicy": "Never"},
    )
    await ground.make("pods", objects.pod("second", "9", priorityClassName=name))
    found = await ground.until(ground.at("pods", "second"), _message, "a verdict")
    assert found["spec"]["priority"] == 10
    assert _message(found) == (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
        "preemption: not eligible due to preemptionPolicy=Never."
    )
    await ground.admin.delete(f"/apis/scheduling.k8s.io/v1/priorityclasses/{name}")
