"""What must hold after every fault: the database is what exactly the recorded migrations make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from runner.schema.catalog.differences import unified_diff
from runner.schema.catalog.read import read as read_catalog
from runner.schema.catalog.render import render as render_catalog
from runner.server.local import process

Connection = psycopg.Connection[Any]
Recorded = frozenset[tuple[str, str]]  # ids, each with the checksum of what was applied

_GONE_S = 10.0  # the server looks for a vanished client every second

_RECORDED = """
SELECT m.migration_id, r.checksum
FROM public._yoyo_migration AS m
JOIN public._runner_migration AS r USING (migration_id, applied_at_utc)
WHERE r.id = (SELECT max(n.id) FROM public._runner_migration AS n WHERE n.migration_id = m.migration_id)
"""
_TABLES = """
SELECT c.oid::regclass::text
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema$)' AND c.relname !~ '^(_yoyo_|_runner_|yoyo_lock$)'
"""
_SESSIONS = """
SELECT pid, application_name, state, query FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_ADVISORY = """
SELECT pid, classid, objid FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_OFTEN = """
SELECT migration_id, operation, count(*) FROM public._yoyo_log GROUP BY migration_id, operation, comment HAVING count(*) > 1
"""


class ViolationError(AssertionError):
    """A promise that was not kept."""


@dataclass(frozen=True)
class Snapshot:
    """A database's schema as SQL, and a digest of the rows of each table."""

    schema: str
    rows: Mapping[str, str]


def snapshot(conn: Connection) -> Snapshot:
    """Read the whole of a small database, history's tables left out."""
    tables = [name for (name,) in conn.execute(_TABLES)]
    return Snapshot(render_catalog(read_catalog(conn)), {name: _digest(conn, name) for name in tables})


def _digest(conn: Connection, table: str) -> str:
    query = sql.SQL(
        "SELECT count(*) || ' rows, ' || md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM {} AS t"
    )
    row = conn.execute(query.format(sql.SQL(table))).fetchone()  # type: ignore[arg-type]
    return str(row and row[0])


def recorded(conn: Connection) -> Recorded:
    """Return what history says is applied, in which form."""
    if not _has(conn, "_yoyo_migration"):
        return frozenset()
    return frozenset((id_, checksum) for id_, checksum in conn.execute(_RECORDED))


def _has(conn: Connection, table: str) -> bool:
    return conn.execute("SELECT to_regclass('public.' || %s)", [table]).fetchone() != (None,)


def verify(conn: Connection, states: Mapping[Recorded, Snapshot], *, half_done: frozenset[str]) -> Recorded:
    """Compare a database with what its history says, and return that.

    `half_done` are the ids of files without a transaction: where the next one to run is one of them, its part is not
    looked at.

    Raises: ViolationError.
    """
    if not process.wait(lambda: not _rows(conn, _SESSIONS), _GONE_S):
        raise ViolationError(f"a session is left after {_GONE_S:g} s: {_rows(conn, _SESSIONS)}")
    if left := _rows(conn, _ADVISORY):
        raise ViolationError(f"an advisory lock is left: {left}")
    found = recorded(conn)
    if found not in states:
        raise ViolationError(f"history records what no run leads to: {sorted(found)}")
    if half_done & _near(found, states):
        return found
    if _has(conn, "yoyo_lock") and (left := _rows(conn, "SELECT * FROM public.yoyo_lock")):
        raise ViolationError(f"yoyo's lock is left: {left}")
    if _has(conn, "_runner_journal") and (left := _rows(conn, "SELECT * FROM public._runner_journal")):
        raise ViolationError(f"the journal of a finished file is left: {left}")
    actual, expected = snapshot(conn), states[found]
    if actual.schema != expected.schema:
        raise ViolationError(unified_diff(expected.schema, actual.schema, "recorded", "found"))
    if actual.rows != expected.rows:
        raise ViolationError(f"rows differ from what is recorded: {actual.rows}, not {expected.rows}")
    return found


def verify_once(conn: Connection) -> None:
    """Check that nothing was applied or rolled back twice.

    Raises: ViolationError.
    """
    if often := _rows(conn, _OFTEN):
        raise ViolationError(f"done more than once: {often}")


def _near(found: Recorded, states: Mapping[Recorded, Snapshot]) -> frozenset[str]:
    """Return the ids of the steps that lead to a state or on from it."""
    return frozenset(id_ for other in states if len(other ^ found) == 1 for id_, _ in other ^ found)


def _rows(conn: Connection, query: str) -> list[tuple[Any, ...]]:
    return conn.execute(query.encode()).fetchall()
