"""`vacancy nodes`, run as a program: figures, forms, and exit codes."""

import csv
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

NODE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "h", "alibabacloud.com/nodepool-id": "np1"}},
    "status": {
        "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"},
        "allocatable": {"cpu": "3900m", "memory": "7Gi", "pods": "110"},
        "conditions": [{"type": "Ready", "status": "True"}],
    },
}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "p",
        "namespace": "a",
        "ownerReferences": [{"kind": "DaemonSet", "name": "d", "uid": "u", "controller": True}],
    },
    "spec": {
        "nodeName": "n1",
        "containers": [{"name": "c", "resources": {"requests": {"cpu": "1500m"}, "limits": {"cpu": "2"}}}],
    },
    "status": {"phase": "Running"},
}
USAGE = {
    "apiVersion": "metrics.k8s.io/v1beta1",
    "kind": "NodeMetrics",
    "metadata": {"name": "n1"},
    "usage": {"cpu": "300m"},
}
VIRTUAL = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "vk", "labels": {"type": "virtual-kubelet"}},
    "status": {"allocatable": {"cpu": "1000000", "memory": "1Pi"}},
}


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"kind": "List", "items": [NODE, VIRTUAL, POD, USAGE]}))
    return path


def vacancy(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *words], input=stdin, capture_output=True, text=True, check=False
    )


def test_json_holds_integers_in_the_documented_units(dump: Path) -> None:
    done = vacancy("nodes", "--from", str(dump), "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    cpu = document["items"][0]["resources"]["cpu"]
    assert cpu == {
        "capacity": 4000,
        "allocatable": 3900,
        "requested": 1500,
        "limits": 2000,
        "used": 300,
        "daemonsets": 1500,
    }
    memory = document["items"][0]["resources"]["memory"]
    assert (memory["requested"], memory["used"]) == (0, None)
    assert document["items"][0]["resources"]["pods"]["requested"] == 1
    assert document["kind"] == "NodeList"
    assert "PodMetrics" in document["unavailable"]


def test_virtual_nodes_stand_apart_from_the_totals(dump: Path) -> None:
    document = json.loads(vacancy("nodes", "--from", str(dump), "-o", "json").stdout)
    assert document["totals"]["nodes"] == 1
    assert document["totals"]["resources"]["cpu"]["allocatable"] == 3900


def test_without_pods_nothing_is_known_to_be_booked(tmp_path: Path) -> None:
    (tmp_path / "n.json").write_text(json.dumps(NODE))
    document = json.loads(vacancy("nodes", "--from", str(tmp_path), "-o", "json").stdout)
    assert document["items"][0]["resources"]["cpu"]["requested"] is None
    assert "Pod" in document["unavailable"]


def test_every_form_names_the_same_nodes(dump: Path) -> None:
    def output(form: str) -> str:
        return vacancy("nodes", "--from", str(dump), "-o", form).stdout

    assert output("name") == "node/n1\nnode/vk\n"
    assert [line["name"] for line in csv.DictReader(io.StringIO(output("csv")))] == ["n1", "vk"]
    assert next(csv.DictReader(io.StringIO(output("csv"))))["cpu_requested_millicores"] == "1500"
    assert [item["name"] for item in yaml.safe_load(output("yaml"))["items"]] == ["n1", "vk"]
    assert "38   7" in output("table")
    assert "CPU HEADROOM" in output("wide")


def test_stdin_filters_and_sorting(dump: Path) -> None:
    text = dump.read_text()
    assert vacancy("nodes", "--from", "-", "-o", "name", "--sort=-name", stdin=text).stdout == "node/vk\nnode/n1\n"
    assert vacancy("nodes", "--from", "-", "-o", "name", "!vk", stdin=text).stdout == "node/n1\n"
    assert vacancy("nodes", "--from", "-", "-o", "name", "-l", "type=virtual-kubelet", stdin=text).stdout == "node/vk\n"


def test_groups_come_with_their_sums(dump: Path) -> None:
    document = json.loads(vacancy("nodes", "--from", str(dump), "-o", "json", "--group-by", "pool").stdout)
    assert [(group["name"], group["nodes"]) for group in document["groups"]] == [("np1", 1), ("virtual nodes", 1)]


def test_roll_ups_are_the_sums_of_the_nodes_that_are_shown(tmp_path: Path) -> None:
    other = {**NODE, "metadata": {**NODE["metadata"], "name": "n2"}}
    (tmp_path / "d.json").write_text(json.dumps({"kind": "List", "items": [NODE, other, POD]}))
    words = ("nodes", "--from", str(tmp_path), "--group-by", "pool", "n1")
    table = vacancy(*words).stdout.splitlines()
    document = json.loads(vacancy(*words, "-o", "json").stdout)
    assert table[1].startswith("np1  1 node ")
    assert table[-1].startswith("total  1 node ")
    assert document["groups"][0]["nodes"] == document["totals"]["nodes"] == 1


def test_a_reader_that_goes_is_no_error(dump: Path) -> None:
    words = [sys.executable, "-m", "cli", "nodes", "--from", str(dump), "-o", "json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert (started.stderr.read(), started.wait()) == (b"", 0)


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="tells by Linux's /proc that the load has begun")
def test_ctrl_c_ends_a_load_at_once(tmp_path: Path) -> None:
    pods = [{**POD, "metadata": {**POD["metadata"], "name": f"p{i}"}} for i in range(30_000)]
    dump = json.dumps({"kind": "List", "items": [NODE, *pods]})
    for part in range(8):
        (tmp_path / f"{part}.json").write_text(dump)
    words = [sys.executable, "-m", "cli", "nodes", "--from", str(tmp_path), "-o", "name"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        counts, deadline = Path(f"/proc/{started.pid}/io"), time.monotonic() + 20
        while int(counts.read_text().split()[1]) < len(dump) and time.monotonic() < deadline:  # bytes read
            time.sleep(0.05)
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=20)
    assert (started.returncode, out) == (130, b"")
    assert b"Traceback" not in err


def test_debug_shows_where_it_failed(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text('{"kind": "List", "items": [1]}')
    done = vacancy("nodes", "--from", str(tmp_path), "--debug")
    assert done.returncode != 0
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("nodes", "--from", "/none"), 2, "no such file"),
        (("nodes", "--sort", "nope", "--from", "/none"), 2, "choose from name, cpu"),
        (("nodes", "-l", "a in", "--from", "/none"), 2, "cannot read"),
        (("nodes", "--kubeconfig", "/none"), 2, "/none"),
        (("nodes", "-o", "xml"), 2, "invalid choice"),
        (("nope",), 2, "invalid choice"),
    ],
)
def test_mistakes_are_one_line_and_code_2(words: tuple[str, ...], code: int, part: str) -> None:
    done = vacancy(*words)
    assert done.returncode == code
    assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_dead_server_is_code_3(tmp_path: Path) -> None:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    done = vacancy("nodes", "--kubeconfig", str(path))
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "127.0.0.1:1" in done.stderr


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    node = {**NODE, "metadata": {"name": "[red]x\x1b[31m\u202e界\n=1"}}
    (tmp_path / "d.json").write_text(json.dumps(node))
    table = vacancy("nodes", "--from", str(tmp_path)).stdout
    assert "[red]x" in table
    assert "\x1b" not in table
    assert "\u202e" not in table
