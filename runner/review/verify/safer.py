"""Return the safer form of a statement, with its own names if they can be read from it. Pure."""

# ruff: noqa: S608 - SQL for people to read; nothing here is run

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from runner.files.sqltext.identifiers import NAME
from runner.files.sqltext.tokens import without_comments

if TYPE_CHECKING:
    from runner.review.verify.rehearsal import StatementTrace

    _Form = Callable[[re.Match[str], StatementTrace], str]

_TABLE = rf"(?P<table>{NAME}(?:\.{NAME})?)"
_ALTER = rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?{_TABLE} "
_IF_NOT = r"(?:IF NOT EXISTS )?"
_DEFAULT = re.compile(
    r"\bDEFAULT (?P<value>.+?)(?= NOT NULL| CHECK| UNIQUE| REFERENCES| CONSTRAINT|$)", re.IGNORECASE
)
_AFTER_TYPE = re.compile(
    r" (?:DEFAULT|NOT NULL|NULL|GENERATED|CHECK|UNIQUE|PRIMARY KEY|REFERENCES|CONSTRAINT)\b", re.IGNORECASE
)
_REFERENCE = re.compile(
    rf"\bREFERENCES {NAME}(?:\.{NAME})?(?: ?\([^)]*\))?(?: MATCH \w+| ON (?:DELETE|UPDATE) "
    r"(?:CASCADE|RESTRICT|NO ACTION|SET NULL|SET DEFAULT)| (?:NOT )?DEFERRABLE| INITIALLY \w+)*",
    re.IGNORECASE,
)
_IDENTITY = re.compile(r"\bGENERATED (?:ALWAYS|BY DEFAULT) AS IDENTITY\b", re.IGNORECASE)
_GENERATED = re.compile(r"\bGENERATED ALWAYS AS ?\(", re.IGNORECASE)
_CONSTANT = re.compile(r"'(?:[^']|'')*'|[-+]?[\d.]+|true|false|NULL", re.IGNORECASE)
_SERIAL = {"smallserial": "smallint", "serial": "integer", "bigserial": "bigint"}
_ON_TABLE = re.compile(
    rf"(?:(?P<name>{NAME}) )?ON (?P<table>{NAME}(?:\.{NAME})?) ?(?P<what>.+)", re.IGNORECASE
)
_CONSTRAINT = rf"{_ALTER}ADD (?:CONSTRAINT (?P<name>{NAME}) )?"


def safer_form(trace: StatementTrace) -> tuple[str | None, str]:
    """Return the lint rule about such a statement, and what to write instead, as SQL if possible."""
    text = " ".join(without_comments(trace.text).split())
    for rule, pattern, form in _FORMS:
        if form is _column_reference and trace.rewritten:
            continue
        match = pattern.match(text)
        if match is not None:
            return rule, form(match, trace)
    return (
        None,
        "Do it in steps, each in a file of its own, so that no statement runs long under a lock that blocks others.",
    )


def _set_not_null(match: re.Match[str], _: StatementTrace) -> str:
    table, column = match["table"], match["column"]
    name = f"{_bare(table)}_{_bare(column)}_not_null"
    return (
        f"ALTER TABLE {table}\n    ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID;\n"
        f"-- in the next file; reads and writes go on:\nALTER TABLE {table} VALIDATE CONSTRAINT {name};\n"
        f"-- in the one after it; with the valid CHECK nothing is scanned:\n"
        f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\nALTER TABLE {table} DROP CONSTRAINT {name};"
    )


def _constraint(match: re.Match[str], trace: StatementTrace) -> str:
    table, name = match["table"], match["name"] or "…"
    rest = match["rest"].rstrip(" ;")
    if rest.upper().startswith("FOREIGN") and _is_partitioned(trace, table):
        return _of_partitions(table, name, rest)
    return (
        f"ALTER TABLE {table}\n    ADD CONSTRAINT {name}\n    {rest} NOT VALID;\n"
        f"-- in the next file; reads and writes go on:\nALTER TABLE {table} VALIDATE CONSTRAINT {name};"
    )


def _of_partitions(table: str, name: str, foreign_key: str) -> str:
    return (
        f"-- on each partition, since PostgreSQL before 18 refuses NOT VALID for a foreign key of a partitioned table:\n"
        f"ALTER TABLE …\n    ADD CONSTRAINT {name}\n    {foreign_key} NOT VALID;\n"
        f"-- in the next file, for each; reads and writes go on:\nALTER TABLE … VALIDATE CONSTRAINT {name};\n"
        f"-- in the one after it; it takes over those of the partitions and reads no row:\n"
        f"ALTER TABLE {table}\n    ADD CONSTRAINT {name}\n    {foreign_key};"
    )


