"""Plan an application's statements in a scratch database, as its role, without running them.

A statement is prepared, described and explained with a generic plan: PostgreSQL manual, PREPARE and EXPLAIN. Scans of whole
tables are made as costly as they are in production, so that a plan shows which index serves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import DiagnosticField, ExecStatus

from runner.errors import ConfigurationError
from runner.files.named_statements import NamedStatement
from runner.files.sqltext.tokens import keywords

_TEXT = 25  # the oid of text
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
    a.attnum > 0 AND NOT a.attisdropped
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
SELECT n.nspname || '.' || c.relname AS place, t.tgtype::int, t.tgname::text
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
WHERE n.nspname || '.' || c.relname = ANY (%s) AND pg_catalog.row_security_active(c.oid)
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
_FIRES = {"Insert": 4, "Delete": 8, "Update": 16}  # bits of tgtype; see pg_trigger.h
_COMMANDS = {"Insert": "a", "Update": "w", "Delete": "d"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the server would run one statement, or why it would not."""

    sqlstate: str | None = None
    error: str | None = None
    columns: tuple[tuple[str, str], ...] = ()  # name and type of each column of its result
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
        return cls(conn)

    def plan(self, statements: Sequence[NamedStatement]) -> dict[str, Plan]:
        """Plan each statement as the schema is now, by name."""
        if not statements:
            return {}
        raw = {
            statement.name: self._explained(statement, number) for number, statement in enumerate(statements)
        }
        self.conn.execute("DEALLOCATE ALL")
        nodes = {name: [] if found.tree is None else list(_nodes(found.tree)) for name, found in raw.items()}
        about = sorted(
            {place for found in nodes.values() for node in found if (place := _relation(node)) is not None}
        )
        facts = _Facts.read(self.conn, about)
        return {name: _plan(found, nodes[name], facts) for name, found in raw.items()}

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
        if refused is not None:
            return _Raw(*refused)
        columns = [
            ((described.fname(n) or b"").decode(), described.ftype(n)) for n in range(described.nfields)
        ]
        value = explained.get_value(0, 0)
        tree = json.loads((value or b"[{}]").decode())[0].get("Plan", {})
        return _Raw(None, None, tuple(columns), tree)


@dataclass(frozen=True, slots=True)
class _Raw:
    sqlstate: str | None
    error: str | None
    columns: tuple[tuple[str, int], ...] = ()
    tree: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Facts:
    never_null: Mapping[str, Mapping[int, str]]
    triggers: Mapping[str, Sequence[tuple[int, str]]]
    policies: Mapping[str, Sequence[tuple[str, str]]]
    indexes: Mapping[str, Mapping[str, str]]  # by table and name
    ancestors: Mapping[str, Collection[str]]  # of a partition or a child: the tables above it
    types: Mapping[int, str]

    @classmethod
    def read(cls, conn: psycopg.Connection[Any], about: Sequence[str]) -> _Facts:
        never_null: dict[str, dict[int, str]] = {}
        for relation, number, column in conn.execute(_NEVER_NULL, [about]):
            never_null.setdefault(relation, {})[number] = column
        triggers: dict[str, list[tuple[int, str]]] = {}
        for relation, bits, name in conn.execute(_TRIGGERS, [about]):
            triggers.setdefault(relation, []).append((bits, name))
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
        types = dict(
            conn.execute("SELECT oid::int8, pg_catalog.format_type(oid, NULL) FROM pg_catalog.pg_type")
        )
        return cls(never_null, triggers, policies, indexes, ancestors, types)


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


def _plan(found: _Raw, nodes: Sequence[Mapping[str, Any]], facts: _Facts) -> Plan:
    if found.error is not None:
        return Plan(sqlstate=found.sqlstate, error=found.error)
    relations = frozenset(place for node in nodes if (place := _relation(node)) is not None)
    return Plan(
        columns=tuple((name, facts.types.get(oid, str(oid))) for name, oid in found.columns),
        relations=relations.union(*(facts.ancestors.get(place, ()) for place in relations)),
        served=frozenset(
            (place, facts.indexes.get(place, {}).get(name, name)) for place, name in _served(nodes)
        ),
        indexes=frozenset(
            (place, what) for place in relations for what in facts.indexes.get(place, {}).values()
        ),
        unnamed=frozenset(_unnamed(nodes, facts)),
        triggers=frozenset(_triggers(nodes, facts)),
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


def _triggers(nodes: Collection[Mapping[str, Any]], facts: _Facts) -> Iterator[str]:
    for node in nodes:
        place, bit = _relation(node), _FIRES.get(node.get("Operation", ""))
        for bits, name in facts.triggers.get(place or "", ()):
            if bit is not None and bits & bit:
                yield f"{name} on {place}"


def _policies(nodes: Collection[Mapping[str, Any]], facts: _Facts) -> Iterator[str]:
    for node in nodes:
        place, command = _relation(node), _COMMANDS.get(node.get("Operation", ""), "r")
        for table in (place, *facts.ancestors.get(place or "", ())):
            for of, name in facts.policies.get(table or "", ()):
                if not name:
                    yield f"row level security without a policy on {table}"
                elif of in {"*", command}:
                    yield f"policy {name} on {table}"
