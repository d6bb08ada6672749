"""Text on a terminal of 80 columns."""

from __future__ import annotations

import re

import pytest

from runner.report.verification.text import folded

LONG = "ACCESS EXCLUSIVE on public.orders_of_last_year and SHARE ROW EXCLUSIVE on public.customers while they are scanned"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f"      error: {LONG}", id="heading"),
        pytest.param(f"      error: the seed's rows {LONG}'s rows", id="apostrophes"),
        pytest.param(f"      \x1b[31merror:\x1b[0m {LONG}", id="coloured"),
        pytest.param(f"          -- {LONG}", id="comment"),
        pytest.param("        +" + " x public.orders" * 12, id="difference"),
    ],
)
def test_no_line_is_wider_than_the_terminal_and_no_word_is_broken(line):
    lines = list(folded(line))
    assert len(lines) > 1
    assert all(len(re.sub(r"\x1b\[\d+m", "", part)) <= 80 for part in lines)
    assert [w for part in lines for w in part.replace("--", "").split()] == line.replace("--", "").split()


def test_each_part_of_a_comment_is_a_comment():
    assert all(part.startswith("    -- ") for part in folded(f"    -- {LONG}"))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("x" * 100, id="one word"),
        pytest.param("  CHECK (a = '" + "a b " * 30 + "')", id="a literal"),
        pytest.param(
            "     9 |     WHERE " + "total IS NULL OR " * 8, id="an excerpt, below which a mark stands"
        ),
    ],
)
def test_what_must_stay_whole_is_not_broken_within(line):
    assert "".join(folded(line)).replace(" ", "") == line.replace(" ", "")
    assert all("a b" not in part or part.count("'") % 2 == 0 for part in folded(line))
