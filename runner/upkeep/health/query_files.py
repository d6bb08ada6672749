"""Which queries there are: the program's own, the project's beside or in place of them, thresholds of `runner.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner.errors import ConfigurationError, FileError, Location, UsageError
from runner.settings import CONFIG_FILE, Settings
from runner.upkeep.health.header import Query, condition, parse_query
from runner.wording import nearest

BUILT_IN = Path(__file__).with_name("queries")
_LEVELS = ("warn", "problem")


def load_queries(settings: Settings, database: str | None, thresholds: Mapping[str, Any]) -> dict[str, Query]:
    """Return the queries for one database, by name and in the order of names.

    A file of the project's folder stands in for the program's own of the same name, one in its sub-folder of the
    database's name for either. `thresholds` is the table `[health]` of `runner.toml`.

    Raises: FileError, ConfigurationError.
    """
    found = {
        query.name: query for folder in _folders(settings, database) for query in _read(folder, settings)
    }
    place = Location(CONFIG_FILE)
    return {
        name: _with_thresholds(found[name], thresholds[name], place) if name in thresholds else found[name]
        for name in sorted(found)
    }


def check_names(names: Sequence[str], thresholds: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse a name that no query of any database has.

    Raises: UsageError, or ConfigurationError where it stands in `runner.toml`; they name the nearest.
    """
    for name in (*names, *thresholds):
        if name not in known:
            hint = nearest(name, known) or f"There are {', '.join(known)}."
            if name in names:
                raise UsageError(f'no health query "{name}"', hint=hint)
            raise ConfigurationError(
                f'[health] names "{name}", and there is no such query', where=Location(CONFIG_FILE), hint=hint
            )


def _folders(settings: Settings, database: str | None) -> list[Path]:
    own = [settings.health_dir, *([settings.health_dir / database] if database else [])]
    return [BUILT_IN, *(folder for folder in own if folder.is_dir())]


def _read(folder: Path, settings: Settings) -> list[Query]:
    queries = []
    for path in sorted(folder.glob("*.sql")):
        label = settings.label(path)
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(f"cannot read the query: {error}", where=Location(label)) from error
        queries.append(parse_query(path.stem, label, text))
    return queries


def _with_thresholds(query: Query, levels: Any, place: Location) -> Query:
    if not isinstance(levels, dict) or not all(isinstance(value, str) for value in levels.values()):
        raise ConfigurationError(
            f"[health] {query.name} is no table of thresholds",
            where=place,
            hint=f'Write {query.name} = {{ warn = "…", problem = "…" }} under [health].',
        )
    for level in levels:
        if level not in _LEVELS:
            raise ConfigurationError(
                f'[health] {query.name} has no "{level}"', where=place, hint="It has warn and problem."
            )
    return replace(
        query,
        warn=condition(levels["warn"], place) if "warn" in levels else query.warn,
        problem=condition(levels["problem"], place) if "problem" in levels else query.problem,
    )
