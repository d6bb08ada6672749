"""Plan an application's statements in a scratch database, as its role, without running them.

A statement is prepared, described and explained with a generic plan: PostgreSQL manual, PREPARE and EXPLAIN. Scans of whole
tables are made as costly as they are in production, so that a plan shows which index serves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.pq import DiagnosticField, ExecStatus

from runner.errors import ConfigurationError
from runner.files.named_statements import NamedStatement
from runner.files.sqltext.tokens import keywords, tokens

_TEXT = 25  # the oid of text
_OF_OUR_NULLS = frozenset({"23502", "23514"})  # a domain refuses the NULL that stands for a parameter
_MOST_UNKNOWN = 20  # parameters that get a type one after the other
_AMBIGUOUS_PARAMETER = "42P18"
_PLANNED = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "WITH", "TABLE"})
# pg_stat_statements puts a parameter where the grammar takes only a literal
_TYPED_LITERAL = re.compile(
    r"\b(interval|date|time|timestamptz|timestamp(?:\s+with(?:out)?\s+time\s+zone)?)\s+(\$\d+)", re.IGNORECASE
)
_SETTINGS = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off; SET max_parallel_workers_per_gather = 0"
_NEVER_NULL = """
SELECT n.nspname || '.' || c.relname AS place, a.attnum, a.attname::text
FROM pg_catalog.pg_attribute AS a
INNER JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    AND n.nspname || '.' || c.relname = ANY (%s)
    AND (
        a.attnotnull
        OR EXISTS (
            SELECT FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]
                AND pg_catalog.pg_get_expr(k.conbin, k.conrelid) = pg_catalog.format('(%%I IS NOT NULL)', a.attname)
        )
    )
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS t
        WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 7 = 7 AND t.tgenabled <> 'D'
    )
"""
_TRIGGERS = """
SELECT n.nspname || '.' || c.relname AS place, t.tgtype::int, t.tgname::text,
    ARRAY(
        SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum = ANY (t.tgattr)
    ) AS columns
FROM pg_catalog.pg_trigger AS t
INNER JOIN pg_catalog.pg_class AS c ON t.tgrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND n.nspname || '.' || c.relname = ANY (%s)
"""
_POLICIES = """
SELECT n.nspname || '.' || c.relname AS place, coalesce(p.polcmd, '*')::text, coalesce(p.polname, '')::text
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_catalog.pg_policy AS p ON c.oid = p.polrelid
WHERE
    n.nspname || '.' || c.relname = ANY (%s) AND pg_catalog.row_security_active(c.oid)
    AND (
        p.oid IS NULL OR p.polroles = ARRAY[0::oid]
        OR EXISTS (SELECT FROM pg_catalog.unnest(p.polroles) AS r (role) WHERE pg_catalog.pg_has_role(r.role, 'MEMBER'))
    )
