"""Lines for a terminal of 80 columns: broken between words, never within one."""

from __future__ import annotations

import re
from collections.abc import Iterator

WIDTH = 80
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# What is quoted stays whole, so that SQL stays the same; an apostrophe after a letter quotes nothing.
_WORD = re.compile(r"(?:(?<!\w)'(?:[^']|'')*'|(?<!\w)\"[^\"]*\"|\S)+")
_EXCERPT = re.compile(r"\s*\d* \| ")  # a line of a file, below which a mark stands


def folded(text: str, width: int = WIDTH) -> Iterator[str]:
    """Yield each line of a text, broken where it is wider than `width` columns; colours do not count.

    What follows is indented by two columns more; of an SQL comment each part is one.
    """
    for line in text.split("\n"):
        plain = _COLOUR.sub("", line)
        if len(plain) <= width or _EXCERPT.match(plain):
            yield line
        else:
            yield from _broken(line, plain, width)


def _broken(line: str, plain: str, width: int) -> Iterator[str]:
    start = plain[: len(plain) - len(plain.lstrip())]
    following = f"{start}-- " if plain.lstrip().startswith("-- ") else f"{start}  "
    at, used, is_first = 0, 0, True
    part = ""
    for word in _WORD.finditer(line):
        columns = len(_COLOUR.sub("", word[0]))
        gap = line[at : word.start()]
        if not is_first and used + len(gap) + columns > width:
            yield part
            part, used = f"{following}{word[0]}", len(following) + columns
        else:
            part, used = f"{part}{gap}{word[0]}", used + len(gap) + columns
        at, is_first = word.end(), False
    yield part
