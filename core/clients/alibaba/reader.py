"""Reading from Alibaba Cloud: one method for each question, paged to the end. Nothing here can change anything. How a
call is sent is in connection, what an answer becomes in answers."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from core.clients.alibaba import answers
from core.clients.alibaba.answers import Items, Json
from core.clients.alibaba.call import Call, Generic, Typed
from core.clients.alibaba.connection import Connection
from core.clients.alibaba.errors import WrongAnswer
from core.cluster.cloud import (
    Alarm,
    ClusterNode,
    Instance,
    InstanceType,
    LifecycleHook,
    NodePool,
    ScalingActivity,
    ScalingConfiguration,
    ScalingGroup,
    ScalingInstance,
    ScalingRule,
    ScheduledTask,
    UserDataOf,
)
from core.cluster.user_data import classify

T = TypeVar("T")
ESS_VERSION = "2022-02-22"
"""For what the SDK of 2014-08-28 doesn't know: groups, and activities with their error codes and metadata."""
ESS_PAGE, MEMBER_PAGE, ECS_PAGE, CS_PAGE = 50, 50, 100, 100
MOST_PAGES = 400
"""Beyond this a server's paging leads nowhere."""


class Reader:
    """The three products of one account and region."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.ess, self.ecs, self.cs = EssReader(connection), EcsReader(connection), CsReader(connection)

    @property
    def region(self) -> str:
        return self.connection.region


class _Product:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._region = connection.region

    async def _pages(
        self, call: Callable[[int], Call], name: str, kind: type[T], prepare: Callable[[Json], Json] = answers.with_tags
    ) -> Items[T]:
        """All pages of an action that counts them (PageNumber, TotalCount)."""
        found: list[Json] = []
        for number in range(1, MOST_PAGES):
            asked = call(number)
            body = answers.flat(await self._connection.read(asked))
            page = answers.rows(body, name, asked.product, asked.action)
            found += page
            total = body.get("TotalCount")
            if not page or not isinstance(total, int) or len(found) >= total:
                break
        return answers.decoded(found, kind, prepare)


class EssReader(_Product):
    """Auto Scaling."""

    async def groups(self) -> Items[ScalingGroup]:
        """All scaling groups of the region."""

        def call(number: int) -> Call:
            return self._generic("DescribeScalingGroups", PageNumber=number, PageSize=ESS_PAGE)

        return await self._pages(call, "ScalingGroups", ScalingGroup)

    async def group(self, group: str) -> ScalingGroup | None:
        """One scaling group; None when there is none of that id."""
        call = self._generic("DescribeScalingGroups", ScalingGroupIds=[group], PageNumber=1, PageSize=ESS_PAGE)
        body = answers.flat(await self._connection.read(call))
        rows = answers.rows(body, "ScalingGroups", "ess", call.action)
        found = answers.decoded(rows, ScalingGroup, answers.with_tags)
        if found.problems:
            raise WrongAnswer("ess", call.action, found.problems[0])
        return next((one for one in found.items if one.id == group), None)

    async def strength(self, group: str) -> Json:
        """DescribeElasticStrength: how likely the group gets machines, by type and zone (`ResourcePools`)."""
        return await self._object(self._generic("DescribeElasticStrength", ScalingGroupId=group))

    async def diagnosis(self, group: str) -> list[Json]:
        """DescribeScalingGroupDiagnoseDetails: what would keep the group from growing, as ESS itself sees it."""
        call = self._generic("DescribeScalingGroupDiagnoseDetails", ScalingGroupId=group)
        return answers.rows(await self._object(call), "Details", "ess", call.action)

    async def limits(self) -> Json:
        """DescribeLimitation: the account's quotas of Auto Scaling."""
        return await self._object(self._generic("DescribeLimitation"))

    async def members(self, group: str = "", activity: str = "") -> Items[ScalingInstance]:
        """The machines of one group, or of all; only those that an activity brought, if one is named."""
        return await self._list(
            "describe_scaling_instances",
            "ScalingInstances",
            ScalingInstance,
            MEMBER_PAGE,
            scaling_group_id=group or None,
            scaling_activity_id=activity or None,
        )

    async def configurations(self, ids: Sequence[str]) -> Items[ScalingConfiguration]:
        """Scaling configurations by id, at most ten."""
        return await self._list(
            "describe_scaling_configurations",
            "ScalingConfigurations",
            ScalingConfiguration,
            ESS_PAGE,
            answers.configuration,
            scaling_configuration_id=list(ids),
        )

    async def activities(self, group: str, newest: int = 10) -> Items[ScalingActivity]:
        """The newest activities of one group, newest first."""
        call = self._generic("DescribeScalingActivities", ScalingGroupId=group, PageNumber=1, PageSize=newest)
        return await self._activities(call)

    async def activities_by_id(self, ids: Sequence[str]) -> Items[ScalingActivity]:
        """Activities by id, at most twenty; those that ESS has forgotten are left out."""
        call = self._generic("DescribeScalingActivities", ScalingActivityIds=list(ids), PageNumber=1, PageSize=50)
        return await self._activities(call)

    async def activity(self, activity_id: str) -> ScalingActivity | None:
        """One activity; None when it is not known."""
        return next(iter((await self.activities_by_id([activity_id])).items), None)

    async def activity_detail(self, activity_id: str) -> str:
        """What ESS says about one activity, machine by machine: free text, often JSON."""
        call = Typed("ess", "describe_scaling_activity_detail", {"scaling_activity_id": activity_id})
        body = await self._connection.read(call)
        return str(body.get("Detail") or "") if isinstance(body, dict) else ""

    async def rules(self) -> Items[ScalingRule]:
        return await self._list("describe_scaling_rules", "ScalingRules", ScalingRule)

    async def scheduled_tasks(self) -> Items[ScheduledTask]:
        return await self._list("describe_scheduled_tasks", "ScheduledTasks", ScheduledTask)

    async def alarms(self) -> Items[Alarm]:
        return await self._list("describe_alarms", "AlarmList", Alarm)

    async def hooks(self, group: str = "") -> Items[LifecycleHook]:
        """The lifecycle hooks of one group; without one, of all groups of the region."""
        if not group:

            def call(number: int) -> Call:
                return self._generic("DescribeLifecycleHooks", PageNumber=number, PageSize=ESS_PAGE)

            return await self._pages(call, "LifecycleHooks", LifecycleHook)
        return await self._list(
            "describe_lifecycle_hooks", "LifecycleHooks", LifecycleHook, region=False, scaling_group_id=group
        )

    async def hook_actions(self, activity_id: str) -> list[Json]:
        """What waits for an answer in one activity: token, hook, status, instances."""
        call = Typed(
            "ess", "describe_lifecycle_actions", {"region_id": self._region, "scaling_activity_id": activity_id}
        )
        body = answers.flat(await self._connection.read(call))
        return answers.rows(body, "LifecycleActions", "ess", call.action)

    async def _activities(self, call: Generic) -> Items[ScalingActivity]:
        body = answers.flat(await self._connection.read(call))
        return answers.decoded(answers.rows(body, "ScalingActivities", "ess", call.action), ScalingActivity)

    async def _object(self, call: Generic) -> Json:
        body = answers.flat(await self._connection.read(call))
        if not isinstance(body, dict):
            raise WrongAnswer("ess", call.action, "the answer is no object")
        return body

    def _generic(self, action: str, **query: Any) -> Generic:
        return Generic("ess", action, ESS_VERSION, {"RegionId": self._region, **query})

    async def _list(
        self,
        method: str,
        name: str,
        kind: type[T],
        size: int = ESS_PAGE,
        prepare: Callable[[Json], Json] = answers.with_tags,
        region: bool = True,
        **fields: Any,
    ) -> Items[T]:
        where = {"region_id": self._region} if region else {}

        def call(number: int) -> Call:
            return Typed("ess", method, {**where, **fields, "page_number": number, "page_size": size})

        return await self._pages(call, name, kind, prepare)


