"""Directives: comments of the form `-- name: value` before the first statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from runner.files.sqltext.tokens import SqlSyntaxError, Token, tokens

_LINE = re.compile(r"[^\n\r]+")
# a name in lower case at the start of a comment's line; "https://…" is an address, not a directive
_DIRECTIVE = re.compile(r"[ \t*]*(?P<name>[a-z][a-z_-]*)[ \t]*:(?!//|=)[ \t]*(?P<value>.*?)[ \t]*$")


class Directive(NamedTuple):
    """One `name: value`; `offset` is where the name starts and `value_offset` where the value does, in characters."""

    name: str
    value: str
    offset: int
    value_offset: int


def leading_directives(text: str) -> Iterator[Directive]:
    """Yield possible directives from the line and block comments before the first statement."""
    for line, offset in leading_lines(text):
        if (found := directive_in(line, offset)) is not None:
            yield found


def leading_lines(text: str) -> Iterator[tuple[str, int]]:
    """Yield the lines of the comments before the first statement, each with its offset."""
    try:
        for token in tokens(text):
            if not token.is_comment:
                return
            yield from lines_in(token)
    except SqlSyntaxError:
        return  # reported when the statements are read


def lines_in(comment: Token) -> Iterator[tuple[str, int]]:
    """Yield the lines inside one comment, each with its offset."""
    inside = comment.text[2:] if comment.kind == "comment" else comment.text[2:-2]
    for line in _LINE.finditer(inside):
        yield line[0], comment.start + 2 + line.start()


def directive_in(line: str, offset: int) -> Directive | None:
    """Return the possible directive in a comment's line that starts at `offset`."""
    found = _DIRECTIVE.match(line)
    if found is None:
        return None
    return Directive(
        found["name"], found["value"], offset + found.start("name"), offset + found.start("value")
    )
