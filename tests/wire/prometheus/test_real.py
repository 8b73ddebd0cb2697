"""Against Debian's real Prometheus: figures recomputed by hand, a scrape, TLS with a password, and the command."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from core.clients.prometheus import Reader, find
from core.cluster.intake import Intake
from core.cluster.store import Store
from core.cluster.usage_history import UsageHistory
from core.feeds.sink import Phase
from core.feeds.usage_history import HistoryChoice, HistoryFeed, HistoryTiming, open_feed
from tests.cli.test_nodes import vacancy
from tests.controlplane.pki import Authority
from tests.unit.audits.test_checks import thing
from tests.unit.build import NOW, Object, at, node, pod, policy
from tests.wire.prometheus.real import CPU, MEMORY, Past, exporter, required, running, write_past

pytestmark = required()
DAY, MIB = 86_400, 2**20
HASH = "$2b$04$NTLIbXhVi4cv6eloFt5hF.cAmNGnY9pdC8E8VdfdAuvNtEO7qyHzO"
"""bcrypt of `open sesame`."""


def steady(value: float) -> Any:
    return lambda before: value


PAST: Past = {
    # busy for a tenth of the time: 95 % of the time it uses 0.8 cores or less
    ("shop", "cart-7d9f-abcde", "main"): (lambda before: 0.8 if before % 3_600 < 360 else 0.1, steady(300 * MIB)),
    # busy for 3 % of the time, which the percentile leaves out; and the pod that holds most, for one minute
    ("shop", "cart-7d9f-fghij", "main"): (
        lambda before: 0.9 if before % 3_600 < 108 else 0.2,
        lambda before: (700 if before == 5 * DAY else 200) * MIB,
    ),
    ("shop", "cart-7d9f-abcde", "proxy"): (steady(0.02), steady(40 * MIB)),
    # a generation before that, gone for two days, and busier
    ("shop", "cart-5c4b-zzzzz", "main"): (steady(1.25), lambda before: 256 * MIB if before > 2 * DAY else -1),
    ("data", "olap-0", "db"): (steady(0.5), lambda before: 1_024 * MIB if before <= 3 * 3_600 else -1),
    ("jobs", "report-28401120-q8w2e", "run"): (steady(0.25), steady(90 * MIB)),
}  # fmt: skip


async def asked(place: str, window: int, **timing: Any) -> dict[str, UsageHistory]:
    store = Store()
    settings = find(f"http://{place}", {}, Path("/nonexistent"))
    assert settings is not None
    feed = HistoryFeed(Reader(settings), window, store, Intake(store), timing=HistoryTiming(**timing))
    try:
        assert await feed.read_once(None if timing else NOW)
    finally:
        await feed.close()
    return dict(store.table("UsageHistory"))


async def test_a_week_by_hand(tmp_path: Path) -> None:
    write_past(tmp_path, PAST, NOW, 7 * DAY)
    async with running(tmp_path) as place:
        found = await asked(place, 7 * DAY)
    assert set(found) == {
        "shop/cart-7d9f/main", "shop/cart-7d9f/proxy", "shop/cart-5c4b/main", "data/olap/db",
        "jobs/report-28401120/run",
    }  # fmt: skip
    main = found["shop/cart-7d9f/main"]
    assert main.cpu == pytest.approx(800, abs=5)
    assert main.memory == 700 * MIB
    assert main.seconds == pytest.approx(7 * DAY, abs=600)
    assert found["shop/cart-7d9f/proxy"].cpu == pytest.approx(20, abs=1)
    old = found["shop/cart-5c4b/main"]
    assert old.cpu == pytest.approx(1_250, abs=5)
    assert old.memory == 256 * MIB
    assert old.seconds == pytest.approx(5 * DAY, abs=600)
    assert found["data/olap/db"].seconds == pytest.approx(3 * 3_600, abs=600)


def dump(folder: Path) -> Path:
    """Two applications and a CronJob, as of the end of the past."""
    labels = {"app": "cart"}
    rs = thing("ReplicaSet", "cart-7d9f", spec={"replicas": 2})
    rs["metadata"] |= {
        "namespace": "shop",
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart", "uid": "d", "controller": True}
        ],
    }
    pods = [
        pod(f"shop/cart-7d9f-{end}", "a", owner_name="cart-7d9f", cpu="2", memory="2Gi", labels=labels)
        for end in ("abcde", "fghij")
    ]
    for one in pods:
        one["spec"]["containers"][0]["name"] = "main"
    deployment = thing("Deployment", "cart", spec={"replicas": 2})
    deployment["metadata"]["namespace"] = "shop"
    row = {"name": "run", "resources": {"requests": {"cpu": "2", "memory": "1Gi"}}}
    job = {"spec": {"template": {"spec": {"containers": [row]}}}}
    cron = thing("CronJob", "report", spec={"schedule": "0 3 * * *", "jobTemplate": job})
    cron["metadata"]["namespace"] = "jobs"
    objects: list[Object] = [node("a", "16"), policy(assumeComplete=True, now=at(0)), deployment, rs, cron, *pods]
    versions = {
        "AutoscalerPolicy": "vacancy/v1",
        "Deployment": "apps/v1",
        "ReplicaSet": "apps/v1",
        "CronJob": "batch/v1",
    }
    items = [{"apiVersion": versions.get(one["kind"], "v1"), **one} for one in objects]
    path = folder / "dump.json"
    path.write_text(json.dumps({"kind": "List", "items": items}))
    return path


async def test_the_command_says_what_the_week_would_have_needed(tmp_path: Path) -> None:
    write_past(tmp_path, PAST, NOW, 7 * DAY)
    path = dump(tmp_path)
    async with running(tmp_path) as place:
        words = ("rightsizing", "--from", str(path), "--prometheus", f"http://{place}")
        done = await asyncio.to_thread(vacancy, *words, "-o", "json")
        table = await asyncio.to_thread(vacancy, *words)
        patches = await asyncio.to_thread(vacancy, *words, "--kubectl")
    assert (done.returncode, done.stderr) == (0, "")
    items = {one["name"]: one for one in json.loads(done.stdout)["items"]}
    cart = items["cart"]
    assert cart["by"] == {"cpu": "prometheus", "memory": "prometheus"}
    assert cart["wanted"] == {"cpu": 1_500, "memory": 840 * MIB}  # 1.25 cores of the pods before, 700 MiB; each x 1.2
    assert cart["past"]["seconds"] == 7 * DAY
    report = items["report"]
    assert (report["pods"], report["wanted"]) == (0, {"cpu": 300, "memory": 108 * MIB})
    assert "p95/most of 7d" in table.stdout
    assert any(line.startswith("kubectl patch cronjobs.batch report ") for line in patches.stdout.splitlines())


async def test_what_it_has_scraped_for_some_seconds(tmp_path: Path) -> None:
    began = time.monotonic()

    def figures() -> str:
        labels = '{namespace="shop",pod="cart-0",container="main"}'
        used = 0.5 * (time.monotonic() - began)
        return f'# TYPE {CPU} counter\n{CPU}{labels} {used:.4f}\n{MEMORY}{labels} 5e8\n{MEMORY}{{pod="x"}} 1\n'

    async with exporter(figures) as port, running(tmp_path, port) as place:
        found: dict[str, UsageHistory] = {}
        for _ in range(40):
            found = await asked(place, 60, rate=5)
            if found and found["shop/cart/main"].seconds >= 10:
                break
            await asyncio.sleep(1)
    (one,) = found.values()
    assert one.memory == 500_000_000
    assert one.cpu == pytest.approx(500, rel=0.2)


async def test_tls_a_password_and_what_goes_wrong_with_them(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    pair = authority.issue("server", "server", names=("localhost",))
    secured = f"""
