"""Run a plan: transactions, the journal, new tries, records, and errors that point into the file."""

from typing import TYPE_CHECKING

from runner.deferred import deferred
from runner.engine.apply.progress import Done, Listener

if TYPE_CHECKING:
    from runner.engine.apply.run import check_plan, run_plan
    from runner.engine.apply.takeover import check_progress
    from runner.engine.apply.work import Work
else:
    __getattr__ = deferred(
        __name__, takeover=("check_progress",), run=("check_plan", "run_plan"), work=("Work",)
    )

__all__ = ["Done", "Listener", "Work", "check_plan", "check_progress", "run_plan"]
