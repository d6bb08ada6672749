"""Ask a database, each question in a transaction of its own that can change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import Any

import psycopg
from psycopg import sql

from runner.errors import FileError, Location
from runner.upkeep.health.header import Query, Sight
from runner.upkeep.health.result import Answer, Level, weigh

_SIGHT = """SELECT CURRENT_USER::text,
 coalesce((SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = CURRENT_USER), false)
 OR pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_stats', 'USAGE'),
 (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class AS c
  INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
  WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'))),
 (SELECT pg_catalog.json_object_agg(e.extname, n.nspname) FROM pg_catalog.pg_extension AS e
  INNER JOIN pg_catalog.pg_namespace AS n ON e.extnamespace = n.oid)"""
_NOT_LOADED = "55000"  # object not in prerequisite state: the library of an extension that exists


@dataclass(frozen=True, slots=True)
class _View:
    """What our role sees of this database."""

    role: str
    sessions: bool
    hidden_tables: int
    extensions: dict[str, str]  # and their schemas

    def unseen(self, query: Query) -> Iterator[str]:
        if Sight.SESSIONS in query.sees and not self.sessions:
            yield f"what other roles do is hidden from {self.role}: GRANT pg_monitor TO {_quoted(self.role)}"
        if Sight.TABLES in query.sees and self.hidden_tables:
            yield (
                f"{self.hidden_tables} tables are hidden from {self.role}, who may not read them:"
                f" GRANT pg_read_all_data TO {_quoted(self.role)}"
            )


def ask(conn: psycopg.Connection[Any], queries: Sequence[Query], *, timeout_ms: int) -> list[Answer]:
    """Return an answer to each query, each asked within `timeout_ms` milliseconds. Needs a connection in autocommit.

    Raises: FileError for a query that is wrong in itself; what the server refuses is an answer too.
    """
    with _read_only(conn, timeout_ms, None):
        row = conn.execute(_SIGHT.encode()).fetchone()
    if row is None:  # a SELECT without FROM always gives one row
        raise RuntimeError("no answer")
    view = _View(row[0], row[1], row[2], row[3] or {})
    return [_ask(conn, query, view, timeout_ms) for query in queries]


def _ask(conn: psycopg.Connection[Any], query: Query, view: _View, timeout_ms: int) -> Answer:
    if query.extension is not None and query.extension not in view.extensions:
        return Answer(
            query=query,
            level=Level.SKIPPED,
            reason=f"the extension {query.extension} is not created in this database",
            remedy=_remedy(query.extension),
        )
    started = monotonic()
    try:
        with _read_only(conn, timeout_ms, view.extensions.get(query.extension or "")):
            missing = _missing(conn, query)
            if missing:
                return Answer(query=query, level=Level.SKIPPED, reason=f"there is no table {missing}")
            cursor = conn.execute(query.sql.encode())
            if cursor.description is None:
                raise FileError(
                    "the file holds no query", where=Location(query.path), hint="It has to be one SELECT."
                )
            columns = tuple(column.name for column in cursor.description)
            rows = [tuple(plain(value) for value in row) for row in cursor.fetchall()]
    except psycopg.Error as error:
        if conn.closed:
            raise
        return _unknown(query, error, view, monotonic() - started)
    level, weighed = weigh(query, columns, rows)
    return Answer(
        query=query,
        level=level,
        columns=columns,
        rows=weighed,
        elapsed_s=monotonic() - started,
        unseen=tuple(view.unseen(query)),
    )


@contextmanager
def _read_only(conn: psycopg.Connection[Any], timeout_ms: int, schema: str | None) -> Iterator[None]:
    """Hold a transaction that cannot write and cannot take long; `schema` is one more that names are looked up in."""
    conn.execute("BEGIN TRANSACTION READ ONLY")
    try:
        conn.execute(
            sql.SQL("SET LOCAL statement_timeout = {}; SET LOCAL DateStyle = ISO").format(
                sql.Literal(timeout_ms)
            )
        )
        if schema is not None:
            path = "SELECT pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', nullif("
            path += "pg_catalog.current_setting('search_path'), ''), pg_catalog.quote_ident(%s)), true)"
            conn.execute(path.encode(), [schema])
        yield
    finally:
        if not conn.closed:
            conn.execute("ROLLBACK")


def _missing(conn: psycopg.Connection[Any], query: Query) -> str | None:
    for name in query.tables:
        row = conn.execute("SELECT pg_catalog.to_regclass(%s) IS NULL", [name]).fetchone()
        if row is None or row[0]:
            return name
    return None


def _unknown(query: Query, error: psycopg.Error, view: _View, elapsed_s: float) -> Answer:
    if query.extension is not None and error.sqlstate == _NOT_LOADED:
        return Answer(
            query=query,
            level=Level.SKIPPED,
            reason=f"the server has not loaded {query.extension}",
            remedy=_remedy(query.extension),
        )
    said = error.diag.message_primary or str(error).strip() or type(error).__name__
    remedy = error.diag.message_hint
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        role = _quoted(view.role)
        remedy = f"GRANT SELECT ON that table TO {role}, or for all of them: GRANT pg_read_all_data TO {role}"
    return Answer(query=query, level=Level.UNKNOWN, reason=said, remedy=remedy, elapsed_s=elapsed_s)


def _remedy(extension: str) -> str:
    return (
        f"Name {extension} in shared_preload_libraries and restart the server (on RDS in the parameter group), then as a"
        f" superuser: CREATE EXTENSION {extension};"
    )


def _quoted(role: str) -> str:
    return sql.Identifier(role).as_string(None)


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: moments in ISO 8601, durations in seconds, numbers as numbers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.is_finite() else float(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat(timespec="seconds")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
