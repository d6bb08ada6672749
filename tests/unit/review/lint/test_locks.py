"""What lint takes a statement to lock is what was measured: docs/locks.md, line by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner.files.sqltext.lexer import statements
from runner.files.sqltext.lock_modes import LockMode
from runner.files.sqltext.phrase import Phrase
from runner.review.lint.locks import locks

PAGE = Path(__file__).parents[4] / "docs" / "locks.md"
ROWS = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
# what a statement locks without naming it, which takes a catalogue
UNNAMED = {
    "DROP INDEX orders_code_idx": "the index's table",
    "DROP INDEX CONCURRENTLY orders_code_idx": "the index's table",
    "REINDEX INDEX orders_code_idx": "the index's table",
    "REINDEX INDEX CONCURRENTLY orders_code_idx": "the index's table",
    "REINDEX TABLE orders": "the table's indexes",
    "ALTER TABLE orders VALIDATE CONSTRAINT customer_fkey": "what the constraint refers to",
    "ALTER TABLE orders DROP CONSTRAINT customer_fkey": "what the constraint refers to",
    "DROP TABLE events_2025": "the parent",
    "TRUNCATE customers CASCADE": "the tables that refer to it",
}


def measured(cell: str) -> dict[str, str]:
    """Return the modes from ROW EXCLUSIVE up that a cell of the page names, by relation."""
    pairs = (item.split(": ", 1) for item in cell.strip().split(", ") if ": " in item)
    strong = {str(mode) for mode in LockMode if mode >= LockMode.ROW_EXCLUSIVE}
    return {relation: mode for relation, mode in pairs if mode in strong}


@pytest.mark.parametrize(("sql", "cell"), ROWS, ids=[sql for sql, _ in ROWS])
def test_lint_knows_the_measured_locks(sql, cell):
    (statement,) = statements([sql])
    known = {str(name): str(mode) for name, mode in locks(Phrase(statement))}
    expected = measured(cell)
    if sql in UNNAMED:
        expected = {relation: mode for relation, mode in expected.items() if relation in known}
        known = {relation: mode for relation, mode in known.items() if relation in expected}
    assert known == expected
