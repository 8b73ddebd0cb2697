"""`vacancy eci`, run as a program: rows, sums, price tables and exit codes."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.test_nodes import vacancy
from tests.unit.build import at, group, node, policy
from tests.unit.serverless.small import VK, bill, on_eci


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """An old pod that fits, a spot pod, a young one."""
    pods = [
        on_eci("shop/old", "4-8Gi", 5, owner_name="old", labels={"team": "a"}),
        on_eci("shop/spot", days=4, cpu="30", owner_name="spot", notes=bill("32-64Gi", spot="SpotAsPriceGo")),
        on_eci("pay/young", days=1, owner_name="young"),
    ]
    objects = [VK, node("e", created=at(0)), group("g", ["e"]), policy(assumeComplete=True, now=at(0)), *pods]
    own = ("NodeGroup", "AutoscalerPolicy")
    items = [{"apiVersion": "vacancy/v1" if one["kind"] in own else "v1", **one} for one in objects]
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"kind": "List", "items": items}))
    return path


def test_json_has_figures_and_verdicts(dump: Path) -> None:
    done = vacancy("eci", "--from", str(dump), "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["kind"] == "EciAudit"
    old, spot, young = document["items"]
    assert [one["verdict"] for one in (old, spot, young)] == ["fits ECS now", "overdue", "fine"]
    assert old["costs"] == {"soFar": 105.85728, "perDay": 21.171456, "perMonth": 643.96512, "unknownPods": 0}
    assert spot["costs"]["unknownPods"] == 1
    assert (old["pods"][0]["fitsNode"], old["pods"][0]["billed"]) == ("e", "4-8Gi")
    assert document["prices"]["currency"] == "CNY"


def test_the_table_says_unknown_and_sums_by_namespace(dump: Path) -> None:
    out = vacancy("eci", "--from", str(dump), "--group-by", "namespace").stdout
    assert "StatefulSet shop/spot" in out
    assert "unknown" in next(line for line in out.splitlines() if "shop/spot" in line)
    shop = next(line for line in out.splitlines() if line.startswith("shop "))
    assert "≥ 643.97" in shop
    assert "2 of 2 overdue" in shop


def test_filters_sort_and_other_forms(dump: Path) -> None:
    assert vacancy("eci", "--from", str(dump), "-o", "name", "young").stdout == "statefulset/pay/young\n"
    rows = list(csv.DictReader(io.StringIO(vacancy("eci", "--from", str(dump), "-o", "csv").stdout)))
    assert [row["name"] for row in rows] == ["old", "spot", "young"]


def test_a_price_table_of_ones_own(dump: Path, tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text('currency = "EUR"\n[eci.categories.general]\nvcpu_second = 0.001\ngib_second = 0\n')
    document = json.loads(vacancy("eci", "--from", str(dump), "-o", "json", "--prices", str(table)).stdout)
    assert (document["prices"]["currency"], document["items"][0]["costs"]["perDay"]) == ("EUR", 345.6)
    table.write_text("currency")
    done = vacancy("eci", "--from", str(dump), "--prices", str(table))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert vacancy("eci", "--from", str(dump), "--prices", str(tmp_path / "none")).returncode == 2


def test_exit_codes(dump: Path) -> None:
    assert vacancy("eci", "--from", str(dump), "--exit-code").returncode == 5
    assert vacancy("eci", "--from", str(dump), "--exit-code", "--limit", "9d").returncode == 0
    assert vacancy("eci", "--from", str(dump), "--limit", "soon").returncode == 2
