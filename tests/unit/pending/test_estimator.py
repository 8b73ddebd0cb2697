"""How many nodes the pods need."""

import pytest

from tests.unit.build import Object, node, pod
from tests.unit.pending.small import decide, nodes_and_pods, pending_pod, pool

ZONE = "topology.kubernetes.io/zone"


def replicas(count: int, cpu: str = "1", name: str = "web", **more: object) -> list[Object]:
    return [pending_pod(f"{name}-{index}", cpu, owner_name=name, **more) for index in range(count)]


def spread(key: str) -> Object:
    selector = {"matchLabels": {"app": "web"}}
    rule = {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector}
    return {"topologySpreadConstraints": [rule]}


def apart(key: str) -> Object:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": "web"}}}
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def test_pods_fill_nodes() -> None:
    assert nodes_and_pods(decide(pool("g"), *replicas(9)), "g") == (3, 9)


def test_large_pods_go_first_and_small_ones_fill_the_gaps() -> None:
    found = decide(pool("g"), *replicas(2, "1", "small"), *replicas(2, "3", "large"))
    assert nodes_and_pods(found, "g") == (2, 4)


def test_hosts_apart_need_a_node_each() -> None:
    assert nodes_and_pods(decide(pool("g"), *replicas(3, spec=apart("kubernetes.io/hostname"))), "g") == (3, 3)


def test_all_new_nodes_are_in_one_zone() -> None:
    zonal = pool("g", labels={ZONE: "a"})
    assert nodes_and_pods(decide(zonal, *replicas(3, spec=apart(ZONE))), "g") == (1, 1)
    other = node("b", cpu="0", labels={ZONE: "b"})
    assert nodes_and_pods(decide(zonal, other, *replicas(3, spec=spread(ZONE))), "g") == (1, 1)


@pytest.mark.parametrize(
    ("settings", "size", "nodes"),
    [
        ({"maxNodesPerScaleup": 2}, {}, 2),
        ({}, {"high": 1}, 1),
        ({"maxNodesTotal": 3}, {}, 2),
        ({"maxNodesTotal": 1}, {}, 0),
        ({}, {"high": 9}, 3),
    ],
)
def test_limits(settings: dict[str, int], size: dict[str, int], nodes: int) -> None:
    found = decide(node("x", cpu="0"), pool("g", high=size.get("high", 10)), *replicas(9), **settings)
    assert nodes_and_pods(found, "g")[0] == nodes


def test_hostname_spread_falls_back_to_nodes_that_exist_in_newer_rules() -> None:
    """The first replica fits nowhere, so none is tried again, though room opens on `c` when another pod comes to `a`.
    Newer rules find that room while they estimate, and count `c` among the new nodes."""
    taint = {"key": "x", "effect": "NoSchedule"}
    hosts = (node("a", taints=[taint]), node("c"), pod("default/there", on="c"))
    guest = {"tolerations": [{"key": "x", "operator": "Exists"}], "nodeSelector": {"kubernetes.io/hostname": "a"}}
    first, *more = replicas(4, spec=spread("kubernetes.io/hostname"))
    world = (*hosts, pool("g"), first, pending_pod("guest", owner_name="guest", spec=guest), *more)
    settings = {"templateSource": "template"}
    assert nodes_and_pods(decide(*world, ruleSet="cluster-autoscaler 1.30", **settings), "g") == (2, 4)
    assert nodes_and_pods(decide(*world, ruleSet="cluster-autoscaler 1.35", **settings), "g") == (3, 4)


def test_a_whole_group_grows_as_a_whole() -> None:
    found = decide(pool("g", high=6, options={"zeroOrMaxNodeScaling": True}), *replicas(2))
    assert nodes_and_pods(found, "g") == (6, 2)


QUICK = {"ruleSet": "cluster-autoscaler 1.36", "fastpathBinpackingEnabled": True}


def test_the_fast_path_packs_one_node_and_counts_the_others() -> None:
    """The pods of 1500m save most attempts and come last: two of them fit a new node, whatever room the others
    leave."""
    large, small = replicas(1, "3", "large"), replicas(9, "1", "small")
    assert nodes_and_pods(decide(pool("g"), *large, *small), "g") == (3, 10)
    assert nodes_and_pods(decide(pool("g"), *large, *small, **QUICK), "g") == (3, 10)
    middle = replicas(8, "1500m", "middle")
    assert nodes_and_pods(decide(pool("g"), *middle, *replicas(2, "1", "few"), **QUICK), "g") == (5, 10)
    assert nodes_and_pods(decide(pool("g"), *middle, *replicas(2, "1", "few")), "g") == (4, 10)


def test_the_fast_path_stops_at_the_limit() -> None:
    assert nodes_and_pods(decide(pool("g", high=2), *replicas(9), **QUICK), "g") == (2, 8)
    assert nodes_and_pods(decide(pool("g", high=2), *replicas(9), **QUICK, maxNodesTotal=1), "g") == (1, 4)


@pytest.mark.parametrize("spec", [spread(ZONE), spread("kubernetes.io/hostname"), apart(ZONE)])
def test_pods_for_which_one_node_does_not_speak_take_the_slow_path(spec: Object) -> None:
    zonal = pool("g", labels={ZONE: "a"})
    pods = replicas(6, spec=spec)
    assert nodes_and_pods(decide(zonal, *pods, **QUICK), "g") == nodes_and_pods(decide(zonal, *pods), "g")


def test_hosts_apart_take_the_fast_path() -> None:
    pods = replicas(5, spec=apart("kubernetes.io/hostname"))
    assert nodes_and_pods(decide(pool("g"), *pods, **QUICK), "g") == (5, 5)


def test_the_fast_path_is_newer_than_1_35() -> None:
    pods = (*replicas(8, "1500m", "middle"), *replicas(2, "1", "few"))
    assert nodes_and_pods(decide(pool("g"), *pods, fastpathBinpackingEnabled=True), "g") == (4, 10)
