"""Random schemas from a grammar: odd names, every kind of object, circles, and changes after the making.

Statements are made from what the ones before them made. A few are refused by the server (a default that does not
fit its domain, a view that a dropped column had); `make` leaves those out and says how many there were.
"""

# ruff: noqa: E501 -- statements read best on one line

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

_NAMES = (
    "plain", "Capital", "two words", "$user", "select", "order", "user", "table", "default", "a.b", 'quo"te', "it's",
    "semi;colon", "-- dash", "/* c */", "back\\slash", "per%cent", "{brace}", "x(y,z)", "c NOT NULL", " WHERE (", "x DEFAULT 1",
    "PRIMARY KEY", "CONSTRAINT", "$$", "E'x'", "übung", "таблица", "日本語", "ﬁ", "new\nline", "tab\t", " lead", "trail ", "1st",
    "on", "a ON b", "a ON TABLE b", "a TO b", "x FROM y", "DOMAIN d", "TO", "x" * 63, "é" * 31, "_", "a$b", "NULL", "public", "pg_x", "AS", "a IS 'b'", "a, b",
)  # fmt: skip
TYPES = {  # a type, and a value of it
    "integer": "7", "bigint": "-1", "smallint": "3", "text": "'a''b;'", "varchar(20)": "'x'", "char(3)": "'abc'",
    "numeric(8,2)": "1.50", "boolean": "true", "date": "'2024-02-29'", "timestamptz": "now()", "timestamp(3)": "'2024-01-01 10:00'",
    "interval": "'1 day'", "interval day to second(2)": "'1 day'", "jsonb": "'{\"a\": [1]}'", "uuid": "gen_random_uuid()", "bytea": "'\\x00ff'",
    "double precision": "0.1", "real": "1e10", "text[]": "'{a,\"b c\"}'", "integer[]": "ARRAY[1, 2]", "inet": "'10.0.0.1/8'",
    "bit varying(5)": "B'101'", "int4range": "'[1,5)'", "\"char\"": "'c'", "name": "'n'", "tsvector": "to_tsvector('simple', 'a')",
    "time with time zone": "'10:00+02'", "money": "'1.00'", "xml": "'<a/>'", "regclass": "'pg_class'", "oid": "5", "point": "'(1,2)'",
    "int8multirange": "'{[1,2)}'",
}  # fmt: skip
_COMPARABLE = (
    "integer",
    "bigint",
    "smallint",
    "text",
    "varchar(20)",
    "date",
    "uuid",
    "numeric(8,2)",
    "timestamp(3)",
)
ROLES = ("catalog_reader", "catalog_writer")


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quote a text for SQL."""
    return "'" + value.replace("'", "''") + "'"


def odd_name(random: Random, mark: str) -> str:
    """Return a name, quoted: mostly an odd one, and with another mark always another."""
    base = random.choice(_NAMES) if random.random() < 0.7 else "n"
    while len((base + mark).encode()) > 63:
        base = base[:-1]
    return quoted(
        base + mark
        if random.random() < 0.8
        else mark + base[: 62 - len(mark)]
        if base.isascii()
        else base + mark
    )


@dataclass
class _Table:
    name: str
    schema: str
    columns: dict[str, str] = field(default_factory=dict)  # name and type
    keys: list[list[str]] = field(default_factory=list)
    strategy: str = ""  # of a partitioned table
    is_view: bool = False
    parts: int = 0

    def of_type(self, *types: str) -> list[str]:
        return [name for name, type_ in self.columns.items() if type_ in types]


@dataclass
class _Writer:
    random: Random
    server_version: int
    statements: list[str] = field(default_factory=list)
    schemas: list[str] = field(default_factory=lambda: ["public"])
    tables: list[_Table] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=lambda: dict(TYPES))
    enums: list[str] = field(default_factory=list)
    sequences: list[str] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)  # of integer: signature and name
    triggers: list[str] = field(default_factory=list)
    count: int = 0

    def name(self) -> str:
        """Return a new name, quoted: mostly an odd one, and always another."""
        self.count += 1
        mark = f"{self.count:x}"
        return odd_name(self.random, mark)

    def placed(self) -> tuple[str, str]:
        schema = self.random.choice(self.schemas)
        return f"{schema}.{self.name()}", schema

    def add(self, *statements: str) -> None:
        self.statements += statements

    def maybe(self, chance: float, statement: str) -> str:
        return statement if self.random.random() < chance else ""

    def table(self, *, view: bool = False) -> _Table:
        """Return one that there is; one is made where there is none."""
        found = [t for t in self.tables if view or not t.is_view]
        if not found:
            _table(self)
            found = self.tables
        return self.random.choice(found)

    def type(self) -> tuple[str, str]:
        return self.random.choice(list(self.types.items()))


def _schema(w: _Writer) -> None:
    name = w.name()
    if name.startswith('"pg_'):  # those are the server's
        name = name.replace("pg_", "gp_", 1)
    w.schemas.append(name)
    w.add(f"CREATE SCHEMA {name}")


def _enum(w: _Writer) -> None:
    name, _ = w.placed()
    values = [text(f"{w.random.choice(_NAMES)[:20]}{n}") for n in range(w.random.randint(1, 4))]
    w.add(f"CREATE TYPE {name} AS ENUM ({', '.join(values)})")
    if w.random.random() < 0.3:
        w.add(f"ALTER TYPE {name} ADD VALUE 'late' BEFORE {values[0]}")
    w.types[name] = f"{values[0]}::{name}"
    w.enums.append(name)


def _domain(w: _Writer) -> None:
    name, _ = w.placed()
    base, value = w.type()
    collation = w.maybe(0.3, ' COLLATE "C"') if base == "text" else ""
    w.add(f"CREATE DOMAIN {name} AS {base}{collation}{w.maybe(0.4, f' DEFAULT {value}')}")
    if w.random.random() < 0.6:
        check = w.random.choice(
            [
                "VALUE IS NOT NULL",
                f"VALUE::text <> {text(w.random.choice(_NAMES))}",
                "length(VALUE::text) < 999",
            ]
        )
        w.add(f"ALTER DOMAIN {name} ADD CONSTRAINT {w.name()} CHECK ({check}){w.maybe(0.2, ' NOT VALID')}")
    w.types[name] = f"({value})::{name}"


def _composite(w: _Writer) -> None:
    name, _ = w.placed()
    attributes = [f"{w.name()} {w.type()[0]}" for _ in range(w.random.randint(1, 3))]
    w.add(f"CREATE TYPE {name} AS ({', '.join(attributes)})")
    w.types[name] = "NULL"
    w.types[f"{name}[]"] = "NULL"


def _range(w: _Writer) -> None:
    name, _ = w.placed()
    many = w.maybe(0.5, f", MULTIRANGE_TYPE_NAME = {w.placed()[0]}")
    w.add(f"CREATE TYPE {name} AS RANGE (SUBTYPE = {w.random.choice(['integer', 'text', 'date'])}{many})")
    w.types[name] = "'empty'"


def _sequence(w: _Writer) -> None:
    name, _ = w.placed()
    options = w.random.choice(
        [
            "",
            " AS integer",
            " INCREMENT -3 MINVALUE -90",
            " START 5 CACHE 7 CYCLE",
            " AS smallint MAXVALUE 99",
        ]
    )
    w.add(f"CREATE SEQUENCE {name}{options}")
    w.sequences.append(name)


def _default(w: _Writer, type_: str, value: str) -> str:
    if type_ in ("integer", "bigint") and w.random.random() < 0.6:
        if w.functions and w.random.random() < 0.5:
            return f" DEFAULT {w.random.choice(list(w.functions.values()))}(1)"
        if w.sequences:
            return f" DEFAULT nextval({text(w.random.choice(w.sequences))})"
    return f" DEFAULT {value}"


def _column(w: _Writer, table: _Table) -> str:
    name, (type_, value) = w.name(), w.type()
    if not table.columns and table.strategy:
        type_, value = "integer", "1"
    table.columns[name] = type_
    kind = w.random.random()
    if kind < 0.06 and not table.strategy:
        table.columns[name] = "integer"
        return f"{name} {w.random.choice(['serial', 'smallserial', 'bigserial'])}"
    if kind < 0.12 and not table.strategy:
        table.columns[name] = "bigint"
        options = w.random.choice(
            ["", " (START 5)", " (INCREMENT -1)", f" (SEQUENCE NAME {table.schema}.{w.name()})"]
        )
        return f"{name} bigint GENERATED {w.random.choice(['ALWAYS', 'BY DEFAULT'])} AS IDENTITY{options}"
    numbers = table.of_type("integer", "bigint", "smallint")[:-1]
    if kind < 0.2 and numbers and not table.strategy:
        table.columns[name] = "generated"
        expression = f"{w.random.choice(numbers)} * 2 + 1"
        if w.functions and w.random.random() < 0.4:
            expression = f"{w.random.choice(list(w.functions.values()))}({w.random.choice(numbers)}::integer)"
        virtual = w.server_version >= 180000 and w.functions == {} and w.random.random() < 0.5
        return f"{name} bigint GENERATED ALWAYS AS ({expression}) {'VIRTUAL' if virtual else 'STORED'}"
    collation = w.maybe(0.15, ' COLLATE "C"') if type_ in ("text", "varchar(20)") else ""
    compression = w.maybe(0.1, " COMPRESSION pglz") if type_ in ("text", "jsonb", "bytea") else ""
    null = w.maybe(0.3, w.maybe(0.3, f" CONSTRAINT {w.name()}") + " NOT NULL")
    return f"{name} {type_}{compression}{collation}{null}{w.maybe(0.4, _default(w, type_, value))}"


def _table(w: _Writer) -> None:
    name, schema = w.placed()
    table = _Table(name, schema)
    if w.random.random() < 0.25:
        table.strategy = w.random.choice(["RANGE", "LIST", "HASH"])
    columns = [_column(w, table) for _ in range(w.random.randint(1, 6))]
    first = next(iter(table.columns))
    parents = [t for t in w.tables if not t.is_view and not t.strategy and not t.parts]
    tail = w.maybe(0.15, " WITH (fillfactor = 60, autovacuum_enabled = off)") if not table.strategy else ""
    if table.strategy:
        tail = f" PARTITION BY {table.strategy} ({first})"
    elif parents and w.random.random() < 0.3:
        chosen = w.random.sample(parents, min(len(parents), w.random.randint(1, 2)))
        for parent in chosen:
            table.columns |= parent.columns
        tail = f" INHERITS ({', '.join(p.name for p in chosen)}){tail}"
    unlogged = w.maybe(0.08, "UNLOGGED ") if not table.strategy else ""
    w.add(f"CREATE {unlogged}TABLE {name} ({', '.join(columns)}){tail}")
    w.tables.append(table)
    w.types[name] = "NULL"  # its row type
    _key(w, table)
    for _ in range(w.random.randint(0, 2) if table.strategy else 0):
        _partition(w, table)


def _key(w: _Writer, table: _Table) -> None:
    comparable = table.of_type(*_COMPARABLE)
    if not comparable:
        return
    first = [next(iter(table.columns))] if table.strategy else []
    chosen = list(
        dict.fromkeys([*first, *w.random.sample(comparable, min(len(comparable), w.random.randint(1, 2)))])
    )
    options = [
        w.maybe(0.15, " INCLUDE (" + w.random.choice(list(table.columns)) + ")"),
        w.maybe(0.1, " WITH (fillfactor = 70)"),
    ]
    deferrable = w.maybe(0.15, w.random.choice([" DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"]))
    kind = "UNIQUE" if table.keys else w.random.choice(["PRIMARY KEY", "PRIMARY KEY", "UNIQUE"])
    w.add(
        f"ALTER TABLE {table.name} ADD CONSTRAINT {w.name()} {kind} ({', '.join(chosen)}){''.join(options)}{deferrable}"
    )
    if not deferrable:
        table.keys.append(chosen)


def _partition(w: _Writer, parent: _Table) -> None:
    name, schema = w.placed()
    n, parent.parts = parent.parts, parent.parts + 1
    bounds = {
        "RANGE": f"FOR VALUES FROM ({n * 10}) TO ({n * 10 + 10})",
        "LIST": f"FOR VALUES IN ({n}, {n + 1000})",
        "HASH": f"FOR VALUES WITH (MODULUS 8, REMAINDER {n})",
    }
    bound = "DEFAULT" if n == 3 and parent.strategy != "HASH" else bounds[parent.strategy]
    table = _Table(name, schema, dict(parent.columns), list(parent.keys))
    if w.random.random() < 0.3:
        table.strategy = w.random.choice(["RANGE", "LIST"]) if parent.strategy == "HASH" else parent.strategy
    by = f" PARTITION BY {table.strategy} ({next(iter(table.columns))})" if table.strategy else ""
    if w.random.random() < 0.3 and not table.strategy:
        columns = list(parent.columns.items())
        w.random.shuffle(columns)
        w.add(
            f"CREATE TABLE {name} ({', '.join(f'{c} {t}' for c, t in columns)})",
            f"ALTER TABLE {parent.name} ATTACH PARTITION {name} {bound}",
        )
    else:
        w.add(f"CREATE TABLE {name} PARTITION OF {parent.name} {bound}{by}")
    w.tables.append(table)
    column, type_ = w.random.choice(list(table.columns.items()))
    if type_ in w.types and w.random.random() < 0.4:
        w.add(f"ALTER TABLE {name} ALTER {column} SET DEFAULT {w.types[type_]}")
    if table.strategy and w.random.random() < 0.7:
        _partition(w, table)


def _some_partition(w: _Writer) -> None:
    found = [table for table in w.tables if table.strategy and table.parts < 7]
    if found:
        _partition(w, w.random.choice(found))


def _foreign_key(w: _Writer) -> None:
    """Point anywhere: to itself, in a circle, from a partition."""
    targets = [(t, key) for t in w.tables if not t.is_view for key in t.keys]
    if not targets:
        return
    to, key = w.random.choice(targets)
    table = w.table()
    found = [w.random.choice(table.of_type(to.columns.get(c, "")) or [""]) for c in key]
    if "" in found or len(set(found)) < len(found):
        return
    actions = (
        w.maybe(0.2, " MATCH FULL") + w.maybe(0.3, " ON DELETE CASCADE") + w.maybe(0.2, " ON UPDATE SET NULL")
    )
    late = w.maybe(0.2, " DEFERRABLE INITIALLY DEFERRED") + w.maybe(0.2, " NOT VALID")
    w.add(
        f"ALTER TABLE {table.name} ADD CONSTRAINT {w.name()} FOREIGN KEY ({', '.join(found)}) REFERENCES {to.name} ({', '.join(key)}){actions}{late}"
    )


def _check(w: _Writer) -> None:
    table = w.table()
    column, type_ = w.random.choice(list(table.columns.items()))
    odd = text(w.random.choice(_NAMES))
    forms = [
        f"{column} IS NOT NULL", f"{column}::text <> {odd}", f"{column}::text IN ('a', {odd}, 'c')", f"length({column}::text) BETWEEN 0 AND 9999",
        f"CASE WHEN {column} IS NULL THEN true ELSE {column}::text !~ {odd} END", f"NOT ({column}::text = ANY (ARRAY[{odd}]))",
    ]  # fmt: skip
    if type_ == "varchar(20)":
        forms += [f"{column} IN ('a', {odd})", f"{column} <> ALL (ARRAY['x', {odd}])"]
    if type_ == "integer" and w.functions:
        forms += [f"{w.random.choice(list(w.functions.values()))}({column}) >= 0"] * 3
    w.add(
        f"ALTER TABLE {table.name} ADD CONSTRAINT {w.name()} CHECK ({w.random.choice(forms)}){w.maybe(0.2, ' NOT VALID')}{w.maybe(0.1, ' NO INHERIT')}"
    )


def _index(w: _Writer) -> None:
    table = w.table()
    column, type_ = w.random.choice(list(table.columns.items()))
    items = [f"lower({column}::text)" if type_ == "text" else f"({column} IS NULL)"]
    if type_ in _COMPARABLE:
        items = [
            f"{column}{w.maybe(0.3, ' DESC')}{w.maybe(0.3, ' NULLS FIRST')}",
            *w.random.sample(items, w.random.randint(0, 1)),
        ]
    if type_ == "text":
        items.append(
            w.random.choice(
                [
                    f"{column} text_pattern_ops",
                    f'{column} COLLATE "C"',
                    f"({column} || {text(w.random.choice(_NAMES))})",
                ]
            )
        )
    if type_ == "integer" and w.functions:
        items.append(f"{w.random.choice(list(w.functions.values()))}({column})")
    where = (
        w.maybe(0.3, f" WHERE {column}::text <> {text(w.random.choice(_NAMES))}")
        if type_ == "text"
        else w.maybe(0.3, f" WHERE {column} IS NOT NULL")
    )
    only = w.maybe(0.3, "ONLY ") if table.strategy else ""
    w.add(
        f"CREATE INDEX {w.name()} ON {only}{table.name} ({', '.join(items)}){w.maybe(0.2, ' WITH (fillfactor = 80)')}{where}"
    )


def _function(w: _Writer) -> None:
    name, _ = w.placed()
    argument = w.name()
    table = w.table(view=True)
    column = w.random.choice(list(table.columns))
    bodies = [
        f"RETURN {argument} + 1", f"RETURN {argument} * 2", f"AS {text(f'SELECT 1 -- {argument}')}", "AS $x$ SELECT $1 $x$",
        f"BEGIN ATOMIC SELECT count({column})::integer FROM {table.name}; END", f"BEGIN ATOMIC SELECT max(length({column}::text)) FROM {table.name} AS q; END",
    ]  # fmt: skip
    if w.functions:
        bodies += [f"RETURN {w.random.choice(list(w.functions.values()))}({argument}) + 1"] * 2
    default = w.maybe(0.3, " DEFAULT 5")
    w.add(
        f"CREATE FUNCTION {name}({argument} integer{default}) RETURNS integer LANGUAGE sql IMMUTABLE{w.maybe(0.2, ' STRICT')} {w.random.choice(bodies)}"
    )
    w.functions[f"{name}(integer)"] = name


def _row_function(w: _Writer) -> None:
    """Take a row of a table, and let the table use it: a circle."""
    name, _ = w.placed()
    table = w.table()
    column = w.random.choice(list(table.columns))
    w.add(
        f"CREATE FUNCTION {name}({table.name}) RETURNS text LANGUAGE sql IMMUTABLE RETURN ($1).{column}::text"
    )
    row = table.name.removeprefix(f"{table.schema}.")
    use = w.random.choice(
        [
            f"ALTER TABLE {table.name} ADD CONSTRAINT {w.name()} CHECK ({name}({row}.*) IS NOT NULL)",
            f"CREATE INDEX {w.name()} ON {table.name} ({name}({row}.*))",
            f"CREATE POLICY {w.name()} ON {table.name} USING ({name}({row}.*) = 'x')",
            f"ALTER TABLE {table.name} ALTER {column} SET DEFAULT NULL",
        ]
    )
    w.add(use)


def _default_over_itself(w: _Writer) -> None:
    """Let a column's default ask its own table through a function."""
    table = w.table()
    numbers = table.of_type("integer", "bigint")
    if not numbers:
        return
    name, _ = w.placed()
    w.add(
        f"CREATE FUNCTION {name}() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM {table.name}; END",
        f"ALTER TABLE {table.name} ALTER {w.random.choice(numbers)} SET DEFAULT {name}()",
    )


