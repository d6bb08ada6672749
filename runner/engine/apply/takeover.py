"""Take over what earlier runs left, for a changed file, or remove it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from runner.engine.apply import concurrently
from runner.engine.apply.concurrently import Verdict
from runner.engine.history.actor import Actor
from runner.engine.history.journal import Direction, Journal, JournalStep, with_leftovers
from runner.engine.history.state import State
from runner.engine.history.store import History
from runner.errors import CheckError, Location
from runner.events import Emit
from runner.files.migrations.load import script_from_history
from runner.files.migrations.migration import Script
from runner.files.migrations.segments import Unit
from runner.files.migrations.units import units
from runner.files.sqltext.classify import is_repeatable
from runner.files.sqltext.concurrent import Concurrent, DropIndex, concurrent
from runner.files.sqltext.lexer import Statement, statements
from runner.wording import counted, is_or_are

Connection = psycopg.Connection[Any]


def clear_all(conn: Connection, history: History, actor: Actor, state: State, emit: Emit) -> None:
    """Remove what failed statements of any file left, and the journals of files that were recorded since by other means.

    Raises: as `clear`.
    """
    for id_, direction in with_leftovers(conn, history.names):
        journal = Journal(history.names, actor, id_, direction)
        clear(conn, journal, emit)
        for row in journal.interrupted(conn):
            if row.step < 0:
                journal.forget(conn, row.step)
    for id_, way in sorted(state.stale):
        journal = Journal(history.names, actor, id_, Direction(way))
        clear(conn, journal, emit)
        conn.execute(journal.closing())


def clear(conn: Connection, journal: Journal, emit: Emit) -> None:
    """Remove the invalid indexes that failed or interrupted statements of a file left.

    Raises: TableLockedError when another session seems to be building one of them.
    """
    for row in journal.interrupted(conn):
        statement = _statement(row)
        found = None if statement is None else concurrent(statement)
        if statement is not None and found is not None:
            _clear(conn, row, found, statement, emit)


def take_over(
    conn: Connection, journal: Journal, migration_id: str, script: Script, emit: Emit
) -> Mapping[int, JournalStep]:
    """Let a changed file go on where it was interrupted; return the steps that count for it.

    A statement of which some batches are committed may change; one that was cut off is cleared away if the catalog
    shows that it did not take effect.

    Raises: CheckError when what is in effect is not what the file says now, or cannot be known.
    """
    begun = journal.steps(conn)
    require_kind(migration_id, script, begun)
    _require_one_session(conn, journal, migration_id, script, begun)
    now = {unit.number: unit for unit in units(script)}
    for number, row in begun.items():
        unit = now.get(number)
        if row.is_done or (unit is not None and unit.fingerprint == row.fingerprint):
            continue
        if row.is_batch and unit is not None:
            journal.take_over_step(conn, number, fingerprint=unit.fingerprint)
        elif _left_no_effect(conn, row, emit):
            journal.forget(conn, number)
        else:
            raise _unsettled(migration_id, script, number, unit)
    return journal.steps(conn)


def require_kind(migration_id: str, script: Script, begun: Mapping[int, JournalStep]) -> None:
    """Refuse to go on with a file whose statements do not commit the way those did that are in effect.

    Raises: CheckError.
    """
    batches = any(row.repeats for row in begun.values())
    steps = sum(row.is_done or row.is_batch for row in begun.values())
    if not steps:
        return
    if script.transactional:
        now, was = "one transaction", "batch" if batches else "transactional: false"
    elif batches and script.batch is None:
        now, was = "run statement by statement", "batch"
    elif script.batch is not None and any(row.is_done and not row.repeats for row in begun.values()):
        now, was = "run in batches", "transactional: false"
    else:
        return
    raise CheckError(
        f"{migration_id} is {now} now, but was begun with -- {was}",
        where=Location(script.label),
        detail=f"{counted(steps, 'step')} of it {is_or_are(steps)} in effect, and would be run again. Nothing was changed.",
        hint=f"Put the directive back: -- {was}{': true' if was == 'batch' else ''}; or, once what is in effect is undone "
        f'by hand: runner repair restart {migration_id} --reason "…"',
    )


def _require_one_session(
    conn: Connection, journal: Journal, migration_id: str, script: Script, begun: Mapping[int, JournalStep]
) -> None:
    """Refuse to go on in one session with a file of which statements ran in several that were set otherwise.

    Raises: CheckError.
    """
    text, start = journal.begun_with(conn), journal.start(conn)
    if script.parallel > 1 or text is None or start is None:
        return
    if script_from_history(migration_id, text, transactional=None, project=Path()).parallel <= 1:
        return
    states = {row.session.since(start) for row in begun.values() if row.session is not None}
    if len(states) > 1:
        raise CheckError(
            f"the statements of {migration_id} that are in effect ran with different settings",
            where=Location(script.label),
            detail="The file was begun with -- parallel, and a statement changed the settings of its own session. Nothing was "
            "changed.",
            hint=f'Undo by hand what is in effect, and begin again: runner repair restart {migration_id} --reason "…"',
        )


def check_progress(migration_id: str, script: Script, begun: Mapping[int, JournalStep]) -> int:
    """Return how many statements are in effect; the text of each must be what it was when it was run.

    Raises: CheckError for one that is not, or is no longer in the file.
    """
    require_kind(migration_id, script, begun)
    done, left = 0, dict(begun)
    for unit in units(script, streams=True):
        row = left.pop(unit.number, None)
        if row is None:
            continue
        if row.fingerprint != unit.fingerprint:
            raise _changed(migration_id, script, unit)
        done += 0 if not row.is_done else len(unit.statements)
    if left:
        raise CheckError(
            f"{migration_id} now has fewer statements than were run",
            where=Location(script.label),
            detail=f"Step {min(left)} was run and is no longer in the file. Nothing more was run.",
            hint=_RESTORE.format(id=migration_id),
        )
    return done


def _statement(row: JournalStep) -> Statement | None:
    return None if row.sql is None else next(iter(statements([row.sql])))


def _left_no_effect(conn: Connection, row: JournalStep, emit: Emit) -> bool:
    """Return whether a statement that was cut off is known to have no effect; what it left half done is removed."""
    statement = _statement(row)
    if statement is None:
        return False
    found = concurrent(statement)
    if found is None:
        return is_repeatable(statement)
    return _clear(conn, row, found, statement, emit) is Verdict.AGAIN


def _clear(
    conn: Connection, row: JournalStep, found: Concurrent, statement: Statement, emit: Emit
) -> Verdict:
    there = concurrently.placed(conn, found, row.relation)
    if there is None:  # the table is gone, and its indexes with it; of an index, that was the purpose
        return Verdict.DONE if isinstance(found, DropIndex) else Verdict.AGAIN
    return concurrently.clear(conn, there, statement.text, row.seen, emit)


def _changed(migration_id: str, script: Script, unit: Unit) -> CheckError:
    return CheckError(
        f"statement {unit.earlier + 1} of {migration_id} differs from what was run",
        where=script.location(unit.first.start),
        detail="The file was changed after a run had begun it. Nothing more was run.",
        hint=_RESTORE.format(id=migration_id),
    )


def _unsettled(migration_id: str, script: Script, number: int, unit: Unit | None) -> CheckError:
    """Return the error for a changed statement of which it is not known whether it took effect."""
    return CheckError(
        f"it is not known whether step {number} of {migration_id} took effect, and the file has changed there",
        where=Location(script.label) if unit is None else script.location(unit.first.start),
        detail="The run that began it was cut off. Nothing more was run.",
        hint="Look at the database. If it did not take effect, or is undone by hand: "
        f'runner repair again {migration_id} --reason "…", then runner repair continue. If it did, restore what stood '
        f'there and run: runner repair done {migration_id} --reason "…"',
    )


_RESTORE = (
    "Restore that statement, and put the change after the statements that are in effect; or, once they are undone "
    'by hand: runner repair restart {id} --reason "…"'
)
