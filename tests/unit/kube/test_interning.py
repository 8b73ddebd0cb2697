"""Equal content is kept once, and only for as long as somebody uses it."""

import gc
import weakref

import pytest

from core.kube.interning import EMPTY, Interner, Shared, share
from tests.unit.kube.pods import pod


def test_equal_content_is_the_same_object() -> None:
    table: Interner[Shared] = Interner()
    one, other = share(table, {"a": "1", "b": "2"}), share(table, {"b": "2", "a": "1"})
    assert one is other
    assert share(table, {"a": "2"}) is not one


def test_no_content_is_one_and_the_same_nothing() -> None:
    assert share(Interner(), {}) is EMPTY
    assert not EMPTY


def test_what_nobody_uses_is_forgotten() -> None:
    table: Interner[Shared] = Interner()
    held = [share(table, {"n": str(index)}) for index in range(100)]
    assert len(table) == 100
    del held[10:]
    gc.collect()
    assert len(table) == 10


def test_what_came_anew_outlives_the_old_one() -> None:
    table: Interner[Shared] = Interner()
    first = table.get("key", lambda: Shared(a="1"))
    del first
    again = table.get("key", lambda: Shared(a="1"))
    gc.collect()
    assert len(table) == 1
    assert table.get("key", dict.fromkeys) is again  # type: ignore[arg-type]  # never called: it is there


def test_a_value_that_cant_be_made_leaves_no_trace() -> None:
    table: Interner[Shared] = Interner()

    def fails() -> Shared:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        table.get("key", fails)
    assert len(table) == 0


def test_pods_of_one_template_share_it_and_rollouts_dont_leak() -> None:
    one, other = pod("a", labels={"rev": "1"}), pod("b", labels={"rev": "1"})
    assert one.template is other.template
    assert pod("c", labels={"rev": "2"}).template is not one.template
    gone = weakref.ref(one.template)
    del one, other
    gc.collect()
    assert gone() is None
