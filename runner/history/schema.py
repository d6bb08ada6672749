"""Which schema history lives in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runner.errors import ConfigurationError


def choose_schema(
    tables: Sequence[Sequence[Any]],
    migration_table: str,
    *,
    current: str | None,
    wanted: str | None,
    wanted_exists: bool,
) -> str:
    """Return the schema that was asked for, else the one that holds yoyo's table, else the current one.

    A row of `tables` begins with schema, name and whether search_path finds it.

    Raises: ConfigurationError when there is none, or several fit.
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
    if visible:
        return str(visible[0][0])
    if len(holding) == 1:
        return str(holding[0][0])
    if holding:
        schemas = ", ".join(sorted(str(table[0]) for table in holding))
        raise ConfigurationError(
            "history is in several schemas, none of them in search_path",
            detail=f"{migration_table} exists in {schemas}.",
            hint='Name the right one: history_schema = "…" in runner.toml, or --history-schema.',
        )
    if current is None:
        raise ConfigurationError(
            "no schema for history: nothing in search_path exists",
            hint='Create the schema, or name one: history_schema = "public" in runner.toml.',
        )
    return current
