"""What `runner migrate` does with what is pending, and before and after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from runner.commands.validate import validate_while_pending
from runner.engine.plan import Plan, compare
from runner.errors import CheckError, about
from runner.events import BackupTaken, Emit, StepDone
from runner.schema.validate.compare import Tolerance, Validation, validate
from runner.session.beside import refuse_neighbours
from runner.session.locked_run import LockedRun, checked
from runner.session.session import Session
from runner.settings import Settings

if TYPE_CHECKING:
    from runner.commands.migrate import MigrateOptions


def prepare(
    settings: Settings, turns: Sequence[tuple[Session, Plan]], options: MigrateOptions, emit: Emit
) -> dict[str, BackupTaken]:
    """Check the files of all databases, and what was asked to be checked first; return the backups taken, by title.

    Raises: FileError, CheckError; as `runner.commands.backup.backups`; nothing was run then.
    """
    for session, plan in turns:
        with about(session.layout.name):
            checked(plan, session, emit)
    pending = [session for session, plan in turns if plan.steps]
    if not options.beside_existing:
        for session in pending:
            refuse_neighbours(session, settings)
    if options.validate_first:
        for session in pending:
            _require_no_drift(settings, session, options, emit)
    if options.backup_to is None or options.dry_run or not pending:
        return {}
    from runner.commands.backup import BackupOptions, back_up  # an option, and large

    chosen = BackupOptions(to=options.backup_to, kms_key=options.kms_key, lock_wait_s=options.waits.lock_s)
    return back_up(settings, pending, chosen, emit)


def run(
    settings: Settings,
    session: Session,
    first: Plan,
    plan_again: Callable[[Session], Plan],
    options: MigrateOptions,
    emit: Emit,
) -> tuple[Plan, Sequence[StepDone], Validation | None]:
    """Run what is pending in one database; return the plan that was run, what is committed, and how the schema compares.

    Raises: as `migrate`.
    """
    work = LockedRun(settings, session, emit, checked=first, waits=options.waits)
    if not options.single_transaction:
        done = work.run(lambda: plan_again(session))
        return work.plan, done, _validate(session, work.plan, options, settings)
    validation = None

    def check() -> None:
        nonlocal validation
        validation = _validate(session, work.plan, options, settings)
        if validation is not None:
            validation.require_match(f"All of {session.title} was rolled back; nothing is changed.")

    done = work.run(lambda: plan_again(session), single_transaction=True, before_commit=check)
    return work.plan, done, validation


def _require_no_drift(settings: Settings, session: Session, options: MigrateOptions, emit: Emit) -> None:
    """Refuse to run anything where the schema is not what the applied files give; with none applied there is nothing to compare.

    Raises: CheckError, also where it cannot be compared.
    """
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
    validation.require_match("Nothing was run.")


def _validate(session: Session, plan: Plan, options: MigrateOptions, settings: Settings) -> Validation | None:
    """Compare with the snapshot, which shows the schema after the last file: pointless before that."""
    if not options.validate:
        return None
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
