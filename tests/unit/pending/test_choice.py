"""Which group grows, by how much, and what that means for each pod."""

import pytest

from core.analysis.pending.expanders import parse_priorities
from tests.unit.build import Object, config_map, node
from tests.unit.pending.small import decide, nodes_and_pods, pending_pod, pool, resizes, skipped, verdicts

STATUS = """time: 2026-01-15 11:59:50 +0000 UTC
autoscalerStatus: Running
nodeGroups:
- name: g
  health: {status: Healthy, cloudProviderTarget: 2, minSize: 0, maxSize: 10}
  scaleUp: {status: %s}
"""


def says(scale_up: str) -> Object:
    return config_map("cluster-autoscaler-status", {"status": STATUS % scale_up})


def test_nothing_is_needed() -> None:
    assert decide(pool("g")).choice.result == "NotNeeded"


def test_nothing_helps() -> None:
    found = decide(pool("g"), pending_pod("p", "9"))
    assert (found.choice.result, verdicts(found)) == ("NoOptionsAvailable", {"p": "stuck"})


def test_the_least_waste_wins_and_the_others_wait() -> None:
    small, large = pool("small", cpu="4"), pool("large", cpu="16", memory="64Gi")
    found = decide(large, small, pending_pod("p", "3"), pending_pod("q", "9"))
    assert (found.choice.result, found.choice.ties) == ("Successful", ("small",))
    assert resizes(found) == {"small": (0, 1)}
    assert verdicts(found) == {"p": "scale-out", "q": "next-round"}


@pytest.mark.parametrize(
    ("expander", "winner"),
    [
        ("least-waste", ("small",)),
        ("most-pods", ("large",)),
        ("least-nodes", ("small", "large")),
        ("least-nodes,most-pods", ("large",)),
        ("random", ("small", "large")),
    ],
)
def test_expanders(expander: str, winner: tuple[str, ...]) -> None:
    groups = (pool("small", high=1), pool("large", cpu="16", memory="64Gi", high=1))
    found = decide(*groups, *(pending_pod(f"p{index}", "3") for index in range(3)), expander=expander)
    assert found.choice.ties == winner
    assert found.expanders["most-pods"] == ("large",)


@pytest.mark.parametrize(
    ("config", "winner"),
    [
        ("10: ['small']\n20: ['large']", ("large",)),
        ("10: ['.*']\n20: ['mal']", ("small",)),
        ("10: ['large']", ("large",)),
        ("10: ['nobody']", ("small", "large")),
        ("-5: ['small']", ("small", "large")),
        ("", ("small", "large")),
        ("10: [", ("small", "large")),
        ("10: ['(']", ("small", "large")),
        ("many: ['small']", ("small", "large")),
    ],
)
def test_priorities(config: str, winner: tuple[str, ...]) -> None:
    found = decide(pool("small"), pool("large"), pending_pod("p"), expander="priority", priorityConfig=config)
    assert found.choice.ties == winner


def test_priorities_are_numbers() -> None:
    assert parse_priorities("10: ['a']") is not None
    assert parse_priorities("true: ['a']") is None
    assert parse_priorities("[]") is None


@pytest.mark.parametrize(
    ("groups", "settings", "reason"),
    [
        ((node("n"), pool("g", ("n",), high=1)), {}, "max node group size reached"),
        ((pool("g", desiredSize=2),), {}, "not ready for scale-up"),
        ((pool("g", desiredSize=2), says("InProgress")), {}, None),
        ((pool("g"), says("Backoff")), {}, "in backoff after failed scale-up"),
        ((pool("g", autoscaling=False),), {}, "not autoscaled"),
        (
            (pool("g", high=9, options={"zeroOrMaxNodeScaling": True}),),
            {"maxNodesTotal": 5},
            "atomic scale-up exceeds cluster node count limit",
        ),
        ((pool("g"),), {"coresTotal": "0:3"}, 'exceeded quota: "cluster-wide", resources: cpu'),
        ((pool("g"),), {"coresTotal": "0:3", "ruleSet": "1.30"}, "max cluster cpu limit reached"),
        (
            (pool("g"),),
            {"memoryTotal": "0:15", "coresTotal": "0:3"},
            'exceeded quota: "cluster-wide", resources: cpu, memory',
        ),
        ((pool("g"),), {"coresTotal": "0:4"}, None),
    ],
)  # fmt: skip
def test_skip_reasons(groups: tuple[Object, ...], settings: dict[str, str], reason: str | None) -> None:
    assert skipped(decide(*groups, pending_pod("p", "3"), **settings))["g"] == reason


