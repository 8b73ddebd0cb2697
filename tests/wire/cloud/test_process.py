"""The simulator as a process: its env file, both contexts, the control door, and every way to end."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

ROOT = Path(__file__).resolve().parents[3]
EXPECTED = [
    "KUBECONFIG",
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_REGION_ID",
    "VACANCY_ESS_ENDPOINT",
    "VACANCY_ECS_ENDPOINT",
    "VACANCY_CS_ENDPOINT",
    "VACANCY_SIM_CONTROL",
]


@contextmanager
def running(env: Path, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A simulator that is ready."""
    process = subprocess.Popen([sys.executable, "-m", "sim", "--env", str(env), *options], cwd=ROOT)
    try:
        wait(lambda: env.exists() or process.poll() is not None)
        yield process
    finally:
        process.kill()
        process.wait()


def wait(condition: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the simulator did not get there in time"
        time.sleep(0.02)


def sourced(env: Path) -> dict[str, str]:
    """The variables as a shell sees them after sourcing the file."""
    printed = subprocess.run(["sh", "-c", f". {env}; env -0"], capture_output=True, check=True, env={}).stdout.decode()
    return dict(line.split("=", 1) for line in printed.split("\0") if "=" in line)


def ask(url: str, method: str = "GET", body: Any = None, token: str = "", ca: str = "") -> Any:
    """One request without any proxy."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = json.dumps(body).encode() if body is not None else None
    trust = ssl.create_default_context(cadata=ca) if ca else None
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)]
    request = urllib.request.Request(url, data, {**headers, "Content-Type": "application/json"}, method=method)
    with urllib.request.build_opener(*handlers).open(request, timeout=10) as answer:
        return json.load(answer)


def test_env_file_contexts_control_and_sigterm(tmp_path: Path) -> None:
    env = tmp_path / "sim.env"
    with running(env, "--seed", "3", "--speed", "5") as process:
        assert env.stat().st_mode & 0o077 == 0
        assert [line.split("=")[0].removeprefix("export ") for line in env.read_text().splitlines()] == EXPECTED
        variables = sourced(env)
        config = json.loads(Path(variables["KUBECONFIG"]).read_text())
        assert [context["name"] for context in config["contexts"]] == ["kubernetes-admin@ack-demo", "reader@ack-demo"]
        _reader_may_only_read(config)
        control = variables["VACANCY_SIM_CONTROL"]
        assert ask(f"{control}/faults", "POST", {"kind": "html", "product": "ess"}) == {"number": 1}
        assert ask(f"{control}/clock", "POST", {"advance": 60})["speed"] == 5.0
        assert len(ask(f"{control}/planted")["cases"]) > 15
        with pytest.raises(HTTPError):
            ask(f"{control}/faults", "POST", {"kind": "earthquake"})
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert not env.exists()
        assert not Path(variables["KUBECONFIG"]).parent.exists()


def _reader_may_only_read(config: dict[str, Any]) -> None:
    import base64

    cluster = config["clusters"][0]["cluster"]
    ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
    admin, reader = (user["user"]["token"] for user in config["users"])
    nodes = f"{cluster['server']}/api/v1/nodes"
    name = ask(nodes, token=reader, ca=ca)["items"][0]["metadata"]["name"]
    with pytest.raises(HTTPError) as refused:
        ask(f"{nodes}/{name}", "DELETE", token=reader, ca=ca)
    assert refused.value.code == 403
    refused.value.close()
    assert ask(f"{nodes}/{name}", token=admin, ca=ca)["kind"] == "Node"


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    env, parent = tmp_path / "sim.env", subprocess.Popen(["sleep", "60"])
    with running(env, "--parent", str(parent.pid)) as process:
        parent.kill()
        parent.wait()
        assert process.wait(10) == 0


@pytest.mark.parametrize("options", [["--size", "many"], ["--speed", "0"], ["--flavour", "eks"], []])
def test_wrong_usage(tmp_path: Path, options: list[str]) -> None:
    env = ["--env", str(tmp_path / "env")] if options else []
    command = [sys.executable, "-m", "sim", *env, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, env=dict(os.environ))
    assert (done.returncode, b"usage:" in done.stderr) == (2, True)
