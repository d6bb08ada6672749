"""Ask the catalogue how far an interrupted CONCURRENTLY statement came, and clear what it left behind.

Source: PostgreSQL manual, CREATE INDEX ("Building Indexes Concurrently"), REINDEX ("Rebuilding Indexes
Concurrently"), ALTER TABLE (DETACH PARTITION … CONCURRENTLY, FINALIZE).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib import resources
from typing import Any

import psycopg
from psycopg.rows import class_row

from runner.errors import RunnerError, TableLockedError
from runner.sqltext.concurrent import BuildIndex, Concurrent, DetachPartition, DropIndex, Reindex

Connection = psycopg.Connection[Any]


class Verdict(Enum):
    """What became of a statement whose end was not noted."""

    DONE = "done"
    AGAIN = "again"  # it is to be run, once more or for the first time


@dataclass(frozen=True, slots=True)
class _Index:
    oid: int
    qualified: str
    is_named: bool | None  # None: the statement names none
    is_valid: bool
    is_busy: bool  # another session holds the lock of a build on its table


def prepare(conn: Connection, statement: Concurrent, tells: Callable[[str], None]) -> str | None:
    """Clear what an earlier try left in the statement's way; return what `verdict` must know of before.

    Raises: TableLockedError when another session seems to be building the index.
    """
    if isinstance(statement, BuildIndex):
        indexes = _indexes(conn, statement)
        for index in indexes:
            if index.is_named and not index.is_valid:
                _drop_leftover(conn, index, tells)
        return " ".join(str(index.oid) for index in indexes if index.is_valid)
    if isinstance(statement, Reindex):
        for name in _reindex_leftovers(conn, statement):
            tells(f"dropping {name}, which an interrupted REINDEX left")
            _run(conn, f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    return None


def verdict(
    conn: Connection, statement: Concurrent, seen: str | None, tells: Callable[[str], None]
) -> Verdict:
    """Say whether a statement that was begun took effect; what it left half way is cleared or finished."""
    if isinstance(statement, BuildIndex):
        before = set(map(int, (seen or "").split()))
        new = [i for i in _indexes(conn, statement) if i.oid not in before and i.is_named is not False]
        if any(index.is_valid for index in new):
            return Verdict.DONE
        for index in new:
            _drop_leftover(conn, index, tells)
        return Verdict.AGAIN
    if isinstance(statement, DropIndex):
        row = conn.execute("SELECT pg_catalog.to_regclass(%s) IS NULL", [statement.name]).fetchone()
        return Verdict.DONE if row == (True,) else Verdict.AGAIN
    if isinstance(statement, DetachPartition):
        return _finish_detaching(conn, statement, tells)
    return Verdict.AGAIN


def confirm(conn: Connection, statement: Concurrent) -> None:
    """Check that an index that was just built can be used.

    Raises: RunnerError when it is invalid.
    """
    if not isinstance(statement, BuildIndex):
        return
    for index in _indexes(conn, statement):
        if index.is_named and not index.is_valid:
            raise RunnerError(
                f"index {index.qualified} is not valid after it was built",
                detail="PostgreSQL keeps it up to date and does not use it. The migration is not recorded.",
                hint="Run the same command again: it drops the index and builds it anew.",
            )


def leftover(conn: Connection, statement: Concurrent) -> str | None:
    """Name the invalid index that a failed build left, if it did."""
    if not isinstance(statement, BuildIndex):
        return None
    return next((i.qualified for i in _indexes(conn, statement) if i.is_named and not i.is_valid), None)


def _indexes(conn: Connection, statement: BuildIndex) -> list[_Index]:
    with conn.cursor(row_factory=class_row(_Index)) as cursor:
        found = cursor.execute(_query("indexes"), {"table": statement.table, "name": statement.name})
        return found.fetchall()


def _drop_leftover(conn: Connection, index: _Index, tells: Callable[[str], None]) -> None:
    if index.is_busy:
        raise TableLockedError(
            f"another session seems to be building {index.qualified}",
            detail="The index is not valid yet, and a session holds the lock of a build on its table. Nothing was changed.",
            hint="Wait until it is done and run the same command again.",
        )
    tells(f"dropping invalid index {index.qualified}, which an interrupted or failed build left")
    _run(conn, f"DROP INDEX CONCURRENTLY IF EXISTS {index.qualified}")


def _reindex_leftovers(conn: Connection, statement: Reindex) -> list[str]:
    rows = conn.execute(_query("reindex_leftovers"), {"scope": statement.scope, "name": statement.name})
    return [row[0] for row in rows]


def _finish_detaching(conn: Connection, statement: DetachPartition, tells: Callable[[str], None]) -> Verdict:
    names = {"table": statement.table, "partition": statement.partition}
    row = conn.execute(_query("partition"), names).fetchone()
    if row is None:
        return Verdict.DONE
    if row == (False,):
        return Verdict.AGAIN
    tells(f"finishing to detach {statement.partition} from {statement.table}")
    _run(conn, f"ALTER TABLE {statement.table} DETACH PARTITION {statement.partition} FINALIZE")
    return Verdict.DONE


def _run(conn: Connection, statement: str) -> None:
    """Run a statement whose names the server quoted, or that stand in the file as they are here."""
    conn.execute(statement.encode())


def _query(name: str) -> Any:  # psycopg wants literal strings; these are this package's own files
    return resources.files("runner.apply").joinpath(f"queries/{name}.sql").read_text("utf-8")
