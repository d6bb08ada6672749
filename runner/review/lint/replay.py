"""Apply a statement to what is known of the schema.

What cannot be read is left out: a rule then says that it does not know, and does not guess.

Source: PostgreSQL manual, the synopsis of each command.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from runner.files.sqltext.alter_table import Action, actions
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.phrase import Name, Phrase, bare
from runner.files.sqltext.tokens import SqlSyntaxError
from runner.review.lint.proofs import never_null
from runner.review.lint.routines import alter_routine, create_routine
from runner.review.lint.schema import Column, Constraint, Domain, Index, Schema, Table
from runner.review.lint.types import read_type

SERIAL = frozenset({"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL2", "SERIAL4", "SERIAL8"})
_TABLE_CONSTRAINTS = frozenset({"CONSTRAINT", "CHECK", "FOREIGN", "UNIQUE", "PRIMARY", "EXCLUDE", "NOT"})
_SUFFIX = {
    "CHECK": "check",
    "FOREIGN": "fkey",
    "UNIQUE": "key",
    "PRIMARY": "pkey",
    "EXCLUDE": "excl",
    "NOT": "not_null",
}
_WITH_INDEX = frozenset({"UNIQUE", "PRIMARY", "EXCLUDE"})
_CHECKS = ("ALL", "CONSTRAINTS")  # of INCLUDING


def schema_of(text: str) -> Schema:
    """Return the schema that a text of SQL makes, a snapshot for example, as far as it can be read."""
    schema = Schema()
    with suppress(SqlSyntaxError):
        for statement in statements([text]):
            learn(Phrase(statement), schema)
    return schema


def learn(phrase: Phrase, schema: Schema) -> None:
    """Note what a statement makes of the schema."""
    reader = _READERS.get(phrase.kind)
    if reader is not None:
        reader(phrase, schema)
    elif (made := into(phrase)) is not None:
        schema.tables.put(Table(made))


def into(phrase: Phrase) -> Name | None:
    """Return the table that SELECT … INTO makes."""
    if phrase.kind not in {"SELECT", "WITH"} or "into" not in phrase.statement.text.lower():
        return None
    start = phrase.find("SELECT")
    index = phrase.find("INTO", start=start) if start >= 0 and phrase.find("INSERT") < 0 else -1
    if index < 0:
        return None
    options = (("TEMPORARY",), ("TEMP",), ("UNLOGGED",), ("TABLE",))
    return phrase.name(phrase.skip(index + 1, *options))[0]


def _create_table(phrase: Phrase, schema: Schema) -> None:
    name, index = phrase.target()
    if name is None:
        return
    if phrase.find("IF", "NOT", "EXISTS", end=index) >= 0 and schema.table(name) is not None:
        return
    table = Table(name, is_partitioned=phrase.find("PARTITION", "BY", start=index) >= 0)
    if phrase.stands(index, "PARTITION", "OF"):
        parent, index = phrase.name(index + 2)
        _inherit(table, schema.table(parent))
        table.parent = parent
    elif phrase.stands(index, "(") and phrase.find("AS", start=index) < 0:
        table.is_whole = phrase.find("INHERITS") < 0
    schema.tables.put(table)
    if table.is_whole:
        for start, end in phrase.elements(index):
            _element(phrase, start, end, table, schema)


def _inherit(table: Table, parent: Table | None, *, has_checks: bool = True) -> None:
    if parent is None:
        table.is_whole = False
        return
    table.is_whole = parent.is_whole
    table.columns |= {n: Column(c.type, c.not_null, c.is_virtual) for n, c in parent.columns.items()}
    if has_checks:
        table.constraints |= {
            n: Constraint(c.kind, c.never_null, c.is_valid, is_copied=True)
            for n, c in parent.constraints.items()
            if c.kind == "CHECK"
        }


def _element(phrase: Phrase, start: int, end: int, table: Table, schema: Schema) -> None:
    word = phrase.words[start] if start < end else ""
    if word == "LIKE":
        has_checks = any(
            phrase.find("INCLUDING", what, start=start, end=end, depth=None) >= 0 for what in _CHECKS
        )
        _inherit(table, schema.table(phrase.name(start + 1, end=end)[0]), has_checks=has_checks)
    elif phrase.tokens[start].kind == "word" and word in _TABLE_CONSTRAINTS:
        given, index = phrase.name(start + 1, end=end) if word == "CONSTRAINT" else (None, start)
        _constraint(phrase, index, end, table, schema, named=None if given is None else given.name)
    else:
        found, after = phrase.name(start, end=end)
        if found is not None:
            _column(phrase, found.name, after, end, table, schema)


def _column(phrase: Phrase, name: str, index: int, end: int, table: Table, schema: Schema) -> None:
    type_, after = read_type(phrase, index, end)
    depth = phrase.depths[index] if index < end else 0
    is_serial = index < end and phrase.words[index] in SERIAL
    has_identity = phrase.find("AS", "IDENTITY", start=after, end=end, depth=depth) >= 0
    is_generated = not has_identity and phrase.find("GENERATED", start=after, end=end, depth=depth) >= 0
    table.columns[name] = Column(
        type_,
        not_null=is_serial
        or has_identity
        or phrase.find("NOT", "NULL", start=after, end=end, depth=depth) >= 0,
        is_virtual=is_generated and phrase.find("STORED", start=after, end=end, depth=depth) < 0,
    )
    if is_serial or has_identity:
        sequence = Name(table.name.schema, f"{table.name.name}_{name}_seq")
        schema.indexes.put(Index(sequence, table.name))
    named = None
    for at in range(after, end):
        word = phrase.words[at]
        if phrase.depths[at] != depth:
            continue
        if word == "CONSTRAINT":
            given = phrase.name(at + 1, end=end)[0]
            named = None if given is None else given.name
        elif word in {"CHECK", "UNIQUE"} or phrase.stands(at, "PRIMARY", "KEY") or word == "REFERENCES":
            kind = "FOREIGN" if word == "REFERENCES" else word
            _constraint(phrase, at, end, table, schema, named=named, kind=kind, column=name)
            named = None


def _constraint(
    phrase: Phrase,
    index: int,
    end: int,
    table: Table,
    schema: Schema,
    *,
    named: str | None,
    kind: str | None = None,
    column: str | None = None,
) -> None:
    kind = kind or (phrase.words[index] if index < end else "")
    if kind not in _SUFFIX:
        return
    if column is not None:
        listed = [column]
    elif kind == "CHECK":
        listed = _mentioned(phrase, index, end, table)
    else:
        listed = _listed(phrase, index, end)
    proven = never_null(phrase, index, end) if kind in {"CHECK", "NOT"} else frozenset()
    if kind == "PRIMARY":
        proven = frozenset(listed)
    using = phrase.find("USING", "INDEX", start=index, end=end, depth=None)
    built_on = phrase.name(using + 2, end=end)[0] if using >= 0 and column is None else None
    if named is None:
        named = built_on.name if built_on is not None else _default_name(table, kind, listed)
    is_valid = column is not None or phrase.find("NOT", "VALID", start=index, end=end, depth=None) < 0
    table.constraints[named] = Constraint(kind, proven, is_valid)
    if built_on is not None:
        schema.indexes.drop(Name(table.name.schema, built_on.name))
    if kind in _WITH_INDEX:
        schema.indexes.put(Index(Name(table.name.schema, named), table.name, frozenset(listed)))


def _listed(phrase: Phrase, index: int, end: int) -> list[str]:
    """Return the columns of the first brackets."""
    start = next((i for i in range(index, end) if phrase.words[i] == "("), end)
    found = [] if start == end else [phrase.name(at, end=to)[0] for at, to in phrase.elements(start)]
    return [name.name for name in found if name is not None]


def _mentioned(phrase: Phrase, index: int, end: int, table: Table) -> list[str]:
    """Return the columns that a condition names."""
    return [name for name in table.columns if any(bare(phrase, at) == name for at in range(index + 1, end))]


def _default_name(table: Table, kind: str, listed: list[str]) -> str:
    """Return the name that PostgreSQL chooses: a CHECK of several columns, or a key, has none of them in it."""
    columns = [] if kind == "PRIMARY" or (kind == "CHECK" and len(listed) != 1) else listed
    whole = "_".join((table.name.name, *columns, _SUFFIX[kind]))
    taken = (whole, *(f"{whole}{number}" for number in range(1, 100)))
    return next((name for name in taken if name not in table.constraints), whole)


def _alter_table(phrase: Phrase, schema: Schema) -> None:
    name, _ = phrase.target()
    if name is None:
        return
    table = schema.table(name)
    if table is None:
        table = Table(name)
        schema.tables.put(table)
    for action in actions(phrase):
        _altered(phrase, action, table, schema)


def _altered(phrase: Phrase, action: Action, table: Table, schema: Schema) -> None:
    verb, name = action.verb, action.name or ""
    if verb == "ADD COLUMN":
        if not (phrase.find("EXISTS", start=action.start, end=action.after) >= 0 and name in table.columns):
            _column(phrase, name, action.after, action.end, table, schema)
    elif verb.startswith("ADD "):
        _constraint(phrase, action.after, action.end, table, schema, named=action.name)
    elif verb == "DROP COLUMN":
        table.columns.pop(name, None)
        for key in [key for key, c in table.constraints.items() if name in c.never_null]:
            del table.constraints[key]
    elif verb == "DROP CONSTRAINT":
        if table.constraints.pop(name, None) is not None:
            schema.indexes.drop(Name(table.name.schema, name))
    elif verb == "VALIDATE CONSTRAINT":
        if name in table.constraints:
            table.constraints[name].is_valid = True
    elif verb == "ALTER COLUMN":
        _altered_column(phrase, action, table)
    elif verb in {"RENAME COLUMN", "RENAME CONSTRAINT"}:
        new = phrase.name(phrase.skip(action.after, ("TO",)))[0]
        if new is not None:
            _renamed(table, name, new.name, is_column=verb == "RENAME COLUMN")
            for index in schema.indexes_of(table.name, name) if verb == "RENAME COLUMN" else ():
                index.columns = index.columns - {name} | {new.name}
    elif verb in {"ATTACH PARTITION", "DETACH PARTITION"}:
        part = schema.table(phrase.name(action.after)[0])
        if part is not None:
            part.parent = table.name if verb == "ATTACH PARTITION" else None
    elif verb == "RENAME TO":
        new = phrase.name(action.after)[0]
        if new is not None:
            schema.rename_table(table.name, Name(table.name.schema, new.name))
    elif verb == "SET SCHEMA":
        new = phrase.name(action.after)[0]
        if new is not None:
            schema.rename_table(table.name, Name(new.name, table.name.name))


def _renamed(table: Table, old: str, new: str, *, is_column: bool) -> None:
    if not is_column:
        if old in table.constraints:
            table.constraints[new] = table.constraints.pop(old)
        return
    if old in table.columns:
        table.columns[new] = table.columns.pop(old)
    for constraint in table.constraints.values():
        if old in constraint.never_null:
            constraint.never_null = constraint.never_null - {old} | {new}


def _altered_column(phrase: Phrase, action: Action, table: Table) -> None:
    column = table.columns.setdefault(action.name or "", Column(None))
    index = phrase.skip(action.after, ("SET", "DATA"))
    if phrase.stands(index, "TYPE"):
        column.type = read_type(phrase, index + 1, action.end)[0]
    elif phrase.stands(index, "SET", "NOT", "NULL"):
        column.not_null = True
    elif phrase.stands(index, "DROP", "NOT", "NULL"):
        column.not_null = False


def _create_index(phrase: Phrase, schema: Schema) -> None:
    name, index = phrase.target()
    on, _ = phrase.on()
    if name is None or on is None or phrase.stands(index - 1, "ON"):
        return
    table = schema.table(on)
    owner = on if table is None else table.name
    keys = phrase.find("(", start=index)
    is_plain = keys >= 0 and phrase.find("WHERE", start=keys) < 0
    is_plain = is_plain and all("(" not in phrase.words[start:end] for start, end in phrase.elements(keys))
    columns = frozenset(filter(None, (bare(phrase, at) for at in range(keys, len(phrase.tokens)))))
    schema.indexes.put(Index(Name(owner.schema, name.name), owner, columns, is_plain))


def _drop(phrase: Phrase, schema: Schema) -> None:
    for name, _ in phrase.names(phrase.start_of_names()):
        if phrase.kind == "DROP SCHEMA":
            schema.drop_schema(name.name)
        elif phrase.kind == "DROP DOMAIN":
            schema.domains.drop(name)
        elif phrase.kind in {"DROP INDEX", "DROP SEQUENCE"}:
            schema.indexes.drop(name)
        else:
            schema.drop_table(name)


def _alter_index(phrase: Phrase, schema: Schema) -> None:
    name, index = phrase.target()
    if name is not None and phrase.stands(index, "RENAME", "TO"):
        new = phrase.name(index + 2)[0]
        if new is not None:
            schema.indexes.rename(name, Name(name.schema, new.name))


def _alter_schema(phrase: Phrase, schema: Schema) -> None:
    name, index = phrase.target()
    new = phrase.name(index + 2)[0] if phrase.stands(index, "RENAME", "TO") else None
    if name is not None and new is not None:
        schema.rename_schema(name.name, new.name)


def _alter_sequence(phrase: Phrase, schema: Schema) -> None:
    name, index = phrase.target()
    at = phrase.find("OWNED", "BY", start=index)
    if name is not None and at >= 0 and (owner := column_at(phrase, at + 2)) is not None:
        schema.indexes.put(Index(name, owner[0]))


def column_at(phrase: Phrase, index: int) -> tuple[Name, str] | None:
    """Return the table and the column that are named together at a place, as after OWNED BY."""
    end = index
    while end < len(phrase.tokens) and (
        phrase.tokens[end].kind in {"word", "name"} or phrase.stands(end, ".")
    ):
        end += 1
    table, column = phrase.name(index, end=end - 2)[0], bare(phrase, end - 1)
    return None if table is None or column is None or end - index < len(("t", ".", "c")) else (table, column)


def _create_domain(phrase: Phrase, schema: Schema) -> None:
    name, index = phrase.target()
    if name is None:
        return
    type_, after = read_type(phrase, phrase.skip(index, ("AS",)), len(phrase.words))
    domain = Domain(name, type_)
    if phrase.find("NOT", "NULL", start=after) >= 0:
        domain.constraints.add("")
    for at in range(after, len(phrase.words)):
        if phrase.words[at] == "CHECK" and phrase.depths[at] == 0:
            given = phrase.name(at - 1)[0] if phrase.stands(at - 2, "CONSTRAINT") else None
            domain.constraints.add(f"{name.name}_check" if given is None else given.name)
    schema.domains.put(domain)


def _alter_domain(phrase: Phrase, schema: Schema) -> None:
    _alter_type(phrase, schema)
    name, index = phrase.target()
    domain = None if name is None else schema.domains.find(name)
    if domain is None:
        return
    if phrase.stands(index, "ADD"):
        given = phrase.name(index + 2)[0] if phrase.stands(index + 1, "CONSTRAINT") else None
        domain.constraints.add(f"{domain.name.name}_check" if given is None else given.name)
    elif phrase.stands(index, "SET", "NOT", "NULL"):
        domain.constraints.add("")
    elif phrase.stands(index, "DROP", "NOT", "NULL"):
        domain.constraints.discard("")
    elif phrase.stands(index, "DROP", "CONSTRAINT"):
        given = phrase.name(phrase.skip(index + 2, ("IF", "EXISTS")))[0]
        domain.constraints.discard("" if given is None else given.name)
    elif phrase.stands(index, "RENAME", "CONSTRAINT"):
        old, after = phrase.name(index + 2)
        given = phrase.name(after + 1)[0]
        if old is not None and given is not None and old.name in domain.constraints:
            domain.constraints = domain.constraints - {old.name} | {given.name}


def _alter_type(phrase: Phrase, schema: Schema) -> None:
    """Follow a type, which may be a domain, that gets another name or schema."""
    name, index = phrase.target()
    new = phrase.name(index + 2)[0]
    if name is None or new is None:
        return
    if phrase.stands(index, "RENAME", "TO"):
        schema.rename_type(name, Name(name.schema, new.name))
    elif phrase.stands(index, "SET", "SCHEMA"):
        schema.rename_type(name, Name(new.name, name.name))


_READERS: dict[str, Callable[[Phrase, Schema], None]] = {
    "CREATE TABLE": _create_table,
    "CREATE FOREIGN TABLE": _create_table,
    "ALTER TABLE": _alter_table,
    "ALTER FOREIGN TABLE": _alter_table,
    "CREATE INDEX": _create_index,
    "ALTER INDEX": _alter_index,
    "CREATE SEQUENCE": _alter_sequence,
    "ALTER SEQUENCE": _alter_sequence,
    "CREATE DOMAIN": _create_domain,
    "ALTER DOMAIN": _alter_domain,
    "ALTER TYPE": _alter_type,
    "ALTER SCHEMA": _alter_schema,
    "DROP SCHEMA": _drop,
    **dict.fromkeys(
        ("DROP TABLE", "DROP FOREIGN TABLE", "DROP INDEX", "DROP SEQUENCE", "DROP DOMAIN"), _drop
    ),
    **dict.fromkeys(("CREATE FUNCTION", "CREATE PROCEDURE"), create_routine),
    **dict.fromkeys(("ALTER FUNCTION", "ALTER PROCEDURE", "ALTER ROUTINE"), alter_routine),
}
