"""Pods from JSON: what is shared, what is kept apart, and what a hostile object does."""

import gc
import json

import msgspec
import pytest

from core.errors import InputError
from core.kube import pod_wire, template_wire
from core.kube.pod import PIN
from tests.unit.kube.pods import container, pod


def daemon(node: str) -> dict[str, object]:
    fields = [{"key": "metadata.name", "operator": "In", "values": [node]}]
    required = {"nodeSelectorTerms": [{"matchFields": fields}]}
    return {
        "containers": [container(requests={"cpu": "10m"})],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
    }


def test_pods_of_one_template_share_their_shape_and_labels() -> None:
    spec = {
        "containers": [container(requests={"cpu": "1"})],
        "volumes": [{"name": "kube-api-access-x1", "projected": {}}],
    }
    other = {**spec, "volumes": [{"name": "kube-api-access-y2", "projected": {}}]}
    left, right = pod("a", spec, labels={"app": "x"}), pod("b", other, labels={"app": "x"})
    assert left.shape is right.shape
    assert left.labels is right.labels


def test_different_requests_are_different_shapes() -> None:
    assert (
        pod("a", {"containers": [container(requests={"cpu": "1"})]}).shape
        is not pod("b", {"containers": [container(requests={"cpu": "2"})]}).shape
    )


def test_daemonset_pods_of_all_nodes_share_a_shape_and_keep_their_pin() -> None:
    left, right = pod("a", daemon("n1")), pod("b", daemon("n2"))
    assert left.shape is right.shape
    assert (left.pin, right.pin) == ("n1", "n2")
    affinity = left.shape.node_affinity
    fields = ({"key": "metadata.name", "operator": "In", "values": (PIN,)},)
    assert msgspec.to_builtins(affinity)["requiredDuringSchedulingIgnoredDuringExecution"] == {
        "nodeSelectorTerms": ({"matchExpressions": None, "matchFields": fields},)
    }


def test_classes_go_when_their_last_pod_goes() -> None:
    gc.collect()
    before = len(template_wire.templates)
    made = [
        pod(f"p{i}", {"containers": [container(requests={"cpu": f"{i + 1}m", "memory": "77Mi"})]}) for i in range(50)
    ]
    assert len(template_wire.templates) == before + 50
    made.clear()
    gc.collect()
    assert len(template_wire.templates) == before


def test_claims_of_generic_ephemeral_volumes_are_named_after_the_pod() -> None:
    volumes = [
        {"name": "d", "persistentVolumeClaim": {"claimName": "pg-0"}},
        {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}},
    ]
    assert pod("a", {"volumes": volumes}).claims == ("pg-0", "a-scratch")


def test_an_annotation_of_300_kilobytes_is_not_kept() -> None:
    assert pod("a", annotations={"kubectl.kubernetes.io/last-applied-configuration": "x" * 300_000}).annotations == {}
    kept = pod("a", annotations={"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "other": "x"}).annotations
    assert kept == {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}


def test_status_says_more_than_the_phase() -> None:
    waiting = [{"name": "c", "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]
    made = pod("a", status={"phase": "Running", "containerStatuses": waiting})
    assert (made.status, made.restarts) == ("CrashLoopBackOff", 7)
    assert pod("a", deletionTimestamp="2026-01-01T00:00:00Z").status == "Terminating"


def test_host_ports_of_the_host_network_and_of_sidecars_count() -> None:
    sidecar = container("s", ports=[{"containerPort": 9, "hostPort": 90}], restartPolicy="Always")
    plain_init = container("i", ports=[{"containerPort": 9, "hostPort": 91}])
    spec = {
        "containers": [container(ports=[{"containerPort": 80}])],
        "initContainers": [sidecar, plain_init],
        "hostNetwork": True,
    }
    assert [port.port for port in pod("a", spec).shape.host_ports] == [80, 90]


def test_a_hostile_object_is_left_out_of_its_page_and_named() -> None:
    bad = {"metadata": {"name": "bad", "namespace": "x"}, "spec": {"containers": [container(requests={"cpu": ""})]}}
    worse = {"metadata": {"name": "worse"}, "spec": {"containers": "none"}}
    good = {"metadata": {"name": "good", "namespace": "x"}, "spec": {}}
    page = pod_wire.codec.page(json.dumps({"metadata": {"resourceVersion": "7"}, "items": [bad, good, worse]}).encode())
    assert [one.key for one in page.items] == ["x/good"]
    assert page.resource_version == "7"
    assert "x/bad" in page.problems[0]
    assert "not an amount" in page.problems[0]
    assert "worse" in page.problems[1]


@pytest.mark.parametrize("text", [b"", b"[", b"\xff\xff", b"null", b"[[[[[[", b'{"metadata":{"name":1}}'])
def test_what_is_no_pod_at_all_is_one_line(text: bytes) -> None:
    with pytest.raises(InputError) as caught:
        pod_wire.codec.item(text)
    assert "\n" not in str(caught.value)


def test_nulls_are_as_good_as_absence() -> None:
    spec = dict.fromkeys(
        ("nodeName", "initContainers", "nodeSelector", "affinity", "tolerations", "volumes", "overhead")
    )
    assert pod("a", {**spec, "containers": [container()]}, labels=None).node is None


def test_watch_events_carry_objects_bookmarks_and_errors() -> None:
    added = pod_wire.codec.event(
        b'{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"n","resourceVersion":"5"}}}'
    )
    assert added.object is not None
    assert (added.object.key, added.resource_version) == ("n/a", "5")
    mark = pod_wire.codec.event(b'{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9"}}}')
    assert (mark.object, mark.resource_version) == (None, "9")
    gone = pod_wire.codec.event(
        b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}'
    )
    assert gone.status is not None
    assert gone.status.code == 410
    with pytest.raises(InputError):
        pod_wire.codec.event(b'{"type":')


def test_deep_nesting_does_not_break_the_decoder() -> None:
    text = b'{"metadata":{"name":"a"},"spec":{"affinity":' + b'{"nodeAffinity":' * 5000 + b"{}" + b"}" * 5000 + b"}}"
    with pytest.raises(InputError):
        pod_wire.codec.item(text)
