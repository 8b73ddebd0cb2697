"""A plan and its progress in words: numbers agree with their verbs, and nothing waits once its action has ended."""

import pytest

from core.actions.action_plan import ActionPlan, BudgetUse, Effect, LeavingPod, TargetNode
from core.actions.run import CANCELLED, FAILED, NodeProgress, Progress
from core.views.action_plan import progress_lines, sentences, title


def drain(pods: int) -> ActionPlan:
    leaving = tuple(LeavingPod(f"shop/cart-{number}", str(number), "n1") for number in range(pods))
    lands = {pod.pod: "n2" for pod in leaving}
    return ActionPlan(
        "1", "drain", "ctx", "https://k", "me", 0.0,
        nodes=(TargetNode("n1", "u1"),), leaving=leaving, effect=Effect(lands),
        budgets=(BudgetUse("PodDisruptionBudget shop/cart", pods, 1),),
    )  # fmt: skip


def test_one_pod_leaves() -> None:
    found = [text for text, _ in sentences(drain(1))]
    assert found[0].startswith("1 pod leaves: 1 lands on 1 node   (what-if of")
    assert found[1] == "PodDisruptionBudget shop/cart lets 1 go at a time; 1 of its pods leaves"


def test_two_pods_leave() -> None:
    found = [text for text, _ in sentences(drain(2))]
    assert found[0].startswith("2 pods leave: 2 land on 1 node   (what-if of")
    assert found[1].endswith("2 of its pods leave")


def test_an_action_of_two_words_reads_as_such() -> None:
    assert title(ActionPlan("1", "delete-pod", "c", "s", "me", 0.0, subject="shop/cart-0")) == "Delete pod shop/cart-0"


@pytest.mark.parametrize(
    ("action", "outcome", "says"),
    [
        ("expand", "", "machine 1   waiting"),
        ("expand", FAILED, "machine 1   not seen to come"),
        ("attach", FAILED, "machine 1   not seen to join"),
        ("drain", CANCELLED, "machine 1   left as it is"),
    ],
)
def test_nothing_waits_once_its_action_has_ended(action: str, outcome: str, says: str) -> None:
    progress = Progress("1", action, "follow", (NodeProgress("machine 1"),), 0.0, outcome, "why")
    assert [text for text, _ in progress_lines(progress, 1.0)][1] == says


def test_what_went_on_keeps_its_own_word() -> None:
    progress = Progress("1", "expand", "follow", (NodeProgress("machine 1", "is joining"),), 0.0, FAILED, "why")
    assert [text for text, _ in progress_lines(progress, 1.0)][1] == "machine 1   is joining"
