"""What the real kube-scheduler does with one pod: the node it takes, or the reasons in its FailedScheduling event."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tests.controlplane.api import Api
from tests.controlplane.kinds import Json
from tests.controlplane.processes import wait_until

_SELECTED = "volume.kubernetes.io/selected-node"
_HEAD = re.compile(r"0/(\d+) nodes are available: ")
_TAIL = re.compile(r"\. (?:preemption: |no new claims to deallocate|not found$).*$", re.DOTALL)
"""What the PostFilter plugins say after the reasons; `not found` is the preemption's where a PreFilter refused."""
_COUNTED = re.compile(r"(\d+) (.+?)(?=, \d+ |$)")


@dataclass(frozen=True)
class Answer:
    """`node` or, while the pod stays pending, how many nodes each reason refuses; `text` is the event's own."""

    node: str = ""
    reasons: dict[str, int] = field(default_factory=dict)
    text: str = ""


def answer(api: Api, pod: Json, seconds: float = 30) -> Answer:
    """Wait for the scheduler's word on a pod that was just created.

    With claims that wait for their first consumer, the node is the one written on the claim: nobody provisions here,
    so the pod itself is never bound."""
    found: list[Answer] = []

    def decided() -> bool:
        word = _placed(api, pod) or _refused(api, pod)
        if word is not None:
            found.append(word)
        return word is not None

    name = pod["metadata"]["name"]
    wait_until(decided, seconds, f"kube-scheduler to decide on {name}", pause=0.02)
    return found[0]


def parsed(text: str) -> dict[str, int]:
    """The reasons and counts of `0/7 nodes are available: 3 Insufficient cpu, 4 …. preemption: …`.

    One reason without a count refuses all nodes (a PreFilter's)."""
    head = _HEAD.match(text)
    if head is None:
        raise ValueError(f"not a scheduler's message: {text}")
    body = _TAIL.sub("", text[head.end() :]).rstrip(".")
    counted = {reason: int(count) for count, reason in _COUNTED.findall(body)}
    return counted if body[:1].isdigit() else {body: int(head[1])}


def _placed(api: Api, pod: Json) -> Answer | None:
    namespace = pod["metadata"]["namespace"]
    if node := api.get("Pod", pod["metadata"]["name"], namespace)["spec"].get("nodeName"):
        return Answer(node)
    for name in _claims(pod):
        for claim in api.list_all("PersistentVolumeClaim", namespace, fieldSelector=f"metadata.name={name}"):
            if node := claim["metadata"].get("annotations", {}).get(_SELECTED):
                return Answer(node)
    return None


def _refused(api: Api, pod: Json) -> Answer | None:
    selector = f"reason=FailedScheduling,involvedObject.uid={pod['metadata']['uid']}"
    for event in api.list_all("Event", pod["metadata"]["namespace"], fieldSelector=selector):
        return Answer("", parsed(event["message"]), event["message"])
    return None


def _claims(pod: Json) -> list[str]:
    volumes = pod["spec"].get("volumes", ())
    return [one["persistentVolumeClaim"]["claimName"] for one in volumes if "persistentVolumeClaim" in one]
