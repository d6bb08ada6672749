"""The safer form of a statement that was measured, from the lint rule about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.files.sqltext.alter import actions
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.phrase import Phrase
from runner.review.lint.rules import RULES
from runner.review.lint.safer import VALIDATE_NEXT, Change, bare, made_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.review.verify.rehearsal import StatementTrace

IN_STEPS = "Do it in steps, each in a file of its own, so that no statement runs long under a lock that blocks others."


def safer_form(trace: StatementTrace) -> tuple[str | None, str]:
    """Return the lint rule about such a statement, and what to write instead, as SQL if possible."""
    for change in _changes(trace):
        for rule in RULES:
            form = rule.safer_form(change)
            if form is not None:
                return rule.id, form
        if change.verb == "ADD PRIMARY" and change.has("USING", "INDEX") >= 0:
            return "table-scan", _no_null_proven(change)
    return None, IN_STEPS


def _changes(trace: StatementTrace) -> Iterator[Change]:
    """Yield the statement, or each action of an ALTER TABLE."""
    phrase = Phrase(next(iter(statements(trace.text))))
    partitioned = {
        bare(lock.relation)
        for lock in trace.locks
        if lock.kind == "partitioned table" and lock.mode.stops_writes
    }
    for action in actions(phrase) if phrase.kind == "ALTER TABLE" else (None,):
        yield Change(phrase, action, bool(trace.rewritten), partitioned)


def _no_null_proven(change: Change) -> str:
    table = change.table
    name = made_name(table, "not_null")
    return (
        f"-- a column of the index may hold NULL, so that the table is scanned for it; prove first that it does not:\n"
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (… IS NOT NULL) NOT VALID;\n"
        f"{VALIDATE_NEXT}\nALTER TABLE {table} VALIDATE CONSTRAINT {name};\n"
        f"-- in the one after it; with the valid CHECK nothing is scanned:\n"
        f"ALTER TABLE {table} ALTER COLUMN … SET NOT NULL;\n{change.text(0)};\n"
        f"ALTER TABLE {table} DROP CONSTRAINT {name};"
    )
