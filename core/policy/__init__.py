"""The autoscaler's settings: what they are (settings), of which rules (rule_set), how their texts read (values), and
where each value came from (discovery). What they decide is in analysis."""

from core.policy.discovery import discover
from core.policy.rule_set import RuleSet
from core.policy.settings import Policy

__all__ = ["Policy", "RuleSet", "discover"]