def _view(w: _Writer) -> None:
    name, schema = w.placed()
    one, two = w.table(view=True), w.table(view=True)
    a, b = w.random.choice(list(one.columns)), w.random.choice(list(two.columns))
    odd, alias = text(w.random.choice(_NAMES)), w.name()
    simple = a if one.columns[a] in w.types and w.random.random() < 0.5 else f"{a}::text"
    queries = [
        f"SELECT {simple} AS {alias} FROM {one.name}",
        f"SELECT {a}::text AS {alias} FROM {one.name} WHERE {a}::text <> {odd} ORDER BY {a}::text DESC NULLS LAST",
        f"SELECT x.{a}::text AS {alias} FROM {one.name} AS x JOIN {two.name} AS y ON x.{a}::text = y.{b}::text",
        f"SELECT q.{a}::text AS {alias} FROM {one.name} AS q LEFT JOIN LATERAL (SELECT z.{b}::text AS b FROM {two.name} AS z WHERE z.{b}::text = q.{a}::text LIMIT 1) AS l ON true",
        f"WITH c AS (SELECT {b}::text AS b FROM {two.name}) SELECT c.b AS {alias} FROM c WHERE EXISTS (SELECT FROM {one.name} AS e WHERE e.{a}::text = c.b)",
        f"SELECT DISTINCT ON (t.{a}::text) t.{a}::text AS {alias} FROM {one.name} AS t ORDER BY t.{a}::text",
        f"SELECT max(t.{a}::text) AS {alias}, count(*) FILTER (WHERE t.{a} IS NULL) AS n FROM {one.name} AS t GROUP BY left(t.{a}::text, 1) HAVING count(*) > 1",
        f"SELECT {a}::text AS {alias} FROM {one.name} UNION ALL SELECT {b}::text FROM {two.name} UNION SELECT {odd}",
        f"SELECT s.v AS {alias} FROM (VALUES ({odd}), ('b')) AS s (v)",
        f"SELECT rank() OVER (PARTITION BY left({a}::text, 1) ORDER BY {a}::text)::text AS {alias} FROM {one.name}",
        f"SELECT (t.*)::text AS {alias} FROM {one.name} AS t",
    ]
    if w.functions:
        queries += [f"SELECT {w.random.choice(list(w.functions.values()))}(1)::text AS {alias}"]
    if w.enums:
        queries += [
            f"SELECT e::text AS {alias} FROM unnest(enum_range(NULL::{w.random.choice(w.enums)})) AS e"
        ]
    is_stored = w.random.random() < 0.25
    options = "" if is_stored else w.maybe(0.2, " WITH (security_barrier)")
    w.add(f"CREATE {'MATERIALIZED ' if is_stored else ''}VIEW {name}{options} AS {w.random.choice(queries)}")
    w.tables.append(_Table(name, schema, {alias: "view"}, is_view=True))
    w.types[name] = "NULL"


