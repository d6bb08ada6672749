"""Pure: the safer form of a statement, with its own names where they can be read from it."""

# ruff: noqa: S608 - SQL for people to read; nothing here is run

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from runner.sqltext import without_comments

if TYPE_CHECKING:
    from runner.trace.model import StatementTrace

_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_TABLE = rf"(?P<table>{_NAME}(?:\.{_NAME})?)"
_ALTER = rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_TABLE} "
_IF_NOT = r"(?:IF NOT EXISTS )?"
_CONSTRAINT = rf"{_ALTER}ADD (?:CONSTRAINT (?P<name>{_NAME}) )?"


def safer_form(trace: StatementTrace) -> tuple[str | None, str]:
    """Return the rule of `lint` that is about such a statement, and what to write instead, as SQL where that can be told."""
    text = " ".join(without_comments(trace.text).split())
    for rule, pattern, form in _FORMS:
        match = pattern.match(text)
        if match is not None:
            return rule, form(match)
    return (
        None,
        "Do it in steps, each in a file of its own, so that no statement works long under a lock that stops others.",
    )


def _set_not_null(match: re.Match[str]) -> str:
    table, column = match["table"], match["column"]
    name = f"{_bare(table)}_{_bare(column)}_not_null"
    return (
        f"ALTER TABLE {table}\n    ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID;\n"
        f"-- in the next file; reads and writes go on:\nALTER TABLE {table} VALIDATE CONSTRAINT {name};\n"
        f"-- in the one after it; with the valid CHECK nothing is scanned:\n"
        f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\nALTER TABLE {table} DROP CONSTRAINT {name};"
    )


def _constraint(match: re.Match[str]) -> str:
    table, name = match["table"], match["name"] or "…"
    rest = match["rest"].rstrip(" ;")
    return (
        f"ALTER TABLE {table}\n    ADD CONSTRAINT {name}\n    {rest} NOT VALID;\n"
        f"-- in the next file; reads and writes go on:\nALTER TABLE {table} VALIDATE CONSTRAINT {name};"
    )


def _unique(match: re.Match[str]) -> str:
    table, kind, columns = match["table"], match["kind"].upper(), match["columns"]
    suffix = "pkey" if kind == "PRIMARY KEY" else "key"
    name = match["name"] or f"{_bare(table)}_{'_'.join(map(_bare, columns.split(', ')))}_{suffix}"
    return (
        f"-- transactional: false\nCREATE UNIQUE INDEX CONCURRENTLY {name}\n    ON {table} ({columns});\n"
        f"-- in the next file:\nALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name};"
    )


def _index(match: re.Match[str]) -> str:
    return f"-- transactional: false\nCREATE {match['unique'] or ''}INDEX CONCURRENTLY {match['rest'].rstrip(' ;')};"


def _column(match: re.Match[str]) -> str:
    table, column, rest = match["table"], match["column"], match["rest"]
    default = re.search(r"\bDEFAULT (.+?)(?= NOT NULL| CHECK| UNIQUE| REFERENCES|$)", rest, re.IGNORECASE)
    type_ = re.split(
        r" (?:DEFAULT|NOT NULL|GENERATED|CHECK|UNIQUE|REFERENCES)\b", rest, maxsplit=1, flags=re.IGNORECASE
    )[0]
    value = default.group(1).rstrip(" ;") if default else "…"
    return (
        f"ALTER TABLE {table} ADD COLUMN {column} {type_.rstrip(' ;')};\n"
        f"-- for new rows:\nALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value};\n"
        f"-- for the old ones, in the next file, with -- batch: true\n"
        f"UPDATE {table} SET {column} = {value}\n"
        f"    WHERE id IN (\n        SELECT id FROM {table} WHERE {column} IS NULL ORDER BY id LIMIT 1000\n    );"
    )


def _type(match: re.Match[str]) -> str:
    table, column, type_ = match["table"], match["column"], match["type"].rstrip(" ;")
    new = f"{_bare(column)}_new"
    return (
        f"ALTER TABLE {table} ADD COLUMN {new} {type_};\n"
        f"-- write both from the application or a trigger; then, with -- batch: true:\n"
        f"UPDATE {table} SET {new} = {column}\n"
        f"    WHERE id IN (\n        SELECT id FROM {table} WHERE {new} IS DISTINCT FROM {column} ORDER BY id LIMIT 1000\n    );\n"
        f"-- read {new}; when nothing reads {column} any more, drop it"
    )


def _drop_column(match: re.Match[str]) -> str:
    return (
        f"Release code that neither reads nor writes {match['column']} first (set it nullable or give it a default), and drop"
        " it in a later release; keep its values in a table of their own if the rollback must bring them back."
    )


