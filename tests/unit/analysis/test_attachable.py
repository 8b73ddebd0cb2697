"""Which machines could become nodes: each reason by itself, what is unknown, the order of the list and its forms."""

from typing import Any

import msgspec
import pytest

from core.analysis.attachable import Around, Suits, Way, candidates, judge
from core.cluster.cloud import Instance
from core.views import machines

NOW = 1_800_000_000.0
HERE = Around(
    NOW,
    "c-here",
    {"i-node": "cn-hangzhou.10.0.0.3"},
    "vpc-1",
    frozenset({"vsw-1"}),
    frozenset({"sg-1"}),
    {"i-member": "web"},
)
FREE: dict[str, Any] = {
    "id": "i-free",
    "name": "free",
    "type": "ecs.g7.xlarge",
    "status": "Running",
    "charge_type": "PostPaid",
    "cpu": 4,
    "memory": 16384,
    "vpc": "vpc-1",
    "vswitch": "vsw-1",
    "security_groups": ("sg-1",),
    "os_type": "linux",
    "os_name": "Alibaba Cloud Linux 3 64-bit",
}


def machine(**changed: Any) -> Instance:
    return Instance(**{**FREE, **changed})


def found(**changed: Any) -> tuple[Suits, set[str], tuple[Way, ...]]:
    one = judge(machine(**changed), HERE)
    return one.suits, {reason.code for reason in one.reasons}, one.ways


MANUAL, USERDATA, ACK = Way.MANUAL, Way.USERDATA, Way.ACK
ALL = (MANUAL, USERDATA, ACK)


def test_a_free_machine_is_suitable_for_every_way() -> None:
    assert found() == (Suits.YES, set(), ALL)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"id": "i-node"}, "AlreadyNode"),
        ({"id": "i-member"}, "InGroup"),
        ({"tags": {"acs:autoscaling:scalingGroupId": "asg-1"}}, "InGroup"),
        ({"tags": {"ack.aliyun.com": "c-here"}}, "Joining"),
        ({"tags": {"ack.aliyun.com": "c-other"}}, "OtherCluster"),
        ({"tags": {"ack.alibabacloud.com/nodepool-id": "np1"}}, "OtherCluster"),
        ({"vpc": "vpc-2"}, "OtherVpc"),
        ({"status": "Starting"}, "Moving"),
        ({"status": "Pending"}, "Moving"),
        ({"locks": ("financial",)}, "Locked"),
        ({"locks": ("Recycling",)}, "Locked"),
        ({"charge_type": "PrePaid", "expires": "2020-01-01T00:00Z"}, "Expired"),
        ({"os_type": "windows", "os_name": "Windows Server 2022"}, "Windows"),
        ({"cpu": 1}, "TooSmall"),
        ({"memory": 2048}, "TooSmall"),
    ],
)
def test_unsuitable(changed: dict[str, Any], code: str) -> None:
    assert found(**changed) == (Suits.NO, {code}, ())


@pytest.mark.parametrize(
    ("changed", "code", "ways"),
    [
        ({"status": "Stopped"}, "Stopped", (USERDATA, ACK)),
        ({"deletion_protection": True}, "Protected", (MANUAL,)),
        ({"security_groups": ("sg-2",)}, "SecurityGroup", (ACK,)),
        ({"security_groups": ()}, "SecurityGroup", (ACK,)),
        ({"os_name": ""}, "System", (USERDATA, ACK)),
        ({"os_name": "Debian 12"}, "System", (USERDATA, ACK)),
        ({"vswitch": "vsw-9"}, "OtherVSwitch", ALL),
        ({"charge_type": "PrePaid", "expires": "2027-01-18T00:00Z"}, "EndsSoon", ALL),
        ({"charge_type": "PrePaid", "expires": "never"}, "EndUnknown", ALL),
        ({"spot_strategy": "SpotAsPriceGo"}, "Spot", ALL),
        ({"released": "2027-01-18T00:00Z"}, "Released", ALL),
    ],
)
def test_suitable_with_something_to_know(changed: dict[str, Any], code: str, ways: tuple[Way, ...]) -> None:
    assert found(**changed) == (Suits.YES, {code}, ways)


@pytest.mark.parametrize("changed", [{"cpu": None}, {"memory": None}, {"vpc": ""}, {"status": ""}])
def test_what_is_unknown_is_never_suitable(changed: dict[str, Any]) -> None:
    suits, _, ways = found(**changed)
    assert (suits, ways) == (Suits.UNKNOWN, ())


def test_nothing_known_about_the_cluster_is_unknown() -> None:
    assert judge(machine(), Around(NOW)).suits is Suits.UNKNOWN


def test_unknown_where_the_other_ways_are_blocked() -> None:
    one = judge(machine(deletion_protection=True, os_name=""), HERE)
    assert (one.suits, one.ways) == (Suits.UNKNOWN, ())


def test_the_list_leaves_nodes_out_and_begins_with_the_suitable() -> None:
    every = [machine(id="i-node"), machine(id="i-1", cpu=None), machine(id="i-2", cpu=1), machine(id="i-3")]
    assert [one.machine.id for one in candidates(every, HERE)] == ["i-3", "i-1", "i-2"]


def test_table_document_and_csv_say_the_same() -> None:
    one = judge(machine(security_groups=("sg-2",), vswitch="vsw-9"), HERE)
    view = machines.view([one], NOW, 1)
    texts = dict(zip((column.id for column in view.columns), (cell.text for cell in view.rows[0].cells), strict=True))
    document, line = machines.document([one], ["Event"], "now")["items"][0], machines.flat(one)
    assert texts["verdict"] == document["verdict"] == line["verdict"] == "suitable"
    assert texts["ways"] == line["ways"] == "ack"
    assert document["ways"] == ["ack"]
    assert texts["why"] == line["why"]
    assert [reason["code"] for reason in document["reasons"]] == ["OtherVSwitch", "SecurityGroup"]
    assert document["memory"] == line["memory"] == 16 * 2**30
    msgspec.json.encode(document)


def test_what_is_not_told_prints_a_dash() -> None:
    view = machines.view([judge(Instance(id="i-x"), HERE)], NOW, 1)
    texts = [cell.text for cell in view.rows[0].cells]
    assert texts[0] == "i-x"
    assert texts.count("-") == 5
    assert machines.item(judge(Instance(id="i-x"), HERE))["cpu"] is None
