"""Run a plan: transactions, the journal, new tries, records, and errors that point into the file."""

from runner.apply.piecemeal import check_progress
from runner.apply.run import check_plan, run_plan
from runner.apply.work import Done, Listener, Work

__all__ = ["Done", "Listener", "Work", "check_plan", "check_progress", "run_plan"]
