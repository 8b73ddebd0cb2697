"""Which module an action lives in, by its name. Each has the functions of `ActionModule`; adding one is one entry here,
one in cli.main's COMMANDS and, if a key is to start it, one in tui."""

from importlib import import_module
from typing import Protocol, cast

from core.actions.action_plan import ActionPlan
from core.actions.cloud import Cloud
from core.actions.journal_reading import Entry
from core.actions.run import Run
from core.actions.situation import Asked, Situation
from core.clients.kubernetes import Reader
from core.errors import InputError

MODULES = {
    "cordon": "drain.cordon",
    "uncordon": "drain.cordon",
    "drain": "drain.drain",
    "join-script": "registered.join_script",
    "join-token": "registered.join_token",
    "remove": "remove.remove",
    "expand": "expand.expand",
    "attach": "attach.attach",
    "protect": "protect",
    "unprotect": "protect",
    "suspend": "suspend",
    "unsuspend": "suspend",
    "untaint": "untaint",
    "restart": "eci.restart",
    "delete-pod": "eci.delete_pod",
    "mute": "eci.mute",
    "unmute": "eci.mute",
    "notify": "eci.notify",
}
"""Action -> module of core.actions."""


class ActionModule(Protocol):
    """What every action can do."""

    async def plan(self, situation: Situation, asked: Asked) -> ActionPlan:
        """What would be done and what it would lead to; nothing is changed. Raises VacancyError."""

    async def go(self, run: Run) -> None:
        """Do it, to its end, which progress and journal tell."""

    async def resume(self, run: Run, entry: Entry) -> None:
        """Go on with it after a crash. Everything is looked at anew, so nothing that took effect is sent again."""

    async def undo(self, run: Run, entry: Entry) -> None:
        """Take back what can be taken back, to its end. Raises Refused before anything when nothing can."""

    async def close(self, run: Run) -> None:
        """Give up only its claims."""

    async def compare(self, entry: Entry, reader: Reader, cloud: Cloud | None) -> list[str]:
        """What is there now, a line for each thing that it is about."""


def module_of(action: str) -> ActionModule:
    """The module of an action. Raises InputError for one that this version doesn't know."""
    if (name := MODULES.get(action)) is None:
        raise InputError(f"action {action}: this version does not know it")
    return cast("ActionModule", import_module(f"core.actions.{name}"))
