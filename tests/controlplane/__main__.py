"""`python -m tests.controlplane build|up|down|env|versions`: the control plane by hand, outside of pytest."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.controlplane.build import BuildError, build, cache_root, folder, versions
from tests.controlplane.processes import StartError, wait_until

_UP_SECONDS = 90


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.controlplane", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, text in _HELP.items():
        command = verbs.add_parser(verb, help=text)
        if verb in ("up", "down", "env", "serve"):
            command.add_argument("--name", default="default", help="several may run side by side")
    arguments = parser.parse_args()
    try:
        if arguments.verb in ("build", "versions"):
            return _build() if arguments.verb == "build" else _versions()
        state = cache_root() / "run" / f"{arguments.name}.json"
        return {"up": _up, "down": _down, "env": _env, "serve": _serve}[arguments.verb](state)
    except (BuildError, StartError, TimeoutError) as error:
        print(f"controlplane: {error}", file=sys.stderr)
        return 1


_HELP = {
    "build": "build what is missing, into the cache",
    "up": "start in the background",
    "down": "stop what `up` started",
    "env": "print shell lines that point kubectl at it",
    "serve": "start in the foreground until interrupted",
    "versions": "print the pinned versions",
}


def _build() -> int:
    failures = build()
    for line in failures:
        print(f"controlplane: could not build: {line}", file=sys.stderr)
    print(folder())
    return 1 if failures else 0


def _versions() -> int:
    for name, version in versions().items():
        print(f"{name} {version}")
    return 0


def _up(state: Path) -> int:
    if _running(state):
        raise StartError(f"already up ({state}); `down` first")
    state.parent.mkdir(parents=True, exist_ok=True)
    state.unlink(missing_ok=True)
    log = state.with_suffix(".log")
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.controlplane", "serve", "--name", state.stem],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    wait_until(lambda: state.exists() or server.poll() is not None, _UP_SECONDS, "control plane up")
    if not state.exists():
        raise StartError(log.read_text().strip())
    return _env(state)


def _serve(state: Path) -> int:
    from tests.controlplane.cluster import Cluster

    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with Cluster() as cluster:
        print(f"ready after {cluster.startup_seconds:.1f} s: {cluster.kubeconfig}", flush=True)
        state.parent.mkdir(parents=True, exist_ok=True)
        fresh = state.with_suffix(".new")
        fresh.write_text(json.dumps({"pid": os.getpid(), "kubeconfig": str(cluster.kubeconfig)}))
        fresh.replace(state)
        done.wait()
    state.unlink(missing_ok=True)
    return 0


def _down(state: Path) -> int:
    pid = _running(state)
    if not pid:
        print("controlplane: not up", file=sys.stderr)
        return 0
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not state.exists(), 30, "control plane down")
    return 0


def _env(state: Path) -> int:
    if not _running(state):
        raise StartError("not up; run `python -m tests.controlplane up`")
    kubeconfig = json.loads(state.read_text())["kubeconfig"]
    print(f"export KUBECONFIG={shlex.quote(kubeconfig)}")
    print(f"export PATH={shlex.quote(str(folder() / 'bin'))}:$PATH")
    return 0


def _running(state: Path) -> int:
    """The serving process's id; 0 (and the state file removed) when it is gone."""
    if not state.exists():
        return 0
    pid = int(json.loads(state.read_text())["pid"])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        state.unlink(missing_ok=True)
        return 0
    return pid


if __name__ == "__main__":
    sys.exit(main())
