"""The statements that a DO block runs, as far as they stand in it as they are run.

A function's body is no part of this: it runs when it is called. Nor is a statement that EXECUTE puts together.

Source: PostgreSQL manual, "PL/pgSQL", the structure of a block and its control structures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.files.sqltext.lexer import Statement, statements
from runner.files.sqltext.tokens import SqlSyntaxError, Token, keywords, tokens

_RUN = frozenset({
    "CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "GRANT", "REVOKE", "REINDEX", "REFRESH",
    "LOCK", "COMMENT", "MERGE", "CLUSTER",
})  # fmt: skip
_OPENS = frozenset({"BEGIN", "ELSE", "LOOP", "THEN", "EXCEPTION"})
_HAS_A_CONDITION = frozenset({"IF", "ELSIF", "ELSEIF", "WHEN", "WHILE", "FOR", "FOREACH", "CASE"})
_ENDS_A_CONDITION = frozenset({"THEN", "LOOP"})
_DEPTH = {"(": 1, "[": 1, ")": -1, "]": -1}
_LEADING_WORDS = 8


def inner(statement: Statement) -> Iterator[Statement]:
    """Yield the statements of a DO block, at their places in the file."""
    if statement.words[:1] != ("DO",):
        return
    words = list(statement.words)
    if "LANGUAGE" in words and words[words.index("LANGUAGE") + 1 :][:1] != ["PLPGSQL"]:
        return
    quoted = (t for t in tokens(statement.text) if t.kind in {"dollar", "string"})
    body = max(quoted, key=lambda token: len(token.text), default=None)  # the other is the language
    if body is not None:
        text, start = unquoted(body)
        try:
            yield from _of_block(text, statement.start + start)
        except SqlSyntaxError:  # the server will refuse it, and says more
            return


def unquoted(token: Token) -> tuple[str, int]:
    """Return what a quoted text holds, and where that begins; a doubled quote moves what follows by one character."""
    size = token.text.index("$", 1) + 1 if token.kind == "dollar" else token.text.index("'") + 1
    text = token.text[size : -size if token.kind == "dollar" else -1]
    return (text if token.kind == "dollar" else text.replace("''", "'")), token.start + size


def _of_block(text: str, base: int) -> Iterator[Statement]:
    segment: list[Token] = []
    depth = 0
    for token in tokens(text):
        if token.is_comment:
            continue
        depth = max(0, depth + _DEPTH.get(token.text, 0))
        if token.text == ";" and not depth:
            yield from _of_segment(text, segment, token.start, base)
            segment = []
        else:
            segment.append(token)


def _of_segment(text: str, segment: Sequence[Token], end: int, base: int) -> Iterator[Statement]:
    index = 0
    while index < len(segment):
        token = segment[index]
        word = token.text.upper()
        if word in _RUN:
            yield _statement(text[token.start : end].rstrip(), base + token.start)
            return
        if word == "EXECUTE":
            yield from _executed(segment[index + 1 :], base)
            return
        if word in _OPENS:
            index += 1
        elif word in _HAS_A_CONDITION:
            index = _after(segment, index, _ENDS_A_CONDITION)
        elif word == "<":  # <<label>>
            index = _after(segment, index, {">"})
        elif word == ">":
            index += 1
        else:
            return


def _after(segment: Sequence[Token], index: int, ends: frozenset[str] | set[str]) -> int:
    depth = 0
    for at in range(index, len(segment)):
        depth += _DEPTH.get(segment[at].text, 0)
        if not depth and segment[at].text.upper() in ends:
            return at + 1
    return len(segment)


def _executed(rest: Sequence[Token], base: int) -> Iterator[Statement]:
    """Yield the statements of EXECUTE 'literal', which nothing is appended to."""
    if (
        rest
        and rest[0].kind in {"dollar", "string"}
        and (len(rest) == 1 or rest[1].text.upper() in {"USING", "INTO"})
    ):
        text, start = unquoted(rest[0])
        for found in statements([text]):
            yield _statement(found.text, base + start + found.start)


def _statement(text: str, start: int) -> Statement:
    words = keywords(text)
    return Statement(
        text=text, start=start, words=tuple(words[:_LEADING_WORDS]), concurrently="CONCURRENTLY" in words
    )
