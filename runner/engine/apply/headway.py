"""Decide when a repeated statement is finished, and when it will never be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Any

import psycopg
from psycopg import sql

from runner.engine.apply.wire import roll_back
from runner.errors import Left, MigrationFailedError
from runner.files.migrations.migration import Script
from runner.files.sqltext.lexer import Statement
from runner.files.sqltext.tokens import keywords, without_comments
from runner.wording import counted

_FIRST_LOOK_ROWS = 200
_MOST_FRUITLESS = 5
_UNCOUNTABLE = frozenset(
    {"Function Scan", "ProjectSet", "Table Function Scan", "Values Scan", "WorkTable Scan"}
)
# of these, functions whose rows are the same whatever the batch did
_SAME_ROWS = frozenset(
    {
        "generate_series",
        "generate_subscripts",
        "unnest",
        "string_to_table",
        "regexp_split_to_table",
        "regexp_matches",
    }
    | {
        f"{kind}_{name}"
        for kind in ("json", "jsonb")
        for name in (
            "array_elements",
            "array_elements_text",
            "each",
            "each_text",
            "object_keys",
            "to_recordset",
        )
    }
)
_CALL = re.compile(r"([\w.]+)\(")
_CONDITIONS = ("Filter", " Cond")
_CHANCE = re.compile(r"\b(?:random(?:_normal)?|pg_try_advisory_\w+|gen_random_uuid)\(")
_LIMIT = re.compile(r"\b(?:LIMIT|FETCH\s+(?:FIRST|NEXT))\s+(\d+)", re.IGNORECASE)
_TRIGGERS = """
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    INNER JOIN pg_catalog.pg_class AS c ON t.tgrelid = c.oid
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE n.nspname = %s AND c.relname = %s AND NOT t.tgisinternal
)
"""
_IS_PART = """
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_inherits AS i
    INNER JOIN pg_catalog.pg_class AS c ON i.inhrelid = c.oid
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE n.nspname = %s AND c.relname = %s
)
"""
_BEGIN_REHEARSAL = "BEGIN ISOLATION LEVEL REPEATABLE READ"
_REHEARSAL = b"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, VERBOSE, FORMAT JSON) "
_WROTE = "SELECT pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL"


class NotProvenError(Exception):
    """A rehearsal found nothing to change, but rows may be left; the text says why."""


def has_written(conn: psycopg.Connection[Any]) -> bool:
    """Whether the transaction that is open has changed anything: WITH, a rule or a trigger may write uncounted."""
    return conn.execute(_WROTE).fetchone() == (True,)


def rows_left(conn: psycopg.Connection[Any], statement: Statement) -> int:
    """Return how many rows a statement would still change, by a rehearsal that is rolled back.

    An empty repeat proves nothing: another session may only have changed the same rows meanwhile. In REPEATABLE READ
    that is an error (PostgreSQL manual, 13.2.2), and the rehearsal can be made again.

    Raises: psycopg.Error as sending the statement does; NotProvenError where it found none by its LIMIT or by chance.
    """
    try:
        conn.execute(_BEGIN_REHEARSAL)
        row = conn.execute(_REHEARSAL + statement.text.encode()).fetchone()
    finally:
        roll_back(conn)
    if row is None:
        return 0
    plan = row[0][0]["Plan"]
    found = _rows_found(plan)
    if not found:
        _require_proof(plan, statement)
    return found


def _require_proof(plan: Mapping[str, Any], statement: Statement) -> None:
    """Raise NotProvenError where rows to change may be behind those that a rehearsal without any has seen."""
    nodes = list(_nodes(plan))
    if any(_is_by_chance(node) for node in nodes):
        raise NotProvenError(
            "Its condition depends on chance or on other sessions' locks, so a repeat without a row proves nothing."
        )
    limits = {int(number) for number in _LIMIT.findall(without_comments(statement.text))} - {1}
    for node in nodes:
        if node["Node Type"] != "Limit" or node.get("Parent Relationship") == "SubPlan":
            continue
        rows = round(node.get("Actual Rows", 0))
        # one row is that of a scalar subquery, and more loops are those of LATERAL
        if rows > 1 and node.get("Actual Loops") == 1 and (not limits or rows in limits):
            raise NotProvenError(
                f"Its LIMIT takes {rows} rows that a condition outside then leaves out, the same ones at every repeat."
            )


def _is_by_chance(node: Mapping[str, Any]) -> bool:
    return node["Node Type"] == "Sample Scan" or any(_CHANCE.search(text) for text in _conditions(node))


def _conditions(node: Mapping[str, Any]) -> Iterator[str]:
    return (text for key, text in node.items() if key.endswith(_CONDITIONS) and isinstance(text, str))


def _rows_found(plan: Mapping[str, Any]) -> int:
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
    """Decides after each repeat whether there is another, and notices when it would never end.

    The rows that were touched are compared with the rows that there are: after 200 rows and then whenever their number
    has doubled, counting at most that many, so that what it reads is less than what the repeats wrote. Twice the rows
    that there are is too many, as others may delete some meanwhile.
    """

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        script: Script,
        statement: Statement,
        *,
        way_on: str = "Correct the statement.",
        way_again: str = "",
    ) -> None:
        self._conn = conn
        self._way_on = way_on
        self._way_again = way_again
        self._script = script
        self._statement = statement
        self._rows = 0
        self._first: int | None = None  # rows of the first repeat of this run
        self._next_look = _FIRST_LOOK_ROWS
        self._fruitless = 0  # repeats in a row that changed nothing though there was something to change

    def is_done(self, rows: int, *, wrote: bool, left: Callable[[], int], committed: Left | None) -> bool:
        """Whether the repeat that touched `rows` was the last; if it touched none, `left` is asked by a rehearsal.

        `wrote`: whether it changed anything at all; `committed` is what stays if it fails.

        Raises: MigrationFailedError when it can never be done.
        """
        try:
            found = rows or left()
        except NotProvenError as error:
            raise self._not_proven(str(error), committed) from error
        if not found:
            return True
        self._fruitless = 0 if wrote else self._fruitless + 1
        if self._fruitless >= _MOST_FRUITLESS:
            raise self._nothing_changes(committed)
        if wrote:
            self._touched(found, committed)
        return False

    def _not_proven(self, why: str, committed: Left | None) -> MigrationFailedError:
        return MigrationFailedError(
            "the batch changes nothing any more, but rows may be left",
            where=self._script.location(self._statement.start),
            detail=why,
            left=committed,
            hint="LIMIT must take only rows that are still to be done: put every condition into the query that has the "
            f"LIMIT, and none that depends on chance or on locks. {self._way_on}",
        )

    def _nothing_changes(self, committed: Left | None) -> MigrationFailedError:
        return MigrationFailedError(
            "the batch finds rows but changes none of them",
            where=self._script.location(self._statement.start),
            detail="A trigger, a rule or ON CONFLICT keeps them as they are, and there may be more behind them.",
            left=committed,
            hint=f"Exclude those rows in the condition. {self._way_on}",
        )

    def _touched(self, rows: int, committed: Left | None) -> None:
        self._rows += rows
        self._first = rows if self._first is None else self._first
        if self._rows < self._next_look:
            return
        self._next_look = 2 * self._rows
        most = self._most()
        if most is None or self._rows < 2 * most:
            return
        raise MigrationFailedError(
            f"the batch makes no progress: it touched {counted(self._rows, 'row')} where there are {most}",
            where=self._script.location(self._statement.start),
            detail="It touches finished rows again.",
            left=committed,
            hint="Its WHERE must leave out the rows that are done: after SET total = price * count, total IS NULL stays "
            f"true where price is NULL. {self._way_on}{self._way_again}",
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
        sources = {_relation(node) for node in nodes if node["Node Type"] != "ModifyTable"} - targets - {None}
        if not sources or any(node["Node Type"] in _UNCOUNTABLE for node in nodes):
            if self._leaves_what_it_touches(changes):
                return sum(self._count(*target) for target in targets if target is not None)
            return self._first if self._makes_the_same_rows(nodes, targets - {None}) else None
        joined = prod(self._count(*source) for source in sources if source is not None)
        own = (
            sum(self._count(*target) for target in targets if target is not None)
            if "Merge" in operations
            else 0
        )
        return joined + own

    def _leaves_what_it_touches(self, changes: list[Mapping[str, Any]]) -> bool:
        """Return whether every row that is touched is in its table then: ON CONFLICT DO UPDATE, MERGE without DELETE."""
        return all(
            node.get("Conflict Resolution") == "UPDATE"
            or (node["Operation"] == "Merge" and "DELETE" not in keywords(self._statement.text))
            for node in changes
        )

    def _makes_the_same_rows(
        self, nodes: list[Mapping[str, Any]], targets: set[tuple[str, str] | None]
    ) -> bool:
        """Return whether an INSERT makes as many rows at every repeat, since nothing in it asks for what is there already.

        That is so without conflicts and triggers, where neither the table that it fills is read nor a condition calls a
        function that could read it.
        """
        for node in nodes:
            type_ = node["Node Type"]
            if type_ == "ModifyTable":
                if node["Operation"] != "Insert" or "Conflict Resolution" in node:
                    return False
                continue
            calls = any(_CALL.search(text) for text in _conditions(node))
            is_steady = type_ not in _UNCOUNTABLE or _is_steady(node)
            if calls or not is_steady or _relation(node) in targets:
                return False
        # a partition that is read may be one of the table that is filled
        read = {_relation(node) for node in nodes} - targets
        return not any(self._holds(_TRIGGERS, of) for of in targets) and not any(
            self._holds(_IS_PART, of) for of in read
        )

    def _holds(self, query: Any, relation: tuple[str, str] | None) -> bool:
        return relation is not None and self._conn.execute(query, relation).fetchone() == (True,)

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
    return node["Node Type"] in {"Values Scan", "WorkTable Scan"}
