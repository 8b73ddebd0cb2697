"""The remove screen: asks what becomes of the machines, then it is an action like any other."""

from typing import Any

from core.views.link import PlanAction
from tui.screens.asking import AskingScreen

WORDS = ("keep", "release", "keep-desired", "keep-userdata", "no-reset", "dead")
DOORS = ("attached", "expanded", "pool", "external")
HELP = f"""\
Write any of these, or nothing, and enter:
  keep           machines stay, and are paid for: as without any word
  release        machines are given back, with what is on their disks
  keep-desired   groups keep their desired size: others are bought instead
  keep-userdata  userdata stays: a kept machine may join again when it boots
  no-reset       no kubeadm reset on a kept machine
  dead           don't wait for the pods of nodes that are not ready
  door=NAME      where nobody knows how it came in: {", ".join(DOORS)}
  anyway REASON  though an autoscaler made it; last, up to the end of the line"""


class RemoveScreen(AskingScreen):
    """These nodes."""

    QUESTION = "enter: keep machines   release: give them back   anyway REASON: see above"
    FIRST = f"Nothing is touched yet: first the plan.\n\n{HELP}"
    AGAIN = HELP

    def __init__(self, nodes: list[str]) -> None:
        super().__init__(f"Remove {', '.join(nodes) if len(nodes) <= 2 else f'{len(nodes)} nodes'}")
        self._names = tuple(nodes)

    def asked(self, text: str) -> PlanAction | None:
        if (wanted := read(text)) is None:
            return None
        args, why = wanted
        return PlanAction(self.key.name, "remove", self._names, why=why, args=args)


def read(text: str) -> tuple[dict[str, Any], str] | None:
    """The arguments of the removal, and the reason; None for words that mean nothing."""
    before, anyway, why = text.strip().partition("anyway")
    words = before.replace(",", " ").split()
    doors = [word.removeprefix("door=") for word in words if word.startswith("door=")]
    named = {word for word in words if not word.startswith("door=")}
    if not named <= set(WORDS) or {"keep", "release"} <= named or not set(doors) <= set(DOORS) or len(doors) > 1:
        return None
    args: dict[str, Any] = {word.replace("-", "_"): True for word in sorted(named) if word != "keep"}
    args |= {"door": doors[0]} if doors else {}
    return args | ({"anyway": True} if anyway else {}), why.strip(" :,")
