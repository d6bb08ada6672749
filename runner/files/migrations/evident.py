"""Distinguish a miswritten directive from prose.

Miswritten means: another case, `=` or nothing instead of the colon, a dash or another sign before it, up to two
wrong letters. A name that is also an English word counts as a directive only if the value fits, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

NAMES = (
    "depends",
    "transactional",
    "irreversible",
    "lock_timeout",
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "concurrently_timeout",
    "lock_retries",
    "max_blocked",
    "batch",
    "parallel",
    "copy",
    "lint",
)
_WORDS = frozenset({"depends", "parallel", "batch", "copy", "lint"})  # of English: branch, patch, code, link
_MOST = 2  # letters that may differ
_SEPARATED = re.compile(
    r"[ \t*]*(?P<noise>[-#>!@+.•]*)[ \t]*(?P<name>[A-Za-z][\w-]*(?:[ \t][\w-]+){0,4}?)[ \t]*"
    r"(?P<sign>:=|->|=>|[:=：﹕∶꞉;]|-(?=[ \t]))(?!//)[ \t]*(?P<value>.*?)[ \t]*$"
)
_UNSEPARATED = re.compile(
    r"[ \t*]*(?P<noise>[-#>!@+.•]*)[ \t]*(?P<name>[A-Za-z][\w-]*)(?:[ \t]+(?P<value>.*?))?[ \t]*$"
)
_EXAMPLES = {"irreversible": "why there is no way back"}
_SYNONYMS = {"depends_on": "depends", "depend_on": "depends"}


class Evident(NamedTuple):
    """A line that is evidently meant as a directive, but is not written as one."""

    written: str  # its name as written
    name: str  # of the directive that is meant
    offset: int
    is_misspelt: bool  # by a letter, not by its case or a sign
    right: str  # the line as it should be


def evident(line: str, offset: int, fits: Callable[[str, str], bool]) -> Evident | None:
    """Return the directive that a comment's line was meant to be, None for prose.

    `fits` returns whether a value fits a directive. The line must not be a correct directive.
    """
    for pattern in (_SEPARATED, _UNSEPARATED):
        match = pattern.match(line)
        if match is None:
            continue
        name = nearest_name(_plain(match["name"]))
        if name is None:
            continue
        value = match["value"] or ""
        if pattern is _SEPARATED:
            meant = _is_sure(match, name) or fits(name, _cleaned(value))
        elif name == "irreversible":  # "irreversible because" is prose
            meant = not value and match["name"].islower()
        else:
            meant = bool(value) and fits(name, _cleaned(value))
        if meant:
            return Evident(
                match["name"],
                name,
                offset + match.start("name"),
                _plain(match["name"]) != name,
                f"-- {name}: {_cleaned(value) or _EXAMPLES.get(name, '')}".rstrip(),
            )
    return None


def _is_sure(match: re.Match[str], name: str) -> bool:
    """Return whether the name alone shows that a directive is meant, as it is not an English word."""
    written = match["name"]
    if match["sign"] not in {":", ":=", "=", "：", "﹕", "∶", "꞉"}:
        return False
    if match["noise"] or " " in written or "\t" in written:
        return False
    if name == "depends":
        return written.islower() and match["sign"] == ":" and bool(match["value"])
    return name not in _WORDS and (written.islower() or _plain(written) == name)


def _plain(name: str) -> str:
    return re.sub(r"[-\s]+", "_", name).lower()


def _cleaned(value: str) -> str:
    return value.strip("'\"; ")


@lru_cache(maxsize=4096)
def nearest_name(name: str) -> str | None:
    """Return the directive that a name in lower case is, with up to two wrong letters."""
    if name in NAMES:
        return name
    if name in _SYNONYMS:
        return _SYNONYMS[name]
    near = [(distance, known) for known in NAMES if (distance := _distance(name, known)) <= _MOST]
    return min(near)[1] if near else None


def _distance(one: str, other: str) -> int:
    """Return how many letters must be added, left out, replaced or swapped with their neighbor.

    Source: the "optimal string alignment" distance; more than `_MOST` where the lengths alone say so.
    """
    if abs(len(one) - len(other)) > _MOST:
        return _MOST + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for n, letter in enumerate(one, 1):
        earlier, before, row = before, row, [n]
        for m, wanted in enumerate(other, 1):
            cost = min(before[m] + 1, row[m - 1] + 1, before[m - 1] + (letter != wanted))
            if n > 1 and m > 1 and letter == other[m - 2] and one[n - 2] == wanted:
                cost = min(cost, earlier[m - 2] + 1)
            row.append(cost)
    return row[-1]
