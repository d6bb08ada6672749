"""A plan as values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from runner.engine.history.state import State
from runner.events import StepDone
from runner.files.migrations.migration import Migration, Script


class Action(Enum):
    """What a step does."""

    APPLY = "apply"
    REAPPLY = "reapply"  # a repeatable whose file changed, or one that it depends on was run
    HOOK = "hook"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One file to run and what to record of it."""

    action: Action
    id: str
    script: Script
    since: int | None = (
        None  # of a step that is run again: the row of history that recorded the run before it
    )
    migration: Migration | None  # None: rolled back from the SQL in history, the file is gone

    def done(self, elapsed_s: float, rows: int | None = None) -> StepDone:
        """Return the event of the step once it is committed."""
        return StepDone(
            id=self.id,
            action=self.action.value,
            path=self.script.label,
            checksum=self.script.checksum,
            transactional=self.script.transactional,
            elapsed_s=elapsed_s,
            rows=rows,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps in their order; empty when nothing is to do."""

    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # applied, but their files are gone
    left: int = 0  # steps that --to or --steps left pending


def remaining(plan: Plan, state: State) -> Plan:
    """Return what is still to do of a plan that was interrupted at an unknown point."""
    steps = [step for step in plan.steps if step.action is Action.HOOK or not is_done(step, state)]
    if all(step.action is Action.HOOK for step in steps) and not state.hook_due:
        steps = []
    return replace(plan, steps=tuple(steps))


def is_done(step: Step, state: State) -> bool:
    """Return whether history holds the outcome of a step that was to be run."""
    entry = state.applied.get(step.id)
    if step.action is Action.ROLLBACK:
        return entry is None
    if entry is None or step.action is Action.APPLY:
        return entry is not None
    return entry.checksum == step.script.checksum and (step.since is None or entry.last_run != step.since)
