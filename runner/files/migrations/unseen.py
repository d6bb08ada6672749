"""Characters that look like a space or like nothing: to a reader the line is a directive, to a program it is not.

Source: Unicode, general categories Z*, C*, and the property Default_Ignorable_Code_Point.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and a Braille cell without ink
_NOTHING = frozenset(
    map(chr, (0x034F, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), 0x1D159))
) | frozenset(map(chr, (0x2065, *range(0xFFF0, 0xFFF9), *range(0xE0000, 0xE1000))))
_LINE_ENDS = re.compile("[\v\f\x85\u2028\u2029]")  # an editor may begin a new line here; PostgreSQL does not
_NAMED = {"\ufeff": "BYTE ORDER MARK"}


class Reading(NamedTuple):
    """A comment's line, or what looks like one, as it is seen."""

    line: str  # as it looks
    character: str  # the first one that is not seen, as it is called
    offset: int  # of that character


def is_plain(line: str) -> bool:
    """Return whether all characters of a line can be seen, at little cost."""
    return line.isascii() and line.isprintable()


def is_blank(text: str) -> bool:
    """Return whether nothing of a text can be seen."""
    return all(letter in " \t" or _kind(letter) for letter in text)


def readings(line: str, offset: int) -> Iterator[Reading]:
    """Yield the lines that a line with unseen characters looks like; none without such a character."""
    found = next((at for at, letter in enumerate(line) if _kind(letter)), None)
    if found is None:
        return
    name, place = _called(line[found]), offset + found
    for part in dict.fromkeys((line, *_LINE_ENDS.split(line))):
        yield Reading(as_seen(part), name, place)
        yield Reading("".join(" " if _kind(letter) else letter for letter in part), name, place)


def as_seen(text: str) -> str:
    """Return a text without the characters that cannot be seen, and with a space for each that looks like one."""
    return text if is_plain(text) else "".join(_SEEN.get(_kind(letter), letter) for letter in text)


_SEEN = {"blank": " ", "nothing": ""}


def _kind(letter: str) -> str:
    if letter in " \t" or "!" <= letter <= "~":
        return ""
    category = unicodedata.category(letter)
    if category.startswith("Z") or letter in _BLANKS:
        return "blank"
    return "nothing" if category in {"Cc", "Cf"} or letter in _NOTHING else ""


def _called(letter: str) -> str:
    name: str = _NAMED.get(letter, unicodedata.name(letter, ""))
    return f"U+{ord(letter):04X} {name.lower()}".rstrip()
