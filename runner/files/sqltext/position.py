"""Convert offsets to lines and columns, counted from 1, in characters."""

from __future__ import annotations


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the line and column of the character at `offset`."""
    line = text.count("\n", 0, offset) + 1
    return line, offset - (text.rfind("\n", 0, offset) + 1) + 1


def line_at(text: str, offset: int) -> str:
    """Return the line that contains `offset`, without its line ending."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return text[start : None if end < 0 else end].rstrip("\r")
