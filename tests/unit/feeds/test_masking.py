"""What a dump may show: nothing that lets anybody in, everything that capacity is judged by."""

import json
from typing import Any

import pytest

from core.feeds.masking import MASK, masked


def pod(**container: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", **container}]}}


def container_of(obj: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = obj["spec"]["containers"][0]
    return container


def test_values_of_environment_variables_go_and_their_references_stay() -> None:
    reference = {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}}
    env = [{"name": "DATABASE", "value": "x"}, reference, {"name": "EMPTY", "value": ""}]
    assert container_of(masked(pod(env=env), "Pod"))["env"] == [
        {"name": "DATABASE", "value": MASK},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}},
        {"name": "EMPTY", "value": ""},
    ]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--password", "hunter22", "--port", "80"], ["--password", MASK, "--port", "80"]),
        (["--api-key=abc", "--nodes=0:3:asg"], [f"--api-key={MASK}", "--nodes=0:3:asg"]),
        (
            ["sh", "-c", "curl -H 'Authorization: Bearer abcdefghij' x"],
            ["sh", "-c", f"curl -H 'Authorization: Bearer {MASK}' x"],
        ),
        (["redis://:s3cret@host/0"], [f"redis://:{MASK}@host/0"]),
        (["--token", "--verbose"], ["--token", "--verbose"]),
        (["LTAI5tAbCdEfGhIjKlMnOp"], [f"LTAI{MASK}"]),
        ([7, None], [7, None]),
    ],
)
def test_command_lines(words: list[Any], shown: list[Any]) -> None:
    assert container_of(masked(pod(args=words), "Pod"))["args"] == shown


def test_annotations_and_managed_fields() -> None:
    notes = {
        "kubectl.kubernetes.io/last-applied-configuration": '{"spec":{}}',
        "vault/login-token": "abc",
        "k8s.aliyun.com/eci-use-specs": "2-4Gi",
        "note": "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
    }
    meta = masked({"metadata": {"name": "a", "annotations": notes, "managedFields": [{}]}}, "Pod")["metadata"]
    assert meta == {
        "name": "a",
        "annotations": {"vault/login-token": MASK, "k8s.aliyun.com/eci-use-specs": "2-4Gi", "note": MASK},
    }


def test_user_data_anywhere() -> None:
    obj = {"metadata": {}, "spec": {"template": {"userData": "IyEvYmluL2Jhc2g=", "user_data": "x", "size": 3}}}
    assert masked(obj, "ElasticWorkload")["spec"]["template"] == {"userData": MASK, "user_data": MASK, "size": 3}


def test_only_the_autoscalers_configuration_is_kept() -> None:
    inner = {"scaler-type": "goatscaler", "userdata": "x", "nested": [{"password": "y"}]}
    data = {"autoscaler-meta": json.dumps(inner), "plain": "10:\n  - .*web.*\n"}
    kept = masked({"metadata": {"name": "autoscaler-meta"}, "data": dict(data)}, "ConfigMap")["data"]
    assert json.loads(kept["autoscaler-meta"]) == {
        "scaler-type": "goatscaler",
        "userdata": MASK,
        "nested": [{"password": MASK}],
    }
    assert kept["plain"] == data["plain"]
    other = masked({"metadata": {"name": "kubeconfig"}, "data": data, "binaryData": {"a": "b"}}, "ConfigMap")
    assert other["data"] == {"autoscaler-meta": MASK, "plain": MASK}
    assert "binaryData" not in other


def test_what_decides_about_capacity_is_untouched() -> None:
    spec = {
        "nodeSelector": {"token": "t=1"},
        "tolerations": [{"key": "secret", "operator": "Equal", "value": "x", "effect": "NoSchedule"}],
        "topologySpreadConstraints": [{"topologyKey": "zone", "labelSelector": {"matchLabels": {"api-key": "v"}}}],
        "volumes": [{"name": "s", "secret": {"secretName": "db"}}],
        "containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}, "image": "host:5000/a@sha256:0"}],
        "imagePullSecrets": [{"name": "pull"}],
    }
    message = "0/3 nodes are available: 3 node(s) had untolerated taint {key: value}."
    status = {"conditions": [{"type": "PodScheduled", "message": message}]}
    obj = {"metadata": {"name": "a", "labels": {"token": "x"}}, "spec": spec, "status": status}
    before = json.loads(json.dumps(obj))
    assert masked(obj, "Pod") == before


@pytest.mark.parametrize("obj", [{}, {"metadata": None}, {"metadata": []}, {"metadata": {"annotations": 3}, "data": 1}])
def test_odd_objects(obj: dict[str, Any]) -> None:
    for kind in ("Pod", "ConfigMap"):
        masked(dict(obj), kind)
