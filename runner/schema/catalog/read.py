"""Read a database's schema: a fixed number of queries, whatever its size."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from importlib.resources import files
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from runner.schema.catalog import definitions, query_rows
from runner.schema.catalog.build import Builder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from runner.schema.catalog.objects import Catalog

_TRIES = 4

# What the server's own printing of definitions depends on: names are written with their schema only when
# the search path does not find them, times in the session's zone, and so on. Compiling the queries (jit)
# would cost more than it gains.
_SETTINGS = {
    "search_path": "",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "quote_all_identifiers": "off",
    "xmlbinary": "base64",
    "lc_monetary": "C",
    "jit": "off",
}


def read(
    conn: psycopg.Connection[Any],
    *,
    owners: bool = False,
    other_owners: bool = False,
    owner: str | None = None,
    schemas: Collection[str] | None = None,
    exclude: Collection[str] = (),
) -> Catalog:
    """Read the schema of the database that `conn` is connected to.

    Nothing is written and the session is left as it was, so a read-only role, a read-only transaction and a
    standby will do; no rights on the tables are needed. A transaction in progress is used; otherwise one
    snapshot is taken. It waits, as far as `lock_timeout` lets it, for whoever holds a table that a view uses
    in ACCESS EXCLUSIVE mode.

    `owners` adds who owns what, `other_owners` only what `owner` does not own. `owner` is the role, quoted as
    in SQL, whose default privileges are written without FOR ROLE: by default the owner of yoyo's history table,
    or else the current user. `schemas` limits what is read. `exclude` names relations to leave out beside
    yoyo's and ours: "name" in any schema, or "schema.name".
    """
    with _without_collection():
        found = fetch_whole(conn, owner)
        return Builder(
            found, owners=owners, other_owners=other_owners, schemas=schemas, exclude=exclude
        ).catalog()


def main_owner(conn: psycopg.Connection[Any]) -> str:
    """Return the role that migrates this database, quoted as in SQL: it owns history, or else it is the one that asks."""
    text = (files("runner.schema.catalog") / "queries" / "main_owner.sql").read_text(encoding="utf-8")
    return str(run_query(conn, text)[0][0])


def undescribed(conn: psycopg.Connection[Any]) -> list[query_rows.Undescribed]:
    """Return what is there and has no place in a catalog, with what is usual in every database."""
    text = (files("runner.schema.catalog") / "queries" / "undescribed.sql").read_text(encoding="utf-8")
    with plain_session(conn):
        return list(map(query_rows.Undescribed._make, run_query(conn, text, prepare=True)))


def fetch_whole(conn: psycopg.Connection[Any], owner: str | None) -> query_rows.Snapshot:
    """Fetch everything; where another session dropped something meanwhile, begin again.

    Our snapshot still lists a dropped object, but the functions that print definitions look at the present:
    they return NULL, or fail with XX000 ("could not open relation with OID …").
    """
    alone = conn.info.transaction_status == TransactionStatus.IDLE
    for _ in range(_TRIES - 1 if alone else 0):
        try:
            with plain_session(conn):
                found = _fetch(conn, owner)
        except psycopg.errors.InternalError_:
            continue
        if not _has_gaps(found):
            return found
    with plain_session(conn):
        return _fetch(conn, owner)


def _has_gaps(found: query_rows.Snapshot) -> bool:
    printed = (found.constraints, found.indexes, found.rules)
    return (
        any(None in map(attrgetter("definition"), of_kind) for of_kind in printed)
        or any(view.view_definition is None for view in found.relations if view.kind in "vm")
        or any(function.definition is None for function in found.functions if function.kind != "a")
    )


@contextmanager
def _without_collection() -> Iterator[None]:
    """Spare the garbage collector the many rows, none of them garbage: a sixth of the time is saved."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def plain_session(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """Have definitions printed in one way, whatever the session's settings are, and put those back."""
    names = list(_SETTINGS)
    if conn.info.transaction_status == TransactionStatus.IDLE:
        with conn.transaction():  # not rolled back: psycopg would forget what it has prepared
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            _set(conn, _SETTINGS)
            yield
        return
    # No savepoint: after ALTER DOMAIN in the same transaction the server refuses one with XX000.
    before = run_query(conn, "SELECT " + ", ".join(["pg_catalog.current_setting(%s)"] * len(names)), names)[0]
    _set(conn, _SETTINGS)
    yield
    _set(conn, dict(zip(names, before, strict=True)))


def _set(conn: psycopg.Connection[Any], settings: dict[str, str]) -> None:
    parameters = [text for item in settings.items() for text in item]
    run_query(
        conn, "SELECT " + ", ".join(["pg_catalog.set_config(%s, %s, true)"] * len(settings)), parameters
    )


def run_query(
    conn: psycopg.Connection[Any],
    statement: str,
    parameters: Sequence[str] | Mapping[str, Any] | None = None,
    *,
    prepare: bool = False,
) -> list[tuple[Any, ...]]:
    """Return the rows of one of our own queries: a file of this package or a constant of it."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(statement.encode(), parameters, prepare=prepare)
        return cursor.fetchall()


def _fetch(conn: psycopg.Connection[Any], owner: str | None) -> query_rows.Snapshot:
    def table(name: str) -> list[tuple[Any, ...]]:
        return run_query(
            conn, (files("runner.schema.catalog") / "queries" / f"{name}.sql").read_text(encoding="utf-8")
        )

    main_owner = owner if owner is not None else table("main_owner")[0][0]
    defined = run_query(conn, definitions.query(), {"main_owner": main_owner})
    return query_rows.Snapshot(
        server_version=conn.info.server_version,
        main_owner=main_owner,
        schemas=list(map(query_rows.Schema._make, table("schemas"))),
        extensions=list(map(query_rows.Extension._make, table("extensions"))),
        types=list(map(query_rows.Type._make, table("types"))),
        sequences=list(map(query_rows.Sequence._make, table("sequences"))),
        functions=list(map(query_rows.Function._make, table("functions"))),
        aggregates=dict(table("aggregates")),
        relations=list(map(query_rows.Relation._make, table("relations"))),
        columns=list(map(query_rows.Column._make, table("columns"))),
        inherits=[(child, parent) for child, parent in table("inherits")],
        constraints=list(map(query_rows.Constraint._make, table("constraints"))),
        indexes=list(map(query_rows.Index._make, table("indexes"))),
        triggers=list(map(query_rows.Trigger._make, table("triggers"))),
        rules=list(map(query_rows.Rule._make, table("rules"))),
        policies=list(map(query_rows.Policy._make, table("policies"))),
        statistics=list(map(query_rows.Statistics._make, table("statistics"))),
        event_triggers=list(map(query_rows.EventTrigger._make, table("event_triggers"))),
        definitions=list(map(query_rows.Definition._make, defined)),
        comments=list(map(query_rows.Comment._make, table("comments"))),
        grants=list(map(query_rows.Grant._make, table("grants"))),
        default_privileges=list(map(query_rows.DefaultPrivilege._make, table("default_privileges"))),
        dependencies=list(map(query_rows.Dependency._make, table("dependencies"))),
        undescribed=list(map(query_rows.Undescribed._make, table("undescribed"))),
    )
