"""Booked and used: figures of one node, sums of many, and what is unknown."""

import random

import pytest

from core.analysis.reservation import Figures, Reservation, Tally, of_node, total
from core.cluster.booking import Booking
from core.kube.metrics import NodeMetrics
from core.views.node_records import of_snapshot
from core.views.nodes import NodeRecord
from tests.unit import build


def only(*objects: build.Object, without: tuple[str, ...] = ()) -> NodeRecord:
    (record,) = of_snapshot(build.snapshot(*objects, without=without)).values()
    return record


def test_a_node_without_pods_books_nothing_and_unknown_usage_is_not_zero() -> None:
    cpu = only(build.node("n", cpu="4")).reservation["cpu"]
    assert (cpu.allocatable, cpu.requested, cpu.used, cpu.headroom) == (4000, 0, None, 4000)
    assert (cpu.booked_share, cpu.used_share) == (0.0, None)


def test_what_is_booked_is_unknown_where_pods_may_not_be_read() -> None:
    cpu = only(build.node("n"), without=("Pod",)).reservation["cpu"]
    assert (cpu.requested, cpu.limits, cpu.daemonsets, cpu.booked_share, cpu.headroom) == (None,) * 5


def test_pod_slots_are_booked_by_number() -> None:
    pods = [build.pod(f"a/p{i}", "n", owner="DaemonSet" if i == 0 else "Job") for i in range(3)]
    done = build.pod("a/done", "n", phase="Succeeded")
    slots = only(build.node("n"), *pods, done).reservation["pods"]
    assert (slots.requested, slots.daemonsets, slots.limits) == (3, 1, None)


def test_a_resource_that_only_pods_ask_for_is_listed() -> None:
    gpu = only(build.node("n"), build.pod("a/p", "n", extra={"nvidia.com/gpu": "1"})).reservation["nvidia.com/gpu"]
    assert (gpu.allocatable, gpu.requested, gpu.booked_share, gpu.headroom) == (0, 1, None, -1)


def test_the_usual_resources_come_first() -> None:
    names = list(only(build.node("n", extra={"a.com/x": "1", "ephemeral-storage": "1Gi"})).reservation)
    assert names[:4] == ["cpu", "memory", "ephemeral-storage", "pods"]
    assert names[-1] == "a.com/x"


def test_usage_is_a_share_of_the_nodes_that_were_measured() -> None:
    measured, blind = Figures(4000, 4000, 1000, 0, 2000, 0, 4000), Figures(4000, 4000, 1000, 0, None, 0, 0)
    cpu = total([{"cpu": measured}, {"cpu": blind}])["cpu"]
    assert (cpu.allocatable, cpu.used, cpu.measured, cpu.used_share) == (8000, 2000, 4000, 0.5)
    assert total([{"cpu": blind}])["cpu"].used is None


def test_one_unknown_booking_makes_the_sum_unknown_until_it_goes() -> None:
    known, unknown = {"cpu": Figures(1, 1, 1, 1, None, 1)}, {"cpu": Figures(1, 1, None, None, None, None)}
    tally = Tally()
    tally.add(known)
    tally.add(unknown)
    assert tally.figures()["cpu"].requested is None
    tally.add(unknown, -1)
    assert tally.figures() == total([known])


def figures(chance: random.Random) -> Figures:
    booked = [chance.choice([None, chance.randrange(2**63)]) for _ in range(3)]
    used, size = chance.choice([None, chance.randrange(9)]), chance.randrange(2**63)
    return Figures(size, size, booked[0], booked[1], used, booked[2], size if used is not None else 0)


@pytest.mark.parametrize("seed", range(5))
def test_a_running_sum_equals_one_made_anew(seed: int) -> None:
    chance, tally = random.Random(seed), Tally()
    held: list[Reservation] = []
    for _ in range(300):
        if held and chance.random() < 0.45:
            tally.add(held.pop(chance.randrange(len(held))), -1)
        else:
            held.append({name: figures(chance) for name in chance.sample(["cpu", "memory", "gpu", "pods"], 3)})
            tally.add(held[-1])
        assert tally.figures() == total(held)


def test_nothing_sums_to_nothing() -> None:
    assert total([]) == Tally().figures() == {}


def test_metrics_of_an_unknown_resource_are_left_out() -> None:
    node = next(iter(build.snapshot(build.node("n")).nodes.values()))
    found = of_node(node, Booking(), NodeMetrics("n", None, {"cpu": 5, "odd": 7}))
    assert found["cpu"].used == 5
    assert "odd" not in found
