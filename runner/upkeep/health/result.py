"""What a database answered, and how bad it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from runner.errors import FileError, Location
from runner.upkeep.health.header import Query


class Level(Enum):
    """How bad an answer is."""

    INFO = "info"  # nothing is weighed
    OK = "ok"
    SKIPPED = "skipped"  # it does not apply here
    UNKNOWN = "unknown"  # it could not be asked
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Row:
    """One row, by column."""

    level: Level
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One query's answer."""

    query: Query
    level: Level
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    elapsed_s: float = 0.0
    unseen: tuple[str, ...] = ()  # what our role may not see, each a sentence with its remedy
    reason: str | None = None  # why it was skipped or is not known
    remedy: str | None = None

    @property
    def found(self) -> tuple[Row, ...]:
        """The rows that are worse than ok."""
        return tuple(row for row in self.rows if row.level in {Level.WARNING, Level.PROBLEM})


def weigh(
    query: Query, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> tuple[Level, tuple[Row, ...]]:
    """Return how bad the rows are, and each of them.

    Raises: FileError when a threshold or a label names a column that there is not.
    """
    for what, names in _named(query):
        for name in names:
            if name not in columns:
                raise FileError(
                    f"{what} names {name}, and the query has no such column",
                    where=Location(query.path),
                    hint=f"It has {', '.join(columns)}.",
                )
    weighed = tuple(_row(query, dict(zip(columns, row, strict=True))) for row in rows)
    levels = {row.level for row in weighed}
    for level in (Level.PROBLEM, Level.WARNING):
        if level in levels:
            return level, weighed
    return (Level.OK if query.is_check else Level.INFO), weighed


def _named(query: Query) -> list[tuple[str, list[str]]]:
    conditions = [("warn", query.warn), ("problem", query.problem)]
    named = [(what, [term.column for term in c.terms]) for what, c in conditions if c is not None]
    return [*named, ("labels", list(query.labels or ()))]


def _row(query: Query, values: Mapping[str, Any]) -> Row:
    if query.problem is not None and query.problem.holds(values):
        return Row(Level.PROBLEM, values)
    if query.warn is not None and query.warn.holds(values):
        return Row(Level.WARNING, values)
    return Row(Level.OK if query.is_check else Level.INFO, values)
