"""Which autoscaler runs here, found from what it leaves in the cluster."""

import pytest

from core.analysis import autoscaler, autoscaler_events, autoscaler_status
from core.analysis.autoscaler_events import Act
from core.policy import discover
from tests.unit.build import NOW, Object, config_map, deployment, event, node, snapshot

ACK_IMAGE = "registry-vpc.cn-hangzhou.aliyuncs.com/acs/autoscaler:v1.3.1-7369cf1"

YAML = """
time: 2026-01-15 11:59:50.123456789 +0000 UTC
autoscalerStatus: Running
clusterWide:
  health: {status: Healthy, nodeCounts: {registered: {total: 5, ready: 5}}}
  scaleUp: {status: InProgress, lastTransitionTime: "2026-01-15T11:58:00Z"}
  scaleDown: {status: CandidatesPresent, candidates: 2}
nodeGroups:
- name: asg-a
  health:
    status: Healthy
    nodeCounts: {registered: {total: 3, ready: 2}}
    cloudProviderTarget: 4
    minSize: 1
    maxSize: 9
  scaleUp:
    status: Backoff
    backoffInfo: {errorCode: OutOfStock, errorMessage: "no stock in \\u001b[31mzone b"}
  scaleDown: {status: NoCandidates}
"""
TEXT = """Cluster-autoscaler status at 2026-01-15 11:59:50.5 +0000 UTC:
Cluster-wide:
  Health:      Healthy (ready=5 unready=0 notStarted=0 longNotStarted=0 registered=5 longUnregistered=0)
               LastProbeTime:      2026-01-15 11:59:50.4 +0000 UTC
               LastTransitionTime: 2026-01-15 10:00:00 +0000 UTC
  ScaleUp:     NoActivity (ready=5 registered=5)
               LastProbeTime:      2026-01-15 11:59:50.4 +0000 UTC
               LastTransitionTime: 2026-01-15 11:00:00 +0000 UTC
  ScaleDown:   CandidatesPresent (candidates=2)
NodeGroups:
  Name:        asg-a
  Health:      Healthy (ready=2 registered=3 longUnregistered=0 cloudProviderTarget=4 (minSize=1, maxSize=9))
  ScaleUp:     Backoff (ready=2 cloudProviderTarget=4)
               LastTransitionTime: 2026-01-15 11:30:00 +0000 UTC
  ScaleDown:   NoCandidates (candidates=0)
"""


def _status(text: str) -> Object:
    return config_map("cluster-autoscaler-status", {"status": text})


@pytest.mark.parametrize("text", [YAML, TEXT], ids=["yaml", "text"])
def test_both_forms_of_the_status_say_the_same(text: str) -> None:
    status = autoscaler_status.read(text)
    assert status is not None
    assert (status.state, status.updated) == ("Running", NOW - 10)
    assert (status.cluster.health, status.cluster.registered, status.cluster.candidates) == ("Healthy", 5, 2)
    group = status.groups["asg-a"]
    assert (group.ready, group.registered, group.target, group.min_size, group.max_size) == (2, 3, 4, 1, 9)
    assert group.in_backoff


def test_the_yaml_status_says_why_a_group_is_backed_off() -> None:
    status = autoscaler_status.read(YAML)
    assert status is not None
    assert (status.groups["asg-a"].error_code, status.groups["asg-a"].error) == ("OutOfStock", "no stock in [31mzone b")
    assert status.cluster.scale_up_since == NOW - 120


def test_a_starting_autoscaler_and_hostile_texts_are_survived() -> None:
    starting = autoscaler_status.read("Initializing", "2026-01-15 12:00:00.1 +0000 UTC")
    assert starting is not None
    assert (starting.state, starting.updated) == ("Initializing", NOW)
    for text in ("", "{", "[1, 2]", "a: b", "autoscalerStatus: [", "\x00", "&a [*a]"):
        assert autoscaler_status.read(text) is None
    odd = autoscaler_status.read("autoscalerStatus: Running\nnodeGroups: [1, {name: 7, health: x}]\nclusterWide: 3")
    assert odd is not None
    assert list(odd.groups) == ["7"]


def test_upstreams_autoscaler_is_named_with_its_version() -> None:
    found = autoscaler.find(
        snapshot(
            deployment("cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.31.2", ["--v=4"]),
            _status(YAML),
        )
    )
    assert (found.kind, found.version) == (autoscaler.UPSTREAM, (1, 31))
    assert str(found) == (
        "Cluster Autoscaler 1.31 (Deployment kube-system/cluster-autoscaler, image "
        "registry.k8s.io/autoscaling/cluster-autoscaler:v1.31.2; its status ConfigMap)"
    )


def test_acks_build_brings_its_overlay_and_not_its_own_version_numbers() -> None:
    taken = snapshot(deployment("cluster-autoscaler", ACK_IMAGE, ["--expander=least-waste"]))
    found = autoscaler.find(taken)
    assert (found.kind, found.version) == (autoscaler.ACK, None)
    rules = discover(taken)
    assert str(rules.rule_set) == "ack on cluster-autoscaler 1.35"
    assert rules.source("rule_set") == "what runs here"


