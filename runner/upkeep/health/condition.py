"""Thresholds: `used_percent > 80 and active = false`, or `any row`. Pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ANY_ROW = "any row"
_TERM = re.compile(r"(?P<column>[a-z_][a-z0-9_]*)\s*(?P<operator>>=|<=|!=|=|>|<)\s*(?P<value>\S.*)")
_NUMBER = re.compile(r"(?P<number>-?[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z]*)")
_UNITS = {
    "": 1, "kB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40, "s": 1, "min": 60, "h": 3600, "d": 86_400,
}  # fmt: skip
_WORDS = {"true": True, "false": False}
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison of a column; sizes are in bytes and durations in seconds, as the columns are."""

    column: str
    operator: str
    value: float | bool | str

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Return whether it is so in a row; of what is not known nothing is so."""
        found = row[self.column]
        if found is None or isinstance(found, str) != isinstance(self.value, str):
            return False
        return _OPERATORS[self.operator](found, self.value)


@dataclass(frozen=True, slots=True)
class Condition:
    """All terms hold; without terms any row will do."""

    text: str
    terms: tuple[Term, ...]

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Return whether a row meets it."""
        return all(term.holds(row) for term in self.terms)


def parse_condition(text: str) -> Condition:
    """Read a threshold.

    Raises: ValueError that says what is wrong with it.
    """
    text = " ".join(text.split())
    if text == ANY_ROW:
        return Condition(text, ())
    return Condition(text, tuple(_term(part) for part in text.split(" and ")))


def _term(text: str) -> Term:
    match = _TERM.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f'"{text}" is no threshold: write column > number, joined by "and", or "{ANY_ROW}"; the units are kB, MB, GB, TB, s, min, h, d'
        )
    value = match["value"]
    if value in _WORDS:
        return Term(match["column"], match["operator"], _WORDS[value])
    if value[0] == value[-1] == "'" and len(value) > 1:
        return Term(match["column"], match["operator"], value[1:-1])
    number = _NUMBER.fullmatch(value)
    if number is None or number["unit"] not in _UNITS:
        raise ValueError(
            f"\"{value}\" is no number (with kB, MB, GB, TB, s, min, h or d), nor true, false or a word in '…'"
        )
    return Term(match["column"], match["operator"], float(number["number"]) * _UNITS[number["unit"]])
