"""Run a plan, step by step or all in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg

from runner.engine.apply import several_files, wire
from runner.engine.apply.context import Work, rolled_back
from runner.engine.apply.retry import retrying
from runner.engine.apply.several_files import Carried
from runner.engine.apply.transactional import run_transactional
from runner.engine.history.encoding import require_storable, storable
from runner.engine.history.message import Record, committing, recording
from runner.engine.history.state import Operation, State
from runner.engine.plan import Action, Plan, Step, is_done
from runner.errors import (
    AllRolledBack,
    Committed,
    InEffect,
    Left,
    MigrationFailedError,
    StoppedError,
    TableLockedError,
    Unknown,
    UsageError,
)
from runner.events import Emit, StepDone, silent, warning
from runner.files.migrations.units import check_script, refuse_unwritten

Connection = psycopg.Connection[Any]


def check_plan(plan: Plan, conn: Connection, emit: Emit = silent) -> None:
    """Check every file of a plan before the first one runs, and the rollbacks that history will keep of them.

    `conn` is asked whether the encoding of its database can hold the files, if that is not UTF8.

    Raises: FileError for the first file that cannot be run.
    """
    for step in plan.steps:
        if check_script(step.script) == 0 and not step.script.copies:
            refuse_unwritten(step.script, is_rollback=step.action is Action.ROLLBACK)
            emit(warning(f"{step.script.label} holds no statement; it is only recorded"))
        undo = None if step.migration is None or step.migration.irreversible else step.migration.rollback
        if step.action is not Action.ROLLBACK and undo is not None and check_script(undo) == 0:
            refuse_unwritten(undo, is_rollback=True)
    kept = [
        step.migration
        for step in plan.steps
        if step.action is not Action.ROLLBACK and step.migration is not None
    ]
    require_storable(conn, kept, [step.script for step in plan.steps])


def run_plan(
    work: Work,
    plan: Plan,
    *,
    single_transaction: bool = False,
    before_commit: Callable[[], None] = lambda: None,
) -> list[StepDone]:
    """Run the steps in order and return them; stops at the first that fails.

    A step that meets a lock is tried again. With `single_transaction` all of them are one transaction, and
    `before_commit` may still refuse it.

    Raises: MigrationFailedError, UnreachableError, BusyError; each says in which state the database was left.
    """
    if not single_transaction:
        return _one_after_the_other(work, plan.steps)
    alone = next((s for s in plan.steps if not s.script.transactional), None)
    if alone is not None:
        raise UsageError(
            f"{alone.id} cannot run inside a transaction",
            detail="It is marked transactional: false, or batch. Nothing was run.",
            hint="Leave out --single-transaction, or stop before it with --to.",
        )
    begun: list[Step] = []
    try:
        return retrying(
            lambda: _together(work, plan.steps, before_commit, begun),
            retries=work.limits.lock_retries,
            what="the transaction",
            emit=work.emit,
        )
    except (MigrationFailedError, TableLockedError) as error:
        _record_failure(work, begun[-1], error)
        raise


def _one_after_the_other(work: Work, steps: Sequence[Step]) -> list[StepDone]:
    """Run the steps in order, as many in one message as may travel so."""
    done: list[StepDone] = []
    pace = several_files.Pace()
    while len(done) < len(steps):
        started, begun = time.monotonic(), len(done)
        carried = several_files.choose(steps[begun:], pace.files)
        met = None
        if len(carried) > 1:
            met = _run_bundle(work, carried, done, later=len(steps) - begun - len(carried))
        if met is not None or len(done) == begun:
            step = steps[len(done)]
            done.append(_run_step(work, step, later=len(steps) - len(done) - 1, met=met))
        pace.took(time.monotonic() - started)
    return done


def _run_bundle(
    work: Work, carried: Sequence[Carried], done: list[StepDone], *, later: int
) -> MigrationFailedError | TableLockedError | None:
    told = len(done)
    try:
        return several_files.run(work, carried, done, later=later)
    except KeyboardInterrupt as stop:
        state = _state_after_stop(work)
        steps = [each.step for each in carried]
        committed = [step for step in steps if state is not None and is_done(step, state)]
        for step in committed[len(done) - told :]:
            entry = None if state is None else state.applied.get(step.id)
            work.emit(step.done(((entry and entry.duration_ms) or 0) / 1000))
        reached = max(len(committed), len(done) - told)
        raise _stopped(steps[min(reached, len(steps) - 1)], stop, state) from None


def _run_step(
    work: Work, step: Step, *, later: int, met: MigrationFailedError | TableLockedError | None = None
) -> StepDone:
    """Run one step by itself; `met` is the error that it met in a message with others, which counts as a try."""
    started = time.monotonic()
    tries = [] if met is None else [met]

    def attempt() -> int | None:
        if tries:
            raise tries.pop()
        return run_transactional(work, step, left=rolled_back(step, later=later))

    try:
        if step.script.transactional:
            rows = retrying(
                attempt,
                retries=work.retries(step.script),
                what=step.id,
                emit=work.emit,
            )
        else:
            from runner.engine.apply.non_transactional import run_non_transactional

            rows = run_non_transactional(work, step)
    except (MigrationFailedError, TableLockedError) as error:
        _record_failure(work, step, error)
        if not step.script.transactional and error.hint is None:
            error.hint = _way_on(work, step)
        raise
    except KeyboardInterrupt as stop:
        raise _stopped(step, stop, _state_after_stop(work)) from None
    done = step.done(time.monotonic() - started, rows)
    work.emit(done)
    return done


def _way_on(work: Work, step: Step) -> str:
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


def _together(
    work: Work, steps: tuple[Step, ...], before_commit: Callable[[], None], begun: list[Step]
) -> list[StepDone]:
    """Run all steps in one transaction; `begun` gets each as it begins."""
    done = []
    begun.clear()  # of an earlier try
    try:
        for n, step in enumerate(steps):
            begun.append(step)
            started = time.monotonic()
            rows = run_transactional(
                work, step, left=AllRolledBack(_migrations(begun)), begin=n == 0, commit=False
            )
            done.append(step.done(time.monotonic() - started, rows))
        before_commit()
        with wire.connection_kept("the commit", outcome=wire.COMMITTING), work.watched("the commit"):
            work.conn.execute(committing())
    except KeyboardInterrupt as stop:
        at = steps[min(len(done), len(steps) - 1)]
        raise StoppedError.by(stop, during=at.id, left=_left_of_all(begun, _state_after_stop(work))) from None
    except BaseException:
        wire.roll_back(work.conn)
        raise
    for each in done:
        work.emit(each)
    return done


def _left_of_all(begun: Sequence[Step], state: State | None) -> Left:
    """Return what a signal left of the steps of one transaction that had begun."""
    if state is None:
        return Unknown()
    return Committed("run") if begun and is_done(begun[0], state) else AllRolledBack(_migrations(begun))


def _migrations(begun: Sequence[Step]) -> int:
    return sum(step.action is not Action.HOOK for step in begun)


def _state_after_stop(work: Work) -> State | None:
    """Read the state after a signal; the statement is canceled already. None if the server does not answer."""
    try:
        wire.roll_back(work.conn)
        return None if work.conn.closed else work.history.state()
    except psycopg.OperationalError:  # a stopped run does not connect again
        return None


def _stopped(step: Step, stop: KeyboardInterrupt, state: State | None) -> StoppedError:
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


def _record_failure(work: Work, step: Step, error: MigrationFailedError | TableLockedError) -> None:
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
