"""Transaction control in a file is refused exactly where PostgreSQL's parser sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import FileError
from runner.files.migrations.migration import Script
from runner.files.migrations.units import check_script, ends_with_semicolon, segments
from tests.unit.files.sql_texts import gaps, statement_texts

pglast = pytest.importorskip("pglast", reason="pglast, the oracle, has no wheel for this Python")
from pglast import ast, enums  # noqa: E402

_KINDS = enums.TransactionStmtKind
_SAVEPOINTS = {_KINDS.TRANS_STMT_SAVEPOINT, _KINDS.TRANS_STMT_RELEASE, _KINDS.TRANS_STMT_ROLLBACK_TO}

_CONTROL = [
    "BEGIN", "BEGIN WORK", "BEGIN TRANSACTION READ ONLY", "START TRANSACTION", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "COMMIT", "COMMIT WORK", "COMMIT AND CHAIN", "COMMIT TRANSACTION AND NO CHAIN", "END", "END TRANSACTION",
    "ROLLBACK", "ROLLBACK WORK", "ROLLBACK AND CHAIN", "ABORT", "ABORT TRANSACTION", "PREPARE TRANSACTION 'to'",
    "PREPARE TRANSACTION E'as'", "COMMIT PREPARED 'x'", "ROLLBACK PREPARED 'to'",
    "SAVEPOINT a", 'SAVEPOINT "commit"', "SAVEPOINT transaction", "RELEASE a", "RELEASE SAVEPOINT a", "ROLLBACK TO a",
    "ROLLBACK TRANSACTION TO SAVEPOINT a", "ABORT", "ROLLBACK WORK TO begin",
]  # fmt: skip
_DECOYS = [
    "PREPARE transaction AS SELECT 1", "PREPARE begin (int) AS SELECT $1", "PREPARE transaction (int) AS SELECT $1",
    "DEALLOCATE transaction", "SET TRANSACTION READ ONLY", "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "SELECT 'x; COMMIT;'", "DO $$ BEGIN COMMIT; END $$", "SELECT 1 AS commit", "CREATE TABLE commit (rollback int)",
    "LOCK TABLE begin", "COMMENT ON TABLE t IS 'ROLLBACK;'", "DECLARE c CURSOR FOR SELECT 1", "CALL commit()",
]  # fmt: skip
_REFUSED = ("transaction control", "COMMIT PREPARED", "ROLLBACK PREPARED")
_letters = st.sampled_from([str.upper, str.lower, str.title, str.swapcase])


def _spelled(text: str, letters: st.SearchStrategy, space: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Vary the case of words and the space between them, outside quotes."""
    if any(quote in text for quote in "'\"$("):
        return space.map(
            lambda gap: text.replace(" ", f" {gap} ", 1) if text.startswith(("PREPARE", "COMMIT")) else text
        )
    return st.tuples(letters, space).map(lambda found: f" {found[1]} ".join(map(found[0], text.split())))


_control = st.sampled_from(_CONTROL).flatmap(lambda text: _spelled(text, _letters, gaps))
_decoys = st.sampled_from(_DECOYS).flatmap(lambda text: _spelled(text, st.just(str), gaps))
_statements = st.one_of(_control, _decoys, _decoys, _decoys, statement_texts())


def script(text: str, *, transactional: bool = True) -> Script:
    return Script(
        path=Path("a.sql"),
        label="a.sql",
        text=text,
        checksum="",
        size_bytes=len(text),
        transactional=transactional,
    )


def refusal(text: str) -> str | None:
    try:
        check_script(script(text))
    except FileError as error:
        return error.message
    return None


def controls(text: str) -> list[ast.TransactionStmt]:
    found = [raw.stmt for raw in pglast.parse_sql(text)]
    return [node for node in found if isinstance(node, ast.TransactionStmt) and node.kind not in _SAVEPOINTS]


@pytest.mark.parametrize("text", [*_CONTROL, *_DECOYS])
def test_each_form_of_transaction_control_is_known(text):
    assert (refusal(f"SELECT 1; {text}") is None) == (not controls(text))


@given(st.lists(_statements, max_size=5), gaps)
def test_transaction_control_is_refused_and_nothing_else(found, gap):
    # a first statement keeps BEGIN from being taken for the wrapping of the whole file
    text = f"{gap};".join(["SELECT 1", *found])
    refused = refusal(text)
    assert (refused is None) == (not controls(text))
    assert refused is None or refused.startswith(_REFUSED)


@given(
    st.sampled_from(["BEGIN", "begin work", "Start/**/Transaction", "BEGIN -- c\n TRANSACTION"]),
    st.lists(st.one_of(_decoys, statement_texts()), min_size=1, max_size=3),
    st.sampled_from(["COMMIT", "end", "commit work", "END /* ; */ TRANSACTION"]),
    gaps,
)
def test_one_transaction_around_the_whole_file_is_taken_off(begin, found, end, gap):
    text = f"{gap};".join([begin, *found, end])
    within = f"{gap};".join(found)
    refused = refusal(text)
    assert (refused is None) == (not controls(within))
    if refused is None:
        sent = [statement.text for segment in segments(script(text)) for statement in segment.statements]
        assert len(sent) == len(pglast.parse_sql(within))


@given(
    st.lists(_decoys, max_size=4),
    st.sampled_from(["", ";", " ; -- c", "/* ; */", "-- ;", "; /* /* ; */ ; */"]),
    gaps,
)
def test_it_is_known_whether_the_last_statement_is_closed(found, end, gap):
    text = f"{gap};".join(found) + end
    last = [
        token.name for token in pglast.parser.scan(text) if token.name not in {"SQL_COMMENT", "C_COMMENT"}
    ][-1:]
    assert ends_with_semicolon(script(text)) == (last in ([], ["ASCII_59"]))


@given(st.lists(st.one_of(_decoys, statement_texts()), max_size=3), gaps)
def test_a_file_is_sent_as_it_is_written(found, gap):
    text = f"{gap};".join(found)
    if refusal(text) is None:
        assert [segment.text for segment in segments(script(text))] == [text]
