"""The SQL before and after a migration's own, so that one message applies it and records it.

What stands before the file takes no snapshot, so that a file may begin with SET TRANSACTION ISOLATION LEVEL.
What stands after it first undoes what the file did to the session, then checks, records, and cleans up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from runner.engine.history.actor import Actor
from runner.engine.history.names import LOCK_KEY, YOYO_LOCK, Names
from runner.engine.history.state import Operation

# Each text is what the server is asked to read as a number when the check fails: an error that needs no plpgsql.
TRANSACTION_ENDED = "runner: the migration ended its own transaction"
MIGRATION_LOCK_LOST = "runner: the migration released the migration lock"
YOYO_AT_WORK = "runner: a yoyo command holds its lock"

# The migration lock is held twice, so that releasing it once shows whether it is still held, and no other session can
# have it in between. Looking it up in pg_locks would cost more than all the rest.
_LOCK_GUARD = sql.SQL("""SELECT (CASE
 WHEN NOT pg_catalog.pg_advisory_unlock({key}) THEN {lost}
 WHEN NOT pg_catalog.pg_try_advisory_lock({key}) THEN {lost}
 ELSE '0' END)::integer""")

# A setting that ends with the transaction shows cheaply that it is the same one. RESET ALL in a file removes it; then
# the table lock, which is slow to look up, shows it.
_GUARD = sql.SQL("""SELECT (CASE
 WHEN pg_catalog.current_setting('runner.transaction', true) IS DISTINCT FROM 'ours' AND (SELECT pg_catalog.bool_or(
  l.locktype = 'relation' AND l.mode = 'ShareRowExclusiveLock' AND l.relation = {regclass}::pg_catalog.regclass)
  FROM pg_catalog.pg_lock_status() AS l WHERE l.pid = pg_catalog.pg_backend_pid() AND l.granted) IS NOT TRUE THEN {ended}
 WHEN NOT pg_catalog.pg_advisory_unlock({key}) THEN {lost}
 WHEN NOT pg_catalog.pg_try_advisory_lock({key}) THEN {lost}
 WHEN EXISTS (SELECT FROM {lock} WHERE pid > 0) THEN {yoyo}
 ELSE '0' END)::integer""")

_MARK = sql.SQL("""WITH marked AS (INSERT INTO {migration} (migration_hash, migration_id, applied_at_utc)
 VALUES ({hash}, {id}, pg_catalog.timezone('UTC', pg_catalog.clock_timestamp())) RETURNING applied_at_utc)""")
_MARK_AGAIN = sql.SQL(
    """WITH marked AS (SELECT applied_at_utc FROM {migration} WHERE migration_hash = {hash})"""
)
_UNMARK = sql.SQL(
    """WITH marked AS (DELETE FROM {migration} WHERE migration_hash = {hash} RETURNING applied_at_utc)"""
)
_RENAME = sql.SQL("""WITH marked AS (UPDATE {migration} SET migration_hash = {hash}, migration_id = {id}
 WHERE migration_hash = {old_hash} RETURNING applied_at_utc)""")
_UNMARKED = sql.SQL(
    """WITH marked AS (SELECT pg_catalog.timezone('UTC', pg_catalog.clock_timestamp()) AS applied_at_utc)"""
)

_LOG = sql.SQL(""", logged AS (INSERT INTO {log}
 (id, migration_hash, migration_id, operation, username, hostname, comment, created_at_utc)
 SELECT pg_catalog.gen_random_uuid()::text, {hash}, {id}, {yoyo_operation}, {actor}, {host}, {comment},
 pg_catalog.timezone('UTC', pg_catalog.clock_timestamp()) FROM marked)""")

_RECORD = sql.SQL(""" INSERT INTO {runner} (migration_id, operation, applied_at_utc, kind, checksum, sql, rollback_sql,
 rollback_transactional, duration_ms, rows_affected, reason, db_user, actor, host, git_commit, runner_version)
 SELECT {id}, {operation}, applied_at_utc, {kind}, {checksum}, {text}, {rollback_text}, {rollback_transactional},
 {duration}, {rows}, {reason}, CURRENT_USER, {actor}, {host}, {commit}, {version} FROM marked RETURNING duration_ms AS recorded_ms""")

_YOYO_OPERATIONS = {
    Operation.APPLY: "apply",
    Operation.ROLLBACK: "rollback",
    Operation.BASELINE: "mark",
    Operation.FORGET: "unmark",
}

_SINCE_MESSAGE = sql.SQL(
    "{elapsed} + 1000 * EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.statement_timestamp())"
)

# Row level security then makes our own statement an error, where it would hide rows of history from it.
REFUSE_TO_FILTER = b"SET LOCAL row_security = off; "

# DISCARD ALL would drop the migration lock too
_RESET_IDENTITY = b"RESET SESSION AUTHORIZATION; RESET ROLE; "
_RESET_SESSION = (
    b"CLOSE ALL; RESET ALL; DEALLOCATE ALL; UNLISTEN *; DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES; "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What history records of one migration."""

    id: str
    operation: Operation
    old_id: str | None = None  # of a renamed migration
    again: bool = False  # a repeatable that is applied already, or an entry that stays where it is
    kind: str | None = None
    checksum: str | None = None
    text: str | None = None  # the SQL as applied
    rollback_text: str | None = None
    rollback_transactional: bool = True
    reason: str | None = None
    rows: int | None = None  # that it changed in batches or loaded
    elapsed_ms: int | None = 0  # before the message that records it; None: nothing was run

    @property
    def comment(self) -> str | None:
        """What yoyo's log says beside the operation."""
        return f"sha256:{self.checksum}" if self.checksum else None

    @property
    def recorded_as(self) -> tuple[Operation, bool]:
        """The kind of statement that records it."""
        return self.operation, self.again


