"""The join script of a registered cluster, against a simulated one: read, set, put back; a token and its file; killed
at every line of the journal; nothing without being armed; no address or token where it doesn't belong."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from core.actions import journal, step
from core.actions.action_plan import ActionPlan, Level
from core.actions.journal_reading import UNFINISHED, Entry, entries
from core.actions.registered import registered
from core.actions.run import Run
from core.clients.kubernetes import Target, connect
from core.errors import Refused, VacancyError
from core.session import acting
from core.session.join_script import look
from core.views.link import PlanAction
from core.where import Where
from sim.kube.faults import Fault
from sim.world.world import Options, World, build

ROOT = Path(__file__).parents[3]
CONFIG = "/configmaps/ack-agent-config"
EARNEST = rf"{CONFIG}\?(?!.*dryRun)"
SECRET = "hunter2hunter2"


@dataclass
class Site:
    """A registered cluster, and somebody who is armed."""

    world: World
    where: Where

    @property
    def config(self) -> dict[str, Any]:
        return dict(self.world.registry.get("ConfigMap", "ack-agent-config", "kube-system"))

    @property
    def address(self) -> str:
        return str(self.config["data"]["addNodeScriptPath"])

    def url(self, name: str) -> str:
        return f"{self.world.scripts.url}/{name}"

    def change(self, address: str) -> None:
        """By somebody else."""
        data = {"data": {"addNodeScriptPath": address}}
        self.world.registry.patch("ConfigMap", "ack-agent-config", data, "kube-system")

    def sent(self, method: str, path: str = CONFIG) -> int:
        """How often that was asked for in earnest."""
        log = self.world.kube.faults.log
        return sum(one.method == method and one.path.endswith(path) and "dryRun" not in one.query for one in log)

    def tokens(self) -> dict[str, dict[str, Any]]:
        found = self.world.registry.list("Secret", "kube-system")
        made = {
            one["metadata"]["name"]: one
            for one in found
            if "vacancy/action" in (one["metadata"].get("annotations") or {})
        }
        return {name: dict(one) for name, one in made.items()}

    async def plan(self, action: str, target: str, **more: Any) -> ActionPlan:
        async with acting.acting(self.where) as actor:
            return await acting.plan_action(actor, self.where, PlanAction("", action, (target,), **more))

    async def run(self, made: ActionPlan) -> Run:
        async with acting.acting(self.where) as actor:
            run = actor.start(made)
            await acting.execute(run)
        return run

    async def recover(self, entry: Entry, how: str) -> Run:
        async with acting.acting(self.where) as actor:
            assert await acting.compare(actor, entry)
            run = actor.reopen(entry)
            await acting.recover(run, entry, how)
        return run

    async def killed(self, made: ActionPlan, folder: Path, line: int, moment: str) -> Entry:
        """A process that begins to run the plan, and dies there; what it left."""
        file = folder / "plan.json"
        file.write_bytes(msgspec.json.encode(made))
        words = ("-m", "tests.wire.actions.dying_plan", str(file), str(line), moment)
        env = {**os.environ, "KUBECONFIG": str(self.where.kubeconfig)}
        child = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=env)
        assert await child.wait() == -signal.SIGKILL
        return entries()[0]


@pytest_asyncio.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(step, "LOOK", 0.02)
    monkeypatch.setattr(step, "FIRST_PAUSE", 0.02)
    world = build(Options(flavour="registered", lives=False))
    await world.start()
    config = tmp_path / "kubeconfig"
    config.write_text(world.kubeconfig())
    monkeypatch.setenv("KUBECONFIG", str(config))
    yield Site(world, Where(kubeconfig=str(config), write=True, cloud=False))
    await world.stop()


async def test_read_and_judged(site: Site) -> None:
    clients = await connect(Target(site.where.kubeconfig), write=False)
    try:
        found = await registered.agent_config(clients.reader)
        assert found is not None
        assert found.script == site.url("attach-node.sh")
        assert await registered.judge(clients.reader) == []
        site.change("")
        (refused,) = await registered.judge(clients.reader)
        assert (refused.level, refused.code) == (Level.REFUSAL, "NoJoinScript")
        site.world.registry.delete("ConfigMap", "ack-agent-config", "kube-system")
        assert await registered.agent_config(clients.reader) is None
        assert await registered.judge(clients.reader) == []
    finally:
        await clients.close()


async def test_set(site: Site) -> None:
    before, other = site.address, site.url("attach-node.sh?v=2")
    made = await site.plan("join-script", other)
    assert site.sent("PATCH") == 0
    assert site.address == before
    run = await site.run(made)
    assert run.progress.outcome == "done", run.progress
    assert site.address == other
    assert site.sent("PATCH") == 1
    again = await site.plan("join-script", other)
    assert "NothingToDo" in {one.code for one in again.findings}
    assert (await site.run(again)).progress.outcome == "done"
    assert site.sent("PATCH") == 1


async def test_a_script_that_would_not_do_is_refused_unless_it_is_wanted(site: Site) -> None:
    made = await site.plan("join-script", site.url("attach-node-old.sh"))
    assert {one.code for one in made.refusals} == {"ScriptMissing"}
    with pytest.raises(Refused, match="ALIBABA_CLOUD_PROVIDER_ID"):
        await site.run(made)
    assert not (await site.plan("join-script", site.url("attach-node-old.sh"), force=True)).refusals


async def test_an_address_that_does_not_answer_is_a_warning(site: Site) -> None:
    made = await site.plan("join-script", site.url("gone.sh"))
    assert {one.code for one in made.findings} == {"ScriptUnread"}
    assert not made.refusals


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://a/b", "http://", "join.sh", "http://a b/c", "http://a:x/"]
)
async def test_what_is_no_address(site: Site, address: str) -> None:
    with pytest.raises(VacancyError, match="expected"):
        await site.plan("join-script", address)


async def test_no_registered_cluster(site: Site) -> None:
    site.world.registry.delete("ConfigMap", "ack-agent-config", "kube-system")
    made = await site.plan("join-script", site.url("attach-node.sh"))
    assert {one.code for one in made.refusals} == {"NotRegistered"}


async def test_somebody_changed_it_since_the_plan(site: Site) -> None:
    made = await site.plan("join-script", site.url("attach-node.sh?v=2"))
    site.change("https://somebody.example.com/else.sh")
    run = await site.run(made)
    assert run.progress.outcome == "refused"
    assert "was changed since the plan" in run.progress.text
    assert site.address == "https://somebody.example.com/else.sh"
    assert site.sent("PATCH") == 0


async def test_a_collision_and_a_lost_answer(site: Site) -> None:
    """Somebody changes another key between look and patch; then the answer to the patch is lost."""
    site.world.kube.faults.add(Fault(verb="patch", path=EARNEST, status=409, times=1))
    made = await site.plan("join-script", site.url("attach-node.sh?v=2"))
    assert (await site.run(made)).progress.outcome == "done"
    site.world.kube.faults.add(Fault(verb="patch", path=EARNEST, reset_after=0, times=1))
    made = await site.plan("join-script", site.url("attach-node.sh?v=3"))
    assert (await site.run(made)).progress.outcome == "done"
    assert site.address == site.url("attach-node.sh?v=3")
    assert site.sent("PATCH") == 3


LINES = 3
"""begin, the patch and its result; the fourth is the end."""


@pytest.mark.parametrize("how", ["resume", "undo"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("line", range(2, LINES + 2))
async def test_killed_and_put_in_order(site: Site, tmp_path: Path, line: int, moment: str, how: str) -> None:
    before, other = site.address, site.url("attach-node-old.sh")
    made = await site.plan("join-script", other, force=True)
    entry = await site.killed(made, tmp_path, line, moment)
    if line == LINES + 1 and moment == "after":
        assert entry.state == "done"
        return
    assert entry.state == UNFINISHED
    took_effect = site.address == other
    run = await site.recover(entry, how)
    assert run.progress.outcome == {"resume": "done", "undo": "undone"}[how]
    assert site.address == (other if how == "resume" else before)
    assert site.sent("PATCH") == (1 if how == "resume" else 2 * took_effect)
    assert "vacancy/join-script" in site.config["metadata"]["annotations"] or how == "undo"


async def test_undo_leaves_what_somebody_else_set(site: Site, tmp_path: Path) -> None:
    made = await site.plan("join-script", site.url("attach-node-old.sh"), force=True)
    entry = await site.killed(made, tmp_path, 3, "after")
    site.change("https://somebody.example.com/else.sh")
    with pytest.raises(Refused, match="changed by somebody else"):
        await site.recover(entry, "undo")
    assert site.address == "https://somebody.example.com/else.sh"


async def test_a_signed_address_is_in_no_journal_and_can_be_taken_back(site: Site, tmp_path: Path) -> None:
    """It is what it should be in the cluster; resumed before it was sent, it has to be said anew."""
    signed = site.url(f"attach-node.sh?OSSAccessKeyId=x&Signature={SECRET}")
    site.change(signed)
    made = await site.plan("join-script", site.url("attach-node.sh?v=2"))
    entry = await site.killed(made, tmp_path, 3, "after")
    assert (await site.recover(entry, "undo")).progress.outcome == "undone"
    assert site.address == signed
    site.change("")
    again = await site.plan("join-script", signed)
    entry = await site.killed(again, tmp_path, 2, "before")
    run = await site.recover(entry, "resume")
    assert (run.progress.outcome, site.address) == ("refused", "")
    assert "set it anew" in run.progress.text
    assert (await site.run(await site.plan("join-script", signed))).progress.outcome == "done"
    assert site.address == signed
    assert all(SECRET not in file.read_text() for file in journal.folder().iterdir())


# a token and its file


def token_in(file: Path) -> str:
    return next(line.split('"')[1] for line in file.read_text().splitlines() if line.startswith("JOIN_TOKEN="))


async def test_a_script_with_a_token_that_lasts(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "join.sh"
    made = await site.plan("join-token", str(file))
    assert not file.exists()
    run = await site.run(made)
    assert run.progress.outcome == "done", run.progress
    token = token_in(file)
    assert file.stat().st_mode & 0o777 == 0o600
    (secret,) = site.tokens().values()
    assert secret["type"] == "bootstrap.kubernetes.io/token"
    assert secret["metadata"]["name"] == f"bootstrap-token-{token.partition('.')[0]}"
    assert "expiration" not in secret["data"]
    assert "v1.31" in file.read_text()
    text = "".join(one.read_text() for one in journal.folder().iterdir()) + repr(run.progress) + repr(made)
    assert token.partition(".")[2] not in text
    refused = await site.plan("join-token", str(file))
    assert {one.code for one in refused.refusals} == {"File"}


TOKEN_LINES = 5
"""begin, write and its result, create and its result; the sixth is the end."""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("line", range(2, TOKEN_LINES + 2))
async def test_killed_while_a_token_is_made(site: Site, tmp_path: Path, line: int, moment: str) -> None:
    file = tmp_path / "join.sh"
    entry = await site.killed(await site.plan("join-token", str(file)), tmp_path, line, moment)
    if entry.state == UNFINISHED:
        assert (await site.recover(entry, "resume")).progress.outcome == "done"
    assert site.sent("POST", "/namespaces/kube-system/secrets") == 1
    (name,) = site.tokens()
    assert name == f"bootstrap-token-{token_in(file).partition('.')[0]}"


@pytest.mark.parametrize("line", [2, 3, 4, 5])
async def test_a_token_is_taken_back(site: Site, tmp_path: Path, line: int) -> None:
    file = tmp_path / "join.sh"
    entry = await site.killed(await site.plan("join-token", str(file)), tmp_path, line, "after")
    assert (await site.recover(entry, "undo")).progress.outcome == "undone"
    assert site.tokens() == {}
    assert not file.exists()


# the command


async def command(*words: str) -> tuple[int, str, str]:
    """Run as a program: exit code, output, what it says beside."""
    whole = (sys.executable, "-m", "cli", "join-script", *words)
    process = await asyncio.create_subprocess_exec(*whole, cwd=ROOT, stdout=-1, stderr=-1)
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command_reads_unarmed_and_changes_nothing(site: Site) -> None:
    assert await command() == (0, f"{site.url('attach-node.sh')}\n", "")
    code, out, _ = await command("lint", "--tokens", "-o", "json")
    document = json.loads(out)
    assert (code, document["good"], document["install"]) == (0, True, "kubeadm")
    assert "TokenLasts" in {one["code"] for one in document["findings"]}
    code, out, _ = await command("lint", "--exit-code", site.url("attach-node-old.sh"))
    assert (code, "missing" in out) == (5, True)
    assert "REPLACE_WITH_A_JOIN_TOKEN" in (await command("generate"))[1]
    assert (await command("set", "--yes", site.url("attach-node-old.sh")))[0] == 4
    code, out, err = await command("set", "--dry-run", site.url(f"attach-node.sh?Signature={SECRET}"))
    assert (code, SECRET in out + err) == (0, False)
    asked = {one.method for one in site.world.kube.faults.log if not one.path.endswith("accessreviews")}
    assert asked == {"GET"}
    assert not journal.folder().exists()


async def test_the_command_mends_sets_and_makes(site: Site, tmp_path: Path) -> None:
    mended, made = tmp_path / "mended.sh", tmp_path / "made.sh"
    assert (await command("lint", "--add", site.url("attach-node-old.sh"), "-O", str(mended)))[0] == 0
    assert (await command("lint", "--exit-code", str(mended)))[0] == 0
    code, *told = await command("generate", "--write", "--yes", "-O", str(made))
    assert code == 0
    assert token_in(made).partition(".")[2] not in "".join(told)
    assert (await command("lint", "--tokens", "--exit-code", str(made)))[0] == 0
    site.world.scripts.texts["mended.sh"] = mended.read_text()
    assert (await command("set", "--write", "--yes", site.url("mended.sh")))[0] == 0
    assert site.address == site.url("mended.sh")
    assert "before that: " in (await command())[1]


async def test_a_token_that_expires_or_is_gone_is_told(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "join.sh"
    file.write_text(site.world.scripts.texts["attach-node.sh"])
    listed = site.world.registry.list("Secret", "kube-system")
    over = next(one for one in listed if "expiration" in (one.get("data") or {}))
    name = over["metadata"]["name"].removeprefix("bootstrap-token-")
    file.write_text(f"kubeadm join a:1 --token {name}.0123456789abcdef\n")
    (found,) = (await look(site.where, str(file), tokens=True)).tokens
    assert found.code == "TokenOver"
    file.write_text("kubeadm join a:1 --token zzzzzz.0123456789abcdef\n")
    (found,) = (await look(site.where, str(file), tokens=True)).tokens
    assert found.code == "TokenGone"
