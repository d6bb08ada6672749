"""Find the folders with each database's files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from runner.errors import ConfigurationError, FileError, Location, RunnerError, UsageError
from runner.files.migrations.other_tools import foreign_folder, foreign_project
from runner.server.credentials import resolve
from runner.settings import Settings
from runner.wording import nearest

UP, DOWN = "up", "down"


class Source(NamedTuple):
    """A folder of files; yoyo calls it a source."""

    path: Path
    repeatable: bool = False
    down: Path | None = None  # where the rollbacks are, if not beside the files


class Layout(NamedTuple):
    """One database's folders, in the order in which yoyo would get them."""

    name: str | None  # None: a project with one flat folder
    sources: tuple[Source, ...]
    snapshot: Path

    @property
    def title(self) -> str:
        """What to call the database in output."""
        return self.name or "database"

    @property
    def seed(self) -> Path:
        """Where its development data is, if there is any: beside the folder of snapshots."""
        return self.snapshot.parent.parent / "seed" / f"{self.title}.sql"

    @property
    def newest(self) -> Source:
        """Where a new migration is written."""
        return self.sources[-1]


def find_layouts(settings: Settings) -> list[Layout]:
    """Return the databases of a project, by name.

    Raises: ConfigurationError if there is no folder of migrations, or its layout is ambiguous;
    FileError for the folder of another tool.
    """
    if settings.migrations_dirs:
        return _pick([_given(settings)], settings)
    root = settings.project / "migrations"
    names = _own_names(root, settings)
    files = [name for name in names if name.endswith((".sql", ".SQL", ".py"))]
    folders = sorted(name for name in names if not name.endswith(".sql") and (root / name).is_dir())
    if UP in folders or files:
        extra = [name for name in folders if name not in {UP, DOWN}]
        if extra:
            raise ConfigurationError(
                f"{_label(root, settings)} holds files and the folder {extra[0]}",
                where=Location(_label(root, settings)),
                hint="Put all files directly into it, or give each database a folder in it; move the others.",
            )
        return _pick([_layout(None, root, settings)], settings)
    if not folders:
        raise _empty(root, settings)
    for name in folders:
        _own_names(root / name, settings)
    return _pick([_layout(name, root / name, settings) for name in folders], settings)


def _given(settings: Settings) -> Layout:
    sources = [*_functions(None, settings), *(_versioned(path) for path in settings.migrations_dirs)]
    for path in settings.migrations_dirs:
        _own_names(path, settings)
    return Layout(settings.database, tuple(sources), _snapshot(settings.database, settings))


def _layout(name: str | None, folder: Path, settings: Settings) -> Layout:
    return Layout(name, (*_functions(name, settings), _versioned(folder)), _snapshot(name, settings))


def _snapshot(name: str | None, settings: Settings) -> Path:
    return settings.schema_dir / f"{name or 'schema'}.sql"


def _versioned(folder: Path) -> Source:
    if (folder / UP).is_dir():
        return Source(folder / UP, down=folder / DOWN)
    return Source(folder)


def _functions(name: str | None, settings: Settings) -> Iterable[Source]:
    root = settings.functions_dir
    if not root.is_dir():
        return
    yield Source(root, repeatable=True)
    if name is not None and (root / name).is_dir():
        yield Source(root / name, repeatable=True)


def _pick(layouts: list[Layout], settings: Settings) -> list[Layout]:
    if settings.database is None:
        return layouts
    if layouts[0].name is None:
        _require_only(settings.database, settings)
        return layouts
    picked = [layout for layout in layouts if layout.name == settings.database]
    if not picked:
        names = [layout.name for layout in layouts if layout.name]
        raise UsageError(
            f'no database "{settings.database}" in this project',
            detail=f"It has {', '.join(names)}.",
            hint=nearest(settings.database, names),
        )
    return picked


def _own_names(folder: Path, settings: Settings) -> list[str]:
    """Return the names in a folder of files.

    Raises: FileError if the layout is another tool's; ConfigurationError if there is no folder.
    """
    label = _label(folder, settings)
    if not folder.exists() and (found := foreign_project(settings.project, label)) is not None:
        raise found
    names = _names(folder)
    found = foreign_folder(folder, names, label)
    if found is not None:
        raise found
    return names


def _require_only(name: str, settings: Settings) -> None:
    """Refuse a name other than the one database of a project with a flat folder.

    Raises: UsageError; what finding the database's address raises.
    """
    target = resolve(settings, None)
    only = settings.project_database if target is None else target.name
    if only not in {"", name}:
        raise UsageError(
            f'no database "{name}" in this project',
            detail=f'Its files are in one folder, for one database, "{only}". Nothing was done.',
            hint=f"Omit --database; or, for several databases, give each its own folder: migrations/{name}",
        )


def _names(folder: Path) -> list[str]:
    try:
        # hidden folders and Python's __pycache__ are not databases
        return [name for name in os.listdir(folder) if not name.startswith((".", "__"))]  # noqa: PTH208 - only names
    except FileNotFoundError:
        raise ConfigurationError(
            f"no folder {folder}",
            hint="Run this in the project's folder, or give the folder of migrations with --migrations-dir.",
        ) from None
    except NotADirectoryError:
        raise ConfigurationError(
            f"{folder} is not a folder", hint="Give the folder that has the files."
        ) from None
    except OSError as error:
        raise FileError(f"cannot read the folder: {error.strerror}", where=Location(folder)) from error


def _empty(folder: Path, settings: Settings) -> ConfigurationError:
    return no_migrations(_label(folder, settings))


def no_migrations(label: str) -> ConfigurationError:
    """Return the error for a folder without any."""
    return ConfigurationError(
        f"there are no migrations in {label}/",
        hint="Write the first one: runner new NAME. To adopt a database that has tables, begin with its schema: "
        f"pg_dump --schema-only --no-owner --no-privileges > {label}/0001_baseline.sql; then runner baseline",
    )


def _label(path: Path, settings: Settings) -> str:
    return str(path.relative_to(settings.project)) if path.is_relative_to(settings.project) else str(path)


def which_of(
    titles: Iterable[str | None], detail: str | None = None, *, kind: type[RunnerError] = ConfigurationError
) -> RunnerError:
    """Return the error of a command for one database in a project that has several."""
    names = list(filter(None, titles))
    return kind(
        f"which database? This project has {', '.join(names)}",
        detail=detail,
        hint=f"Choose one: --database {' or --database '.join(names)}",
    )
