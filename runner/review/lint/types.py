"""Types as SQL spells them, and which changes of a column's type rewrite its table.

Source: PostgreSQL manual, "Data Types" and ALTER TABLE, Notes; ATColumnChangeRequiresRewrite in tablecmds.c; the
binary-coercible casts of pg_cast; varchar_support, numeric_support, TemporalSimplify in the server's source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from runner.files.sqltext.phrase import Phrase

_ONE_WORD = {
    "INT": "int4", "INT4": "int4", "INTEGER": "int4", "SERIAL": "int4", "SERIAL4": "int4",
    "BIGINT": "int8", "INT8": "int8", "BIGSERIAL": "int8", "SERIAL8": "int8",
    "SMALLINT": "int2", "INT2": "int2", "SMALLSERIAL": "int2", "SERIAL2": "int2",
    "VARCHAR": "varchar", "CHAR": "bpchar", "CHARACTER": "bpchar", "BPCHAR": "bpchar", "NCHAR": "bpchar",
    "REAL": "float4", "FLOAT4": "float4", "FLOAT8": "float8", "FLOAT": "float8", "DOUBLE": "float8",
    "NUMERIC": "numeric", "DECIMAL": "numeric", "DEC": "numeric", "BOOLEAN": "bool", "BOOL": "bool",
    "BIT": "bit", "VARBIT": "varbit", "TIMESTAMP": "timestamp", "TIMESTAMPTZ": "timestamptz",
    "TIME": "time", "TIMETZ": "timetz",
}  # fmt: skip
BUILT_IN = frozenset({
    *_ONE_WORD.values(), "text", "name", "date", "json", "jsonb", "uuid", "xml", "money", "inet", "cidr", "macaddr",
    "bytea", "interval", "oid", "tsvector", "tsquery", "point", "line", "lseg", "box", "path", "polygon", "circle",
    "jsonpath", "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange",
})  # fmt: skip
# as pg_catalog.format_type writes them, and so most people
_SQL_NAMES = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "bool": "boolean", "float4": "real",
    "float8": "double precision", "bpchar": "char",
}  # fmt: skip
_FIELDS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO"})  # after INTERVAL
_WITH_ZONE = {"timestamp": "timestamptz", "time": "timetz"}
_SINGLE_PRECISION = 24  # bits of float(n) that a float4 has
_FULL_PRECISION = 6  # digits of a second

_OIDS = ("regclass", "regproc", "regprocedure", "regtype", "regrole", "regnamespace")
# castmethod 'b': the bytes of the one are those of the other
_COERCIBLE = frozenset({
    ("text", "varchar"), ("varchar", "text"), ("text", "bpchar"), ("varchar", "bpchar"),
    ("cidr", "inet"), ("xml", "text"), ("xml", "varchar"), ("xml", "bpchar"), ("bit", "varbit"), ("varbit", "bit"),
    ("citext", "text"), ("citext", "varchar"), ("citext", "bpchar"), ("text", "citext"), ("varchar", "citext"),
    ("int4", "oid"), ("oid", "int4"), ("pg_node_tree", "text"),
    *((one, number) for one in _OIDS for number in ("oid", "int4")),
    *((number, one) for one in _OIDS for number in ("oid", "int4")),
})  # fmt: skip
# whose operator class for btree an index of a type has, where it is another type's
_OPERATORS = {"varchar": "text", "cidr": "inet", **dict.fromkeys(_OIDS, "oid")}
_WIDENED = frozenset({"varchar", "varbit"})
_TEMPORAL = frozenset({"timestamp", "timestamptz", "time", "timetz", "interval"})
_NEEDS_ITS_LENGTH = frozenset({"bpchar", "bit"})


class Type(NamedTuple):
    """A type: its name as pg_type has it where it is built in, otherwise as the file names it."""

    schema: str | None
    name: str
    modifiers: tuple[str, ...] = ()
    is_array: bool = False

    def __str__(self) -> str:
        named = _SQL_NAMES.get(self.name, self.name) if self.schema is None else f"{self.schema}.{self.name}"
        length = f"({','.join(self.modifiers)})" if self.modifiers else ""
        return f"{named}{length}{'[]' if self.is_array else ''}"


def read_type(phrase: Phrase, index: int, end: int) -> tuple[Type | None, int]:
    """Return the type that is written at a place, and the place after it."""
    found, after = phrase.name(index, end=end)
    if found is None:
        return None, index
    schema, name = found
    word, is_plain = phrase.words[after - 1], phrase.tokens[after - 1].kind == "word"
    if schema == "pg_catalog":
        schema = None
    if schema is None and is_plain:
        if word == "NATIONAL":
            word, after = phrase.words[after] if after < end else word, after + 1
        name = _ONE_WORD.get(word, name)
        if phrase.stands(after, "VARYING"):
            name, after = {"bpchar": "varchar", "bit": "varbit"}.get(name, name), after + 1
        after = phrase.skip(after, ("PRECISION",)) if word == "DOUBLE" else after
    while name.startswith("interval") and schema is None and after < end and phrase.words[after] in _FIELDS:
        name, after = f"{name} {phrase.words[after].lower()}", after + 1
    modifiers, after = _modifiers(phrase, after, end)
    if is_plain and word == "FLOAT" and modifiers:
        name, modifiers = ("float4" if int(modifiers[0]) <= _SINGLE_PRECISION else "float8"), ()
    if phrase.stands(after, "WITH", "TIME", "ZONE"):
        name, after = _WITH_ZONE.get(name, name), after + 3
    after = phrase.skip(after, ("WITHOUT", "TIME", "ZONE"))
    if name in _NEEDS_ITS_LENGTH and is_plain and word != "BPCHAR" and not modifiers:
        modifiers = ("1",)
    is_array, after = _array(phrase, after, end)
    return Type(schema, name, modifiers, is_array), after


def _modifiers(phrase: Phrase, index: int, end: int) -> tuple[tuple[str, ...], int]:
    if index >= end or not phrase.stands(index, "("):
        return (), index
    close = phrase.find(")", start=index, end=end, depth=phrase.depths[index])
    if close < 0:
        return (), end
    return tuple(word for word in phrase.words[index + 1 : close] if word != ","), close + 1


def _array(phrase: Phrase, index: int, end: int) -> tuple[bool, int]:
    is_array = False
    if index < end and phrase.stands(index, "ARRAY"):
        is_array, index = True, index + 1
    while index < end and phrase.stands(index, "["):
        close = phrase.find("]", start=index, end=end, depth=None)
        is_array, index = True, (end if close < 0 else close + 1)
    return is_array, index


def rewrites(old: Type, new: Type) -> bool:
    """Return whether a change between two types, neither of them a domain, rewrites the table."""
    if old == new:
        return False
    if old.is_array or new.is_array:
        return not (old.is_array and new.is_array and old[:2] == new[:2] and not new.modifiers)
    if old[:2] != new[:2]:
        is_built_in = old.schema is None and new.schema is None
        gains_fields = new.name == "interval" and old.name.startswith("interval ")
        is_coercible = is_built_in and (gains_fields or (old.name, new.name) in _COERCIBLE)
        return not is_coercible or bool(new.modifiers)
    if not new.modifiers:
        return new.name == "bit"
    return not _is_wider(new.name, old.modifiers, new.modifiers)


def has_another_index(old: Type, new: Type) -> bool:
    """Return whether an index of a column needs another operator class, so that it is rebuilt, though no row is written."""
    return _OPERATORS.get(old.name, old.name) != _OPERATORS.get(new.name, new.name)


def _is_wider(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Return whether all values of the old length fit the new one as they are; without a length any may be stored."""
    if not all(number.isdigit() for number in (*old, *new)):
        return False
    if name in _TEMPORAL:
        return int(new[0]) >= (int(old[0]) if old else _FULL_PRECISION)
    if not old:
        return False
    if name in _WIDENED:
        return int(new[0]) >= int(old[0])
    if name == "numeric":
        scales = [int(numbers[1]) if len(numbers) > 1 else 0 for numbers in (old, new)]
        return scales[0] == scales[1] and int(new[0]) >= int(old[0])
    return False
