"""The facts of a database in the current transaction: for a backup's manifest, and to compare a restored one with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from runner.schema.catalog.read import read as read_catalog
from runner.schema.catalog.render import render as render_catalog
from runner.upkeep.backup.manifest import Facts, Locale

if TYPE_CHECKING:
    from runner.engine.history.store import History

_QUERIES = Path(__file__).with_name("queries")


def read_facts(history: History, *, exclude: tuple[str, ...] = ()) -> Facts:
    """Read the database's locale, roles, history and catalog."""
    conn = history.connection
    with conn.cursor(row_factory=class_row(Locale)) as cursor:
        (locale,) = cursor.execute(_query("locale")).fetchall()
    return Facts(
        dbname=conn.info.dbname,
        server_version=conn.info.parameter_status("server_version") or str(conn.info.server_version),
        locale=locale,
        roles=tuple(name for (name,) in conn.execute(_query("roles"))),
        migrations=tuple(entry.id for entry in reversed(history.state().newest_first())),
        schema=render_catalog(read_catalog(conn, exclude=exclude)),
    )


def _query(name: str) -> bytes:
    return (_QUERIES / f"{name}.sql").read_bytes()
