"""The status that a kubelet writes at each step of a pod's life. Builds dicts; writes nothing."""

from typing import Any

from sim.kube.binding import with_condition

Obj = dict[str, Any]


def _with(status: Obj, now: str, **conditions: bool) -> Obj:
    for type_, value in conditions.items():
        condition: Obj = {"type": type_, "status": "True" if value else "False", "lastProbeTime": None}
        if not value and type_ in ("Ready", "ContainersReady"):
            condition |= {"reason": "ContainersNotReady", "message": "containers with unready status"}
        status = with_condition(status, condition, now)
    return status


def _containers(pod: Obj, state: Obj, *, ready: bool, started: bool, restarts: int = 0) -> list[Obj]:
    uid = pod["metadata"]["uid"]
    return [
        {
            "name": container["name"],
            "image": container.get("image", ""),
            "imageID": f"{container.get('image', '')}@sha256:{uid.replace('-', '')}" if started else "",
            "containerID": f"containerd://{uid.replace('-', '')}{i:02d}" if started else "",
            "state": state,
            "lastState": {},
            "ready": ready,
            "started": started,
            "restartCount": restarts,
        }
        for i, container in enumerate(pod["spec"].get("containers") or ())
    ]


def creating(pod: Obj, now: str, host_ip: str) -> Obj:
    """Seen by the kubelet, images on their way."""
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    status = {**pod["status"], "phase": "Pending", "startTime": now, "hostIP": host_ip, "hostIPs": [{"ip": host_ip}]}
    status["containerStatuses"] = _containers(pod, waiting, ready=False, started=False)
    return _with(status, now, PodReadyToStartContainers=False, Initialized=True, Ready=False, ContainersReady=False)


def running(pod: Obj, now: str, pod_ip: str) -> Obj:
    """Started, not ready yet."""
    state = {"running": {"startedAt": now}}
    status = {**pod["status"], "phase": "Running", "podIP": pod_ip, "podIPs": [{"ip": pod_ip}]}
    status["containerStatuses"] = _containers(pod, state, ready=False, started=True, restarts=restarts(pod))
    return _with(status, now, PodReadyToStartContainers=True)


def ready(pod: Obj, now: str) -> Obj:
    """Passes its probes."""
    containers = [{**status, "ready": True} for status in pod["status"].get("containerStatuses") or ()]
    return _with({**pod["status"], "containerStatuses": containers}, now, Ready=True, ContainersReady=True)


def unready(pod: Obj, now: str) -> Obj:
    """Its node doesn't answer any more (node lifecycle MarkPodsNotReady)."""
    return _with(pod["status"], now, Ready=False)


def waiting(pod: Obj, now: str, reason: str, message: str) -> Obj:
    """Kept from starting: ImagePullBackOff, CrashLoopBackOff (which counts one more restart)."""
    state = {"waiting": {"reason": reason, "message": message}}
    crashed = reason == "CrashLoopBackOff"
    count = restarts(pod) + crashed
    status = {**pod["status"], "phase": "Running" if crashed else "Pending"}
    status["containerStatuses"] = _containers(pod, state, ready=False, started=False, restarts=count)
    return _with(status, now, Ready=False, ContainersReady=False)


def ended(pod: Obj, now: str, *, exit_code: int = 0) -> Obj:
    """All containers have stopped for good."""
    started = (pod["status"].get("startTime") or now) if pod["status"] else now
    reason = "Completed" if exit_code == 0 else "Error"
    done = {"exitCode": exit_code, "reason": reason, "startedAt": started, "finishedAt": now}
    status = {**pod["status"], "phase": "Succeeded" if exit_code == 0 else "Failed"}
    status["containerStatuses"] = _containers(
        pod, {"terminated": done}, ready=False, started=False, restarts=restarts(pod)
    )
    return _with(status, now, Ready=False, ContainersReady=False)


def restarts(pod: Obj) -> int:
    """The highest restart count among its containers."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return max((int(status.get("restartCount", 0)) for status in statuses), default=0)
