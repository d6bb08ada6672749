"""Tables that fit: nothing is wider than the terminal, and what is left out is named."""

from __future__ import annotations

import pytest

from runner.report.table import Line, cell, table
from runner.report.terminal import Style

ROW = {
    "pid": 4711,
    "role": "application_of_some_length",
    "waits_s": 75.2,
    "held_bytes": 123_456_789,
    "note": "x" * 90,
}
QUERY = "SELECT  *\n  FROM t\n WHERE " + "a" * 200


def lines(width: int, *rows: dict, style: Style | None = None) -> list[str]:
    return list(
        table(list(rows[0]), [Line(row) for row in rows], style or Style(), width=width, indent="    ")
    )


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width):
    found = lines(width, {**ROW, "query": QUERY}, {**ROW, "pid": 1, "query": None})
    assert max(map(len, found)) <= width
    assert len(found) >= 4


def test_long_texts_are_cut_first_and_the_statement_stands_below():
    head, first, query, second = lines(80, {**ROW, "query": QUERY}, {**ROW, "query": ""})
    assert head.split() == ["pid", "role", "waits", "held", "note"]
    assert first.split()[0] == "4711"
    assert "1 min 15 s" in first
    assert "118 MB" in first
    assert first.endswith("…")
    assert query.strip().startswith("SELECT * FROM t WHERE aaa")
    assert first == second


def test_columns_without_room_are_named():
    row = {f"column_{n}": n for n in range(12)}
    found = lines(60, row, row)
    assert found[-1].strip().startswith("no room for column_5, column_6")


def test_a_single_row_without_room_stands_upright():
    found = lines(60, {f"column_{n}": n for n in range(12)})
    assert len(found) == 12
    assert found[3].split() == ["column", "3", "3"]


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("a", None, "-"),
        ("a", True, "yes"),
        ("a", 1234567, "1,234,567"),
        ("a", 0.123456, "0.123"),
        ("a", "two\n  lines", "two lines"),
        ("a", [1, 2], "1, 2"),
        ("a_bytes", 900, "900 bytes"),
        ("a_bytes", 8192, "8 kB"),
        ("a_bytes", 5 * 2**40, "5.0 TB"),
        ("a_bytes", 50 * 2**40, "50.0 TB"),
        ("a_s", 0.25, "250 ms"),
        ("a_s", 7200, "2 h"),
        ("a_s", 400_000, "5 d"),
        ("a_ms", 1500, "1.5 s"),
        ("a_percent", 93.26, "93.3 %"),
    ],
)
def test_values_are_shown_in_the_unit_of_their_column(column, value, shown):
    assert cell(column, value) == shown
