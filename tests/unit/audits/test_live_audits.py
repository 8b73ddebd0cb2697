"""The audits' views as a session sends them: tables, and one owner in full."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.analysis.prices import shipped
from core.session import Session, Where
from core.views.detail import DetailView
from core.views.link import Failure, Update
from core.views.live_audits import AuditProducer, eci_table
from core.views.planned import Planned
from core.views.table import TableChange, TableView, ViewKey
from tests.unit.build import at, node, policy
from tests.unit.serverless.small import VK, on_eci, planned


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    objects = [VK, node("e"), policy(assumeComplete=True, now=at(0)), on_eci("shop/old", owner_name="old")]
    items = [{"apiVersion": "vacancy/v1" if one["kind"] == "AutoscalerPolicy" else "v1", **one} for one in objects]
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"kind": "List", "items": items}))
    running = Session(Where(str(path)))
    yield running
    await running.close()


async def first(session: Session, key: ViewKey) -> Update:
    """The first that the session says about this view."""
    session.subscribe(key)
    async for update in session.updates():
        if isinstance(update, TableView | DetailView | Failure) and update.key == key:
            return update
    raise AssertionError("the session ended")


async def test_the_table_and_its_sums(session: Session) -> None:
    view = await first(session, ViewKey("eci"))
    assert isinstance(view, TableView)
    assert [row.id for row in view.rows] == ["StatefulSet shop/old"]
    assert view.notes[0].startswith("on virtual nodes: 1 pod of 1 owner, 1 overdue, 321.98 CNY a month")


def test_a_minute_later_only_rows_with_other_texts_are_sent() -> None:
    pods = [on_eci(f"shop/p{index}", "2-4Gi", 5 + index / 7, owner_name=f"o{index}") for index in range(50)]
    pods += [on_eci("shop/large", "64-512Gi", 4, owner_name="large")]
    before = planned(*pods)
    after = replace(before, snapshot=replace(before.snapshot, as_of=before.snapshot.as_of + 10))
    producer = AuditProducer(ViewKey("eci"), eci_table)
    whole = producer.make(Planned(before, prices=shipped()))
    change = producer.make(Planned(after, prices=shipped()))
    assert isinstance(whole, TableView)
    assert isinstance(change, TableChange)
    changed = {row.id for row in change.upserted}
    assert "StatefulSet shop/large" in changed  # 0.0063 a second: six hundredths more
    assert len(changed) < 15  # the others: 0.0012 in ten seconds


async def test_one_owner_in_full(session: Session) -> None:
    view = await first(session, ViewKey("eci-owner", "StatefulSet shop/old"))
    assert isinstance(view, DetailView)
    facts = {fact.label: fact.value.text for fact in view.facts}
    assert facts["Verdict"] == "fits ECS now"
    assert facts["Costs"].endswith("10.59 a day, 321.98 a month, in CNY")
    assert facts["Cheaper on ECS"].startswith("on a subscription, when it runs more than 50 % of the month")
    assert view.tables[0].rows[0].opens == ViewKey("pod", "shop/old")


async def test_an_owner_that_is_not_there(session: Session) -> None:
    assert isinstance(await first(session, ViewKey("eci-owner", "Deployment a/b")), Failure)


async def test_a_bad_price_table_is_said(session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VACANCY_PRICES", str(tmp_path / "none.toml"))
    view = await first(session, ViewKey("eci"))
    assert isinstance(view, Failure)
    assert "none.toml" in view.message


@pytest.mark.parametrize("kind", ["checks", "rightsizing"])
async def test_the_other_audits(session: Session, kind: str) -> None:
    view = await first(session, ViewKey(kind))
    assert isinstance(view, TableView)
    assert (view.rows, bool(view.notes)) == ((), True)
