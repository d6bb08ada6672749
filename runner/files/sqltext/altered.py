"""Find the existing table that a statement must own."""

from __future__ import annotations

import re

from runner.files.sqltext.identifiers import NAME
from runner.files.sqltext.lexer import Statement
from runner.files.sqltext.tokens import without_comments

_QUALIFIED = rf"(?P<table>{NAME}(?:\s*\.\s*{NAME})?)"
# Source: PostgreSQL manual, "Notes" or "Description" of each command: "You must own the table".
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?!ALL\s+IN\b){_QUALIFIED}",
        rf"DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?{_QUALIFIED}",
        rf"CREATE\s+(?:UNIQUE\s+)?INDEX\b.*?\bON\s+(?:ONLY\s+)?{_QUALIFIED}\s*(?:USING\b|\()",
        rf"COMMENT\s+ON\s+TABLE\s+{_QUALIFIED}\s+IS\b",
    )
]
_FIRST_WORDS = {("ALTER",), ("DROP",), ("CREATE",), ("COMMENT",)}


def altered_table(statement: Statement) -> str | None:
    """Return the table, as written, if the statement needs its owner; None for any other statement."""
    if statement.words[:1] not in _FIRST_WORDS:  # there may be none: (SELECT 1)
        return None
    text = without_comments(statement.text)
    return next((found["table"] for pattern in _PATTERNS if (found := pattern.match(text))), None)
