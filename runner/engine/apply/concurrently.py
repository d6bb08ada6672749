"""Read from the catalog how far an interrupted CONCURRENTLY statement came, and remove what it left behind.

Source: PostgreSQL manual, CREATE INDEX ("Building Indexes Concurrently"), REINDEX ("Rebuilding Indexes
Concurrently"), ALTER TABLE (DETACH PARTITION … CONCURRENTLY, FINALIZE).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from importlib import resources
from typing import Any

import psycopg
from psycopg.rows import class_row

from runner.errors import RunnerError, TableLockedError
from runner.events import WARNING, Emit, Notice
from runner.files.sqltext.concurrent import BuildIndex, Concurrent, DetachPartition, DropIndex, Reindex

Connection = psycopg.Connection[Any]


class Verdict(Enum):
    """The outcome of a statement whose end was not recorded."""

    DONE = "done"
    UNKNOWN = "unknown"
    AGAIN = "again"  # it is to be run, once more or for the first time


@dataclass(frozen=True, slots=True)
class _Index:
    oid: int
    qualified: str
    is_named: bool | None  # None: the statement names none
    is_valid: bool
    definition: str
    is_busy: bool  # another session holds the lock of a build on its table


def prepare(conn: Connection, statement: Concurrent, emit: Emit) -> str | None:
    """Remove what an earlier attempt left; return the state before, which `verdict` needs.

    Raises: TableLockedError if another session seems to be building the index.
    """
    if isinstance(statement, BuildIndex):
        indexes = _indexes(conn, statement)
        for index in indexes:
            if index.is_named and not index.is_valid:
                _drop_leftover(conn, index, emit)
        # an invalid one without our name is not ours; one with it was dropped just now
        return " ".join(str(index.oid) for index in indexes if index.is_valid or not index.is_named)
    if isinstance(statement, Reindex):
        _drop_reindex_leftovers(conn, statement, emit)
    return None


def verdict(conn: Connection, statement: Concurrent, text: str, seen: str | None, emit: Emit) -> Verdict:
    """Return whether a statement that was begun took effect; half-done work is removed or finished.

    `text` is the statement itself: an index without a name is known by its definition.
    """
    if isinstance(statement, BuildIndex):
        new = _new(conn, statement, seen)
        valid = [index for index in new if index.is_valid]
        if any(statement.name is not None or _same(index.definition, text) for index in valid):
            return Verdict.DONE
        if valid:
            return Verdict.UNKNOWN  # somebody's, or ours in other words
        for index in new:
            _drop_leftover(conn, index, emit)
        return Verdict.AGAIN
    if isinstance(statement, DropIndex):
        row = conn.execute("SELECT pg_catalog.to_regclass(%s) IS NULL", [statement.name]).fetchone()
        return Verdict.DONE if row == (True,) else Verdict.AGAIN
    if isinstance(statement, DetachPartition):
        return _finish_detaching(conn, statement, emit)
    return Verdict.AGAIN


def confirm(conn: Connection, statement: Concurrent) -> None:
    """Check that an index that was just built can be used.

    Raises: RunnerError when it is invalid.
    """
    if not isinstance(statement, BuildIndex):
        return
    if statement.name is None:
        return
    built = [index for index in _indexes(conn, statement) if index.is_named]
    for index in built:
        if not index.is_valid:
            raise RunnerError(
                f"index {index.qualified} is not valid after it was built",
                detail="PostgreSQL updates it and does not use it. The migration is not recorded.",
                hint="Run the same command again: it drops the index and builds it again.",
            )
    if not built:
        raise RunnerError(
            f"{statement.table} has no index {statement.name} after it was built",
            detail="IF NOT EXISTS found an index with this name on another table. The migration is not recorded.",
            hint="Give the index another name, or drop the one that has it.",
        )


def place(conn: Connection, statement: Concurrent) -> int | None:
    """Return the OID of the table or index that a statement works on, as the session finds it now."""
    name = statement.name if isinstance(statement, DropIndex | Reindex) else statement.table
    if name is None or (isinstance(statement, Reindex) and statement.scope not in {"TABLE", "INDEX"}):
        return None
    row = conn.execute("SELECT pg_catalog.to_regclass(%s)::oid::bigint", [name]).fetchone()
    return None if row is None else row[0]


def placed(conn: Connection, statement: Concurrent, oid: int | None) -> Concurrent | None:
    """Return the statement with the name that its table or index has now; None when that is gone.

    Another session may have another search_path, and the table another name by then.
    """
    if oid is None:
        return statement
    row = conn.execute(
        "SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname) FROM pg_catalog.pg_class AS c"
        " INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid WHERE c.oid = %s",
        [oid],
    ).fetchone()
    if row is None:
        return None
    if isinstance(statement, DropIndex | Reindex):
        return replace(statement, name=row[0])
    return replace(statement, table=row[0])


def leftovers(conn: Connection, statement: Concurrent, seen: str | None) -> list[str]:
    """Return the names of the invalid indexes left by a failed statement."""
    if isinstance(statement, BuildIndex):
        return [index.qualified for index in _new(conn, statement, seen) if not index.is_valid]
    if isinstance(statement, Reindex):
        return _reindex_leftovers(conn, statement)
    return []


def clear(conn: Connection, statement: Concurrent, text: str, seen: str | None, emit: Emit) -> Verdict:
    """Remove what a statement that will not run again left behind, and return its outcome.

    Raises: as `prepare`.
    """
    if isinstance(statement, Reindex):
        _drop_reindex_leftovers(conn, statement, emit)
    if isinstance(statement, DropIndex):
        _name_half_dropped(conn, statement, emit)
    return verdict(conn, statement, text, seen, emit)


def _name_half_dropped(conn: Connection, statement: DropIndex, emit: Emit) -> None:
    """Warn of an index that an interrupted DROP INDEX CONCURRENTLY made useless but did not remove."""
    row = conn.execute(
        "SELECT i.indisvalid FROM pg_catalog.pg_index AS i WHERE i.indexrelid = pg_catalog.to_regclass(%s)",
        [statement.name],
    ).fetchone()
    if row == (False,):
        said = (
            f"index {statement.name} is no longer used since DROP INDEX CONCURRENTLY was interrupted; drop it, or rebuild "
            f"it with REINDEX INDEX CONCURRENTLY {statement.name}"
        )
        facts = {"index": statement.name}
        emit(Notice(name="index.left", message=said, level=WARNING, facts=facts, indent="  "))


def _same(definition: str, text: str) -> bool:
    """Return whether an index is what a statement asks for, as far as both use the same words."""
    return _kernel(definition) == _kernel(text)


def _kernel(text: str) -> tuple[bool, str]:
    """Return whether the index is unique, and what stands from its columns on, without white space and case."""
    head, _, columns = text.partition("(")
    return "unique" in head.lower().split(), "".join(columns.split()).lower()


def _new(conn: Connection, statement: BuildIndex, seen: str | None) -> list[_Index]:
    """Return the indexes that the statement may have made: not there when it began, and of its name if it has one."""
    before = set(map(int, (seen or "").split()))
    return [i for i in _indexes(conn, statement) if i.oid not in before and i.is_named is not False]


def _indexes(conn: Connection, statement: BuildIndex) -> list[_Index]:
    with conn.cursor(row_factory=class_row(_Index)) as cursor:
        found = cursor.execute(_query("indexes"), {"table": statement.table, "name": statement.name})
        return found.fetchall()


def _drop_leftover(conn: Connection, index: _Index, emit: Emit) -> None:
    if index.is_busy:
        raise TableLockedError(
            f"another session seems to be building {index.qualified}",
            detail="The index is not valid yet, and a session holds the lock of a build on its table. Nothing was changed.",
            hint="Wait until it has finished, then run the same command again.",
        )
    said = f"dropping invalid index {index.qualified}, which an interrupted or failed build left"
    emit(Notice(name="index.dropping", message=said, facts={"index": index.qualified}, indent="  "))
    _run(conn, f"DROP INDEX CONCURRENTLY IF EXISTS {index.qualified}")


def _drop_reindex_leftovers(conn: Connection, statement: Reindex, emit: Emit) -> None:
    for name in _reindex_leftovers(conn, statement):
        facts = {"index": name}
        said = f"dropping {name}, which an interrupted REINDEX left"
        emit(Notice(name="index.dropping", message=said, facts=facts, indent="  "))
        try:
            _run(conn, f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        except psycopg.errors.InsufficientPrivilege as error:  # pg_toast is closed to all but superusers
            reason = error.diag.message_primary
            said = f"{name} stays: {reason}; a superuser removes it with DROP INDEX CONCURRENTLY {name}"
            emit(Notice(name="index.left", message=said, level=WARNING, facts=facts, indent="  "))


def _reindex_leftovers(conn: Connection, statement: Reindex) -> list[str]:
    rows = conn.execute(_query("reindex_leftovers"), {"scope": statement.scope, "name": statement.name})
    return [row[0] for row in rows]


def _finish_detaching(conn: Connection, statement: DetachPartition, emit: Emit) -> Verdict:
    names = {"table": statement.table, "partition": statement.partition}
    row = conn.execute(_query("partition"), names).fetchone()
    if row is None:
        return Verdict.DONE
    if row == (False,):
        return Verdict.AGAIN
    said = f"finishing the interrupted DETACH of {statement.partition} from {statement.table}"
    emit(Notice(name="partition.detaching", message=said, facts={"table": statement.table}, indent="  "))
    _run(conn, f"ALTER TABLE {statement.table} DETACH PARTITION {statement.partition} FINALIZE")
    return Verdict.DONE


def _run(conn: Connection, statement: str) -> None:
    """Run a statement whose names the server quoted, or that stand in the file as they are here."""
    conn.execute(statement.encode())


def _query(name: str) -> Any:  # psycopg wants literal strings; these are this package's own files
    return resources.files("runner.engine.apply").joinpath(f"queries/{name}.sql").read_text("utf-8")
