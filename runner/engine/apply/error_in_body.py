"""Find the place of an error inside the body of a DO, or of a function that is being created.

The server counts there from the beginning of the body, or of a query that the body runs, not of what was sent.

Source: PostgreSQL manual, "Error and Notice Message Fields", internal position, internal query and context.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from psycopg.errors import Diagnostic

from runner.files.sqltext.tokens import tokens

# in every language of the server's messages: the name of the frame, and the next number is the line
_LINE_OF_DO = re.compile(r"\binline_code_block\D+(?P<line>\d+)")
_OTHER_FRAME = re.compile(r"^.*\(.*\)\D+\d+", re.MULTILINE)
_BEFORE_PG14 = "SELECT "  # is put before an expression


@dataclass(frozen=True, slots=True)
class Body:
    """A string of a statement, with the offset of each of its characters where quotes are doubled."""

    text: str
    start: int
    doubled: tuple[int, ...] = ()

    def offset(self, index: int) -> int:
        """Return the offset in the statement of a character of the body."""
        return self.start + index + sum(quote < index for quote in self.doubled)


def inside(statement: str, diag: Diagnostic) -> int | None:
    """Return the offset in a statement at which an error inside its body stands, None where that is not known."""
    query, position = diag.internal_query, int(diag.internal_position or 0)
    bodies = list(_bodies(statement))
    for body in bodies:
        if body.text == query and position:
            return body.offset(position - 1)
    frame = _LINE_OF_DO.search(diag.context or "")
    if frame is None or not bodies:
        return None
    body = max(bodies, key=lambda body: len(body.text))
    line = _line_start(body.text, int(frame["line"]))
    if line is None:
        return None
    called = _OTHER_FRAME.search((diag.context or "")[: frame.start()]) is not None
    if query and position and not called:
        for text, cut in ((query, 0), (query.removeprefix(_BEFORE_PG14), len(_BEFORE_PG14))):
            found = body.text.find(text, line)
            if found >= 0 and position > cut:
                return body.offset(found + position - 1 - (cut if text != query else 0))
    end = body.text.find("\n", line)
    first = body.text[line : None if end < 0 else end]
    return body.offset(line + len(first) - len(first.lstrip()))


def is_body(statement: str, query: str) -> bool:
    """Return whether a query is a whole body of the statement, which the file shows."""
    return any(body.text == query for body in _bodies(statement))


def _bodies(statement: str) -> Iterator[Body]:
    for token in tokens(statement):
        if token.kind == "dollar":
            tag = token.text.index("$", 1) + 1
            yield Body(token.text[tag:-tag], token.start + tag)
        elif token.kind == "string" or (token.kind == "escape" and "\\" not in token.text):
            opening = token.text.index("'") + 1
            written = token.text[opening:-1]
            quotes = [match.start() for match in re.finditer("''", written)]
            # counted in the body, where each of the doubled quotes before is one
            doubled = tuple(place - n for n, place in enumerate(quotes))
            yield Body(written.replace("''", "'"), token.start + opening, doubled)


def _line_start(text: str, line: int) -> int | None:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
        if not start:
            return None
    return start
