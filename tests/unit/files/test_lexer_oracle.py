"""PostgreSQL's own scanner and parser, through pglast, say where statements are."""

from __future__ import annotations

import pytest
from hypothesis import example, given

from runner.files.sqltext.lexer import statements
from runner.files.sqltext.tokens import SqlSyntaxError, without_comments
from tests.unit.files.sql_texts import broken_soup, files, soup

pglast = pytest.importorskip("pglast", reason="pglast, the oracle, has no wheel for this Python")
from pglast.parser import ParseError, scan  # noqa: E402

Span = tuple[int, int]
_COMMENTS = {"SQL_COMMENT", "C_COMMENT"}


def found(text: str) -> list[Span]:
    return [(s.start, s.end) for s in statements([text])]


def scanned(text: str) -> list[tuple[str, int, int]]:
    """Return the scanner's tokens, without comments."""
    return [(t.name, t.start, t.end + 1) for t in scan(text) if t.name not in _COMMENTS]


def between_semicolons(text: str) -> list[Span]:
    spans: list[Span] = []
    starts_anew = True
    for name, start, end in scanned(text):
        if name == "ASCII_59":
            starts_anew = True
        elif starts_anew:
            spans.append((start, end))
            starts_anew = False
        else:
            spans[-1] = (spans[-1][0], end)
    return spans


def parsed(text: str) -> list[Span]:
    """Return where the parser's statements begin, and where their last token ends."""
    tokens = scanned(text)
    spans = []
    for piece in pglast.split(text, only_slices=True):
        inside = [t for t in tokens if piece.start <= t[1] < piece.stop]
        spans.append((inside[0][1], inside[-1][2]))
    return spans


@given(soup)
@example("SELECT E'a' -- it's\n '\\'; b';")
@example("$1E'\\';'")
@example("☃E'\\'; --'")
@example("SELECT E'a\\';', 'b'; SELECT 1")
def test_tokens_end_where_the_servers_scanner_ends_them(text):
    try:
        expected = between_semicolons(text)
    except ParseError:
        return  # a letter after a number and the like: an error wherever the statement ends
    if any(name == "ASCII_92" for name, _, _ in scanned(text)):
        with pytest.raises(SqlSyntaxError, match="psql command"):
            found(text)
        return
    assert found(text) == expected


@given(broken_soup)
def test_what_the_servers_scanner_finds_open_is_refused_there(text):
    try:
        scan(text)
    except ParseError as error:
        if "unterminated" not in str(error):
            return
        with pytest.raises(SqlSyntaxError) as caught:
            found(text)
        assert str(caught.value).startswith(("unterminated", "psql command"))


@given(files())
def test_statements_end_where_the_servers_parser_ends_them(text):
    assert found(text) == parsed(text)


@given(files())
def test_without_comments_the_same_tokens_remain(text):
    stripped = without_comments(text)
    assert [name for name, _, _ in scanned(stripped)] == [name for name, _, _ in scanned(text)]
    assert len(scan(stripped)) == len(scanned(stripped))
