"""Groups as rows, in full and as a document: honest about what isn't known, whole with hostile text."""

import json
from typing import Any

import msgspec
import pytest

from core.cluster import groups as linking
from core.cluster.cloud import Alarm, ScalingActivity, ScalingRule, ScheduledTask
from core.cluster.snapshot import Snapshot
from core.kube.own_kinds import groups as codec
from core.views import group_detail, group_list, groups
from core.views.groups import GroupRecord
from core.views.node_records import of_snapshot
from core.views.table import Tone
from tests.unit import build
from tests.unit.cloud.facts import GROUP, configuration, group, member, member_node, pool, snapshot

NOW = float(build.NOW)


def records(taken: Snapshot) -> dict[str, GroupRecord]:
    """As the feed would leave them in the store."""
    found = linking.assemble(taken)
    small = {one.id: one for whole in found if (one := linking.node_group(whole)) is not None}
    held = taken.with_tables(Group={one.id: one for one in found}, NodeGroup=small)
    return groups.of_snapshot(held, of_snapshot(held))


def one(*objects: Any) -> GroupRecord:
    return records(snapshot(*objects))[GROUP]


def cells(record: GroupRecord) -> dict[str, str]:
    row = groups.row(record, NOW, wide=True)
    return {column.id: cell.text for column, cell in zip(groups.columns(wide=True), row.cells, strict=True)}


def test_a_row() -> None:
    facts = (group(desired=4, pending=1, removing=0), pool(autoscaling=True), configuration())
    record = one(*facts, member_node("i-1"), member("i-1"))
    found = cells(record)
    assert (found["name"], found["size"], found["min"], found["max"], found["room"]) == (
        "pool np-1",
        "4",
        "0",
        "10",
        "6",
    )
    assert (found["state"], found["nodes"], found["driven"]) == ("growing +1", "1", "autoscaler")
    assert (found["types"], found["charge"], found["pending"]) == ("ecs.g7.xlarge", "postpaid", "1")
    assert groups.row(record, NOW).id == GROUP


@pytest.mark.parametrize(
    ("changes", "words", "tone"),
    [
        ({"state": "Inactive"}, "inactive", Tone.WARNING),
        ({"system_suspended": True}, "given up", Tone.DANGER),
        ({"suspended": ("ScaleOut",)}, "suspended", Tone.WARNING),
        ({"pending_wait": 2}, "growing +2", Tone.ACCENT),
        ({"removing": 1, "removing_wait": 1}, "shrinking -2", Tone.ACCENT),
        ({"desired": 10}, "at maximum", Tone.WARNING),
        ({}, "active", Tone.GOOD),
    ],
)
def test_states(changes: dict[str, Any], words: str, tone: Tone) -> None:
    record = one(group(**changes), pool(), member_node("i-1"))
    assert groups.state(record) == (words, tone)


def test_a_group_from_a_dump_shows_what_a_dump_knows() -> None:
    wire = {"metadata": {"name": GROUP}, "spec": {"displayName": "web", "minSize": 1, "maxSize": 3, "desiredSize": 3}}
    small = codec.item(msgspec.json.encode(wire))
    taken = snapshot(member_node("i-1")).with_tables(NodeGroup={GROUP: small})
    record = groups.of_snapshot(taken, of_snapshot(taken))[GROUP]
    found = cells(record)
    assert (found["name"], found["size"], found["state"], found["room"]) == ("web", "3", "at maximum", "0")
    assert (found["service"], found["activity"], found["ready-in"]) == ("-", "-", "-"), "unknown is never zero"
    assert group_detail.view(record, NOW, 1).facts
    assert group_list.item(record)["problems"] == []


def test_unknown_limits_are_not_zero() -> None:
    record = records(snapshot(pool(), member_node("i-1")))[GROUP]
    found = cells(record)
    assert (found["min"], found["max"], found["room"], found["size"]) == ("-", "-", "-", "1")
    item = group_list.item(record)
    assert (item["minSize"], item["maxSize"], item["desiredSize"]) == (None, None, None)


