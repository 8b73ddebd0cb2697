"""Opens the way to the cloud for actions: by what a person said, and what the nodes say of themselves. The feeds open
theirs in core/feeds/cloud."""

from collections.abc import Iterable

from core.actions.action_plan import ActionPlan
from core.actions.cloud import Cloud
from core.clients.alibaba import Connection, Reader
from core.clients.alibaba.writer import Writer
from core.feeds.cloud import CloudChoice, cluster_of, open_connection
from core.kube.node import Node
from core.where import Where, cloud


def open_cloud(where: Where, nodes: Iterable[Node]) -> Cloud | None:
    """None where there are no credentials or no region. Raises InputError for settings that can't be read."""
    choice, known = cloud(where), list(nodes)
    connection = open_connection(choice, known)
    return door(connection, where.write, cluster_of(choice, known)) if connection is not None else None


def cloud_of_plan(where: Where, plan: ActionPlan) -> Cloud | None:
    """The way to where an action that is to be put in order took place."""
    choice = CloudChoice(where.profile, where.region or plan.region, where.cluster_id or plan.cluster)
    connection = open_connection(choice, [])
    return door(connection, where.write, choice.cluster) if connection is not None else None


def door(connection: Connection, write: bool, cluster: str) -> Cloud:
    """With a writer only when armed."""
    return Cloud(Reader(connection), Writer(connection) if write else None, cluster)