tls_server_config: {{cert_file: {pair.certificate}, key_file: {pair.key}}}
basic_auth_users: {{vacancy: {HASH}}}
"""
    write_past(tmp_path, {("shop", "cart-0", "main"): (steady(0.1), steady(MIB))}, NOW, 7_200)
    async with running(tmp_path, web_config=secured) as place:
        user = {"VACANCY_PROMETHEUS_USER": "vacancy", "VACANCY_PROMETHEUS_CA": str(authority.path)}
        right = {**user, "VACANCY_PROMETHEUS_PASSWORD": "open sesame"}
        wrong = {**user, "VACANCY_PROMETHEUS_PASSWORD": "guessed"}
        assert await state(f"https://{place}", right) == (Phase.LIVE, "")
        phase, cause = await state(f"https://{place}", wrong)
        assert phase is Phase.UNREACHABLE
        assert "401" in cause
        assert "guessed" not in cause
        _, cause = await state(f"https://{place}", {"VACANCY_PROMETHEUS_USER": "vacancy"})
        assert "not trusted" in cause
        assert "VACANCY_PROMETHEUS_CA" in cause


async def state(url: str, env: dict[str, str]) -> tuple[Phase, str]:
    store = Store()
    intake = Intake(store)
    feed = open_feed(HistoryChoice(url, "2h", env, Path("/nonexistent")), store, intake)
    assert feed is not None
    await feed.read_once(NOW)
    await feed.close()
    found = intake.states["UsageHistory"]
    return found.phase, found.cause