def test_the_document_is_json_and_holds_the_evidence() -> None:
    facts = (group(), pool(), configuration(), member_node("i-1"), member("i-1"))
    document = group_list.document(records(snapshot(*facts)).values(), {"Instance": "denied"}, "2026-01-15T12:00:00Z")
    parsed = json.loads(msgspec.json.encode(document))
    (item,) = parsed["items"]
    assert item["links"][0]["because"].startswith("the ACK API")
    assert item["members"] == [
        {"instanceId": "i-1", "node": "cn-hangzhou.i-1", "state": "InService", "creationType": "AutoCreated",
         "because": "ESS lists it"}
    ]  # fmt: skip
    assert parsed["unavailable"] == ["Instance"]
    assert "abcdef.0123456789abcdef" not in json.dumps(parsed)
    assert set(group_list.flat(one(*facts))) >= {"id", "minSize", "problems"}


def test_what_else_moves_a_group() -> None:
    rule = ScalingRule(
        id="r", ari="ari:r", group_id=GROUP, adjustment="QuantityChangeInCapacity", value=2, name="add two"
    )
    kept = ScalingRule(id="k", ari="ari:k", group_id=GROUP, metric="CpuUtilization", target=60.0, name="keep")
    task = ScheduledTask(id="t", name="morning", action="ari:r", recurrence="Daily", launch="2026-01-16T01:00Z")
    sizes = ScheduledTask(id="s", name="night", group_id=GROUP, min_size=0, max_size=2, enabled=False)
    alarm = Alarm(id="a", name="hot", group_id=GROUP, metric="CpuUtilization", operator=">=", threshold=80.0,
                  actions=("ari:r",), state="ALARM")  # fmt: skip
    taken = snapshot(group(), pool(), member_node("i-1")).with_tables(
        ScalingRule={one.key: one for one in (rule, kept)},
        ScheduledTask={one.key: one for one in (task, sizes)},
        Alarm={"a": alarm},
    )
    record = records(taken)[GROUP]
    assert groups.driven_by(record) == "schedule"
    view = group_detail.view(record, NOW, 1)
    movers = next(table for table in view.tables if table.key.kind == "movers")
    lines = [" | ".join(cell.text for cell in row.cells) for row in movers.rows]
    assert lines[0].startswith("schedule | morning | +2 machines | daily")
    assert lines[1] == "schedule | night | minimum to 0, maximum to 2 | once,  | off"
    assert lines[2] == "alarm | hot | +2 machines | CpuUtilization >= 80, ? times in ? s | alarm"
    assert "rule | keep | keeps CpuUtilization at 60 | when called | " in lines


def test_activities_in_full() -> None:
    failed = ScalingActivity(id="asa-1", group_id=GROUP, status="Failed", start=build.at(120), end=build.at(60),
                             error_code="OperationDenied.NoStock", error_message="sold out")  # fmt: skip
    record = one(group(), pool(), member_node("i-1"), failed)
    assert cells(record)["activity"] == "failed 1m ago"
    view = group_detail.view(record, NOW, 1)
    activities = next(table for table in view.tables if table.key.kind == "activities")
    assert [cell.text for cell in activities.rows[0].cells][:3] == ["2m", "Failed", "1m"]
    assert "OperationDenied.NoStock: sold out" in [cell.text for cell in activities.rows[0].cells]


def test_hostile_text_never_breaks_a_view() -> None:
    ugly = "[red]\x1b[2J\u202e" + "漢" * 400
    facts = (
        group(),
        pool(labels={"x": ugly}, instance_types=(ugly,)),
        configuration(script=f"attach_node.sh {ugly}"),
        member_node("i-1"),
        member("i-1", zone=ugly, created="not a time"),
        ScalingActivity(id="a", group_id=GROUP, status=ugly, start="never", progress=-5, description=ugly),
    )
    record = one(*facts)
    assert groups.row(record, NOW, wide=True).cells
    assert group_detail.view(record, NOW, 1).tables
    assert msgspec.json.encode(group_list.item(record))


def test_an_empty_view_says_why() -> None:
    lines = groups.missing(
        {"Instance": "denied", "Pod": "x", "ScalingGroup": "the secret is wrong", "NodePool": "denied"}
    )
    assert lines == ("no scaling groups: the secret is wrong", "no node pools, machines: denied")
    assert groups.strangers([one(group(), pool(), member_node("i-1"))], 3) == (
        "2 more scaling groups of the region have no tie to this cluster",
    )
    assert groups.strangers((), 0) == ()
    assert "No groups" in groups.view((), NOW, 1).empty
