"""Run one statement in a scratch database, and measure what it takes and does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from runner.errors import MigrationFailedError
from runner.files.migrations.migration import Script
from runner.files.sqltext.classify import changes_rows
from runner.files.sqltext.lexer import Statement
from runner.review.verify.losses import Connect, Dropped, Renamed
from runner.review.verify.rehearsal import StatementTrace, TableLock
from runner.review.verify.relations import Effect, Measured, Relation, Relations, effect, table_locks

# On small tables the planner prefers a scan that it would never choose in production.
_PREFER_INDEXES = "SET LOCAL enable_seqscan = off"
_READS_ROWS = {("SELECT",), ("WITH",)}


class AloneRefusedError(Exception):
    """The statement cannot run inside a transaction block: it commits by itself."""


@dataclass(slots=True)
class Measuring:
    """A session on a scratch database, and what is known of its relations while one file is run."""

    conn: psycopg.Connection[Any]
    script: Script
    existing: Relations  # from before the file
    current: Relations  # as they stand now
    losses: Dropped
    renames: Renamed

    @classmethod
    def begin(
        cls, conn: psycopg.Connection[Any], script: Script, existing: Relations, *, connect: Connect
    ) -> Measuring:
        """Begin a file; what it makes itself is not among `existing`."""
        return cls(conn, script, existing, Relations(existing), Dropped(connect), Renamed(connect))

    def alone(self, statement: Statement, number: int, held: tuple[TableLock, ...]) -> StatementTrace:
        """Run a statement in a transaction of its own, so that it shows every lock it takes.

        Raises: MigrationFailedError; AloneRefusedError when it must not be in a transaction.
        """
        with self.placed(statement, number):
            self.conn.execute("BEGIN")
            try:
                found = self._run(statement, number, held, is_alone=True)
                self.conn.execute("COMMIT")
            except psycopg.errors.ActiveSqlTransaction as refused:
                self.conn.execute("ROLLBACK")
                raise AloneRefusedError from refused
            except (
                psycopg.errors.InvalidTransactionTermination
            ) as refused:  # CALL of a procedure that commits
                self.conn.execute("ROLLBACK")
                raise AloneRefusedError from refused
            except psycopg.Error:
                self.conn.execute("ROLLBACK")
                raise
        return found

    def among_others(self, statement: Statement, number: int, held: tuple[TableLock, ...]) -> StatementTrace:
        """Run a statement in the transaction that is open; a lock that is held already is not seen again.

        Raises: MigrationFailedError.
        """
        with self.placed(statement, number):
            return self._run(statement, number, held, is_alone=False)

    def _run(
        self, statement: Statement, number: int, held: tuple[TableLock, ...], *, is_alone: bool
    ) -> StatementTrace:
        before = Measured.read(self.conn)
        prefers_indexes = changes_rows(statement) or statement.words[:1] in _READS_ROWS
        if prefers_indexes:
            self.conn.execute(_PREFER_INDEXES)
        started = time.perf_counter()
        rows = execute(self.conn, statement)
        elapsed_ms = (time.perf_counter() - started) * 1000
        if prefers_indexes:
            self.conn.execute("RESET enable_seqscan")
        after = Measured.read(self.conn)
        taken = after.locks - before.locks
        was = Relations(self.current)
        done = self.look({oid for oid, _ in after.locks})
        renamed = self.renames.since(self.conn, statement, after.locks, was, done.after, self.existing)
        dropped = self.losses.since(self.conn, after.locks, self.existing, done.after)
        locks = table_locks(taken, self.existing)
        emptied = statement.starts_with("TRUNCATE")
        return self.trace(
            statement,
            number,
            locks=locks,
            held=held,
            done=done,
            dropped=dropped,
            renamed=renamed,
            emptied=emptied,
            scanned=() if emptied else self.names(after.scanned_since(before)),
            wal_bytes=max(0, after.wal - before.wal),
            elapsed_ms=elapsed_ms,
            rows=rows,
            is_alone=is_alone,
        )

    def trace(
        self, statement: Statement, number: int, *, done: Effect, emptied: bool = False, **found: Any
    ) -> StatementTrace:
        """Make the value of what was found."""
        return StatementTrace(
            number=number,
            text=statement.text,
            where=self.script.location(statement.start),
            rewritten=() if emptied else done.moved,
            emptied=done.moved if emptied else (),
            built=() if emptied else done.built,
            **found,
        )

    def look(self, oids: set[int]) -> Effect:
        """See what became of the relations that a statement has locked, and of their indexes."""
        after = Relations.read_some(self.conn, oids)
        found = effect(self.current, after, self.existing)
        self.current.update(after)
        return found

    def names(self, oids: set[int]) -> tuple[str, ...]:
        """Name those that existed before the file."""
        return tuple(sorted(self.existing[oid].name for oid in oids if oid in self.existing))

    @contextmanager
    def placed(self, statement: Statement, number: int) -> Iterator[None]:
        """Turn the server's refusal into one that points into the file."""
        try:
            yield
        except psycopg.Error as error:
            raise failure(self.script, statement, number, error) from error


def failure(script: Script, statement: Statement, number: int, error: psycopg.Error) -> MigrationFailedError:
    """Say which statement of a file the server refused, and where."""
    at = error.diag.statement_position
    return MigrationFailedError(
        error.diag.message_primary or str(error),
        where=script.location(statement.start + (int(at) - 1 if at else 0)),
        detail=f"Statement {number}, SQLSTATE {error.sqlstate}; it happened in the scratch database, which is dropped."
        + ("" if error.diag.message_detail is None else f" {error.diag.message_detail}"),
        hint=error.diag.message_hint,
        sqlstate=error.sqlstate,
    )


def execute(conn: psycopg.Connection[Any], statement: Statement) -> int | None:
    """Send a statement as it is written, with its COPY data; return how many rows it touched."""
    text = statement.text
    with conn.cursor() as cursor:
        if statement.copy_data is None:
            cursor.execute(text)
        else:
            with cursor.copy(text) as copy:
                copy.write(statement.copy_data)
        return None if cursor.rowcount < 0 else cursor.rowcount


def strongest(locks: Mapping[str, TableLock], more: tuple[TableLock, ...]) -> dict[str, TableLock]:
    """Add locks to those held, of which only the strongest on each relation counts."""
    found = dict(locks)
    for lock in more:
        known = found.get(lock.relation)
        found[lock.relation] = lock if known is None or lock.mode > known.mode else known
    return found


__all__ = ["AloneRefusedError", "Measuring", "Relation", "execute", "failure", "strongest"]
