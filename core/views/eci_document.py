"""The ECI audit as a document for scripts: plain numbers, money to a millionth. How it looks on a screen is in eci."""

from typing import Any

from core.analysis.planning import Plan
from core.analysis.serverless import Audit, Costs, ServerlessApplication, ServerlessPod
from core.kube.timestamps import utc
from core.views import eci
from core.views.money import number


def document(plan: Plan, audit: Audit) -> dict[str, Any]:
    """Prices, sums, and every application with its pods."""
    prices = audit.prices
    return {
        "asOf": plan.snapshot.as_of,
        "prices": {"currency": prices.currency, "asOf": prices.as_of, "source": prices.source},
        "costs": _costs(audit.costs, audit),
        "unavailable": sorted(name for name in ("PodMetrics", "Namespace") if not plan.snapshot.has(name)),
        "items": [_item(one, plan, audit) for one in audit.applications],
    }


def _item(one: ServerlessApplication, plan: Plan, audit: Audit) -> dict[str, Any]:
    grown, even = one.expansion, one.break_even
    return {
        "kind": one.application.kind,
        "namespace": one.application.namespace,
        "name": one.application.name,
        "team": one.team or None,
        "verdict": one.verdict,
        "overdue": one.overdue,
        "muted": None
        if one.mute is None
        else {"until": utc(one.mute.until), "reason": one.mute.reason, "by": one.mute.by},
        "oldestSeconds": one.oldest,
        "limitSeconds": None if one.limit == float("inf") else one.limit,
        "because": one.reason.text,
        "costs": _costs(one.costs, audit),
        "fitsNow": one.homes,
        "expansion": None if grown is None else {"group": grown.group, "nodes": grown.nodes, "pods": grown.pods},
        "breakEven": None
        if even is None
        else {"subscription": number(even.subscription), "payAsYouGo": number(even.pay_as_you_go), "by": even.by},
        "pods": [_pod(each) for each in one.pods],
    }


def _pod(one: ServerlessPod) -> dict[str, Any]:
    return {
        "pod": one.pod.key,
        "node": one.pod.node,
        "ageSeconds": one.age,
        "billed": eci.size_text(one),
        "requests": dict(one.pod.shape.requests),
        "perSecond": number(one.rate),
        "soFar": number(one.so_far),
        "fitsNode": one.home,
    }


def _costs(costs: Costs, audit: Audit) -> dict[str, Any]:
    """Sums of what is known; `unknownPods` are not in them."""
    return {
        "soFar": number(costs.so_far),
        "perDay": number(costs.day),
        "perMonth": number(costs.month(audit.prices)),
        "unknownPods": costs.unknown,
    }
