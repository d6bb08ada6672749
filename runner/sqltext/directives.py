"""Directives: comments of the form `-- name: value` before the first statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LEADING = re.compile(
    r"\s++ | (?P<line>--[^\n]*+) | /\*(?P<block>(?:(?!/\*|\*/).)*+)\*/", re.VERBOSE | re.DOTALL
)
# a name in lower case at the start of a comment's line; "https://…" is an address, not a directive
_DIRECTIVE = re.compile(
    r"[ \t*]*(?P<name>[a-z][a-z_-]*)[ \t]*:(?!//)[ \t]*(?P<value>[^\n]*?)[ \t\r]*$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Directive:
    """One `name: value`; `offset` is where the name starts and `value_offset` where the value does, in characters."""

    name: str
    value: str
    offset: int
    value_offset: int


def leading_directives(text: str) -> Iterator[Directive]:
    """Yield what looks like a directive in the comments before the first statement, in line or block comments."""
    pos = 0
    while (match := _LEADING.match(text, pos)) is not None:
        pos = match.end()
        for group, skip in (("line", 2), ("block", 0)):
            comment = match[group]
            if comment is None:
                continue
            start = match.start(group)
            for found in _DIRECTIVE.finditer(comment, skip):
                at_line_start = found.start() == skip or comment[found.start() - 1] == "\n"
                if at_line_start:
                    yield Directive(
                        found["name"],
                        found["value"],
                        start + found.start("name"),
                        start + found.start("value"),
                    )
