"""`vacancy plan`, `pending`, `scale-in` and `what-if` on a dump: forms, filters, exit codes, mistakes."""

import csv
import gc
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.main import main
from tests.unit.build import Object, group, node, pod, policy, workload

HOSTILE = "[red]x\x1b[31m\u202e界\n=1"
TEMPLATE = {key: part for key, part in node("template").items() if key != "kind"}
OBJECTS: list[Object] = [
    node("busy"), node("idle"), node("held"),
    group("asg-1", ["busy", "idle", "held"], high=5, displayName="web", template=TEMPLATE),
    pod("full", "busy", cpu="3900m"), pod("small", "idle", cpu="1"), pod("bare", "held", cpu="1", owner=None),
    pod("shop/late", cpu="3500m"), pod("shop/huge", cpu="99"), workload("ReplicaSet"),
    workload("ReplicaSet", namespace="shop"),
    policy(assumeComplete=True, assumeUnneededLongEnough=True, templateSource="template"),
]  # fmt: skip


@dataclass
class Done:
    """What a run said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


def write(path: Path, objects: list[Object]) -> str:
    path.write_text(json.dumps({"kind": "List", "items": objects}))
    return str(path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command, on OBJECTS unless it says where from."""
    monkeypatch.setattr(gc, "disable", lambda: None)
    dump = write(tmp_path / "dump.json", OBJECTS)

    def vacancy(*words: str, source: str = dump) -> Done:
        try:
            code = main([*words, "--from", source])
        except SystemExit as left:
            code = int(str(left.code))
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return vacancy


def test_the_plan_in_a_few_sentences(run: Run) -> None:
    done = run("plan")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("2 pods wait in 2 classes, the oldest 0s │ next: web 3 -> 4")
    assert "by the rules of cluster-autoscaler" in done.out


def test_the_plan_is_one_document_in_json_and_yaml(run: Run) -> None:
    found = run("plan", "-o", "json").json
    assert found == yaml.safe_load(run("plan", "-o", "yaml").out)
    assert found["kind"] == "Plan"
    assert {one["pod"]: one["verdict"] for one in found["pending"]} == {"shop/late": "scale-out", "shop/huge": "stuck"}
    assert found["scaleOut"]["choice"]["resize"] == [{"group": "asg-1", "from": 3, "to": 4}]
    assert [one["node"] for one in found["scaleIn"]["nodes"]] == ["busy", "idle", "held"]


def test_the_plan_line_by_line(run: Run) -> None:
    lines = list(csv.DictReader(io.StringIO(run("plan", "-o", "csv").out)))
    assert [(line["kind"], line["name"], line["verdict"]) for line in lines] == [
        ("pod", "shop/late", "scale-out"), ("pod", "shop/huge", "stuck"), ("group", "asg-1", "grows"),
        ("node", "busy", "busy"), ("node", "idle", "removable"), ("node", "held", "blocked"),
    ]  # fmt: skip
    assert lines[2]["where"] == "3 -> 4"
    assert lines[5]["reason"] == "BlockedByPod"


def test_findings_have_an_exit_code_of_their_own(run: Run, tmp_path: Path) -> None:
    assert run("plan", "--exit-code").code == 5
    calm = write(tmp_path / "calm.json", [node("a"), policy(assumeComplete=True)])
    done = run("plan", "--exit-code", source=calm)
    assert done.code == 0
    assert done.out.startswith("no pod waits\n")


def test_pending_in_every_form(run: Run) -> None:
    table = run("pending").out
    assert "shop/web" in table
    assert "✓ 1 node" in table
    assert run("pending", "-o", "name").out.split() == ["pod/shop/late", "pod/shop/huge"]
    found = run("pending", "-o", "json").json
    assert (found["kind"], len(found["pending"])) == ("PendingList", 2)
    assert found == yaml.safe_load(run("pending", "-o", "yaml").out)
    lines = list(csv.DictReader(io.StringIO(run("pending", "-o", "csv").out)))
    assert {line["pod"]: line["verdict"] for line in lines} == {"shop/late": "scale-out", "shop/huge": "stuck"}


def test_pending_can_be_filtered_and_sorted(run: Run) -> None:
    assert run("pending", "stuck", "-o", "name").out == "pod/shop/huge\n"
    assert run("pending", "!stuck", "-o", "name").out == "pod/shop/late\n"
    wrong = run("pending", "--sort=nope")
    assert wrong.code == 2
    assert "choose from name" in wrong.err


def test_nobody_waits_is_said(run: Run, tmp_path: Path) -> None:
    calm = write(tmp_path / "calm.json", [node("a"), policy(assumeComplete=True)])
    assert "No pod waits" in run("pending", source=calm).out
    assert run("pending", "-o", "csv", source=calm).out == ""


def test_scale_in_in_every_form(run: Run) -> None:
    table = run("scale-in").out
    assert "default/bare NotReplicated" in table
    found = run("scale-in", "-o", "json").json
    assert (found["kind"], found["together"]) == ("ScaleIn", ["idle"])
    assert found == yaml.safe_load(run("scale-in", "-o", "yaml").out)
    assert run("scale-in", "-o", "name", "could go").out == "node/idle\n"
    lines = {line["node"]: line for line in csv.DictReader(io.StringIO(run("scale-in", "-o", "csv").out))}
    assert (lines["held"]["blocking_pod"], lines["held"]["blocking_reason"]) == ("default/bare", "NotReplicated")
    assert (lines["busy"]["verdict"], lines["busy"]["resource"]) == ("busy", "cpu")
    assert run("scale-in", "-o", "name", "--sort=-name").out == "node/idle\nnode/held\nnode/busy\n"


