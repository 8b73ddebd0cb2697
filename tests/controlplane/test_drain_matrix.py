"""The cases of kubectl's own drain tests and of safer systems, each with real evictions: what holds a pod back, what
lets it go, and what is true afterwards."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.clients.kubernetes import ApiError, Target, connect
from tests.controlplane.armed import Armed, findings
from tests.controlplane.cluster import Cluster
from tests.controlplane.kinds import Json
from tests.controlplane.objects import Pool, Template, budget, daemon_set, deployment, pod, stateful_set
from tests.controlplane.processes import wait_until
from tests.controlplane.test_drain import armed, claim, cordoned, on, pods_on, steps
from tests.controlplane.world import World

__all__ = ["armed"]


def allowed(world: World, space: str, name: str = "web") -> int | None:
    """What the budget allows, once its controller has seen it as it is."""
    found = world.api.get("PodDisruptionBudget", name, space)
    status = found.get("status") or {}
    seen = status.get("observedGeneration") == found["metadata"].get("generation")
    return status.get("disruptionsAllowed") if seen else None


def sick(world: World, space: str, name: str) -> None:
    """A running pod that isn't Ready."""
    not_ready = {"type": "Ready", "status": "False", "reason": "Sick"}
    world.api.patch("Pod", name, {"status": {"conditions": [not_ready]}}, space, sub="status")


def job(name: str, space: str, template: Template) -> Json:
    made = template.pod_template(name)
    made["spec"]["restartPolicy"] = "Never"
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": made}}


@contextmanager
def held(world: World, armed: Armed, node: str, space: str) -> Iterator[subprocess.Popen[str]]:
    """A drain that has cordoned its node, and whose eviction is refused by a budget again and again."""
    process = armed.start("drain", "--write", "--yes", "--timeout", "60", node)
    try:
        wait_until(lambda: cordoned(world, node), 60, "the cordon")
        wait_until(lambda: 429 in refusals(armed), 30, "a refusal")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def refusals(armed: Armed) -> set[int]:
    return {line["after"]["status"] for line in armed.journal() if line["event"] == "result" and not line["ok"]}


@pytest.fixture
def tight(world: World) -> tuple[str, str]:
    """A node with one running pod of web, and the namespace: its budget allows nothing until there are two."""
    names = world.pool(Pool("tight", 2))
    space = world.namespace()
    world.create(deployment("web", space, 1), budget("web", space, "web", minAvailable=1))
    (running,) = world.wait_pods(space, 1)
    node = str(running["spec"]["nodeName"])
    other = next(name for name in names if name != node)
    world.create(pod("sick", space, Template(labels={"app": "web"}, stay="pending"), other))
    wait_until(lambda: allowed(world, space) == 0, 30, "budget")
    return node, space


def test_throttled_until_time_is_up(world: World, armed: Armed, tight: tuple[str, str]) -> None:
    """`disruptionsAllowed: 0`: it is said before, tried until the time-out, and nothing was forced."""
    node, space = tight
    assert "EvictionWaits" in {code for code, _ in findings(armed.plan(node), "warning")}
    done = armed.drain("--timeout", "6", node)
    assert done.returncode == 1, done.stderr
    assert "budget" in done.stderr
    assert len(pods_on(world, node, space)) == 1
    assert cordoned(world, node)
    assert claim(world, node) is None
    assert armed.journal()[-1]["outcome"] == "failed"
    assert refusals(armed) == {429}


def test_a_pod_that_is_deleted_meanwhile_is_gone(world: World, armed: Armed, tight: tuple[str, str]) -> None:
    """404: somebody else deletes the pod while its budget holds it."""
    node, space = tight
    world.api.patch("Deployment", "web", {"spec": {"paused": True}}, space)
    with held(world, armed, node, space) as process:
        (name,) = pods_on(world, node, space)
        world.api.patch("Deployment", "web", {"spec": {"paused": False, "replicas": 0}}, space)
        wait_until(lambda: name not in pods_on(world, node, space), 30, "the pod to go")
        _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert armed.journal()[-1]["outcome"] == "done"


def test_a_second_budget_on_the_way_ends_it(world: World, armed: Armed, tight: tuple[str, str]) -> None:
    """500: after the preflight a second budget comes, and the API server evicts no such pod."""
    node, space = tight
    with held(world, armed, node, space) as process:
        world.create(budget("second", space, "web", minAvailable=1))
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1, told
    assert "more than one PodDisruptionBudget" in told
    assert len(pods_on(world, node, space)) == 1
    assert armed.journal()[-1]["outcome"] == "failed"


