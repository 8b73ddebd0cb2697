"""pods/eviction against budgets: when it goes through, when it is refused, and in which words."""

from tests.wire.kube import objects
from tests.wire.kube.client import Json, Reply
from tests.wire.kube.ground import Ground

REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


async def _app(ground: Ground, replicas: int, **limit: int | str) -> list[Json]:
    """Ready pods of one Deployment, and a budget over them that knows them."""
    await ground.node()
    await ground.make("deployments", objects.workload("Deployment", "app", replicas, **ground.here))
    pods = await ground.pods(replicas, "app")
    if limit:
        await ground.make("poddisruptionbudgets", objects.budget("app", "app", **limit))
        await _budget(ground, "app", currentHealthy=replicas)
    return pods


async def _budget(ground: Ground, name: str, **expected: int) -> Json:
    """Wait until the budget's status says so."""
    path = ground.at("poddisruptionbudgets", name)

    def says(found: Json) -> bool:
        status = found.get("status", {})
        return all(status.get(field) == value for field, value in expected.items())

    return await ground.until(path, says, f"budget {name} with {expected}")


async def _evict(ground: Ground, pod: Json, dry_run: bool = False, **options: object) -> Reply:
    name = pod["metadata"]["name"]
    query = {"dryRun": "All"} if dry_run else {}
    return await ground.admin.post(f"{ground.at('pods', name)}/eviction", objects.eviction(name, **options), **query)


async def test_without_a_budget(ground: Ground) -> None:
    pod, *_ = await _app(ground, 2)
    reply = await _evict(ground, pod)
    assert (reply.code, reply.body["kind"], reply.body["status"]) == (201, "Status", "Success")
    left = await ground.pods(2, "app")
    assert pod["metadata"]["name"] not in {other["metadata"]["name"] for other in left}


async def test_the_budget_counts_down(ground: Ground) -> None:
    pods = await _app(ground, 3, minAvailable=2)
    await _budget(ground, "app", disruptionsAllowed=1, desiredHealthy=2, expectedPods=3)
    first = await _evict(ground, pods[0])
    second = await _evict(ground, pods[1])
    assert (first.code, second.code) == (201, 429)
    assert (second.reason, second.message) == ("TooManyRequests", REFUSED)
    cause = second.body["details"]["causes"][0]
    assert cause["reason"] == "DisruptionBudget"
    assert cause["message"].startswith("The disruption budget app ")
    await ground.pods(3, "app")
    await _budget(ground, "app", disruptionsAllowed=1)


async def test_a_budget_that_allows_nothing(ground: Ground) -> None:
    pod, *_ = await _app(ground, 2, minAvailable=2)
    found = await _budget(ground, "app", disruptionsAllowed=0, desiredHealthy=2)
    assert objects.conditions(found) == {"DisruptionAllowed": "False"}
    reply = await _evict(ground, pod)
    assert (reply.code, "Retry-After" in reply.headers) == (429, False)
    assert reply.body["details"]["causes"] == [
        {"reason": "DisruptionBudget", "message": "The disruption budget app needs 2 healthy pods and has 2 currently"}
    ]
    tried = await _evict(ground, pod, dry_run=True)
    assert tried.code == 429


async def test_a_dry_run_asks_the_budget_and_changes_nothing(ground: Ground) -> None:
    pods = await _app(ground, 2, maxUnavailable=1)
    before = await _budget(ground, "app", disruptionsAllowed=1)
    for pod in pods:
        assert (await _evict(ground, pod, dry_run=True)).code == 201
        assert (await ground.admin.get(ground.at("pods", pod["metadata"]["name"]))).code == 200
    after = (await ground.admin.get(ground.at("poddisruptionbudgets", "app"))).body
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


async def test_two_budgets(ground: Ground) -> None:
    pod, *_ = await _app(ground, 2, maxUnavailable=1)
    await ground.make("poddisruptionbudgets", objects.budget("more", "app", maxUnavailable=1))
    await _budget(ground, "more", disruptionsAllowed=1)
    reply = await _evict(ground, pod)
    assert reply.code == 500
    assert reply.message == (
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    )


