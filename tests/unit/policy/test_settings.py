"""Settings: one value from each source, each with where it came from; bad values in one line."""

import pytest

from core.errors import InputError
from core.policy import Policy, RuleSet, discover, rule_set
from core.policy.settings import NAMES, name_of, override
from core.policy.values import go_text
from tests.unit.build import config_map, deployment, group, policy, snapshot

UPSTREAM_IMAGE = "registry.k8s.io/autoscaling/cluster-autoscaler:v1.32.1"


def test_a_bare_cluster_is_judged_by_the_default_rules_and_says_so() -> None:
    found = discover(snapshot())
    assert str(found.rule_set) == "cluster-autoscaler 1.35"
    assert found.described()["expander"] == {"value": "least-waste", "source": "default"}
    assert found.described()["blockingSystemPodDisruptionTimeout"]["value"] == "1h"


@pytest.mark.parametrize(
    ("rules", "expander", "timeout"),
    [("cluster-autoscaler 1.30", "random", None), ("1.32", "random", None), ("1.33", "least-waste", 3600.0)],
)
def test_defaults_follow_the_version(rules: str, expander: str, timeout: float | None) -> None:
    found = discover(snapshot(policy(ruleSet=rules)))
    assert (found.expander, found.blocking_system_pod_disruption_timeout) == (expander, timeout)


def test_every_key_of_the_contract_is_read() -> None:
    spec = {
        "ruleSet": "cluster-autoscaler 1.36",
        "expander": "priority,least-waste",
        "priorityConfig": "10: [web]",
        "scaleDownUtilizationThreshold": 0.65,
        "scaleDownUnneededTime": "7m30s",
        "skipNodesWithSystemPods": False,
        "blockingSystemPodDisruptionTimeout": None,
        "maxNodesTotal": 12,
        "templateSource": "template",
        "now": "2026-01-15T12:00:00Z",
        "assumeComplete": True,
        "assumeUnschedulable": True,
        "assumeReady": True,
        "assumeUnneededLongEnough": True,
        "synthesizeOwners": True,
        "scaleDownWithPackedPods": False,
        "ignoreDaemonSetsUtilization": True,
        "balanceSimilarNodeGroups": True,
        "minReplicaCount": 2,
        "coresTotal": "8:64",
        "gpuTotal": "nvidia-t4:0:4",
        "expendablePodsPriorityCutoff": -20,
    }
    found = discover(snapshot(policy(**spec)))
    assert found.unread == ()
    assert found.expanders == ("priority", "least-waste")
    assert found.scale_down_unneeded_time == 450.0
    assert found.now == 1768478400.0
    assert found.blocking_system_pod_disruption_timeout is None
    assert (found.cores_total.min, found.cores_total.max) == (8, 64)
    assert found.gpu_total[0].type == "nvidia-t4"
    keys = [name.field for name in NAMES if name.key in spec]
    assert {found.source(key) for key in keys} == {"AutoscalerPolicy default"}


def test_flags_of_the_running_autoscaler_are_the_policy() -> None:
    args = [
        "./cluster-autoscaler",
        "--v=4",
        "--expander=most-pods",
        "--scale-down-unneeded-time",
        "5m",
        "--balance-similar-node-groups",
        "--skip-nodes-with-local-storage=false",
        "--nodes=1:5:asg-a",
        "--nodes=0:9:asg-b",
        "--blocking-system-pod-distruption-timeout=2h",
    ]
    found = discover(snapshot(deployment("cluster-autoscaler", UPSTREAM_IMAGE, args)))
    assert str(found.rule_set) == "cluster-autoscaler 1.32"
    assert (found.expander, found.scale_down_unneeded_time) == ("most-pods", 300.0)
    assert found.balance_similar_node_groups
    assert not found.skip_nodes_with_local_storage
    assert [(size.group, size.min, size.max) for size in found.nodes] == [("asg-a", 1, 5), ("asg-b", 0, 9)]
    assert found.blocking_system_pod_disruption_timeout == 7200.0
    assert found.source("expander") == "flag of kube-system/cluster-autoscaler"


def test_a_shells_command_line_is_read_too() -> None:
    line = "exec ./cluster-autoscaler --expander=least-nodes --namespace 'kube-system' 2>&1"
    found = discover(snapshot(deployment("cluster-autoscaler", UPSTREAM_IMAGE, ["sh", "-c", line])))
    assert found.expander == "least-nodes"


def test_a_bad_flag_of_somebody_else_is_noted_and_does_not_stop_us() -> None:
    args = ["--scale-down-utilization-threshold=half"]
    found = discover(snapshot(deployment("cluster-autoscaler", UPSTREAM_IMAGE, args)))
    assert found.scale_down_utilization_threshold == 0.5
    assert found.unread == (
        "flag of kube-system/cluster-autoscaler: scaleDownUtilizationThreshold is 'half', "
        "expected a number such as 0.5",
    )


def test_ack_swaps_the_names_of_the_two_waits() -> None:
    meta = '{"cool_down_duration": "8 m", "unneeded_duration": "12m", "utilization_threshold": "0.4"}'
    found = discover(snapshot(config_map("autoscaler-meta", {"autoscaler-meta": meta})))
    assert found.scale_down_unneeded_time == 480.0
    assert found.scale_down_delay_after_add == 720.0
    assert found.source("scale_down_unneeded_time") == ("cool_down_duration of ConfigMap kube-system/autoscaler-meta")
    assert found.scale_down_utilization_threshold == 0.4


