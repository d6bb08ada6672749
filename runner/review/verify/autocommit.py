"""Measure statements that commit on their own, such as CONCURRENTLY and VACUUM, from a second session.

They release their locks before anything can be queried, so they are made to wait: a session that holds
SHARE UPDATE EXCLUSIVE on every table makes them wait for their first lock; then one with a snapshot and ACCESS SHARE
makes CONCURRENTLY wait while it holds its locks. Before that session is released another takes its place, for the
next wait.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from typing import Any

import psycopg
from psycopg import sql

from runner.files.sqltext.lexer import Statement
from runner.files.sqltext.lock_modes import LockMode
from runner.review.verify.losses import Connect
from runner.review.verify.measuring import Measuring, execute, failure
from runner.review.verify.rehearsal import StatementTrace
from runner.review.verify.relations import query, table_locks
from runner.server.connection.threads import ConnectionThreads

_PAUSE_S = 0.002
_TABLES = frozenset({"r", "p"})
_LOOKS = 2  # at a waiting statement, whose locks do not change meanwhile
_TURNS = 6  # no statement waits more often


def run_outside(
    measuring: Measuring, statement: Statement, number: int, *, connect: Connect
) -> StatementTrace:
    """Run a statement outside any transaction, and watch it.

    Raises: MigrationFailedError.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        hold = stack.enter_context(_Holders(connect, measuring))
        eye = stack.enter_context(closing(connect()))
        threads = stack.enter_context(ConnectionThreads())
        measuring.conn.execute("SET lock_timeout = 0")
        running = threads.start(measuring.conn, lambda: execute(measuring.conn, statement), name="statement")
        try:
            locks = _watch(eye, measuring.conn.info.backend_pid, running, hold)
        finally:
            hold.release()
        try:
            rows = running.result()
        except psycopg.Error as error:
            raise failure(measuring.script, statement, number, error) from error
    elapsed_ms = (time.perf_counter() - started) * 1000
    done = measuring.look({oid for oid, _ in locks})
    return measuring.trace(
        statement,
        number,
        done=done,
        locks=table_locks(locks, measuring.existing),
        scanned=_tables_of(measuring, done.built),
        elapsed_ms=elapsed_ms,
        rows=rows,
        watched=True,
    )


class _Holders:
    """Sessions that a statement has to wait for, one after the other."""

    def __init__(self, connect: Connect, measuring: Measuring) -> None:
        self._connect = connect
        self._names = [r.name for r in measuring.current.values() if r.kind in _TABLES]
        self._first: psycopg.Connection[Any] | None = None
        self._later: psycopg.Connection[Any] | None = None
        self._turns = 0

    def __enter__(self) -> _Holders:
        self._first = self._hold("SHARE UPDATE EXCLUSIVE")
        self._later = self._hold("ACCESS SHARE")
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Release everything."""
        for holder in (self._first, self._later):
            if holder is not None:
                holder.close()
        self._first = self._later = None

    def step_aside(self) -> None:
        """Let the statement go on to its next wait."""
        if self._first is not None:
            self._first.close()
            self._first = None
            return
        before, self._later = self._later, None
        self._turns += 1
        if self._turns < _TURNS:
            # where the statement already waits for ACCESS EXCLUSIVE there is no next place
            with suppress(psycopg.errors.LockNotAvailable):
                self._later = self._hold("ACCESS SHARE")
        if before is not None:
            before.close()

    def _hold(self, mode: str) -> psycopg.Connection[Any]:
        holder = self._connect()
        try:
            holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            holder.execute("SELECT 1")
            if self._names:
                tables = sql.SQL(", ").join(sql.SQL("ONLY {}").format(sql.SQL(name)) for name in self._names)
                holder.execute(sql.SQL("LOCK TABLE {} IN {} MODE NOWAIT").format(tables, sql.SQL(mode)))
        except BaseException:
            holder.close()
            raise
        return holder


def _watch(
    eye: psycopg.Connection[Any], pid: int, running: Future[int | None], hold: _Holders
) -> set[tuple[int, LockMode]]:
    seen: set[tuple[int, LockMode]] = set()
    looks = 0
    while not running.done():
        rows = eye.execute(query("locks_of"), {"pid": pid}).fetchall()
        seen |= {(oid, LockMode.of(mode)) for oid, mode, _ in rows if oid is not None}
        looks = looks + 1 if any(not granted for _, _, granted in rows) else 0
        if looks >= _LOOKS:
            hold.step_aside()
            looks = 0
        time.sleep(_PAUSE_S)
    return seen


def _tables_of(measuring: Measuring, indexes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tables of some indexes: each is built from a scan of its whole table."""
    oids = {r.table_oid for r in measuring.current.values() if r.name in indexes and r.table_oid is not None}
    return measuring.names(oids)
