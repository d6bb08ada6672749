"""Run a plan: each migration applied and recorded in one transaction, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

import psycopg

from runner.apply import send
from runner.apply.send import Part
from runner.errors import (
    ConnectionLostError,
    MigrationFailedError,
    RunnerError,
    StoppedError,
    Terminated,
    UnreachableError,
    UsageError,
)
from runner.history import Actor, History, Operation, Record, after, before, recording, reset_session
from runner.migrations import Kind, Script, Segment, check_script, segments, units
from runner.plan import Action, Plan, Step
from runner.wording import counted

_OPERATIONS = {
    Action.APPLY: Operation.APPLY,
    Action.REAPPLY: Operation.APPLY,
    Action.HOOK: Operation.HOOK,
    Action.ROLLBACK: Operation.ROLLBACK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One step that is committed."""

    step: Step
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what happens, as it happens."""

    begins: Callable[[Step], None] = lambda _: None
    done: Callable[[Done], None] = lambda _: None
    warns: Callable[[str], None] = lambda _: None


def check_plan(plan: Plan, listener: Listener) -> None:
    """Check every file of a plan before the first one runs.

    Raises: FileError for the first file that cannot be run.
    """
    for step in plan.steps:
        if check_script(step.script) == 0:
            listener.warns(f"{step.script.label} holds no statement; it is only recorded")


def run_plan(
    history: History,
    plan: Plan,
    actor: Actor,
    *,
    listener: Listener,
    single_transaction: bool = False,
    before_commit: Callable[[], None] = lambda: None,
) -> list[Done]:
    """Run the steps in order and return them; stops at the first that fails.

    With `single_transaction` all of them are one transaction, and `before_commit` may still refuse it.

    Raises: MigrationFailedError, UnreachableError, BusyError; each says in which state the database was left.
    """
    run = _Run(history, actor, listener)
    if not single_transaction:
        return [run.step(step, later=len(plan.steps) - n - 1) for n, step in enumerate(plan.steps)]
    alone = next((s for s in plan.steps if not s.script.transactional), None)
    if alone is not None:
        raise UsageError(
            f"{alone.id} cannot run inside a transaction",
            detail="It is marked transactional: false. Nothing was run.",
            hint="Leave out --single-transaction, or stop before it with --to.",
        )
    return run.together(plan.steps, before_commit)


class _Run:
    def __init__(self, history: History, actor: Actor, listener: Listener) -> None:
        self._history = history
        self._conn: psycopg.Connection[Any] = history.connection
        self._names = history.names
        self._actor = actor
        self._listener = listener

    def step(self, step: Step, *, later: int) -> Done:
        """Run one step in a transaction of its own."""
        self._listener.begins(step)
        started = time.monotonic()
        state = send.rolled_back() + _rest(later)
        try:
            if step.script.transactional:
                self._transactional(step, started, begin=True, commit=True, state=state)
            else:
                self._statement_by_statement(step, started)
        except ConnectionLostError as lost:
            if step.script.transactional:
                raise
            # what its statements did cannot be known, so nothing may repeat them without being asked
            raise UnreachableError(lost.message, detail=lost.detail, hint=lost.hint) from lost
        except MigrationFailedError as error:
            self._record_failure(step, error)
            raise
        except KeyboardInterrupt as stop:
            raise self._stopped(step, stop) from None
        done = Done(step=step, elapsed_s=time.monotonic() - started)
        self._listener.done(done)
        return done

    def together(self, steps: tuple[Step, ...], before_commit: Callable[[], None]) -> list[Done]:
        """Run all steps in one transaction."""
        done = []
        try:
            for n, step in enumerate(steps):
                state = send.rolled_back(n + 1)
                self._listener.begins(step)
                started = time.monotonic()
                self._transactional(step, started, begin=n == 0, commit=False, state=state)
                done.append(Done(step=step, elapsed_s=time.monotonic() - started))
            before_commit()
            with send.connection_kept("the commit", committing=True):
                self._conn.execute("COMMIT")
        except BaseException:
            send.roll_back(self._conn)
            raise
        for each in done:
            self._listener.done(each)
        return done

    def _transactional(self, step: Step, started: float, *, begin: bool, commit: bool, state: str) -> None:
        """Send a transactional file with what goes before and after it: one message, unless it is large or copies."""
        script = step.script
        head, head_results = before(self._names, script.settings, begin=begin)
        found = segments(script)
        first, second = next(found, None), next(found, None)
        try:
            with send.connection_kept(step.id, committing=commit):
                if second is None and (first is None or first.copy_data is None):
                    tail = after(self._names, _record(step, 0), self._actor, commit=commit)
                    send.send(
                        self._conn,
                        Part(
                            script=script,
                            state=state,
                            segment=first,
                            head=head,
                            head_results=head_results,
                            tail=tail,
                        ),
                    )
                    return
                send.send(self._conn, Part(script=script, state=state, head=head))
                earlier = 0
                for segment in chain(filter(None, (first, second)), found):
                    send.send(self._conn, Part(script=script, state=state, segment=segment, earlier=earlier))
                    earlier += len(segment.statements)
                tail = after(self._names, _record(step, _ms_since(started)), self._actor, commit=commit)
                send.send(self._conn, Part(script=script, state=state, tail=tail))
        except RunnerError:
            send.roll_back(self._conn)
            raise

    def _statement_by_statement(self, step: Step, started: float) -> None:
        """Run a non-transactional file: each statement commits by itself, the record comes last."""
        script = step.script
        total = check_script(script)
        self._history.keep_yoyo_out()
        number = 0
        try:
            with send.connection_kept(step.id, committing=False):
                for segment in units(script):
                    self._set_limits(segment, script)
                    part = Part(script=script, state=_partial(number, total), segment=segment, earlier=number)
                    send.send(self._conn, part)
                    number += len(segment.statements)
                    if not self._history.holds_lock():
                        raise MigrationFailedError(
                            "the migration released the migration lock",
                            where=script.location(segment.statements[0].start),
                            detail=_partial(number, total).capitalize(),
                            hint="Release only locks that the file took itself.",
                        )
                record = recording(self._names, _record(step, _ms_since(started)), self._actor)
                tail = b"; ".join((reset_session().rstrip(b"; "), b"BEGIN", record, b"COMMIT"))
                send.send(self._conn, Part(script=script, state=_partial(number, total), tail=tail))
        finally:
            if not self._conn.closed:
                send.roll_back(self._conn)
                send.execute(self._conn, reset_session())
                self._history.remove_runner_lock_row()

    def _stopped(self, step: Step, stop: KeyboardInterrupt) -> StoppedError:
        """Say what a signal left behind; the statement is cancelled already, and history knows whether it was in time."""
        send.roll_back(self._conn)
        if self._conn.closed:
            left = "The server did not answer, so the outcome is not known here; runner status tells it."
        elif (step.id in self._history.state().applied) != (step.action is Action.ROLLBACK):
            left = "It had been committed just before."
        elif step.script.transactional:
            left = "It was rolled back whole."
        else:
            left = "Its statements before that are in effect, for the file is not transactional; it is not recorded."
        name = "SIGTERM" if isinstance(stop, Terminated) else "an interrupt"
        return StoppedError(
            f"stopped by {name} during {step.id}",
            signal_number=getattr(stop, "signal_number", 2),
            detail=f"{left} The database is consistent with its history.",
        )

    def _record_failure(self, step: Step, error: MigrationFailedError) -> None:
        """Note the attempt, for `status`; the error itself matters more than whether this succeeds."""
        if self._conn.closed or step.action is Action.ROLLBACK:
            return
        record = Record(
            id=step.id,
            operation=Operation.FAIL,
            reason=error.message,
            checksum=step.script.checksum,
            elapsed_ms=None,
        )
        with suppress(send.StatementError, psycopg.OperationalError):
            send.execute(self._conn, recording(self._names, record, self._actor))

    def _set_limits(self, segment: Segment, script: Script) -> None:
        """Set the file's own time limits; none for CONCURRENTLY: it blocks nobody, and stopped it leaves an invalid index."""
        values = dict(script.settings)
        if segment.statements[0].concurrently:
            values["lock_timeout"] = "0"
        for name, value in values.items():
            self._conn.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, value])


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _record(step: Step, elapsed_ms: int) -> Record:
    migration = step.migration
    undo = None if migration is None or migration.irreversible is not None else migration.rollback
    rolls_back = step.action is Action.ROLLBACK
    return Record(
        id=step.id,
        operation=_OPERATIONS[step.action],
        again=step.action is Action.REAPPLY,
        kind=(migration.kind if migration is not None else Kind.VERSIONED).value,
        checksum=step.script.checksum,
        text=step.script.text,
        rollback_text=None if rolls_back or undo is None else undo.text,
        rollback_transactional=undo is None or undo.transactional,
        elapsed_ms=elapsed_ms,
    )


def _rest(later: int) -> str:
    return f" {counted(later, 'later step')} not begun." if later else ""


def _partial(done: int, total: int) -> str:
    if not done:
        return "nothing of this run of the file is in effect, and it is not recorded as applied."
    return (
        f"{done} of {counted(total, 'statement')} are in effect and stay so, "
        "for the file is not transactional; it is not recorded as applied. "
        "Before the next run undo them, or make them safe to repeat."
    )
