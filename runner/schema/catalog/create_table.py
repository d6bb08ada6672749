"""CREATE TABLE, one column a line, and the other statements that make up a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runner.schema.catalog.objects import Column, NumberSequence, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.schema.catalog import query_rows

INTEGER_BOUNDS = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}
_IDENTITY = {"a": "ALWAYS", "d": "BY DEFAULT"}
_SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}
_SECRET = re.compile("passw|passphrase|pwd|secret|token|credential", re.IGNORECASE)
_PLAIN_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+(\.[0-9]+)?")


def literal(text: str) -> str:
    """Quote a text for SQL with standard_conforming_strings on."""
    return "'" + text.replace("'", "''") + "'"


def options_list(options: Sequence[str] | None, prefix: str = "") -> list[str]:
    """Spell storage parameters, which the catalog keeps as name=value."""
    result = []
    for option in options or ():
        name, _, value = option.partition("=")
        result.append(f"{prefix}{name}={value if _PLAIN_OPTION.fullmatch(value) else literal(value)}")
    return result


def foreign_options(options: Sequence[str] | None) -> str:
    """Write the options of foreign data, without those whose name says that the value is a secret."""
    pairs = [(name, value) for name, _, value in (option.partition("=") for option in sorted(options or ()))]
    shown = [f"{_quoted(name)} {literal(value)}" for name, value in pairs if not _SECRET.search(name)]
    return f" OPTIONS ({', '.join(shown)})" if shown else ""


def _quoted(name: str) -> str:
    """Quote a name unless it is a plain word; behind OPTIONS every word is a name."""
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'


def sequence_options(sequence: query_rows.Sequence) -> list[str]:
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


def create_sequence(sequence: query_rows.Sequence) -> str:
    """Write CREATE SEQUENCE."""
    unlogged = "UNLOGGED " if sequence.unlogged else ""
    as_type = [f"AS {sequence.type}"] if sequence.type != "bigint" else []
    words = [f"CREATE {unlogged}SEQUENCE {sequence.qualified}", *as_type, *sequence_options(sequence)]
    return " ".join(words) + ";"


def has_usual_name(sequence: query_rows.Sequence, relation: query_rows.Relation, raw_column: str) -> bool:
    """Return whether PostgreSQL would choose this name again; False for a name that it would truncate."""
    usual = f"{relation.raw_name}_{raw_column}_seq"
    return (
        sequence.schema_name == relation.schema_name
        and sequence.raw_name == usual
        and len(usual.encode()) <= 63
    )


def unquoted(name: str) -> str:
    """Take the quotes off a name."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """A column as it is written in CREATE TABLE."""

    name: str
    base: str  # name, type, compression and collation
    start: str  # the same, or "id serial"
    plain_start: str  # without the compression, which a child may not give differently from its parent
    null: str  # " NOT NULL", with the name of the constraint where that is not the usual one
    rest: str  # default, generation expression or identity
    value: str  # of `rest` what a child takes over
    has_default: bool
    is_generated: bool
    compression: str | None
    not_null_name: str | None  # quoted; since PostgreSQL 18
    is_not_null_local: bool
    is_local: bool
    shown: Column

    @property
    def line(self) -> str:
        """The column in its own table."""
        return f"{self.start}{self.null}{self.rest}"

    @property
    def unnamed(self) -> str:
        """The column without the name of its NOT NULL constraint."""
        return f"{self.start}{' NOT NULL' if self.null else ''}{self.rest}"

    @property
    def inherited(self) -> str:
        """The column in a child that changes nothing about it: no identity, no sequence of its own."""
        return f"{self.base}{' NOT NULL' if self.null else ''}{self.value}"


def table_column(
    column: query_rows.Column,
    relation: query_rows.Relation,
    sequence: query_rows.Sequence | None,
    *,
    with_default: bool = True,
) -> TableColumn:
    """Spell a column. `sequence` is the one it owns; `with_default` is off where the default is set later."""
    null = " NOT NULL" if column.not_null else ""
    if column.not_null and column.not_null_name is not None and not _is_usual_not_null(column, relation):
        null = f" CONSTRAINT {column.quoted_not_null_name} NOT NULL"
    expression = column.expression
    value = ""
    if column.generated:
        value = f" GENERATED ALWAYS AS ({expression}) {'VIRTUAL' if column.generated == 'v' else 'STORED'}"
    elif expression is not None and with_default:
        value = f" DEFAULT {expression}"
    start, plain_start, rest = column.definition, "".join(column.plain_definition), value
    value_is_kept = True
    if sequence is None:
        pass
    elif sequence.is_identity:
        always = "ALWAYS" if column.identity == "a" else "BY DEFAULT"
        usual = has_usual_name(sequence, relation, unquoted(column.name))
        details = [*([] if usual else [f"SEQUENCE NAME {sequence.qualified}"]), *sequence_options(sequence)]
        rest = f" GENERATED {always} AS IDENTITY" + (f" ({' '.join(details)})" if details else "")
        value_is_kept = False
    elif is_serial(column, relation, sequence, not_null=column.not_null):
        start, rest = f"{column.name} {_SERIAL[sequence.type]}", ""
        plain_start = start
        value_is_kept = False
    return TableColumn(
        name=column.name,
        start=start,
        plain_start=plain_start,
        null=null,
        rest=rest,
        value=value,
        has_default=expression is not None and not column.generated,
        is_generated=bool(column.generated),
        compression=column.compression,
        not_null_name=column.quoted_not_null_name if column.not_null else None,
        is_not_null_local=column.is_not_null_local,
        is_local=column.is_local,
        base=column.definition,
        shown=Column(
            name=column.name,
            type=column.type,
            not_null=column.not_null,
            line=f"{start}{null}{rest}",
            collation=column.collation,
            compression=column.compression,
            default=expression if with_default else None,
            generated=("VIRTUAL" if column.generated == "v" else "STORED") if column.generated else None,
            identity=_IDENTITY.get(column.identity),
            numbers=number_sequence(sequence) if sequence is not None and not value_is_kept else None,
            is_inherited=not column.is_local,
        ),
    )


def number_sequence(sequence: query_rows.Sequence) -> NumberSequence:
    """Return a sequence as a value."""
    return NumberSequence(
        name=sequence.qualified,
        type=sequence.type,
        options=tuple(sequence_options(sequence)),
        unlogged=sequence.unlogged,
    )


def _is_usual_not_null(column: query_rows.Column, relation: query_rows.Relation) -> bool:
    """Return whether PostgreSQL would name the constraint so; where it would cut the name, say no."""
    usual = f"{relation.raw_name}_{unquoted(column.name)}_not_null"
    return column.not_null_name == usual and len(usual.encode()) <= 63


def is_serial(
    column: query_rows.Column, relation: query_rows.Relation, sequence: query_rows.Sequence, *, not_null: bool
) -> bool:
    """Return whether `serial` would create exactly this column and its sequence."""
    return (
        not_null
        and not column.generated
        and column.definition == f"{column.name} {sequence.type}"
        and column.expression == f"nextval({literal(sequence.qualified)}::regclass)"
        and not sequence_options(sequence)
        and has_usual_name(sequence, relation, unquoted(column.name))
    )


def create_table(
    relation: query_rows.Relation,
    columns: Sequence[TableColumn],
    parents: Sequence[query_rows.Relation],
    parent_columns: Sequence[Sequence[TableColumn]],
) -> Table:
    """Return the statements that make a table, its columns in their physical order, as a child of its parents.

    A partition that only repeats its parent is written short (PARTITION OF); one whose columns differ in order,
    default or nullability, or that would take a tablespace or access method over from it, is written whole and
    attached. An inheriting table has the columns in its parentheses that
    it declares itself, and statements for what it changed about the others. So its own columns stay its own when the
    parent drops them. `parent_columns` are in the order in which the parents' statements make them.
    """
    prefix = "FOREIGN " if relation.kind == "f" else "UNLOGGED " if relation.unlogged else ""
    create = f"CREATE {prefix}TABLE {relation.qualified}"
    tail = _tail(relation)
    foreign = (
        None if relation.server is None else f"{relation.server}{foreign_options(relation.foreign_options)}"
    )
    whole = Table(
        head=create,
        lines=tuple((c.name, c.line) for c in columns),
        tail=f"{tail};",
        columns=tuple(c.shown for c in columns),
        bound=relation.partition_bound,
        partition_key=relation.partition_key,
        parents=() if relation.partition_bound is not None else tuple(p.qualified for p in parents),
        unlogged=relation.unlogged,
        options=_options(relation),
        tablespace=relation.tablespace,
        access_method=relation.access_method,
        foreign=foreign,
    )
    if relation.partition_bound is not None and parents:
        above, bound = parents[0], relation.partition_bound
        has_its_own = relation.tablespace or not above.tablespace
        has_its_own = has_its_own and (relation.access_method or not above.access_method)
        if has_its_own and _repeats(columns, parent_columns[0]):
            short = f"PARTITION OF {above.qualified} {bound}{tail};"
            return replace(whole, lines=None, tail=short, partition_of=above.qualified)
        attach = (
            f"{whole.tail}\nALTER TABLE ONLY {above.qualified} ATTACH PARTITION {relation.qualified} {bound};"
        )
        return replace(whole, tail=attach, partition_of=above.qualified)
    names = [parent.qualified for parent in parents]
    if parents:
        if is_joined_late(columns, parent_columns):
            inherit = [f"ALTER TABLE {relation.qualified} INHERIT {parent};" for parent in names]
            return replace(whole, tail="\n".join([whole.tail, *inherit]))
        lines, changes = _own_part(relation, in_child_order(columns, parent_columns), parent_columns)
        inherits = f"\nINHERITS ({', '.join(names)}){tail};"
        return replace(whole, lines=tuple(lines), tail="\n".join([inherits, *changes]))
    if relation.of_type is not None:
        return replace(whole, tail=f"{whole.tail}\nALTER TABLE {relation.qualified} OF {relation.of_type};")
    return whole


def _repeats(columns: Sequence[TableColumn], above: Sequence[TableColumn]) -> bool:
    """Return whether a partition's columns are its parent's, with the names of their NOT NULL constraints."""
    return [(c.unnamed, c.not_null_name) for c in columns] == [(c.inherited, c.not_null_name) for c in above]


def in_child_order(
    columns: Sequence[TableColumn], parent_columns: Sequence[Sequence[TableColumn]]
) -> list[TableColumn]:
    """Return the columns as INHERITS makes them: the parents' first, then the rest."""
    names = dict.fromkeys(column.name for parent in parent_columns for column in parent)
    place = {name: number for number, name in enumerate(names)}
    return sorted(columns, key=lambda column: place.get(column.name, len(place)))


