"""How far a file came that is not one transaction: a row a statement, written before it and after it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from enum import Enum
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from runner.engine.history.actor import Actor
from runner.engine.history.message import REFUSE_TO_FILTER, lock_guard
from runner.engine.history.names import RUNNER_JOURNAL, Names
from runner.engine.history.session_state import CARRIED, SessionState, capture, read_state

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
    seen: str | None  # what the catalog showed before it began
    sql: str | None  # of a statement that commits by itself
    context: str | None  # see `session`
    repeats: int
    rows_affected: int
    begun_at: str  # UTC, whatever the session's DateStyle
    is_done: bool
    actor: str | None
    host: str | None

    @property
    def session(self) -> SessionState | None:
        """The session's state after the statement; None where it was not kept."""
        return read_state(self.context) if self.is_done else None

    @property
    def relation(self) -> int | None:
        """The OID of what a statement that is not done works on."""
        return None if self.is_done or self.context is None else json.loads(self.context).get("relation")

    @property
    def is_batch(self) -> bool:
        """Whether it is repeated in batches, of which some are committed."""
        return self.repeats > 0


def with_leftovers(conn: psycopg.Connection[Any], names: Names) -> list[tuple[str, Direction]]:
    """Return the files of which a statement failed and left something behind."""
    query = sql.SQL("SELECT DISTINCT migration_id, direction FROM {journal} WHERE step < 0 ORDER BY 1, 2")
    found = conn.execute(query.format(**names.identifiers())).fetchall()
    return [(migration_id, Direction(direction)) for migration_id, direction in found]


