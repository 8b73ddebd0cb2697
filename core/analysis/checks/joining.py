"""Whether new machines can become nodes at all: a registered cluster (ACK One) has to say by which script."""

from core.analysis.checks.ground import Finding, Findings, Ground
from core.kube.generic import Generic

AGENT_CONFIG, KEY = "kube-system/ack-agent-config", "addNodeScriptPath"


def script(ground: Ground) -> Findings:
    """Without an address its node pools can't grow: the machines come, and never join."""
    config = ground.snapshot.table("ConfigMap").get(AGENT_CONFIG)
    if isinstance(config, Generic) and not str(config.data.get(KEY) or "").strip():
        check = "a registered cluster without a join script"
        reason = f"{KEY} is not set: an expansion of a node pool fails"
        yield Finding(check, "ConfigMap", config.key, reason, "vacancy join-script generate, then set its address")


CHECKS = (script,)
