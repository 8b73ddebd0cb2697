"""Where the pods that an owner starts anew would land, and what sends them to ECI whatever the room."""

import json
from typing import Any

import pytest

from core.actions.eci.new_pods import Landing, landing
from core.analysis.applications import Application
from tests.unit.build import Object, config_map, group, node, pod
from tests.unit.serverless.small import on_eci, planned

WEB = Application("StatefulSet", "default", "web")
BURST = {"alibabacloud.com/burst-resource": "eci"}
FORCED = {"alibabacloud.com/eci": "true"}
CONTAINER = {"name": "c", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}


def owner(labels: dict[str, str] | None = None, notes: dict[str, str] | None = None, **spec: Any) -> Object:
    """A StatefulSet whose pods ask for one core."""
    template = {
        "metadata": {"labels": {"app": "web", **(labels or {})}, "annotations": notes or {}},
        "spec": {"containers": [CONTAINER], **spec},
    }
    meta = {"name": "web", "namespace": "default", "uid": "own-web"}
    return {"kind": "StatefulSet", "metadata": meta, "spec": {"replicas": 2, "template": template}}


def landed(*objects: Object, number: int = 2, surge: int = 0, gone: tuple[str, ...] | None = None) -> Landing:
    return landing(planned(*objects), WEB, number, surge, gone)


def test_on_the_nodes_as_they_are() -> None:
    pods = [on_eci("web-0", notes=BURST), on_eci("web-1", notes=BURST)]
    found = landed(node("a", cpu="1100m"), node("b"), owner(notes=BURST), *pods)
    assert sorted(str(one) for one in found.nodes) == ["a", "b"]
    assert (found.forced, found.bursts) == (False, True)
    assert found.because == "annotation alibabacloud.com/burst-resource=eci"


def test_what_waits_has_its_place_first() -> None:
    """One core is free, and a pod that waits takes it."""
    found = landed(
        node("a", cpu="1100m"), owner(notes=BURST), pod("other", None, "1", "1Gi"), on_eci("web-0"), number=1
    )
    assert found.nodes == (None,)
    assert found.growth == "no group would take them"


def test_its_own_old_pods_make_room() -> None:
    old = pod("web-0", "a", "1", "1Gi", owner="StatefulSet")
    assert landed(node("a", cpu="1100m"), owner(), old, number=1).nodes == ("a",)
    assert landed(node("a", cpu="1100m"), owner(), old, number=1, gone=()).nodes == (None,)
    assert landed(node("a", cpu="1100m"), owner(), old, number=1, surge=1).short_of_surge


def test_which_expansion_would_help() -> None:
    found = landed(node("a", cpu="1100m"), group("web", ["a"]), owner(notes=BURST), on_eci("web-0"), number=2)
    assert found.nodes == ("a", None)
    assert found.growth == "1 more node of web would take 1"


@pytest.mark.parametrize(
    ("labels", "notes", "spec", "because"),
    [
        (FORCED, {}, {}, "label alibabacloud.com/eci=true"),
        (
            {},
            {"alibabacloud.com/burst-resource": "eci_only"},
            {},
            "annotation alibabacloud.com/burst-resource=eci_only",
        ),
        ({}, {}, {"nodeSelector": {"type": "virtual-kubelet"}}, "nodeSelector type=virtual-kubelet"),
        ({"spark-role": "driver"}, {}, {}, "selector drivers of ConfigMap kube-system/eci-profile"),
    ],
)
def test_what_sends_all_of_them_to_eci(
    labels: dict[str, str], notes: dict[str, str], spec: dict[str, Any], because: str
) -> None:
    selector = {"name": "drivers", "objectSelector": {"matchLabels": {"spark-role": "driver"}}}
    profile = config_map("eci-profile", {"selectors": json.dumps([selector])})
    found = landed(node("a"), profile, owner(labels, notes, **spec), on_eci("web-0"), number=1)
    assert found.forced
    assert found.because == because
    assert found.nodes == (None,)


def test_a_namespace_sends_them() -> None:
    space = {"kind": "Namespace", "metadata": {"name": "default", "labels": FORCED}}
    found = landed(node("a"), space, owner(), on_eci("web-0"), number=1)
    assert found.forced
    assert found.because == "label alibabacloud.com/eci=true of namespace default"


def test_what_a_webhook_wrote_on_running_pods_does_not_count() -> None:
    """A pod that burst may bear a selector for virtual nodes; its template doesn't."""
    running = on_eci("web-0", spec={"nodeSelector": {"type": "virtual-kubelet"}}, notes=BURST)
    assert landed(node("a"), owner(notes=BURST), running, number=1).nodes == ("a",)


def test_what_nobody_foresees_is_said() -> None:
    target = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}
    spread = {
        "kind": "WorkloadSpread",
        "metadata": {"name": "s", "namespace": "default"},
        "spec": {"targetRef": target},
    }
    tolerant = owner(tolerations=[{"key": "virtual-kubelet.io/provider", "operator": "Exists"}])
    found = landed(node("a"), spread, tolerant, on_eci("web-0"), number=1)
    assert {code for code, _ in found.doubts} == {"SpreadDecides", "Tolerates"}
    unread = landing(planned(node("a")), WEB, 1)
    assert unread.nodes == (None,)
    assert [code for code, _ in unread.doubts] == ["NoTemplate"]
