"""Write what the files add up to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from runner.errors import UsageError
from runner.files.migrations.layout import Layout, find_layouts, which_of
from runner.files.migrations.scaffold import NewPair, first_layout, scaffold
from runner.settings import Settings


def new_migration(settings: Settings, name: str) -> NewPair:
    """Write a new pair of files for the one database that the settings choose, or the first of a new project.

    Raises: ConfigurationError when the project has several databases and none is named.
    """
    return scaffold(the_layout(settings), name)


def the_layout(settings: Settings) -> Layout:
    """Return where a new migration goes: the one database that the settings choose, or the first of a new project.

    Raises: ConfigurationError when the project has several databases and none is named.
    """
    root = settings.project / "migrations"
    if not settings.migrations_dirs and not (root.is_dir() and any(root.iterdir())):
        return first_layout(settings.project, settings.database, settings.schema_dir)
    if settings.database is not None and not (settings.project / "migrations" / settings.database).exists():
        layouts = find_layouts(replace(settings, database=None))
        if layouts[0].name is not None:
            raise UsageError(
                f'no database "{settings.database}" in this project',
                hint=f"To begin a new one, make its folder first: mkdir migrations/{settings.database}",
            )
    layouts = find_layouts(settings)
    if len(layouts) > 1:
        raise which_of(layout.title for layout in layouts)
    return layouts[0]


def text(pair: NewPair, project: Path) -> str:
    """Return the two paths that were written."""
    return "\n".join(
        str(path.relative_to(project)) if path.is_relative_to(project) else str(path)
        for path in (pair.apply, pair.rollback)
    )


def as_json(pair: NewPair) -> dict[str, Any]:
    """Return the files that were written."""
    return {"id": pair.id, "apply": str(pair.apply), "rollback": str(pair.rollback)}
