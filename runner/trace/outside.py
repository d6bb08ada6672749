"""Statements that commit by themselves, CONCURRENTLY and VACUUM for example, are seen from a second session.

They end their locks before anything could be asked, so they are made to stand still: one session holds
SHARE UPDATE EXCLUSIVE on every table, at which they wait with the lock that they want; another a snapshot
and ACCESS SHARE, at which CONCURRENTLY waits again with all that it holds. Each is let go once it was seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import psycopg
from psycopg import sql

from runner.sqltext import Statement
from runner.trace.model import LockMode, StatementTrace
from runner.trace.relations import Relation, query, table_locks
from runner.trace.statements import Measuring, execute, failure

Connect = Callable[[], psycopg.Connection[Any]]
_PAUSE_S = 0.002
_TABLES = frozenset({"r", "p"})
_SEEN_ENOUGH = 2  # looks at a statement that stands still: its locks do not change meanwhile


def run_outside(
    measuring: Measuring, statement: Statement, number: int, *, connect: Connect
) -> StatementTrace:
    """Run a statement outside any transaction, and watch it.

    Raises: MigrationFailedError.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        holders = [
            stack.enter_context(_holding(connect, measuring, "SHARE UPDATE EXCLUSIVE")),
            stack.enter_context(_holding(connect, measuring, "ACCESS SHARE")),
        ]
        eye = stack.enter_context(closing(connect()))
        eye.autocommit = True
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        measuring.conn.execute("SET lock_timeout = 0")
        running = pool.submit(execute, measuring.conn, statement)
        try:
            locks = _watch(eye, measuring.conn.info.backend_pid, running, holders)
        finally:
            for holder in holders:
                holder.rollback()
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


@contextmanager
def _holding(connect: Connect, measuring: Measuring, mode: str) -> Iterator[psycopg.Connection[Any]]:
    with closing(connect()) as holder:
        holder.autocommit = False
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT 1")
        tables = [r for r in measuring.current.values() if r.kind in _TABLES]
        if tables:
            _lock(holder, tables, mode)
        yield holder


def _lock(holder: psycopg.Connection[Any], tables: list[Relation], mode: str) -> None:
    names = sql.SQL(", ").join(sql.SQL("ONLY {}").format(sql.SQL(t.name)) for t in tables)
    holder.execute(sql.SQL("LOCK TABLE {} IN {} MODE").format(names, sql.SQL(mode)))


def _watch(
    eye: psycopg.Connection[Any],
    pid: int,
    running: Future[int | None],
    holders: list[psycopg.Connection[Any]],
) -> set[tuple[int, LockMode]]:
    seen: set[tuple[int, LockMode]] = set()
    waiting, looks = list(holders), 0
    while not running.done():
        rows = eye.execute(query("locks_of"), {"pid": pid}).fetchall()
        seen |= {(oid, LockMode.of(mode)) for oid, mode, _ in rows if oid is not None}
        looks = looks + 1 if any(not granted for _, _, granted in rows) else 0
        if looks >= _SEEN_ENOUGH and waiting:
            waiting.pop(0).rollback()
            looks = 0
        time.sleep(_PAUSE_S)
    return seen


def _tables_of(measuring: Measuring, indexes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tables of some indexes: each is built from a scan of its whole table."""
    oids = {r.table_oid for r in measuring.current.values() if r.name in indexes and r.table_oid is not None}
    return measuring.names(oids)
