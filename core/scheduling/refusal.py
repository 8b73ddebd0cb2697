"""What a filter says when a node is refused: the plugin, in kube-scheduler's order, and its reasons."""

from typing import NamedTuple

NODE_UNSCHEDULABLE = "NodeUnschedulable"
NODE_NAME = "NodeName"
TAINT_TOLERATION = "TaintToleration"
NODE_AFFINITY = "NodeAffinity"
NODE_PORTS = "NodePorts"
NODE_RESOURCES_FIT = "NodeResourcesFit"
VOLUME_RESTRICTIONS = "VolumeRestrictions"
NODE_VOLUME_LIMITS = "NodeVolumeLimits"
VOLUME_BINDING = "VolumeBinding"
VOLUME_ZONE = "VolumeZone"
POD_TOPOLOGY_SPREAD = "PodTopologySpread"
INTER_POD_AFFINITY = "InterPodAffinity"
DYNAMIC_RESOURCES = "DynamicResources"

NOT_EVALUATED = (DYNAMIC_RESOURCES,)
"""Filters of kube-scheduler that have no module here: a pod that depends on them is unknown, never "fits"."""


class Refusal(NamedTuple):
    """Why a node doesn't take a pod: the first failing plugin and its own texts.

    `known` is False when the plugin could not be evaluated, so that the answer is unknown."""

    plugin: str
    reasons: tuple[str, ...]
    known: bool = True
