"""A run within a run: some nodes of an action go through another action's steps (the drain of a removal). What it does
is told in the whole's journal and progress; its end is not the whole's."""

from collections.abc import Sequence

import msgspec

from core.actions.action_plan import TargetNode
from core.actions.run import Progress, Run


class Part(Run):
    """`progress.outcome` and `progress.text` say how it ended."""

    def __init__(self, whole: Run, nodes: Sequence[TargetNode]) -> None:
        names = {node.name for node in nodes}
        leaving = tuple(pod for pod in whole.plan.leaving if pod.node in names)
        plan = msgspec.structs.replace(whole.plan, nodes=tuple(nodes), follows=(), leaving=leaving)
        super().__init__(plan, whole.journal, whole.reader, whole.writer, whole.clock, self._pass_on, whole.cloud)
        self._whole, self._cancelled = whole, whole._cancelled

    def _pass_on(self, progress: Progress) -> None:
        self._whole.doing(progress.doing)
        for one in progress.nodes:
            if one != self._whole.of(one.name):
                told = msgspec.structs.asdict(one)
                self._whole.node(told.pop("name"), **told)

    async def end(self, outcome: str, text: str = "", final: bool = True) -> None:
        """Its own end: a note in the whole's journal."""
        await self.journal.note("", f"{outcome}: {text}")
        self.progress = msgspec.structs.replace(self.progress, outcome=outcome, text=text)
