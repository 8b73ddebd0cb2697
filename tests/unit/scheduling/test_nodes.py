"""The filters that look at one node and one pod: cordons, names, taints, affinity, ports, resources."""

from typing import Any

import pytest

from core.analysis.placement import fits
from core.scheduling import node_name
from core.scheduling.refusal import Refusal
from tests.unit.build import Object, node, pod, snapshot

TOLERATE_ALL = [{"operator": "Exists"}]
NO_MATCH = Refusal("NodeAffinity", ("node(s) didn't match Pod's node affinity/selector",))


def answer(the_node: Object, the_pod: Object, *others: Object, version: tuple[int, int] = (1, 35)) -> Refusal | None:
    """What node `n` says to the pod."""
    world = snapshot(the_node, the_pod, *others)
    found = fits(world, next(one for one in world.pods.values() if one.node is None), version)
    return found[the_node["metadata"]["name"]]


def required(*terms: Object) -> Object:
    rule = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return {"affinity": {"nodeAffinity": rule}}


def test_a_cordoned_node_takes_only_who_tolerates_it() -> None:
    cordoned = node("n", unschedulable=True)
    assert answer(cordoned, pod("default/a")) == Refusal("NodeUnschedulable", ("node(s) were unschedulable",))
    assert answer(cordoned, pod("default/a", spec={"tolerations": TOLERATE_ALL})) is None


def test_a_pod_that_names_its_node_runs_nowhere_else() -> None:
    here = next(iter(snapshot(node("n")).nodes.values()))
    assert node_name.refuses(here, "m")
    assert not node_name.refuses(here, "n")
    assert not node_name.refuses(here, None)


@pytest.mark.parametrize(
    ("taint", "tolerations", "welcome"),
    [
        ({"key": "a", "value": "b", "effect": "NoSchedule"}, [], False),
        ({"key": "a", "value": "b", "effect": "NoExecute"}, [], False),
        ({"key": "a", "value": "b", "effect": "PreferNoSchedule"}, [], True),
        ({"key": "a", "value": "b", "effect": "NoSchedule"}, [{"key": "a", "value": "b"}], True),
        ({"key": "a", "value": "b", "effect": "NoSchedule"}, [{"key": "a", "value": "c"}], False),
        ({"key": "a", "value": "b", "effect": "NoSchedule"}, [{"key": "a", "operator": "Exists"}], True),
        ({"key": "a", "value": "b", "effect": "NoSchedule"}, TOLERATE_ALL, True),
        (
            {"key": "a", "effect": "NoExecute"},
            [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}],
            True,
        ),
        ({"key": "a", "effect": "NoExecute"}, [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}], False),
    ],
)
def test_hard_taints_must_be_tolerated(taint: Object, tolerations: list[Object], welcome: bool) -> None:
    found = answer(node("n", taints=[taint]), pod("default/a", spec={"tolerations": tolerations}))
    assert (found is None) == welcome
    assert found is None or found.plugin == "TaintToleration"


def test_older_schedulers_name_the_taint() -> None:
    tainted = node("n", taints=[{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}])
    old = answer(tainted, pod("default/a"), version=(1, 30))
    assert old == Refusal("TaintToleration", ("node(s) had untolerated taint {dedicated: batch}",))
    new = answer(tainted, pod("default/a"), version=(1, 35))
    assert new == Refusal("TaintToleration", ("node(s) had untolerated taint(s)",))


def expression(operator: str, *values: str, key: str = "k") -> Object:
    return {"matchExpressions": [{"key": key, "operator": operator, **({"values": list(values)} if values else {})}]}


