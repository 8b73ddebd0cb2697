"""Removals when the cloud or the API server make trouble: what is sent again and what never, what is left and said."""

import asyncio
import base64
from pathlib import Path

import pytest

from core.actions.action_plan import Level
from core.actions.remove.machine_steps import SCRIPT
from core.errors import Refused
from sim.cloud.access import Principal
from sim.cloud.faults import Fault
from sim.kube.faults import Fault as KubeFault
from sim.kube.request import User
from sim.world import joining
from tests.wire.actions.fleet import MARK, Fleet, last
from tests.wire.actions.test_remove import JOINS, codes

pytestmark = pytest.mark.thorough

WRITES = ("DetachInstances", "RunCommand", "StopInstance", "ModifyInstanceAttribute", "StartInstance")
"""What taking an attached machine out of its group changes in the cloud."""
LOST = ("done-reset", "done-silence", "done-error")


def holding(folder: Path, secret: str) -> list[Path]:
    """The files below that hold it."""
    written = [path for path in folder.rglob("*") if path.is_file() and "kubeconfig" not in path.name]
    return [path for path in written if secret.encode() in path.read_bytes()]


async def attached(fleet: Fleet) -> str:
    made = fleet.group("batch", 1, desired=2)
    node = fleet.attached(made, JOINS)
    await fleet.open_doors()
    await fleet.pod(node)
    return node


@pytest.mark.parametrize("action", WRITES)
async def test_an_answer_that_is_lost(fleet: Fleet, action: str) -> None:
    """It took effect, and nobody said so: looked at again, and not done twice."""
    node = await attached(fleet)
    plan = await fleet.plan(node)
    after = 1 if action == "ModifyInstanceAttribute" else 0  # the first is refused: the machine runs
    fleet.server.gateway.faults.add(Fault("done-silence", action=action, after=after, seconds=30.0))
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == dict.fromkeys(WRITES, 1)
    assert not fleet.has_node(node)


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("action", ["RemoveNodePoolNodes", "ModifyClusterNodePool"])
async def test_an_answer_of_ack_that_is_lost(fleet: Fleet, action: str, kind: str) -> None:
    """The ACK API takes no client tokens: its tasks and sizes are the evidence."""
    made = fleet.group("web", 2, in_ack=True, desired=2)
    fleet.linger()
    await fleet.open_doors()
    plan = await fleet.plan(made.nodes[0], release=True)
    fleet.server.gateway.faults.add(Fault(kind, action=action, seconds=30.0))
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {"RemoveNodePoolNodes": 1, "ModifyClusterNodePool": 1}
    assert fleet.pinned(made) == 1


async def test_throttled(fleet: Fleet) -> None:
    """With and without a time to come back: sent again, and once with effect."""
    node = await attached(fleet)
    plan = await fleet.plan(node)
    for action in WRITES:
        fleet.server.gateway.faults.add(Fault("throttle", action=action, seconds=0, times=2))
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == dict.fromkeys(WRITES, 1)
    assert len(fleet.asked("DetachInstances")) == 3


async def test_something_else_happens_in_the_group(fleet: Fleet) -> None:
    """ESS does one thing after the other there: it is waited for."""
    made = fleet.group("batch", 2)
    await fleet.open_doors()
    plan = await fleet.plan(made.nodes[0], release=True)
    busy = Fault("error", action="RemoveInstances", code="ScalingActivityInProgress", status=400, times=2)
    fleet.server.gateway.faults.add(busy)
    run = await fleet.run(plan)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {"RemoveInstances": 1}


