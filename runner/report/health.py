"""How databases are, for people and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from runner.report.people import heading
from runner.report.table import Line, table
from runner.upkeep.health import Level
from runner.wording import counted

if TYPE_CHECKING:
    from runner.commands.health import Health
    from runner.report.terminal import Style
    from runner.upkeep.health import Answer, Query, Row

_COLOURS = {
    Level.OK: "green",
    Level.INFO: "blue",
    Level.SKIPPED: "dim",
    Level.UNKNOWN: "yellow",
    Level.WARNING: "yellow",
    Level.PROBLEM: "red",
}
_SHOWN = 5
_INDENT = " " * 4


def text(result: Health, style: Style, *, width: int, full: bool) -> Iterator[str]:
    """Yield one line a query, with the rows that are worse than ok; with `full` all rows."""
    yield heading(result.database, result.place, style)
    longest = max((len(answer.query.name) for answer in result.answers), default=0)
    for answer in result.answers:
        level = style(answer.level.value.ljust(7), _COLOURS[answer.level])
        room = width - longest - len("  warning    ")
        said = textwrap.shorten(_summary(answer), max(room, 20), placeholder="…")
        yield f"  {level}  {answer.query.name.ljust(longest)}  {said}".rstrip()
        yield from _details(answer, style, width=width, full=full)
    yield f"  {_closing(result)}"


def explained(query: Query, style: Style, *, width: int) -> Iterator[str]:
    """Yield what a query shows, when to worry, what to do, its thresholds and where its SQL is."""
    yield style(query.name, "bold")
    facts = [("shows", query.shows), ("worry", query.worry), ("do", query.do)]
    facts += [(name, value) for name, value in _thresholds(query).items() if value]
    for name, value in [*facts, ("sql", query.path)]:
        lines = textwrap.wrap(value, max(width - 12, 30), break_on_hyphens=False)
        yield f"  {style(name.ljust(8), 'cyan')}  {lines[0]}"
        yield from (f"            {line}" for line in lines[1:])


def as_json(results: Sequence[Health]) -> dict[str, Any]:
    """Return the answers."""
    return {
        "databases": [
            {
                "database": result.database,
                "server_version": result.server_version,
                "level": result.level.value,
                "queries": [_answer(answer) for answer in result.answers],
            }
            for result in results
        ]
    }


def as_markdown(queries: Sequence[Query]) -> str:
    """Return a table of the queries, and a section for each: a runbook."""
    rows = [
        f"| [{query.name}](#{query.name}) | {query.shows.partition('. ')[0].rstrip('.')} |"
        for query in queries
    ]
    sections = []
    for query in queries:
        levels = [f"`{name}: {text}`" for name, text in _thresholds(query).items() if text]
        sections += [
            f"### {query.name}",
            query.shows,
            f"**When to worry:** {query.worry}",
            f"**What to do:** {query.do}",
            *([f"Thresholds: {', '.join(levels)}"] if levels else []),
        ]
    return "\n".join(["| query | shows |", "|---|---|", *rows]) + "\n\n" + "\n\n".join(sections) + "\n"


def explained_as_json(queries: Sequence[Query]) -> dict[str, Any]:
    """Return what the queries say of themselves."""
    return {
        "queries": [
            {
                "name": query.name,
                "path": query.path,
                "shows": query.shows,
                "worry": query.worry,
                "do": query.do,
                "thresholds": _thresholds(query),
                "sql": query.sql,
            }
            for query in queries
        ]
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "name": answer.query.name,
        "level": answer.level.value,
        "shows": answer.query.shows,
        "thresholds": _thresholds(answer.query),
        "columns": list(answer.columns),
        "rows": [{**row.values, "_level": row.level.value} for row in answer.rows],
        "unseen": list(answer.unseen),
        "reason": answer.reason,
        "remedy": answer.remedy if answer.reason else answer.query.do if answer.found else None,
        "duration_ms": round(answer.elapsed_s * 1000),
    }


def _thresholds(query: Query) -> dict[str, str | None]:
    return {
        "warn": None if query.warn is None else query.warn.text,
        "problem": None if query.problem is None else query.problem.text,
    }


def _summary(answer: Answer) -> str:
    if answer.reason is not None:
        return answer.reason
    if answer.found:
        return f"{len(answer.found)} of {counted(len(answer.rows), 'row')} beyond the thresholds"
    if not answer.rows:
        return "no row"
    none = ", none beyond the thresholds" if answer.query.is_check else ""
    return f"{counted(len(answer.rows), 'row')}{none}"


def _details(answer: Answer, style: Style, *, width: int, full: bool) -> Iterator[str]:
    rows = answer.rows if full else answer.found[:_SHOWN]
    if rows:
        lines = [Line(row.values, _row_colour(row)) for row in rows]
        yield from table(answer.columns, lines, style, width=width, indent=_INDENT)
    if not full and len(answer.found) > _SHOWN:
        yield style(
            f"{_INDENT}… and {len(answer.found) - _SHOWN} more: runner health {answer.query.name}", "dim"
        )
    for name, value in (
        ("do:", answer.query.do if answer.found else answer.remedy),
        *(("unseen:", sentence) for sentence in answer.unseen),
    ):
        if value:
            first, *rest = textwrap.wrap(
                f"{name} {value}", max(width - len(_INDENT), 30), break_on_hyphens=False
            )
            yield f"{_INDENT}{style(name, 'cyan')}{first.removeprefix(name)}"
            yield from (f"{_INDENT}  {line}" for line in rest)


def _row_colour(row: Row) -> str | None:
    return _COLOURS[row.level] if row.level in {Level.WARNING, Level.PROBLEM} else None


def _closing(result: Health) -> str:
    counts = [
        (len([a for a in result.answers if a.level is level]), level)
        for level in (Level.PROBLEM, Level.WARNING, Level.UNKNOWN, Level.OK, Level.INFO, Level.SKIPPED)
    ]
    return ", ".join(f"{count} {level.value}" for count, level in counts if count) or "nothing was asked"