def test_acks_priorities_are_a_map_there_and_a_text_here() -> None:
    meta = '{"expander": "priority", "priorities": {"10": ["web.*"]}, "scan_interval": 30}'
    found = discover(snapshot(config_map("autoscaler-meta", {"autoscaler-meta": meta})))
    assert (found.priority_config, found.scan_interval, found.unread) == ('10: ["web.*"]', 30.0, ())


def test_sources_win_in_order() -> None:
    objects = [
        config_map("autoscaler-meta", {"expander": "priority", "utilization_threshold": "0.4"}),
        deployment("cluster-autoscaler", UPSTREAM_IMAGE, ["--expander=most-pods", "--max-nodes-total=7"]),
        config_map("cluster-autoscaler-priority-expander", {"priorities": "10:\n- web"}),
    ]
    from_cluster = discover(snapshot(*objects))
    assert (from_cluster.expander, from_cluster.scale_down_utilization_threshold) == ("most-pods", 0.4)
    assert from_cluster.priority_config == "10:\n- web"
    configured = discover(snapshot(*objects), {"maxNodesTotal": 8})
    assert (configured.max_nodes_total, configured.source("max_nodes_total")) == (8, "configuration")
    written = discover(snapshot(*objects, policy(maxNodesTotal=9)), {"maxNodesTotal": 8})
    assert (written.max_nodes_total, written.expander) == (9, "most-pods")


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ({"scaleDownUnneededTime": "10 minutes"}, "scaleDownUnneededTime is '10 minutes', expected a duration"),
        ({"scaleDownUtilizationThreshold": "NaN"}, "expected a number such as 0.5"),
        ({"maxNodesTotal": 1.5}, "expected a whole number"),
        ({"skipNodesWithSystemPods": "perhaps"}, "expected true or false"),
        ({"templateSource": "best"}, "expected auto or template"),
        ({"now": "yesterday"}, "expected a time such as"),
        ({"coresTotal": "9:3"}, "expected min:max"),
        ({"gpuTotal": "t4"}, "expected type:min:max"),
        ({"expander": 5}, "expander is '5', expected a text"),
        ({"ruleSet": "cluster-autoscaler 1.12"}, "rules are known from 1.30 to 1.37"),
        ({"ruleSet": "karpenter"}, "ruleSet 'karpenter': write for example cluster-autoscaler 1.35"),
    ],
)
def test_a_bad_value_is_one_clear_line(spec: dict[str, object], line: str) -> None:
    with pytest.raises(InputError, match=line) as error:
        discover(snapshot(policy(**spec)))
    assert "\n" not in str(error.value)


def test_a_key_that_nobody_knows_is_named() -> None:
    assert discover(snapshot(policy(maxNodesTotl=3))).unread == (
        "AutoscalerPolicy default: maxNodesTotl is not a setting known here",
    )


def test_a_group_overrides_what_groups_may_override() -> None:
    taken = snapshot(
        group("a", options={"scaleDownUtilizationThreshold": 0.9, "ignoreDaemonSetsUtilization": True}),
        group("b", options={"maxNodesTotal": 3}),
        group("c", options={"scaledownunneededtime": "1m"}),
        group("d", options={"scaleDownUnneededTime": "soon"}),
    )
    whole = Policy()
    own = whole.per_group(taken.groups["a"])
    assert (own.scale_down_utilization_threshold, own.ignore_daemonsets_utilization) == (0.9, True)
    assert own.source("scale_down_utilization_threshold") == "NodeGroup a options"
    assert whole.per_group(taken.groups["b"]).unread == (
        "NodeGroup b options: maxNodesTotal is not a setting known here",
    )
    assert whole.per_group(taken.groups["c"]).scale_down_unneeded_time == 60.0
    with pytest.raises(InputError, match="NodeGroup d options: scaleDownUnneededTime is 'soon'"):
        whole.per_group(taken.groups["d"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ack", "ack on cluster-autoscaler 1.35"),
        ("ack 1.30", "ack on cluster-autoscaler 1.30"),
        ("goatscaler on cluster-autoscaler 1.31", "goatscaler on cluster-autoscaler 1.31"),
        ("Cluster-Autoscaler v1.37.2", "cluster-autoscaler 1.37"),
    ],
)
def test_rule_sets_read_as_they_are_written(text: str, said: str) -> None:
    assert str(rule_set.parse(text)) == said
    assert rule_set.parse(said) == rule_set.parse(text)


def test_the_nearest_known_rules_stand_in_for_others() -> None:
    assert rule_set.nearest((1, 27)) == (1, 30)
    assert rule_set.nearest((1, 44)) == (1, 37)
    assert rule_set.nearest(None) == RuleSet().version


def test_spellings_meet_in_one_setting() -> None:
    for spelling in ("scaleDownUnneededTime", "scale-down-unneeded-time", "scaledownunneededtime"):
        name = name_of(spelling)
        assert name is not None
        assert name.field == "scale_down_unneeded_time"
    assert name_of("v") is None


def test_durations_are_shown_as_go_writes_them() -> None:
    assert [go_text(seconds) for seconds in (0, 90, 3600, 5400.5, None)] == ["0s", "1m30s", "1h", "1h30m0.5s", None]


def test_an_override_keeps_what_it_does_not_name() -> None:
    changed = override(Policy(), {"maxNodesTotal": 3}, "here", "here")
    assert changed.max_nodes_total == 3
    assert changed.scale_down_unneeded_time == Policy().scale_down_unneeded_time