def _view_in_a_circle(w: _Writer) -> None:
    """Let a view ask itself through a function or another view."""
    name, _ = w.placed()
    between, _ = w.placed()
    column = w.name()
    w.add(f"CREATE VIEW {name} AS SELECT 1 AS {column}")
    if w.random.random() < 0.5:
        w.add(
            f"CREATE FUNCTION {between}() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT {column} FROM {name}; END",
            f"CREATE OR REPLACE VIEW {name} AS SELECT {between}() AS {column}",
        )
    else:
        w.add(
            f"CREATE VIEW {between} AS SELECT * FROM {name}",
            f"CREATE OR REPLACE VIEW {name} WITH (security_barrier) AS SELECT {column} FROM {between}",
        )


def _trigger(w: _Writer) -> None:
    if not w.triggers or w.random.random() < 0.2:
        name, _ = w.placed()
        w.add(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$")
        w.triggers.append(name)
    table = w.table()
    column = w.random.choice(list(table.columns))
    name = w.name()
    when = w.maybe(0.4, f" WHEN (new.{column} IS NOT NULL)") if table.columns[column] != "generated" else ""
    event = w.random.choice(["AFTER INSERT", f"AFTER UPDATE OF {column}", "AFTER INSERT OR UPDATE"])
    w.add(
        f"CREATE TRIGGER {name} {event} ON {table.name} FOR EACH ROW{when} EXECUTE FUNCTION {w.random.choice(w.triggers)}({text(w.random.choice(_NAMES))})"
    )
    w.add(
        w.maybe(
            0.2,
            f"ALTER TABLE {table.name} {w.random.choice(['DISABLE', 'ENABLE ALWAYS', 'ENABLE REPLICA'])} TRIGGER {name}",
        )
        or "SELECT 1"
    )


def _policy_or_rule(w: _Writer) -> None:
    table = w.table()
    column = w.random.choice(list(table.columns))
    w.add(
        w.random.choice(
            [
                f"CREATE POLICY {w.name()} ON {table.name} AS RESTRICTIVE FOR SELECT TO {w.random.choice(ROLES)} USING ({column}::text = current_user)",
                f"CREATE RULE {w.name()} AS ON DELETE TO {table.name} WHERE old.{column} IS NULL DO INSTEAD NOTHING",
                f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                f"CREATE STATISTICS {table.schema}.{w.name()} ON ({column}::text), (length({column}::text)) FROM {table.name}",
            ]
        )
    )


def _comment(w: _Writer) -> None:
    table, comment = w.table(), text(f"{w.random.choice(_NAMES)}; -- {w.random.choice(_NAMES)}")
    w.add(
        w.random.choice(
            [
                f"COMMENT ON TABLE {table.name} IS {comment}",
                f"COMMENT ON COLUMN {table.name}.{w.random.choice(list(table.columns))} IS {comment}",
                f"COMMENT ON SCHEMA {w.random.choice(w.schemas)} IS {comment}",
                *(f"COMMENT ON FUNCTION {signature} IS {comment}" for signature in list(w.functions)[:1]),
                *(f"COMMENT ON TYPE {name} IS {comment}" for name in w.enums[:1]),
            ]
        )
    )


def _right(w: _Writer) -> None:
    table, role = w.table(), w.random.choice((*ROLES, "PUBLIC"))
    w.add(
        w.random.choice(
            [
                f"GRANT SELECT, INSERT ON {table.name} TO {role}",
                f"GRANT UPDATE ({w.random.choice(list(table.columns))}) ON {table.name} TO {role}",
                f"REVOKE TRUNCATE ON {table.name} FROM CURRENT_USER",
                f"GRANT USAGE ON SCHEMA {w.random.choice(w.schemas)} TO {role}",
                f"ALTER TABLE {table.name} OWNER TO {w.random.choice(ROLES)}",
                f"ALTER DEFAULT PRIVILEGES IN SCHEMA {w.random.choice(w.schemas)} GRANT SELECT ON TABLES TO {role}",
                *(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC" for signature in list(w.functions)[-1:]),
            ]
        )
    )


def _change(w: _Writer) -> None:
    """Change what was made: names, columns, parents."""
    table = w.table()
    column, type_ = w.random.choice(list(table.columns.items()))
    new = w.name()
    kind = w.random.randint(0, 7)
    if kind == 0:
        w.add(f"ALTER TABLE {table.name} RENAME TO {new}")
        w.types.pop(table.name, None)
        table.name = f"{table.schema}.{new}"
    elif kind == 1:
        w.add(f"ALTER TABLE {table.name} ADD COLUMN {new} integer{w.maybe(0.5, ' DEFAULT 3 NOT NULL')}")
        table.columns[new] = "integer"
    elif kind == 2 and len(table.columns) > 2 and column != next(iter(table.columns)):
        w.add(f"ALTER TABLE {table.name} DROP COLUMN {column}")
        del table.columns[column]
    elif kind == 3:
        w.add(f"ALTER TABLE ONLY {table.name} ALTER {column} SET STATISTICS 77")
    elif kind == 4 and type_ in ("text", "jsonb"):
        w.add(f"ALTER TABLE {table.name} ALTER {column} SET STORAGE EXTERNAL")
    elif kind == 5:
        w.add(f"ALTER TABLE {table.name} ALTER {column} DROP NOT NULL")
    elif kind == 6 and type_ in w.types:
        w.add(f"ALTER TABLE ONLY {table.name} ALTER {column} SET DEFAULT {w.types[type_]}")
    else:
        w.add(f"ALTER TABLE {table.name} ALTER {column} SET NOT NULL")


_KINDS: tuple[tuple[Callable[[_Writer], None], int], ...] = (
    (_schema, 2), (_enum, 3), (_domain, 4), (_composite, 2), (_range, 1), (_sequence, 2), (_table, 8), (_some_partition, 3),
    (_foreign_key, 5), (_check, 4), (_index, 5), (_key, 1), (_function, 5), (_row_function, 2), (_default_over_itself, 1), (_view, 8), (_view_in_a_circle, 1),
    (_trigger, 3), (_policy_or_rule, 3), (_comment, 3), (_right, 3), (_change, 6),
)  # fmt: skip


def random_schema(random: Random, *, size: int = 40, server_version: int = 150000) -> list[str]:
    """Return the statements of a schema, about `size` of them; the same for the same random numbers."""
    writer = _Writer(random, server_version)
    kinds, weights = zip(*_KINDS, strict=True)
    for kind in (_schema, _enum, _table, *random.choices(kinds, weights, k=size)):
        if kind is _key:
            _key(writer, writer.table())
        else:
            kind(writer)
    return writer.statements


def make(conn: psycopg.Connection[Any], statements: Sequence[str]) -> list[str]:
    """Run the statements in an autocommit session, and return those that the server refused."""
    refused = []
    for statement in statements:
        try:
            conn.execute(statement.encode())
        except psycopg.Error as error:
            refused.append(f"{error.diag.message_primary}: {statement}")
    return refused
