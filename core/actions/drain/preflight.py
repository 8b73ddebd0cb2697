"""Asked of the API server before a node is cordoned: would each pod's eviction go through? Server-side dry runs, which
check everything and change nothing. Budgets over the whole batch are counted in budget_use."""

import asyncio
from collections.abc import Iterable, Sequence

from core.actions.action_plan import Finding, LeavingPod, Level
from core.clients.kubernetes import ApiError, Forbidden, NotFound, Throttled, Writer

AT_ONCE = 8
"""Dry runs on their way at the same time."""
SEVERAL_BUDGETS = "more than one PodDisruptionBudget"
BEING_TERMINATED = "because it is being terminated"
"""What the API server says about namespaces that are being deleted."""


async def dry_run(writer: Writer, pods: Iterable[LeavingPod], grace_period: int | None) -> list[Finding]:
    """What the server would say to each eviction now; nothing about those that would go through."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(pod: LeavingPod) -> Finding | None:
        async with turns:
            return await _ask(writer, pod, grace_period)

    found: Sequence[Finding | None] = await asyncio.gather(*(one(pod) for pod in pods))
    return [finding for finding in found if finding is not None]


async def _ask(writer: Writer, pod: LeavingPod, grace_period: int | None) -> Finding | None:
    try:
        await writer.evict(pod.namespace, pod.name, grace_period, pod.uid, dry_run=True)
    except NotFound:
        return None
    except Throttled as error:
        text = f"its eviction would have to wait: {error.cause}"
        return Finding(Level.WARNING, "EvictionWaits", pod.pod, text)
    except Forbidden as error:
        if BEING_TERMINATED in error.cause:
            return None
        return Finding(Level.REFUSAL, "Forbidden", pod.pod, f"it may not be evicted: {error.cause}")
    except ApiError as error:
        if error.status == 409:
            return Finding(Level.NOTE, "Replaced", pod.pod, "another pod has its name by now")
        code = "SeveralBudgets" if SEVERAL_BUDGETS in error.cause else "EvictionFails"
        return Finding(Level.REFUSAL, code, pod.pod, f"its eviction would fail: {error.cause}")
    return None
