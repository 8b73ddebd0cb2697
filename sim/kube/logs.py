"""pods/log: a container's lines as text, from a source that stands behind the kubelets."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

from sim.kube.errors import bad_request
from sim.kube.registry import Registry
from sim.kube.verbs import Call

Obj = dict[str, Any]


class LogSource(Protocol):
    """Lines of a container, each `(timestamp, text)` with an RFC 3339 timestamp; `follow` yields new ones for ever."""

    def lines(self, pod: Obj, container: str) -> list[tuple[str, str]]: ...

    def follow(self, pod: Obj, container: str) -> AsyncIterator[tuple[str, str]]: ...


def stream(registry: Registry, source: LogSource | None, call: Call) -> AsyncIterator[bytes]:
    """The log that the call asks for; raises before the first byte when there is none."""
    pod = registry.get("Pod", call.info.name, call.namespace)
    container = _container(pod, call.info.query.get("container", ""))
    if call.info.flag("previous"):
        raise bad_request(f'previous terminated container "{container}" in pod "{call.info.name}" not found')
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    state: Obj = next((s.get("state") or {} for s in statuses if s.get("name") == container), {})
    if "waiting" in state or not statuses:
        reason = (state.get("waiting") or {}).get("reason", "ContainerCreating")
        name = call.info.name
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
    return _text(source, pod, container, call)


def _container(pod: Obj, name: str) -> str:
    spec = pod.get("spec") or {}
    names = [c["name"] for c in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))]
    pod_name = pod["metadata"]["name"]
    if name:
        if name not in names:
            raise bad_request(f"container {name} is not valid for pod {pod_name}")
        return name
    if len(spec.get("containers") or ()) > 1:
        choice = " ".join(names)
        raise bad_request(f"a container name must be specified for pod {pod_name}, choose one of: [{choice}]")
    return str(names[0]) if names else ""


async def _text(source: LogSource | None, pod: Obj, container: str, call: Call) -> AsyncIterator[bytes]:
    if source is None:
        return
    stamped = call.info.flag("timestamps")
    lines = source.lines(pod, container)
    since = call.info.query.get("sinceTime", "")
    lines = [line for line in lines if not since or line[0] >= since]
    tail = call.info.query.get("tailLines", "")
    if tail.isdigit():
        lines = lines[len(lines) - min(int(tail), len(lines)) :]
    yield b"".join(_line(line, stamped) for line in lines)
    if call.info.flag("follow"):
        async for line in source.follow(pod, container):
            yield _line(line, stamped)


def _line(line: tuple[str, str], stamped: bool) -> bytes:
    return (f"{line[0]} {line[1]}\n" if stamped else f"{line[1]}\n").encode()