"""
# what an index can serve, whatever it is called
_INDEXES = """
SELECT n.nspname || '.' || c.relname AS place, x.relname::text,
    pg_catalog.concat_ws(
        ' ', x.relam, i.indclass, i.indisvalid, i.indkey,
        pg_catalog.pg_get_expr(i.indpred, i.indrelid), pg_catalog.pg_get_expr(i.indexprs, i.indrelid),
        (SELECT pg_catalog.string_agg(a.atttypid::text, ' ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = x.oid)
    )
FROM pg_catalog.pg_index AS i
INNER JOIN pg_catalog.pg_class AS c ON i.indrelid = c.oid
INNER JOIN pg_catalog.pg_class AS x ON i.indexrelid = x.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE n.nspname || '.' || c.relname = ANY (%s)
"""
_ANCESTORS = """
WITH RECURSIVE above (place, parent) AS (
    SELECT n.nspname || '.' || c.relname, i.inhparent
    FROM pg_catalog.pg_inherits AS i
    INNER JOIN pg_catalog.pg_class AS c ON i.inhrelid = c.oid
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE n.nspname || '.' || c.relname = ANY (%s)
    UNION
    SELECT a.place, i.inhparent FROM above AS a INNER JOIN pg_catalog.pg_inherits AS i ON a.parent = i.inhrelid
)

SELECT a.place, n.nspname || '.' || c.relname
FROM above AS a
INNER JOIN pg_catalog.pg_class AS c ON a.parent = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
"""
# what a login of the role begins with
_PATH_OF_ROLE = """
SELECT pg_catalog.substr(c.setting, 13)
FROM pg_catalog.pg_db_role_setting AS s
INNER JOIN pg_catalog.pg_roles AS r ON s.setrole = r.oid
CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c (setting)
WHERE r.rolname = %s AND s.setdatabase = 0 AND c.setting LIKE 'search_path=%%'
"""
_TYPES = """
SELECT pg_catalog.format_type(t.oid::oid, t.modifier)
FROM ROWS FROM (pg_catalog.unnest(%s::int8[]), pg_catalog.unnest(%s::int4[])) WITH ORDINALITY AS t (oid, modifier, place)
ORDER BY t.place
"""
_FIRES = {"Insert": 4, "Delete": 8, "Update": 16}  # bits of tgtype; see pg_trigger.h
_COMMANDS = {"Insert": "a", "Update": "w", "Delete": "d"}


class Column(NamedTuple):
    """A column of a result; the type is what a prepared statement of the client holds on to."""

    name: str
    type: tuple[int, int]  # oid and modifier
    shown: str  # numeric(10,2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the server would run one statement, or why it would not."""

    sqlstate: str | None = None
    error: str | None = None
    columns: tuple[Column, ...] = ()  # of its result
    relations: frozenset[str] = frozenset()  # that it reads or changes
    served: frozenset[tuple[str, str]] = (
        frozenset()
    )  # table, and what an index is on which it has a condition
    indexes: frozenset[tuple[str, str]] = frozenset()  # those that its tables have
    unnamed: frozenset[str] = frozenset()  # columns that may not be NULL, and that it leaves NULL
    triggers: frozenset[str] = frozenset()  # that fire for it: "touch on public.orders"
    policies: frozenset[str] = frozenset()  # that hide rows from it or refuse them

    @property
    def works(self) -> bool:
        """Whether the server takes it, and no constraint refuses every row that it writes."""
        return self.error is None and not self.unnamed


@dataclass(slots=True)
class Planner:
    """Plans statements in one session, which has the application's role."""

    conn: psycopg.Connection[Any]
    _types: dict[str, list[int]] = field(default_factory=dict)  # of parameters that had to be told

    @classmethod
    def begin(cls, conn: psycopg.Connection[Any], role: str | None) -> Planner:
        """Prepare a session.

        Raises: ConfigurationError if the scratch server does not have the role, or ours is not a member of it.
        """
        conn.prepare_threshold = None  # psycopg's own would be deallocated with ours
        conn.execute(_SETTINGS)
        if role is not None:
            try:
                conn.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
            except psycopg.Error as error:
                raise ConfigurationError(
                    f"the statements cannot be planned as {role}: {error.diag.message_primary}",
                    hint="Name a role of the scratch server that the migrating role is a member of: --as ROLE",
                ) from error
            found = conn.execute(_PATH_OF_ROLE, [role]).fetchone()
            if found is not None:
                conn.execute("SELECT pg_catalog.set_config('search_path', %s, false)", found)
        return cls(conn)

    def plan(self, statements: Sequence[NamedStatement]) -> dict[str, Plan]:
        """Plan each statement as the schema is now, by name."""
        if not statements:
            return {}
        raw = {
            statement.name: self._explained(statement, number) for number, statement in enumerate(statements)
        }
        self.conn.execute("DEALLOCATE ALL")
        nodes = {name: [node for tree in found.trees for node in _nodes(tree)] for name, found in raw.items()}
        about = sorted(
            {place for found in nodes.values() for node in found if (place := _relation(node)) is not None}
        )
        types = {type_ for found in raw.values() for _, type_ in found.columns}
        facts = _Facts.read(self.conn, about, types)
        return {s.name: _plan(s.sql, raw[s.name], nodes[s.name], facts) for s in statements}

    def _explained(self, statement: NamedStatement, number: int) -> _Raw:
        name, text = f"runner_{number}".encode(), _TYPED_LITERAL.sub(r"\2::\1", statement.sql)
        pgconn, types = self.conn.pgconn, list(self._types.get(statement.name, ()))
        for _ in range(_MOST_UNKNOWN):
            result = pgconn.prepare(name, text.encode(), types)
            refused = _refusal(result)
            if (
                refused is None
                or refused[0] != _AMBIGUOUS_PARAMETER
                or (unknown := _parameter(refused[1])) is None
            ):
                break
            types += [0] * (unknown - len(types))
            types[unknown - 1] = _TEXT
        if refused is not None:
            return _Raw(*refused)
        self._types[statement.name] = types
        described = pgconn.describe_prepared(name)
        nulls = ", ".join(["NULL"] * described.nparams)
        explained = pgconn.exec_(
            b"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE " + name + (f"({nulls})".encode() if nulls else b"")
        )
        refused = _refusal(explained)
        columns = [
            ((described.fname(n) or b"").decode(), (described.ftype(n), described.fmod(n)))
            for n in range(described.nfields)
        ]
        if refused is not None and refused[0] in _OF_OUR_NULLS:
            return _Raw(None, None, tuple(columns))
        if refused is not None:
            return _Raw(*refused)
        found = json.loads((explained.get_value(0, 0) or b"[]").decode())
        trees = [item["Plan"] for item in found if isinstance(item, dict) and "Plan" in item]
        return _Raw(None, None, tuple(columns), tuple(trees))


@dataclass(frozen=True, slots=True)
class _Raw:
    sqlstate: str | None
    error: str | None
    columns: tuple[tuple[str, tuple[int, int]], ...] = ()
    trees: tuple[Mapping[str, Any], ...] = ()  # several, or none, where a rule rewrites it


@dataclass(frozen=True, slots=True)
class _Facts:
    never_null: Mapping[str, Mapping[int, str]]
    triggers: Mapping[str, Sequence[tuple[int, str, Sequence[str]]]]
    policies: Mapping[str, Sequence[tuple[str, str]]]
    indexes: Mapping[str, Mapping[str, str]]  # by table and name
    ancestors: Mapping[str, Collection[str]]  # of a partition or a child: the tables above it
    types: Mapping[tuple[int, int], str]

    @classmethod
    def read(
        cls, conn: psycopg.Connection[Any], about: Sequence[str], types: Collection[tuple[int, int]]
    ) -> _Facts:
        never_null: dict[str, dict[int, str]] = {}
        for relation, number, column in conn.execute(_NEVER_NULL, [about]):
            never_null.setdefault(relation, {})[number] = column
        triggers: dict[str, list[tuple[int, str, Sequence[str]]]] = {}
        for relation, bits, name, columns in conn.execute(_TRIGGERS, [about]):
            triggers.setdefault(relation, []).append((bits, name, columns))
        indexes: dict[str, dict[str, str]] = {}
        for relation, name, what in conn.execute(_INDEXES, [about]):
            indexes.setdefault(relation, {})[name] = what
        ancestors: dict[str, set[str]] = {}
        for relation, parent in conn.execute(_ANCESTORS, [about]):
            ancestors.setdefault(relation, set()).add(parent)
        with_parents = sorted({*about, *(parent for parents in ancestors.values() for parent in parents)})
        policies: dict[str, list[tuple[str, str]]] = {}
        for relation, command, name in conn.execute(_POLICIES, [with_parents]):
            policies.setdefault(relation, []).append((command, name))
        asked = list(types)
        shown = conn.execute(
            _TYPES, [[oid for oid, _ in asked], [modifier for _, modifier in asked]]
        ).fetchall()
        named = {key: str(row[0]) for key, row in zip(asked, shown, strict=True)}
        return cls(never_null, triggers, policies, indexes, ancestors, named)


def not_planned(text: str) -> str | None:
    """Return why a statement cannot be planned by itself; None where it can."""
    words = keywords(text.lstrip("( \n\t"))
    if words and words[0] in _PLANNED:
        return None
    return f"{words[0] if words else 'it'} is not planned by the server"


def _refusal(result: Any) -> tuple[str, str] | None:
    if result.status not in {ExecStatus.FATAL_ERROR, ExecStatus.NONFATAL_ERROR}:
        return None
    state = result.error_field(DiagnosticField.SQLSTATE) or b"XX000"
    message = result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b""
    return state.decode(), message.decode("utf-8", "replace")


def _parameter(message: str) -> int | None:
    found = re.search(r"\$(\d+)", message)
    return None if found is None else int(found[1])


def _plan(text: str, found: _Raw, nodes: Sequence[Mapping[str, Any]], facts: _Facts) -> Plan:
    if found.error is not None:
        return Plan(sqlstate=found.sqlstate, error=found.error)
    relations = frozenset(place for node in nodes if (place := _relation(node)) is not None)
    return Plan(
        columns=tuple(Column(name, type_, facts.types[type_]) for name, type_ in found.columns),
        relations=relations.union(*(facts.ancestors.get(place, ()) for place in relations)),
        served=frozenset(
            (place, facts.indexes.get(place, {}).get(name, name)) for place, name in _served(nodes)
        ),
        indexes=frozenset(
            (place, what) for place in relations for what in facts.indexes.get(place, {}).values()
        ),
        unnamed=frozenset(_unnamed(nodes, facts)),
        triggers=frozenset(_triggers(text, nodes, facts)),
        policies=frozenset(_policies(nodes, facts)),
    )


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if node:
        yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _relation(node: Mapping[str, Any]) -> str | None:
    if "Relation Name" not in node or "Schema" not in node:
        return None
    return f"{node['Schema']}.{node['Relation Name']}"


def _served(nodes: Collection[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield tables with the name of an index on which there is a condition."""
    for node in nodes:
        place = _relation(node)
        if place is None:
            continue
        if "Index Cond" in node and "Index Name" in node:
            yield place, node["Index Name"]
        elif node["Node Type"] == "Bitmap Heap Scan":
            for child in _nodes(node):
                if child["Node Type"] == "Bitmap Index Scan" and "Index Cond" in child:
                    yield place, child["Index Name"]


def _unnamed(nodes: Collection[Mapping[str, Any]], facts: _Facts) -> Iterator[str]:
    """Yield the columns that an INSERT leaves NULL: the node below has a value for each column, in their order."""
    for node in nodes:
        if node["Node Type"] != "ModifyTable" or node.get("Operation") != "Insert":
            continue
        place = _relation(node)
        sources = [child for child in node.get("Plans", ()) if child.get("Parent Relationship") == "Outer"]
        for number, value in enumerate(sources[0].get("Output", ()) if sources else (), 1):
            column = facts.never_null.get(place or "", {}).get(number)
            if column is not None and re.match(r"\(?NULL::", value):
                yield f"{column} of {place}"


def _triggers(text: str, nodes: Collection[Mapping[str, Any]], facts: _Facts) -> Iterator[str]:
    words = {token.text.strip('"').lower() for token in tokens(text)}
    for node in nodes:
        place = _relation(node)
        for bits, name, columns in facts.triggers.get(place or "", ()):
            is_of_these = not columns or not words.isdisjoint(column.lower() for column in columns)
            if is_of_these and any(bits & _FIRES[operation] for operation in _operations(node)):
                yield f"{name} on {place}"


def _operations(node: Mapping[str, Any]) -> Sequence[str]:
    operation = node.get("Operation", "")
    if operation == "Merge":
        return tuple(_FIRES)
    if operation == "Insert" and node.get("Conflict Resolution") == "UPDATE":
        return ("Insert", "Update")
    return (operation,) if operation in _FIRES else ()


def _policies(nodes: Collection[Mapping[str, Any]], facts: _Facts) -> Iterator[str]:
    for node in nodes:
        place = _relation(node)
        commands = {_COMMANDS[operation] for operation in _operations(node)} or {"r"}
        for table in (place, *facts.ancestors.get(place or "", ())):
            for of, name in facts.policies.get(table or "", ()):
                if not name:
                    yield f"row level security without a policy on {table}"
                elif of == "*" or of in commands:
                    yield f"policy {name} on {table}"
