"""Which columns a CHECK proves to hold no NULL.

Source: PostgreSQL manual, ALTER TABLE, SET NOT NULL; predicate_implied_by in the server's predtest.c, which reads
conjunctions and `NOT (column IS NULL)`, but takes no comparison as a proof: a CHECK accepts NULL as its result.
"""

from __future__ import annotations

from runner.files.sqltext.phrase import Phrase


def never_null(phrase: Phrase, index: int, end: int) -> frozenset[str]:
    """Return the columns of CHECK (column IS NOT NULL AND …), or of NOT NULL column."""
    if phrase.stands(index, "NOT", "NULL"):
        column, _ = phrase.name(index + 2, end=end)
        return frozenset() if column is None else frozenset({column.name})
    if not phrase.stands(index, "CHECK", "("):
        return frozenset()
    return frozenset(_proven(phrase, index + 1, _close(phrase, index + 1, end) + 1))


def _close(phrase: Phrase, opened: int, end: int) -> int:
    found = phrase.find(")", start=opened, end=end, depth=phrase.depths[opened])
    return end - 1 if found < 0 else found


def _proven(phrase: Phrase, start: int, end: int) -> set[str]:
    """Return the columns of a condition between two places."""
    start, end = _stripped(phrase, start, end)
    if start >= end:
        return set()
    depth = phrase.depths[start]
    if phrase.find("OR", start=start, end=end, depth=depth) >= 0:
        return set()
    both = phrase.find("AND", start=start, end=end, depth=depth)
    between = phrase.find("BETWEEN", start=start, end=end, depth=depth)
    if both >= 0 and between < 0:
        return _proven(phrase, start, both) | _proven(phrase, both + 1, end)
    return _single(phrase, start, end)


def _single(phrase: Phrase, start: int, end: int) -> set[str]:
    wanted = ["IS", "NOT", "NULL"]
    if phrase.stands(start, "NOT"):
        start, end = _stripped(phrase, start + 1, end)
        wanted = ["IS", "NULL"]
    tested = end - len(wanted)
    if tested <= start or phrase.words[tested:end] != wanted:
        return set()
    start, tested = _stripped(phrase, start, tested)
    column, after = phrase.name(start, end=tested)
    return {column.name} if column is not None and after == tested else set()


def _stripped(phrase: Phrase, start: int, end: int) -> tuple[int, int]:
    """Return what is left between two places without the brackets around all of it."""
    while phrase.stands(start, "(") and _close(phrase, start, end) == end - 1:
        start, end = start + 1, end - 1
    return start, end
