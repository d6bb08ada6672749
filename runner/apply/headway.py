"""Notice that a statement which repeats until it touches no row will never come to an end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import psycopg
from psycopg import sql

from runner.errors import MigrationFailedError
from runner.migrations import Script
from runner.sqltext import Statement
from runner.wording import counted

_FIRST_LOOK_ROWS = 200
_UNCOUNTABLE = frozenset(
    {"Function Scan", "ProjectSet", "Table Function Scan", "Values Scan", "WorkTable Scan"}
)
# of these, functions whose rows are the same whatever the batch did
_SAME_ROWS = frozenset({"generate_series", "generate_subscripts", "unnest", "string_to_table"})
_CALL = re.compile(r"([\w.]+)\(")
_TRIGGERS = """
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    INNER JOIN pg_catalog.pg_class AS c ON t.tgrelid = c.oid
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE n.nspname = %s AND c.relname = %s AND NOT t.tgisinternal
)
"""

REHEARSAL = b"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, VERBOSE, FORMAT JSON) "


def rows_found(plan: Mapping[str, Any]) -> int:
    """Return how many rows a rehearsed statement found to change, whatever became of them.

    ON CONFLICT DO NOTHING without LIMIT has met every row, and MERGE says itself what it would do.
    """
    nodes = list(_nodes(plan))
    limited = any(node["Node Type"] == "Limit" for node in nodes)
    return sum(_found(node, limited=limited) for node in nodes if node["Node Type"] == "ModifyTable")


def _found(node: Mapping[str, Any], *, limited: bool) -> int:
    if node["Operation"] == "Merge":
        return sum(int(node.get(f"Tuples {done}", 0)) for done in ("Inserted", "Updated", "Deleted"))
    if node.get("Conflict Resolution") == "NOTHING" and not limited:
        return int(node.get("Tuples Inserted", 0))
    # a subplan of RETURNING or of an initial CTE is not what is changed
    sources = [
        child for child in node.get("Plans", ()) if child.get("Parent Relationship") in {"Outer", "Member"}
    ]
    return sum(round(child.get("Actual Rows", 0) * child.get("Actual Loops", 1)) for child in sources)


class Headway:
    """Compares the rows that a statement's repeats touched with the rows that there are.

    It looks after 200 rows and then whenever their number has doubled, and counts at most that many: what it reads
    is less than what the repeats wrote. Twice the rows that there are is too many, as others may delete some meanwhile.
    """

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        script: Script,
        statement: Statement,
        *,
        way_on: str = "Correct the statement.",
    ) -> None:
        self._conn = conn
        self._way_on = way_on
        self._script = script
        self._statement = statement
        self._rows = 0
        self._first: int | None = None  # rows of the first repeat of this run
        self._next_look = _FIRST_LOOK_ROWS

    def touched(self, rows: int, *, state: str) -> None:
        """Add the rows of one repeat; `state` says what is committed.

        Raises: MigrationFailedError when more rows were touched than there could be.
        """
        self._rows += rows
        self._first = rows if self._first is None else self._first
        if self._rows < self._next_look:
            return
        self._next_look = 2 * self._rows
        most = self._most()
        if most is None or self._rows < 2 * most:
            return
        raise MigrationFailedError(
            f"the batch makes no headway: it touched {counted(self._rows, 'row')} where there are {most}",
            where=self._script.location(self._statement.start),
            detail=f"It touches rows again that are done. {state[:1].upper()}{state[1:]}",
            hint="Its WHERE must leave out the rows that are done: after SET total = price * count, total IS NULL stays "
            f"true where price is NULL. {self._way_on}",
        )

    def _most(self) -> int | None:
        """Return how many rows the statement could touch at most; None where it makes headway or nobody can know."""
        try:
            row = self._conn.execute(
                b"EXPLAIN (VERBOSE, FORMAT JSON) " + self._statement.text.encode()
            ).fetchone()
            plan = row[0][0]["Plan"] if row is not None else {}
            return self._bound(list(_nodes(plan))) or None
        except psycopg.Error:  # no right to read, a lock, a time limit: the statement itself goes on
            if self._conn.closed:
                raise
            return None

    def _bound(self, nodes: list[Mapping[str, Any]]) -> int | None:
        changes = [node for node in nodes if node["Node Type"] == "ModifyTable"]
        operations = {node["Operation"] for node in changes}
        targets = {_relation(node) for node in changes} - {None}
        if "Delete" in operations:
            moved_within = {_relation(n) for n in changes if n["Operation"] == "Delete"} & {
                _relation(n) for n in changes if n["Operation"] == "Insert"
            } - {None}
            if not moved_within:
                return None
            return sum(self._count(*relation) for relation in moved_within if relation is not None)
        updated = {_relation(node) for node in changes if node["Operation"] == "Update"} - {None}
        if updated:
            return sum(self._count(*relation) for relation in updated if relation is not None)
        if any(node["Node Type"] in _UNCOUNTABLE for node in nodes):
            return self._first if self._makes_the_same_rows(nodes, targets - {None}) else None
        sources = {_relation(node) for node in nodes if node["Node Type"] != "ModifyTable"} - targets - {None}
        if not sources:
            return None
        joined = prod(self._count(*source) for source in sources if source is not None)
        own = (
            sum(self._count(*target) for target in targets if target is not None)
            if "Merge" in operations
            else 0
        )
        return joined + own

    def _makes_the_same_rows(
        self, nodes: list[Mapping[str, Any]], targets: set[tuple[str, str] | None]
    ) -> bool:
        """Return whether an INSERT makes as many rows at every repeat, since nothing in it asks for what is there already.

        That is so without conditions, conflicts and triggers, and where no table is read.
        """
        for node in nodes:
            type_ = node["Node Type"]
            if type_ == "ModifyTable":
                if node["Operation"] != "Insert" or "Conflict Resolution" in node:
                    return False
                continue
            is_conditional = any(key.endswith(("Filter", " Cond")) for key in node)
            is_steady = type_ not in _UNCOUNTABLE or _is_steady(node)
            if is_conditional or not is_steady or _relation(node) is not None:
                return False
        return not any(
            row is not None and row[0]
            for row in (self._conn.execute(_TRIGGERS, target).fetchone() for target in targets if target)
        )

    def _count(self, schema: str, name: str) -> int:
        """Count the rows of a table, at most as many as were touched."""
        query = sql.SQL("SELECT pg_catalog.count(*) FROM (SELECT FROM {} LIMIT {}) AS counted")
        row = self._conn.execute(
            query.format(sql.Identifier(schema, name), sql.Literal(self._rows))
        ).fetchone()
        return 0 if row is None else int(row[0])


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _relation(node: Mapping[str, Any]) -> tuple[str, str] | None:
    return (node["Schema"], node["Relation Name"]) if "Relation Name" in node else None


def _is_steady(node: Mapping[str, Any]) -> bool:
    """Return whether a node gives the same number of rows each time."""
    if node["Node Type"] == "Function Scan":
        return node.get("Schema") == "pg_catalog" and node.get("Function Name") in _SAME_ROWS
    if node["Node Type"] == "ProjectSet":
        return all(name in _SAME_ROWS for text in node.get("Output", ()) for name in _CALL.findall(text))
    return bool(node["Node Type"] == "Values Scan")
