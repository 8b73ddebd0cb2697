"""Owners told about their pods on ECI, over real sockets: the right words to the right people, once a day, whatever
fails on the way."""

import os
import time
from base64 import b64decode
from collections.abc import AsyncIterator
from email import message_from_string
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from cli.main import main
from core.actions.eci import notify_record
from core.actions.journal import folder
from core.clients.notification import Answer, Message, Outcome, scheme, send
from core.errors import InputError, Refused
from core.views.link import PlanAction
from tests.wire.actions.elastic import FORCED, Elastic
from tests.wire.actions.mailbox import Mailbox, Webhook

pytestmark = pytest.mark.thorough

SECRET = "hunter2hunter2"
NOW = {"limit": "0s"}


@pytest_asyncio.fixture
async def hook() -> AsyncIterator[Webhook]:
    made = Webhook()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    made = Mailbox()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def stage(home: Path, hook: Webhook) -> AsyncIterator[Elastic]:
    """Two teams, and an owner whom nobody knows."""
    made = await Elastic.open(home)
    for name, team in (("web", "red"), ("api", "red"), ("etl", "blue")):
        await made.away(name, 1, meta={"labels": {**FORCED, "team": team}})
        _born_long_ago(made, name)
    routes(home, f'default = "all"\n[routes]\nall = "json://{hook.url}/all?+token={SECRET}"\n')
    yield made
    await made.close()


def _born_long_ago(stage: Elastic, app: str) -> None:
    """The simulated clock runs ahead, so its pods would be of tomorrow."""
    for pod in stage.sim.registry.list("Pod"):
        meta = pod["metadata"]
        if meta["labels"].get("app") == app:
            notes = {"k8s.aliyun.com/eci-instance-id": "eci-1", **(meta.get("annotations") or {})}
            older = {**meta, "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": notes}
            stage.sim.registry.rewrite("Pod", {**pod, "metadata": older})


def routes(home: Path, text: str) -> None:
    file = home / "config" / "vacancy" / "notify.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)


def phases(run: Any) -> dict[str, str]:
    return {one.name: one.phase for one in run.progress.nodes}


async def test_one_digest_an_owner(stage: Elastic, hook: Webhook) -> None:
    made = await stage.planned("notify")
    assert not made.refusals
    assert made.confirm == "2"
    assert hook.posts == []
    run = await stage.done(made)
    assert run.progress.outcome == "done", run.progress
    titles = sorted(body["title"] for body in hook.to("all"))
    assert [title.partition(" on ECI")[0] for title in titles] == ["vacancy: 1 pod of blue", "vacancy: 2 pods of red"]
    red = next(body["message"] for body in hook.to("all") if "red" in body["title"])
    assert "- Deployment default/web: 1 pod" in red
    assert "- Deployment default/api: 1 pod" in red
    assert "CNY a month" in red
    assert "label alibabacloud.com/eci=true" in red
    assert "blue" not in red


async def test_nobody_is_told_twice_within_a_day(stage: Elastic, hook: Webhook) -> None:
    await stage.do("notify")
    made = await stage.planned("notify")
    assert {one.code for one in made.findings} == {"ToldToday"}
    run = await stage.done(made)
    assert run.progress.outcome == "done"
    assert "2 had been sent within the day" in run.progress.text
    assert len(hook.posts) == 2
    run = await stage.do("notify", "red", args={"again": True})
    assert run.progress.outcome == "done"
    assert len(hook.posts) == 3


async def test_after_a_day_they_are(stage: Elastic, hook: Webhook) -> None:
    await stage.do("notify")
    place = stage.clients.place.server
    assert len(notify_record.of_the_day(place, time.time() + 86_300)) == 2
    assert notify_record.of_the_day(place, time.time() + 86_500) == {}
    assert notify_record.of_the_day("https://elsewhere", time.time()) == {}
    old = time.time() - 86_500
    for path in folder().glob("*.jsonl"):
        text = path.read_text().replace(time.strftime("T%H:%M", time.gmtime()), "T00:00")
        path.write_text(text.replace(time.strftime("%Y-%m-%d", time.gmtime()), "2026-01-01"))
        os.utime(path, (old, old))
    await stage.do("notify")
    assert len(hook.posts) == 4


