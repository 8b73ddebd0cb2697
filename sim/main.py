"""The simulator as a process: options, the env file that says it is ready, and a clean end. Not what it simulates."""

import argparse
import asyncio
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sim.kube import kubeconfig

if TYPE_CHECKING:
    from sim.world.world import Options


def run(argv: Sequence[str]) -> int:
    """`python -m sim`: as `serve`, with the words of a command line."""
    parser = argparse.ArgumentParser("sim", description=DESCRIPTION)
    add_options(parser)
    return serve(parser.parse_args(argv))


def serve(arguments: argparse.Namespace) -> int:
    """Run until SIGTERM, SIGINT or the end of `--parent`; 0 when it ended cleanly."""
    from sim.world.world import Options

    options = Options(
        seed=arguments.seed,
        speed=arguments.speed,
        flavour=arguments.flavour,
        size=arguments.size,
        lives=arguments.lives,
    )
    try:
        asyncio.run(_serve(options, arguments.env, arguments.parent))
    except OSError as error:
        print(f"sim: {error.strerror or error}: {error.filename or arguments.env}", file=sys.stderr)
        return 1
    return 0


DESCRIPTION = "Run a simulated ACK cluster and its cloud on loopback."


def add_options(made: argparse.ArgumentParser) -> None:
    """The options that `serve` reads."""
    made.add_argument("--env", type=Path, required=True, metavar="FILE", help="write shell lines here once it is ready")
    made.add_argument("--seed", type=int, default=0, help="the same seed gives the same cluster (default: 0)")
    made.add_argument("--size", type=_size, metavar="NODESxPODS", help="a large cluster in place of the demo")
    made.add_argument("--speed", type=_speed, default=1.0, help="simulated seconds in one real second (default: 1)")
    flavours = ("ack", "registered")
    made.add_argument("--flavour", choices=flavours, default="ack", help="registered: a cluster of ACK One")
    made.add_argument("--still", dest="lives", action="store_false", help="no traffic and no autoscaler")
    made.add_argument("--parent", type=int, metavar="PID", help="end when this process ends")


def _size(text: str) -> tuple[int, int]:
    nodes, _, pods = text.lower().partition("x")
    if not (nodes.isdigit() and pods.isdigit() and int(nodes)):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NODESxPODS, such as 500x15000")
    return int(nodes), int(pods)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed: expected a number above 0 and up to 10000")
    return speed


async def _serve(options: "Options", env: Path, parent: int | None) -> None:
    """Start all faces, say so, and wait for the end."""
    from sim.control import Control
    from sim.world.world import build

    world = build(options)
    control = Control(world)
    home = Path(tempfile.mkdtemp(prefix="vacancy-sim-"))
    try:
        await world.start()
        await control.start()
        config = home / "kubeconfig"
        kubeconfig.write(config, world.kubeconfig())
        _write_env(env, {**world.environment(config), "VACANCY_SIM_CONTROL": control.url})
        await _wait_for_the_end(parent)
    finally:
        await control.stop()
        await world.stop()
        _clean_up(home, env)


def _clean_up(home: Path, env: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    env.unlink(missing_ok=True)


def _write_env(env: Path, variables: dict[str, str]) -> None:
    """All lines at once: who finds the file finds it complete. It holds a secret, so only its owner may read it."""
    lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    part = env.with_name(f".{env.name}.{os.getpid()}")
    kubeconfig.write(part, lines)
    part.replace(env)


async def _wait_for_the_end(parent: int | None) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), 1.0 if parent else None)
        if parent and not _is_alive(parent):
            return


def _is_alive(pid: int) -> bool:
    """A parent that died may still be a zombie, or its number may be taken; being its child tells for sure."""
    if os.getppid() == pid:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
