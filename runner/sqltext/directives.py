"""Directives: comments of the form `-- name: value` before the first statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runner.sqltext.tokens import SqlSyntaxError, Token, tokens

_LINE = re.compile(r"[^\n\r]+")
# a name in lower case at the start of a comment's line; "https://…" is an address, not a directive
_DIRECTIVE = re.compile(r"[ \t*]*(?P<name>[a-z][a-z_-]*)[ \t]*:(?!//)[ \t]*(?P<value>.*?)[ \t]*$")


@dataclass(frozen=True, slots=True)
class Directive:
    """One `name: value`; `offset` is where the name starts and `value_offset` where the value does, in characters."""

    name: str
    value: str
    offset: int
    value_offset: int


def leading_directives(text: str) -> Iterator[Directive]:
    """Yield what looks like a directive in the comments before the first statement, in line or block comments."""
    try:
        for token in tokens(text):
            if not token.is_comment:
                return
            yield from directives_in(token)
    except SqlSyntaxError:
        return  # whoever reads the statements says so


def directives_in(comment: Token) -> Iterator[Directive]:
    """Yield what looks like a directive in one comment, wherever it stands."""
    inside = comment.text[2:] if comment.kind == "comment" else comment.text[2:-2]
    for line in _LINE.finditer(inside):
        found = _DIRECTIVE.match(line[0])
        if found is not None:
            start = comment.start + 2 + line.start()
            yield Directive(
                found["name"], found["value"], start + found.start("name"), start + found.start("value")
            )