async def test_routes_by_annotation_team_and_namespace(stage: Elastic, hook: Webhook, home: Path) -> None:
    json = f"json://{hook.url}"
    text = f"[routes]\nred = '{json}/red'\nspecial = '{json}/special'\nops = '{json}/ops'\n[teams]\nblue = 'ops'\n"
    routes(home, text)
    note = {"metadata": {"annotations": {"vacancy/notify": "special"}}}
    stage.sim.registry.patch("Deployment", "api", note, "default")
    await stage.away("lost", 1, meta={"labels": FORCED})
    _born_long_ago(stage, "lost")
    made = await stage.planned("notify")
    lost = [one for one in made.findings if one.code == "NoRoute"]
    assert [one.about for one in lost] == ["namespace default"]
    run = await stage.done(made)
    assert run.progress.outcome == "done"
    assert [len(hook.to(path)) for path in ("red", "special", "ops")] == [1, 1, 1]
    assert "default/api" in hook.to("special")[0]["message"]
    assert "default/api" not in hook.to("red")[0]["message"]


async def test_only_those_who_are_meant(stage: Elastic, hook: Webhook) -> None:
    await stage.do("notify", "deployment/default/etl")
    assert [("blue" in body["title"]) for body in hook.to("all")] == [True]
    with pytest.raises(InputError, match="no owner that has to be told"):
        await stage.planned("notify", "green")


async def test_one_failure_does_not_stop_the_others(stage: Elastic, hook: Webhook, home: Path) -> None:
    hook.answers["blue"] = 403
    routes(home, f'[routes]\nred = "json://{hook.url}/red"\nblue = "json://{hook.url}/blue"\n')
    run = await stage.do("notify")
    assert run.progress.outcome == "partly done"
    assert phases(run) == {"red by red": "done", "blue by blue": "failed"}
    assert next(one.text for one in run.progress.nodes if one.name.startswith("blue")) == "HTTP 403"
    hook.answers["blue"] = 200  # what was surely not delivered is sent when asked again, and nothing else
    assert (await stage.do("notify")).progress.outcome == "done"
    assert [len(hook.to("red")), len(hook.to("blue"))] == [1, 2]


@pytest.mark.parametrize("status", [0, 503])
async def test_a_lost_answer_is_not_repeated_unless_asked(stage: Elastic, hook: Webhook, status: int) -> None:
    hook.answers["all"] = status
    run = await stage.do("notify", "red")
    assert run.progress.outcome == "failed"
    assert "not known whether it was told" in run.progress.nodes[0].text
    hook.answers["all"] = 200
    run = await stage.do("notify", "red")
    assert run.progress.outcome == "failed"
    assert len(hook.posts) == 1
    await stage.do("notify", "red", args={"again": True})
    assert len(hook.posts) == 2


async def test_a_channel_of_two_is_told_once_each(stage: Elastic, hook: Webhook, mailbox: Mailbox, home: Path) -> None:
    """A webhook that refuses and a mail that goes out: the mail isn't sent again with the webhook."""
    mail = f"mailto://127.0.0.1:{mailbox.port}?from=vacancy@here.example&to=red@there.example"
    routes(home, f'[routes]\nred = ["json://{hook.url}/red", "{mail}"]\n')
    hook.answers["red"] = 404
    run = await stage.do("notify", "red")
    assert run.progress.outcome == "partly done"
    hook.answers["red"] = 200
    assert (await stage.do("notify", "red")).progress.outcome == "done"
    assert len(hook.to("red")) == 2
    assert len(mailbox.mails) == 1
    mail_text = _text(mailbox.mails[0])
    assert "2 pods of red on ECI" in mail_text
    assert "Deployment default/web" in mail_text


def _text(mail: str) -> str:
    """Subject and plain text."""
    message = message_from_string(mail.removesuffix("\r\n.\r\n"))
    part = next(one for one in message.walk() if one.get_content_type() == "text/plain")
    body = part.get_payload()
    assert isinstance(body, str)
    text = b64decode(body).decode() if part["Content-Transfer-Encoding"] == "base64" else body
    return f"{message['Subject']}\n{text}"


async def test_a_mail_server_that_refuses(mailbox: Mailbox) -> None:
    mailbox.refuses = 550
    mail = f"mailto://127.0.0.1:{mailbox.port}?from=vacancy@here.example&to=red@there.example"
    assert await send(Message(mail, "title", "body")) == Answer(
        Outcome.REFUSED, "the mail server refuses its recipients"
    )
    assert mailbox.mails == []


async def test_channels_say_what_became_of_it(hook: Webhook) -> None:
    hook.answers |= {"never": -1, "cut": 0, "gone": 410}
    hook.words |= {"ding": '{"errcode": 310000, "errmsg": "keywords not in content"}', "fine": '{"code": 200}'}

    async def told(url: str) -> Answer:
        return await send(Message(url, "title", "body", timeout=0.5))

    json = f"json://{hook.url}"
    assert (await told(f"{json}/never")) == Answer(Outcome.LOST, "no answer in time")
    assert (await told(f"{json}/cut")).outcome is Outcome.LOST
    assert (await told(f"{json}/gone")) == Answer(Outcome.REFUSED, "HTTP 410")
    assert (await told(f"{json}/ding")) == Answer(Outcome.REFUSED, "it answers with code 310000")
    assert (await told(f"{json}/fine")) == Answer(Outcome.SENT)
    assert (await told("json://127.0.0.1:1/")).outcome is Outcome.REFUSED
    assert (await told("frob://x")) == Answer(Outcome.REFUSED, "apprise knows no channel of this URL")
    assert (await send(Message(f"{json}/never", "title", "body", timeout=60), deadline=1.5)).outcome is Outcome.LOST
    assert scheme("dingtalk://secret@token") == "dingtalk"
    assert scheme("a b://x") == "?"
    assert len(hook.to("never")) == 2


