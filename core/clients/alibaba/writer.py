"""Changing things in Alibaba Cloud: one method for each action, sent once. Only core.actions is given a Writer; it is
absent when the program is read-only. Reading is in reader; whether to send again is decided in core.actions.

Where the API takes a client token, a call with the same one takes effect once: keep the token with the step. Where it
takes none, read the state again before sending again (`error.outcome_unknown`)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.clients.alibaba import answers
from core.clients.alibaba.answers import Json
from core.clients.alibaba.call import Call, Generic, Typed
from core.clients.alibaba.connection import Connection
from core.clients.alibaba.errors import CloudError, WrongAnswer
from core.clients.alibaba.reader import ESS_VERSION

DRY_RUN = "DryRunOperation"
"""The error code with which ECS says that a dry run would have gone through."""


class Writer:
    """The three products of one account and region."""

    def __init__(self, connection: Connection) -> None:
        self.ess, self.ecs, self.cs = EssWriter(connection), EcsWriter(connection), CsWriter(connection)


class _Product:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._region = connection.region

    async def _send(self, call: Call) -> Json:
        body = await self._connection.write(call)
        if not isinstance(body, dict):
            raise WrongAnswer(call.product, call.action, "the answer is no object")
        return body


class EssWriter(_Product):
    """Auto Scaling, in the version of 2022-02-22: that of 2014-08-28 has no client tokens for machines."""

    async def scale(self, group: str, kind: str, value: int, token: str, metadata: str = "") -> Json:
        """ScaleWithAdjustment: `kind` is TotalCapacity, QuantityChangeInCapacity or PercentChangeInCapacity. Clamped to
        the group's limits without an error; `ScalingActivityId` in the answer is to be followed."""
        return await self._ask(
            "ScaleWithAdjustment",
            ScalingGroupId=group,
            AdjustmentType=kind,
            AdjustmentValue=value,
            ClientToken=token,
            SyncActivity=True,
            **({"ActivityMetadata": metadata} if metadata else {}),
        )

    async def preview(self, group: str, kind: str, value: int) -> Json:
        """ScaleWithAdjustment that is only planned: nothing changes. `PlanResult.ResourceAllocations` says which
        machines would come; the error says what the account may not do."""
        return await self._ask(
            "ScaleWithAdjustment",
            ScalingGroupId=group,
            AdjustmentType=kind,
            AdjustmentValue=value,
            ExecutionMode="PlanOnly",
        )

    async def set_desired(self, group: str, size: int) -> Json:
        """ModifyScalingGroup of the desired capacity: no client token and no activity id; read the group again."""
        return await self._ask("ModifyScalingGroup", ScalingGroupId=group, DesiredCapacity=size)

    async def attach(self, group: str, instances: Sequence[str], token: str, entrusted: bool = False) -> Json:
        """AttachInstances: at most 20. `entrusted`: ESS releases them when they leave. Joins no cluster."""
        entrust = {"Entrusted": True} if entrusted else {}
        return await self._of_machines("AttachInstances", group, instances, ClientToken=token, **entrust)

    async def user_data(self, configuration: str) -> str:
        """DescribeScalingConfigurations for the one thing that no reader hands out: the base64 userdata, which holds a
        join token. Send it to the machine that is to join, and keep it nowhere."""
        call = Generic(
            "ess",
            "DescribeScalingConfigurations",
            ESS_VERSION,
            {"RegionId": self._region, "ScalingConfigurationIds": [configuration], "PageNumber": 1, "PageSize": 10},
        )
        rows = answers.rows(
            answers.flat(await self._connection.read(call)), "ScalingConfigurations", "ess", call.action
        )
        found = next((row.get("UserData") for row in rows if row.get("ScalingConfigurationId") == configuration), None)
        return found if isinstance(found, str) else ""

    async def detach(self, group: str, instances: Sequence[str], token: str, keep_desired: bool = False) -> Json:
        """DetachInstances: they leave the group and go on running. With `keep_desired` ESS buys others for them."""
        return await self._of_machines(
            "DetachInstances", group, instances, ClientToken=token, DecreaseDesiredCapacity=not keep_desired
        )

    async def remove(self, group: str, instances: Sequence[str], token: str, keep_desired: bool = False) -> Json:
        """RemoveInstances: machines that the group made, or was entrusted with, are released (or stopped)."""
        return await self._of_machines(
            "RemoveInstances", group, instances, ClientToken=token, DecreaseDesiredCapacity=not keep_desired
        )

    async def protect(self, group: str, instances: Sequence[str], protected: bool) -> Json:
        """SetInstancesProtection from scale-in. The same call twice is as once."""
        return await self._of_machines("SetInstancesProtection", group, instances, ProtectedFromScaleIn=protected)

    async def suspend(self, group: str, processes: Sequence[str]) -> Json:
        """SuspendProcesses: ScaleIn, ScaleOut, HealthCheck, AlarmNotification, ScheduledAction."""
        return await self._ask("SuspendProcesses", ScalingGroupId=group, Processes=list(processes))

    async def resume(self, group: str, processes: Sequence[str]) -> Json:
        """ResumeProcesses."""
        return await self._ask("ResumeProcesses", ScalingGroupId=group, Processes=list(processes))

    async def answer_hook(self, hook: str, hook_token: str, result: str, token: str) -> Json:
        """CompleteLifecycleAction: `result` is CONTINUE, ABANDON or ROLLBACK."""
        return await self._ask(
            "CompleteLifecycleAction",
            LifecycleHookId=hook,
            LifecycleActionToken=hook_token,
            LifecycleActionResult=result,
            ClientToken=token,
        )

    async def _of_machines(self, action: str, group: str, instances: Sequence[str], **query: Any) -> Json:
        return await self._ask(action, ScalingGroupId=group, InstanceIds=list(instances), **query)

    async def _ask(self, action: str, **query: Any) -> Json:
        return await self._send(Generic("ess", action, ESS_VERSION, {"RegionId": self._region, **query}))


