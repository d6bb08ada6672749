"""Write what the files add up to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from runner import catalog, whole
from runner.catalog import Catalog
from runner.errors import ConfigurationError, UsageError
from runner.events import WARNING, Event, Say
from runner.fleet.scratch import build, scratch_session
from runner.fleet.session import read_files
from runner.migrations import find_layouts
from runner.migrations.scaffold import NewPair, first_layout, scaffold
from runner.settings import Settings
from runner.sqltext import SqlSyntaxError
from runner.validate.judging import is_ignored
from runner.wording import shortened


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One database's snapshot, compared with what is committed."""

    database: str
    path: str
    text: str
    changed: bool
    catalog: Catalog
    diff: str = ""  # from the committed one to the new one


def snapshots(settings: Settings, *, write: bool, scratch_url: str | None, say: Say) -> list[Snapshot]:
    """Build each database's schema from its files in a scratch database, and write it when `write` is set.

    Raises: FileError, MigrationFailedError; ConfigurationError when there is no server for it.
    """
    found = []
    for layout, files in read_files(settings):
        with scratch_session(settings, layout, files, url=scratch_url, say=say) as session:
            found_catalog = build(session, settings, other_owners=True)
            text = catalog.render(found_catalog)
            if found_catalog.unsupported:
                unseen = list(found_catalog.unsupported)
                said = f"not described by the snapshot: {shortened(unseen)}"
                say(
                    Event(
                        name="snapshot.incomplete",
                        message=said,
                        level=WARNING,
                        database=layout.title,
                        facts={"not_described": unseen},
                    )
                )
        path = layout.snapshot
        label = settings.label(path)
        before = path.read_bytes().decode().replace("\r\n", "\n") if path.exists() else ""
        if write and before != text:
            whole.write(path, text, parents=True)
        found.append(
            Snapshot(
                database=layout.title,
                path=label,
                text=text,
                catalog=found_catalog,
                changed=before != text and (write or not _is_all_ignored(settings, before, found_catalog)),
                diff=catalog.unified_diff(before, text, f"{label} as committed", "what the files give"),
            )
        )
    return found


def _is_all_ignored(settings: Settings, before: str, found: Catalog) -> bool:
    """Return whether the committed snapshot differs only in objects that `--ignore` sets aside."""
    if not settings.ignore:
        return False
    try:
        differences = catalog.compare_text(before, found)
    except SqlSyntaxError:
        return False
    return bool(differences) and all(is_ignored(settings.ignore, d.kind, d.identity) for d in differences)


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
            hint=f"Name it: runner new {name} --database {layouts[-1].title}",
        )
    return scaffold(layouts[0], name)
