"""Every reason that is decided has its sentence, and the sentences of scale-in read well."""

import ast
import inspect
from types import ModuleType

import pytest

from core.analysis import autoscaler
from core.analysis.pending import considered, limits, skips
from core.analysis.scale_in import deletion, drainability, eligibility, judgement, removal, timing
from core.analysis.vendors import nodes_kept
from core.policy import RuleSet
from core.views import reasons
from core.views.scale_in import document, explanation
from tests.unit.build import NOW, budget, node, pod
from tests.unit.scale_in.small import judged, marked, of, two

# core/v1 UnremovableReason of simulator/cluster.go, and BlockingPodReason of utils/drain/drain.go
UNREMOVABLE = (
    "ScaleDownDisabledAnnotation", "ScaleDownUnreadyDisabled", "NotAutoscaled", "NotUnneededLongEnough",
    "NotUnreadyLongEnough", "NodeGroupMinSizeReached", "NodeGroupMaxDeletionCountReached", "AtomicScaleDownFailed",
    "MinimalResourceLimitExceeded", "CurrentlyBeingDeleted", "NotUnderutilized", "NotUnneededOtherReason",
    "RecentlyUnremovable", "NoPlaceToMovePods", "BlockedByPod", "UnexpectedError", "NoNodeInfo",
    "BlockedByOnCompletionPod",
)  # fmt: skip
BLOCKING = (
    "ControllerNotFound", "MinReplicasReached", "NotReplicated", "LocalStorageRequested", "NotSafeToEvictAnnotation",
    "UnmovableKubeSystemPod", "NotEnoughPdb", "UnexpectedError",
)  # fmt: skip


def constants(module: ModuleType) -> list[str]:
    """The texts that a module offers in capitals at its top, one name each."""
    found = []
    for statement in ast.parse(inspect.getsource(module)).body:
        for name in ast.walk(statement.targets[0]) if isinstance(statement, ast.Assign) else ():
            value = getattr(module, name.id) if isinstance(name, ast.Name) and name.id[0] != "_" else None
            if isinstance(value, str):
                found.append(value)
    return found


@pytest.mark.parametrize(
    "module",
    [considered, skips, limits, drainability, eligibility, removal, timing, deletion, judgement, nodes_kept],
    ids=lambda module: module.__name__.rpartition(".")[2],
)
def test_every_reason_that_is_decided_is_explained(module: ModuleType) -> None:
    named = [text for text in constants(module) if "/" not in text]
    other_words = {"NodeGroup", "kube-system", "cluster-wide"}
    assert set(named) - set(reasons.EVERYTHING) <= other_words


def test_the_autoscalers_whole_vocabulary_is_explained() -> None:
    assert [reason for reason in UNREMOVABLE if reason not in reasons.WHY_A_NODE_STAYS] == []
    assert [reason for reason in BLOCKING if reason not in reasons.WHY_A_POD_BLOCKS] == []


def test_every_explanation_is_one_plain_sentence_or_two() -> None:
    for reason, sentence in reasons.EVERYTHING.items():
        assert sentence[0].isupper(), reason
        assert sentence.endswith("."), reason
        assert reason not in sentence, reason
        assert len(sentence) < 130, reason


def test_details_behind_a_reason_keep_its_meaning() -> None:
    quota = 'exceeded quota: "cluster-wide", resources: cpu'
    assert reasons.meaning(quota) == reasons.EVERYTHING["exceeded quota"]
    assert reasons.meaning("BrandNewReason") == "Brand new reason."
    assert reasons.meaning("some words") == "some words."
    assert reasons.blocking("UnexpectedError") != reasons.meaning("UnexpectedError")


def test_explanations_name_what_is_behind_a_verdict() -> None:
    def said(*objects: object, **settings: object) -> str:
        return explanation(of(judged(*objects, **settings)), NOW)  # type: ignore[arg-type]

    assert said(*two()) == "Goes with the next loop: its 1 pod would move to 1 node."
    assert said(*two(), budget("web", 0)) == (
        "Stays because of default/x: A disruption budget allows no more of its pods to go now. (default/web)"
    )
    assert said(*two(), pod("big", "a", cpu="3")) == (
        "Stays: 77.5 % of its cpu is booked, above the 50 % that scale-in asks for."
    )
    assert said(*two(), pod("far", "a", spec={"nodeSelector": {"no": "where"}})) == (
        "Stays because default/far fits on no other node."
    )
    waiting = said(*two(taints=[marked(348)]), assumeUnneededLongEnough=False)
    assert waiting == (
        "Could go (its 1 pod would move to 1 node), in 4 m 12 s at the earliest "
        "(an estimate: taint DeletionCandidateOfClusterAutoscaler): "
        "It could go, but has not been unneeded for long enough yet."
    )
    assert said(node("a")) == "Stays: No autoscaled group owns this node, so only a person removes it."
    assert said(*two(), without=["PodDisruptionBudget"]) == (
        "Cannot be judged: PodDisruptionBudget not available. It is about default/x."
    )
    daemon = pod("kube-system/ds", "a", owner="DaemonSet", owner_name="ds")
    assert said(*two(), daemon, without=["DaemonSet"]) == (
        "Cannot be judged: DaemonSet not available. It is about kube-system/ds; "
        "the autoscaler, where it can't read that either, says UnexpectedError."
    )


def test_the_document_has_every_node_and_plain_data() -> None:
    result = judged(*two(taints=[marked(348)]), assumeUnneededLongEnough=False)
    written = document(result, NOW)
    first = written["nodes"][0]
    assert (first["node"], first["verdict"], first["since"]) == ("a", "removable", "2026-01-15T11:54:12Z")
    assert first["goesAt"] == "2026-01-15T12:04:12Z"
    assert first["drain"]["movesTo"] == {"default/x": "b"}
    assert first["utilization"]["max"] == 0.025
    assert written["together"] == ["a"]
    assert written["coolDown"] == {"until": None, "because": None}


@pytest.mark.parametrize(
    ("running", "said"),
    [
        (autoscaler.GOATSCALER, "by Cluster Autoscaler's rules (1.35); this cluster runs GOATScaler"),
        (autoscaler.UPSTREAM, "by the rules of cluster-autoscaler 1.35; this cluster runs Cluster Autoscaler"),
        (autoscaler.NONE, "by the rules of cluster-autoscaler 1.35; no autoscaler was found in this cluster"),
        (autoscaler.UNKNOWN, "by the rules of cluster-autoscaler 1.35; what runs here is not known"),
    ],
)
def test_it_is_said_by_whose_rules_and_who_decides(running: str, said: str) -> None:
    assert reasons.judged_by(RuleSet(), autoscaler.Autoscaler(running)) == said
