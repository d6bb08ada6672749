"""What a refused statement or a signal leaves behind: read from history, noted in it, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import psycopg

from runner.engine.apply import wire
from runner.engine.apply.context import Work, rolled_back
from runner.engine.history.encoding import storable
from runner.engine.history.message import Record, recording
from runner.engine.history.state import Operation, State
from runner.engine.plan import Action, Step, is_done
from runner.errors import (
    AllRolledBack,
    Committed,
    InEffect,
    Left,
    MigrationFailedError,
    StoppedError,
    TableLockedError,
    Unknown,
)
from runner.files.migrations.units import check_script


def way_on(work: Work, step: Step) -> str:
    """Return what to do about a refused statement of a file that is not one transaction."""
    command = "rollback" if step.action is Action.ROLLBACK else "migrate"
    if step.migration is None:
        return (
            "Its file is gone, so the SQL is the one in history. Restore the file to correct it; or, once its work is undone by "
            f'hand: runner repair forget {step.id} --reason "…"'
        )
    if work.conn.closed or step.id not in work.history.state().partial:
        return f"Correct the file, then: runner {command}"
    return (
        f"If the cause was in the database, remove it and run the same command again. If it is in the file, correct "
        f'the statements that are not in effect, then: runner repair continue {step.id} --reason "…"'
    )


def left_of_all(begun: Sequence[Step], state: State | None) -> Left:
    """Return what a signal left of the steps of one transaction that had begun."""
    if state is None:
        return Unknown()
    return Committed("run") if begun and is_done(begun[0], state) else AllRolledBack(migrations_of(begun))


def migrations_of(begun: Sequence[Step]) -> int:
    """Return how many of the steps are files of migrations."""
    return sum(step.action is not Action.HOOK for step in begun)


def state_after_stop(work: Work) -> State | None:
    """Read the state after a signal; the statement is canceled already. None if the server does not answer."""
    try:
        wire.roll_back(work.conn)
        return None if work.conn.closed else work.history.state()
    except psycopg.OperationalError:  # a stopped run does not connect again
        return None


def stopped(step: Step, stop: KeyboardInterrupt, state: State | None) -> StoppedError:
    """Return the error for a signal: history knows what it left behind."""
    left = Unknown() if state is None else _left_behind(state, step)
    return StoppedError.by(stop, during=step.id, left=left)


def _left_behind(state: State, step: Step) -> Left:
    partly = state.partial.get(step.id)
    if step.action is not Action.HOOK and is_done(step, state):
        return Committed()
    if step.script.transactional:
        return rolled_back(step)
    is_rollback = step.action is Action.ROLLBACK
    if partly is None:
        return InEffect(0, check_script(step.script), is_rollback=is_rollback)
    return InEffect(
        partly.done,
        partly.total,
        is_rollback=is_rollback,
        batch_rows=partly.batch_rows or 0,
        in_doubt=partly.in_doubt,
    )


def record_failure(work: Work, step: Step, error: MigrationFailedError | TableLockedError) -> None:
    """Note the attempt, for `status`; the error itself matters more than whether this succeeds."""
    if work.conn.closed or step.action is Action.ROLLBACK:
        return
    with suppress(wire.StatementError, psycopg.OperationalError):
        record = Record(
            id=step.id,
            operation=Operation.FAIL,
            reason=storable(work.conn, error.message),
            checksum=step.script.checksum,
            text=step.script.text,
            elapsed_ms=None,
        )
        wire.execute(work.conn, recording(work.names, record, work.actor))
