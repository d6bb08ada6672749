"""`runner rollback`: undo what was applied last."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from runner.commands.migrate import LockedRun, Observer, Outcome, checked, ids, outcome_of
from runner.engine.apply.progress import Done
from runner.engine.plan import Plan, plan_rollback
from runner.errors import BusyError, ConfigurationError
from runner.session.session import Session, open_sessions
from runner.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackOptions:
    """What `rollback` was asked for."""

    to: str | None = None
    steps: int | None = None
    everything: bool = False
    dry_run: bool = False
    lock_wait_s: float = 60.0
    reconnect_wait_s: float = 30.0


def rollback(settings: Settings, options: RollbackOptions, observer: Observer) -> list[Outcome]:
    """Undo what was applied last.

    Raises: as `migrate`; ConfigurationError when several databases are open and none was named.
    """
    with open_sessions(settings, say=observer.say) as sessions:
        if len(sessions) > 1:
            names = ", ".join(session.title for session in sessions)
            raise ConfigurationError(
                f"which database? This project has {names}",
                detail="Nothing was rolled back.",
                hint=f"Choose one: runner rollback --database {sessions[-1].title}",
            )
        return [_rollback_one(settings, session, options, observer) for session in sessions]


def _rollback_one(
    settings: Settings, session: Session, options: RollbackOptions, observer: Observer
) -> Outcome:
    started = monotonic()

    def plan_now() -> Plan:
        return checked(
            plan_rollback(
                session.files,
                session.state,
                to=options.to,
                steps=options.steps,
                everything=options.everything,
                stored=session.stored_rollback,
            ),
            observer,
        )

    plan = plan_now()
    done: list[Done] = []
    for warning in plan.warnings:
        observer.listener.warns(warning)
    if plan.steps and not options.dry_run:
        observer.confirm(session.place, plan)
    observer.opened(session.title, session.place)
    if plan.steps and not options.dry_run:
        confirmed = plan

        def plan_as_confirmed() -> Plan:
            again = plan_now()
            if [step.id for step in again.steps] != [step.id for step in confirmed.steps]:
                raise BusyError(
                    "another run changed what would be rolled back",
                    detail=f"It was {ids(confirmed)}, it is {ids(again)} now. Nothing was changed.",
                    hint="Check runner status and run the command again.",
                )
            return again

        work = LockedRun(
            settings,
            session,
            observer,
            checked=plan,
            lock_wait_s=options.lock_wait_s,
            reconnect_wait_s=options.reconnect_wait_s,
        )
        done = work.run(plan_as_confirmed)
        plan = work.plan
    outcome = outcome_of(session, plan, done, None, started)
    observer.closed(outcome)
    return outcome
