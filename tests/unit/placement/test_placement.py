"""The state of a placement: order, changes, and taking them back."""

from core.analysis.placement import Placement
from core.analysis.placement.columns import Column
from core.analysis.placement.tallies import Domains, SpreadTally
from core.kube.pod import Pod
from tests.unit.build import Object, node, pod, snapshot


def world(*objects: Object) -> tuple[Placement, list[Pod]]:
    """A placement and the pods that wait."""
    found = snapshot(*objects)
    return Placement.from_snapshot(found), [one for one in found.pods.values() if one.node is None]


def state(placement: Placement) -> object:
    """All that rollback must restore."""
    free = {name: list(placement.free(name)) for name in ("cpu", "memory", "pods")}
    return free, [list(pods) for pods in placement.pods], placement.present(), [one.name for one in placement.nodes]


def test_the_cursor_is_a_place_in_the_list_of_nodes_that_are_there() -> None:
    nodes = [node(name) for name in "abcd"]
    placement, (first, second, third) = world(*nodes, *(pod(f"default/p{index}") for index in range(3)))
    assert placement.place(first) == 0
    placement.withdraw(1)
    assert placement.place(second) == 2, "b is gone, so the second place in the list is c"
    placement.withdraw(0)
    assert placement.place(third) == 2, "the third place is none any more, so the round begins anew"


def test_a_search_passes_over_barred_nodes_and_their_pods_stay() -> None:
    there = pod("default/there", on="a")
    placement, (new,) = world(node("a"), node("b"), there, pod("default/new"))
    placement.bar(0)
    assert placement.place(new) == 1
    assert [one.name for one in placement.pods[0]] == ["there"]


def test_all_move_or_none() -> None:
    placement, pods = world(node("a"), node("b"), *(pod(f"default/p{index}", cpu="3") for index in range(3)))
    before = state(placement)
    found = placement.move(pods)
    assert (found.nodes, found.stuck) == ((), pods[2])
    assert state(placement) == before
    assert placement.move(pods[:2]).nodes == (0, 1)


def test_everything_is_undone_in_any_mixture() -> None:
    selector = {"matchLabels": {"app": "web"}}
    rule = {"topologyKey": "kubernetes.io/hostname", "labelSelector": selector}
    spec = {
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}},
        "containers": [{"name": "c", "ports": [{"hostPort": 80, "containerPort": 80}]}],
    }
    there = [pod(f"default/there-{name}", on=name, spec=spec) for name in "ab"]
    placement, (new, other) = world(
        *(node(name) for name in "abc"), *there, pod("default/new", spec=spec), pod("default/o", labels={})
    )
    before, answers = state(placement), (placement.fits(new), placement.fits(other))
    mark = placement.mark()
    placement.haunt(0)
    placement.withdraw(1)
    extra = placement.add_node(placement.nodes[2], placement.pods[2])
    placement.put(other, extra)
    assert placement.place(new) == 2
    inner = placement.mark()
    placement.remove(new, 2)
    assert placement.takes(new, 2)
    placement.rollback(inner)
    assert not placement.takes(new, 2)
    placement.rollback(mark)
    assert state(placement) == before
    assert (placement.fits(new), placement.fits(other)) == answers


def test_room_that_opens_is_found() -> None:
    hog = pod("default/hog", on="a", cpu="4")
    placement, (new,) = world(node("a"), hog, pod("default/new", cpu="2"))
    assert placement.place(new) is None
    placement.remove(placement.pods[0][0], 0)
    assert placement.place(new) == 0


def test_room_known_from_a_fuller_moment_is_forgotten() -> None:
    """What was full only because of pods that are taken back is open again."""
    placement, (large, small) = world(node("a"), pod("default/large", cpu="3"), pod("default/small", cpu="2"))
    mark = placement.mark()
    assert placement.place(large) == 0
    assert placement.place(small) is None
    placement.rollback(mark)
    assert placement.place(small) == 0


def test_the_smallest_count_follows_every_change() -> None:
    nodes = list(snapshot(*(node(name, labels={"zone": name}) for name in "abc")).nodes.values())
    domains = Domains(Column("zone", nodes), lambda _: True, False)
    for index in range(3):
        domains.enter(index)
    tally = SpreadTally(domains)
    steps = [(0, 1, 0), (1, 1, 0), (2, 1, 1), (2, 1, 1), (0, -1, 0), (0, 1, 1), (0, 1, 1), (1, 1, 2), (2, -1, 1)]
    for index, change, smallest in steps:
        tally.add(index, change)
        assert tally.minimum == smallest == min(tally.counts.values())
    tally.add(2, -1)
    domains.leave(2)
    assert (tally.minimum, len(tally.counts)) == (2, 2)
    domains.enter(2)
    assert (tally.minimum, len(tally.counts)) == (0, 3)