def is_joined_late(columns: Sequence[TableColumn], parent_columns: Sequence[Sequence[TableColumn]]) -> bool:
    """Return whether a table with all columns of its own, in an order of its own, became a child later."""
    return all(c.is_local for c in columns) and list(columns) != in_child_order(columns, parent_columns)


def _own_part(
    relation: query_rows.Relation,
    columns: Sequence[TableColumn],
    parent_columns: Sequence[Sequence[TableColumn]],
) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the lines of a child's own CREATE TABLE, and the statements for what differs in the other columns.

    The default of such a column is an object of its own (`changed_default`).
    """
    lines: list[tuple[str, str]] = []
    changes: list[str] = []
    for column in columns:
        above = [c for parent in parent_columns for c in parent if c.name == column.name]
        alter = f"ALTER TABLE ONLY {relation.qualified} ALTER COLUMN {column.name}"
        if not above:
            lines.append((column.name, column.line))
            continue
        has_name, is_below_null = column.not_null_name is not None, not any(c.null for c in above)
        own_null = column.null if not has_name or column.is_not_null_local or is_below_null else ""
        if is_own(column, above):
            # without it the server refuses parents whose defaults differ
            none = (
                "" if column.value or len({c.value for c in above if c.has_default}) < 2 else " DEFAULT NULL"
            )
            lines.append((column.name, f"{column.plain_start}{own_null}{column.rest or none}"))
        elif has_name and own_null:
            text = f"CONSTRAINT {column.not_null_name} NOT NULL {column.name}"
            lines.append((text, text))
        elif own_null and is_below_null:
            changes.append(f"{alter} SET NOT NULL;")
        if not column.null and not is_below_null:
            changes.append(f"{alter} DROP NOT NULL;")
        if not column.has_default and any(c.has_default for c in above):
            changes.append(f"{alter} DROP DEFAULT;")
        if column.compression != above[0].compression:
            changes.append(f"{alter} SET COMPRESSION {column.compression or 'default'};")
    return lines, changes


def is_own(column: TableColumn, above: Sequence[TableColumn]) -> bool:
    """Return whether a child must declare a column that it inherits: it did, or the parents do not agree about it."""
    values = {c.value for c in above if c.value}
    is_generated = column.is_generated or any(c.is_generated for c in above)
    return column.is_local or len(values) > 1 or (is_generated and values != {column.value})


def changed_default(column: TableColumn, parent_columns: Sequence[Sequence[TableColumn]]) -> bool:
    """Return whether a column that a child does not declare has another default than it inherits."""
    above = [c for parent in parent_columns for c in parent if c.name == column.name]
    if not above or is_own(column, above):
        return False
    return bool(column.value) and column.value not in {c.value for c in above}


def _tail(relation: query_rows.Relation) -> str:
    tail = f"\nPARTITION BY {relation.partition_key}" if relation.partition_key else ""
    if relation.server is not None:
        tail += f"\nSERVER {relation.server}{foreign_options(relation.foreign_options)}"
    if relation.access_method:
        tail += f"\nUSING {relation.access_method}"
    options = _options(relation)
    if options:
        tail += f"\nWITH ({', '.join(options)})"
    if relation.tablespace:
        tail += f"\nTABLESPACE {relation.tablespace}"
    return tail


def _options(relation: query_rows.Relation) -> tuple[str, ...]:
    return tuple(sorted([*options_list(relation.options), *options_list(relation.toast_options, "toast.")]))


def column_settings(
    relation: query_rows.Relation, column: query_rows.Column, above: Sequence[query_rows.Column] = ()
) -> Mapping[str, tuple[str, str]]:
    """Give the settings that CREATE TABLE cannot carry on every version, by kind, each with what takes it back.

    `above` is the column in the table's parents: a new child takes its storage over.
    """
    alter = f"ALTER TABLE ONLY {relation.qualified} ALTER COLUMN {column.name}"
    settings = {}
    if column.storage or any(c.storage for c in above):
        set_, undo = (
            f"{alter} SET STORAGE {storage};"
            for storage in (column.storage or column.usual_storage, column.usual_storage)
        )
        settings["column storage"] = (set_, undo)
    if column.statistics_target is not None:
        set_, undo = (f"{alter} SET STATISTICS {target};" for target in (column.statistics_target, -1))
        settings["column statistics"] = (set_, undo)
    if column.compression and relation.kind == "m":  # a table's columns have it in CREATE TABLE
        alter_view = f"ALTER MATERIALIZED VIEW {relation.qualified} ALTER COLUMN {column.name}"
        set_, undo = (f"{alter_view} SET COMPRESSION {how};" for how in (column.compression, "default"))
        settings["column compression"] = (set_, undo)
    if column.options:
        names = ", ".join(sorted(option.partition("=")[0] for option in column.options))
        given = ", ".join(sorted(options_list(column.options)))
        settings["column options"] = (f"{alter} SET ({given});", f"{alter} RESET ({names});")
    given = foreign_options(column.foreign_options)
    if given:
        alter = f"ALTER FOREIGN TABLE ONLY {relation.qualified} ALTER COLUMN {column.name}"
        names = ", ".join(f"DROP {_quoted(o.partition('=')[0])}" for o in column.foreign_options or ())
        settings["foreign column options"] = (f"{alter}{given};", f"{alter} OPTIONS ({names});")
    return settings