class EcsReader(_Product):
    """Machines."""

    async def instances(self, ids: Iterable[str]) -> Items[Instance]:
        """Machines by id; ids that nobody has are left out."""
        wanted = list(dict.fromkeys(ids))
        items: list[Instance] = []
        problems: list[str] = []
        for start in range(0, len(wanted), ECS_PAGE):
            part = await self._instances(instance_ids=json.dumps(wanted[start : start + ECS_PAGE]))
            items += part.items
            problems += part.problems
        return Items(tuple(items), tuple(problems))

    async def instances_tagged(self, key: str, value: str) -> Items[Instance]:
        """Machines with a tag."""
        return await self._instances(tag=[{"key": key, "value": value}])

    async def instances_in(self, vpc: str) -> Items[Instance]:
        """All machines of a VPC."""
        return await self._instances(vpc_id=vpc)

    async def types(self, names: Iterable[str]) -> Items[InstanceType]:
        """Machine types by name."""
        wanted = list(dict.fromkeys(names))
        items: list[InstanceType] = []
        problems: list[str] = []
        for start in range(0, len(wanted), 10):
            call = Typed("ecs", "describe_instance_types", {"instance_types": wanted[start : start + 10]})
            body = answers.flat(await self._connection.read(call))
            part = answers.decoded(answers.rows(body, "InstanceTypes", "ecs", call.action), InstanceType)
            items += part.items
            problems += part.problems
        return Items(tuple(items), tuple(problems))

    async def user_data(self, instance_id: str) -> UserDataOf:
        """What a machine's userdata does. The text itself goes no further."""
        call = Typed("ecs", "describe_user_data", {"region_id": self._region, "instance_id": instance_id})
        body = await self._connection.read(call)
        if not isinstance(body, dict) or not isinstance(body.get("UserData", ""), str):
            raise WrongAnswer("ecs", call.action, "the answer holds no userdata")
        return UserDataOf(instance_id, classify(body.get("UserData") or ""))

    async def vswitches(self, ids: Sequence[str]) -> list[Json]:
        """DescribeVSwitches of these: `AvailableIpAddressCount`, `ZoneId`. At most fifty."""
        # generic: the SDK's method is spelled describe_vswitches, its model DescribeVSwitchesRequest
        query = {"RegionId": self._region, "VSwitchId": ",".join(ids[:50]), "PageSize": 50}
        call = Generic("ecs", "DescribeVSwitches", "2014-05-26", query)
        return answers.rows(answers.flat(await self._connection.read(call)), "VSwitches", "ecs", call.action)

    async def ask(self, method: str, **fields: Any) -> Json:
        """Any other question of the ECS SDK (`describe_price` …), the answer flattened."""
        call = Typed("ecs", method, {"region_id": self._region, **fields})
        body = answers.flat(await self._connection.read(call))
        if not isinstance(body, dict):
            raise WrongAnswer("ecs", call.action, "the answer is no object")
        return body

    async def _instances(self, **fields: Any) -> Items[Instance]:
        found: list[Json] = []
        token: str | None = None
        for _ in range(MOST_PAGES):
            more = {"next_token": token} if token else {}
            call = Typed(
                "ecs", "describe_instances", {"region_id": self._region, "max_results": ECS_PAGE, **fields, **more}
            )
            body = answers.flat(await self._connection.read(call))
            found += answers.rows(body, "Instances", "ecs", call.action)
            token = body.get("NextToken")
            if not token:
                break
        return answers.decoded(found, Instance, answers.instance)


