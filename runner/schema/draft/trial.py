"""Draft by trying: the server says what blocks a statement, and what a statement comes to.

A trial is a transaction that is rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from runner.schema.catalog.differences import diff
from runner.schema.catalog.objects import Catalog, CatalogObject, Difference, Key, Table
from runner.schema.draft.alter import UndraftableError
from runner.schema.draft.change import REPLACED, Ways, blockers, steps
from runner.schema.draft.partial import without
from runner.schema.draft.renames import Rename, following
from runner.schema.draft.steps import Group, Mode, Step, goes_along, groups, joined

Connection = psycopg.Connection[Any]
# dependent objects still exist, feature not supported (a column that a view uses), invalid table definition (a view's
# columns), invalid function definition (its result), wrong object type, object not in prerequisite state
_IN_THE_WAY = frozenset({"2BP01", "0A000", "42P16", "42P13", "42809", "55000", "42P17"})
# undefined function, table, column, object: named in a body, of which the server keeps no dependency
_NOT_THERE_YET = frozenset({"42883", "42P01", "42703", "42704"})
# duplicate table (or index), duplicate object, a second primary key: another statement has made it
_THERE_ALREADY = frozenset({"42P07", "42710", "42P16"})
# dependent objects still exist, invalid table definition: it goes with what it is inherited from, or after that is detached
_HELD_FROM_ABOVE = frozenset({"2BP01", "42P16"})
_GONE_ALREADY = frozenset({"42704", "42703"})  # it went with a column
_PARTS = frozenset({"index", "constraint", "foreign key", "trigger", "statistics"})
_MISMATCH = "42804"  # no assignment cast; a child without what its parent has
# what somebody reads, or what holds rows to a rule
_HOLD = frozenset(
    {
        "table",
        "view",
        "materialized view",
        "function",
        "procedure",
        "constraint",
        "foreign key",
        "policy",
        "trigger",
        "rule",
    }
)
_ROUTINES = frozenset({"function", "procedure"})
NO_BODIES = "SET LOCAL check_function_bodies = off;"
_FILENODE = "SELECT pg_catalog.pg_relation_filenode(pg_catalog.to_regclass(%s))"


class TrialError(Exception):
    """A draft that the server refuses, or that leads to another schema: a fault of ours."""

    def __init__(self, message: str, differences: Sequence[Difference] = ()) -> None:
        super().__init__(message)
        self.differences = tuple(differences)


class RenameError(Exception):
    """A rename that the server refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The steps of a draft that leads where it should, in files."""

    groups: tuple[Group, ...]
    wanted: Catalog  # where they lead: what cannot be drafted stays in it as it is
    first: tuple[str, ...] = ()  # statements before the first of them, in its file
    undrafted: tuple[UndraftableError, ...] = ()


def settled(
    conn: Connection,
    read: Callable[[], Catalog],
    wanted: Catalog,
    ways: Ways,
    *,
    renames: Sequence[Rename] = (),
) -> Settled:
    """Return the steps from the schema that `conn` is connected to, to the wanted one. The database stays as it is.

    Raises: UndraftableError for what only a person knows, or where nothing can stay as it is; TrialError.
    """
    given, undrafted = ways, list[UndraftableError]()
    while True:
        first = [*([] if ways.checks_bodies else [NO_BODIES]), *(rename.sql for rename in renames)]
        with conn.transaction(force_rollback=True):
            try:
                for statement in first:
                    conn.execute(statement.encode())
            except psycopg.Error as error:
                raise RenameError(str(error.diag.message_primary or error)) from error
            present = read()
            same = list(following(present, wanted, {rename.of_table for rename in renames}))
            if same:
                for statement in same:
                    conn.execute(statement.encode())
                present = read()
            try:
                found, more = _found(conn, read, present, wanted, ways)
            except UndraftableError as error:
                less = without(wanted, present, error)
                if error.fill or less is None:
                    raise
                wanted, more = less, given
                undrafted.append(error)
            if more is None:
                return Settled(
                    groups=tuple(found), wanted=wanted, first=(*first, *same), undrafted=tuple(undrafted)
                )
        ways = more


def _found(
    conn: Connection, read: Callable[[], Catalog], present: Catalog, wanted: Catalog, ways: Ways
) -> tuple[list[Group], Ways | None]:
    """Run the steps, and those that make again what went with a thing that was dropped; or return how else to go about it.

    Raises: UndraftableError; TrialError.
    """
    stays = {key for key in present.objects.keys() & wanted.objects.keys() if key[0] in _HOLD}
    found: list[Group] = []
    now, left = present, list[Difference]()
    while not found or left:
        more = groups(steps(now, wanted, replace(ways, silent=frozenset()) if found else ways))
        if more and more[0].mode is Mode.ENUM_VALUE and not found:
            return more[:1], None  # what comes after it cannot be tried in this transaction
        others = _try(conn, read, now, wanted, more, ways, stays, found[-1] if found else None)
        if others is not None:
            return [], others
        before, left, now = left, *_left(wanted, read)
        if left and (not more or (found and len(left) >= len(before))):
            raise TrialError("the draft leads to another schema", left)
        found = joined(found, more)
        if not more:
            break
    return found, None


def _left(wanted: Catalog, read: Callable[[], Catalog]) -> tuple[list[Difference], Catalog]:
    now = read()
    return counting(wanted, now), now


def counting(wanted: Catalog, found: Catalog) -> list[Difference]:
    """Return the differences that statements can mend."""
    return [difference for difference in diff(wanted, found) if not difference.is_note]


def _try(
    conn: Connection,
    read: Callable[[], Catalog],
    present: Catalog,
    wanted: Catalog,
    found: Sequence[Group],
    ways: Ways,
    stays: Set[Key],
    last: Group | None,
) -> Ways | None:
    """Run the steps; return how to go about it otherwise, or nothing where all was well.

    What is there before and wanted is there after each file: where it would not be, all is done in one.
    """
    for number, step in ((n, step) for n, group in enumerate(found) for step in group.steps):
        is_new_file = step is found[number].steps[0] and (
            number > 0 or (last is not None and not goes_along(last.mode, step.mode))
        )
        if ways.is_safe and is_new_file and not stays <= read().objects.keys():
            return replace(ways, is_safe=False)
        item = present.objects.get(step.key)
        is_table = item is not None and isinstance(item.structure, Table) and item.structure.lines is not None
        watched = is_table and ways.is_safe and step.mode is Mode.TRANSACTION
        before = _filenode(conn, step.key) if watched else None
        try:
            with conn.transaction():
                conn.execute(in_transaction(step).encode())
        except psycopg.Error as error:
            return _otherwise(present, wanted, step, ways, error)
        if watched and _filenode(conn, step.key) != before:
            computed = _computed(item, wanted.objects.get(step.key), ways)
            if computed:
                return replace(ways, in_batches=ways.in_batches | computed)
    return None


def _changes_parents(was: CatalogObject | None, is_: CatalogObject | None) -> bool:
    before, after = was and was.structure, is_ and is_.structure
    return (
        isinstance(before, Table)
        and isinstance(after, Table)
        and (before.partition_of, before.parents) != (after.partition_of, after.parents)
    )


def in_transaction(step: Step) -> str:
    """Return a step's statements as they can run in a transaction."""
    if step.mode is not Mode.CONCURRENTLY:
        return step.sql
    return re.sub(r"^((?:CREATE|DROP) (?:UNIQUE )?INDEX) CONCURRENTLY ", r"\1 ", step.sql)


