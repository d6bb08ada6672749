"""The mark of a restore: a comment on the database with the archive's name, and a digest of its state at the end."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from runner.upkeep.backup.archive import Archive

_ROWS = Path(__file__).with_name("queries") / "rows.sql"
_FORM = re.compile(
    r"runner restore of (?P<name>\S+), sha256 (?P<digest>[0-9a-f]{64})"
    r"(: unfinished|, rows (?P<rows>[0-9a-f]{64}))"
)
_COMMENT = """
SELECT pg_catalog.shobj_description(d.oid, 'pg_database')
FROM pg_catalog.pg_database AS d
WHERE d.datname = %s
"""
_WRITERS = """
SELECT FROM pg_catalog.pg_stat_activity AS a
WHERE a.datname = %(database)s AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type = 'client backend'
UNION ALL
SELECT FROM pg_catalog.pg_prepared_xacts AS x WHERE x.database = %(database)s
"""
_WAIT_S = 5.0
_COLLECTED_S = 1.5  # before PostgreSQL 15 counters are sent at most every 0.5 s, and written as often
Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What the comment says."""

    archive: str  # the archive's name
    digest: str  # its SHA-256
    rows: str | None  # a digest of the rows when the restore had ended; None while it has not

    def __str__(self) -> str:
        known = ": unfinished" if self.rows is None else f", rows {self.rows}"
        return f"runner restore of {self.archive}, sha256 {self.digest}{known}"


def of(archive: Archive, *, rows: str | None) -> Mark:
    """Return the mark of an archive's restore."""
    return Mark(archive=str(archive.name), digest=archive.manifest.sha256, rows=rows)


def read(conn: Connection, database: str) -> Mark | None:
    """Return the mark of a database, which need not be the one connected to."""
    row = conn.execute(_COMMENT.encode(), [database]).fetchone()
    match = _FORM.fullmatch(row[0]) if row and row[0] else None
    return match and Mark(archive=match["name"], digest=match["digest"], rows=match["rows"])


def write(conn: Connection, database: str, mark: Mark) -> None:
    """Set the mark, unless there is another comment or the role may not comment; then there is no mark."""
    row = conn.execute(_COMMENT.encode(), [database]).fetchone()
    if row and row[0] and _FORM.fullmatch(row[0]) is None:
        return
    try:
        conn.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(database), sql.Literal(str(mark)))
        )
    except psycopg.errors.InsufficientPrivilege:
        return


def rows_of(conn: Connection) -> str | None:
    """Return a digest that every write to the connected database changes; None if the server does not count writes.

    The counters of a session are complete when the session has ended.
    """
    if conn.execute("SHOW track_counts").fetchone() != ("on",):
        return None
    found = conn.execute(_ROWS.read_bytes()).fetchall()
    return hashlib.sha256(repr(found).encode()).hexdigest()


def wait_for_counters(conn: Connection) -> None:
    """Wait until the sessions that filled the connected database have ended, and their counters are complete."""
    deadline = time.monotonic() + _WAIT_S
    while is_in_use(conn, conn.info.dbname) and time.monotonic() < deadline:
        time.sleep(0.02)
    if conn.info.server_version < 150_000:
        time.sleep(_COLLECTED_S)


def is_in_use(conn: Connection, database: str) -> bool:
    """Return whether another client is connected to a database."""
    return conn.execute(_WRITERS.encode(), {"database": database}).fetchone() is not None