async def test_no_secret_is_kept_or_shown(
    stage: Elastic, hook: Webhook, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hook.answers["all"] = 500
    run = await stage.do("notify")
    assert SECRET in (home / "config" / "vacancy" / "notify.toml").read_text()
    assert SECRET not in run.journal.path.read_text()
    assert hook.url not in run.journal.path.read_text()
    main(["journal", "show", run.plan.id])
    main(["journal", "show", run.plan.id, "-o", "json"])
    assert SECRET not in capsys.readouterr().out
    routes(home, f"[routes]\nall = 'json://x/{SECRET}\n")
    with pytest.raises(InputError) as broken:
        await stage.planned("notify")
    assert SECRET not in str(broken.value)


async def test_what_is_wrong_with_routes_is_said_before(stage: Elastic, home: Path) -> None:
    routes(home, "[routes]\nred = 'env:NOWHERE'\nblue = 'frob://x'\n")
    (home / "config" / "vacancy" / "notify.toml").chmod(0o644)
    made = await stage.planned("notify")
    assert [one.code for one in made.findings] == ["RoutesReadable", "BadChannel", "BadChannel"]
    run = await stage.done(made)
    assert run.progress.outcome == "failed"
    with pytest.raises(InputError, match="there is none"):
        await stage.planned("notify", args={"routes": str(home / "absent.toml")})
    with pytest.raises(InputError, match="limit"):
        await stage.planned("notify", args={"limit": "soon"})


async def test_where_a_channel_is_kept(
    stage: Elastic, hook: Webhook, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RED_HOOK", f"json://{hook.url}/red")
    (home / "blue-hook").write_text(f"json://{hook.url}/blue\n")
    routes(home, f"[routes]\nred = 'env:RED_HOOK'\nblue = 'file:{home / 'blue-hook'}'\n")
    assert (await stage.do("notify")).progress.outcome == "done"
    assert [len(hook.to("red")), len(hook.to("blue"))] == [1, 1]


async def test_two_sessions_at_once(stage: Elastic, hook: Webhook) -> None:
    made = await stage.planned("notify")
    with notify_record.alone():
        run = await stage.done(made)
    assert run.progress.outcome == "refused"
    assert hook.posts == []


async def test_muted_owners_are_left_alone(stage: Elastic, hook: Webhook) -> None:
    await stage.do("mute", "deployment/default/etl", args={"reason": "known"})
    await stage.do("notify")
    assert len(hook.posts) == 1
    assert "blue" not in hook.posts[0][1]["title"]


async def test_hostile_names_reach_no_chat(stage: Elastic, hook: Webhook) -> None:
    for pod in stage.sim.registry.list("Pod"):
        notes = {**(pod["metadata"].get("annotations") or {}), "vacancy/owner": "<!channel> @all\x1b[31m\nx" * 20}
        stage.sim.registry.rewrite("Pod", {**pod, "metadata": {**pod["metadata"], "annotations": notes}})
    run = await stage.do("notify")
    assert run.progress.outcome == "done", run.progress
    text = hook.posts[0][1]["title"] + hook.posts[0][1]["message"]
    assert not set("<>@\x1b[") & set(text)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("line", [2, 3, 4, 5])
async def test_killed_and_resumed(stage: Elastic, hook: Webhook, line: int, moment: str) -> None:
    """begin, then an intent and a result for each of two owners: a message is between them."""
    await stage.killed(PlanAction("", "notify", ()), line, moment)
    entry = stage.last()
    sent, begun = (line - 1) // 2, line in (2, 4) and moment == "after"
    lost = begun or (line in (3, 5) and moment == "before")
    assert len(hook.posts) == sent
    told = await stage.compared(entry)
    assert ("whether it was told is not known" in " ".join(told)) is lost
    run = await stage.go_on(entry)
    assert run.progress.outcome == ("partly done" if lost else "done"), run.progress
    assert len(hook.posts) == (1 if begun else 2)
    assert len({body["title"] for body in hook.to("all")}) == len(hook.posts)
    with pytest.raises(Refused, match="nothing to go on with"):
        await stage.go_on(stage.last())
