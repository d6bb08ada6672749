"""Make history's tables, or what is missing of them, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from runner.engine.history.names import YOYO_LOG, YOYO_VERSION, Names
from runner.errors import RunnerError

if TYPE_CHECKING:
    from runner.engine.history.actor import Actor

_QUERIES = Path(__file__).with_name("queries")


def create_missing(
    conn: psycopg.Connection[Any], names: Names, existing: Iterable[str], actor: Actor
) -> None:
    """Create the tables that are not there yet; tables of an older yoyo are brought up to date by yoyo itself."""
    with conn.transaction():
        settings = sql.SQL(
            "SET LOCAL client_min_messages = warning; SET LOCAL search_path = {}, pg_catalog; "
        ).format(sql.Identifier(names.schema))
        if {names.migration_table, YOYO_LOG, YOYO_VERSION}.isdisjoint(existing):
            conn.execute(sql.Composed([settings, _query("create_yoyo", names), _query("create", names)]))
        else:
            from runner.engine.history.backend import TableBackend  # for start-up time: it loads yoyo

            conn.execute(settings)
            TableBackend(conn, names, actor).create_tables()
            conn.execute(_query("create", names))
        _keep_to_owner(conn, names, set(names.tables).difference(existing))


def not_created(schema: str, error: psycopg.Error) -> RunnerError:
    """Return the error for history's tables that the server refused to create."""
    diag = error.diag
    return RunnerError(
        f'cannot create the tables of history in schema "{schema}": {diag.message_primary or error}',
        detail="\n".join(filter(None, (f"SQLSTATE {error.sqlstate}; nothing was changed.", diag.context))),
        hint="If an event trigger refuses it, exempt these tables, whose names begin with _yoyo, yoyo and _runner; or "
        "choose a schema that it does not cover with --history-schema.",
        sqlstate=error.sqlstate,
    )


def _query(name: str, names: Names) -> sql.Composed:
    text: Any = _QUERIES.joinpath(f"{name}.sql").read_text("utf-8")
    return sql.SQL(text).format(**names.identifiers())


def _keep_to_owner(conn: psycopg.Connection[Any], names: Names, created: Iterable[str]) -> None:
    """Revoke what default privileges granted to others: the application must not write history."""
    text: Any = _QUERIES.joinpath("grantees.sql").read_text("utf-8")
    grantees = conn.execute(text, [sql.Identifier(names.schema).as_string(None), list(created)])
    for kind, name, grantee in grantees.fetchall():
        conn.execute(
            sql.SQL("REVOKE ALL ON {} {} FROM {}").format(
                sql.SQL(kind),
                names.table(name),
                sql.SQL("PUBLIC") if grantee is None else sql.Identifier(grantee),
            )
        )