def test_a_broken_price_table_of_ones_own_is_said_and_hinders_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prices.toml").write_text("currency = ")
    monkeypatch.setenv("VACANCY_PRICES", str(tmp_path / "prices.toml"))
    done = run("scale-in")
    assert done.code == 0
    assert "money unknown: " in done.out
    assert run("scale-in", "-o", "json").json["saves"]["hour"] is None
    assert "unknown" in run("scale-in", "-o", "csv").out


def test_what_the_whole_set_would_save_in_every_form(run: Run, tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('currency = "CNY"\n[ecs.types."ecs.small"]\nhour = "2.5"\n')
    assert "the one that could go would save 4 cpu, 16Gi memory, money unknown: no price for it" in run("scale-in").out
    unknown = run("scale-in", "-o", "json").json["saves"]
    assert (unknown["nodes"], unknown["hour"], unknown["unknownPrices"]) == (["idle"], None, ["idle"])
    typed = [one | {"metadata": one["metadata"] | {"labels": {"node.kubernetes.io/instance-type": "ecs.small"}}}
             if one["metadata"]["name"] == "idle" else one for one in OBJECTS]  # fmt: skip
    source = write(tmp_path / "typed.json", typed)
    table = run("scale-in", "--prices", str(prices), source=source).out
    assert "16Gi memory, ≈ 2.50 CNY an hour" in table
    known = run("scale-in", "--prices", str(prices), "-o", "yaml", source=source)
    assert yaml.safe_load(known.out)["saves"]["hour"] == 2.5
    lines = csv.DictReader(io.StringIO(run("scale-in", "--prices", str(prices), "-o", "csv", source=source).out))
    assert {line["node"]: line["saves_an_hour"] for line in lines} == {"busy": "", "idle": "2.50 CNY", "held": ""}
    assert run("scale-in", "--prices", "/none").code == 2


def test_what_if_in_every_form(run: Run) -> None:
    done = run("what-if", "--expand", "web", "1")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("What if web grew by 1 node\n  1 pod would land on 1 node.\n")
    assert "shop/late  lands" in done.out
    assert "shop/huge  No group's node would take it" in done.out
    found = run("what-if", "--expand", "web", "1", "-o", "json").json
    assert (found["kind"], found["lands"]) == ("WhatIf", {"shop/late": "new node 1 of web"})
    assert (found["changes"], found["waits"]) == ([["expand", "web", "1"]], ["shop/huge"])
    assert found == yaml.safe_load(run("what-if", "--expand", "web", "1", "-o", "yaml").out)


def test_what_if_line_by_line(run: Run) -> None:
    lines = list(csv.DictReader(io.StringIO(run("what-if", "--drain", "idle", "held", "-o", "csv").out)))
    found = {(line["kind"], line["name"]): (line["what"], line["before"], line["then"]) for line in lines}
    assert found["pod", "default/bare"] == ("lost", "held", "")
    assert found["pod", "shop/huge"][0] == "waits"
    assert found["group", "asg-1"][0] == "resize"


def test_what_if_takes_its_changes_in_order(run: Run) -> None:
    words = ("--drain", "idle", "held", "--max", "web", "9", "--drain", "busy", "--out-of-stock")
    found = run("what-if", *words, "-o", "json").json
    assert found["changes"] == [["drain", "idle", "held"], ["max", "web", "9"], ["drain", "busy"], ["out-of-stock"]]
    assert found["lost"] == ["default/bare"]
    assert "default/full" in found["displaced"]


def test_what_if_removed_nodes_and_replicas(run: Run) -> None:
    assert run("what-if", "--remove", "idle", "-o", "json").json["lands"] == {"default/small": "held"}
    assert len(run("what-if", "--replicas", "shop/web", "-1", "-o", "json").json["lost"]) == 1
    joined = run("what-if", "--attach", "m", "group=web", "zone=h", "-o", "json").json
    assert joined["lands"] == {"shop/late": "m"}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ((), "name a change"),
        (("--expand", "nope", "1"), "group nope: there is none; there are web"),
        (("--expand", "web", "many"), "write a number"),
        (("--drain", "nope"), "node nope"),
        (("--drain", HOSTILE), "there is none of that name"),
        (("--replicas", "shop/nope", "1"), "workload shop/nope"),
        (("--expand", "web"), "expected 2 arguments"),
        (("--expand", "web", "1", "-o", "name"), "invalid choice"),
    ],
)
def test_mistakes_are_said_with_code_2(run: Run, words: tuple[str, ...], part: str) -> None:
    done = run("what-if", *words)
    assert (done.code, done.out) == (2, "")
    assert part in done.err
    assert "\x1b" not in done.err
    assert "Traceback" not in done.err


def test_help_shows_examples(run: Run) -> None:
    done = run("what-if", "--help")
    assert done.code == 0
    assert "vacancy what-if --expand web 2" in done.out


def test_an_unreadable_dump_is_code_2(run: Run) -> None:
    for command in ("plan", "pending", "scale-in"):
        done = run(command, source="/none")
        assert (done.code, done.out) == (2, "")
        assert "no such file" in done.err


def test_hostile_names_stay_text(run: Run, tmp_path: Path) -> None:
    hostile = write(
        tmp_path / "hostile.json",
        [node(HOSTILE), group(HOSTILE, [HOSTILE]), pod(HOSTILE, cpu="99"), policy(assumeComplete=True)],
    )
    for words in (("plan",), ("pending",), ("scale-in",), ("what-if", "--drain", HOSTILE)):
        done = run(*words, source=hostile)
        assert done.code == 0, done.err
        assert "[red]x" in done.out or words == ("plan",)
        assert "\x1b" not in done.out
        assert "\u202e" not in done.out
