"""Pods as if they had been started with other requests. Which ones is sizing's matter."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from core.analysis.rightsizing.sizing import Sizing
from core.analysis.what_if.state import State
from core.kube import pod_requests
from core.kube.pod import Pod, Shape
from core.kube.pod_requests import ContainerResources, ResourceTexts


def applied(state: State, items: Sequence[Sizing]) -> State:
    """The cluster as if these pods had been started with the wanted requests."""
    wishes: dict[str, dict[str, Mapping[str, int]]] = {}
    for one in items:
        for pod in one.pods:
            wishes.setdefault(pod.key, {})[one.container] = one.wanted
    made: dict[object, Pod] = {}
    pods = {key: _resized(pod, wishes.get(key), made) for key, pod in state.snapshot.pods.items()}
    return replace(state, snapshot=state.snapshot.with_tables(Pod=pods))


def _resized(pod: Pod, wanted: Mapping[str, Mapping[str, int]] | None, made: dict[object, Pod]) -> Pod:
    """The pod with other requests; pods of one template share the new one too."""
    if wanted is None:
        return pod
    key = (id(pod.template), tuple((name, *sorted(each.items())) for name, each in wanted.items()))
    like = made.get(key)
    if like is None:
        template = msgspec.structs.replace(pod.template, shape=resized(pod.shape, wanted))
        like = made[key] = msgspec.structs.replace(pod, template=template)
    return msgspec.structs.replace(pod, template=like.template)


def resized(shape: Shape, wanted: Mapping[str, Mapping[str, int]]) -> Shape:
    """A shape whose containers request what is wanted of them; what that adds up to is for pod_requests to say."""
    names = [one.name for one in shape.containers if not one.init]
    running = tuple(
        _asking(one, wanted.get(name, {})) for name, one in zip(names, shape.resources.containers, strict=True)
    )
    resources = msgspec.structs.replace(shape.resources, containers=running)
    containers = tuple(
        one if one.init else msgspec.structs.replace(one, requests={**one.requests, **wanted.get(one.name, {})})
        for one in shape.containers
    )
    requests = pod_requests.pod_requests(resources)
    return msgspec.structs.replace(shape, resources=resources, containers=containers, requests=requests)


def _asking(one: ContainerResources, wanted: Mapping[str, int]) -> ContainerResources:
    if not wanted:
        return one
    texts = {name: f"{amount}m" if name == "cpu" else str(amount) for name, amount in wanted.items()}
    declared = ResourceTexts({**(one.declared.requests or {}), **texts}, one.declared.limits)
    return msgspec.structs.replace(one, declared=declared, allocated=None, actual=None)