def test_a_group_that_grows_as_a_whole_needs_room_for_all_of_it() -> None:
    whole = pool("g", high=3, options={"zeroOrMaxNodeScaling": True})
    for cores, reason in (("0:11", 'exceeded quota: "cluster-wide", resources: cpu'), ("0:12", None)):
        assert skipped(decide(whole, pending_pod("p", "3"), coresTotal=cores))["g"] == reason


def test_a_cluster_that_may_have_no_more_nodes_says_so() -> None:
    full = (node("a", cpu="1"), node("b", cpu="1"), pool("g"), pending_pod("p", "3"))
    found = decide(*full, maxNodesTotal=2)
    assert (found.choice.result, found.choice.error) == ("NoOptionsAvailable", "max total nodes in cluster reached")
    assert resizes(decide(*full, maxNodesTotal=3)) == {"g": (0, 1)}


def test_groups_that_the_expander_passes_over_are_rejected_by_name() -> None:
    found = decide(pool("large", cpu="16", memory="64Gi"), pool("small"), pool("tiny", cpu="1"), pending_pod("p", "3"))
    filtered = "expansion options filtered out and no longer considered"
    assert {one.group: one.rejected for one in found.groups} == {"large": filtered, "small": None, "tiny": None}
    even = decide(pool("a"), pool("b"), pending_pod("p", "3"))
    assert {one.group: one.rejected for one in even.groups} == {"a": None, "b": None}, "chance decides between them"


def test_since_1_36_nodes_are_on_their_way_only_while_a_request_of_the_autoscalers_runs() -> None:
    def to(scale_up: str, rules: str) -> dict[str, str]:
        small = node("n", cpu="1")
        world = (small, pool("g", ("n",), desiredSize=2), says(scale_up), pending_pod("p", "3"))
        return verdicts(decide(*world, ruleSet=rules, templateSource="template"))

    assert to("NoActivity", "1.35") == to("InProgress", "1.35") == {"p": "fits-existing"}
    assert to("InProgress", "1.36") == {"p": "fits-existing"}
    assert to("NoActivity", "1.36") == {"p": "scale-out"}
    assert to("Backoff", "1.36") == {"p": "next-round"}


def test_gpu_limits_count_by_kind() -> None:
    gpu = pool("g", labels={"aliyun.accelerator/nvidia_name": "a100"}, extra={"nvidia.com/gpu": "4"})
    assert skipped(decide(gpu, pending_pod("p"), gpuTotal="a100:0:3"))["g"] == (
        'exceeded quota: "cluster-wide", resources: a100'
    )
    assert skipped(decide(gpu, pending_pod("p"), gpuTotal="v100:0:3"))["g"] is None


def test_who_fits_only_where_nobody_grows_needs_a_person() -> None:
    by_hand = decide(pool("g", autoscaling=False), pending_pod("p"))
    assert verdicts(by_hand) == {"p": "by-hand"}
    full = decide(node("n", cpu="0"), pool("g", ("n",), high=1), pending_pod("p"), templateSource="template")
    assert verdicts(full) == {"p": "by-hand"}
    later = decide(pool("g"), says("Backoff"), pending_pod("p"))
    assert verdicts(later) == {"p": "next-round"}


def test_a_pod_that_nobody_can_judge_is_unknown() -> None:
    spec = {"resourceClaims": [{"name": "gpu", "resourceClaimName": "one"}]}
    found = decide(node("n"), pool("g", ("n",)), pending_pod("p", spec=spec))
    assert (verdicts(found), found.choice.result) == ({"p": "unknown"}, "NoOptionsAvailable")


