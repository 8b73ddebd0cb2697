"""Attach against a simulated ACK over real sockets: each way, into pools and groups, what is said beforehand, and who
may do it. Trouble is in test_attach_trouble."""

import asyncio
import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from core.actions import group_claim
from core.actions.action_plan import ActionPlan, Level
from core.actions.guards import Guards
from core.clients.kubernetes import Target, connect
from core.errors import InputError, Refused
from core.session import acting
from core.session.cloud_door import open_cloud
from core.views import action_plan
from core.where import Where
from sim.cloud.access import Principal
from sim.kube.request import User
from sim.world.joining import decoded, encoded
from tests.wire.actions.town import Town

DEPLOY = Path(__file__).parents[3] / "deploy"
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.thorough]
DISK = {"StopInstance": 1, "DescribeClusterAttachScripts": 1, "ModifyInstanceAttribute": 1, "ReplaceSystemDisk": 1,
        "StartInstance": 1}  # fmt: skip


def codes(made: ActionPlan, *levels: Level) -> set[str]:
    return {one.code for one in made.findings if one.level in (levels or (Level.REFUSAL,))}


# each way


async def test_userdata_on_a_new_disk(town: Town) -> None:
    machine = town.machine()
    run = await town.attach(machine, "userdata", group="spot")
    assert run.progress.outcome == "done", run.progress
    after = town.now(machine)
    assert town.ready(machine)
    assert after.disk_id != machine.disk_id
    assert town.changes() == DISK
    assert f"# set by vacancy {run.plan.id}" in decoded(after.user_data)


async def test_userdata_of_a_stopped_machine_into_a_group_of_ess(town: Town) -> None:
    machine = town.machine(status="Stopped")
    group = town.group("batch")
    run = await town.attach(machine, "userdata", group=group, entrusted=True)
    assert run.progress.outcome == "done", run.progress
    member = town.world.cloud.members[machine.id]
    assert (member.group_id, member.state, member.entrusted) == (group, "InService", True)
    expected = {**DISK, "AttachInstances": 1}
    del expected["StopInstance"], expected["DescribeClusterAttachScripts"]
    assert town.changes() == expected
    node = town.world.machines.node_name(machine.id)
    assert node is not None
    assert town.world.registry.get("Node", node)["metadata"]["labels"]["pool"] == "batch"


async def test_by_the_ack_api(town: Town) -> None:
    machine = town.machine()
    run = await town.attach(machine, "ack")
    assert run.progress.outcome == "done", run.progress
    assert town.ready(machine)
    assert town.changes() == {"AttachInstancesToNodePool": 1}
    assert town.world.cloud.members[machine.id].group_id == town.group("system")


async def test_by_hand_with_the_command_for_nobody_else(town: Town) -> None:
    machine = town.machine()
    run = await town.attach(machine, "manual")
    assert run.progress.outcome == "done"
    assert "attach_node.sh" in run.aside
    token = run.aside.partition("--openapi-token ")[2].split()[0]
    assert token not in run.journal.path.read_text()
    assert token not in repr(run.progress)
    assert town.changes() == {"DescribeClusterAttachScripts": 1}
    assert not town.ready(machine)


async def test_by_hand_and_followed(town: Town) -> None:
    machine = town.machine()
    run = town.start(await town.plan(machine.id, "manual", follow=True, group="spot"))
    task = asyncio.create_task(acting.execute(run))
    await town.until(lambda: run.aside)
    assert town.world.machines.run(machine.id, run.aside)[0] == 0
    await task
    assert run.progress.outcome == "done", run.progress
    assert town.ready(machine)
    assert town.changes() == {"DescribeClusterAttachScripts": 1}


# what is said beforehand


async def test_the_plan_says_what_is_lost_and_what_it_would_take(town: Town) -> None:
    made = await town.plan(town.machine(type="ecs.g7.2xlarge").id, "ack", group="spot")
    assert made.confirm == made.details["instance"]
    assert "everything on the system disk" in made.irreversible[0]
    assert any("of the pods that wait, 1 would land on it: ml/" in text for text in made.says)
    assert any("grows from" in text for text in made.says)
    assert "JoinTrust" in codes(made, Level.NOTE)
    by_hand = await town.plan(town.machine().id, "manual")
    assert (by_hand.confirm, by_hand.irreversible) == ("", ())


