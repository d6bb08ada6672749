"""`-- parallel: N` run the statements of a file on N connections, each with its own journal row."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from typing import Any

import psycopg

from runner.engine.apply import wire
from runner.engine.apply.journaled_statement import Progress, defaults_kept, run_unit
from runner.engine.history.journal import Journal, JournalStep
from runner.engine.history.session_state import SessionState, restore_defaults
from runner.errors import (
    CheckError,
    ConnectionLostError,
    HalfDone,
    InEffect,
    MigrationFailedError,
    RunnerError,
)
from runner.files.migrations.segments import Unit
from runner.files.migrations.units import units
from runner.files.sqltext.classify import is_for_the_session
from runner.server.connection.threads import ConnectionThreads

Connection = psycopg.Connection[Any]


def run_in_parallel(
    progress: Progress, to_do: Sequence[Unit], begun: Mapping[int, JournalStep], file: Journal
) -> None:
    """Run the units on as many connections as the file asks for.

    After a failure no further unit is begun; those at work are waited for, and the first error is raised. A signal
    cancels them. Each connection holds a shared lock, so that a later run knows when the last of them is gone.

    Raises: RunnerError; psycopg.OperationalError when a connection is lost.
    """
    work, script = progress.work, progress.script
    if work.connect is None:
        raise RunnerError("no further connections can be opened here", left=progress.left)
    start = file.start(work.conn)
    set_up = [unit for unit in units(script) if is_for_the_session(unit.first)]
    waiting = deque(unit for unit in to_do if not is_for_the_session(unit.first))
    counting = threading.Lock()
    failed = threading.Event()

    def pause(seconds: float) -> None:
        if failed.wait(seconds):
            raise _AbandonedError

    def serve(conn: Connection) -> None:
        journal = file.without_lock()
        at_start = file.session_now(conn)
        while not failed.is_set():
            try:
                unit = waiting.popleft()
            except IndexError:
                return
            if not work.history.has_lock(conn):
                failed.set()
                raise ConnectionLostError(
                    "the session that holds the migration lock was lost", left=wire.JOURNALLED
                )
            mine = Progress(
                work,
                progress.migration_id,
                script,
                total=progress.total,
                done=progress.done,
                rolls_back=progress.rolls_back,
                pause=pause,
            )
            try:
                run_unit(mine, journal, conn, unit, begun.get(unit.number))
            except BaseException:
                failed.set()
                raise
            with counting:
                progress.done += len(unit.statements)
            if file.session_now(conn) != at_start:
                failed.set()
                raise _changes_its_session(progress, unit)

    with ExitStack() as stack:
        # what was begun is looked at from one of them, also where nothing is left to run
        count = min(script.parallel, max(len(waiting), 1 if begun else 0))
        helpers = [stack.enter_context(closing(work.connect())) for _ in range(count)]
        for conn in helpers:
            work.history.join_as_helper(conn)
            wire.set_for_session(conn, work.settings(script))
            for changed in [] if start is None else restore_defaults(conn, start):
                work.emit(defaults_kept(progress.migration_id, changed))
            for unit in set_up:
                with wire.explained(lambda: progress.left):
                    wire.send_unit(conn, unit, script)
        if helpers and start is not None:
            _require_one_session(progress, begun, start, file, helpers[0])
        threads = stack.enter_context(ConnectionThreads())

        def work_on(conn: Connection) -> None:
            with suppress(_AbandonedError):
                serve(conn)

        try:
            for n, conn in enumerate(helpers, 1):
                threads.start(conn, partial(work_on, conn), name=f"parallel {n}")
            threads.wait()
        except KeyboardInterrupt as stop:  # at any of these lines
            failed.set()
            threads.stop()
            for error in threads.errors:
                for note in error.notes if isinstance(error, RunnerError) else []:
                    stop.add_note(note)
            raise
        for error in threads.errors:
            # now that the other connections have ended too
            if isinstance(error, RunnerError) and isinstance(error.left, InEffect):
                error.left = progress.left
            if isinstance(error, RunnerError) and isinstance(error.left, HalfDone):
                error.left = HalfDone(progress.done, progress.total - 1)
            raise error


def _require_one_session(
    progress: Progress,
    begun: Mapping[int, JournalStep],
    start: SessionState,
    file: Journal,
    helper: Connection,
) -> None:
    """Refuse to go on where a statement in effect had settings that the other statements will not have.

    Raises: CheckError.
    """
    now, plain = file.session_now(helper), file.session_now(progress.work.conn)
    if now is None or plain is None:
        return
    user, role, changed = now.since(plain)
    expected = user, role, changed - start.defaults.items()  # which are set in each session that goes on
    for unit in units(progress.script):
        row = begun.get(unit.number)
        if row is None or row.session is None or is_for_the_session(unit.first):
            continue
        if row.session.since(start) != expected:
            error = _changes_its_session(progress, unit)
            raise CheckError(
                error.message,
                where=error.where,
                detail=f"{error.detail} Nothing more was run.",
                left=progress.left._replace(goes_on=False),
                hint=error.hint,
            )


def _changes_its_session(progress: Progress, unit: Unit) -> MigrationFailedError:
    """Return the error for a statement whose settings only one of the connections has."""
    return MigrationFailedError(
        f"statement {unit.earlier + 1} of {progress.migration_id} changed the settings of its session",
        where=progress.script.location(unit.first.start),
        detail="In a file with -- parallel the other statements run in other sessions, some of them already without these "
        "settings.",
        left=progress.left._replace(goes_on=False),
        hint="Undo by hand what is in effect. Then use a plain SET before all other statements, which runs on each "
        f'connection, or remove -- parallel, and begin again: runner repair restart {progress.migration_id} --reason "…"',
    )


class _AbandonedError(Exception):
    """Another connection failed while this one paused before a retry."""
