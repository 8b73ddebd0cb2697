"""Each rule about moving a pod, alone and in its place in the order."""

from typing import Any

import pytest

from core.analysis.scale_in import drainability
from core.analysis.scale_in.drainability import Drainability, Outcome, Ruling
from core.policy import discover
from tests.unit.build import NOW, Object, at, budget, pod, policy, snapshot, workload

WEB = workload("ReplicaSet", replicas=3)
SAFE, LOCAL = "cluster-autoscaler.kubernetes.io/safe-to-evict", drainability.LOCAL_VOLUMES


def ruled(one: Object, *others: Object, without: tuple[str, ...] = (), **settings: Any) -> Ruling:
    taken = snapshot(one, *others, policy(**settings), without=without)
    (found,) = taken.pods.values()
    return Drainability(taken, discover(taken), NOW).ruling(found)


def test_an_ordinary_pod_moves() -> None:
    assert ruled(pod("a", "n"), WEB).outcome is Outcome.MOVE


def test_pods_that_are_not_asked() -> None:
    static = pod("a", "n", owner=None, annotations={"kubernetes.io/config.mirror": "x"})
    assert ruled(static).outcome is Outcome.SKIP
    overdue = {"deletionTimestamp": at(3600), "deletionGracePeriodSeconds": 30}
    assert ruled(pod("a", "n", owner=None, meta=overdue)).outcome is Outcome.SKIP
    leaving = {"deletionTimestamp": at(59), "deletionGracePeriodSeconds": 30}
    assert ruled(pod("a", "n", owner=None, meta=leaving)).reason == drainability.NOT_REPLICATED


@pytest.mark.parametrize("kind", ["ReplicaSet", "ReplicationController", "StatefulSet", "Job", "DaemonSet"])
def test_a_missing_controller_blocks_even_a_pod_that_is_safe_to_evict(kind: str) -> None:
    lost = pod("a", "n", owner=kind, annotations={SAFE: "true"})
    found = ruled(lost)
    assert (found.outcome, found.reason) == (Outcome.BLOCK, drainability.CONTROLLER_NOT_FOUND)
    assert found.by == f"{kind} default/web"
    assert ruled(lost, synthesizeOwners=True).outcome is not Outcome.BLOCK
    assert ruled(lost, skipNodesWithCustomControllerPods=False).outcome is not Outcome.BLOCK


@pytest.mark.parametrize(("kind", "says"), [("ReplicaSet", ""), ("DaemonSet", "UnexpectedError")])
def test_a_kind_that_could_not_be_read_makes_it_unknown(kind: str, says: str) -> None:
    """For a DaemonSet upstream has a word (replicacount/rule.go), others it takes for gone."""
    one = pod("a", "n", owner=kind)
    assert ruled(one, without=(kind,)) == Ruling(Outcome.UNKNOWN, says, kind)
    assert ruled(one, without=(kind,), assumeComplete=True).reason == drainability.CONTROLLER_NOT_FOUND


def test_too_few_replicas_block() -> None:
    few = workload("ReplicaSet", replicas=1)
    assert ruled(pod("a", "n"), few, minReplicaCount=2).reason == drainability.MIN_REPLICAS_REACHED
    assert ruled(pod("a", "n"), few, minReplicaCount=1).outcome is Outcome.MOVE
    some = pod("a", "n", owner="StatefulSet")
    assert ruled(some, workload("StatefulSet", replicas=1), minReplicaCount=2).outcome is Outcome.MOVE


def test_daemonset_pods_stay_with_their_node() -> None:
    assert ruled(pod("a", "n", owner="DaemonSet"), workload("DaemonSet")).outcome is Outcome.STAY
    like = {"cluster-autoscaler.kubernetes.io/daemonset-pod": "true"}
    assert ruled(pod("a", "n", owner=None, annotations=like)).outcome is Outcome.STAY


def test_safe_to_evict_ends_the_questions() -> None:
    bare = pod(
        "kube-system/a", "n", owner=None, annotations={SAFE: "true"}, spec={"volumes": [{"hostPath": {"path": "/"}}]}
    )
    assert ruled(bare, budget("b", 0, namespace="kube-system")).held_by == ()
    assert ruled(bare).outcome is Outcome.MOVE


def test_a_pod_that_asks_to_finish_is_waited_for_since_1_36() -> None:
    busy = pod("a", "n", owner=None, annotations={SAFE: "on-completion"})
    assert ruled(busy, ruleSet="1.36").outcome is Outcome.WAIT
    assert ruled(busy, ruleSet="1.35").reason == drainability.NOT_REPLICATED


def test_a_pod_without_a_known_controller_blocks() -> None:
    assert ruled(pod("a", "n", owner=None)).reason == drainability.NOT_REPLICATED
    custom = pod("a", "n", owner="MyController")
    assert ruled(custom).reason == drainability.NOT_REPLICATED
    assert ruled(custom, skipNodesWithCustomControllerPods=False).outcome is Outcome.MOVE
    assert (
        ruled(pod("a", "n", owner=None), skipNodesWithCustomControllerPods=False).reason == drainability.NOT_REPLICATED
    )


