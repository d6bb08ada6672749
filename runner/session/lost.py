"""A server that comes back without commits that it had confirmed: a standby that was promoted before it had everything."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from runner.engine.history.state import State
from runner.engine.plan import Action, Plan, is_done
from runner.errors import BusyError, CheckError
from runner.events import WARNING, Notice, StepDone
from runner.wording import counted


def lost_steps(done: Sequence[StepDone], plan: Plan, state: State) -> list[StepDone]:
    """Return the steps that were reported as done and are no longer in history."""
    steps = {step.id: step for step in plan.steps if step.action is not Action.HOOK}
    return [each for each in done if each.id in steps and not is_done(steps[each.id], state)]


def report_of(lost: Sequence[StepDone], database: str) -> Notice:
    """Return the warning that names them; they are run again."""
    ids = [each.id for each in lost]
    return Notice(
        name="history.lost",
        message=f"{database}: the server has lost commits: {_some(ids)}, reported as done by this run, {_are(ids)} no"
        " longer so in its history, and run again now (a standby that was promoted before it had everything?)",
        level=WARNING,
        database=database,
        facts={"migrations": ids},
        indent="  ",
    )


def earlier_lost(ids: Collection[str], *, done: int) -> BusyError:
    """Return the error for migrations that were applied before this run and are no longer in history."""
    return BusyError(
        f"the server has lost commits: {_some(ids)}, applied before this run, {_are(ids)} no longer in its history",
        detail="A standby that was promoted before it had everything? Its schema and its history agree; "
        f"{counted(done, 'step')} had been reported as done by this run.",
        hint="Look at runner status. Running the same command again applies what is missing.",
    )


def deleted_from_history(ids: Sequence[str]) -> CheckError:
    """Return the error for migrations that were recorded before the end of the run and are not any more."""
    return CheckError(
        f"history does not have {_some(ids)} any more",
        detail="A file of this run, or another session, deleted from history's tables. What the files did is in effect.",
        hint="Remove such statements from the files. Restore what history had, from a backup or by hand, before the next run: "
        "it would run again what is in effect.",
    )


def _some(ids: Collection[str]) -> str:
    shown = sorted(ids)
    return ", ".join(shown[:5]) + (", …" if shown[5:] else "")


def _are(ids: Collection[str]) -> str:
    return "is" if len(ids) == 1 else "are"
