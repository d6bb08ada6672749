"""Run a file that is not one transaction: its units commit one by one, and the journal records each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import psycopg

from runner.engine.apply import wire
from runner.engine.apply.batch import run_batch
from runner.engine.apply.context import Work, direction_of, record_of
from runner.engine.apply.journaled_statement import Progress, defaults_kept, run_unit
from runner.engine.apply.parallel import run_in_parallel
from runner.engine.apply.takeover import check_progress
from runner.engine.apply.wire import Part
from runner.engine.history.journal import Journal, JournalStep
from runner.engine.history.message import committing, recording, reset_session
from runner.engine.history.session_state import (
    SessionState,
    custom_settings_of_functions,
    restore,
    restore_defaults,
)
from runner.engine.plan import Step
from runner.errors import CheckError, MigrationFailedError
from runner.files.migrations.migration import FileChangedError
from runner.files.migrations.segments import Unit
from runner.files.migrations.units import check_script, units
from runner.files.sqltext.classify import custom_settings, is_for_the_session, names

Connection = psycopg.Connection[Any]


def run_non_transactional(work: Work, step: Step) -> int | None:
    """Run the part of a file that is not in effect yet, record it, and return the rows that its batches changed.

    Raises: RunnerError; what is in effect stays so, and the journal knows it. CheckError when it cannot be known.
    """
    conn = work.conn
    work.history.keep_yoyo_out()
    try:
        with wire.connection_kept(step.id, outcome=wire.JOURNALLED):
            return _run(work, step)
    finally:
        if not conn.closed:
            wire.roll_back(conn)
            wire.execute(conn, reset_session())
            work.history.remove_runner_lock_row()


def _run(work: Work, step: Step) -> int | None:
    started = time.monotonic()
    script, conn, total = step.script, work.conn, check_script(step.script)
    own = () if script.text is None else custom_settings(script.text)
    custom = sorted({*own, *custom_settings_of_functions(conn)})
    journal = Journal(work.names, work.actor, step.id, direction_of(step), custom_settings=custom)
    journal.upgrade(conn)
    wire.set_for_session(conn, work.settings(script))
    journal.open(conn, checksum=script.checksum, statements=total, text=script.text)
    begun = journal.steps(conn)
    progress = Progress(
        work,
        step.id,
        script,
        total=total,
        done=check_progress(step.id, script, begun),
        rolls_back=journal.is_rollback,
    )
    if script.parallel > 1:
        run_in_parallel(progress, list(_to_do(step, begun)), begun, journal)
    else:
        try:
            _one_by_one(progress, journal, begun, step)
        except FileChangedError as error:
            raise MigrationFailedError(
                f"{step.id} changed while it was run",
                where=error.where,
                detail=f"{error.detail} It is not recorded as done.",
                left=progress.left,
                hint="Restore the file as it was when the run began, and run the same command again. If you changed only "
                f'the part that was not run yet: runner repair continue {step.id} --reason "…"',
            ) from error
    rows = sum(row.rows_affected for row in journal.steps(conn).values()) if script.batch else None
    elapsed_ms = round((time.monotonic() - started) * 1000)
    record = recording(work.names, record_of(step, elapsed_ms, rows=rows), work.actor)
    tail = b"; ".join((reset_session().rstrip(b"; "), b"BEGIN", record, journal.closing(), committing()))
    with wire.explained(lambda: progress.left):
        wire.send(conn, Part(script=script, tail=tail))
    return rows


def _one_by_one(progress: Progress, journal: Journal, begun: Mapping[int, JournalStep], step: Step) -> None:
    conn, script = progress.work.conn, step.script
    start = journal.start(conn) if begun else None
    last: JournalStep | None = None
    for unit in units(script, streams=True):
        row = begun.get(unit.number)
        if row is not None and row.is_done:
            last = row if row.session is not None or last is None else last
            if _is_run_again(unit, row):  # what it set went with the session that was lost
                with wire.explained(lambda: progress.left):
                    wire.send_unit(conn, unit, script)
            continue
        if last is not None:
            _restore_session(progress, start, last, unit)
            last = None
        if script.batch is not None:
            run_batch(progress, journal, conn, unit, row)
        else:
            run_unit(progress, journal, conn, unit, row)


def _is_run_again(unit: Unit, row: JournalStep) -> bool:
    """Return whether a statement that is in effect only prepares the session; a SELECT may do more than set something."""
    return is_for_the_session(unit.first) and (row.session is None or not unit.first.starts_with("SELECT"))


def _restore_session(progress: Progress, start: SessionState | None, last: JournalStep, unit: Unit) -> None:
    """Restore what the statements before `unit` had set in the lost session.

    Raises: CheckError when the rest of the file needs a temporary table of that session.
    """
    state = last.session
    if start is None or state is None:
        return
    script = progress.script
    for later in units(script, streams=True):
        if later.number < unit.number:
            continue
        for statement in later.statements:
            gone = sorted(state.temporary.intersection(names(statement.text)))
            if gone:
                raise CheckError(
                    f"the rest of {progress.migration_id} needs temporary table {gone[0]}, which is gone",
                    where=script.location(statement.start),
                    detail="It ended with the session of the run that was interrupted. Nothing more was run.",
                    left=progress.left._replace(goes_on=False),
                    hint="Undo by hand what is in effect, put the statements that need the table into one BEGIN … COMMIT "
                    f'block, and begin again: runner repair restart {progress.migration_id} --reason "…"',
                )
    for changed in restore_defaults(progress.work.conn, start):
        progress.work.emit(defaults_kept(progress.migration_id, changed))
    restore(progress.work.conn, start, state)


def _to_do(step: Step, begun: Mapping[int, JournalStep]) -> list[Unit]:
    done = {number for number, row in begun.items() if row.is_done}
    return [unit for unit in units(step.script) if unit.number not in done]
