"""When a toleration covers a taint."""

import pytest

from core.kube.taints import Taint, Toleration, untolerated

TAINT = Taint("gpu", "NoSchedule", "a100")


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        (Toleration("gpu", "Equal", "a100"), True),
        (Toleration("gpu", "", "a100", "NoSchedule"), True),
        (Toleration("gpu", "Exists"), True),
        (Toleration("", "Exists"), True),
        (Toleration("gpu", "Equal", "t4"), False),
        (Toleration("cpu", "Exists"), False),
        (Toleration("gpu", "Exists", effect="NoExecute"), False),
        (Toleration("gpu", "Sometimes"), False),
    ],
)
def test_tolerates(toleration: Toleration, expected: bool) -> None:
    assert toleration.tolerates(TAINT) is expected


def test_only_hard_taints_keep_pods_away() -> None:
    soft = Taint("x", "PreferNoSchedule")
    assert untolerated((soft,), ()) is None
    assert untolerated((soft, TAINT), ()) is TAINT