class EcsWriter(_Product):
    """Machines."""

    async def set_user_data(self, instance: str, encoded: str) -> Json:
        """ModifyInstanceAttribute of base64 userdata; the machine may have to be stopped. Without effect until its
        system disk is replaced."""
        return await self._ask("modify_instance_attribute", instance_id=instance, user_data=encoded)

    async def replace_system_disk(self, instance: str, image: str, token: str, **more: Any) -> Json:
        """ReplaceSystemDisk of a stopped machine: everything on the old disk is lost."""
        return await self._ask("replace_system_disk", instance_id=instance, image_id=image, client_token=token, **more)

    async def stop(self, instance: str, stopped_mode: str = "KeepCharging") -> Json:
        """StopInstance, orderly."""
        return await self._ask("stop_instance", instance_id=instance, stopped_mode=stopped_mode)

    async def start(self, instance: str) -> Json:
        """StartInstance."""
        return await self._ask("start_instance", instance_id=instance)

    async def run_command(self, instances: Sequence[str], script: str, token: str, timeout: int = 300) -> Json:
        """RunCommand by Cloud Assistant: a shell script (base64) as root, at most `timeout` seconds. `InvokeId` is to
        be followed by DescribeInvocationResults."""
        return await self._ask(
            "run_command",
            region_id=self._region,
            type="RunShellScript",
            command_content=script,
            content_encoding="Base64",
            instance_id=list(instances),
            timeout=timeout,
            client_token=token,
        )

    async def would_run(self, instance: str, script: str) -> CloudError | None:
        """Whether Cloud Assistant would take a script (base64), by its own kind of dry run: None, or why not."""
        fields = {"region_id": self._region, "type": "RunShellScript", "command_content": script}
        try:
            await self._ask(
                "run_command", content_encoding="Base64", instance_id=[instance], repeat_mode="DryRun", **fields
            )
        except CloudError as error:
            return None if error.code == DRY_RUN else error
        return None

    async def would(self, method: str, **fields: Any) -> CloudError | None:
        """Whether an action with a dry run (`stop_instance` …) would go through: None, or why not."""
        try:
            await self._ask(method, dry_run=True, **fields)
        except CloudError as error:
            return None if error.code == DRY_RUN else error
        return None

    async def _ask(self, method: str, **fields: Any) -> Json:
        return await self._send(Typed("ecs", method, fields))


class CsWriter(_Product):
    """The ACK API. Bodies are sent as they are given: the SDK's models would add empty lists that wipe settings."""

    async def scale_pool(self, cluster: str, pool: str, more: int) -> str:
        """ScaleClusterNodePool: so many machines more; the task to follow. No client token: read the pool first."""
        return await self._task(
            "ScaleClusterNodePool", "POST", f"/clusters/{cluster}/nodepools/{pool}", {"count": more}
        )

    async def modify_pool(self, cluster: str, pool: str, body: Mapping[str, Any]) -> str:
        """ModifyClusterNodePool with just these settings, such as {"scaling_group": {"desired_size": 4}}; the task."""
        return await self._task("ModifyClusterNodePool", "PUT", f"/clusters/{cluster}/nodepools/{pool}", dict(body))

    async def remove_from_pool(
        self, cluster: str, pool: str, instances: Sequence[str], *, drain: bool, release: bool
    ) -> str:
        """RemoveNodePoolNodes; the task. A desired size that is left as it is makes ACK buy others."""
        query = {
            "instance_ids": json.dumps(list(instances)),
            "drain_node": str(drain).lower(),
            "release_node": str(release).lower(),
        }
        path = f"/clusters/{cluster}/nodepools/{pool}/nodes"
        return await self._task("RemoveNodePoolNodes", "DELETE", path, None, query)

    async def delete_nodes(self, cluster: str, nodes: Sequence[str], *, drain: bool, release: bool) -> str:
        """DeleteClusterNodes by node names: drains, deletes the node and undoes its join; the task."""
        body = {"nodes": list(nodes), "drain_node": drain, "release_node": release}
        return await self._task("DeleteClusterNodes", "POST", f"/clusters/{cluster}/nodes", body)

    async def attach_to_pool(self, cluster: str, pool: str, instances: Sequence[str], **more: Any) -> str:
        """AttachInstancesToNodePool: the machines' system disks are replaced; the task."""
        body = {"instances": list(instances), **more}
        return await self._task(
            "AttachInstancesToNodePool", "POST", f"/clusters/{cluster}/nodepools/{pool}/attach", body
        )

    async def attach_script(self, cluster: str, pool: str, expires: int) -> str:
        """DescribeClusterAttachScripts: the one command that makes a machine join by hand. It holds a join token, which
        is made by this call: show it to the person who asked, and nowhere else."""
        body = {"nodepool_id": pool, "expired": expires}
        call = Generic(
            "cs", "DescribeClusterAttachScripts", "2015-12-15", {}, "POST", f"/clusters/{cluster}/attachscript", body
        )
        script = await self._connection.write(call)
        if not isinstance(script, str):
            raise WrongAnswer("cs", call.action, "the answer is no command")
        return script.strip()

    async def _task(
        self, action: str, verb: str, pathname: str, body: Json | None, query: Mapping[str, str] | None = None
    ) -> str:
        answer = await self._send(Generic("cs", action, "2015-12-15", dict(query or {}), verb, pathname, body))
        task = answer.get("task_id")
        if not isinstance(task, str) or not task:
            raise WrongAnswer("cs", action, "the answer names no task")
        return task
