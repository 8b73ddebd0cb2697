"""The audits on the demo: they find exactly what the scenario hides for them."""

import asyncio
import json
import shlex
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sim.world.world import Options, build
from tests.controlplane import build as programs
from tests.wire.cloud_feeds.test_demo import Demo, start

pytestmark = pytest.mark.thorough

_BUILT = programs.program("kubectl")
KUBECTL = str(_BUILT) if _BUILT.exists() else shutil.which("kubectl") or ""


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    process, running = await start(tmp_path)
    yield running
    process.send_signal(signal.SIGTERM)
    await process.wait()


async def test_the_checks_find_exactly_the_planted_cases(demo: Demo) -> None:
    code, out, _ = await demo.run("checks", "-o", "json", "--exit-code")
    found = {
        (one["check"], one["kind"], f"{one['namespace']}/{one['name']}", one["remedy"])
        for one in json.loads(out)["items"]
    }
    planted = {(one.check, one.kind, one.object, one.remedy) for one in build(Options()).planted.cases}
    assert (code, len(planted)) == (5, 25)
    assert found == planted


async def test_the_eci_audit_knows_the_demos_pods(demo: Demo) -> None:
    _, out, _ = await demo.run("eci", "-o", "json")
    found = {f"{one['namespace']}/{one['name']}": one for one in json.loads(out)["items"]}
    assert {name: one["verdict"] for name, one in found.items()} == {
        "shop/recommend": "fits ECS now",
        "serverless/preview-env": "fits ECS now",
        "shop/recommend-train": "fits ECS now",
        "pay/fraud-model": "fits ECS now",
        "test/load-gen": "overdue",
        "data/adhoc-export": "fits ECS now",
        "serverless/acs-worker": "not ECI",
        "ml/embedding": "fits ECS now",
        "jobs/etl-nightly": "job, leave it",
        "shop/recommend-canary": "fine",
        "jobs/hourly-sync": "job, leave it",
    }
    assert found["pay/fraud-model"]["costs"]["perDay"] == 13.568256  # 2 x (2 x 0.000027 + 4 x 0.00000613) x 86,400
    assert found["test/load-gen"]["costs"]["unknownPods"] == 1


@pytest.mark.skipif(not KUBECTL, reason="no kubectl: neither built (python -m tests.controlplane build) nor on PATH")
async def test_what_is_printed_for_kubectl_puts_it_right(demo: Demo, tmp_path: Path) -> None:
    demo.env["KUBECACHEDIR"] = str(tmp_path / "cache")
    _, vpas, _ = await demo.run("checks", "--vpas")
    (tmp_path / "vpas.yaml").write_text(vpas)
    assert (await kubectl(demo, "apply", "-f", str(tmp_path / "vpas.yaml"))).count("created") == 4
    _, after, _ = await demo.run("checks", "-o", "name", "no VPA where")
    assert after == ""
    _, commands, _ = await demo.run("rightsizing", "--kubectl")
    lines = [shlex.split(line) for line in commands.splitlines()]
    assert {"deployments.apps", "daemonsets.apps", "statefulsets.apps"} <= {words[2] for words in lines}
    for words in lines:
        assert "patched" in await kubectl(demo, *words[1:])
    clone_sets = [words for words in lines if words[2] == "clonesets.apps.kruise.io"]
    assert clone_sets
    for _, _, kind, name, _, namespace, *_, patch in clone_sets:
        spec = json.loads(await kubectl(demo, "get", kind, name, "-n", namespace, "-o", "json"))["spec"]
        (container,) = spec["template"]["spec"]["containers"]
        wanted = {step["path"].rpartition("/")[2]: step["value"] for step in json.loads(patch) if step["op"] == "add"}
        assert container["image"]
        assert container["resources"]["requests"] == {**container["resources"]["requests"], **wanted}


async def kubectl(demo: Demo, *words: str) -> str:
    """Its output; an error fails the test."""
    process = await asyncio.create_subprocess_exec(KUBECTL, *words, env=demo.env, stdout=-1, stderr=-1)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()