def test_a_cluster_of_sick_nodes_does_not_grow() -> None:
    sick = [node(f"n{index}", ready="False") for index in range(4)]
    found = decide(*sick, pool("g"), pending_pod("p", "3"), pending_pod("q", "99"))
    assert (found.choice.result, found.choice.resize) == ("ClusterUnhealthy", ())


def test_a_group_with_too_many_sick_nodes_is_not_ready() -> None:
    names = tuple(f"n{index}" for index in range(4))
    sick = [node(name, cpu="0", ready="False") for name in names]
    well = [node(f"w{index}", cpu="0") for index in range(9)]
    assert skipped(decide(*sick, *well, pool("g", names), pending_pod("p")))["g"] == "not ready for scale-up"


def test_growth_is_capped_by_the_cluster() -> None:
    found = decide(pool("g"), *(pending_pod(f"p{index}", "3") for index in range(5)), coresTotal="0:9")
    assert nodes_and_pods(found, "g") == (5, 5)
    assert resizes(found) == {"g": (0, 2)}


def test_similar_groups_share_the_growth() -> None:
    zones = [pool(zone, labels={"topology.kubernetes.io/zone": zone}) for zone in ("a", "b", "c")]
    odd = pool("odd", labels={"disk": "ssd"})
    pods = [pending_pod(f"p{index}", "3") for index in range(5)]
    found = decide(*zones, odd, *pods, balanceSimilarNodeGroups=True)
    assert resizes(found) == {"a": (0, 2), "b": (0, 2), "c": (0, 1)}
    assert resizes(decide(*zones, odd, *pods)) == {"a": (0, 5)}


def test_the_smallest_group_is_filled_first() -> None:
    nodes = [node(f"n{index}", cpu="0", labels={"zone": "a"}) for index in range(3)]
    groups = (pool("a", ("n0", "n1", "n2")), pool("b", high=2), pool("c"))
    pods = [pending_pod(f"p{index}", "3") for index in range(7)]
    found = decide(*nodes, *groups, *pods, balanceSimilarNodeGroups=True, templateSource="template")
    assert resizes(found) == {"a": (3, 4), "b": (0, 2), "c": (0, 4)}


@pytest.mark.parametrize(
    ("cpu", "memory", "alike"),
    [("4", "16Gi", True), ("4", "16500Mi", True), ("4", "17Gi", False), ("3900m", "16Gi", False)],
)
def test_what_makes_groups_similar(cpu: str, memory: str, alike: bool) -> None:
    groups = (pool("a"), pool("b", cpu=cpu, memory=memory))
    pods = [pending_pod(f"p{index}", "3") for index in range(4)]
    found = decide(*groups, *pods, balanceSimilarNodeGroups=True, expander="priority", priorityConfig="1: ['^a$']")
    assert (len(resizes(found)) == 2) == alike


def test_since_1_37_no_flag_changes_who_is_similar_but_the_label() -> None:
    groups = (pool("a", labels={"team": "x"}), pool("b", labels={"team": "y"}))
    pods = [pending_pod(f"p{index}", "3") for index in range(2)]
    settings = {"balanceSimilarNodeGroups": True, "balancingIgnoreLabel": "team", "expander": "priority",
                "priorityConfig": "1: ['^a$']"}  # fmt: skip
    sizes = {rules: len(resizes(decide(*groups, *pods, ruleSet=rules, **settings))) for rules in ("1.36", "1.37")}
    assert sizes == {"1.36": 2, "1.37": 1}


def test_a_label_may_decide_alone_who_is_similar() -> None:
    groups = (pool("a", labels={"team": "x"}), pool("b", cpu="8", labels={"team": "x"}))
    pods = [pending_pod(f"p{index}", "3") for index in range(2)]
    settings = {"balanceSimilarNodeGroups": True, "expander": "priority", "priorityConfig": "1: ['^a$']"}
    assert len(resizes(decide(*groups, *pods, balancingLabel="team", **settings))) == 2
    assert len(resizes(decide(*groups, *pods, **settings))) == 1
