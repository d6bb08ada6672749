from __future__ import annotations

import pytest

from runner.files.sqltext.lexer import statements
from runner.files.sqltext.tokens import SqlSyntaxError

TRICKY = r"""-- a; comment with 'quote
/* block /* nested; */ ; */
CREATE FUNCTION f() RETURNS int LANGUAGE sql
BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;
INSERT INTO t VALUES (1, 'a;b', 'it''s', -2 / 3);
insert into t values (E'a\';', $$;$$, $a$ $$; $a$, "x;""y");;
CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);
COPY public.t (a, b) FROM stdin;
1	2
a;b'	\N
\.

SELECT u&'d\0061t\+000061', x.e'', 1-2/*;*/, a$b$c ; -- it's over
SELECT 'naïve ☃', $größe$;$größe$
"""
EXPECTED = [
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql\nBEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    "INSERT INTO t VALUES (1, 'a;b', 'it''s', -2 / 3)",
    r"""insert into t values (E'a\';', $$;$$, $a$ $$; $a$, "x;""y")""",
    "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)",
    "COPY public.t (a, b) FROM stdin",
    r"SELECT u&'d\0061t\+000061', x.e'', 1-2/*;*/, a$b$c",
    "SELECT 'naïve ☃', $größe$;$größe$",
]


def cut(text: str, size: int) -> list[str]:
    return [text[n : n + size] for n in range(0, len(text), size)]


def test_statements_end_where_psql_ends_them():
    assert [s.text for s in statements([TRICKY])] == EXPECTED


def test_each_statement_knows_its_place():
    assert all(TRICKY[s.start : s.end] == s.text for s in statements([TRICKY]))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 16, 61])
def test_cutting_the_text_anywhere_changes_nothing(size):
    assert list(statements(cut(TRICKY, size))) == list(statements([TRICKY]))


def test_copy_data_belongs_to_its_statement():
    (copy,) = [s for s in statements([TRICKY]) if s.copy_data is not None]
    assert copy.copy_data == "1\t2\na;b'\t\\N\n"


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        pytest.param("SELECT 'a;\n", "unterminated string", 7, id="string"),
        pytest.param("SELECT E'a\\';\n", "unterminated string", 7, id="escape string"),
        pytest.param('SELECT "a;\n', "unterminated quoted name", 7, id="quoted name"),
        pytest.param("SELECT $x$ $y$ $$", "unterminated string that $x$ opens", 7, id="dollar quote"),
        pytest.param("SELECT 1; /* a /* b */", "unterminated comment", 10, id="nested comment"),
        pytest.param("SELECT 1;\n\\d t", "psql command \\d in a migration", 10, id="psql command"),
        pytest.param("SELECT 1 \\gset", "psql command \\gset in a migration", 9, id="psql command after SQL"),
        pytest.param(
            "COPY t FROM stdin;\n1\n2\n",
            "the data of COPY … FROM stdin has no end",
            17,
            id="COPY data without end",
        ),
    ],
)
@pytest.mark.parametrize("size", [1000, 1, 4])
def test_what_cannot_be_cut_is_placed(text, message, offset, size):
    with pytest.raises(SqlSyntaxError) as caught:
        list(statements(cut(text, size)))
    assert (str(caught.value), caught.value.offset) == (message, offset)


@pytest.mark.parametrize("text", ["", ";;", "-- only a comment", "/* only */ ; -- comments\n"])
def test_nothing_to_run_gives_no_statement(text):
    assert list(statements([text])) == []


def test_the_guard_lines_of_pg_dump_are_passed_over():
    text = "\\restrict aB3\n\nSELECT 1;\n\n\\unrestrict aB3\n"
    assert [s.text for s in statements([text])] == ["SELECT 1"]


def test_words_are_the_leading_keywords_outside_parentheses():
    (statement,) = statements(["reindex (verbose) index CONCURRENTLY i"])
    assert statement.words == ("REINDEX", "INDEX", "CONCURRENTLY", "I")
    assert statement.concurrently


def test_a_routine_without_atomic_body_ends_at_its_semicolon():
    text = "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$; SELECT 1"
    assert len(list(statements([text]))) == 2
