"""vacancy itself over both API servers, with the same tests: figures, verdicts, and a session that follows."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from core.session import Session
from core.views.link import Update
from core.views.table import TableChange, TableView, ViewKey
from core.where import Where
from tests.wire.kube import objects
from tests.wire.kube.ground import Ground

NODES = ViewKey("nodes")


async def vacancy(ground: Ground, *words: str) -> tuple[int, str, str]:
    """Exit code and output of a command, as the user who may only read."""
    where = ("--kubeconfig", str(ground.reader.kubeconfig), "--context", ground.reader.context, "--no-cloud")
    pipe = asyncio.subprocess.PIPE
    made = await asyncio.create_subprocess_exec(sys.executable, "-m", "cli", *words, *where, stdout=pipe, stderr=pipe)
    out, err = await made.communicate()
    assert made.returncode is not None
    return made.returncode, out.decode(), err.decode()


async def document(ground: Ground, *words: str) -> dict[str, Any]:
    """What a command prints as JSON."""
    code, out, err = await vacancy(ground, *words, "-o", "json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


@asynccontextmanager
async def followed(ground: Ground) -> AsyncIterator[dict[str, str]]:
    """Node name -> what its PODS cell says, kept up to date by a session."""
    session = Session(Where(kubeconfig=str(ground.reader.kubeconfig), context=ground.reader.context, cloud=False))
    session.subscribe(NODES)
    rows: dict[str, str] = {}

    async def follow() -> None:
        async for update in session.updates():
            _take(rows, update)

    task = asyncio.create_task(follow())
    try:
        yield rows
    finally:
        await session.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _take(rows: dict[str, str], update: Update) -> None:
    if isinstance(update, TableView):
        place = [column.id for column in update.columns].index("pods")
        rows.clear()
        rows.update({row.id: row.cells[place].text for row in update.rows})
        rows["place"] = str(place)
    elif isinstance(update, TableChange) and "place" in rows:
        rows.update({row.id: row.cells[int(rows["place"])].text for row in update.upserted})


async def until(rows: dict[str, str], node: str, says: str | None) -> None:
    """Wait until the session says so; None: until it knows no such node."""
    async with asyncio.timeout(20):
        while not (node not in rows if says is None else rows.get(node, "").startswith(says)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_figures_are_what_the_pods_ask_for(ground: Ground) -> None:
    node = await ground.node(cpu="4")
    await ground.make("deployments", objects.workload("Deployment", "web", 3, "250m", **ground.here))
    await ground.pods(3, "web")
    items = {item["name"]: item for item in (await document(ground, "nodes"))["items"]}
    resources = items[node]["resources"]
    assert (resources["cpu"]["allocatable"], resources["cpu"]["requested"]) == (4000, 750)
    assert resources["pods"]["requested"] == 3


async def test_a_pod_that_fits_nowhere_is_stuck_and_says_why(ground: Ground) -> None:
    await ground.node(cpu="1")
    await ground.make("pods", objects.pod("large", "64", **ground.here))

    def refused(pod: dict[str, Any]) -> bool:
        return objects.conditions(pod).get("PodScheduled") == "False"

    await ground.until(ground.at("pods", "large"), refused, "the scheduler to refuse it")
    pending = {one["pod"]: one for one in (await document(ground, "pending"))["pending"]}
    assert pending[f"{ground.namespace}/large"]["verdict"] == "stuck"


async def test_a_session_follows_pods_and_nodes(ground: Ground) -> None:
    node = await ground.node(cpu="4")
    async with followed(ground) as rows:
        await until(rows, node, "0/")
        await ground.make("pods", objects.pod("one", "100m", **ground.here))
        await until(rows, node, "1/")
        await ground.admin.delete(ground.at("pods", "one"))
        await until(rows, node, "0/")
        await ground.admin.delete(f"/api/v1/nodes/{node}")
        await until(rows, node, None)


async def test_a_budget_that_allows_nothing_is_named(ground: Ground) -> None:
    node = await ground.node(cpu="4")
    await ground.make("deployments", objects.workload("Deployment", "held", 1, "100m", **ground.here))
    await ground.pods(1, "held")
    await ground.make("poddisruptionbudgets", objects.budget("held", "held", minAvailable=1))
    path = ground.at("poddisruptionbudgets", "held")
    await ground.until(path, lambda one: one.get("status", {}).get("currentHealthy") == 1, "the budget's count")
    nodes = {one["node"]: one for one in (await document(ground, "scale-in"))["nodes"]}
    assert nodes[node]["drain"]["reason"] == "BlockedByPod"
    assert nodes[node]["drain"]["blockingPod"]["reason"] == "NotEnoughPdb"
