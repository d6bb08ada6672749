"""Flags, environment and `runner.toml`, read once into frozen values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.errors import ConfigurationError, Location

CONFIG_FILE = "runner.toml"
_PROJECT_MARKS = (CONFIG_FILE, "migrations", "yoyo.ini")


class Secret:
    """A value that is never shown: its `repr` and `str` are `***`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one run was asked to do and where; paths are absolute."""

    project: Path
    environ: Mapping[str, str] = field(repr=False)
    config: Mapping[str, Any] = field(default_factory=dict)  # runner.toml as read
    url: Secret | None = None  # --url
    database: str | None = None  # --database
    migrations_dirs: tuple[Path, ...] = ()  # --migrations-dir, yoyo.ini's sources; empty: the layout says
    functions_dir: Path | None = None
    history_schema: str | None = None
    migration_table: str = "_yoyo_migration"

    @property
    def state_dir(self) -> Path:
        """Where the local server lives; ignored by git."""
        return self.project / ".local"


def find_project(start: Path) -> Path:
    """Return the nearest folder at or above `start` that holds migrations or a settings file, else `start`."""
    start = start.absolute()
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in _PROJECT_MARKS):
            return folder
    return start


def read_config(project: Path) -> dict[str, Any]:
    """Read `runner.toml`, with `-` in keys taken as `_`; an absent file is an empty one.

    Raises: ConfigurationError when the file is not TOML or cannot be read.
    """
    path = project / CONFIG_FILE
    try:
        parsed = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"cannot read {CONFIG_FILE}: {error}",
            where=Location(path),
            hint="Correct the file; see the settings table in README.md.",
        ) from error
    return {key.replace("-", "_"): value for key, value in parsed.items()}
