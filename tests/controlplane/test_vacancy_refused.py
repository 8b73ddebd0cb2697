"""Who may see what, and what a person reads when nothing can be seen: one clear line and the documented exit code."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.views.status import Connection
from tests.controlplane.cluster import Cluster
from tests.controlplane.followed import followed
from tests.controlplane.identities import NAMESPACED, NOBODY, ON_CALL, TEAM_NAMESPACE
from tests.controlplane.objects import Pool, Template, pod
from tests.controlplane.pki import Authority
from tests.controlplane.processes import free_ports
from tests.controlplane.program import asked, document, vacancy
from tests.controlplane.world import World

Config = dict[str, Any]
Change = Callable[[Config], Config]


@pytest.fixture
def team(cluster: Cluster, world: World) -> Iterator[tuple[str, str]]:
    """Two nodes; on the first a pod of the team that may see only its namespace, and one of somebody else."""
    first, second = world.pool(Pool("teams", 2))
    other = world.namespace()
    world.create(pod("ours", TEAM_NAMESPACE, Template("300m", "1Gi"), first))
    world.create(pod("theirs", other, Template("500m", "1Gi"), first))
    world.wait_pods(TEAM_NAMESPACE, 1)
    world.wait_pods(other, 1)
    yield first, second
    cluster.etcd().remove_all("Pod", TEAM_NAMESPACE)


def test_on_call_sees_everything(cluster: Cluster, team: tuple[str, str]) -> None:
    answer = document(cluster, "nodes")
    requested = {item["name"]: item["resources"]["cpu"]["requested"] for item in answer["items"]}
    assert requested == {team[0]: 800, team[1]: 0}
    assert not {"Node", "Pod", "NodeMetrics", "PodDisruptionBudget", "Event"} & set(answer["unavailable"])


def test_a_team_sees_what_its_pods_book(cluster: Cluster, team: tuple[str, str]) -> None:
    done = asked(cluster, "nodes", "-o", "json", context=NAMESPACED)
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert lines[0] == f"vacancy: limited: only namespace {TEAM_NAMESPACE} may be read"
    assert len(lines) == 2
    assert "nodes is forbidden" in lines[1]
    answer = json.loads(done.stdout)
    (item,) = answer["items"]
    assert item["name"] == team[0]
    assert (item["ready"], item["schedulable"]) == (None, None)
    cpu = item["resources"]["cpu"]
    assert (cpu["requested"], cpu["allocatable"], cpu["capacity"], cpu["used"]) == (300, None, None, None)
    assert item["resources"]["pods"]["requested"] == 1
    assert answer["totals"]["resources"]["cpu"]["allocatable"] is None
    assert {"Node", "NodeMetrics"} <= set(answer["unavailable"])
    assert "Pod" not in answer["unavailable"]


def test_a_team_reads_its_bookings_in_words_and_in_a_sheet(cluster: Cluster, team: tuple[str, str]) -> None:
    table = asked(cluster, "nodes", context=NAMESPACED).stdout
    assert "300m booked" in table
    assert "not readable" in table
    wide = asked(cluster, "nodes", "-o", "wide", context=NAMESPACED).stdout.splitlines()
    assert re.search(r" -  +300m +0 +- +0 +-  ", wide[1])  # allocatable, requested, limits, used, daemonsets, headroom
    (row,) = csv.DictReader(io.StringIO(asked(cluster, "nodes", "-o", "csv", context=NAMESPACED).stdout))
    assert (row["cpu_requested_millicores"], row["cpu_allocatable_millicores"]) == ("300", "")


async def test_a_team_follows_what_its_pods_book(cluster: Cluster, world: World, team: tuple[str, str]) -> None:
    async with followed(cluster.kubeconfig, NAMESPACED) as view:
        await view.until(lambda: list(view.rows) == [team[0]], 5, "the one node that is known of")
        assert view.text(team[0], "state") == "not readable"
        assert view.notice.startswith(f"limited: only namespace {TEAM_NAMESPACE} may be read; ")
        source = view.source()
        assert source is not None
        assert source.state is Connection.LIVE
        assert "forbidden" in source.detail
        world.create(pod("more", TEAM_NAMESPACE, Template("100m"), team[1]))
        await view.until(lambda: sorted(view.rows) == sorted(team), 5, "the other node")
        world.api.delete("Pod", "ours", TEAM_NAMESPACE)
        await view.until(lambda: list(view.rows) == [team[1]], 10, "no pod left on the first")


def test_nobody_gets_one_line(cluster: Cluster) -> None:
    for format_ in ("table", "json", "csv"):
        done = asked(cluster, "nodes", "-o", format_, context=NOBODY)
        assert (done.returncode, done.stdout) == (3, "")
        assert "nodes is forbidden" in _only_line(done)


async def test_nobody_is_told_so(cluster: Cluster) -> None:
    async with followed(cluster.kubeconfig, NOBODY, first=Connection.OFF) as view:
        source = view.source()
        assert source is not None
        assert "nodes is forbidden" in source.detail
        assert view.rows == {}


def _dead(config: Config) -> Config:
    return _with_cluster(config, server=f"https://127.0.0.1:{free_ports(1)[0]}")


def _with_cluster(config: Config, **changes: str) -> Config:
    (entry,) = config["clusters"]
    return {**config, "clusters": [{**entry, "cluster": {**entry["cluster"], **changes}}]}


def _with_users(config: Config, user: Config) -> Config:
    return {**config, "users": [{"name": entry["name"], "user": user} for entry in config["users"]]}


BAD: dict[str, tuple[Change, int, str]] = {
    "dead server": (_dead, 3, "connection refused"),
    "plain http": (lambda c: _with_cluster(c, server=c["clusters"][0]["cluster"]["server"].replace("s:", ":")), 3, ""),
    "no such name": (lambda c: _with_cluster(c, server="https://no-such-host.invalid:6443"), 3, "does not resolve"),
    "no address": (lambda c: _with_cluster(c, server=""), 2, "server"),
    "absent authority": (lambda c: _with_cluster(c, **{"certificate-authority": "/no/ca"}), 2, "/no/ca"),
    "no identity": (lambda c: _with_users(c, {}), 3, "forbidden"),
    "a wrong token": (lambda c: _with_users(c, {"token": "wrong"}), 3, "Unauthorized"),
    "absent plugin": (lambda c: _with_users(c, {"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin", "interactiveMode": "Never",
    }}), 2, "no-such-plugin"),
    "no users": (lambda c: {**c, "users": []}, 2, ON_CALL),
    "no contexts": (lambda c: {**c, "contexts": []}, 2, ON_CALL),
}  # fmt: skip
"""What is wrong -> how a sound kubeconfig is made so, the exit code, and what the line must name."""


@pytest.mark.parametrize("what", BAD)
def test_a_kubeconfig_that_leads_nowhere(cluster: Cluster, tmp_path: Path, what: str) -> None:
    change, code, named = BAD[what]
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(change(yaml.safe_load(cluster.kubeconfig.read_text()))))
    done = vacancy("nodes", "--no-cloud", f"--kubeconfig={path}", f"--context={ON_CALL}", seconds=30)
    assert (done.returncode, done.stdout) == (code, "")
    assert named in _only_line(done)


def test_a_server_that_another_authority_vouches_for(cluster: Cluster, tmp_path: Path) -> None:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    path = tmp_path / "config"
    wrong = {"certificate-authority": str(Authority(tmp_path, "another").path)}
    path.write_text(yaml.safe_dump(_with_cluster(config, **wrong)))
    done = vacancy("nodes", "--no-cloud", f"--kubeconfig={path}", f"--context={ON_CALL}")
    assert (done.returncode, done.stdout) == (3, "")
    assert "certificate is not trusted" in _only_line(done)


@pytest.mark.parametrize("text", ["", "{", "- a\n- b\n", "kind: Config\nclusters: 7\n", "\x00\xff", "a: &a [*a]\n"])
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text, encoding="latin-1")
    done = vacancy("nodes", f"--kubeconfig={path}")
    assert (done.returncode, done.stdout) == (2, "")
    assert str(path) in _only_line(done)


def test_a_kubeconfig_or_a_context_that_is_not_there(cluster: Cluster, tmp_path: Path) -> None:
    absent = vacancy("nodes", f"--kubeconfig={tmp_path / 'absent'}")
    assert (absent.returncode, absent.stdout) == (2, "")
    assert str(tmp_path / "absent") in _only_line(absent)
    unknown = asked(cluster, "nodes", context="no-such-context")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "no-such-context" in _only_line(unknown)
    assert ON_CALL in _only_line(unknown)


def _only_line(done: subprocess.CompletedProcess[str]) -> str:
    (line,) = done.stderr.splitlines()
    assert line.startswith("vacancy: ")
    assert "Traceback" not in line
    return line
