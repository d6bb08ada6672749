"""Rows as a table that fits a width: sizes and durations as people read them, long texts cut, statements below their row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.report.terminal import Style
from runner.wording import duration, size

_BELOW = frozenset({"query"})  # a text that gets a line of its own
_NARROWEST = 10  # of a text that is cut
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Line:
    """One row and the colour of it."""

    values: Mapping[str, Any]
    colour: str | None = None


def table(
    columns: Sequence[str], rows: Sequence[Line], style: Style, *, width: int, indent: str
) -> Iterator[str]:
    """Yield a heading and the rows, none wider than `width`; what has no room is named at the end."""
    beside = [name for name in columns if name not in _BELOW]
    cells = [[cell(name, row.values[name]) for name in beside] for row in rows]
    heads = [_head(name) for name in beside]
    texts = [any(isinstance(row.values[name], str) for row in rows) for name in beside]
    widths = [max(len(head), *(len(row[n]) for row in cells), 0) for n, head in enumerate(heads)]
    shown = _fit(widths, texts, width - len(indent))
    if shown < len(beside) and len(rows) == 1:
        yield from _upright(heads, cells[0], rows[0], style, width=width, indent=indent)
        return

    def joined(parts: Sequence[str]) -> str:
        placed = (
            _cut(part, size).ljust(size) if is_text else part.rjust(size)
            for part, size, is_text in list(zip(parts, widths, texts, strict=True))[:shown]
        )
        return (indent + _GAP.join(placed)).rstrip()

    yield style(joined(heads), "dim")
    for row, parts in zip(rows, cells, strict=True):
        yield style(joined(parts), row.colour) if row.colour else joined(parts)
        for name in _BELOW.intersection(columns):
            text = " ".join(str(row.values[name] or "").split())
            if text:
                yield style(f"{indent}  {_cut(text, width - len(indent) - 2)}", "dim")
    if shown < len(beside):
        yield style(_cut(f"{indent}no room for {', '.join(beside[shown:])}; --json has all", width), "dim")


def _upright(
    heads: Sequence[str], parts: Sequence[str], row: Line, style: Style, *, width: int, indent: str
) -> Iterator[str]:
    """Yield one row with a line per column, as it is too wide for a table."""
    longest = max(map(len, heads))
    for head, part in zip(heads, parts, strict=True):
        value = _cut(part, width - len(indent) - longest - len(_GAP))
        yield f"{indent}{style(head.ljust(longest), 'dim')}{_GAP}{style(value, row.colour) if row.colour else value}"


def cell(column: str, value: Any) -> str:
    """Return one value as people read it; the column's name says its unit."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if not isinstance(value, int | float):
        return " ".join(str(value).split())
    if column == "pid" or column.endswith("_pid"):
        return str(value)
    if column.endswith("_bytes"):
        return size(value)
    if column.endswith("_s"):
        return long_duration(value)
    if column.endswith("_ms"):
        return long_duration(value / 1000)
    if column.endswith("_percent"):
        return f"{value:,.1f} %"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}"


def long_duration(seconds: float) -> str:
    """Return a duration that may be days."""
    if seconds < 3600:
        return duration(seconds)
    hours = round(seconds / 3600)
    return f"{hours} h" if hours < 48 else f"{round(seconds / 86_400)} d"


def _head(name: str) -> str:
    for unit in ("_bytes", "_percent", "_ms", "_s"):
        name = name.removesuffix(unit)
    return name.replace("_", " ")


def _fit(widths: list[int], texts: Sequence[bool], room: int) -> int:
    """Narrow the texts, the widest first, until all fit; return how many columns do at all."""

    def needed() -> int:
        return sum(widths) + len(_GAP) * (len(widths) - 1)

    while needed() > room:
        widest = max((n for n, is_text in enumerate(texts) if is_text), key=lambda n: widths[n], default=None)
        if widest is None or widths[widest] <= _NARROWEST:
            break
        widths[widest] = max(_NARROWEST, widths[widest] - (needed() - room))
    taken = 0
    for n, each in enumerate(widths):
        taken += each + (len(_GAP) if n else 0)
        if taken > room:
            return max(n, 1)
    return len(widths)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
