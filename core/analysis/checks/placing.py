"""Pods on the wrong kind of node: those that burst to ECI and could be back, and jobs that could run there."""

from core.analysis.applications import Applications
from core.analysis.checks.ground import Finding, Findings, Ground
from core.analysis.serverless import FITS
from core.analysis.vendors.eci import Eci
from core.kube.pod import Pod, Shape

_PLAIN = ("cpu", "memory", "ephemeral-storage")


def back_home(ground: Ground) -> Findings:
    """They went to ECI for want of room, and there is room again; scale-in doesn't take them back."""
    for one in ground.eci.applications:
        if one.verdict == FITS and one.reason.bursts:
            count = f"{one.homes} pods are" if one.homes != 1 else "1 pod is"
            reason = f"{count} on ECI because of {one.reason.text}, and all of it fits ECS nodes now"
            check = "pods went to ECI although ECS has room again"
            yield Finding(check, one.application.kind, one.application.key, reason, "restart its rollout")


def jobs(ground: Ground) -> Findings:
    """Work that ends by itself books no ECS node for the rest of the day, when it runs on ECI."""
    eci, applications, seen = Eci(ground.snapshot), Applications(ground.snapshot), set()
    for pod in ground.snapshot.pods.values() if eci.node is not None else ():
        if pod.owner is None or pod.owner.kind != "Job" or not _on_ecs(pod, ground) or not _free(pod.shape):
            continue
        application = applications.of(pod)
        if application not in seen:
            seen.add(application)
            reason = f"pod {pod.name} runs on {pod.node}, and nothing ties it there"
            remedy = "label its pods alibabacloud.com/eci=true"
            check = "a job that could be on ECI and isn't"
            yield Finding(check, application.kind, application.key, reason, remedy)


def _on_ecs(pod: Pod, ground: Ground) -> bool:
    node = ground.snapshot.nodes.get(pod.node or "")
    return node is not None and not node.virtual and not pod.terminated


def _free(shape: Shape) -> bool:
    """Nothing of it needs a particular machine."""
    affinity = shape.node_affinity
    return not (
        shape.node_selector
        or (affinity is not None and affinity.required is not None)
        or shape.host_network
        or shape.host_ports
        or any(volume.kind == "hostPath" for volume in shape.volumes)
        or any(name not in _PLAIN for name, amount in shape.requests.items() if amount)
    )


CHECKS = (back_home, jobs)
