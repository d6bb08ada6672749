"""What a command found in each database: the same head and the same list, whatever was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from runner.report.terminal import Style

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PerDatabase(Generic[T]):
    """What was found in one database."""

    database: str
    place: str
    value: T


def heading(database: str, place: str, style: Style) -> str:
    """Return the line that opens a database's part."""
    return f"{style(database, 'bold')}  {style(place, 'dim')}"


def as_lines(
    results: Sequence[PerDatabase[T]], style: Style, text: Callable[[T, Style], Iterable[str]]
) -> Iterator[str]:
    """Yield of each database its heading and the lines of what was found."""
    for result in results:
        yield heading(result.database, result.place, style)
        yield from text(result.value, style)


def as_object(results: Sequence[PerDatabase[T]], as_json: Callable[[T], Mapping[str, Any]]) -> dict[str, Any]:
    """Return the object that lists each database with what was found."""
    return {"databases": [{"database": result.database, **as_json(result.value)} for result in results]}
