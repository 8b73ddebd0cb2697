"""A whole simulated ACK in a process of its own, and the commands run against it."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

ROOT = Path(__file__).parents[3]


@contextlib.asynccontextmanager
async def simulated(folder: Path, *options: str) -> AsyncIterator[dict[str, str]]:
    """The environment that leads to it."""
    file = folder / "env"
    command = (sys.executable, "-m", "sim", "--env", str(file), *options)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=-3, stderr=-3)
    async with asyncio.timeout(60):
        while not file.exists() or not file.read_text().endswith("\n"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    told = (line.removeprefix("export ").partition("=") for line in file.read_text().splitlines())
    try:
        yield {**os.environ, **{name: value.strip("'") for name, _, value in told}}
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def vacancy(env: dict[str, str], *words: str) -> tuple[int, str, str]:
    """A command's exit code, and what it says on both streams."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", *words, cwd=ROOT, env=env, stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()
