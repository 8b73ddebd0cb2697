"""The table of actions: product and name to handler. Handlers stand in the product packages and register themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sim.cloud.state import Cloud
from sim.cloud.wire import Call

Handler = Callable[[Cloud, Call], Any]
"""Gets the state and a call, changes the state, and returns the answer's body in the flat shape, without RequestId."""


@dataclass(frozen=True, slots=True)
class Action:
    product: str
    name: str
    handler: Handler
    method: str = "POST"
    path: str = "/"
    """With `{name}` where a path segment is a parameter (CS only)."""


ACTIONS: dict[tuple[str, str], Action] = {}


def action(product: str, name: str, method: str = "POST", path: str = "/") -> Callable[[Handler], Handler]:
    """Register a handler as an action of `ess`, `ecs` or `cs`."""

    def register(handler: Handler) -> Handler:
        ACTIONS[product, name] = Action(product, name, handler, method, path)
        return handler

    return register


def path_values(template: str, path: str) -> dict[str, str] | None:
    """The parameters of a path by its template; None when it does not match."""
    wanted, given = template.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    values = {}
    for want, have in zip(wanted, given, strict=True):
        if want.startswith("{"):
            values[want[1:-1]] = have
        elif want != have:
            return None
    return values