class Journal:
    """The journal of one file. Each method commits by itself, save in a transaction of the caller's."""

    def __init__(
        self,
        names: Names,
        actor: Actor,
        migration_id: str,
        direction: Direction,
        *,
        custom_settings: Sequence[str] = (),
    ) -> None:
        self._names = names
        self._capture = capture(custom_settings) + b"; "
        self._capture_start = capture(custom_settings, defaults=True) + b"; "
        self._guard = lock_guard() + b"; "
        self._actor = actor
        self._migration_id = migration_id
        self._direction = direction

    @property
    def is_rollback(self) -> bool:
        """Whether it is the migration's rollback file."""
        return self._direction is Direction.ROLLBACK

    def without_lock(self) -> Journal:
        """Return the journal as a session uses it that works beside the one with the migration lock."""
        beside = copy(self)
        beside._guard = b""  # noqa: SLF001 - its own class
        return beside

    def upgrade(self, conn: psycopg.Connection[Any]) -> None:
        """Add the column that a journal made by an earlier runner lacks."""
        query = self._format(
            "SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {regclass}::pg_catalog.regclass AND attname = 'context'",
            regclass=self._names.table(RUNNER_JOURNAL).as_string(None),
        )
        if conn.execute(query).fetchone() is None:
            conn.execute(self._format("ALTER TABLE {journal} ADD COLUMN context text"))

    def steps(self, conn: psycopg.Connection[Any]) -> Mapping[int, JournalStep]:
        """Return what was begun, by step; step 0, which stands for the file, is left out."""
        return {row.step: row for row in self._rows(conn, "step > 0")}

    def _rows(self, conn: psycopg.Connection[Any], condition: LiteralString) -> list[JournalStep]:
        query = self._format(
            "SELECT step, fingerprint, seen, sql, pg_catalog.to_jsonb(j) ->> 'context' AS context, repeats,"
            " rows_affected, done_at IS NOT NULL AS is_done, actor, host,"
            " pg_catalog.to_char(begun_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS begun_at"
            " FROM {journal} AS j WHERE migration_id = {id} AND direction = {direction} AND {condition} ORDER BY step",
            condition=sql.SQL(condition),
        )
        with conn.cursor(row_factory=class_row(JournalStep)) as cursor:
            return cursor.execute(query).fetchall()

    def interrupted(self, conn: psycopg.Connection[Any]) -> list[JournalStep]:
        """Return the statements that failed or were cut off, and may have left something behind."""
        return self._rows(conn, "step <> 0 AND done_at IS NULL AND repeats = 0")

    def start(self, conn: psycopg.Connection[Any]) -> SessionState | None:
        """Return the session's state before the file's first statement; None where it was not kept."""
        query = self._format(
            "SELECT pg_catalog.to_jsonb(j) ->> 'context' FROM {journal} AS j"
            " WHERE migration_id = {id} AND direction = {direction} AND step = 0"
        )
        row = conn.execute(query).fetchone()
        return None if row is None else read_state(row[0])

    def session_now(self, conn: psycopg.Connection[Any]) -> SessionState | None:
        """Return the session's state at this moment, as the journal keeps it."""
        row = conn.execute(self._capture.rstrip(b"; ")).fetchone()
        return None if row is None else read_state(row[0])

    def begun_with(self, conn: psycopg.Connection[Any]) -> str | None:
        """Return the file's text as it was begun, if it was kept."""
        query = self._format(
            "SELECT sql FROM {journal} WHERE migration_id = {id} AND direction = {direction} AND step = 0"
        )
        row = conn.execute(query).fetchone()
        return None if row is None else row[0]

    def open(
        self, conn: psycopg.Connection[Any], *, checksum: str, statements: int, text: str | None
    ) -> None:
        """Note that the file is begun, or begun again after nothing of it took effect."""
        self._write(
            conn,
            "INSERT INTO {journal} AS j (migration_id, direction, step, statements, fingerprint, sql, context, actor,"
            " host) VALUES ({id}, {direction}, 0, {statements}, {fingerprint}, {text}, {carried}, {actor}, {host})"
            " ON CONFLICT (migration_id, direction, step) DO UPDATE SET statements = EXCLUDED.statements,"
            " fingerprint = EXCLUDED.fingerprint, sql = EXCLUDED.sql, context = CASE WHEN EXISTS (SELECT FROM {journal}"
            " AS s WHERE s.migration_id = {id} AND s.direction = {direction} AND s.step > 0) THEN j.context"
            " ELSE EXCLUDED.context END",
            capture=self._capture_start,
            statements=statements,
            fingerprint=checksum,
            text=text,
        )

    def begin(
        self,
        conn: psycopg.Connection[Any],
        step: int,
        *,
        statements: int,
        fingerprint: str,
        seen: str | None,
        text: str,
        relation: int | None = None,
    ) -> None:
        """Note that a statement is about to be sent whose end cannot be noted in its own transaction.

        Interrupted, it may leave something behind. A later run removes it also when the file has changed: it reads `text`,
        and `relation`, the OID of the table or index that it works on.
        """
        self._write(
            conn,
            _STEP,
            step=step,
            statements=statements,
            fingerprint=fingerprint,
            seen=seen,
            text=text,
            context=None if relation is None else json.dumps({"relation": relation}),
            done_at=None,
        )

    def end(self, conn: psycopg.Connection[Any], step: int) -> None:
        """Note that a statement took effect."""
        self._write(
            conn,
            "UPDATE {journal} SET done_at = pg_catalog.clock_timestamp(), context = {carried}"
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

    def leave(self, conn: psycopg.Connection[Any], step: int) -> None:
        """Note that a statement failed and left something behind: the next run removes it, whatever the file says then."""
        self._write(
            conn,
            "UPDATE {journal} SET step = -step WHERE migration_id = {id} AND direction = {direction} AND step = {step}",
            step=step,
        )

    def ending(self, step: int, *, statements: int, fingerprint: str) -> bytes:
        """Return SQL that notes a statement as done in the transaction that runs it, whatever it did to the session.

        Deferred constraints are checked first, so that their error is the statement's own; then, where the session has
        the migration lock, that it still has it.
        """
        insert = self._format(
            _STEP,
            step=step,
            statements=statements,
            fingerprint=fingerprint,
            seen=None,
            text=None,
            context=CARRIED,
            done_at=_NOW,
        ).as_bytes(None)
        return b"".join(
            (
                b"\n;SET CONSTRAINTS ALL IMMEDIATE; ",
                self._capture,
                _AS_OURSELVES,
                self._guard,
                insert,
                b"; ",
            )
        )

    def ended(self, step: int) -> bytes:
        """Return SQL for after the statement's COMMIT: what it had set for its transaction alone is not the session's."""
        update = self._format(
            "UPDATE {journal} SET context = {carried} WHERE migration_id = {id} AND direction = {direction}"
            " AND step = {step} AND context IS DISTINCT FROM {carried}",
            step=step,
        ).as_bytes(None)
        return b"".join((b"; BEGIN; ", self._capture, _AS_OURSELVES, update, b"; COMMIT"))

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

    def take_over_step(self, conn: psycopg.Connection[Any], step: int, *, fingerprint: str) -> None:
        """Let a statement as it is now stand for one of which some batches are committed."""
        self._write(
            conn,
            "UPDATE {journal} SET fingerprint = {fingerprint}"
            " WHERE migration_id = {id} AND direction = {direction} AND step = {step}",
            fingerprint=fingerprint,
            step=step,
        )

    def _write(
        self, conn: psycopg.Connection[Any], template: str, *, capture: bytes | None = None, **values: Any
    ) -> None:
        statement = self._format(template, **values).as_bytes(None)
        if conn.info.transaction_status != TransactionStatus.IDLE:
            conn.execute(statement)
            return
        conn.execute(b"".join((b"BEGIN; ", capture or self._capture, _AS_OURSELVES, statement, b"; COMMIT")))

    def _format(self, template: str, **values: Any) -> sql.Composed:
        given = {
            "id": self._migration_id,
            "direction": self._direction.value,
            "carried": CARRIED,
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
    "INSERT INTO {journal} (migration_id, direction, step, statements, fingerprint, seen, sql, context, done_at, actor,"
    " host) VALUES ({id}, {direction}, {step}, {statements}, {fingerprint}, {seen}, {text}, {context}, {done_at},"
    " {actor}, {host}) ON CONFLICT (migration_id, direction, step) DO UPDATE SET seen = EXCLUDED.seen,"
    " sql = EXCLUDED.sql, context = EXCLUDED.context, done_at = EXCLUDED.done_at,"
    " begun_at = pg_catalog.clock_timestamp(), actor = EXCLUDED.actor, host = EXCLUDED.host"
)
