"""What makes one table into another: its columns, one by one, and its own properties."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from runner.schema.catalog.objects import Column, NumberSequence, Table

_USUAL_OPTIONS = {
    "INCREMENT": "INCREMENT BY 1",
    "MINVALUE": "NO MINVALUE",
    "MAXVALUE": "NO MAXVALUE",
    "START": "START WITH 1",
    "CACHE": "CACHE 1",
    "CYCLE": "NO CYCLE",
}

_ASIDE = "runner_draft_numbers"  # holds a sequence's next number for a moment


class NoStatementError(Exception):
    """No statement makes the one into the other."""


@dataclass(slots=True)
class TableChange:
    """The statements of a table, in the order in which they can run."""

    first: list[str] = field(default_factory=list)
    required: list[Column] = field(default_factory=list)  # columns that become NOT NULL
    filled: list[Column] = field(default_factory=list)  # new ones whose old rows get their value in batches
    shed: list[Column] = field(default_factory=list)  # columns that go
    loses: list[str] = field(default_factory=list)  # by `first`, what no rollback brings back


def table_change(
    name: str,
    before: Table,
    after: Table,
    *,
    in_batches: Collection[str] = (),
    kept_sequences: Mapping[str, NumberSequence] = MappingProxyType({}),
    casts: bool = False,
) -> TableChange:
    """Compare two tables of one name; the new columns `in_batches` are added without a value.

    `casts`: whether the server asks for a USING, as it has no assignment cast between the types.

    `kept_sequences` are there before and after, though in one of the two they belong to a column: as they are in the other.

    Raises: NoStatementError.
    """
    if before.partition_key != after.partition_key:
        raise NoStatementError("a table cannot become partitioned, or partitioned otherwise")
    change = TableChange()
    was, is_ = ({c.name: c for c in table.columns} for table in (before, after))
    change.first += _properties(name, before, after)
    for column in after.columns:
        old = was.get(column.name)
        if old is None:
            if not column.is_inherited:
                _add(name, column, change, in_batch=column.name in in_batches)
        elif column.is_inherited and not old.is_inherited and after.parents:
            raise NoStatementError("a column of its own cannot become one that it only inherits")
        elif old != column:
            change.first += _column(name, old, column, change, kept_sequences, casts=casts)
    change.shed = [c for c in before.columns if c.name not in is_ and not c.is_inherited]
    return change


def _properties(name: str, before: Table, after: Table) -> Iterator[str]:
    alter = f"ALTER TABLE {name}"
    if (before.partition_of, before.bound) != (after.partition_of, after.bound):
        if before.partition_of is not None:
            yield f"ALTER TABLE {before.partition_of} DETACH PARTITION {name};"
        if after.partition_of is not None:
            yield f"ALTER TABLE {after.partition_of} ATTACH PARTITION {name} {after.bound};"
    for parent in before.parents:
        if parent not in after.parents:
            yield f"{alter} NO INHERIT {parent};"
    for parent in after.parents:
        if parent not in before.parents:
            yield f"{alter} INHERIT {parent};"
    if before.unlogged != after.unlogged:
        yield f"{alter} SET {'UNLOGGED' if after.unlogged else 'LOGGED'};"
    if before.access_method != after.access_method:
        yield f"{alter} SET ACCESS METHOD {after.access_method or 'heap'};"
    if before.tablespace != after.tablespace:
        yield f"{alter} SET TABLESPACE {after.tablespace or 'pg_default'};"
    gone = {o.partition("=")[0] for o in before.options} - {o.partition("=")[0] for o in after.options}
    given = [option for option in after.options if option not in before.options]
    if gone:
        yield f"{alter} RESET ({', '.join(sorted(gone))});"
    if given:
        yield f"{alter} SET ({', '.join(given)});"


def _add(name: str, column: Column, change: TableChange, *, in_batch: bool) -> None:
    add = f"ALTER TABLE {name} ADD COLUMN"
    if not in_batch:
        change.first.append(f"{add} {column.line};")
        return
    collation = f" COLLATE {column.collation}" if column.collation else ""
    change.first.append(f"{add} {column.name} {column.type}{collation};")
    if column.default is not None:
        change.first.append(f"ALTER TABLE {name} ALTER COLUMN {column.name} SET DEFAULT {column.default};")
    change.filled.append(column)
    if column.not_null:
        change.required.append(column)


def _column(
    name: str,
    old: Column,
    new: Column,
    change: TableChange,
    kept: Mapping[str, NumberSequence],
    *,
    casts: bool,
) -> Iterator[str]:
    """Yield the statements for a column that is there."""
    alter = f"ALTER TABLE {name} ALTER COLUMN {new.name}"
    if old.generated != new.generated or (old.generated and old.default != new.default):
        if new.generated is None and old.generated == "STORED":
            yield f"{alter} DROP EXPRESSION;"
            if new.default is not None:
                yield f"{alter} SET DEFAULT {new.default};"
        elif not old.is_inherited:
            if not (old.generated and new.generated):
                change.loses.append(f"column {name}.{old.name}, with its values")
            yield f"ALTER TABLE {name} DROP COLUMN {old.name};"
            yield f"ALTER TABLE {name} ADD COLUMN {new.line};"
            return
    retyped = (old.type, old.collation) != (new.type, new.collation) and not new.is_inherited
    default_changes = old.default != new.default or (retyped and old.default is not None)
    if old.numbers is not None and new.numbers is not None and _way(old) != _way(new):
        default_changes = False
    elif old.numbers is not None and new.numbers is None:
        yield from _unnumber(alter, old, kept)
        default_changes = new.default is not None
        if old.numbers.name not in kept:
            change.loses.append(f"sequence {old.numbers.name}, with its next number")
    elif default_changes and old.default is not None and not (old.numbers or old.generated):
        yield from [f"{alter} DROP DEFAULT;"] if retyped or new.default is None else []
    if retyped:
        collation = f" COLLATE {new.collation}" if new.collation else ""
        # a cast to a length, as in ::varchar(9), would cut values off where the assignment refuses them
        using = f" USING {new.name}::{_without_length(new.type)}" if casts and old.type != new.type else ""
        if not holds_all(old.type, new.type):
            change.loses.append(f"of column {name}.{new.name}, what {new.type} cannot hold of {old.type}")
        yield f"{alter} TYPE {new.type}{collation}{using};"
    if new.numbers is not None and old.numbers is None:
        yield from _number(name, alter, new, kept)
    elif new.numbers is not None and old.numbers is not None and _way(old) != _way(new):
        yield from _numbered_otherwise(name, alter, old.numbers, new, new.numbers)
    elif new.numbers is not None and old.numbers is not None:
        yield from _renumber(alter, old, new)
    elif default_changes and new.default is not None and not new.generated:
        yield f"{alter} SET DEFAULT {new.default};"
    if old.compression != new.compression:
        yield f"{alter} SET COMPRESSION {new.compression or 'default'};"
    if new.not_null and not old.not_null:
        change.required.append(new)
    if old.not_null and not new.not_null:
        yield f"{alter} DROP NOT NULL;"


_TYPE = re.compile(r"(?P<start>[^(]*)(?:\((?P<length>[\d, -]+)\))?(?P<end>.*)")
_EXACT = {"smallint": 0, "integer": 1, "bigint": 2, "numeric": 3}
_WIDER = {
    ("real", "double precision"),
    ("date", "timestamp without time zone"),
    ("timestamp without time zone", "timestamp with time zone"),
}
_FOR_ANY_LENGTH = {"character": "bpchar", "bit": "bit varying"}  # of which the plain name has the length 1


def _parts(type_: str) -> tuple[str, tuple[int, ...] | None]:
    found = _TYPE.fullmatch(type_)
    if found is None:
        return type_, None
    length = found["length"]
    return f"{found['start']}{found['end']}", None if length is None else tuple(map(int, length.split(",")))


def _without_length(type_: str) -> str:
    base = _parts(type_)[0]
    return _FOR_ANY_LENGTH.get(base, base)


def holds_all(old: str, new: str) -> bool:
    """Return whether a type holds each value of another, as far as that is known.

    Source: PostgreSQL manual, "Data Types".
    """
    (was, had), (is_, has) = _parts(old), _parts(new)
    if old == new:
        return True
    if is_ in {"text", "character varying"} and has is None:
        return True
    if was == is_ == "numeric" and had is not None and has is not None:
        (precision, scale), (new_precision, new_scale) = ((*n, 0)[:2] for n in (had, has))
        return new_scale >= scale and new_precision - new_scale >= precision - scale
    if was == is_:
        return is_ not in _FOR_ANY_LENGTH and (has is None or (had is not None and has >= had))
    if was in _EXACT and is_ in _EXACT:
        return _EXACT[is_] > _EXACT[was] and has is None
    return (was, is_) in {
        ("real", "double precision"),
        ("date", "timestamp without time zone"),
    } and has is None


def _way(column: Column) -> bool:
    return column.identity is not None


def _unnumber(alter: str, old: Column, kept: Mapping[str, NumberSequence]) -> Iterator[str]:
    if old.identity is not None and old.numbers is not None and old.numbers.name in kept:
        aside = _aside(old.numbers)
        yield f"CREATE SEQUENCE {aside};"
        yield f"SELECT setval({_literal(aside)}, last_value, is_called) FROM {old.numbers.name};"
        yield f"{alter} DROP IDENTITY;"
        yield create_sequence(kept[old.numbers.name])
        yield from _go_on(old.numbers)
    elif old.identity is not None:
        yield f"{alter} DROP IDENTITY;"
    elif old.numbers is not None:
        yield f"{alter} DROP DEFAULT;"
        if old.numbers.name not in kept:
            yield f"DROP SEQUENCE {old.numbers.name};"


def _numbered_otherwise(
    name: str, alter: str, was: NumberSequence, new: Column, numbers: NumberSequence
) -> Iterator[str]:
    """Yield what makes a serial column one with an identity, or the other way round; its next number stays."""
    if new.identity is not None:
        yield f"{alter} DROP DEFAULT;"
        yield f"ALTER SEQUENCE {was.name} OWNED BY NONE;"
        yield f"ALTER SEQUENCE {was.name} RENAME TO {_ASIDE};"
        yield _add_identity(alter, new, numbers)
    else:
        yield f"CREATE SEQUENCE {_aside(was)};"
        yield f"SELECT setval({_literal(_aside(was))}, last_value, is_called) FROM {was.name};"
        yield f"{alter} DROP IDENTITY;"
        yield create_sequence(numbers)
        yield f"ALTER SEQUENCE {numbers.name} OWNED BY {name}.{new.name};"
        yield f"{alter} SET DEFAULT {new.default};"
    yield from _go_on(numbers, _aside(was))


def _aside(numbers: NumberSequence) -> str:
    return f"{numbers.name.rpartition('.')[0]}.{_ASIDE}"


def _go_on(numbers: NumberSequence, aside: str | None = None) -> Iterator[str]:
    """Yield what lets a sequence go on where the one that was put aside has ended."""
    aside = aside or _aside(numbers)
    yield f"SELECT setval({_literal(numbers.name)}, last_value, is_called) FROM {aside};"
    yield f"DROP SEQUENCE {aside};"


def _add_identity(alter: str, new: Column, numbers: NumberSequence) -> str:
    options = " ".join([f"SEQUENCE NAME {numbers.name}", *numbers.options])
    return f"{alter} ADD GENERATED {new.identity} AS IDENTITY ({options});"


def _literal(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _number(name: str, alter: str, new: Column, kept: Mapping[str, NumberSequence]) -> Iterator[str]:
    """Yield what gives a column its numbers, which go on after the last that is there."""
    numbers = new.numbers
    if numbers is None:
        return
    if new.identity is not None and numbers.name in kept:
        yield f"ALTER SEQUENCE {numbers.name} OWNED BY NONE;"
        yield f"ALTER SEQUENCE {numbers.name} RENAME TO {_ASIDE};"
        yield _add_identity(alter, new, numbers)
        yield from _go_on(numbers)
    elif new.identity is not None:
        yield _add_identity(alter, new, numbers)
    else:
        if numbers.name not in kept:
            yield create_sequence(numbers)
        yield f"ALTER SEQUENCE {numbers.name} OWNED BY {name}.{new.name};"
        yield f"{alter} SET DEFAULT {new.default};"
    if numbers.name in kept:
        return
    last = f"{'min' if _descends(numbers) else 'max'}({new.name})"
    yield f"SELECT setval({_literal(numbers.name)}, {last}) FROM {name} HAVING {last} IS NOT NULL;"


def _renumber(alter: str, old: Column, new: Column) -> Iterator[str]:
    if old.numbers is None or new.numbers is None:
        return
    if old.identity != new.identity:
        yield f"{alter} SET GENERATED {new.identity};"
    if (old.numbers.type, old.numbers.options) != (new.numbers.type, new.numbers.options):
        yield from alter_sequence(old.numbers, new.numbers, name=old.numbers.name)
    if old.numbers.name != new.numbers.name:
        yield f"ALTER SEQUENCE {old.numbers.name} RENAME TO {new.numbers.name.rpartition('.')[2]};"


def _descends(numbers: NumberSequence) -> bool:
    return any(option.startswith("INCREMENT BY -") for option in numbers.options)


def create_sequence(numbers: NumberSequence) -> str:
    """Write CREATE SEQUENCE."""
    unlogged = "UNLOGGED " if numbers.unlogged else ""
    words = [f"CREATE {unlogged}SEQUENCE {numbers.name} AS {numbers.type}", *numbers.options]
    return f"{' '.join(words)};"


def alter_sequence(before: NumberSequence, after: NumberSequence, *, name: str) -> Iterator[str]:
    """Yield what changes a sequence's type, options and persistence; its next number stays."""
    if before.unlogged != after.unlogged:
        yield f"ALTER SEQUENCE {name} SET {'UNLOGGED' if after.unlogged else 'LOGGED'};"
    had = {option.split()[0] for option in before.options}
    has = {option.split()[0] for option in after.options}
    options = [_USUAL_OPTIONS[word] for word in _USUAL_OPTIONS if word in had - has]
    options += [option for option in after.options if option not in before.options]
    if _descends(before) != _descends(after):
        end = "MAXVALUE" if _descends(after) else "MINVALUE"
        ends = [option.split()[-1] for option in after.options if option.startswith(end)]
        start = ends[0] if ends else "-1" if _descends(after) else "1"
        options = [option for option in options if option != _USUAL_OPTIONS["START"]]
        options += [] if any(o.startswith("START") for o in after.options) else [f"START WITH {start}"]
        options.append("RESTART")
    as_type = [f"AS {after.type}"] if before.type != after.type else []
    if options or as_type:
        yield f"ALTER SEQUENCE {name} {' '.join([*as_type, *options])};"
