"""Ask each database how it is. Needs no history and no right to read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from runner.events import Say
from runner.files.migrations.layout import find_layouts
from runner.server import connection
from runner.session.each import Failures
from runner.session.session import explained
from runner.settings import Settings
from runner.upkeep.health import Answer, Level, Query, ask, load_queries
from runner.upkeep.health.load import check_names

_WORST = (Level.PROBLEM, Level.WARNING, Level.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One database and its answers."""

    database: str
    place: str
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
    show: Callable[[list[Health]], None],
    say: Say,
) -> list[Health]:
    """Ask each database the queries that are named, or all. Changes nothing.

    One that does not answer keeps no other from it: `show` is given those that do, if any, before its error is raised.

    Raises: UsageError, ConfigurationError, FileError before anything is asked; as connecting does.
    """
    queries = query_lists(settings, names, thresholds)
    results, failures, only = [], Failures(), len(queries) == 1
    for database, asked in queries.items():
        with failures.of(database or "the database"):
            results.append(_one(settings, database, asked, only=only, timeout_ms=timeout_ms, say=say))
    if results or not queries:
        show(results)
    failures.check(databases=len(queries))
    return results


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
    say: Say,
) -> Health:
    target = connection.locate(settings, database, only=only, say=say)
    with (
        explained(target),
        closing(
            connection.connect(target, limits=settings.limits, session_pool=settings.session_pool)
        ) as conn,
    ):
        return Health(
            database=database or target.name,
            place=f"{target.name} on {target.address}",
            server_version=conn.info.server_version,
            answers=tuple(ask(conn, queries, timeout_ms=timeout_ms)),
        )
