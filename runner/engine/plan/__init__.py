"""Make a plan from files and history, and refuse what must not be run. Pure."""

from runner.engine.plan.choose import plan_apply, plan_rollback, resolve_id, without_rollback
from runner.engine.plan.comparison import Comparison, Situation, Standing, compare
from runner.engine.plan.refuse import EditedError
from runner.engine.plan.steps import Action, Plan, Step, is_done, remaining

__all__ = [
    "Action",
    "Comparison",
    "EditedError",
    "Plan",
    "Situation",
    "Standing",
    "Step",
    "compare",
    "is_done",
    "plan_apply",
    "plan_rollback",
    "remaining",
    "resolve_id",
    "without_rollback",
]
