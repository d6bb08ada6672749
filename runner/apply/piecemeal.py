"""A file that is not one transaction: its units commit one by one, and the journal knows how far it came."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import psycopg

from runner.apply import send
from runner.apply.batch import run_batch
from runner.apply.parallel import run_in_parallel
from runner.apply.send import Part
from runner.apply.unit import Progress, run_unit
from runner.apply.work import Work, direction_of, record_of
from runner.errors import CheckError, MigrationFailedError
from runner.history import Journal, JournalStep, committing, recording, reset_session
from runner.migrations import Script, Unit, check_script, units
from runner.migrations.model import FileChangedError
from runner.plan import Step
from runner.sqltext.classify import is_for_the_session

Connection = psycopg.Connection[Any]


def run_piecemeal(work: Work, step: Step) -> int | None:
    """Run what is not yet in effect of a file, record it, and return the rows that its batches changed.

    Raises: RunnerError; what is in effect stays so, and the journal knows it. CheckError when it cannot be known.
    """
    conn = work.conn
    work.history.keep_yoyo_out()
    try:
        with send.connection_kept(step.id, outcome=send.JOURNALLED):
            return _run(work, step)
    finally:
        if not conn.closed:
            send.roll_back(conn)
            send.execute(conn, reset_session())
            work.history.remove_runner_lock_row()


def _run(work: Work, step: Step) -> int | None:
    started = time.monotonic()
    script, conn, total = step.script, work.conn, check_script(step.script)
    journal = Journal(work.names, work.actor, step.id, direction_of(step))
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
        run_in_parallel(progress, list(_to_do(step, begun)), begun, direction_of(step))
    else:
        try:
            _one_by_one(progress, journal, begun, step)
        except FileChangedError as error:
            raise MigrationFailedError(
                f"{step.id} changed while it was run",
                where=error.where,
                detail=f"{error.detail} It is not recorded as done; {progress.state}",
                hint="Restore the file as it was when the run began, and run the same command again. If only what was not run "
                f'yet is changed: runner repair continue {step.id} --reason "…"',
            ) from error
    rows = sum(row.rows_affected for row in journal.steps(conn).values()) if script.batch else None
    elapsed_ms = round((time.monotonic() - started) * 1000)
    record = recording(work.names, record_of(step, elapsed_ms, rows=rows), work.actor)
    tail = b"; ".join((reset_session().rstrip(b"; "), b"BEGIN", record, journal.closing(), committing()))
    send.send(conn, Part(script=script, state=progress.state, tail=tail))
    return rows


def _one_by_one(progress: Progress, journal: Journal, begun: Mapping[int, JournalStep], step: Step) -> None:
    conn, script = progress.work.conn, step.script
    send.set_for_session(conn, progress.work.settings(script))
    for unit in units(script):
        row = begun.get(unit.number)
        if row is not None and row.is_done:
            if is_for_the_session(unit.first):  # what it set went with the session that was lost
                send.send_unit(conn, unit, script, progress.state)
        elif script.batch is not None:
            run_batch(progress, journal, conn, unit, row)
        else:
            run_unit(progress, journal, conn, unit, row)


def _to_do(step: Step, begun: Mapping[int, JournalStep]) -> list[Unit]:
    done = {number for number, row in begun.items() if row.is_done}
    return [unit for unit in units(step.script) if unit.number not in done]


def check_progress(migration_id: str, script: Script, begun: Mapping[int, JournalStep]) -> int:
    """Count the statements that are in effect; the text of each must be what it was when it was run.

    Raises: CheckError for one that is not: the journal was begun with another file.
    """
    done = 0
    for unit in units(script):
        row = begun.get(unit.number)
        if row is None:
            continue
        if row.fingerprint != unit.fingerprint:
            raise CheckError(
                f"statement {unit.earlier + 1} of {migration_id} is not what was run",
                where=script.location(unit.first.start),
                detail="The file was changed after it had been begun. Nothing was changed by this run.",
                hint="Restore what stood there, and put the change behind the statements that are in effect; or, once "
                f'they are undone by hand: runner repair restart {migration_id} --reason "…"',
            )
        done += 0 if not row.is_done else len(unit.statements)
    return done
