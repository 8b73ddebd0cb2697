"""The table's state: updates are cheap, order is settled apart, marks and folds hang on row ids."""

import msgspec

from core.views.table import Bar, SortBy, TableChange, ViewKey
from tests.tui.fleet import KEY, NOW, flat, fleet, group, node, pooled
from tui.widgets.fleet_model import FleetModel


def model(*pools: int) -> FleetModel:
    made = FleetModel()
    made.load(pooled(**{f"p{index}": size for index, size in enumerate(pools)}) if pools else flat(4))
    made.settle()
    made.dirty.clear()
    return made


def name(index: int) -> str:
    return node(index).id


def test_a_whole_view_replaces_what_is_there_also_when_its_subscription_counts_anew() -> None:
    it = model()
    it.load(flat(9, generation=57))
    it.load(flat(3, generation=1))
    it.settle()
    assert len(it.order) == 3
    assert it.change(TableChange(KEY, 1, 2, NOW))


def test_a_change_that_skips_a_generation_is_refused() -> None:
    it = model()
    assert not it.change(TableChange(KEY, 5, 6, NOW))
    assert not it.change(TableChange(ViewKey("pods"), 1, 2, NOW))
    assert it.change(TableChange(KEY, 1, 2, NOW))
    assert it.change(TableChange(KEY, 2, 3, NOW))


def test_only_rows_that_differ_are_dirty() -> None:
    it = model()
    changed = node(1, cpu=Bar(0.99, 0.1))
    it.load(fleet(*(changed if index == 1 else it.rows[name(index)] for index in range(4)), generation=2))
    assert it.dirty == {changed.id}
    assert not it.restructured


def test_a_changed_row_moves_only_when_settled() -> None:
    it = model()
    it.sort = SortBy("cpu")
    it.settle()
    last = it.order[-1]
    assert it.change(TableChange(KEY, 1, 2, NOW, (node(int(last.rpartition(".")[2]), cpu=Bar(0.0)),)))
    assert it.drifted
    assert it.order[-1] == last
    it.settle()
    assert it.order[0] == last
    assert not it.drifted


def test_a_change_in_another_column_is_no_reason_to_settle() -> None:
    it = model()
    it.sort = SortBy("name")
    it.settle()
    it.change(TableChange(KEY, 1, 2, NOW, (node(1, cpu=Bar(0.99)),)))
    assert not it.drifted


def test_rows_that_go_take_their_marks_along() -> None:
    it = model()
    it.mark(name(1))
    it.mark(name(2))
    it.change(TableChange(KEY, 1, 2, NOW, (node(7),), (name(1),), (name(7), name(2), name(3))))
    assert it.restructured
    assert name(1) in it.rows
    it.settle()
    assert it.order == [name(7), name(2), name(3)]
    assert it.marks == {name(2)}
    assert it.size == 3


def test_marking_a_group_marks_its_matching_members() -> None:
    it = model(3, 2)
    members = [row.id for row in it.rows.values() if row.parent == "pool/p0"]
    it.mark("pool/p0")
    assert it.marks == set(members)
    it.mark("pool/p0")
    assert it.marks == set()
    it.matches = lambda row: row.id == members[1]
    it.mark("pool/p0")
    assert it.marks == {members[1]}


def test_folds_hide_members_and_counts_don_t_change() -> None:
    it = model(3, 2)
    it.fold(["pool/p0"], closed=True)
    it.settle()
    assert len(it.order) == 4
    assert (it.size, it.matching) == (5, 5)
    it.matches = lambda row: row.parent == "pool/p0"
    it.settle()
    assert it.order == ["pool/p0"]
    assert (it.size, it.matching) == (5, 3)


def test_another_view_starts_afresh_and_other_columns_keep_a_sort_they_have() -> None:
    it = model(2)
    it.sort, it.folded, it.marks = SortBy("cpu"), {"pool/p0"}, {"x"}
    view = flat(3, generation=2)
    sorts = []
    for generation, columns in enumerate((4, 3), start=2):
        it.load(msgspec.structs.replace(view, columns=view.columns[:columns], generation=generation))
        sorts.append(it.sort)
    assert sorts == [SortBy("cpu"), None]
    it.load(msgspec.structs.replace(view, key=ViewKey("nodes", group_by="zone")))
    assert (it.folded, it.marks) == (set(), set())


def test_groups_in_groups() -> None:
    inner = msgspec.structs.replace(group("inner", 1), parent="pool/outer")
    it = FleetModel()
    it.load(fleet(group("outer", 1), inner, node(1, "inner"), node(2, "outer")))
    it.settle()
    assert it.members("pool/outer") == {node(1).id, node(2).id}
    it.fold(["pool/outer"], closed=True)
    it.settle()
    assert it.order == ["pool/outer"]
