"""CREATE TABLE, one column a line, and the other statements that make up a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.catalog import rows

INTEGER_BOUNDS = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}
_SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}
_PLAIN_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+(\.[0-9]+)?")


def literal(text: str) -> str:
    """Quote a text for SQL with standard_conforming_strings on."""
    return "'" + text.replace("'", "''") + "'"


def options_list(options: Sequence[str] | None, prefix: str = "") -> list[str]:
    """Spell storage parameters, which the catalogue keeps as name=value."""
    result = []
    for option in options or ():
        name, _, value = option.partition("=")
        result.append(f"{prefix}{name}={value if _PLAIN_OPTION.fullmatch(value) else literal(value)}")
    return result


def sequence_options(sequence: rows.Sequence) -> list[str]:
    """Spell what differs from a plain sequence of the same type."""
    lowest, highest = INTEGER_BOUNDS[sequence.type]
    ascending = sequence.increment > 0
    minimum, maximum = (1, highest) if ascending else (lowest, -1)
    start = sequence.minimum if ascending else sequence.maximum
    return [
        *([f"INCREMENT BY {sequence.increment}"] if sequence.increment != 1 else []),
        *([f"MINVALUE {sequence.minimum}"] if sequence.minimum != minimum else []),
        *([f"MAXVALUE {sequence.maximum}"] if sequence.maximum != maximum else []),
        *([f"START WITH {sequence.start}"] if sequence.start != start else []),
        *([f"CACHE {sequence.cache}"] if sequence.cache != 1 else []),
        *(["CYCLE"] if sequence.cycle else []),
    ]


def create_sequence(sequence: rows.Sequence) -> str:
    """Write CREATE SEQUENCE."""
    unlogged = "UNLOGGED " if sequence.unlogged and sequence.table is None else ""
    as_type = [f"AS {sequence.type}"] if sequence.type != "bigint" else []
    words = [f"CREATE {unlogged}SEQUENCE {sequence.qualified}", *as_type, *sequence_options(sequence)]
    return " ".join(words) + ";"


def has_usual_name(sequence: rows.Sequence, relation: rows.Relation, raw_column: str) -> bool:
    """Tell whether PostgreSQL would choose this name again; where it would cut the name, say no."""
    usual = f"{relation.raw_name}_{raw_column}_seq"
    return (
        sequence.schema_name == relation.schema_name
        and sequence.raw_name == usual
        and len(usual.encode()) <= 63
    )


def unquoted(name: str) -> str:
    """Take the quotes off a name."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


class TableColumn(NamedTuple):
    """A column as it is written in CREATE TABLE."""

    name: str
    line: str  # in its own table
    inherited: str  # in a child that changes nothing about it: no identity, no sequence of its own
    has_default: bool
    is_local: bool


def table_column(
    column: rows.Column,
    relation: rows.Relation,
    sequence: rows.Sequence | None,
    *,
    not_null: bool,
    with_default: bool = True,
) -> TableColumn:
    """Spell a column. `sequence` is the one it owns; `with_default` is off where the default is set later."""
    null = " NOT NULL" if not_null else ""
    expression = column.expression
    value = ""
    if column.generated:
        value = f" GENERATED ALWAYS AS ({expression}) {'VIRTUAL' if column.generated == 'v' else 'STORED'}"
    elif expression is not None and with_default:
        value = f" DEFAULT {expression}"
    inherited = f"{column.definition}{null}{value}"
    line = inherited
    if sequence is None:
        pass
    elif sequence.is_identity:
        always = "ALWAYS" if column.identity == "a" else "BY DEFAULT"
        usual = has_usual_name(sequence, relation, unquoted(column.name))
        details = [*([] if usual else [f"SEQUENCE NAME {sequence.qualified}"]), *sequence_options(sequence)]
        line = f"{column.definition}{null} GENERATED {always} AS IDENTITY" + (
            f" ({' '.join(details)})" if details else ""
        )
    elif is_serial(column, relation, sequence, not_null=not_null):
        line = f"{column.name} {_SERIAL[sequence.type]}{null}"
    return TableColumn(column.name, line, inherited, expression is not None, column.is_local)


