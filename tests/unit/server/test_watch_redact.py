"""Somebody else's statement without the data in it."""

from __future__ import annotations

import pytest

from runner.server.watch import statement_beginning
from runner.server.watch.observer_queries import mode_in_sql


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        pytest.param("SELECT 'it''s' || E'\\'x' || note FROM t", "SELECT ? || ? || note FROM t", id="quotes"),
        pytest.param("ALTER ROLE app PASSWORD 'secret", "ALTER ROLE app PASSWORD ?", id="cut in a quote"),
        pytest.param("SELECT E'secret\\", "SELECT ?", id="cut after a backslash"),
        pytest.param("DO $x$ BEGIN $$ a $$ END $x$", "DO ?", id="dollar quotes"),
        pytest.param("SELECT $tag$ secret", "SELECT ?", id="cut in dollar quotes"),
        pytest.param("SELECT U&'d' , b'01', x'FF', N'n'", "SELECT ?, …", id="prefixed"),
        pytest.param(
            "SELECT col1, t2.x$3, $1, -4.5e10, .5, 0xFF", "SELECT col1, t2.x$3, $1, -?, …", id="numbers"
        ),
        pytest.param('SELECT "it\'s 4" FROM "a""b 5"', 'SELECT "it\'s 4" FROM "a""b 5"', id="names"),
        pytest.param("SELECT 1 /* a 'secret' */ -- 2\n  + 3", "SELECT ? + ?", id="comments"),
        pytest.param("SELECT 1 /* a secret", "SELECT ?", id="cut in a comment"),
        pytest.param("WHERE id IN (1, 2,\n3)", "WHERE id IN (?, …)", id="list"),
        pytest.param("SELECT " + "x" * 99, "SELECT " + "x" * 52 + "…", id="long"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_literals_are_question_marks(sql, shown):
    assert statement_beginning(sql) == shown


def test_a_long_statement_takes_no_time():
    assert len(statement_beginning("/* " + "* " * 50_000)) == 0
    assert statement_beginning("'" + "''" * 50_000) == "?"


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("AccessShareLock", "ACCESS SHARE"),
        ("ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"),
        ("ShareLock", "SHARE"),
    ],
)
def test_lock_modes_are_written_as_sql_has_them(mode, said):
    assert mode_in_sql(mode) == said