def _drop_table(match: re.Match[str]) -> str:
    table = match["table"]
    return (
        f"Rename it first, in a release of its own, and drop it when nothing has missed it:\n"
        f"ALTER TABLE {table} RENAME TO {_bare(table)}_unused;"
    )


def _rename_column(match: re.Match[str]) -> str:
    table, old, new = match["table"], match["old"], match["new"].rstrip(";")
    return (
        f"Add {new} beside {old}, write both, copy in batches, read {new}, and drop {old} in a later release; or keep the"
        f" old name for the old code by a view:\n"
        f"CREATE VIEW … AS SELECT {new} AS {old}, … FROM {table};"
    )


def _rename_table(match: re.Match[str]) -> str:
    table, new = match["table"], match["new"].rstrip(";")
    schema = table.rpartition(".")[0]
    renamed = f"{schema}.{new}" if schema else new
    return (
        f"In the same file, so that the old name goes on working until nothing uses it:\n"
        f"ALTER TABLE {table} RENAME TO {new};\nCREATE VIEW {table} AS SELECT * FROM {renamed};"
    )


def _change_rows(match: re.Match[str]) -> str:
    table, verb = match["table"], match["verb"].upper()
    head = f"UPDATE {table} SET {match['rest'].rstrip(' ;')}" if verb == "UPDATE" else f"DELETE FROM {table}"
    return (
        f"-- in a file of its own: a thousand rows a transaction, until none is left\n-- batch: true\n{head}\n"
        f"    WHERE id IN (\n        SELECT id FROM {table} WHERE … ORDER BY id LIMIT 1000\n    );"
    )


def _plain(text: str) -> Callable[[re.Match[str]], str]:
    return lambda _: text


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip('"')


_FORMS: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    (rule, re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE), form)
    for rule, pattern, form in (
        ("set-not-null", rf"{_ALTER}ALTER (?:COLUMN )?(?P<column>{_NAME}) SET NOT NULL", _set_not_null),
        (
            "change-type",
            rf"{_ALTER}ALTER (?:COLUMN )?(?P<column>{_NAME}) (?:SET DATA )?TYPE (?P<type>.+?)(?: USING .*)?$",
            _type,
        ),
        (
            "constraint-builds-index",
            rf"{_CONSTRAINT}(?P<kind>UNIQUE|PRIMARY KEY) ?\((?P<columns>[^)]*)\)",
            _unique,
        ),
        ("foreign-key-not-valid", rf"{_CONSTRAINT}(?P<rest>FOREIGN KEY\b.*)", _constraint),
        ("check-not-valid", rf"{_CONSTRAINT}(?P<rest>CHECK\b.*)", _constraint),
        ("rename-table", rf"{_ALTER}RENAME TO (?P<new>.+)", _rename_table),
        ("rename-column", rf"{_ALTER}RENAME (?:COLUMN )?(?P<old>{_NAME}) TO (?P<new>.+)", _rename_column),
        (
            "drop-column",
            rf"{_ALTER}DROP (?:COLUMN )?(?:IF EXISTS )?(?!CONSTRAINT\b)(?P<column>{_NAME})",
            _drop_column,
        ),
        (
            "column-rewrite",
            rf"{_ALTER}ADD (?:COLUMN )?{_IF_NOT}(?!CONSTRAINT\b)(?P<column>{_NAME}) (?P<rest>.+)",
            _column,
        ),
        ("drop-table", rf"DROP TABLE (?:IF EXISTS )?{_TABLE}", _drop_table),
        (
            "index-not-concurrent",
            rf"CREATE (?P<unique>UNIQUE )?INDEX {_IF_NOT}(?!CONCURRENTLY\b)(?P<rest>.+)",
            _index,
        ),
        (
            "reindex-not-concurrent",
            r"REINDEX ",
            _plain("REINDEX … CONCURRENTLY, in a file with -- transactional: false."),
        ),
        (
            "refresh-not-concurrent",
            r"REFRESH MATERIALIZED VIEW ",
            _plain("REFRESH MATERIALIZED VIEW CONCURRENTLY; it needs a unique index over all rows."),
        ),
        (
            "table-rewrite",
            r"(?:CLUSTER|VACUUM) ",
            _plain(
                "pg_repack or pg_squeeze, which copy the table while it is used; or a maintenance window."
            ),
        ),
        (
            "change-without-where",
            rf"(?P<verb>UPDATE) (?:ONLY )?{_TABLE} (?:AS )?(?:\w+ )?SET (?P<rest>.+)",
            _change_rows,
        ),
        ("change-without-where", rf"(?P<verb>DELETE) FROM (?:ONLY )?{_TABLE}(?P<rest>.*)", _change_rows),
    )
]
