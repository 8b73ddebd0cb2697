"""What userdata does is told; what it holds is not."""

import base64
import gzip

import pytest

from core.cluster.user_data import Join, UserData, classify, masked

BASE = "http://aliacs-k8s-cn-hangzhou.oss-cn-hangzhou-internal.aliyuncs.com/public/pkg/run/attach"
TOKEN = "2a3b4c.0123456789abcdef"
LEGACY = (
    f"#!/bin/sh\ncurl {BASE}/1.18.8-aliyun.1/attach_node.sh | bash -s -- --openapi-token {TOKEN} --ess true "
    "--labels workload_type=cpu,k8s.io/cluster-autoscaler=true,k8s.aliyun.com=true "
    "--taints a/b=c:NoSchedule,d:NoExecute"
)


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def test_the_autoscalers_legacy_script() -> None:
    data = classify(encoded(LEGACY))
    assert (data.join, data.script_version, data.autoscaler) == (Join.ACK_TOKEN, "1.18.8-aliyun.1", True)
    assert data.labels["workload_type"] == "cpu"
    assert data.taints == ("a/b=c:NoSchedule", "d:NoExecute")
    assert TOKEN not in data.masked
    assert "--openapi-token …" in data.masked


@pytest.mark.parametrize(
    ("text", "join"),
    [
        ("kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef", Join.KUBEADM),
        ("bash node.sh --token T --endpoint 10.0.0.1:6443", Join.ACK_DIRECT),
        ("KUBELET --provider-id=${ALIBABA_CLOUD_PROVIDER_ID}", Join.REGISTERED),
        ("yum install -y htop", Join.NONE),
    ],
)
def test_ways_to_join(text: str, join: Join) -> None:
    assert classify(encoded(text)).join is join


def test_nothing_comments_and_noise() -> None:
    assert classify("") == classify("  \n") == UserData()
    assert classify(encoded("# cleared by vacancy\n")).cleared
    assert not classify(encoded("#!/bin/sh\nreboot")).cleared
    assert not classify("%%%").readable
    assert not classify(encoded(b"\xff\xfe\x00")).readable
    assert not classify(encoded(b"\x1f\x8bnot really gzip")).readable


def test_gzipped_and_huge() -> None:
    assert classify(encoded(gzip.compress(LEGACY.encode()))).join is Join.ACK_TOKEN
    assert classify(encoded(gzip.compress(b"\0" * (64 << 20)))).size <= 64 * 1024


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"--token {TOKEN}", TOKEN),
        (f"join with {TOKEN} please", TOKEN),
        ("export ACCESS_KEY_SECRET='aBcD1234'", "aBcD1234"),
        ('{"password": "hunter2"}', "hunter2"),
        ("DB_PASSWD=hunter2", "hunter2"),
        ("curl https://user:hunter2@host/x", "hunter2"),
        ("curl https://host/x?Signature=abc%2Fdef", "abc%2Fdef"),
        ("LTAI5tSomeKeyId", "LTAI5tSomeKeyId"),
        ("bearer eyJhbGciOi.eyJzdWIiOi.c2ln", "eyJzdWIiOi"),
        ("--discovery-token-ca-cert-hash sha256:" + "ab" * 32, "ab" * 32),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
        ("echo " + "Zm9v" * 20, "Zm9v" * 20),
    ],
)
def test_secrets_are_masked(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in masked(text)


def test_what_is_no_secret_stays() -> None:
    assert "attach_node.sh" in masked(LEGACY)
    assert "k8s.io/cluster-autoscaler=true" in masked(LEGACY)
