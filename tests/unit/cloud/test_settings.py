"""Where credentials, region and endpoints come from, without an SDK and without reading a secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.clients.alibaba.settings import Chain, Settings, choose_region, find
from core.errors import InputError

KEYS = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI5tKey", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "top-secret"}


def config(home: Path, *profiles: dict[str, Any], current: str = "") -> None:
    (home / ".aliyun").mkdir()
    (home / ".aliyun" / "config.json").write_text(json.dumps({"current": current, "profiles": profiles}))


def found(env: dict[str, str], home: Path, profile: str = "") -> Settings:
    settings = find(env, home, profile)
    assert settings is not None
    return settings


def test_nothing_set_up_is_no_cloud(tmp_path: Path) -> None:
    assert find({}, tmp_path) is None
    assert find({"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI5tKey"}, tmp_path) is None


def test_the_chain_in_its_order(tmp_path: Path) -> None:
    config(tmp_path, {"name": "ops", "mode": "AK", "region_id": "cn-beijing"}, current="ops")
    oidc = {f"ALIBABA_CLOUD_{name}": "x" for name in ("ROLE_ARN", "OIDC_PROVIDER_ARN", "OIDC_TOKEN_FILE")}
    assert found(KEYS | oidc, tmp_path).chain is Chain.ENVIRONMENT
    assert found(oidc, tmp_path).chain is Chain.OIDC
    assert found({}, tmp_path).chain is Chain.PROFILE
    assert find({"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true"}, tmp_path) is None


def test_a_profile_by_flag_comes_first_and_brings_its_region(tmp_path: Path) -> None:
    config(tmp_path, {"name": "a", "mode": "AK"}, {"name": "b", "mode": "StsToken", "region_id": "eu-central-1"})
    settings = found(KEYS, tmp_path, "b")
    assert (settings.chain, settings.profile, settings.region) == (Chain.PROFILE, "b", "eu-central-1")
    assert "profile 'b'" in settings.said_by


def test_a_missing_profile_is_named(tmp_path: Path) -> None:
    config(tmp_path, {"name": "a", "mode": "AK"})
    with pytest.raises(InputError, match="has no profile 'b'"):
        find({}, tmp_path, "b")


def test_a_profile_that_runs_a_command_must_be_asked_for(tmp_path: Path) -> None:
    config(tmp_path, {"name": "ext", "mode": "External", "process_command": "rm -rf /"}, current="ext")
    with pytest.raises(InputError, match="--profile"):
        find({}, tmp_path)
    assert found({}, tmp_path, "ext").profile == "ext"


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", '{"profiles": 3}', '{"profiles": [1, null]}', "\xff"])
def test_a_broken_profile_file_never_crashes(tmp_path: Path, content: str) -> None:
    (tmp_path / ".aliyun").mkdir()
    (tmp_path / ".aliyun" / "config.json").write_text(content, encoding="latin-1")
    with pytest.raises(InputError):
        find({}, tmp_path, "x")


def test_the_sdks_own_file(tmp_path: Path) -> None:
    (tmp_path / ".alibabacloud").mkdir()
    (tmp_path / ".alibabacloud" / "credentials.ini").write_text("[default]\ntype = access_key\naccess_key_id = k\n")
    assert found({}, tmp_path).chain is Chain.FILE


def test_the_instances_role_is_opt_in(tmp_path: Path) -> None:
    assert found({"ALIBABA_CLOUD_ECS_METADATA": "role"}, tmp_path).chain is Chain.METADATA
    assert not found(KEYS, tmp_path).metadata


def test_no_secret_in_what_is_found(tmp_path: Path) -> None:
    config(tmp_path, {"name": "ops", "mode": "AK", "access_key_secret": "hunter2"}, current="ops")
    for env in (KEYS, {}):
        assert not {"hunter2", "top-secret", "LTAI5tKey"} & set(repr(find(env, tmp_path)).split("'"))


@pytest.mark.parametrize(
    ("text", "address", "protocol"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8080", "http"),
        ("http://localhost:9", "localhost:9", "http"),
        ("http://[::1]:9", "[::1]:9", "http"),
        ("ess.internal", "ess.internal", "https"),
        ("https://ess.internal:8443", "ess.internal:8443", "https"),
    ],
)
def test_endpoints(tmp_path: Path, text: str, address: str, protocol: str) -> None:
    endpoint = found(KEYS | {"VACANCY_ESS_ENDPOINT": text}, tmp_path).endpoints["ess"]
    assert (endpoint.address, endpoint.protocol) == (address, protocol)


@pytest.mark.parametrize("text", ["http://ess.aliyuncs.com", "ftp://x", "http://127.0.0.1:1/path", "://"])
def test_an_endpoint_that_is_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="VACANCY_ESS_ENDPOINT"):
        find(KEYS | {"VACANCY_ESS_ENDPOINT": text}, tmp_path)


def test_the_nodes_know_their_region_better_than_a_profile() -> None:
    settings = Settings(Chain.PROFILE, "profile", region="cn-beijing", region_said_by="profile")
    assert choose_region("", ["", "cn-hangzhou", "cn-hangzhou"], settings) == ("cn-hangzhou", "2 nodes are there")
    assert choose_region("us-west-1", ["cn-hangzhou"], settings)[0] == "us-west-1"
    assert choose_region("", [], settings) == ("cn-beijing", "profile")
    with pytest.raises(InputError, match="--region"):
        choose_region("", [], Settings(Chain.ENVIRONMENT, "env"))
