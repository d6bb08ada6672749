"""Find the schema of history."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as File
from typing import Any, NamedTuple

import psycopg

from runner.errors import ConfigurationError, CredentialsError

_PATH = File(__file__).with_name("queries") / "path.sql"


class Path(NamedTuple):
    """Where a session makes its tables, and whether anybody chose that for this session."""

    current: str | None  # the schema in which an unqualified CREATE TABLE lands
    is_chosen: bool = False  # by the client, for the role, or by a schema of the role's own name
    is_named: bool = False  # by the client, for this very session


def choose_schema(
    tables: Sequence[Sequence[Any]],
    migration_table: str,
    *,
    path: Path,
    wanted: str | None,
    wanted_exists: bool,
    may_begin: bool = False,
) -> str:
    """Return the schema that was asked for, else the one where search_path finds yoyo's table, else the current one.

    A path that the client named begins with the schema to work in: a history further back in it, mostly in public, is
    not that schema's. Nor is it where the path is the role's own and the role may not write that history. A history that
    search_path does not find counts only where the path is the one of everybody who uses the database: otherwise it may
    be another tenant's. `may_begin`: a new history may then begin in the current schema. A row of `tables` begins with
    schema, name, whether search_path finds it, and whether it may be read and written.

    Raises: ConfigurationError when there is none, several fit, or the only one may be another tenant's.
    """
    if wanted is not None:
        if not wanted_exists:
            raise ConfigurationError(
                f'history_schema names "{wanted}", and there is no such schema',
                detail="Nothing was changed.",
                hint=f'CREATE SCHEMA "{wanted}"; or correct the name.',
            )
        return wanted
    holding = [table for table in tables if table[1] == migration_table]
    visible = [table for table in holding if table[2]]
    leads_past = path.is_named or (path.is_chosen and not any(table[4] for table in visible))
    if visible and leads_past and path.current not in {table[0] for table in visible}:
        if may_begin and path.current is not None:
            return path.current
        raise _hidden(sorted(str(table[0]) for table in visible), path.current)
    if visible:
        return str(visible[0][0])
    if holding and path.is_chosen and not (may_begin and path.current is not None):
        raise _hidden(sorted(str(table[0]) for table in holding), path.current)
    if len(holding) == 1 and not path.is_chosen:
        return str(holding[0][0])
    if holding and not path.is_chosen:
        schemas = ", ".join(sorted(str(table[0]) for table in holding))
        raise ConfigurationError(
            "history is in several schemas, none of them in search_path",
            detail=f"{migration_table} exists in {schemas}.",
            hint='Choose the right one: history_schema = "…" in runner.toml, or --history-schema.',
        )
    if path.current is None:
        raise ConfigurationError(
            "no schema for history: search_path leads to none that exists and that the role may use",
            detail="Nothing was run.",
            hint="Create the schema that search_path names, or GRANT USAGE on it to the role, or correct search_path. Where history "
            "lies is asked there first: with another schema in history_schema, files that are applied may be run again.",
        )
    return path.current


def _hidden(schemas: Sequence[str], current: str | None) -> ConfigurationError:
    """Return the error for a search_path on which there is no history, although others exist."""
    found = ", ".join(f'"{name}"' for name in schemas)
    leads = "no schema that exists and that the role may use" if current is None else f'schema "{current}"'
    begin = (
        " If the schema of its search_path exists, GRANT USAGE on it to the role."
        if current is None
        else f" To begin a history in the current schema: --history-schema {current}."
    )
    return ConfigurationError(
        f"history was found only in schema {found}, and this session's search_path leads to {leads}",
        detail="It may be the history of another tenant, so it is not used. Nothing was changed.",
        hint=f"If it is the history of this project's tables: --history-schema {schemas[0]}.{begin}",
    )


def read_path(connection: psycopg.Connection[Any], current: str | None) -> Path:
    """Return the session's search_path as far as it was chosen for it."""
    row = connection.execute(_PATH.read_text("utf-8").encode()).fetchone()
    is_chosen, is_named = (False, False) if row is None else row
    return Path(current=current, is_chosen=bool(is_chosen), is_named=bool(is_named))


def hidden_rows(role: str, tables: Sequence[str]) -> CredentialsError:
    """Return the error for history of which the server would show only a part."""
    return CredentialsError(
        f'row level security hides rows of history from role "{role}"',
        detail=f"It is enabled on {', '.join(tables)}, so what is applied cannot be known. Nothing was changed.",
        hint=f'ALTER TABLE … DISABLE ROW LEVEL SECURITY on these tables; or ALTER ROLE "{role}" BYPASSRLS; or connect as '
        "their owner.",
    )


def is_elsewhere(tables: Sequence[Sequence[Any]], migration_table: str, current: str | None) -> bool:
    """Return whether there is a history, and none in the schema in which the session works."""
    holding = {table[0] for table in tables if table[1] == migration_table}
    return bool(holding) and current not in holding