@pytest.mark.parametrize(
    ("labels", "spec", "welcome"),
    [
        ({"pool": "a"}, {"nodeSelector": {"pool": "a"}}, True),
        ({"pool": "b"}, {"nodeSelector": {"pool": "a"}}, False),
        ({}, {"nodeSelector": {"pool": "a"}}, False),
        ({"k": "1"}, required(expression("In", "1", "2")), True),
        ({"k": "3"}, required(expression("In", "1", "2")), False),
        ({"k": "3"}, required(expression("NotIn", "1")), True),
        ({}, required(expression("NotIn", "1")), True),
        ({"k": ""}, required(expression("Exists")), True),
        ({}, required(expression("Exists")), False),
        ({}, required(expression("DoesNotExist")), True),
        ({"k": "3"}, required(expression("Gt", "2")), True),
        ({"k": "2"}, required(expression("Gt", "2")), False),
        ({"k": "x"}, required(expression("Gt", "2")), False),
        ({"k": "1"}, required(expression("Lt", "2")), True),
        ({"k": "1"}, required(expression("In", "9"), expression("In", "1")), True),
        ({"k": "1"}, required(), False),
        ({"k": "1"}, required({}), False),
        ({"k": "1"}, required({}, expression("In", "1")), True),
        ({"k": "1"}, {"nodeSelector": {"pool": "a"}, **required(expression("In", "1"))}, False),
        ({}, required({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}), True),
        ({}, required({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["m"]}]}), False),
        ({}, required({"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["n"]}]}), False),
        ({}, required({"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["m"]}]}), True),
    ],
)
def test_node_selector_and_affinity(labels: dict[str, str], spec: Object, welcome: bool) -> None:
    found = answer(node("n", labels=labels), pod("default/a", spec=spec))
    assert found == (None if welcome else NO_MATCH)


def test_terms_that_name_no_common_node_refuse_every_node_at_once() -> None:
    fields = [{"key": "metadata.name", "operator": "In", "values": [name]} for name in ("m", "n")]
    found = answer(node("n"), pod("default/a", spec=required({"matchFields": fields})))
    assert found == Refusal("NodeAffinity", ("pod affinity terms conflict",))


def ports(*taken: tuple[int, str, str], init: bool = False) -> dict[str, Any]:
    listed = [{"containerPort": port, "hostPort": port, "protocol": kind, "hostIP": ip} for port, kind, ip in taken]
    holder: Object = {"name": "c", "ports": listed}
    return {"containers": [{"name": "x"}], "initContainers": [{**holder, "restartPolicy": "Always"}]} if init else {
        "containers": [holder]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("there", "wanted", "clash"),
    [
        ((80, "TCP", ""), (80, "TCP", ""), True),
        ((80, "TCP", ""), (81, "TCP", ""), False),
        ((80, "TCP", ""), (80, "UDP", ""), False),
        ((80, "TCP", "10.0.0.1"), (80, "TCP", "10.0.0.2"), False),
        ((80, "TCP", "10.0.0.1"), (80, "TCP", "10.0.0.1"), True),
        ((80, "TCP", "0.0.0.0"), (80, "TCP", "10.0.0.1"), True),
        ((80, "TCP", "10.0.0.1"), (80, "TCP", ""), True),
    ],
)
def test_host_ports(there: tuple[int, str, str], wanted: tuple[int, str, str], clash: bool) -> None:
    said = Refusal("NodePorts", ("node(s) didn't have free ports for the requested pod ports",))
    for sidecar in (False, True):
        taken = pod("default/b", on="n", spec=ports(there, init=sidecar))
        assert answer(node("n"), pod("default/a", spec=ports(wanted)), taken) == (said if clash else None)


@pytest.mark.parametrize(
    ("asked", "short"),
    [
        ({"cpu": "4"}, ()),
        ({"cpu": "4001m"}, ("Insufficient cpu",)),
        ({"memory": "17Gi"}, ("Insufficient memory",)),
        ({"cpu": "5", "memory": "17Gi"}, ("Insufficient cpu", "Insufficient memory")),
        ({"ephemeral-storage": "1Gi"}, ("Insufficient ephemeral-storage",)),
        ({"nvidia.com/gpu": "1"}, ("Insufficient nvidia.com/gpu",)),
        ({"nvidia.com/gpu": "0"}, ()),
        ({"hugepages-2Mi": "2Mi"}, ("Insufficient hugepages-2Mi",)),
        ({"unknown": "1"}, ()),
    ],
)
def test_resources(asked: dict[str, str], short: tuple[str, ...]) -> None:
    containers = {"containers": [{"name": "c", "resources": {"requests": asked}}]}
    found = answer(node("n"), pod("default/a", spec=containers))
    assert found == (Refusal("NodeResourcesFit", short) if short else None)


def test_a_request_of_nothing_fits_an_overbooked_node_but_not_one_full_of_pods() -> None:
    hog = pod("default/b", on="n", cpu="9")
    nothing = {"containers": [{"name": "c"}]}
    assert answer(node("n"), pod("default/a", spec=nothing), hog) is None
    full = answer(node("n", extra={"pods": "1"}), pod("default/a", cpu="5"), hog)
    assert full == Refusal("NodeResourcesFit", ("Too many pods", "Insufficient cpu"))


def test_absurd_amounts_add_up_exactly() -> None:
    huge = [pod(f"default/b{index}", on="n", memory="9223372036854775807") for index in range(3)]
    assert answer(node("n"), pod("default/a"), *huge) == Refusal("NodeResourcesFit", ("Insufficient memory",))
    assert answer(node("n", memory="9E"), pod("default/a"), huge[0]) == Refusal(
        "NodeResourcesFit", ("Insufficient memory",)
    )


def test_finished_pods_hold_nothing() -> None:
    done = pod("default/b", on="n", cpu="4", phase="Succeeded")
    assert answer(node("n"), pod("default/a", cpu="4"), done) is None


def test_the_first_failing_plugin_speaks() -> None:
    tainted = node("n", taints=[{"key": "a", "effect": "NoSchedule"}])
    greedy = pod("default/a", cpu="99", spec={"nodeSelector": {"pool": "x"}})
    found = answer(tainted, greedy)
    assert found is not None
    assert found.plugin == "TaintToleration"


def test_what_is_not_evaluated_is_unknown_and_never_fits() -> None:
    claims = {"resourceClaims": [{"name": "gpu", "resourceClaimName": "one"}]}
    found = answer(node("n"), pod("default/a", spec={"containers": [{"name": "c"}], **claims}))
    assert found is not None
    assert (found.plugin, found.known) == ("DynamicResources", False)
    certain = answer(node("n"), pod("default/a", cpu="99", spec=claims))
    assert certain == Refusal("NodeResourcesFit", ("Insufficient cpu",))
