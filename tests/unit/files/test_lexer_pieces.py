"""However a text is cut into pieces, and whatever it holds: the same statements, in linear work and flat memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.files.sqltext import tokens
from runner.files.sqltext.leading_comment import leading_directives
from runner.files.sqltext.lexer import Statement, statements
from runner.files.sqltext.tokens import SqlSyntaxError, without_comments
from tests.unit.files.sql_texts import broken_soup, files, garbage

_DATA_LINES = [
    "1\t2\n",
    "COMMIT;\n",
    "'\n",
    "\\N\n",
    "-- depends: x\n",
    "\\.x\n",
    "\\\\.\n",
    "\n",
    " \\.\n",
    "$$\r\n",
]


@st.composite
def copies(draw: st.DrawFn) -> tuple[str, str]:
    """Return COPY … FROM stdin with its data, and the data."""
    data = "".join(draw(st.lists(st.sampled_from(_DATA_LINES), max_size=4)))
    head = draw(st.sampled_from(["COPY t FROM stdin", "copy s.t (a, b) from STDIN with (format csv)"]))
    after = draw(st.sampled_from(["\n", "\r\n", " -- data;\n", "\t\n"]))
    end = draw(st.sampled_from(["\\.\n", "\\.\r\n", "\\. \n"]))
    return f"{head};{after}{data}{end}", data


anything = st.one_of(
    broken_soup,
    garbage,
    files(),
    st.lists(st.one_of(copies().map(lambda copy: copy[0]), files()), max_size=3).map("".join),
    st.sampled_from(["\\restrict aB3\n", "\\restrict aB3\r\n", "\\d t", "SELECT 1 \\gset"]),
)
Outcome = list[Statement] | tuple[str, int]


def outcome(pieces: list[str]) -> Outcome:
    try:
        return list(statements(pieces))
    except SqlSyntaxError as error:
        return str(error), error.offset


def statements_before_the_error(text: str) -> Iterator[Statement]:
    with suppress(SqlSyntaxError):
        yield from statements([text])


@given(anything)
@example("E'a' -- it's\r\n '\\'';/*/* */ */$a$ $a$ \"b\"\"c\";SELECT 1e+5 - - 1")
@example("COPY t FROM stdin;\n1\n\\.\r\nSELECT 1;")
@example("COPY t FROM stdin;\n\\.x\n\\.\n")
@example("\\restrict a\r\nSELECT $é$;$é$")
def test_a_cut_anywhere_changes_nothing(text):
    text = text[:150]  # each cut reads it once more
    whole = outcome([text])
    for at in range(len(text) + 1):
        assert outcome([text[:at], text[at:]]) == whole


@given(anything, st.lists(st.integers(1, 7), min_size=1, max_size=5))
def test_many_cuts_change_nothing(text, sizes):
    pieces, at = [], 0
    while at < len(text):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[at : at + size])
        at += size
    assert outcome(pieces) == outcome([text])
    assert outcome(["", *pieces, ""]) == outcome([text])


@given(anything)
def test_each_statement_stands_in_the_text_after_the_one_before(text):
    end = 0
    for statement in statements_before_the_error(text):
        assert statement.start >= end
        assert text[statement.start : statement.end] == statement.text
        end = statement.end


@given(st.lists(copies(), min_size=1, max_size=3))
def test_data_reaches_copy_as_it_is_written(found):
    text = "SELECT 1;".join(copy for copy, _ in found)
    assert [s.copy_data for s in statements([text]) if s.words != ("SELECT",)] == [data for _, data in found]


@given(st.one_of(anything, st.text()))
def test_nothing_but_a_syntax_error_comes_of_any_text(text):
    for read in (outcome, without_comments, leading_directives):
        with suppress(SqlSyntaxError):
            list(read(text))


class _Counted:
    """A pattern that counts the characters it passes over, up to the edge where it finds an open quote."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self.characters = 0

    def match(self, text: str, pos: int) -> re.Match[str] | None:
        found = self._pattern.match(text, pos)
        is_open = found is None or (found.lastgroup or "").startswith("open")
        self.characters += len(text) - pos if is_open or found is None else found.end() - pos
        return found


HARD = {
    "one-row inserts": "INSERT INTO t VALUES (1, 'it''s');\n",
    "escape strings": "SELECT E'a\\'b', E'c';\n",
    "escape strings that go on": "SELECT E'a' -- c\n 'b\\'c';\n",
    "comments": "-- it's\n/* ; */ SELECT 1;\n",
    "only comments": "-- a\n",
    "empty statements": ";",
    "dollars": "$ $1 $a ",
    "dollar strings": "DO $a$ x $$ $a$;\n",
    "loads": "COPY t FROM stdin;\n1\n\\.\n",
    "parentheses": "((()",
    "bodies": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END;\n",
    "quoted names": '"a""b" . ',
    "spaces": "   \n",
    "slashes and dashes": "/ - * ",
}
LONG = {
    "string": "SELECT '{}'",
    "escape string": "SELECT E'{}'",
    "quoted name": 'SELECT "{}"',
    "dollar string": "SELECT $a${}$a$",
    "comment": "/* {} */ SELECT 1",
    "line comment": "-- {}\nSELECT 1",
    "nested comments": "/*{}*/ SELECT 1",
    "load": "COPY t FROM stdin;\n{}\n\\.\n",
    "name": "SELECT {}",
}


def _work(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many characters the lexer reads and moves for a text that comes in pieces of a size."""
    counted = _Counted(tokens._TOKEN)
    moved = 0

    def counting(move: Callable[[tokens.Reader], Any]) -> Callable[[tokens.Reader], Any]:
        def count(reader: tokens.Reader) -> Any:
            nonlocal moved
            before = reader.text
            result = move(reader)
            moved += len(reader.text) if reader.text is not before else 0
            return result

        return count

    with monkeypatch.context() as patched:
        patched.setattr(tokens, "_TOKEN", counted)
        patched.setattr(tokens.Reader, "grow", counting(tokens.Reader.grow))
        patched.setattr(tokens.Reader, "forget", counting(tokens.Reader.forget))
        for _ in statements(text[n : n + size] for n in range(0, len(text), size)):
            pass
    return counted.characters + moved


@pytest.mark.slow
@pytest.mark.parametrize("size", [64, 1 << 20])
@pytest.mark.parametrize("pattern", HARD.values(), ids=HARD)
def test_work_grows_with_the_length_of_a_file(pattern, size, monkeypatch):
    short, long = (
        _work(pattern * (length // len(pattern)), size, monkeypatch) for length in (10_000, 80_000)
    )
    assert long < 9 * short


@pytest.mark.slow
@pytest.mark.parametrize("pattern", LONG.values(), ids=LONG)
def test_work_grows_with_the_length_of_a_token(pattern, monkeypatch):
    short, long = (_work(pattern.format("ab" * length), 64, monkeypatch) for length in (8_000, 64_000))
    assert long < 9 * short


def _inserts(size: int) -> Iterator[str]:
    block = "INSERT INTO app.orders (id, note) VALUES (12345, 'it''s a note');\n" * 1000
    for _ in range(size // len(block)):
        yield block


@pytest.mark.slow
def test_a_long_file_is_held_a_piece_at_a_time(monkeypatch):
    held = 0
    grow = tokens.Reader.grow

    def measured(reader: tokens.Reader) -> bool:
        nonlocal held
        grown = grow(reader)
        held = max(held, len(reader.text))
        return grown

    monkeypatch.setattr(tokens.Reader, "grow", measured)
    assert sum(1 for _ in statements(_inserts(20 << 20))) == 317_000
    assert held < 1 << 18
