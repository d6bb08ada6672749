"""`runner migrate`: bring each database up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from runner.engine.plan import Plan, compare
from runner.errors import CheckError, RunnerError, about
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
from runner.report.parts import mode, step_as_json
from runner.session.beside import refuse_neighbours
from runner.session.locked_run import LockedRun, Waits, checked
from runner.session.session import Session, open_sessions
from runner.settings import Settings

if TYPE_CHECKING:
    from runner.commands.backup import BackupOptions
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
    backup: BackupOptions | None = None  # one is taken first


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
        validation = None
        if self.validation is not None:
            from runner.commands.validate import validation_as_json

            validation = validation_as_json(self.validation)
        return {
            "database": self.database,
            "steps": [step_as_json(step) for step in steps]
            if dry_run
            else [done_as_json(done) for done in self.done],
            "pending": left + len(steps) if dry_run else left,
            "newest": self.newest,
            "warnings": list(self.plan.warnings),
            "validation": validation,
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
                from runner.commands.backup import backup_as_json

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

    def first_plan(session: Session) -> Plan:
        with about(session.layout.name):
            return checked(plan(session), session, emit)

    with open_sessions(settings, emit=emit) as sessions:
        plans = [first_plan(session) for session in sessions]
        pending = [session for session, first in zip(sessions, plans, strict=True) if first.steps]
        if not options.beside_existing:
            for session in pending:
                refuse_neighbours(session, settings)
        if options.validate_first:
            for session in pending:
                _require_no_drift(settings, session, options, emit)
        taken = _back_up(settings, pending, options, emit)
        return [
            _migrate_one(settings, session, first, plan, options, emit, taken.get(session.title))
            for session, first in zip(sessions, plans, strict=True)
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
    done: list[StepDone] = []
    validation = None
    if (plan.steps or session.state.has_remains) and not options.dry_run:
        work = LockedRun(
            settings,
            session,
            emit,
            checked=plan,
            waits=options.waits,
        )

        def check() -> None:
            nonlocal validation
            validation = _validate(session, work.plan, options, settings)
            _require_match(validation, f"All of {session.title} was rolled back; nothing is changed.")

        done = work.run(
            lambda: plan_again(session),
            single_transaction=options.single_transaction,
            before_commit=check if options.single_transaction else lambda: None,
        )
        plan = work.plan
        if not options.single_transaction:
            validation = _validate(session, plan, options, settings)
    outcome = replace(outcome_of(session, plan, done, validation, started), backup=taken)
    emit(outcome.finished(dry_run=options.dry_run))
    _require_match(validation, "All migrations are applied and recorded.")
    return outcome


def _require_no_drift(settings: Settings, session: Session, options: MigrateOptions, emit: Emit) -> None:
    """Refuse to run anything where the schema is not what the applied files give; with none applied there is nothing to compare.

    Raises: CheckError, also where it cannot be compared.
    """
    from runner.commands.validate import validate_while_pending
    from runner.schema.validate.compare import Tolerance

    comparison = compare(session.files, session.state)
    if not session.state.applied:
        return
    validation = validate_while_pending(
        session,
        settings,
        comparison,
        tolerance=Tolerance(ignore=settings.ignore),
        scratch_url=options.scratch_url,
        emit=emit,
    )
    if validation.skipped is not None:
        raise CheckError(
            f"{session.title} cannot be validated first",
            detail=f"{validation.skipped} Nothing was run.",
            hint="Without --validate-first the schema is compared after the last file only.",
        )
    _require_match(validation, "Nothing was run.")


def _back_up(
    settings: Settings, pending: Sequence[Session], options: MigrateOptions, emit: Emit
) -> dict[str, BackupTaken]:
    """Back up every database that is about to be changed, before the first one is; return them by title.

    Raises: as `runner.commands.backup.take_one`; nothing was run then.
    """
    if options.backup is None or options.dry_run or not pending:
        return {}
    from runner.commands.backup import take_one
    from runner.upkeep.backup import open_place

    place = open_place(options.backup.to, environ=settings.environ, kms_key=options.backup.kms_key)
    taken = {}
    try:
        for session in pending:
            made = take_one(settings, session, place, options.backup, emit)
            taken[session.title] = made
            emit(made)
    except RunnerError as error:
        error.notes.append("No migration was run, because there is no backup.")
        raise
    return taken


def _validate(session: Session, plan: Plan, options: MigrateOptions, settings: Settings) -> Validation | None:
    """Compare with the snapshot, which shows the schema after the last file: pointless before that."""
    if not options.validate:
        return None
    from runner.schema.validate.compare import Tolerance, Validation, validate

    label = settings.label(session.layout.snapshot)
    if plan.left:
        return Validation(snapshot=label, skipped=f"{plan.left} still pending")
    if plan.missing:
        return Validation(snapshot=label, skipped="the database is ahead of these files")
    return validate(
        session.connection,
        session.layout.snapshot,
        label,
        exclude=(settings.migration_table,),
        name=session.place,
        files=session.files,
        recent=[step.id for step in plan.steps],
        tolerance=Tolerance(ignore=settings.ignore),
    )


def _require_match(validation: Validation | None, state: str) -> None:
    if validation is not None and not validation.matches and validation.skipped is None:
        from runner.schema.validate.compare import mismatch

        raise mismatch(validation, state=state)


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
