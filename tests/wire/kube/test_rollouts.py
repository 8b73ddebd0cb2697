"""Templates that change: how each kind of workload replaces its pods, and what it keeps available meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.wire.kube import objects
from tests.wire.kube.client import STRATEGIC, Json
from tests.wire.kube.ground import Ground

RESTART = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}}
"""What `kubectl rollout restart` sends."""


def started(deployment: Json) -> bool:
    """Whether its new template has reached all pods."""
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return counts == [wanted] * 3 and bool(status["observedGeneration"] == deployment["metadata"]["generation"])


async def until_restarted(ground: Ground, plural: str, before: list[Json], app: str) -> list[Json]:
    """Wait until none of those pods is left and as many others are ready."""
    uids = {pod["metadata"]["uid"] for pod in before}

    def done(found: Json) -> bool:
        pods = found["items"]
        fresh = [pod for pod in pods if pod["metadata"]["uid"] not in uids]
        return len(pods) == len(fresh) == len(before) and all(
            objects.conditions(pod).get("Ready") == "True" for pod in fresh
        )

    found = await ground.until(f"{ground.at('pods')}?labelSelector=app%3D{app}", done, f"{plural} restarted")
    return list(found["items"])


async def available(ground: Ground, name: str, watching: asyncio.Event) -> AsyncIterator[tuple[int, int]]:
    """Available and existing replicas of a Deployment, whenever its status changes."""
    found = (await ground.admin.get(ground.at("deployments"))).body
    version = found["metadata"]["resourceVersion"]
    async with ground.admin.watch(ground.at("deployments"), resourceVersion=version) as events:
        watching.set()
        async for event in events:
            if event["object"]["metadata"]["name"] == name:
                status = event["object"]["status"]
                yield status.get("availableReplicas", 0), status.get("replicas", 0)
                if started(event["object"]) and "kubectl" in str(event["object"]["spec"]["template"]["metadata"]):
                    return


@pytest.mark.parametrize(
    ("surge", "unavailable", "least", "most"), [(1, 0, 4, 5), (0, 1, 3, 4), ("50%", "25%", 3, 6)], ids=str
)
async def test_a_restart_keeps_within_surge_and_unavailable(
    ground: Ground, surge: int | str, unavailable: int | str, least: int, most: int
) -> None:
    await ground.node()
    made = objects.workload("Deployment", "web", 4, **ground.here)
    limits = {"maxSurge": surge, "maxUnavailable": unavailable}
    made["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": limits}
    await ground.make("deployments", made)
    before = await ground.pods(4, "web")
    await ground.until(ground.at("deployments", "web"), started, "four available")
    counts: list[tuple[int, int]] = []
    watching = asyncio.Event()

    async def follow() -> None:
        async for one in available(ground, "web", watching):
            counts.append(one)

    following = asyncio.create_task(follow())
    await watching.wait()
    await ground.admin.patch(ground.at("deployments", "web"), RESTART, STRATEGIC)
    await asyncio.wait_for(following, 60)
    await until_restarted(ground, "pods", before, "web")
    assert min(count for count, _ in counts) >= least, counts
    assert max(count for _, count in counts) <= most, counts
    sets = (await ground.admin.get(ground.at("replicasets"))).body["items"]
    revisions = {s["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: s["spec"]["replicas"] for s in sets}
    assert revisions == {"1": 0, "2": 4}


async def test_recreate_takes_all_away_first(ground: Ground) -> None:
    await ground.node()
    made = objects.workload("Deployment", "web", 2, **ground.here)
    made["spec"]["strategy"] = {"type": "Recreate"}
    await ground.make("deployments", made)
    before = await ground.pods(2, "web")
    await ground.until(ground.at("deployments", "web"), started, "two available")
    await ground.admin.patch(ground.at("deployments", "web"), RESTART, STRATEGIC)
    after = await until_restarted(ground, "pods", before, "web")
    gone = (await ground.admin.get(ground.at("pods"))).body["items"]
    assert len(gone) == len(after) == 2
    assert min(pod["metadata"]["creationTimestamp"] for pod in after) >= max(
        pod["metadata"]["creationTimestamp"] for pod in before
    )


async def test_a_paused_deployment_waits(ground: Ground) -> None:
    await ground.node()
    await ground.make("deployments", objects.workload("Deployment", "web", 1, **ground.here))
    before = await ground.pods(1, "web")
    await ground.admin.patch(ground.at("deployments", "web"), {"spec": {"paused": True}})
    await ground.admin.patch(ground.at("deployments", "web"), RESTART, STRATEGIC)
    await asyncio.sleep(1)
    assert [pod["metadata"]["uid"] for pod in await ground.pods(1, "web")] == [before[0]["metadata"]["uid"]]
    await ground.admin.patch(ground.at("deployments", "web"), {"spec": {"paused": False}})
    await until_restarted(ground, "pods", before, "web")


async def test_a_stateful_set_restarts_from_the_last(ground: Ground) -> None:
    await ground.node()
    await ground.make("statefulsets", objects.workload("StatefulSet", "db", 3, **ground.here))
    before = await ground.pods(3, "db")
    await ground.admin.patch(ground.at("statefulsets", "db"), RESTART, STRATEGIC)
    after = await until_restarted(ground, "statefulset", before, "db")
    by_age = sorted(after, key=lambda pod: int(pod["metadata"]["resourceVersion"]))
    assert [pod["metadata"]["name"] for pod in by_age] == ["db-2", "db-1", "db-0"]
    found = await ground.until(
        ground.at("statefulsets", "db"), lambda s: s["status"].get("updatedReplicas") == 3, "three updated"
    )
    assert found["status"]["currentRevision"] == found["status"]["updateRevision"]


async def test_a_daemon_set_restarts(ground: Ground) -> None:
    await ground.node()
    await ground.node()
    await ground.make("daemonsets", objects.workload("DaemonSet", "agent", None, **ground.here))
    before = await ground.pods(2, "agent")
    await ground.admin.patch(ground.at("daemonsets", "agent"), RESTART, STRATEGIC)
    after = await until_restarted(ground, "daemonset", before, "agent")
    assert {pod["spec"]["nodeName"] for pod in after} == {pod["spec"]["nodeName"] for pod in before}
    found = await ground.until(
        ground.at("daemonsets", "agent"), lambda d: d["status"].get("updatedNumberScheduled") == 2, "two updated"
    )
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"]


async def test_on_delete_waits_for_a_hand(ground: Ground) -> None:
    await ground.node()
    made = objects.workload("StatefulSet", "db", 1, **ground.here)
    made["spec"]["updateStrategy"] = {"type": "OnDelete"}
    await ground.make("statefulsets", made)
    before = await ground.pods(1, "db")
    await ground.admin.patch(ground.at("statefulsets", "db"), RESTART, STRATEGIC)
    await asyncio.sleep(0.5)
    assert [pod["metadata"]["uid"] for pod in await ground.pods(1, "db")] == [before[0]["metadata"]["uid"]]
    await ground.admin.delete(ground.at("pods", "db-0"))
    (after,) = await until_restarted(ground, "statefulset", before, "db")
    assert after["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] == "now"
