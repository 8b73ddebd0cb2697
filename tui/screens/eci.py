"""Pods on virtual nodes: the screen of all owners, the screen of one, and the keys that put it right where the program
is armed. What each key does is in core/actions."""

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from core.views.table import ViewKey
from tui.screens.decisions import DecisionScreen
from tui.screens.detail_screen import DetailScreen
from tui.screens.table_screen import TableScreen

POD = "Pod "
"""How the row of a pod begins that nobody owns."""
_ACTING = ("owner", "mute", "tell", "delete_pod")


class EciKeys(TableScreen):
    """Keys about owners of pods on ECI, and about one of those pods."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "owner('restart')", "restart", id="eci.restart", tooltip="Plan to restart the owner's rollout"),
        Binding("d", "delete_pod", "delete pod", id="eci.delete", tooltip="Plan to delete the pod under the cursor"),
        Binding("m", "mute", "mute", id="eci.mute", tooltip="Let its pods on ECI not count for a while"),
        Binding("u", "owner('unmute')", "unmute", show=False, id="eci.unmute", tooltip="Plan to take a mute away"),
        Binding("n", "tell", "notify", id="eci.notify", tooltip="Plan to tell the owner, or those marked"),
    ]

    def _plan(self, action: str, subjects: list[str], args: dict[str, Any] | None = None) -> None:
        from tui.screens.action import ActionScreen

        self.app.push_screen(ActionScreen.planning(self.app, action, subjects, args))

    def _one(self) -> str:
        """The one owner that is meant; "" with a word on the screen when there isn't one."""
        found = self.subjects()
        if len(found) == 1:
            return found[0]
        self.app.notify("One owner at a time: unfold the group, or unmark the others.", timeout=4)
        return ""

    def pod(self) -> str:
        """The pod that is meant; "" for none."""
        found = self.subjects()
        return found[0].removeprefix(POD) if len(found) == 1 and found[0].startswith(POD) else ""

    def action_owner(self, action: str) -> None:
        if one := self._one():
            self._plan(action, [one])

    def action_delete_pod(self) -> None:
        if one := self.pod():
            self._plan("delete-pod", [one])
        else:
            self.app.notify("Open the owner with enter, then choose one of its pods.", timeout=4)

    def action_tell(self) -> None:
        if subjects := self.subjects():
            self._plan("notify", subjects)

    def action_mute(self) -> None:
        from tui.screens.mute import MuteScreen

        one = self._one()

        def answered(wish: tuple[str, str] | None) -> None:
            if wish is not None:
                self._plan("mute", [one], {"reason": wish[0], "until": wish[1]})

        if one:
            self.app.push_screen(MuteScreen(one), answered)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _ACTING:
            return self.app.armed
        return super().check_action(action, parameters)


class EciScreen(EciKeys, DecisionScreen):
    """Who runs on virtual nodes, for how long and for how much. Enter shows one owner in full."""

    opens = "eci-owner"

    def __init__(self) -> None:
        super().__init__(ViewKey("eci"))

    def detail_screen(self, key: ViewKey) -> TableScreen:
        return EciOwnerScreen(key) if key.kind == self.opens else super().detail_screen(key)


class EciOwnerScreen(EciKeys, DetailScreen):
    """One owner in full: its keys are about it, `d` about the pod under the cursor."""

    def pod(self) -> str:
        row = self.table.model.rows.get(self.table.cursor_id)
        return row.id if row is not None and not row.group else ""