@pytest.mark.parametrize(
    "objects",
    [
        (config_map("autoscaler-meta", {"scaler-type": "goatscaler"}),),
        (config_map("autoscaler-meta", {"autoscaler-meta": '{"scaler-type": "GOATScaler"}'}),),
        (node("a", labels={"goatscaler.io/managed": "true"}),),
        (event("ProvisionNode", "Pod/default/web", 60, "Provision node task-1", source="GOATScaler"),),
        (deployment("goatscaler", "registry/acs/goatscaler:v0.3", []),),
    ],
    ids=["configuration", "configuration as json", "node", "event", "deployment"],
)
def test_goatscaler_is_found_by_any_of_its_traces(objects: tuple[Object, ...]) -> None:
    taken = snapshot(*objects)
    assert autoscaler.find(taken).kind == autoscaler.GOATSCALER
    assert discover(taken).rule_set.overlay == "goatscaler"
    assert discover(taken).expanders == ("least-waste",)


def test_a_running_cluster_autoscaler_is_believed_before_goatscalers_leftovers() -> None:
    taken = snapshot(
        deployment("cluster-autoscaler", "registry.k8s.io/autoscaling/cluster-autoscaler:v1.31.2", []),
        node("a", labels={"goatscaler.io/managed": "true"}),
    )
    assert autoscaler.find(taken).kind == autoscaler.UPSTREAM


def test_cce_is_told_by_its_nodes() -> None:
    taken = snapshot(
        deployment("cceaddon-cluster-autoscaler", "swr.example.com/hwofficial/cluster-autoscaler:1.31.10", []),
        node("a", labels={"cce.cloud.com/cce-nodepool": "web"}),
    )
    assert autoscaler.find(taken).kind == autoscaler.CCE


def test_other_programs_that_scale_are_not_taken_for_it() -> None:
    others = (
        deployment("dns-autoscaler", "registry.k8s.io/cpa/cluster-proportional-autoscaler:1.8.9", ["/cpa"]),
        deployment("keda-scaler", "ghcr.io/kedacore/keda:2.1", []),
        deployment("vpa-autoscaler", "registry.k8s.io/autoscaling/vpa-recommender:1.2", []),
    )
    assert autoscaler.find(snapshot(*others)).kind == autoscaler.NONE
    untagged = deployment("my-autoscaler", "example.com/cluster-autoscaler", [])
    assert autoscaler.find(snapshot(*others, untagged)).kind == autoscaler.UPSTREAM


def test_none_is_only_said_when_everything_was_looked_at() -> None:
    assert autoscaler.find(snapshot()).kind == autoscaler.NONE
    unseen = autoscaler.find(snapshot(without=["ConfigMap", "Event"]))
    assert (unseen.kind, unseen.evidence) == (autoscaler.UNKNOWN, ("ConfigMap, Event not available",))
    stopped = snapshot(deployment("cluster-autoscaler", "x/cluster-autoscaler:v1.31.2", [], replicas=0))
    assert autoscaler.find(stopped).kind == autoscaler.NONE


def test_its_events_say_what_it_did_last() -> None:
    found = autoscaler.find(
        snapshot(
            event("TriggeredScaleUp", "Pod/default/a", 300, "pod triggered scale-up: [{asg-a 3->5 (max: 9)}]"),
            event("TriggeredScaleUp", "Pod/default/b", 900, "pod triggered scale-up: [{asg-b 1->2 (max: 9)}]"),
            event("ScaleDown", "Pod/default/c", 5, "deleting pod for node scale down"),
            event("ScaleDownFailed", "Node/n1", 30, "failed to drain"),
            event("ScaledUpGroup", "ConfigMap/kube-system/s", 310, "Scale-up: group asg-a size set to 5 instead of 3"),
            event("Scheduled", "Pod/default/a", 1),
            event("TriggeredScaleUp", "Pod/default/x", 1, source="somebody-else"),
        )
    )
    assert found.latest[Act.GREW].at == NOW - 300
    assert found.latest[Act.GREW].groups == ("asg-a",)
    assert Act.SHRANK not in found.latest
    assert str(found.latest[Act.SHRINK_FAILED]) == "ScaleDownFailed on node n1: failed to drain"
    assert [activity.at for activity in found.activities] == [NOW - 30, NOW - 300, NOW - 310, NOW - 900]
    assert found.activities[2].groups == ("asg-a",)


@pytest.mark.parametrize(
    ("reason", "message", "told"),
    [
        (
            "NotTriggerScaleUp",
            "pod didn't trigger scale-up: 2 max node group size reached, 1 Insufficient cpu",
            [(2, "max node group size reached"), (1, "Insufficient cpu")],
        ),
        (
            "NotTriggerScaleUp",
            'pod didn\'t trigger scale-up: 1 exceeded quota: "cluster-wide", resources: cpu, memory, 3 node(s) had x',
            [(1, 'exceeded quota: "cluster-wide", resources: cpu, memory'), (3, "node(s) had x")],
        ),
        (
            "NotTriggerScaleUp",
            "pod didn't trigger scale-up: max total nodes in cluster reached",
            [(0, "max total nodes in cluster reached")],
        ),
        ("NotTriggerScaleUp", "something else", []),
        ("TriggeredScaleUp", "pod didn't trigger scale-up: 1 x", []),
    ],
)
def test_an_event_tells_why_no_group_grew(reason: str, message: str, told: list[tuple[int, str]]) -> None:
    (said,) = autoscaler.find(snapshot(event(reason, "Pod/default/p", 60, message))).activities
    assert autoscaler_events.rejections(said) == told