def test_it_waits_as_long_as_the_server_wishes(
    world: World, armed: Armed, cluster: Cluster, tight: tuple[str, str]
) -> None:
    """429 with Retry-After: what the API server answers while nobody has counted a changed budget."""
    node, space = tight
    with held(world, armed, node, space) as process:
        with cluster.paused("kube-controller-manager"):
            world.api.patch("PodDisruptionBudget", "web", {"spec": {"minAvailable": 0}}, space)
            tried = len(steps(armed.journal(), "evict"))
            wait_until(lambda: len(steps(armed.journal(), "evict")) > tried, 30, "another attempt")
            at = len(steps(armed.journal(), "evict"))
            with pytest.raises(TimeoutError):
                wait_until(lambda: len(steps(armed.journal(), "evict")) > at, 8, "no attempt before its time")
        _, told = process.communicate(timeout=90)
    assert process.returncode == 0, told
    assert pods_on(world, node, space) == []


@pytest.mark.parametrize(("policy", "code"), [("AlwaysAllow", 0), ("IfHealthyBudget", 4)])
def test_a_budget_and_a_pod_that_is_not_ready(world: World, armed: Armed, policy: str, code: int) -> None:
    """`unhealthyPodEvictionPolicy`: all must stay, and one of them isn't Ready."""
    names = world.pool(Pool("unhealthy", 2))
    space = world.namespace()
    labelled = Template(labels={"set": "all"})
    world.create(deployment("one", space, 1, labelled))
    (running,) = world.wait_pods(space, 1)
    node = str(running["spec"]["nodeName"])
    world.create(pod("two", space, labelled, next(name for name in names if name != node)))
    world.wait_pods(space, 2)
    made = budget("web", space, "web", minAvailable=2)
    made["spec"] |= {"selector": {"matchLabels": {"set": "all"}}, "unhealthyPodEvictionPolicy": policy}
    world.create(made)
    (name,) = pods_on(world, node, space)
    sick(world, space, name)
    wait_until(lambda: allowed(world, space) == 0, 30, "budget")
    plan = armed.plan(node)
    assert bool(findings(plan)) is (code == 4), plan["findings"]
    done = armed.drain(node)
    assert done.returncode == code, done.stderr
    assert (pods_on(world, node, space) == []) is (code == 0)
    assert cordoned(world, node) is (code == 0)


@pytest.mark.parametrize("force", [False, True])
def test_pods_of_a_daemonset_that_is_gone(world: World, armed: Armed, force: bool) -> None:
    (node,) = world.pool(Pool("orphaned", 1))
    space = world.namespace()
    world.create(daemon_set("agent", space))
    world.wait_pods(space, 1)
    path = f"/apis/apps/v1/namespaces/{space}/daemonsets/agent"
    world.api.request("DELETE", path, {"propagationPolicy": "Orphan"})
    wait_until(lambda: not world.api.list_all("DaemonSet", space), 30, "the DaemonSet to go")
    assert len(pods_on(world, node, space)) == 1
    done = armed.drain(*(("--force",) if force else ()), node)
    assert done.returncode == (0 if force else 4), done.stderr
    assert len(pods_on(world, node, space)) == (0 if force else 1)
    assert force or "--force" in done.stderr


@pytest.mark.parametrize("delete", [False, True])
def test_a_job_with_local_storage(world: World, armed: Armed, delete: bool) -> None:
    node, _ = world.pool(Pool("job", 2))
    space = world.namespace()
    scratch = {"volumes": [{"name": "scratch", "emptyDir": {}}]}
    world.create(job("batch", space, Template(stay="running", spec=on(node, **scratch))))
    world.wait_pods(space, 1)
    done = armed.drain(*(("--delete-emptydir-data",) if delete else ()), node)
    if not delete:
        assert done.returncode == 4, done.stderr
        assert "--delete-emptydir-data" in done.stderr
        assert not cordoned(world, node)
        return
    evicted = steps(armed.journal(), "evict")
    assert len(evicted) == 1, done.stderr


def test_finished_static_and_leaving_pods(world: World, armed: Armed) -> None:
    """Finished pods leave without --force, static ones stay, and those that are leaving are only waited for."""
    node, _ = world.pool(Pool("kinds", 2))
    space = world.namespace()
    world.create(
        pod("finished", space, Template(spec=on(node))),
        pod("static", space, Template(annotations={"kubernetes.io/config.mirror": "m"}, spec=on(node))),
        pod("leaving", space, Template(spec=on(node), stay="terminating")),
    )
    world.wait_pods(space, 3)
    world.api.patch("Pod", "finished", {"status": {"phase": "Succeeded"}}, space, sub="status")
    world.api.delete("Pod", "leaving", space)
    process = armed.start("drain", "--write", "--yes", "--force", node)
    wait_until(lambda: cordoned(world, node), 60, "the cordon")
    world.api.request("DELETE", f"/api/v1/namespaces/{space}/pods/leaving", {"gracePeriodSeconds": 0})
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert pods_on(world, node, space) == ["static"]
    assert {str(line["about"]) for line in steps(armed.journal(), "evict")} == {f"{space}/finished"}


