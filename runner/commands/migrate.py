"""`runner migrate`: bring each database up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from runner.engine.plan import Plan
from runner.errors import about
from runner.events import (
    BackupTaken,
    DatabaseOpened,
    Emit,
    Event,
    RunFinished,
    StepDone,
    StepPlanned,
    warning,
)
from runner.limits import Waits
from runner.report.parts import backup_as_json, mode, step_as_json, validation_as_json
from runner.session.session import Session, open_sessions
from runner.settings import Settings

if TYPE_CHECKING:
    from runner.schema.validate.compare import Validation


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateOptions:
    """What `migrate` was asked for."""

    to: str | None = None
    steps: int | None = None
    dry_run: bool = False
    single_transaction: bool = False
    allow_out_of_order: bool = False
    beside_existing: bool = False  # also in a database that has tables and no history
    validate: bool = True
    validate_first: bool = False  # run nothing where what is applied is not what its files give
    scratch_url: str | None = None  # where to build these for that; None: as validate chooses
    waits: Waits = field(default_factory=Waits)
    backup_to: str | None = None  # where a backup of each is kept, which is taken first
    kms_key: str | None = None  # for that


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done to one database."""

    database: str
    place: str
    plan: Plan
    done: Sequence[StepDone] = ()
    validation: Validation | None = None
    newest: str | None = None  # the newest applied migration afterwards
    backup: BackupTaken | None = None  # taken before
    elapsed_s: float = 0.0

    def finished(self, *, dry_run: bool) -> RunFinished:
        """Return the event of the run's end."""
        planned = (
            StepPlanned(
                id=step.id,
                action=step.action.value,
                how="" if step.script.transactional else mode(step.script),
            )
            for step in self.plan.steps
        )
        return RunFinished(
            database=self.database,
            done=tuple(self.done),
            planned=tuple(planned) if dry_run else None,
            steps_left=len(self.plan.steps) - len(self.done),
            left=self.plan.left,
            newest=self.newest,
            compared=None if self.validation is None else self.validation.in_short,
            elapsed_s=self.elapsed_s,
        )

    def as_json(self, *, dry_run: bool) -> dict[str, Any]:
        """Return what was done, or with `dry_run` what would be."""
        steps, left = self.plan.steps, self.plan.left
        return {
            "database": self.database,
            "steps": [step_as_json(step) for step in steps]
            if dry_run
            else [done_as_json(done) for done in self.done],
            "pending": left + len(steps) if dry_run else left,
            "newest": self.newest,
            "warnings": list(self.plan.warnings),
            "validation": None if self.validation is None else validation_as_json(self.validation),
            "backup": None if self.backup is None else self.backup.label,
            "duration_ms": round(self.elapsed_s * 1000),
        }


def as_json(outcomes: Sequence[Outcome], *, dry_run: bool) -> dict[str, Any]:
    """Return what `migrate` and `rollback` did."""
    return {"dry_run": dry_run, "databases": [outcome.as_json(dry_run=dry_run) for outcome in outcomes]}


def done_before(events: Sequence[Event]) -> dict[str, Any]:
    """Return what a run that fails had done, for the object of its error."""
    databases: list[dict[str, Any]] = []
    backups = []
    for event in events:
        match event:
            case DatabaseOpened():
                databases.append({"database": event.database, "steps": []})
            case StepDone():
                databases[-1]["steps"].append(done_as_json(event))
            case BackupTaken():
                backups.append(backup_as_json(event))
    return ({"backups": backups} if backups else {}) | ({"databases": databases} if databases else {})


def done_as_json(done: StepDone) -> dict[str, Any]:
    """Return one step that is committed."""
    return {
        "id": done.id,
        "action": done.action,
        "path": done.path,
        "checksum": done.checksum,
        "transactional": done.transactional,
        "duration_ms": round(done.elapsed_s * 1000),
        "rows": done.rows,
    }


def migrate(settings: Settings, options: MigrateOptions, emit: Emit) -> list[Outcome]:
    """Apply what is pending in each database, in turn, and validate each.

    The files of all databases are checked before the first one is touched.

    Raises: FileError, CheckError, MigrationFailedError, CredentialsError, UnreachableError, BusyError.
    """

    def plan(session: Session) -> Plan:
        with about(session.layout.name):
            return session.plan_apply(
                to=options.to, steps=options.steps, allow_out_of_order=options.allow_out_of_order
            )

    with open_sessions(settings, emit=emit) as sessions:
        turns = [(session, plan(session)) for session in sessions]
        taken: Mapping[str, BackupTaken] = {}
        if any(first.steps for _, first in turns):
            from runner.commands import pending  # for start-up time: it applies, validates and backs up

            taken = pending.prepare(settings, turns, options, emit)
        return [
            _migrate_one(settings, session, first, plan, options, emit, taken.get(session.title))
            for session, first in turns
        ]


def _migrate_one(
    settings: Settings,
    session: Session,
    plan: Plan,
    plan_again: Callable[[Session], Plan],
    options: MigrateOptions,
    emit: Emit,
    taken: BackupTaken | None,
) -> Outcome:
    started = monotonic()
    emit(DatabaseOpened(database=session.title, place=session.place))
    for text in plan.warnings:
        emit(warning(text))
    done: Sequence[StepDone] = ()
    validation = None
    if (plan.steps or session.state.has_remains) and not options.dry_run:
        from runner.commands import pending

        plan, done, validation = pending.run(settings, session, plan, plan_again, options, emit)
    outcome = replace(outcome_of(session, plan, done, validation, started), backup=taken)
    emit(outcome.finished(dry_run=options.dry_run))
    if validation is not None:
        validation.require_match("All migrations are applied and recorded.")
    return outcome


def outcome_of(
    session: Session, plan: Plan, done: Sequence[StepDone], validation: Validation | None, started: float
) -> Outcome:
    """Return what was done to one database, as it is now."""
    newest = next((entry.id for entry in session.state.newest_first()), None)
    return Outcome(
        database=session.title,
        place=session.place,
        plan=plan,
        done=done,
        validation=validation,
        newest=newest,
        elapsed_s=monotonic() - started,
    )
