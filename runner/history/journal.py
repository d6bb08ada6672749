"""How far a file came that is not one transaction: a row a statement, written before it and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from runner.history.actor import Actor
from runner.history.message import REFUSE_TO_FILTER, lock_guard
from runner.history.names import Names

# What a file did to the session must not reach our own statements: SET LOCAL hides it until the COMMIT, no longer.
# The role is that of the connection, which may have been taken at its start (ALTER ROLE … SET role, options).
_AS_OURSELVES = (
    b"SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL role TO DEFAULT; SET LOCAL search_path = pg_catalog; "
    b"SET LOCAL statement_timeout = 0; " + REFUSE_TO_FILTER
)


class Direction(Enum):
    """Which of a migration's two files."""

    APPLY = "apply"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStep:
    """A statement, or a BEGIN … COMMIT block, that was begun."""

    step: int
    fingerprint: str
    seen: str | None  # what the catalogue showed before it began
    repeats: int
    rows_affected: int
    begun_at: str  # UTC, whatever the session's DateStyle
    is_done: bool
    actor: str | None
    host: str | None


class Journal:
    """The journal of one file. Each method commits by itself, save in a transaction of the caller's."""

    def __init__(
        self, names: Names, actor: Actor, migration_id: str, direction: Direction, *, has_lock: bool = True
    ) -> None:
        self._names = names
        self._guard = lock_guard() + b"; " if has_lock else b""
        self._actor = actor
        self._migration_id = migration_id
        self._direction = direction

    @property
    def is_rollback(self) -> bool:
        """Whether it is the migration's rollback file."""
        return self._direction is Direction.ROLLBACK

    def steps(self, conn: psycopg.Connection[Any]) -> Mapping[int, JournalStep]:
        """Return what was begun, by step; step 0, which stands for the file, is left out."""
        query = self._format(
            "SELECT step, fingerprint, seen, repeats, rows_affected, done_at IS NOT NULL AS is_done, actor, host,"
            " pg_catalog.to_char(begun_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS begun_at"
            " FROM {journal} WHERE migration_id = {id} AND direction = {direction} AND step > 0 ORDER BY step"
        )
        with conn.cursor(row_factory=class_row(JournalStep)) as cursor:
            return {row.step: row for row in cursor.execute(query)}

    def open(
        self, conn: psycopg.Connection[Any], *, checksum: str, statements: int, text: str | None
    ) -> None:
        """Note that the file is begun, or begun again after nothing of it took effect."""
        self._write(
            conn,
            "INSERT INTO {journal} (migration_id, direction, step, statements, fingerprint, sql, actor, host)"
            " VALUES ({id}, {direction}, 0, {statements}, {fingerprint}, {text}, {actor}, {host})"
            " ON CONFLICT (migration_id, direction, step) DO UPDATE SET statements = EXCLUDED.statements,"
            " fingerprint = EXCLUDED.fingerprint, sql = EXCLUDED.sql",
            statements=statements,
            fingerprint=checksum,
            text=text,
        )

    def begin(
        self, conn: psycopg.Connection[Any], step: int, *, statements: int, fingerprint: str, seen: str | None
    ) -> None:
        """Note that a statement is about to be sent whose end cannot be noted in its own transaction."""
        self._write(
            conn,
            _STEP,
            step=step,
            statements=statements,
            fingerprint=fingerprint,
            seen=seen,
            done_at=None,
        )

    def end(self, conn: psycopg.Connection[Any], step: int) -> None:
        """Note that a statement took effect."""
        self._write(
            conn,
            "UPDATE {journal} SET done_at = pg_catalog.clock_timestamp()"
            " WHERE migration_id = {id} AND direction = {direction} AND step = {step}",
            step=step,
        )

    def forget(self, conn: psycopg.Connection[Any], step: int) -> None:
        """Note that a statement that was begun is known to have failed."""
        self._write(
            conn,
            "DELETE FROM {journal} WHERE migration_id = {id} AND direction = {direction} AND step = {step}",
            step=step,
        )

    def ending(self, step: int, *, statements: int, fingerprint: str) -> bytes:
        """Return SQL that notes a statement as done in the transaction that runs it, whatever it did to the session.

        Deferred constraints are checked first, so that their error is the statement's own; then, where the session has
        the migration lock, that it still has it.
        """
        insert = self._format(
            _STEP, step=step, statements=statements, fingerprint=fingerprint, seen=None, done_at=_NOW
        ).as_bytes(None)
        return b"".join((b"\n;SET CONSTRAINTS ALL IMMEDIATE; ", _AS_OURSELVES, self._guard, insert, b"; "))

    def add_rows(self, step: int, *, rows: int, done: bool, statements: int, fingerprint: str) -> bytes:
        """Return SQL that counts one repeat of a batch in the transaction that did it."""
        insert = self._format(
            "INSERT INTO {journal} AS j (migration_id, direction, step, statements, fingerprint, repeats,"
            " rows_affected, done_at, actor, host) VALUES ({id}, {direction}, {step}, {statements}, {fingerprint},"
            " 1, {rows}, {done_at}, {actor}, {host}) ON CONFLICT (migration_id, direction, step) DO UPDATE"
            " SET repeats = j.repeats + 1, rows_affected = j.rows_affected + EXCLUDED.rows_affected,"
            " done_at = EXCLUDED.done_at",
            step=step,
            rows=rows,
            done_at=_NOW if done else None,
            statements=statements,
            fingerprint=fingerprint,
        ).as_bytes(None)
        return b"".join((b"SET CONSTRAINTS ALL IMMEDIATE; ", _AS_OURSELVES, self._guard, insert, b"; COMMIT"))

    def closing(self) -> bytes:
        """Return SQL that clears the journal of a file that is recorded in the same transaction."""
        return self._format(
            "DELETE FROM {journal} WHERE migration_id = {id} AND direction = {direction}"
        ).as_bytes(None)

    def take_over(
        self, conn: psycopg.Connection[Any], *, checksum: str, statements: int, text: str | None
    ) -> None:
        """Let the file as it is now stand for what was begun."""
        self._write(
            conn,
            "UPDATE {journal} SET fingerprint = {fingerprint}, statements = {statements}, sql = {text}"
            " WHERE migration_id = {id} AND direction = {direction} AND step = 0",
            fingerprint=checksum,
            statements=statements,
            text=text,
        )

    def _write(self, conn: psycopg.Connection[Any], template: str, **values: Any) -> None:
        statement = self._format(template, **values).as_bytes(None)
        if conn.info.transaction_status != TransactionStatus.IDLE:
            conn.execute(statement)
            return
        conn.execute(b"".join((b"BEGIN; ", _AS_OURSELVES, statement, b"; COMMIT")))

    def _format(self, template: str, **values: Any) -> sql.Composed:
        given = {
            "id": self._migration_id,
            "direction": self._direction.value,
            "actor": self._actor.name[:255],
            "host": self._actor.host[:255],
            **values,
        }
        return sql.SQL(template).format(
            **self._names.identifiers(),
            **{k: v if isinstance(v, sql.Composable) else sql.Literal(v) for k, v in given.items()},
        )


_NOW = sql.SQL("pg_catalog.clock_timestamp()")
_STEP = (
    "INSERT INTO {journal} (migration_id, direction, step, statements, fingerprint, seen, done_at, actor, host)"
    " VALUES ({id}, {direction}, {step}, {statements}, {fingerprint}, {seen}, {done_at}, {actor}, {host})"
    " ON CONFLICT (migration_id, direction, step) DO UPDATE SET seen = EXCLUDED.seen, done_at = EXCLUDED.done_at,"
    " begun_at = pg_catalog.clock_timestamp(), actor = EXCLUDED.actor, host = EXCLUDED.host"
)