def test_a_pod_that_comes_back_under_its_name(world: World, armed: Armed) -> None:
    """A StatefulSet's pod is another one on another node: it is evicted once, and the new one is left alone."""
    names = world.pool(Pool("named", 2))
    space = world.namespace()
    world.create(stateful_set("db", space, 1))
    (made,) = world.wait_pods(space, 1)
    node = str(made["spec"]["nodeName"])
    done = armed.drain(node)
    assert done.returncode == 0, done.stderr
    world.wait_pods(space, 1)
    assert [pods_on(world, name, space) for name in names if name != node] == [["db-0"]]
    assert len(steps(armed.journal(), "evict")) == 1


def test_another_pods_uid_is_a_conflict(world: World, cluster: Cluster) -> None:
    """409: what the eviction's precondition relies on."""
    node, _ = world.pool(Pool("uid", 2))
    space = world.namespace()
    world.create(pod("one", space, Template(spec=on(node))))
    world.wait_pods(space, 1)

    async def evict() -> int | None:
        clients = await connect(Target(str(cluster.kubeconfig), "admin"), write=True)
        assert clients.writer is not None
        try:
            await clients.writer.evict(space, "one", uid="00000000-0000-0000-0000-000000000000")
        except ApiError as error:
            return error.status
        finally:
            await clients.close()
        return 0

    assert asyncio.run(evict()) == 409
    assert pods_on(world, node, space) == ["one"]


def test_a_namespace_that_is_being_deleted_is_waited_for(world: World, armed: Armed) -> None:
    """403: nothing may be created there any more, evictions included; its pods go without them."""
    node, _ = world.pool(Pool("ending", 2))
    space = world.namespace()
    made = deployment("web", space, 1, Template(spec=on(node)))
    made["spec"]["template"]["metadata"]["finalizers"] = ["example.org/held"]
    world.create(made)
    (kept,) = world.wait_pods(space, 1)
    world.api.delete("Namespace", space)
    name = str(kept["metadata"]["name"])
    wait_until(lambda: "deletionTimestamp" in world.api.get("Pod", name, space)["metadata"], 30, "the deletion")
    process = armed.start("drain", "--write", "--yes", node)
    try:
        wait_until(lambda: cordoned(world, node), 60, "the cordon")
    finally:
        world.api.patch("Pod", name, {"metadata": {"finalizers": None}}, space)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert steps(armed.journal(), "evict") == []


def test_a_cordon_that_is_refused_is_rolled_back(world: World, armed: Armed) -> None:
    """An admission policy forbids the second node's cordon: the first is given back, and nothing was evicted."""
    first, second = sorted(world.pool(Pool("rollback", 2)))
    space = world.namespace()
    world.create(deployment("web", space, 1, Template(spec=on(first))))
    world.wait_pods(space, 1)
    with forbidding(world, second):
        done = armed.drain(first, second)
    assert done.returncode == 1, done.stderr
    assert [cordoned(world, name) for name in (first, second)] == [False, False]
    assert [claim(world, name) for name in (first, second)] == [None, None]
    assert len(pods_on(world, first, space)) == 1
    assert steps(armed.journal(), "evict") == []


@contextmanager
def forbidding(world: World, node: str) -> Iterator[None]:
    """Nobody may cordon this node."""
    kinds = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["nodes"]}
    says = f"object.metadata.name != '{node}' || !has(object.spec.unschedulable) || !object.spec.unschedulable"
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "keep-open"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": says, "message": "this node stays open"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "keep-open"},
        "spec": {"policyName": "keep-open", "validationActions": ["Deny"]},
    }
    world.api.request("POST", f"{kinds}ies", policy)
    world.api.request("POST", f"{kinds}ybindings", binding)
    try:
        wait_until(lambda: _is_forbidden(world, node), 30, "the policy in force")
        yield
    finally:
        world.api.request("DELETE", f"{kinds}ybindings/keep-open")
        world.api.request("DELETE", f"{kinds}ies/keep-open")


def _is_forbidden(world: World, node: str) -> bool:
    """Whether a cordon is refused, tried for real and taken back."""
    from tests.controlplane.api import ApiError as Refusal

    try:
        world.api.patch("Node", node, {"spec": {"unschedulable": True}})
    except Refusal:
        return True
    world.api.patch("Node", node, {"spec": {"unschedulable": None}})
    return False