def test_a_system_pod_blocks_without_a_budget_until_its_hour_is_over() -> None:
    web = workload("ReplicaSet", namespace="kube-system", replicas=3)
    young, old = (pod("kube-system/a", "n", created=at(age)) for age in (3599, 3601))
    assert ruled(young, web).reason == drainability.UNMOVABLE_SYSTEM_POD
    assert ruled(old, web).outcome is Outcome.MOVE
    assert ruled(old, web, ruleSet="1.32").reason == drainability.UNMOVABLE_SYSTEM_POD
    assert ruled(old, web, blockingSystemPodDisruptionTimeout=None).reason == drainability.UNMOVABLE_SYSTEM_POD
    assert ruled(young, web, skipNodesWithSystemPods=False).outcome is Outcome.MOVE
    assert ruled(young, web, without=("PodDisruptionBudget",)) == Ruling(Outcome.UNKNOWN, by="PodDisruptionBudget")
    allowed = ruled(young, web, budget("b", 1, namespace="kube-system"))
    assert (allowed.outcome, allowed.held_by) == (Outcome.MOVE, (0,))


def test_the_hour_of_a_system_pod_also_excuses_what_comes_after() -> None:
    unsafe = pod("kube-system/a", "n", annotations={SAFE: "false"})
    web = workload("ReplicaSet", namespace="kube-system", replicas=3)
    assert ruled(unsafe, web).outcome is Outcome.MOVE
    assert ruled(unsafe, web, skipNodesWithSystemPods=False).reason == drainability.NOT_SAFE_TO_EVICT


def test_an_unsafe_pod_blocks() -> None:
    assert ruled(pod("a", "n", annotations={SAFE: "false"}), WEB).reason == drainability.NOT_SAFE_TO_EVICT


@pytest.mark.parametrize(
    ("volume", "blocks"),
    [
        ({"name": "v", "hostPath": {"path": "/x"}}, True),
        ({"name": "v", "emptyDir": {}}, True),
        ({"name": "v", "emptyDir": {"medium": "HugePages"}}, True),
        ({"name": "v", "emptyDir": {"medium": "Memory"}}, False),
        ({"name": "v", "persistentVolumeClaim": {"claimName": "c"}}, False),
        ({"name": "v", "configMap": {"name": "c"}}, False),
    ],
)
def test_local_storage_blocks(volume: Object, blocks: bool) -> None:
    one = pod("a", "n", spec={"volumes": [volume]})
    found = ruled(one, WEB)
    assert (found.reason == drainability.LOCAL_STORAGE) is blocks
    assert ruled(one, WEB, skipNodesWithLocalStorage=False).outcome is Outcome.MOVE
    listed = pod("a", "n", annotations={LOCAL: "u,v"}, spec={"volumes": [volume]})
    assert ruled(listed, WEB).outcome is Outcome.MOVE
    spaced = pod("a", "n", annotations={LOCAL: "u, v"}, spec={"volumes": [volume]})
    assert (ruled(spaced, WEB).reason == drainability.LOCAL_STORAGE) is blocks


@pytest.mark.parametrize(
    ("one", "held"),
    [
        (budget("b", 0), True),
        (budget("b", None), True),
        (budget("b", 1), False),
        (budget("b", 0, selector={}), True),
        (budget("b", 0, namespace="other"), False),
        (budget("b", 0, selector={"matchExpressions": [{"key": "app", "operator": "Exists"}]}), True),
        (budget("b", 0, selector={"matchLabels": {"app": "db"}}), False),
        ({**budget("b", 0), "spec": {}}, False),
    ],
)
def test_a_budget_without_any_left_blocks(one: Object, held: bool) -> None:
    taken = snapshot(pod("a", "n"), WEB, one, policy())
    (found,) = taken.pods.values()
    rules = Drainability(taken, discover(taken), NOW)
    blocked = rules.blocked(rules.ruling(found), rules.budgets.allowances())
    assert blocked == (("NotEnoughPdb", next(iter(taken.budgets)).key) if held else None)


def test_unread_budgets_make_it_unknown() -> None:
    assert ruled(pod("a", "n"), WEB, without=("PodDisruptionBudget",)) == Ruling(
        Outcome.UNKNOWN, by="PodDisruptionBudget"
    )


def test_budgets_shrink_as_pods_go() -> None:
    taken = snapshot(pod("a", "n"), WEB, budget("b", 2), policy())
    (found,) = taken.pods.values()
    rules = Drainability(taken, discover(taken), NOW)
    ruling, left = rules.ruling(found), rules.budgets.allowances()
    for _ in range(2):
        assert rules.blocked(ruling, left) is None
        left.use(ruling.budgets)
    assert rules.blocked(ruling, left) == ("NotEnoughPdb", "default/b")
