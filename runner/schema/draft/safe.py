"""Changes of a table in use in forms that let nobody wait for long.

Source: PostgreSQL manual, ALTER TABLE, Notes; CREATE INDEX, "Building Indexes Concurrently".
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from itertools import count

from runner.schema.catalog.objects import CatalogObject, Column, Key, UniqueKey

_ROWS = 1000  # a transaction
_NAME_BYTES = 63


@dataclass(frozen=True, slots=True)
class Fills:
    """What new columns hold in rows that are there: "public.orders.country" and an expression."""

    values: Mapping[str, str] = field(default_factory=dict)

    def value(self, table: str, column: Column) -> str | None:
        """Return the expression for a column; its default where nothing else is said."""
        return self.values.get(f"{table}.{column.name}", column.default)

    def is_given(self, table: str, column: Column) -> bool:
        """Return whether a person said what the column holds."""
        return f"{table}.{column.name}" in self.values

    def batch(self, objects: Mapping[Key, CatalogObject], table: str, column: Column, value: str) -> str:
        """Return the statement that fills a thousand rows, by the table's key if it has one.

        The outer condition leaves out a row that somebody has filled meanwhile.
        """
        key = next(
            (
                item.structure.columns
                for item in objects.values()
                if item.parent == table
                and isinstance(item.structure, UniqueKey)
                and item.structure.is_primary
            ),
            ("tableoid", "ctid"),  # a ctid is that of one partition or child
        )
        names = ", ".join(key)
        left = names if len(key) == 1 else f"({names})"
        return (
            f"UPDATE {table} SET {column.name} = {value}\n"
            f"WHERE {left} IN (\n"
            f"    SELECT {names} FROM {table} WHERE {column.name} IS NULL ORDER BY {names} LIMIT {_ROWS}\n"
            f") AND {column.name} IS NULL;"
        )


def proven_not_null(table: str, column: Column, taken: set[str], *, native: bool) -> tuple[str, str, str]:
    """Return how a column becomes NOT NULL: a constraint for new rows, its proof, and the end.

    The constraint's name is none of `taken`, and is added to it.
    """
    name = _free_name(table.rpartition(".")[2], column.name, taken)
    taken.add(name)
    alter = f"ALTER TABLE {table}"
    validate = f"{alter} VALIDATE CONSTRAINT {name};"
    if native:
        return f"{alter}\n    ADD CONSTRAINT {name} NOT NULL {column.name} NOT VALID;", validate, ""
    add = f"{alter}\n    ADD CONSTRAINT {name} CHECK ({column.name} IS NOT NULL) NOT VALID;"
    end = f"{alter} ALTER COLUMN {column.name} SET NOT NULL;\n\n{alter} DROP CONSTRAINT {name};"
    return add, validate, end


def _free_name(table: str, column: str, taken: Container[str]) -> str:
    """Return a name for a NOT NULL, as PostgreSQL chooses one: 63 bytes at most, and not one that is there."""
    bare = "_".join(name.removeprefix('"').removesuffix('"').replace('""', '"') for name in (table, column))
    for number in count():
        end = f"_not_null{number or ''}"
        name = bare.encode()[: _NAME_BYTES - len(end)].decode(errors="ignore") + end
        quoted = '"' + name.replace('"', '""') + '"'
        name = name if re.fullmatch("[a-z_][a-z0-9_]*", name) else quoted
        if name not in taken:
            break
    return name


def unique_over_index(item: CatalogObject) -> tuple[str, str] | None:
    """Return a key as an index that is built concurrently and the constraint over it; None if it cannot be so."""
    key = item.structure
    if not isinstance(key, UniqueKey) or item.parent is None:
        return None
    name = item.identity.removesuffix(f" on {item.parent}")
    kind, columns = "PRIMARY KEY" if key.is_primary else "UNIQUE", ", ".join(key.columns)
    add = f"ALTER TABLE {item.parent}\n    ADD CONSTRAINT {name} {kind}"
    if item.sql != f"{add} ({columns});":
        return None  # INCLUDE, NULLS NOT DISTINCT, parameters and the like
    index = f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {item.parent} USING btree ({columns});"
    return index, f"{add} USING INDEX {name};"


def not_valid_and_proof(item: CatalogObject) -> tuple[str, str] | None:
    """Return a CHECK or foreign key as NOT VALID and its proof; None for another constraint."""
    if item.parent is None or item.sql.endswith((" NOT VALID;", "*/;")):
        return None
    name = item.identity.removesuffix(f" on {item.parent}")
    head = f"ALTER TABLE {item.parent}\n    ADD CONSTRAINT {name} "
    if not item.sql.startswith((f"{head}CHECK ", f"{head}FOREIGN KEY ")):
        return None
    return f"{item.sql[:-1]} NOT VALID;", f"ALTER TABLE {item.parent} VALIDATE CONSTRAINT {name};"
