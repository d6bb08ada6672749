"""`runner rollback`: undo what was applied last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from runner.commands.migrate import Outcome, outcome_of
from runner.engine.plan import Plan
from runner.errors import BusyError
from runner.events import DatabaseOpened, Emit, StepDone, warning
from runner.limits import Waits
from runner.session.locked_run import LockedRun, checked
from runner.session.session import Session, one_session
from runner.settings import Settings
from runner.wording import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackOptions:
    """What `rollback` was asked for."""

    to: str | None = None
    steps: int | None = None
    everything: bool = False
    dry_run: bool = False
    waits: Waits = field(default_factory=Waits)


Confirm = Callable[[str], None]  # puts a question to a person; raises when the answer is no


def rollback(settings: Settings, options: RollbackOptions, emit: Emit, *, confirm: Confirm) -> list[Outcome]:
    """Undo what was applied last.

    Raises: as `migrate`; ConfigurationError when several databases are open and none was named.
    """
    with one_session(settings, emit) as session:
        return [_rollback_one(settings, session, options, emit, confirm)]


def _rollback_one(
    settings: Settings, session: Session, options: RollbackOptions, emit: Emit, confirm: Confirm
) -> Outcome:
    started = monotonic()

    def plan_now() -> Plan:
        return session.plan_rollback(to=options.to, steps=options.steps, everything=options.everything)

    plan = checked(plan_now(), session, emit)
    done: list[StepDone] = []
    for text in plan.warnings:
        emit(warning(text))
    if plan.steps and not options.dry_run:
        confirm(_question(session.place, plan))
    emit(DatabaseOpened(database=session.title, place=session.place))
    if plan.steps and not options.dry_run:
        confirmed = plan

        def plan_as_confirmed() -> Plan:
            again = plan_now()
            if [step.id for step in again.steps] != [step.id for step in confirmed.steps]:
                raise BusyError(
                    "another run changed what would be rolled back",
                    detail=f"It was {_ids(confirmed)}, it is {_ids(again)} now. Nothing was changed.",
                    hint="Check runner status and run the command again.",
                )
            return again

        work = LockedRun(
            settings,
            session,
            emit,
            checked=plan,
            waits=options.waits,
        )
        done = work.run(plan_as_confirmed)
        plan = work.plan
    outcome = outcome_of(session, plan, done, None, started)
    emit(outcome.finished(dry_run=options.dry_run))
    return outcome


def _ids(plan: Plan) -> str:
    return ", ".join(step.id for step in plan.steps) or "nothing"


def _question(place: str, plan: Plan) -> str:
    ids = ", ".join(step.id for step in plan.steps[:5]) + (", …" if len(plan.steps) > 5 else "")
    return f"Roll back {counted(len(plan.steps), 'migration')} of {place}: {ids}?"