def _filenode(conn: Connection, key: Key) -> object:
    row = conn.execute(_FILENODE, [key[1]]).fetchone()
    return row and row[0]


def _computed(was: CatalogObject | None, is_: CatalogObject | None, ways: Ways) -> frozenset[tuple[str, str]]:
    """Return the new columns of a table of which the server computes a value for each row."""
    if (
        was is None
        or is_ is None
        or not isinstance(was.structure, Table)
        or not isinstance(is_.structure, Table)
    ):
        return frozenset()
    had = {column.name for column in was.structure.columns}
    return (
        frozenset(
            (is_.identity, column.name)
            for column in is_.structure.columns
            if column.name not in had
            and column.default is not None
            and "(" in column.default
            and not (column.generated or column.numbers or column.is_inherited)
        )
        - ways.in_batches
    )


def _otherwise(present: Catalog, wanted: Catalog, step: Step, ways: Ways, error: psycopg.Error) -> Ways:
    """Return how to go about it after a refusal.

    Raises: UndraftableError; TrialError.
    """
    key, detail = step.key, error.diag.message_detail
    said = f"{error.diag.message_primary or error} ({error.sqlstate}){f'; {detail}' if detail else ''}"
    if key[0] in _ROUTINES and error.sqlstate in _NOT_THERE_YET and ways.checks_bodies:
        return replace(ways, checks_bodies=False)
    if error.sqlstate == _MISMATCH and key[0] in {"table", "foreign table"}:
        held = frozenset(  # what the parent asks for, which afterwards is inherited
            each
            for each in present.objects.keys() - wanted.objects.keys()
            if each[0] in {"constraint", "foreign key"} and present.objects[each].parent == key[1]
        )
        if _changes_parents(present.objects.get(key), wanted.objects.get(key)) and held - ways.silent:
            return replace(ways, silent=ways.silent | held)
    if error.sqlstate == _MISMATCH and key[0] == "table" and key not in ways.cast:
        return replace(ways, cast=ways.cast | {key})
    if error.sqlstate in _IN_THE_WAY and key in present.objects:
        more = blockers(present, key, gone=ways.remade)
        if key[0] in REPLACED and key not in ways.remade:
            more |= {key}
        if more:
            return replace(ways, remade=ways.remade | more)
    if key in present.objects and key in wanted.objects:
        if key[0] in _PARTS and error.sqlstate in _GONE_ALREADY and key not in ways.remade:
            return replace(ways, remade=ways.remade | {key})
    elif key not in ways.silent and (
        (key[0] in _PARTS and key in wanted.objects and error.sqlstate in _THERE_ALREADY)
        or (key in present.objects and error.sqlstate in _HELD_FROM_ABOVE)
    ):
        return replace(ways, silent=ways.silent | {key})
    if key in present.objects:
        raise UndraftableError(
            present.objects[key], wanted.objects.get(key), f"the server refuses it: {said}"
        )
    if key in wanted.objects:
        raise UndraftableError(wanted.objects[key], wanted.objects[key], f"the server refuses it: {said}")
    raise TrialError(f"the server refuses {step.sql!r}: {said}")
