"""Rules about several statements in one transaction."""

from __future__ import annotations

from collections.abc import Iterator

from runner.files.sqltext.classify import is_repeatable, runs_outside_transactions
from runner.files.sqltext.lock_modes import LockMode
from runner.files.sqltext.phrase import Phrase
from runner.review.lint.facts import Facts
from runner.review.lint.locks import locks
from runner.review.lint.rule import Level, Problem, Rule


def _after_exclusive(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    held = facts.exclusive
    if held is None:
        return
    for named, mode in locks(phrase):
        name = facts.table_of(phrase, named)
        if name is None or facts.is_new(named) or facts.is_new(name):
            continue
        if not name.may_be(held):
            yield Problem(f"it waits for {mode} on {name} while {held} is locked against everyone")
            return
        if mode is LockMode.ROW_EXCLUSIVE:
            yield Problem(f"it changes rows of {name} while the table is locked against everyone")
            return


def _in_doubt(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    statement = phrase.statement
    if facts.script.transactional or statement.concurrently or is_repeatable(statement):
        return
    if phrase.kind == "CALL" or runs_outside_transactions(statement):
        words = " ".join(statement.words[:2])
        yield Problem(f"if {words} is interrupted, nothing in the database shows whether it was done")


RULES = (
    Rule(
        id="locks-after-exclusive",
        name="A later statement waits, or changes rows, under ACCESS EXCLUSIVE",
        level=Level.WARNING,
        condition="In a transactional file, after a statement that takes ACCESS EXCLUSIVE on an existing table: one that locks"
        " another existing table, or changes rows of the same; reported once per file.",
        effect="The first table is locked against everyone until the end of the transaction, also while the later"
        " statement waits or runs; such a file can deadlock with the application.",
        safer="Change one table per file; put changes of rows into a separate file.",
        unknown="How long the later statement waits or runs. What functions and triggers lock. The table of an"
        " index that no file creates: such an index is skipped.",
        bad="ALTER TABLE app.orders ADD COLUMN note text;\n\nALTER TABLE app.customers ADD COLUMN note text;",
        good="=== 0006_order_notes.sql\nALTER TABLE app.orders ADD COLUMN note text;\n"
        "=== 0007_customer_notes.sql\nALTER TABLE app.customers ADD COLUMN note text;",
        source='"Explicit Locking"; measured in docs/locks.md',
        kinds=("*",),
        check=_after_exclusive,
        once=True,
    ),
    Rule(
        id="in-doubt",
        name="A statement whose outcome cannot be found out",
        level=Level.WARNING,
        condition="In a file with -- transactional: false: CALL, or a command that cannot run in a transaction, unless the"
        " catalog shows its outcome (CONCURRENTLY) or a second run is harmless (VACUUM, REINDEX).",
        effect="If the run is interrupted in it, runner stops, and a person must decide whether it was done: runner repair.",
        safer="Make it safe to repeat, and allow this rule with that reason; or do it outside of migrations.",
        unknown="What a procedure does, and whether that may be repeated.",
        bad="-- transactional: false\n\nCREATE DATABASE reports;",
        good="-- transactional: false\n\nVACUUM app.orders;",
        source="the commands that cannot run inside a transaction block, each on its page",
        kinds=("*",),
        check=_in_doubt,
    ),
)
