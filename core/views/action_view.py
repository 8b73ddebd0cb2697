"""An action made into what a screen shows, from the first question to its end: the plan in sentences, what to type, how
far it is. The words are in action_plan; the work itself is done in core/actions."""

from core.actions.action_plan import ActionPlan, LeavingPod
from core.actions.run import Progress
from core.views import action_plan
from core.views.action import ASKS, ENDED, PLANNING, REFUSED, RUNNING, ActionView, Line
from core.views.table import Column, Elide, Row, TableView, Tone, ViewKey, text_cell

COLUMNS = (
    Column("pod", "POD", 48, min_width=20, grow=True, describes="Who leaves."),
    Column("node", "FROM", 28, min_width=14, importance=3, elide=Elide.START, describes="Where it runs now."),
    Column("to", "WOULD GO TO", 28, min_width=18, elide=Elide.START, describes="Where the what-if finds a place."),
    Column("tier", "TIER", 8, importance=2, describes="Critical pods go after all others."),
    Column("held", "HELD BY", 40, min_width=16, grow=True, describes="Why it is still there."),
)


def view(
    key: ViewKey,
    title: str,
    plan: ActionPlan | None,
    progress: Progress | None,
    error: str,
    now: float,
    number: int,
    aside: str = "",
) -> ActionView:
    """What is known of it: nothing yet, a plan, a run, or why there is none. `aside` is for this person's eyes."""
    if plan is None:
        lines: tuple[Line, ...] = (
            ((error, Tone.DANGER),) if error else (("looking at it from all sides …", Tone.MUTED),)
        )
        return ActionView(key, title, REFUSED if error else PLANNING, number, now, lines)
    lines = tuple(action_plan.sentences(plan))
    phase, question = (REFUSED, "") if plan.refusals else (ASKS, action_plan.question(plan))
    if progress is not None:
        phase, question = ENDED if progress.outcome else RUNNING, ""
        lines = tuple(action_plan.progress_lines(progress, now))
    if aside:
        lines = (
            *lines,
            ("run this on it as root; it is shown here and kept nowhere:", Tone.MUTED),
            (aside, Tone.ACCENT),
        )
    if plan.refusals:
        how = "; o plans it all the same" if plan.offers else ""
        lines = ((f"It can't be done like this{how}; nothing was touched.", Tone.DANGER), *lines)
    if error:
        lines = ((error, Tone.DANGER), *lines)
    table = _pods(key, plan, progress, now, number) if plan.nodes or plan.leaving else None
    offers = plan.offers if phase == REFUSED else ()
    confirm = plan.confirm or "yes"
    return ActionView(key, action_plan.title(plan), phase, number, now, lines, question, confirm, table, offers)


def _pods(key: ViewKey, plan: ActionPlan, progress: Progress | None, now: float, number: int) -> TableView:
    held = {pod: why for one in progress.nodes for pod, why in one.held.items()} if progress is not None else {}
    rows = tuple(_row(pod, held.get(pod.pod, "")) for pod in plan.leaving)
    return TableView(key, "Pods", COLUMNS, rows, number, now, noun="pods", empty="No pod has to go.")


def _row(pod: LeavingPod, held: str) -> Row:
    to = pod.to or ("nowhere: it has finished" if pod.finished else "waits")
    tier = "critical" if pod.tier else ""
    cells = (
        text_cell(pod.pod),
        text_cell(pod.node),
        text_cell(to, Tone.PLAIN if pod.to or pod.finished else Tone.WARNING),
        text_cell(tier),
        text_cell(held, Tone.WARNING),
    )
    return Row(pod.pod, cells, opens=ViewKey("pod", pod.pod))
