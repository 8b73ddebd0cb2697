"""The door to a Prometheus-compatible endpoint: where it is, who asks, and single queries. What to ask is in
core/feeds/usage_history.

Importing this package is cheap; `aiohttp` is imported with the first query."""

from core.clients.prometheus.errors import PrometheusError, TooMuch
from core.clients.prometheus.reader import Reader
from core.clients.prometheus.settings import Settings, find

__all__ = ["PrometheusError", "Reader", "Settings", "TooMuch", "find"]
