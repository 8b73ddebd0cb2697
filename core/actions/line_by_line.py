"""Steps for several lines of the progress: one line's failure is its own, the others are done all the same."""

from collections.abc import Sequence

from core.actions.run import CANCELLED, DONE, FAILED, PARTLY, REFUSED, Run
from core.actions.step import Step, attempt


async def attempt_lines(run: Run, lines: Sequence[tuple[str, Sequence[Step]]]) -> tuple[str, str]:
    """Each line with its steps, in order; the outcome of all, and why it isn't done."""
    done, failed = 0, list[tuple[str, str, str]]()
    for line, steps in lines:
        outcome, text = await attempt(run, steps, line)
        if outcome == CANCELLED:
            return CANCELLED, f"{done} of {len(lines)} done; {line}: {text}"
        if outcome == DONE:
            done += 1
        else:
            failed.append((outcome, line, text))
    if not failed:
        return DONE, ""
    outcome, line, text = failed[0]
    part = any(one == PARTLY for one, _, _ in failed) or done
    worst = PARTLY if part else REFUSED if outcome == REFUSED else FAILED
    return worst, f"{done} of {len(lines)} done; {line}: {text}"