def _unique(match: re.Match[str], trace: StatementTrace) -> str:
    table, kind, columns = match["table"], match["kind"].upper(), match["columns"]
    suffix = "pkey" if kind == "PRIMARY KEY" else "key"
    name = match["name"] or f"{_bare(table)}_{'_'.join(map(_bare, columns.split(', ')))}_{suffix}"
    if _is_partitioned(trace):
        return (
            f"-- on the partitioned table alone, for which USING INDEX is refused:\n"
            f"ALTER TABLE ONLY {table} ADD CONSTRAINT {name} {kind} ({columns});\n"
            f"-- in the next file, with -- transactional: false, for each partition:\n"
            f"CREATE UNIQUE INDEX CONCURRENTLY {name}_part ON … ({columns});\n"
            f"-- in the one after it, for each:\n"
            f"ALTER TABLE … ADD CONSTRAINT {name}_part {kind} USING INDEX {name}_part;\n"
            f"ALTER INDEX {name} ATTACH PARTITION {name}_part;"
        )
    null = (
        "-- first each column SET NOT NULL, proven by a valid CHECK (… IS NOT NULL): USING INDEX would scan for NULL\n"
        if kind == "PRIMARY KEY"
        else ""
    )
    return (
        f"{null}-- transactional: false\nCREATE UNIQUE INDEX CONCURRENTLY {name}\n    ON {table} ({columns});\n"
        f"-- in the next file:\nALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name};"
    )


def _index(match: re.Match[str], trace: StatementTrace) -> str:
    unique, rest = match["unique"] or "", match["rest"].rstrip(" ;")
    parts = _ON_TABLE.fullmatch(rest)
    if parts is None or not _is_partitioned(trace):
        return f"-- transactional: false\nCREATE {unique}INDEX CONCURRENTLY {rest};"
    table, name = parts["table"], parts["name"] or f"{_bare(parts['table'])}_…_idx"
    schema = _schema(table)
    return (
        f"-- on the partitioned table alone; no row is read, and CONCURRENTLY would be refused:\n"
        f"CREATE {unique}INDEX {name} ON ONLY {table} {parts['what']};\n"
        f"-- in the next file, with -- transactional: false, for each partition:\n"
        f"CREATE {unique}INDEX CONCURRENTLY {name}_part ON {schema}… {parts['what']};\n"
        f"-- in the one after it, for each; with the last one the whole index is valid:\n"
        f"ALTER INDEX {schema}{name} ATTACH PARTITION {schema}{name}_part;"
    )


def _column(match: re.Match[str], trace: StatementTrace) -> str:
    table, column, rest = match["table"], match["column"], match["rest"].rstrip(" ;")
    default, type_ = _DEFAULT.search(rest), _AFTER_TYPE.split(rest, maxsplit=1)[0].rstrip()
    reference = _REFERENCE.search(rest)
    value = default["value"].rstrip() if default else "…"
    if type_.lower() in _SERIAL:
        type_, sequence = _SERIAL[type_.lower()], f"{_schema(table)}{_bare(table)}_{_bare(column)}_seq"
        value = f"nextval('{sequence}')"
        made = f"CREATE SEQUENCE {sequence};\nALTER TABLE {table} ADD COLUMN {column} {type_};\n"
    elif _IDENTITY.search(rest):
        return (
            f"ALTER TABLE {table} ADD COLUMN {column} {type_};\n"
            f"-- number the old rows in batches, in the next file with -- batch: true, and set it NOT NULL as proven by a"
            f" CHECK; then:\n"
            f"ALTER TABLE {table} ALTER COLUMN {column} ADD GENERATED BY DEFAULT AS IDENTITY (START WITH …);"
        )
    elif not _GENERATED.search(rest) and (default is None or _CONSTANT.fullmatch(value)):
        # nothing is computed for a row, so the type itself does it: a domain whose values are to be checked
        set_default = f" DEFAULT {value}" if default else ""
        return (
            f"-- {type_} is a domain with a constraint, which every row is checked and rewritten for; its base type is not:\n"
            f"ALTER TABLE {table} ADD COLUMN {column} …{set_default};\n"
            f"-- what the domain demands, as a constraint of the table:\n"
            f"ALTER TABLE {table} ADD CONSTRAINT {_bare(table)}_{_bare(column)}_check CHECK (…) NOT VALID;\n"
            f"-- in the next file; reads and writes go on:\n"
            f"ALTER TABLE {table} VALIDATE CONSTRAINT {_bare(table)}_{_bare(column)}_check;"
        )
    else:
        made = f"ALTER TABLE {table} ADD COLUMN {column} {type_};\n"
    after = "" if reference is None else f"\n{_foreign_key(table, column, reference[0], trace)}"
    return (
        f"{made}-- for new rows:\nALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value};\n"
        f"-- for the old ones, in the next file, with -- batch: true\n"
        f"UPDATE {table} SET {column} = {value}\n"
        f"    WHERE id IN (\n        SELECT id FROM {table} WHERE {column} IS NULL ORDER BY id LIMIT 1000\n    );{after}"
    )


