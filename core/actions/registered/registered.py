"""What is particular about a registered cluster (ACK One): its agent's ConfigMap, and in it the address of the script
by which new machines join. Reading and judging only; setting it is in join_script."""

from dataclasses import dataclass
from typing import Any

import msgspec

from core.actions.action_plan import Finding, Level
from core.clients.kubernetes import Forbidden, NotFound, Reader
from core.errors import VacancyError

NAMESPACE, AGENT_CONFIG = "kube-system", "ack-agent-config"
PATH = f"/api/v1/namespaces/{NAMESPACE}/configmaps/{AGENT_CONFIG}"
KEY = "addNodeScriptPath"
NOTE = "vacancy/join-script"
"""The annotation that says which action of this program set it, and what was there before."""


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """The ConfigMap as it was just read. `script` is the address, "" where none is set; `by` the action that set it,
    and `was` the address before, where they are on record."""

    uid: str
    version: str
    script: str = ""
    by: str = ""
    was: str = ""


async def agent_config(reader: Reader) -> AgentConfig | None:
    """It; None where there is none, so this is no registered cluster. Raises VacancyError when it can't be read."""
    try:
        found = msgspec.json.decode(await reader.get(PATH), type=dict[str, Any])
    except NotFound:
        return None
    except msgspec.MsgspecError:
        raise VacancyError(f"{NAMESPACE}/{AGENT_CONFIG}: the answer is no object; try again") from None
    meta, data = found.get("metadata") or {}, found.get("data") or {}
    script = data.get(KEY) if isinstance(data, dict) else None
    text = script.strip() if isinstance(script, str) else ""
    by, was = _noted((meta.get("annotations") or {}).get(NOTE))
    return AgentConfig(str(meta.get("uid") or ""), str(meta.get("resourceVersion") or ""), text, by, was)


def _noted(text: Any) -> tuple[str, str]:
    try:
        found = msgspec.json.decode(text, type=dict[str, str]) if isinstance(text, str) else {}
    except msgspec.MsgspecError:
        found = {}
    return found.get("id", ""), found.get("was", "")


async def judge(reader: Reader) -> list[Finding]:
    """For whatever makes new machines join: a refusal in a registered cluster that names no script, for they would
    never become nodes; nothing in any other cluster."""
    about = f"{NAMESPACE}/{AGENT_CONFIG}"
    try:
        config = await agent_config(reader)
    except Forbidden:
        text = f"this identity may not read it: if this is a registered cluster, look that {KEY} is set"
        return [Finding(Level.NOTE, "AgentConfigUnread", about, text)]
    if config is None or config.script:
        return []
    text = f"this is a registered cluster and {KEY} is not set: new machines would not join; see vacancy join-script"
    return [Finding(Level.REFUSAL, "NoJoinScript", about, text)]
