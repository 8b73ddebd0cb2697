"""The policies to apply allow what the program asks for, and the read-only ones nothing more than reading."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.actions import group_claim
from core.actions.eci import owner, restart_plan
from core.actions.registered import join_script, join_token
from core.clients.alibaba import reader, writer
from core.kube import kinds

DEPLOY = Path(__file__).parents[3] / "deploy"
RAM = {path.stem: json.loads(path.read_text()) for path in sorted((DEPLOY / "ram").glob("*.json"))}
RBAC = {path.stem: list(yaml.safe_load_all(path.read_text())) for path in sorted((DEPLOY / "rbac").glob("*.yaml"))}
READING = ("read-only", "read-userdata")
READ_VERBS = {"get", "list", "watch"}


def actions(policy: str) -> set[str]:
    """The actions that a RAM policy allows."""
    assert RAM[policy]["Version"] == "1"
    return {action for statement in RAM[policy]["Statement"] for action in statement["Action"]}


def asked(module: Any) -> set[str]:
    """The cloud actions that a client's source names: `describe_instances` and `DescribeScalingGroups` alike."""
    found: set[str] = set()
    for name, product in inspect.getmembers(module, inspect.isclass):
        of = {"Ess": "ess", "Ecs": "ecs", "Cs": "cs"}.get(re.sub("Reader|Writer", "", name))
        if of is None or product.__module__ != module.__name__:
            continue
        source = inspect.getsource(product)
        snake = re.findall(r'"((?:describe|modify|replace|stop|start|run)(?:_[a-z]+)+)"', source)
        names = re.findall(r'"([A-Z][a-z]+(?:[A-Z][A-Za-z]+)+)"', source)
        verbs = (
            "Describe",
            "Scale",
            "Modify",
            "Attach",
            "Detach",
            "Remove",
            "Delete",
            "Set",
            "Suspend",
            "Resume",
            "Complete",
        )
        found |= {f"{of}:{''.join(word.capitalize() for word in one.split('_'))}" for one in snake}
        found |= {f"{of}:{one}" for one in names if one.startswith(verbs)}
    return found


def test_every_read_is_in_a_reading_policy() -> None:
    known = asked(reader)
    assert {"ess:DescribeScalingGroups", "ecs:DescribeInstances", "cs:DescribeClusterNodePools"} <= known
    assert known <= actions("read-only") | actions("read-userdata")


def test_every_write_is_in_an_actions_policy() -> None:
    known = asked(writer)
    assert {"ess:ScaleWithAdjustment", "ecs:RunCommand", "cs:DeleteClusterNodes"} <= known
    assert known <= set().union(*(actions(policy) for policy in RAM if policy not in READING))


@pytest.mark.parametrize("policy", READING)
def test_reading_policies_only_describe(policy: str) -> None:
    assert all(action.partition(":")[2].startswith("Describe") for action in actions(policy))


def test_read_only_reads_no_secret() -> None:
    assert not actions("read-only") & actions("read-userdata")
    assert "cs:DescribeClusterAttachScripts" not in actions("read-only")


def rules(name: str) -> list[dict[str, Any]]:
    return [rule for role in RBAC[name] for rule in role["rules"]]


@pytest.mark.parametrize("kind", [kind for kind in kinds.ALL if kind.served], ids=lambda kind: kind.name)
def test_read_only_may_list_every_kind(kind: kinds.Kind) -> None:
    verbs = {"get", "list", "watch"} if kind.watched else {"get", "list"}
    allowing = [
        rule for rule in rules("read-only") if kind.group in rule["apiGroups"] and kind.plural in rule["resources"]
    ]
    assert any(verbs <= set(rule["verbs"]) for rule in allowing)


def test_read_only_changes_nothing_and_sees_no_secrets() -> None:
    for rule in rules("read-only"):
        assert set(rule["verbs"]) <= READ_VERBS
        assert "secrets" not in rule["resources"]
        assert "*" not in rule["resources"] + rule["apiGroups"]


def test_a_drain_may_evict_but_not_delete() -> None:
    granted = {(resource, verb) for rule in rules("drain") for resource in rule["resources"] for verb in rule["verbs"]}
    assert ("pods/eviction", "create") in granted
    assert not [one for one in granted if one[1] == "delete"]


def test_setting_a_join_script_needs_no_more_than_its_policy_gives() -> None:
    granted = {
        (resource, verb, name)
        for rule in rules("join-script")
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }
    wanted = {(one.resource, one.verb, one.name) for one in (*join_script.PERMISSIONS, *join_token.PERMISSIONS)}
    assert granted == wanted | {("secrets", "delete", "")}, "delete: to take a token back"


def test_claiming_a_group_needs_no_more_than_its_policy_gives() -> None:
    granted = {(resource, verb) for rule in rules("expand") for resource in rule["resources"] for verb in rule["verbs"]}
    assert granted == {(one.resource, one.verb) for one in group_claim.PERMISSIONS}
    assert [role["metadata"]["namespace"] for role in RBAC["expand"]] == [group_claim.NAMESPACE]


def grants(name: str) -> set[tuple[str, str, str]]:
    """(group, resource, verb) of a policy."""
    return {
        (group, resource, verb)
        for rule in rules(name)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_restarting_and_muting_may_patch_what_they_are_about() -> None:
    restarted = {(kinds.BY_NAME[kind].group, kinds.BY_NAME[kind].plural, "patch") for kind in restart_plan.KINDS}
    assert restarted <= grants("restart")
    assert {(kinds.BY_NAME[kind].group, kinds.BY_NAME[kind].plural, "patch") for kind in owner.OWNERS} == {
        one for one in grants("mute") if one[2] == "patch"
    }
    assert not {one for one in grants("restart") | grants("mute") if one[2] not in ("get", "patch")}


def test_deleting_a_pod_takes_no_other_right() -> None:
    assert grants("delete-pod") == {("", "pods/eviction", "create"), ("", "pods", "delete")}
