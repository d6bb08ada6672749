"""An error as people see it: message, place, line, caret, detail, hint."""

from __future__ import annotations

import pytest

from runner.errors import FileError, Location
from runner.report.failure import error_as_json, error_as_text
from runner.report.terminal import Style


def test_all_parts_in_their_places():
    error = FileError(
        'column "totl" does not exist',
        where=Location("migrations/0007_orders_total.sql", 9, 11, "    WHERE totl IS NULL"),
        detail="Statement 2 of 3, SQLSTATE 42703; the migration was rolled back whole.\nSecond line.",
        hint='Perhaps you meant to reference the column "orders.total".',
    )
    assert error_as_text(error, Style()) == (
        'error: column "totl" does not exist\n'
        "  at migrations/0007_orders_total.sql:9:11\n"
        "       9 |     WHERE totl IS NULL\n"
        "         |           ^\n"
        "  detail: Statement 2 of 3, SQLSTATE 42703; the migration was rolled back whole.\n"
        "    Second line.\n"
        '  hint: Perhaps you meant to reference the column "orders.total".'
    )
    assert error_as_json(error)["where"] == {
        "path": "migrations/0007_orders_total.sql",
        "line": 9,
        "column": 11,
    }


@pytest.mark.parametrize(
    ("text", "column", "marked"),
    [
        pytest.param("\tSELECT nope", 9, "n", id="tab"),
        pytest.param("SELECT 'ä☃', nope", 14, "n", id="non-ASCII"),
        pytest.param("x" * 400 + "NOPE" + "y" * 400, 401, "N", id="long line"),
    ],
)
def test_the_caret_stands_under_its_character(text, column, marked):
    error = FileError("no", where=Location("f.sql", 1, column, text))
    _, _, shown, caret = error_as_text(error, Style()).splitlines()
    assert shown[caret.index("^")] == marked
    assert len(shown) < 130


def test_colour_wraps_and_never_changes_the_words():
    error = FileError("no", where=Location("f.sql", 1, 1, "x"), hint="Do.")
    import re

    assert re.sub(r"\x1b\[[\d;]*m", "", error_as_text(error, Style(colour=True))) == error_as_text(
        error, Style()
    )
