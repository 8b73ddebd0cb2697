"""The door to the Kubernetes API: configuration, authentication and transport through the `kubernetes` package's async
client, whose models are bypassed: answers are bytes. Decoding is in core.kube, what to ask for in core.feeds and
core.actions.

Importing this package is cheap; `kubernetes` and `aiohttp` are imported by `connect`.
"""

from core.clients.kubernetes.connection import Clients, connect
from core.clients.kubernetes.errors import ApiError, Forbidden, Gone, NotFound, Throttled, Unauthorized, Unreachable
from core.clients.kubernetes.kubeconfig import Place, Target, contexts
from core.clients.kubernetes.reader import Reader, WatchStream
from core.clients.kubernetes.writer import Writer

__all__ = [
    "ApiError",
    "Clients",
    "Forbidden",
    "Gone",
    "NotFound",
    "Place",
    "Reader",
    "Target",
    "Throttled",
    "Unauthorized",
    "Unreachable",
    "WatchStream",
    "Writer",
    "connect",
    "contexts",
]
