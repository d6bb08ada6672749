"""Write what the files add up to."""

from __future__ import annotations

from dataclasses import replace

from runner.errors import ConfigurationError, UsageError
from runner.files.migrations.layout import find_layouts
from runner.files.migrations.scaffold import NewPair, first_layout, scaffold
from runner.settings import Settings


def new_migration(settings: Settings, name: str) -> NewPair:
    """Write a new pair of files for the one database that the settings choose, or the first of a new project.

    Raises: ConfigurationError when the project has several databases and none is named.
    """
    root = settings.project / "migrations"
    if not settings.migrations_dirs and not (root.is_dir() and any(root.iterdir())):
        return scaffold(first_layout(settings.project, settings.database, settings.schema_dir), name)
    if settings.database is not None and not (settings.project / "migrations" / settings.database).exists():
        layouts = find_layouts(replace(settings, database=None))
        if layouts[0].name is not None:
            raise UsageError(
                f'no database "{settings.database}" in this project',
                hint=f"To begin a new one, make its folder first: mkdir migrations/{settings.database}",
            )
    layouts = find_layouts(settings)
    if len(layouts) > 1:
        names = ", ".join(layout.title for layout in layouts)
        raise ConfigurationError(
            f"which database? This project has {names}",
            hint=f"Choose one: runner new {name} --database {layouts[-1].title}",
        )
    return scaffold(layouts[0], name)