class CsReader(_Product):
    """The ACK API."""

    async def pools(self, cluster: str) -> Items[NodePool]:
        """The node pools of a cluster."""
        # generic: the typed answer turns a missing list into an empty one
        call = self._generic("DescribeClusterNodePools", f"/clusters/{cluster}/nodepools")
        body = await self._connection.read(call)
        found = answers.rows(answers.flat(body), "nodepools", "cs", call.action)
        return answers.decoded(found, NodePool, lambda row: {**answers.pool(row), "cluster_id": cluster})

    async def nodes(self, cluster: str) -> Items[ClusterNode]:
        """What the ACK API lists as nodes, joined or not."""
        found: list[Json] = []
        for number in range(1, MOST_PAGES):
            query = {"pageSize": str(CS_PAGE), "pageNumber": str(number)}
            call = self._generic("DescribeClusterNodes", f"/clusters/{cluster}/nodes", query)
            body = answers.flat(await self._connection.read(call))
            page = answers.rows(body, "nodes", "cs", call.action)
            found += page
            info = body.get("page")
            total = info.get("total_count") if isinstance(info, dict) else None
            if not page or not isinstance(total, int) or len(found) >= total:
                break
        return answers.decoded(found, ClusterNode)

    async def cluster(self, cluster: str) -> Json:
        """DescribeClusterDetail: state, version, type."""
        return await self.ask("DescribeClusterDetail", f"/clusters/{cluster}")

    async def task(self, task: str) -> Json:
        """DescribeTaskInfo: state, stages, events, error and results of a long-running job."""
        return await self.ask("DescribeTaskInfo", f"/tasks/{task}")

    async def tasks(self, cluster: str, newest: int = 50) -> list[Json]:
        """DescribeClusterTasks: the newest long-running jobs; what each is about is in `task`."""
        body = await self.ask("DescribeClusterTasks", f"/clusters/{cluster}/tasks", {"page_size": str(newest)})
        return answers.rows(body, "tasks", "cs", "DescribeClusterTasks")

    async def ask(self, action: str, pathname: str, query: dict[str, str] | None = None) -> Json:
        """Any other GET of the ACK API."""
        body = await self._connection.read(self._generic(action, pathname, query))
        if not isinstance(body, dict):
            raise WrongAnswer("cs", action, "the answer is no object")
        return body

    def _generic(self, action: str, pathname: str, query: dict[str, str] | None = None) -> Generic:
        return Generic("cs", action, "2015-12-15", query or {}, "GET", pathname)