@pytest.mark.parametrize(
    ("fields", "how", "group", "code"),
    [
        ({"vpc_id": "vpc-other"}, "ack", "", "OtherVpc"),
        ({"tags": (("ack.aliyun.com", "c-other"),)}, "ack", "", "OtherCluster"),
        ({"tags": (("acs:autoscaling:scalingGroupId", "asg-x"),)}, "ack", "", "InGroup"),
        ({"status": "Starting"}, "ack", "", "Moving"),
        ({"status": "Stopped"}, "manual", "", "Stopped"),
        ({"locks": ("financial",)}, "manual", "", "Locked"),
        ({"deletion_protection": True}, "userdata", "", "Protected"),
        ({"charge_type": "PrePaid", "expires": 1.0}, "ack", "", "Expired"),
        ({"security_groups": ("sg-other",)}, "userdata", "", "SecurityGroup"),
        ({}, "ack", "web", "GroupFull"),
        ({"type": "ecs.g8y.xlarge"}, "ack", "", "OtherProcessor"),
        ({"disk_id": ""}, "userdata", "", "NoDisk"),
    ],
)
async def test_what_is_refused(town: Town, fields: dict[str, object], how: str, group: str, code: str) -> None:
    machine = town.machine(**fields)
    made = await town.plan(machine.id, how, group=group)
    assert code in codes(made)
    with pytest.raises(Refused):
        acting.Actor(town.clients, town.world.clock).start(made)  # type: ignore[arg-type]
    assert town.changes() == {}


async def test_what_is_no_plan_at_all(town: Town) -> None:
    machine = town.machine().id
    with pytest.raises(InputError, match="ECS has none of that id"):
        await town.plan("i-none", "ack")
    with pytest.raises(InputError, match="there is none"):
        await town.plan(machine, "ack", group="nowhere")
    with pytest.raises(InputError, match="ESS alone has it"):
        await town.plan(machine, "ack", group=town.group("batch"))
    with pytest.raises(InputError, match="--entrusted"):
        await town.plan(machine, "userdata", entrusted=True)
    with pytest.raises(InputError, match="attach"):
        await town.plan(machine, "magic")


async def test_guards_hold(town: Town) -> None:
    town.guards = Guards(never_pools=("sys*",), never_contexts=("*",))
    made = await town.plan(town.machine().id, "ack")
    assert {"GuardedPool", "GuardedContext"} <= codes(made)


async def test_a_subscription_can_not_be_entrusted(town: Town) -> None:
    machine = town.machine(charge_type="PrePaid", expires=town.world.cloud.now() + 5 * 86400)
    made = await town.plan(machine.id, "userdata", group=town.group("batch"), entrusted=True)
    assert "Entrusted" in codes(made)
    assert "EndsSoon" in codes(made, Level.WARNING)


async def test_denied_is_known_before_anything_is_touched(town: Town) -> None:
    town.fault("error", "StopInstance", code="Forbidden.RAM", message="no", status=403)
    made = await town.plan(town.machine().id, "userdata")
    assert "DryRun" in codes(made)


async def test_somebody_else_is_at_it(town: Town) -> None:
    machine = town.machine()
    made = await town.plan(machine.id, "ack")
    other = town.start(await town.plan(machine.id, "ack"))
    async with group_claim.holding(other, [machine.id]):
        assert "Claimed" in codes(await town.plan(machine.id, "ack"))
        run = town.start(made)
        await acting.execute(run)
    other.journal.close()
    assert run.progress.outcome == "refused"
    assert town.changes() == {}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "Stopped"}, "it was Running and is Stopped now"),
        ({"disk_id": "d-other"}, "somebody has replaced its system disk"),
        ({"deletion_protection": True}, "somebody protects it"),
        ({"tags": (("ack.aliyun.com", "c-other"),)}, "it has the tag ack.aliyun.com now"),
        ({"tags": (("acs:autoscaling:scalingGroupId", "asg-x"),)}, "it is in something else"),
    ],
)
@pytest.mark.parametrize("how", ["userdata", "ack"])
async def test_what_changed_since_the_plan_stops_it(town: Town, how: str, fields: dict[str, object], said: str) -> None:
    machine = town.machine()
    made = await town.plan(machine.id, how, group="spot")
    town.world.cloud.instances.change(machine.id, **fields)
    run = town.start(made)
    await acting.execute(run)
    assert run.progress.outcome == "refused"
    assert said in run.progress.text
    assert town.changes() == {}


async def test_a_machine_that_became_a_node_since_the_plan(town: Town) -> None:
    machine = town.machine()
    made = await town.plan(machine.id, "userdata")
    await town.attach(machine, "ack")
    town.world.cloud.instances.change(machine.id, tags=(), disk_id=machine.disk_id)
    town.forget()
    run = town.start(made)
    await acting.execute(run)
    assert run.progress.outcome == "refused"
    assert "it is node cn-hangzhou." in run.progress.text
    assert town.changes() == {}


# who may do it, and what nobody may see


