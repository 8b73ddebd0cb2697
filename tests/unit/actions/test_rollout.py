"""When a rollout is complete, by statuses as controllers write them; and how fast it may go."""

from typing import Any

import pytest

from core.actions.eci import rollout
from core.actions.eci.owner import OwnerNow, named
from core.actions.eci.workload_pods import selector_text
from core.analysis.applications import Application
from core.errors import InputError, VacancyError


def workload(spec: dict[str, Any], status: dict[str, Any], seen: int = 2) -> OwnerNow:
    return OwnerNow({"metadata": {"generation": 2}, "spec": spec, "status": {"observedGeneration": seen, **status}})


def test_a_change_that_its_controller_has_not_seen() -> None:
    done = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
    assert "hasn't seen" in rollout.missing("Deployment", workload({"replicas": 2}, done, seen=1))
    assert rollout.missing("Deployment", workload({"replicas": 2}, done)) == ""


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({"replicas": 3, "updatedReplicas": 1, "availableReplicas": 3}, "1 of 2 pods are new"),
        ({"replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}, "1 old pod is still to go"),
        ({"replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}, "1 of 2 new pods are available"),
        ({}, "0 of 2 pods are new"),
    ],
)
def test_a_deployment_on_its_way(status: dict[str, Any], told: str) -> None:
    assert rollout.missing("Deployment", workload({"replicas": 2}, status)) == told


def test_a_deployment_past_its_deadline() -> None:
    stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    with pytest.raises(VacancyError, match="timed out"):
        rollout.missing("Deployment", workload({"replicas": 2}, {"conditions": [stuck]}))


def test_a_stateful_set_with_a_partition() -> None:
    spec = {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}}
    status = {"readyReplicas": 3, "updatedReplicas": 0, "currentRevision": "a", "updateRevision": "b"}
    assert rollout.missing("StatefulSet", workload(spec, status)) == "0 of 1 pods are new"
    assert rollout.missing("StatefulSet", workload(spec, {**status, "updatedReplicas": 1})) == ""
    whole = workload({"replicas": 3}, {**status, "updatedReplicas": 3})
    assert rollout.missing("StatefulSet", whole) == "its old revision is still current"


def test_a_clone_set_that_still_has_more_pods() -> None:
    status = {"replicas": 3, "updatedReplicas": 2, "readyReplicas": 3}
    assert rollout.missing("CloneSet", workload({"replicas": 2}, status)) == "pods are still to go"
    assert rollout.missing("CloneSet", workload({"replicas": 2}, {**status, "replicas": 2})) == ""


@pytest.mark.parametrize(
    ("kind", "spec", "pace"),
    [
        ("Deployment", {"replicas": 10}, (3, 2)),
        ("Deployment", {"replicas": 1}, (1, 0)),
        ("Deployment", {"replicas": 3, "strategy": {"type": "Recreate"}}, (0, 3)),
        ("Deployment", {"replicas": 4, "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}, (0, 1)),
        ("StatefulSet", {"replicas": 3}, (0, 1)),
        ("CloneSet", {"replicas": 11}, (0, 3)),
        ("CloneSet", {"replicas": 11, "updateStrategy": {"maxSurge": "10%"}}, (2, 2)),
        ("Deployment", {"replicas": "many", "strategy": {"rollingUpdate": {"maxSurge": "x%"}}}, (0, 1)),
    ],
)
def test_how_fast_it_may_go(kind: str, spec: dict[str, Any], pace: tuple[int, int]) -> None:
    assert rollout.pace(kind, workload(spec, {})) == pace


def test_what_a_new_template_would_not_reach() -> None:
    assert "paused" in rollout.stopped("Deployment", workload({"paused": True}, {}))
    assert "paused" in rollout.stopped("CloneSet", workload({"updateStrategy": {"paused": True}}, {}))
    assert "OnDelete" in rollout.stopped("StatefulSet", workload({"updateStrategy": {"type": "OnDelete"}}, {}))
    assert rollout.stopped("Deployment", workload({"strategy": "nonsense"}, {})) == ""


@pytest.mark.parametrize(
    "text", ["deployment/shop/web", "Deployment shop/web", "deploy/shop/web", "DEPLOYMENTS/shop/web"]
)
def test_owners_by_any_name(text: str) -> None:
    assert named(text) == Application("Deployment", "shop", "web")


@pytest.mark.parametrize("text", ["", "shop/web", "deployment/shop", "deployment/shop/web/x", "node/shop/web", "// /"])
def test_what_names_no_owner(text: str) -> None:
    with pytest.raises(InputError):
        named(text)


def test_a_selector_as_a_query() -> None:
    rules = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
        {"key": "new", "operator": "Exists"},
    ]
    assert selector_text({"matchLabels": {"app": "web"}, "matchExpressions": rules}) == "app=web,tier in (a,b),!old,new"
    assert selector_text({}) == ""
