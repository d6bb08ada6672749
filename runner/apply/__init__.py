"""Run a plan: transactions, records, and errors that point into the file."""

from runner.apply.run import Done, Listener, check_plan, run_plan

__all__ = ["Done", "Listener", "check_plan", "run_plan"]