def _column_reference(match: re.Match[str], trace: StatementTrace) -> str:
    table, column, rest = match["table"], match["column"], match["rest"].rstrip(" ;")
    reference = _REFERENCE.search(rest)
    if reference is None:
        raise ValueError(rest)
    plain = " ".join(f"{rest[: reference.start()]} {rest[reference.end() :]}".split())
    return f"ALTER TABLE {table} ADD COLUMN {column} {plain};\n{_foreign_key(table, column, reference[0], trace)}"


def _foreign_key(table: str, column: str, reference: str, trace: StatementTrace) -> str:
    name = f"{_bare(table)}_{_bare(column)}_fkey"
    reference = " ".join(reference.split())
    if _is_partitioned(trace, table):
        return _of_partitions(table, name, f"FOREIGN KEY ({column}) {reference}")
    return (
        f"-- in a file of its own, since it locks both tables:\n"
        f"ALTER TABLE {table}\n    ADD CONSTRAINT {name}\n    FOREIGN KEY ({column}) {reference} NOT VALID;\n"
        f"-- in the next file; reads and writes go on:\nALTER TABLE {table} VALIDATE CONSTRAINT {name};"
    )


def _type(match: re.Match[str], _: StatementTrace) -> str:
    table, column, type_ = match["table"], match["column"], match["type"].rstrip(" ;")
    new = f"{_bare(column)}_new"
    return (
        f"ALTER TABLE {table} ADD COLUMN {new} {type_};\n"
        f"-- write both from the application or a trigger; then, with -- batch: true:\n"
        f"UPDATE {table} SET {new} = {column}\n"
        f"    WHERE id IN (\n        SELECT id FROM {table} WHERE {new} IS DISTINCT FROM {column} ORDER BY id LIMIT 1000\n    );\n"
        f"-- read {new}; when nothing reads {column} any more, drop it"
    )


def _drop_column(match: re.Match[str], _: StatementTrace) -> str:
    return (
        f"Release code that neither reads nor writes {match['column']} first (set it nullable or give it a default), and drop"
        " it in a later release; keep its values in a table of their own if the rollback must bring them back."
    )


def _drop_table(match: re.Match[str], _: StatementTrace) -> str:
    table = match["table"]
    return (
        f"Rename it first, in a release of its own, and drop it when nothing has missed it:\n"
        f"ALTER TABLE {table} RENAME TO {_bare(table)}_unused;"
    )


def _rename_column(match: re.Match[str], _: StatementTrace) -> str:
    table, old, new = match["table"], match["old"], match["new"].rstrip(";")
    return (
        f"Add {new} beside {old}, write both, copy in batches, read {new}, and drop {old} in a later release; or keep the"
        f" old name for the old code by a view:\n"
        f"CREATE VIEW … AS SELECT {new} AS {old}, … FROM {table};"
    )


def _rename_table(match: re.Match[str], _: StatementTrace) -> str:
    table, new = match["table"], match["new"].rstrip(";")
    schema = table.rpartition(".")[0]
    renamed = f"{schema}.{new}" if schema else new
    return (
        f"In the same file, so that the old name goes on working until nothing uses it:\n"
        f"ALTER TABLE {table} RENAME TO {new};\nCREATE VIEW {table} AS SELECT * FROM {renamed};"
    )


