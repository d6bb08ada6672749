"""Run a plan: transactions, the journal, new tries, records, and errors that point into the file."""

from typing import TYPE_CHECKING

from runner.apply.progress import Done, Listener
from runner.deferred import deferred

if TYPE_CHECKING:
    from runner.apply.run import check_plan, run_plan
    from runner.apply.takeover import check_progress
    from runner.apply.work import Work
else:
    __getattr__ = deferred(
        __name__, takeover=("check_progress",), run=("check_plan", "run_plan"), work=("Work",)
    )

__all__ = ["Done", "Listener", "Work", "check_plan", "check_progress", "run_plan"]
