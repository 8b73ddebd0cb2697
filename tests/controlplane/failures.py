"""Ways in which the API server refuses: a permission taken away, requests throttled. Each holds within a `with` block.

Programs that stop, pause and restart are methods of `Cluster`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.controlplane.api import Api, ApiError
from tests.controlplane.cluster import Cluster
from tests.controlplane.identities import ON_CALL, READ, READER
from tests.controlplane.kinds import KINDS, Json, Kind
from tests.controlplane.processes import wait_until

_FLOW = "flowcontrol.apiserver.k8s.io"
_THROTTLE = "vacancy-throttle"


@contextmanager
def forbidden(cluster: Cluster, kind: str) -> Iterator[None]:
    """Within the block the on-call identities may read everything but `kind`; in force at both ends of it."""
    admin, on_call = cluster.api(), cluster.api(ON_CALL)
    before = admin.get("ClusterRole", READER)["rules"]
    admin.patch("ClusterRole", READER, {"rules": _rules_without(admin, KINDS[kind])})
    wait_until(lambda: _status(on_call, kind) == 403, 10, f"{kind} forbidden")
    try:
        yield
    finally:
        admin.patch("ClusterRole", READER, {"rules": before})
        wait_until(lambda: _status(on_call, kind) == 200, 10, f"{kind} allowed again")


@contextmanager
def throttled(cluster: Cluster) -> Iterator[None]:
    """Within the block, for at most 50 s, on-call's certificate gets 429 with Retry-After for every request.

    Priority and fairness gives it one seat, and a request that hangs sits there: it asks metrics-server, which is
    paused meanwhile, so there are no metrics either.
    """
    admin, limited = cluster.api(), cluster.api(ON_CALL)
    flow = [admin.create(thing) for thing in _one_seat(ON_CALL)][-1]
    path = KINDS["Namespace"].path()
    mark = ("X-Kubernetes-Pf-Flowschema-Uid", flow["metadata"]["uid"])
    try:
        wait_until(lambda: mark in limited.headers(path).items(), 20, "flow schema in force")
        with cluster.paused("metrics-server"), ThreadPoolExecutor(1) as sitter:
            sitter.submit(limited.list_all, "NodeMetrics")
            wait_until(lambda: _status(limited, "Pod") == 429, 10, "throttled")
            try:
                yield
            finally:
                cluster.program("metrics-server").resume()
    finally:
        for thing in reversed(_one_seat(ON_CALL)):
            admin.delete(thing["kind"], _THROTTLE)
        wait_until(lambda: _status(limited, "Pod") == 200, 20, "no longer throttled")


def _rules_without(api: Api, kind: Kind) -> list[Json]:
    group = kind.version.split("/")[0] if "/" in kind.version else ""
    groups = ["", *(item["name"] for item in api.request("GET", "/apis")["groups"])]
    names = [item["name"] for item in api.request("GET", kind.root)["resources"]]
    rest = [name for name in names if name.split("/")[0] != kind.plural]
    others = {"apiGroups": [name for name in groups if name != group], "resources": ["*"], "verbs": READ}
    return [others, {"apiGroups": [group], "resources": rest, "verbs": READ}] if rest else [others]


def _one_seat(user: str) -> list[Json]:
    version, metadata = f"{_FLOW}/v1", {"name": _THROTTLE}
    limited = {"nominalConcurrencyShares": 0, "lendablePercent": 0, "limitResponse": {"type": "Reject"}}
    any_resource = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
    rule = {
        "subjects": [{"kind": "User", "user": {"name": user}}],
        "resourceRules": [any_resource],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    }
    flow = {
        "priorityLevelConfiguration": {"name": _THROTTLE},
        "matchingPrecedence": 10,
        "distinguisherMethod": {"type": "ByUser"},
        "rules": [rule],
    }
    level = {"type": "Limited", "limited": {**limited, "borrowingLimitPercent": 0}}
    return [
        {"apiVersion": version, "kind": "PriorityLevelConfiguration", "metadata": metadata, "spec": level},
        {"apiVersion": version, "kind": "FlowSchema", "metadata": metadata, "spec": flow},
    ]


def _status(api: Api, kind: str) -> int:
    return status_of(lambda: api.list_all(kind, limit=1))


def status_of(request: Callable[[], object]) -> int:
    """The HTTP status by which a request ends; 200 for every success."""
    try:
        request()
    except ApiError as error:
        return error.status
    return 200