def is_serial(
    column: rows.Column, relation: rows.Relation, sequence: rows.Sequence, *, not_null: bool
) -> bool:
    """Tell whether `serial` would make exactly this column and its sequence."""
    return (
        not_null
        and not column.generated
        and column.definition == f"{column.name} {sequence.type}"
        and column.expression == f"nextval({literal(sequence.qualified)}::regclass)"
        and not sequence_options(sequence)
        and has_usual_name(sequence, relation, unquoted(column.name))
    )


def create_table(
    relation: rows.Relation,
    columns: Sequence[TableColumn],
    parents: Sequence[str],
    parent_columns: Sequence[Sequence[TableColumn]],
) -> str:
    """Write the statements that make a table, its columns in their physical order, as a child of its parents.

    A child that only repeats its parents is written short (PARTITION OF, INHERITS); one whose columns differ
    in order, default or nullability is written whole and attached.
    """
    create = f"CREATE {'UNLOGGED ' if relation.unlogged else ''}TABLE {relation.qualified}"
    tail = _tail(relation)
    if relation.partition_bound is not None and parents:
        if [c.line for c in columns] == [c.inherited for c in parent_columns[0]]:
            return f"{create} PARTITION OF {parents[0]} {relation.partition_bound}{tail};"
        attach = (
            f"ALTER TABLE ONLY {parents[0]} ATTACH PARTITION {relation.qualified} {relation.partition_bound};"
        )
        return f"{create} {_body([c.line for c in columns])}{tail};\n{attach}"
    if parents:
        own = _own_columns(columns, parent_columns)
        if own is not None:
            return f"{create} {_body(own)}\nINHERITS ({', '.join(parents)}){tail};"
        inherit = [f"ALTER TABLE {relation.qualified} INHERIT {parent};" for parent in parents]
        return "\n".join([f"{create} {_body([c.line for c in columns])}{tail};", *inherit])
    sql = f"{create} {_body([c.line for c in columns])}{tail};"
    if relation.of_type is not None:
        sql += f"\nALTER TABLE {relation.qualified} OF {relation.of_type};"
    return sql


def _own_columns(
    columns: Sequence[TableColumn], parent_columns: Sequence[Sequence[TableColumn]]
) -> list[str] | None:
    """List the lines a child adds to its parents', or None when INHERITS would not give the same columns."""
    inherited: dict[str, TableColumn] = {}
    for parent in parent_columns:
        for column in parent:
            inherited.setdefault(column.name, column)
    expected = [*inherited, *(c.name for c in columns if c.name not in inherited)]
    if [c.name for c in columns] != expected:
        return None
    for column in columns:
        above = inherited.get(column.name)
        if above is None:
            continue
        if not column.is_local and column.line != above.inherited:
            return None
        if column.is_local and above.has_default and not column.has_default:
            return None
    return [c.line for c in columns if c.is_local]


def _body(lines: Sequence[str]) -> str:
    return "(\n" + ",\n".join(f"    {line}" for line in lines) + "\n)" if lines else "()"


def _tail(relation: rows.Relation) -> str:
    tail = f"\nPARTITION BY {relation.partition_key}" if relation.partition_key else ""
    if relation.access_method:
        tail += f"\nUSING {relation.access_method}"
    options = [*options_list(relation.options), *options_list(relation.toast_options, "toast.")]
    if options:
        tail += f"\nWITH ({', '.join(sorted(options))})"
    if relation.tablespace:
        tail += f"\nTABLESPACE {relation.tablespace}"
    return tail


def column_settings(relation: rows.Relation, column: rows.Column) -> Mapping[str, str]:
    """Give the settings that CREATE TABLE cannot carry on every version, by kind."""
    alter = f"ALTER TABLE ONLY {relation.qualified} ALTER COLUMN {column.name}"
    settings = {}
    if column.storage:
        settings["column storage"] = f"{alter} SET STORAGE {column.storage};"
    if column.statistics_target is not None:
        settings["column statistics"] = f"{alter} SET STATISTICS {column.statistics_target};"
    if column.options:
        settings["column options"] = f"{alter} SET ({', '.join(sorted(options_list(column.options)))});"
    return settings
