"""Run a file in a scratch database, statement by statement, and measure each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from runner.engine.apply.copy_from_file import load_files
from runner.engine.apply.headway import Headway, has_written, rows_left
from runner.errors import MigrationFailedError
from runner.files.migrations.migration import Script
from runner.files.migrations.units import segments, units
from runner.files.sqltext.lexer import Statement
from runner.files.sqltext.tokens import without_comments
from runner.review.verify.autocommit import run_outside
from runner.review.verify.losses import Connect
from runner.review.verify.measuring import AloneRefusedError, Measuring, execute, strongest
from runner.review.verify.rehearsal import StatementTrace, TableLock
from runner.review.verify.relations import Relations

# Without the transaction around them these do nothing, or fail; after one of them locks are measured together.
_OF_THE_TRANSACTION = (
    ("SET", "LOCAL"),
    ("SET", "CONSTRAINTS"),
    ("SET", "TRANSACTION"),
    ("DECLARE",),
    ("SAVEPOINT",),
    ("RELEASE",),
    ("ROLLBACK",),
)
_TEMPORARY = frozenset({"TEMP", "TEMPORARY"})


class OneTransactionNeededError(Exception):
    """The file fails statement by statement, but may succeed as one transaction."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Statements that form one transaction when the file is applied."""

    statements: Sequence[Statement]
    earlier: int  # statements of the file before it

    @property
    def needs_its_transaction(self) -> bool:
        return any(map(_is_of_the_transaction, self.statements))


def trace_file(
    conn: psycopg.Connection[Any],
    script: Script,
    *,
    existing: Relations,
    connect: Connect,
    as_one: bool = False,
    committed: Callable[[Sequence[StatementTrace]], None] | None = None,
) -> tuple[StatementTrace, ...]:
    """Run a file and return what each of its statements locked and did.

    Each statement has a transaction of its own, so that locks already taken by an earlier one are seen again;
    with `as_one`, or if a statement works only together with the others, the file is one transaction. Locks and so
    on are reported for `existing` relations, those from before the migration. `committed` is called with the statements
    that were committed together, as soon as they are.

    Raises: MigrationFailedError if the server refuses it; OneTransactionNeededError if the file may succeed as one
    transaction: what has run until then stays.
    """
    measuring = Measuring.begin(conn, script, existing, connect=connect)
    found: list[StatementTrace] = []

    def note(traces: Sequence[StatementTrace]) -> None:
        found.extend(traces)
        if committed is not None:
            committed(traces)

    for group in _groups(script):
        if len(group.statements) == 1 and not script.transactional:
            note([_single(measuring, group, connect)])
        elif as_one or group.needs_its_transaction:
            note(_together(measuring, group))
        else:
            try:
                for trace in _apart(measuring, group):
                    note([trace])
            except MigrationFailedError as error:
                if len(group.statements) == 1:
                    raise
                raise OneTransactionNeededError from error
    if script.copies:
        with conn.transaction():
            load_files(conn, script, left=None)
    conn.execute("DISCARD ALL")
    return tuple(found)


def _groups(script: Script) -> Iterator[_Group]:
    if script.transactional:
        whole = [statement for segment in segments(script) for statement in segment.statements]
        yield _Group(whole, 0)
        return
    for unit in units(script):
        inner = unit.statements[1:-1] if unit.is_block else unit.statements
        yield _Group(inner, unit.earlier + (1 if unit.is_block else 0))


def _apart(measuring: Measuring, group: _Group) -> Iterator[StatementTrace]:
    held: dict[str, TableLock] = {}
    for number, statement in enumerate(group.statements, group.earlier + 1):
        trace = measuring.alone(statement, number, tuple(held.values()))
        held = strongest(held, trace.locks)
        yield trace


def _together(measuring: Measuring, group: _Group) -> list[StatementTrace]:
    held: dict[str, TableLock] = {}
    found = []
    with measuring.conn.transaction():
        for number, statement in enumerate(group.statements, group.earlier + 1):
            trace = measuring.among_others(statement, number, tuple(held.values()))
            held = strongest(held, trace.locks)
            found.append(trace)
    return found


def _single(measuring: Measuring, group: _Group, connect: Connect) -> StatementTrace:
    """Run a statement that commits on its own; a batch is repeated while it finds rows, and its first run is measured."""
    statement, number = group.statements[0], group.earlier + 1
    try:
        trace = measuring.alone(statement, number, ())
    except AloneRefusedError:
        return run_outside(measuring, statement, number, connect=connect)
    if measuring.script.batch is not None:
        _until_done(measuring, statement, number, trace.rows or 0)
    return trace


def _until_done(measuring: Measuring, statement: Statement, number: int, rows: int) -> None:
    conn = measuring.conn
    headway = Headway(conn, measuring.script, statement)
    wrote = True  # nothing has shown yet that it did not
    with measuring.placed(statement, number):
        while not headway.is_done(
            rows, wrote=wrote, left=partial(rows_left, conn, statement), committed=None
        ):
            with conn.transaction():
                rows = execute(conn, statement) or 0
                wrote = rows > 0 or has_written(conn)


def _is_of_the_transaction(statement: Statement) -> bool:
    if any(statement.starts_with(*words) for words in _OF_THE_TRANSACTION):
        return True
    if statement.words[:1] == ("SELECT",):
        return "set_config" in statement.text.lower()
    words = statement.words[:4]
    return bool(_TEMPORARY.intersection(words)) and "ON COMMIT" in " ".join(
        without_comments(statement.text).upper().split()
    )