def yoyo_hash(migration_id: str) -> str:
    """Return yoyo's key of a migration: the SHA-256 of its id, not of its content."""
    return hashlib.sha256(migration_id.encode()).hexdigest()


def before(names: Names, settings: Mapping[str, str], *, begin: bool = True) -> tuple[bytes, int]:
    """Return what is sent before a file's SQL, and how many results it gives."""
    parts: list[sql.Composable] = [sql.SQL("BEGIN; ")] if begin else []
    parts.append(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE; ").format(names.table(YOYO_LOCK)))
    parts.append(sql.SQL("SET LOCAL runner.transaction = 'ours'; "))
    for name, value in settings.items():
        parts.append(sql.SQL("SET LOCAL {} = {}; ").format(sql.Identifier(name), sql.Literal(value)))
    return sql.Composed(parts).as_bytes(None), len(parts)


def after(names: Names, record: Record, actor: Actor, *, commit: bool = True) -> bytes:
    """Return what is sent after a file's SQL: deferred constraints, checks, the record, a clean session, COMMIT."""
    return b"".join(
        (
            b"\n;SET CONSTRAINTS ALL IMMEDIATE; ",  # here, so that their error is the file's and they see its settings
            _RESET_IDENTITY,
            b"SET LOCAL search_path = pg_catalog; SET LOCAL statement_timeout = 0; ",
            REFUSE_TO_FILTER,
            guard(names),
            b"; ",
            recording(names, record, actor),
            b"; ",
            _RESET_SESSION,
            committing() if commit else b"",
        )
    )


def committing() -> bytes:
    """Return a COMMIT that outlives a crash of the server where synchronous_commit is off too; RESET ALL goes before it."""
    return (
        b"SELECT pg_catalog.set_config('synchronous_commit', 'on', true)"
        b" WHERE pg_catalog.current_setting('synchronous_commit') = 'off'; COMMIT"
    )


def reset_session() -> bytes:
    """Return what takes back all that a file may have done to the session, save the migration lock."""
    return _RESET_IDENTITY + _RESET_SESSION


def guard(names: Names) -> bytes:
    """Return a SELECT that fails unless this is still our transaction and our lock, and no yoyo is running."""
    return _GUARD.format(
        regclass=sql.Literal(names.table(YOYO_LOCK).as_string(None)),
        lock=names.table(YOYO_LOCK),
        ended=sql.Literal(TRANSACTION_ENDED),
        lost=sql.Literal(MIGRATION_LOCK_LOST),
        yoyo=sql.Literal(YOYO_AT_WORK),
        key=sql.Literal(LOCK_KEY),
    ).as_bytes(None)


def lock_guard() -> bytes:
    """Return a SELECT that fails unless this session has the migration lock."""
    return _LOCK_GUARD.format(lost=sql.Literal(MIGRATION_LOCK_LOST), key=sql.Literal(LOCK_KEY)).as_bytes(None)


def recording(names: Names, record: Record, actor: Actor) -> bytes:
    """Return the one statement that writes yoyo's mark, yoyo's log and our own row."""
    duration = (
        sql.Literal(None)
        if record.elapsed_ms is None
        else _SINCE_MESSAGE.format(elapsed=sql.Literal(record.elapsed_ms))
    )
    values = {
        "id": record.id,
        "hash": yoyo_hash(record.id),
        "old_hash": yoyo_hash(record.old_id or ""),
        "comment": record.comment,
        "kind": record.kind,
        "checksum": record.checksum,
        "text": record.text,
        "rollback_text": record.rollback_text,
        "rollback_transactional": record.rollback_transactional,
        "rows": record.rows,
        "reason": record.reason,
    }
    literals = {name: sql.Literal(value) for name, value in values.items()}
    return record_statement(names, record.recorded_as, actor, {**literals, "duration": duration}).as_bytes(
        None
    )


def record_statement(
    names: Names, kind: tuple[Operation, bool], actor: Actor, values: Mapping[str, sql.Composable]
) -> sql.Composed:
    """Return the statement that records a kind of step, with literals or parameters as its values; a missing one is NULL."""
    operation, again = kind
    if operation in {Operation.HOOK, Operation.FAIL, Operation.REPAIR}:
        head = _UNMARKED
    elif operation in {Operation.ROLLBACK, Operation.FORGET}:
        head = _UNMARK
    elif operation is Operation.RENAME:
        head = _RENAME
    else:
        head = _MARK_AGAIN if again else _MARK
    yoyo_operation = _YOYO_OPERATIONS.get(operation)
    null = sql.SQL("NULL")
    given = {
        "old_hash": null,
        "rows": null,
        "reason": null,
        **values,
        **names.identifiers(),
        "yoyo_operation": sql.Literal(yoyo_operation),
        "operation": sql.Literal(operation.value),
        "actor": sql.Literal(actor.name[:255]),
        "host": sql.Literal(actor.host[:255]),
        "commit": sql.Literal(actor.git_commit),
        "version": sql.Literal(actor.program),
    }
    parts = [head, *([_LOG] if yoyo_operation is not None else []), _RECORD]
    return sql.Composed([part.format(**given) for part in parts])
