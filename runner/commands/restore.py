"""`runner restore`: make a database from a backup, and put it in place of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from runner.commands.backup import client_programs
from runner.engine.history.store import History
from runner.errors import UsageError
from runner.events import Emit, Notice
from runner.files.migrations.layout import find_layouts, which_of
from runner.report.per_database import heading
from runner.report.terminal import Style
from runner.server import connection
from runner.session.session import explained
from runner.settings import Settings
from runner.upkeep import backup
from runner.upkeep.backup import Archive, Program
from runner.wording import duration, size

if TYPE_CHECKING:
    import psycopg

    from runner.server.credentials import Target


_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    """What `restore` was asked for."""

    archive: str  # of its name or, for the newest, of its place
    into: str
    jobs: int = 1
    validate: bool = True
    switch: bool = False
    end_sessions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What became of a restore."""

    database: str  # the live one's name
    place: str
    archive: Archive
    into: str
    filled: bool  # False when an earlier run had restored it
    validated: bool
    switched: bool
    kept_as: str | None  # the name under which the live one is kept
    elapsed_s: float


def restore(
    settings: Settings, options: RestoreOptions, *, confirm: Callable[[str], None], emit: Emit
) -> Restored:
    """Restore a backup into a new database, and let it take the live one's place if that was asked for.

    `confirm` is asked before the switch, after the comparison; it raises when the answer is no.

    Raises: as `runner.upkeep.backup.restoring` and `runner.upkeep.backup.switch`.
    """
    started = monotonic()
    _require_name(options.into)
    target, title, is_named = _target(settings, emit)
    archive = backup.find(options.archive, database=title, into=options.into, environ=settings.environ)
    environ, folder = client_programs(settings, target)
    if options.switch and options.into == target.name:
        raise UsageError(
            f"{options.into} is the live database itself", hint="Name a new database with --into."
        )
    if options.switch and is_named and archive.name.database != title:
        raise UsageError(
            f"{archive.name} is a backup of {archive.name.database}, and would take the place of {title}",
            detail="Nothing was restored.",
            hint=f"Correct --database or the archive; to look at it beside {title}, leave --switch out.",
        )

    def open_history(conn: psycopg.Connection[Any]) -> History:
        return History(conn, schema=settings.history_schema, migration_table=settings.migration_table)

    work = backup.Restoring(
        archive=archive,
        server=target,
        into=options.into,
        pg_restore=Program.find("pg_restore", environ, folder),
        psql=lambda: Program.find("psql", environ, folder),
        jobs=options.jobs,
        open_history=open_history,
        exclude=(settings.migration_table,),
    )
    with explained(work.target):
        begun = backup.restore(work, validate=options.validate, emit=emit)
    kept = None
    if options.switch:
        confirm(
            f"Let {options.into} ({archive.name}) take the place of {target.name} on {target.address}? "
            f"What was written to {target.name} since the backup will be only in the old database, which is kept."
        )
        with explained(target):
            kept = backup.switch(target, target.name, options.into, end_sessions=options.end_sessions)
    return Restored(
        database=target.name,
        place=target.address,
        archive=archive,
        into=options.into,
        filled=begun is not backup.Begun.FILLED,
        validated=options.validate or begun is backup.Begun.FILLED,
        switched=options.switch,
        kept_as=kept,
        elapsed_s=monotonic() - started,
    )


def _require_name(database: str) -> None:
    """Refuse what PostgreSQL would refuse, or cut short."""
    if not 0 < len(database.encode()) <= _LONGEST_NAME:
        raise UsageError(
            f"{database!r} cannot be the name of a database",
            detail=f"A name has between 1 and {_LONGEST_NAME} bytes. Nothing was restored.",
            hint="Name another one with --into.",
        )


def _target(settings: Settings, emit: Emit) -> tuple[Target, str, bool]:
    """Return the one database that is meant, what the project calls it, and whether the project has databases by name."""
    layouts = find_layouts(settings)
    if len(layouts) > 1:
        raise which_of((one.name for one in layouts), "Nothing was restored.", kind=UsageError)
    name = layouts[0].name
    target = connection.locate(settings, name, emit=emit)
    return target, name or target.name, name is not None


def text(result: Restored, style: Style) -> Iterator[str]:
    """Yield what became of a restore."""
    manifest = result.archive.manifest
    yield heading(result.database, f"{result.into} on {result.place}", style)
    facts = (
        f"{size(manifest.size_bytes)}, {duration(result.elapsed_s)}" if result.filled else "by an earlier run"
    )
    yield f"  {style('restored'.ljust(11), 'green')}  {result.archive.label}  {style(facts, 'dim')}"
    yield (
        f"  catalog and history are as they were dumped on {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC"
        if result.validated
        else "  not compared with what was dumped"
    )
    if result.switched:
        yield f"  {style('switched'.ljust(11), 'green')}  {result.into} is {result.database} now" + (
            "" if result.kept_as is None else f"; the old one is {result.kept_as}"
        )


def as_json(result: Restored) -> dict[str, Any]:
    """Return what became of a restore."""
    return {
        "database": result.database,
        "archive": result.archive.label,
        "taken_at": result.archive.manifest.taken_at.isoformat(),
        **_facts(result),
        "duration_ms": round(result.elapsed_s * 1000),
    }


def as_notice(result: Restored) -> Notice:
    """Return the event of a restore."""
    place = f"{result.into}, which is {result.database} now" if result.switched else result.into
    return Notice(
        name="restore.done",
        message=f"restored {result.archive.label} into {place}"
        if result.filled
        else f"an earlier run had restored {result.archive.label} into {place}",
        database=result.database,
        elapsed_s=result.elapsed_s,
        facts={"archive": result.archive.label, **_facts(result)},
    )


def _facts(result: Restored) -> dict[str, Any]:
    return {
        "into": result.into,
        "filled": result.filled,
        "validated": result.validated,
        "switched": result.switched,
        "kept_as": result.kept_as,
    }
