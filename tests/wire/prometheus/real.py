"""A real Prometheus on loopback (Debian's package `prometheus`), with a past that is written in or what it scrapes."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.controlplane.processes import free_ports

MISSING = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
WANTED = "prometheus is not installed: apt-get install --no-install-recommends prometheus"
CPU, MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"
BETWEEN = 60
"""Seconds between two samples of a written past."""
Labels = tuple[str, str, str]
"""Namespace, pod, container."""
Past = Mapping[Labels, tuple[Callable[[int], float], Callable[[int], float]]]
"""Container -> cores, and bytes, at so many seconds before the end; a negative number of bytes: not there yet."""


def required() -> pytest.MarkDecorator:
    """Skips where the binary is absent; with VACANCY_PROMETHEUS_TEST=require that is a failure."""
    absent = bool(MISSING) and os.environ.get("VACANCY_PROMETHEUS_TEST") != "require"
    return pytest.mark.skipif(absent, reason=WANTED)


def write_past(folder: Path, past: Past, end: int, span: int) -> None:
    """Blocks of samples from `end - span` to `end`, as the kubelet's cAdvisor would have given them."""
    lines = {CPU: [f"# TYPE {CPU.removesuffix('_total')} counter"], MEMORY: [f"# TYPE {MEMORY} gauge"]}
    for (namespace, pod, container), (cores, held) in past.items():
        labels = f'{{namespace="{namespace}",pod="{pod}",container="{container}",id="/kubepods/{pod}"}}'
        total = 0.0
        for at in range(end - span, end + 1, BETWEEN):
            total += cores(end - at) * BETWEEN
            if held(end - at) >= 0:
                lines[CPU].append(f"{CPU}{labels} {total:.6f} {at}")
                lines[MEMORY].append(f"{MEMORY}{labels} {held(end - at):.0f} {at}")
    text = folder / "past.om"
    text.write_text("\n".join([*lines[CPU], *lines[MEMORY], "# EOF\n"]))
    words = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


@asynccontextmanager
async def running(folder: Path, scrape: int | None = None, web_config: str = "") -> AsyncIterator[str]:
    """Prometheus over what is in `folder`/data, scraping 127.0.0.1:`scrape` every second; its host and port."""
    (port,) = free_ports(1)
    jobs = f"[{{job_name: kubelet, static_configs: [{{targets: ['127.0.0.1:{scrape}']}}]}}]" if scrape else "[]"
    (folder / "prometheus.yml").write_text(f"global: {{scrape_interval: 1s}}\nscrape_configs: {jobs}\n")
    (folder / "web.yml").write_text(web_config or "{}\n")
    options = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "data",
        "storage.tsdb.retention.time": "100y",
        "web.config.file": folder / "web.yml",
        "web.listen-address": f"127.0.0.1:{port}",
        "log.level": "error",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    process = await asyncio.create_subprocess_exec("prometheus", *words, stdout=-3, stderr=-3)
    try:
        await _ready(f"127.0.0.1:{port}")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _ready(place: str) -> None:
    """Until it listens; with TLS and passwords it answers plain questions too, with a refusal."""
    host, _, port = place.partition(":")
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            await writer.wait_closed()
            async with aiohttp.ClientSession() as session:
                try:
                    async with session.get(f"http://{place}/-/ready") as answer:
                        if answer.status != 503:
                            return
                except aiohttp.ClientError:
                    return
            await asyncio.sleep(0.1)


@asynccontextmanager
async def exporter(figures: Callable[[], str]) -> AsyncIterator[int]:
    """Serves /metrics on loopback; its port."""

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(text=figures())

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app)
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield port
    finally:
        await runner.cleanup()
