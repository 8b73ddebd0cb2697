"""`vacancy rightsizing`, run as a program: rows, documents, patches and wrong usage."""

import csv
import io
import json
from pathlib import Path

import pytest
import yaml

from tests.cli.test_nodes import vacancy
from tests.unit.audits.test_rightsizing import WEB, vpa, web
from tests.unit.build import at, node, policy


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    objects = [node("a"), policy(assumeComplete=True, now=at(0)), WEB, web("x"), vpa("200m")]
    versions = {
        "AutoscalerPolicy": "vacancy/v1", "StatefulSet": "apps/v1", "VerticalPodAutoscaler": "autoscaling.k8s.io/v1",
    }  # fmt: skip
    items = [{"apiVersion": versions.get(one["kind"], "v1"), **one} for one in objects]
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"kind": "List", "items": items}))
    return path


def test_json_csv_and_the_table(dump: Path) -> None:
    document = json.loads(vacancy("rightsizing", "--from", str(dump), "-o", "json").stdout)
    (item,) = document["items"]
    assert (document["kind"], item["wanted"]) == ("Rightsizing", {"cpu": 200, "memory": 2**30})
    assert item["by"] == {"cpu": "vpa", "memory": "vpa"}
    assert (item["usedMost"], item["freed"]) == (None, {"cpu": 800, "memory": 2**30})
    (row,) = csv.DictReader(io.StringIO(vacancy("rightsizing", "--from", str(dump), "-o", "csv").stdout))
    assert (row["wanted_cpu"], row["usedMost_cpu"], row["container"]) == ("200", "", "c")
    assert "all of it would free 800m cpu 1Gi" in vacancy("rightsizing", "--from", str(dump)).stdout


def test_patches_are_yaml_documents(dump: Path) -> None:
    done = vacancy("rightsizing", "--from", str(dump), "--patches")
    assert done.stdout.startswith("# kubectl patch statefulsets.apps web --namespace default --type strategic")
    (patch,) = yaml.safe_load_all(done.stdout)
    assert patch["spec"]["template"]["spec"]["containers"][0]["resources"] == {
        "requests": {"cpu": "200m", "memory": "1024Mi"}
    }


def test_commands_and_vpas(dump: Path) -> None:
    (line,) = vacancy("rightsizing", "--from", str(dump), "--kubectl").stdout.splitlines()
    assert line.startswith("kubectl patch statefulsets.apps web --namespace default --type strategic -p '{")
    assert vacancy("rightsizing", "--from", str(dump), "--vpas").stdout == ""  # it has one
    done = vacancy("rightsizing", "--from", str(dump), "--vpas", "--patches")
    assert (done.returncode, done.stdout) == (2, "")


def test_an_endpoint_that_is_not_there_is_one_line_and_the_rest_goes_on(dump: Path) -> None:
    done = vacancy("rightsizing", "--from", str(dump), "--prometheus", "http://127.0.0.1:1", "-o", "json")
    assert (done.returncode, done.stderr) == (0, "vacancy: prometheus: connection refused\n")
    document = json.loads(done.stdout)
    assert document["unavailable"] == ["UsageHistory"]
    assert document["items"][0]["wanted"] == {"cpu": 200, "memory": 2**30}
    table = vacancy("rightsizing", "--from", str(dump), "--prometheus", "http://127.0.0.1:1").stdout
    assert "Prometheus could not be asked: connection refused" in table
    assert vacancy("rightsizing", "--from", str(dump), "--prometheus", "nonsense").returncode == 2


def test_a_wrong_margin_is_one_line(dump: Path) -> None:
    done = vacancy("rightsizing", "--from", str(dump), "--margin", "-5")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
