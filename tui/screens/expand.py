"""The expand screen: asks how many machines, then it is an action like any other."""

from core.views.link import PlanAction
from tui.screens.asking import AskingScreen


class ExpandScreen(AskingScreen):
    """One group."""

    QUESTION = "how many machines more?  2: two more   =8: eight in all"
    FIRST = "Nothing is asked for yet: first the plan, with what it costs."
    AGAIN = "That is no number: write 2 for two more, or =8 for eight in all."

    def __init__(self, group: str, name: str) -> None:
        super().__init__(f"Expand {name}")
        self._group = group

    def asked(self, text: str) -> PlanAction | None:
        size = sized(text)
        return None if size is None else PlanAction(self.key.name, "expand", (self._group,), args=size)


def sized(text: str) -> dict[str, int] | None:
    """`2` or `+2`: so many more; `=8`: so many in all. None for anything else."""
    word, digits = text.strip(), text.strip().lstrip("+=")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 4 and len(word) - len(digits) <= 1):
        return None
    number = int(digits)
    if word.startswith("="):
        return {"to": number}
    return {"by": number} if number else None