def policy(*names: str) -> tuple[str, ...]:
    """The actions that RAM policies of deploy/ allow."""
    found = (json.loads((DEPLOY / "ram" / f"{name}.json").read_text())["Statement"] for name in names)
    return tuple(action for statements in found for statement in statements for action in statement["Action"])


@pytest.mark.parametrize(("how", "group"), [("manual", ""), ("userdata", "spot"), ("userdata", "batch"), ("ack", "")])
async def test_the_policy_allows_what_is_called(
    town: Town, monkeypatch: pytest.MonkeyPatch, how: str, group: str
) -> None:
    allowed = policy("read-only", "read-userdata", "attach")
    who = Principal("attacher", "LTAI5tSimAttacher", "attacher-secret", allowed)
    town.world.gateway.access.add(who)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", who.access_key)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", who.secret)
    cloud = open_cloud(Where(write=True), town.before.snapshot.nodes.values())
    assert cloud is not None
    limited = replace(town, cloud=cloud)
    try:
        group = town.group("batch") if group == "batch" else group
        run = await limited.attach(town.machine(), how, group=group)
        assert run.progress.outcome == "done", run.progress
        assert cloud.writer is not None
        name = run.progress.nodes[0].name
        await cloud.writer.ecs.run_command([name], base64.b64encode(b"true").decode(), run.plan.id)
        await cloud.reader.ecs.ask("get_instance_console_output", instance_id=name)
    finally:
        cloud.reader.connection.close()
    denied = [one.action for one in town.world.gateway.log if one.code.startswith("Forbidden")]
    assert denied == []


def granted(town: Town, user: User, *names: str) -> None:
    """Give a user what RBAC policies of deploy/ allow."""
    api = "rbac.authorization.k8s.io"
    for name in names:
        for role in yaml.safe_load_all((DEPLOY / "rbac" / f"{name}.yaml").read_text()):
            kind = role["kind"]
            meta = {**role["metadata"], "name": f"{user.name}-{name}"}
            town.world.registry.create(kind, {**role, "metadata": meta})
            subject = {"apiGroup": api, "kind": "User", "name": user.name}
            reference = {"apiGroup": api, "kind": kind, "name": meta["name"]}
            town.world.registry.create(
                f"{kind}Binding", {"metadata": meta, "subjects": [subject], "roleRef": reference}
            )


@pytest.mark.parametrize("policies", [("read-only",), ("read-only", "attach")])
async def test_the_role_allows_what_is_called(town: Town, home: Path, policies: tuple[str, ...]) -> None:
    """Without it the plan says what is missing; with it an attach is done, and the trust of its join is judged."""
    user = User(f"attacher-{len(policies)}", ("system:authenticated",))
    granted(town, user, *policies)
    config = home / "kubeconfig"
    config.write_text(town.world.kube.kubeconfig(user))
    limited = replace(town, clients=await connect(Target(str(config)), write=True))
    machine = town.machine()
    try:
        made = await limited.plan(machine.id, "ack")
        if "attach" not in policies:
            assert "Forbidden" in codes(made)
            assert "BootstrapTokensUnread" in codes(made, Level.NOTE)
            return
        assert "JoinTrust" in codes(made, Level.NOTE)
        run = await limited.attach(machine, "ack")
        assert run.progress.outcome == "done", run.progress
    finally:
        await limited.clients.close()


async def test_what_is_marked_in_userdata_and_log_is_nowhere(town: Town) -> None:
    mark = "hunter2hunter2"
    group = town.world.cloud.groups[town.group("batch")]
    configuration = town.world.cloud.configurations[group.configuration_id]
    script = f"{decoded(configuration.user_data)}\nexport DB_PASSWORD={mark}\n"
    town.world.cloud.configurations.change(configuration.id, user_data=encoded(script))
    machine = town.machine()
    made = await town.plan(machine.id, "userdata", timeout=4.0, group=group.id)
    run = town.start(made)
    task = asyncio.create_task(acting.execute(run))
    await town.until(lambda: town.changes()["ReplaceSystemDisk"])
    assert mark in decoded(town.now(machine).user_data)
    kept = dict(town.world.cloud.join_tokens)
    town.world.cloud.join_tokens.clear()
    town.world.machines._log(machine.id, f"[ERROR] attach failed: --openapi-token {mark} password={mark}")
    await task
    town.world.cloud.join_tokens.update(kept)
    town.world.cloud.configurations.change(configuration.id, user_data=configuration.user_data)
    assert run.progress.outcome == "partly done"
    assert "its log says: " in run.progress.text
    seen = (run.journal.path.read_text(), str(action_plan.document(made)), repr(run.progress), run.aside)
    assert [text for text in seen if mark in text] == []
