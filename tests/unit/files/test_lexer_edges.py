"""Edges of PostgreSQL's lexical rules that the lexer once misread."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import runner
from runner.files.sqltext.altered import altered_table
from runner.files.sqltext.classify import controls_transaction, runs_outside_transactions
from runner.files.sqltext.concurrent import concurrent
from runner.files.sqltext.leading_comment import leading_directives
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.tokens import SqlSyntaxError, without_comments


def texts(text: str) -> list[str]:
    return [s.text for s in statements([text])]


@pytest.mark.parametrize(
    "first",
    [
        pytest.param("SELECT E'a' -- it's\n  'b\\'; c'", id="escape string goes on after a comment"),
        pytest.param("SELECT E'a'\n-- it's\n\n'\\';'", id="escape string goes on after a comment's own line"),
        pytest.param("SELECT ☃E'\\'", id="a letter of a name before a quote is no escape string"),
        pytest.param("SELECT a\u00a0", id="no-break space is a letter"),
        pytest.param("\u2028", id="line separator is a letter"),
        pytest.param("SELECT \u00a0$$", id="a dollar within a name opens nothing"),
        pytest.param("SELECT 1.5E'\\';'", id="escape string right after a number"),
        pytest.param("SELECT 1a$$", id="a name right after a number"),
        pytest.param(
            "CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'", id="function called begin"
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT 2 AS case; END", id="labels"
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT a.end, 1 case, 2 end; ; END",
            id="bare labels",
        ),
        pytest.param("CREATE PROCEDURE p() BEGIN /* ; */ ATOMIC -- ;\n END", id="body without statement"),
        pytest.param("CREATE OR REPLACE RULE r AS ON INSERT TO t DO (a; b;)", id="rule of two statements"),
        pytest.param("ALTER TABLE t ADD CHECK (a > 1", id="parenthesis without end"),
    ],
)
def test_a_statement_ends_where_the_server_ends_it(first):
    assert texts(f"{first};SELECT 2") == [first, "SELECT 2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("COMMıT", ("COMMıT",), id="dotless i"),
        pytest.param("ſET x = 1;", ("ſET", "X"), id="long s"),
        pytest.param("SETé x;", ("SETé", "X"), id="a word that goes on"),
        pytest.param("REINDEX\u00a0INDEX i", ("REINDEX\u00a0INDEX", "I"), id="no-break space"),
        pytest.param(
            "PREPARE transaction AS SELECT 1",
            ("PREPARE", "TRANSACTION", "AS", "SELECT"),
            id="number in a statement",
        ),
        pytest.param("ALTER SYSTEM SET x = 1e5", ("ALTER", "SYSTEM", "SET", "X"), id="number with exponent"),
    ],
)
def test_only_ascii_letters_make_keywords(text, words):
    (statement,) = statements([text])
    assert statement.words == words


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_guard_lines_of_pg_dump_may_end_in_either_way(end):
    assert texts(f"\\restrict aB3{end}SELECT 1;{end}\\unrestrict aB3{end}") == ["SELECT 1"]


@pytest.mark.parametrize(
    ("text", "data"),
    [
        pytest.param("COPY s.from (a) FROM stdin;\n1\n\\.\n", "1\n", id="table called from"),
        pytest.param("COPY t FROM stdout; -- data\n1\n\\.", "1\n", id="the other word, a comment"),
        pytest.param("COPY t FROM stdin; \r\n1\r\n\\.\r\n", "1\r\n", id="CRLF"),
        pytest.param("COPY t FROM stdin;\n\\.\n", "", id="no data"),
        pytest.param("COPY t FROM 'f' WHERE a IS DISTINCT FROM stdin;\n", None, id="column called stdin"),
        pytest.param("COPY (SELECT 1 FROM stdin) TO 'f';\n", None, id="table called stdin"),
    ],
)
def test_data_follows_where_copy_reads_from_the_connection(text, data):
    copy, *more = statements([text + "\nSELECT 1;"])
    assert copy.copy_data == data
    assert [s.text for s in more] == ["SELECT 1"]
    assert not copy.copies_out


@pytest.mark.parametrize("file", ["STDOUT", "stdin"])
def test_copying_to_the_connection_is_seen(file):
    (copy,) = statements([f"COPY (SELECT 1) TO {file}"])
    assert copy.copies_out


def test_a_statement_on_the_line_of_copy_is_not_lost():
    with pytest.raises(SqlSyntaxError, match="text on the line after COPY") as caught:
        texts("COPY t FROM stdin; DROP TABLE u;\n1\n\\.\n")
    assert caught.value.offset == 18


def test_it_is_known_whether_a_semicolon_closes_a_statement():
    assert [
        s.is_closed for s in statements(["SELECT 1; ALTER TABLE a; -- ;\nALTER TABLE b /* ; */ -- ;"])
    ] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("-- a: 1\r-- b: 2\rVACUUM", ["a", "b"], id="lines that end in CR"),
        pytest.param("/* a /* b: 1 */ */\n-- c: 2\n", ["c"], id="after a nested comment"),
        pytest.param("\u00a0-- a: 1\n", [], id="after a no-break space, which is a statement"),
        pytest.param("/*\r * a: 1\r */", ["a"], id="CR in a block"),
        pytest.param("-- a: 1\n/* b: 2", ["a"], id="before a comment without end"),
    ],
)
def test_directives_stand_in_the_comments_before_the_first_token(text, names):
    assert [d.name for d in leading_directives(text)] == names


def test_directives_after_the_first_semicolon_are_late():
    text = "-- a: 1\n/* b: 1 */ ; -- c: 1\nSELECT /* d: 1 */ 1; /*\n e: 1 */ -- f: 1"
    late = []
    list(statements([text], late=late))
    assert [line.strip() for line, _ in late] == ["c: 1", "d: 1", "e: 1", "f: 1"]
    assert all(text[offset:].startswith(line) for line, offset in late)


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        pytest.param("SELECT E'\\'--'--x", "SELECT E'\\'--' ", id="escape string"),
        pytest.param("SELECT $$--$$/* /* */ */", "SELECT $$--$$ ", id="dollar quote, nested comment"),
        pytest.param('SELECT "a--" -- b\r+ 1', 'SELECT "a--"  \r+ 1', id="line that ends in CR"),
    ],
)
def test_comments_are_taken_out_and_quotes_kept(text, stripped):
    assert without_comments(text) == stripped


@pytest.mark.parametrize("text", ["(SELECT 1)", "((VALUES (1)))", '"a"', "'a'", "$$a$$", "1"])
def test_a_statement_without_a_first_word_is_of_no_kind(text):
    (statement,) = statements([text])
    assert statement.words == ()
    assert altered_table(statement) is None
    assert concurrent(statement) is None
    assert not runs_outside_transactions(statement)
    assert not controls_transaction(statement)


def test_no_possessive_or_atomic_group_is_used():
    """Python before 3.11.5 goes wrong in them where they hold alternatives (gh-106052)."""
    sources = Path(runner.__file__).parent.rglob("*.py")
    used = [
        f"{path.name}:{number}"
        for path in sources
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"\)[*+?]\+|\(\?>", line)
    ]
    assert used == []


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("SELECT e'' ; ", 10),
        (r"SELECT E'\'--'--x", 14),
        ("SELECT E'a'--\n'b\\'; c' ; x", 22),
        ("SELECT '' ;", 9),
    ],
)
def test_quotes_end_where_they_end_on_every_python(text, end):
    assert next(iter(statements([text]))).end == end
    assert next(iter(statements(list(text)))).end == end