async def test_percentages_and_conditions(ground: Ground) -> None:
    await _app(ground, 3, maxUnavailable="50%")
    found = await _budget(ground, "app", disruptionsAllowed=2, desiredHealthy=1, expectedPods=3)
    assert objects.conditions(found) == {"DisruptionAllowed": "True"}
    await ground.make("poddisruptionbudgets", objects.budget("half", "app", minAvailable="50%"))
    await _budget(ground, "half", disruptionsAllowed=1, desiredHealthy=2, expectedPods=3)


async def test_a_budget_over_bare_pods(ground: Ground) -> None:
    await ground.node()
    await ground.make("pods", objects.pod("bare", **ground.here))
    await ground.pods(1, "bare")
    await ground.make("poddisruptionbudgets", objects.budget("share", "bare", maxUnavailable=1))
    path = ground.at("poddisruptionbudgets", "share")
    found = await ground.until(path, objects.conditions, "a verdict")
    assert found["status"]["conditions"][0]["reason"] == "InsufficientPods"
    assert (found["status"]["expectedPods"], found["status"]["disruptionsAllowed"]) == (0, 0)
    await ground.make("poddisruptionbudgets", objects.budget("count", "bare", minAvailable=1))
    await _budget(ground, "count", disruptionsAllowed=0, desiredHealthy=1, currentHealthy=1, expectedPods=1)


async def test_a_budget_over_pods_without_a_scale(ground: Ground) -> None:
    await ground.node()
    await ground.make("daemonsets", objects.workload("DaemonSet", "agent", None, **ground.here))
    pod, *_ = await ground.pods(1, "agent")
    await ground.make("poddisruptionbudgets", objects.budget("agent", "agent", maxUnavailable=1))
    path = ground.at("poddisruptionbudgets", "agent")
    found = await ground.until(path, objects.conditions, "a verdict")
    assert found["status"]["conditions"][0]["reason"] == "SyncFailed"
    assert (await _evict(ground, pod)).code == 429


async def test_pods_that_never_ran_ask_nobody(ground: Ground) -> None:
    await ground.make("pods", objects.pod("lost", nodeSelector={"wire": "nowhere"}))
    await ground.make("poddisruptionbudgets", objects.budget("lost", "lost", minAvailable=1))
    await _budget(ground, "lost", disruptionsAllowed=0, expectedPods=1)
    pod = (await ground.admin.get(ground.at("pods", "lost"))).body
    assert (await _evict(ground, pod)).code == 201


async def test_an_eviction_of_something_else(ground: Ground) -> None:
    pod, *_ = await _app(ground, 1)
    name = pod["metadata"]["name"]
    other = await ground.admin.post(f"{ground.at('pods', name)}/eviction", objects.eviction("other"))
    assert (other.code, other.message) == (400, "name in URL does not match name in Eviction object")
    gone = await ground.admin.post(f"{ground.at('pods', 'none')}/eviction", objects.eviction("none"))
    assert (gone.code, gone.reason) == (404, "NotFound")
    stale = await _evict(ground, pod, preconditions={"uid": "11111111-2222-3333-4444-555555555555"})
    assert (stale.code, stale.reason) == (409, "Conflict")


async def test_a_policy_for_unhealthy_pods(ground: Ground) -> None:
    await ground.node(cpu="1")
    # One of the two never fits, so that only one is healthy.
    await ground.make("deployments", objects.workload("Deployment", "app", 2, cpu="600m", **ground.here))
    await ground.make("poddisruptionbudgets", objects.budget("app", "app", minAvailable=2))
    await _budget(ground, "app", currentHealthy=1, desiredHealthy=2, disruptionsAllowed=0, expectedPods=2)
    pods = (await ground.admin.get(ground.at("pods"), labelSelector="app=app")).body["items"]
    running = next(pod for pod in pods if pod["status"]["phase"] == "Running")
    refused = await _evict(ground, running)
    assert refused.body["details"]["causes"][0]["message"] == (
        "The disruption budget app needs 2 healthy pods and has 1 currently"
    )
