"""Ask each database how it is. Needs no history and no right to read it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from runner.events import Emit
from runner.files.migrations.layout import find_layouts
from runner.report.openmetrics import Gauge, name_of, render
from runner.report.per_database import PerDatabase
from runner.report.table import Line, table
from runner.report.terminal import Style
from runner.server import connection
from runner.session.each import Failures
from runner.session.session import explained
from runner.settings import Settings
from runner.upkeep.health import Answer, Level, Query, Row, ask, load_queries
from runner.upkeep.health.query_files import check_names
from runner.wording import counted

_WORST = (Level.PROBLEM, Level.WARNING, Level.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One database and its answers."""

    server_version: int  # 150004
    answers: tuple[Answer, ...]

    @property
    def level(self) -> Level:
        """The worst of its answers; what could not be asked is worse than what is well."""
        levels = {answer.level for answer in self.answers}
        return next((level for level in _WORST if level in levels), Level.OK)


def health(
    settings: Settings,
    names: Sequence[str],
    *,
    thresholds: Mapping[str, Any],
    timeout_ms: int,
    emit: Emit,
) -> tuple[list[PerDatabase[Health]], Failures]:
    """Ask each database the queries that are named, or all. Changes nothing.

    One that does not answer keeps no other from it; the failures are the caller's to raise, once the answers are shown.

    Raises: UsageError, ConfigurationError, FileError before anything is asked.
    """
    queries = query_lists(settings, names, thresholds)
    results, failures, only = [], Failures(), len(queries) == 1
    for database, asked in queries.items():
        with failures.of(database or "the database"):
            results.append(_one(settings, database, asked, only=only, timeout_ms=timeout_ms, emit=emit))
    return results, failures


def query_lists(
    settings: Settings, names: Sequence[str], thresholds: Mapping[str, Any]
) -> dict[str | None, list[Query]]:
    """Return each database's queries: all, or those that are named, as far as it has them.

    Raises: UsageError, ConfigurationError, FileError.
    """
    found = {name: load_queries(settings, name, thresholds) for name in _databases(settings)}
    known = sorted({name for queries in found.values() for name in queries})
    check_names(names, thresholds, known)
    return {
        database: [queries[name] for name in (dict.fromkeys(names) or queries) if name in queries]
        for database, queries in found.items()
    }


def chosen_queries(settings: Settings, names: Sequence[str], thresholds: Mapping[str, Any]) -> list[Query]:
    """Return the queries of all databases, each once.

    Raises: as `query_lists`.
    """
    lists = query_lists(settings, names, thresholds).values()
    return list({(query.name, query.path): query for queries in lists for query in queries}.values())


def _databases(settings: Settings) -> list[str | None]:
    """Return the project's databases; where no migrations are, the one that is configured."""
    if not settings.migrations_dirs and not (settings.project / "migrations").is_dir():
        return [settings.database]
    return [layout.name for layout in find_layouts(settings)]


def _one(
    settings: Settings,
    database: str | None,
    queries: Sequence[Query],
    *,
    only: bool,
    timeout_ms: int,
    emit: Emit,
) -> PerDatabase[Health]:
    target = connection.locate(settings, database, only=only, emit=emit)
    with (
        explained(target),
        closing(
            connection.connect(target, limits=settings.limits, session_pool=settings.session_pool)
        ) as conn,
    ):
        found = Health(
            server_version=conn.info.server_version,
            answers=tuple(ask(conn, queries, timeout_ms=timeout_ms)),
        )
        return PerDatabase(database or target.name, f"{target.name} on {target.address}", found)


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
    longest = max((len(answer.query.name) for answer in result.answers), default=0)
    for answer in result.answers:
        level = style(answer.level.value.ljust(7), _COLOURS[answer.level])
        room = width - longest - len("  warning    ")
        said = textwrap.shorten(_summary(answer), max(room, 20), placeholder="…")
        yield f"  {level}  {answer.query.name.ljust(longest)}  {said}".rstrip()
        yield from _details(answer, style, width=width, full=full)
    yield f"  {_closing(result)}"


def explanation(query: Query, style: Style, *, width: int) -> Iterator[str]:
    """Yield what a query shows, when to worry, what to do, its thresholds and where its SQL is."""
    yield style(query.name, "bold")
    facts = [("shows", query.shows), ("worry", query.worry), ("do", query.do)]
    facts += [(name, value) for name, value in _thresholds(query).items() if value]
    for name, value in [*facts, ("sql", query.path)]:
        lines = textwrap.wrap(value, max(width - 12, 30), break_on_hyphens=False)
        yield f"  {style(name.ljust(8), 'cyan')}  {lines[0]}"
        yield from (f"            {line}" for line in lines[1:])


def as_json(result: Health) -> dict[str, Any]:
    """Return the answers of one database."""
    return {
        "server_version": result.server_version,
        "level": result.level.value,
        "queries": [_answer(answer) for answer in result.answers],
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


_PREFIX = "runner_health"
_LEVELS = {Level.PROBLEM: 2, Level.WARNING: 1, Level.OK: 0, Level.INFO: 0}
# a column's unit, the unit of its metric, and what leads from the one to the other
_UNITS = (("_ms", "_seconds", 0.001), ("_s", "_seconds", 1), ("_percent", "_ratio", 0.01))


def as_metrics(results: Sequence[PerDatabase[Health]]) -> str:
    """Return the text; what was skipped or is not known has no level."""
    found = _Found()
    for result in results:
        for answer in result.value.answers:
            found.add(result.database, answer)
    return render(found.gauges.values())


class _Found:
    def __init__(self) -> None:
        self.gauges: dict[str, Gauge] = {}

    def add(self, database: str, answer: Answer) -> None:
        labels = {"database": database, "query": answer.query.name}
        if answer.level in _LEVELS:
            self._set("level", "0 well or not weighed, 1 warning, 2 problem", _LEVELS[answer.level], labels)
            self._set("rows", "rows of the answer", len(answer.rows), labels)
            self._set("rows_found", "rows beyond a threshold", len(answer.found), labels)
        self._set(
            "unknown", "1 where the query could not be asked", int(answer.level is Level.UNKNOWN), labels
        )
        self._set("duration_seconds", "time that the query took", round(answer.elapsed_s, 6), labels)
        if answer.query.labels is not None:
            self._add_numbers(database, answer, answer.query.labels)

    def _add_numbers(self, database: str, answer: Answer, labels: Sequence[str]) -> None:
        for row in answer.rows:
            named = {"database": database}
            for label in labels:
                named[name_of("of", label) if label in named else name_of(label)] = str(row.values[label])
            for column, value in row.values.items():
                if column not in labels and isinstance(value, int | float):
                    name, factor = _unit(column)
                    self._set(
                        name_of(answer.query.name, name),
                        answer.query.shows,
                        value * factor if factor != 1 else +value,
                        named,
                    )

    def _set(self, name: str, text: str, value: float, labels: dict[str, str]) -> None:
        full = f"{_PREFIX}_{name}"
        self.gauges.setdefault(full, Gauge(full, text)).set(value, labels)


def _unit(column: str) -> tuple[str, float]:
    for suffix, unit, factor in _UNITS:
        if column.endswith(suffix):
            return column.removesuffix(suffix) + unit, factor
    return column, 1
