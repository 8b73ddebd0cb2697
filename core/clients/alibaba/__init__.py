"""The door to Alibaba Cloud: ESS, ECS and the ACK API through their SDKs, whose models, retries, logs and error texts
stay inside. What to ask and when is in core.feeds and core.actions.

Importing this package is cheap; the SDKs are imported by the first call, in a worker thread.
"""

from core.clients.alibaba.answers import Items
from core.clients.alibaba.connection import Connection
from core.clients.alibaba.errors import (
    BadCredentials,
    CloudError,
    Denied,
    NotFound,
    Throttled,
    Unreachable,
    WrongAnswer,
)
from core.clients.alibaba.reader import Reader
from core.clients.alibaba.settings import Settings, choose_region, find

__all__ = [
    "BadCredentials",
    "CloudError",
    "Connection",
    "Denied",
    "Items",
    "NotFound",
    "Reader",
    "Settings",
    "Throttled",
    "Unreachable",
    "WrongAnswer",
    "choose_region",
    "find",
]