async def test_denied_by_ram_after_the_drain(fleet: Fleet) -> None:
    """An honest end: empty, cordoned, in its group; and once RAM allows it, it is resumed from there."""
    made = fleet.group("batch", 2)
    await fleet.open_doors(Principal("ops", "LTAI5tOps", "ops-secret", deny=("ess:RemoveInstances",)))
    node = made.nodes[0]
    await fleet.pod(node)
    run = await fleet.run(await fleet.plan(node, release=True))
    assert run.progress.outcome == "partly done"
    assert "ess:RemoveInstances" in run.progress.text
    assert fleet.cordoned(node)
    assert fleet.changes() == {}
    entry = last()
    assert entry.open
    told = await fleet.compare(entry)
    assert told[0].startswith(f"node {node} is cordoned by this action; 0 of its 1 pods")
    assert "Running, InService in" in told[1]
    fleet.be(fleet.server.gateway.access.named("admin"))
    run = await fleet.recover(entry)
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {"RemoveInstances": 1}
    assert len(fleet.kube("POST", "/eviction")) == 1


async def test_denied_by_ram_beforehand(fleet: Fleet) -> None:
    """What ECS can try without effect is tried before anything is touched."""
    node = fleet.attached(None, JOINS)
    await fleet.open_doors(Principal("ops", "LTAI5tOps", "ops-secret", deny=("ecs:RunCommand", "ecs:StopInstance")))
    plan = await fleet.plan(node)
    assert codes(plan) == ["CloudForbids", "CloudForbids"]
    with pytest.raises(Refused, match="ecs:RunCommand"):
        await fleet.run(plan)
    assert not fleet.cordoned(node)


async def test_userdata_that_may_not_be_read(fleet: Fleet) -> None:
    """Then it can't be seen cleared; a person may leave it as it is."""
    node = fleet.attached(None, JOINS)
    await fleet.open_doors(Principal("ops", "LTAI5tOps", "ops-secret", deny=("ecs:DescribeUserData",)))
    assert "UserDataUnread" in codes(await fleet.plan(node))
    assert codes(await fleet.plan(node, keep_userdata=True)) == []