def _change_rows(match: re.Match[str], _: StatementTrace) -> str:
    table, verb = match["table"], match["verb"].upper()
    head = f"UPDATE {table} SET {match['rest'].rstrip(' ;')}" if verb == "UPDATE" else f"DELETE FROM {table}"
    return (
        f"-- in a file of its own: a thousand rows a transaction, until none is left\n-- batch: true\n{head}\n"
        f"    WHERE id IN (\n        SELECT id FROM {table} WHERE … ORDER BY id LIMIT 1000\n    );"
    )


def _plain(text: str) -> _Form:
    return lambda _match, _trace: text


def _using_index(match: re.Match[str], _: StatementTrace) -> str:
    table = match["table"]
    return (
        f"-- a column of the index may hold NULL, so that the table is scanned for it; prove first that it does not:\n"
        f"ALTER TABLE {table} ADD CONSTRAINT {_bare(table)}_not_null CHECK (… IS NOT NULL) NOT VALID;\n"
        f"-- in the next file; reads and writes go on:\nALTER TABLE {table} VALIDATE CONSTRAINT {_bare(table)}_not_null;\n"
        f"-- in the one after it; with the valid CHECK nothing is scanned:\n"
        f"ALTER TABLE {table} ALTER COLUMN … SET NOT NULL;\n{' '.join(match[0].rstrip(' ;').split())};\n"
        f"ALTER TABLE {table} DROP CONSTRAINT {_bare(table)}_not_null;"
    )


def _set_schema(match: re.Match[str], _: StatementTrace) -> str:
    table, schema = match["table"], match["schema"]
    return (
        f"In the same file, so that the old name goes on working until nothing uses it:\n"
        f"ALTER TABLE {table} SET SCHEMA {schema};\nCREATE VIEW {table} AS SELECT * FROM {schema}.{_bare(table)};"
    )


def _schema(name: str) -> str:
    """Return the schema of a name, with the dot after it."""
    return "".join(name.rpartition(".")[:2])


def _is_partitioned(trace: StatementTrace, table: str | None = None) -> bool:
    """Return whether the statement locks a partitioned table, or with a `table` whether that is one."""
    return any(
        lock.kind == "partitioned table"
        and lock.mode.stops_writes
        and (table is None or _bare(lock.relation) == _bare(table))
        for lock in trace.locks
    )


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip('"')


_FORMS: list[tuple[str, re.Pattern[str], _Form]] = [
    (rule, re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE), form)
    for rule, pattern, form in (
        ("set-not-null", rf"{_ALTER}ALTER (?:COLUMN )?(?P<column>{NAME}) SET NOT NULL", _set_not_null),
        (
            "change-type",
            rf"{_ALTER}ALTER (?:COLUMN )?(?P<column>{NAME}) (?:SET DATA )?TYPE (?P<type>.+?)(?: USING .*)?$",
            _type,
        ),
        (
            "constraint-builds-index",
            rf"{_CONSTRAINT}(?P<kind>UNIQUE|PRIMARY KEY) ?\((?P<columns>[^)]*)\)",
            _unique,
        ),
        ("table-scan", rf"{_CONSTRAINT}PRIMARY KEY USING INDEX .+", _using_index),
        ("foreign-key-not-valid", rf"{_CONSTRAINT}(?P<rest>FOREIGN KEY\b.*)", _constraint),
        ("check-not-valid", rf"{_CONSTRAINT}(?P<rest>CHECK\b.*)", _constraint),
        ("rename-table", rf"{_ALTER}RENAME TO (?P<new>.+)", _rename_table),
        ("rename-column", rf"{_ALTER}RENAME (?:COLUMN )?(?P<old>{NAME}) TO (?P<new>.+)", _rename_column),
        (
            "drop-column",
            rf"{_ALTER}DROP (?:COLUMN )?(?:IF EXISTS )?(?!CONSTRAINT\b)(?P<column>{NAME})",
            _drop_column,
        ),
        ("rename-table", rf"{_ALTER}SET SCHEMA (?P<schema>{NAME})", _set_schema),
        (
            "foreign-key-not-valid",
            rf"{_ALTER}ADD (?:COLUMN )?{_IF_NOT}(?!CONSTRAINT\b)(?P<column>{NAME}) (?P<rest>.*\bREFERENCES .+)",
            _column_reference,
        ),
        (
            "column-rewrite",
            rf"{_ALTER}ADD (?:COLUMN )?{_IF_NOT}(?!CONSTRAINT\b)(?P<column>{NAME}) (?P<rest>.+)",
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