async def test_denied_by_rbac(fleet: Fleet) -> None:
    """Who may drain but not delete nodes is told before anything is cordoned."""
    node = fleet.attached()
    rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch", "create", "patch"]}
    await fleet.open_doors()
    fleet.sim.registry.create("ClusterRole", {"metadata": {"name": "drainer"}, "rules": [rule]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "drainer"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "drainer"}
    binding = {"metadata": {"name": "drainer"}, "roleRef": reference, "subjects": [subject]}
    fleet.sim.registry.create("ClusterRoleBinding", binding)
    plan = await fleet.plan(node, user=User("drainer", ("system:authenticated",)))
    (finding,) = (one for one in plan.findings if one.level is Level.REFUSAL)
    assert finding.text == "this identity may not delete nodes"


async def test_the_api_server_goes_away_after_the_machine_left(fleet: Fleet) -> None:
    """The Node is deleted once it is back, and nothing is done twice."""
    node = await attached(fleet)
    plan = await fleet.plan(node)
    running = asyncio.create_task(fleet.run(plan))
    await fleet.until(lambda: fleet.changes()["DetachInstances"] == 1)
    fleet.sim.server.faults.add(KubeFault(path="/nodes/", status=503, times=None))
    await asyncio.sleep(2)
    fleet.sim.server.faults.clear()
    run = await running
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == dict.fromkeys(WRITES, 1)
    assert not fleet.has_node(node)


async def test_a_cloud_call_that_fails_after_the_drain_can_be_undone(fleet: Fleet) -> None:
    made = fleet.group("batch", 2)
    await fleet.open_doors()
    node = made.nodes[0]
    plan = await fleet.plan(node, release=True)
    text = "The specified scaling group does not allow it."
    fleet.server.gateway.faults.add(Fault("error", action="RemoveInstances", code="Odd", message=text, status=400))
    run = await fleet.run(plan)
    assert run.progress.outcome == "partly done"
    assert "then remove it from its group" in run.progress.text
    run = await fleet.recover(last(), "undo")
    assert run.progress.outcome == "undone"
    assert not fleet.cordoned(node)
    assert last().state == "undone"
    assert fleet.leases() == []


async def test_what_cant_be_taken_back_is_not_undone(fleet: Fleet) -> None:
    """The machine has left its group, and Cloud Assistant fails: undo is refused, resume finishes, close lets go."""
    node = await attached(fleet)
    plan = await fleet.plan(node)
    fleet.fails_to_run("kubeadm reset", 1, f"[reset] error: --token {MARK}")
    run = await fleet.run(plan)
    assert run.progress.outcome == "partly done", run.progress
    assert "it ended with 1" in run.progress.text
    entry = last()
    with pytest.raises(Refused, match="can't be taken back"):
        await fleet.recover(entry, "undo")
    fleet.works_again()
    run = await fleet.recover(last())
    assert run.progress.outcome == "done", run.progress
    assert fleet.changes() == {**dict.fromkeys(WRITES, 1), "RunCommand": 2}
    assert len({one.params["ClientToken"] for one in fleet.asked("RunCommand") if one.effect}) == 2
    assert MARK not in run.journal.path.read_text()


async def test_closed(fleet: Fleet) -> None:
    node = await attached(fleet)
    plan = await fleet.plan(node)
    fleet.fails_to_run("kubeadm reset", 1, "broken")
    await fleet.run(plan)
    run = await fleet.recover(last(), "close")
    assert (run.progress.outcome, last().state) == ("closed", "closed")
    assert fleet.changes()["StopInstance"] == 0


async def test_one_that_cannot_be_drained_stays_and_the_others_go(fleet: Fleet) -> None:
    made = fleet.group("batch", 3)
    await fleet.open_doors()
    stuck, good = made.nodes[:2]
    pod = await fleet.pod(stuck)
    plan = await fleet.plan(stuck, good, release=True, timeout=2.0)
    path = rf"/{pod}/eviction\?(?!.*dryRun)"
    fleet.sim.server.faults.add(KubeFault(path=path, status=429, times=None))
    run = await fleet.run(plan)
    assert run.progress.outcome == "partly done"
    assert "1 node removed" in run.progress.text
    assert "within the time-out" in run.progress.text
    assert fleet.has_node(stuck)
    assert not fleet.has_node(good)
    assert fleet.changes() == {"RemoveInstances": 1}


async def test_cancelled_between_the_steps(fleet: Fleet) -> None:
    node = await attached(fleet)
    plan = await fleet.plan(node)
    running = asyncio.create_task(fleet.run(plan, lambda run: fleet.when("DetachInstances", run.cancel)))
    run = await running
    assert run.progress.outcome == "cancelled", run.progress
    assert fleet.changes() == {"DetachInstances": 1}
    assert fleet.has_node(node)
    assert last().open
    run = await fleet.recover(last())
    assert run.progress.outcome == "done"
    assert fleet.changes() == dict.fromkeys(WRITES, 1)


async def test_no_cloud_assistant(fleet: Fleet) -> None:
    node = fleet.attached(None, "", assistant=False)
    await fleet.open_doors()
    assert "NoCloudAssistant" in codes(await fleet.plan(node))
    run = await fleet.remove(node, no_reset=True)
    assert run.progress.outcome == "done"


async def test_no_secret_of_its_userdata_anywhere(fleet: Fleet, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither of the userdata, nor of what kubeadm prints."""
    node = await attached(fleet)
    plan = await fleet.plan(node)
    fleet.fails_to_run("kubeadm reset", 0, f"join --token abcdef.0123456789abcdef password={MARK}\n[reset] done")
    run = await fleet.run(plan)
    assert run.progress.outcome == "done"
    machine = fleet.cloud.instances[fleet.id_of(node)]
    assert MARK not in joining.decoded(machine.user_data)
    text = run.journal.path.read_text() + str(plan) + str(run.progress) + "".join(capsys.readouterr())
    assert "[reset] done" in text
    for secret in (MARK, base64.b64encode(MARK.encode()).decode()[:-4], "0123456789abcdef", JOINS[:40], SCRIPT):
        assert secret not in text
    assert holding(home, MARK) == []
