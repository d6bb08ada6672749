"""Back each database up, and restore one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from runner import backup, connection, local
from runner.backup import Archive, ArchiveName, Manifest, Place, Program
from runner.errors import RunnerError, UsageError
from runner.events import WARNING, Event, Say
from runner.fleet.failures import Failures
from runner.fleet.session import Session, actor_of, explained, open_session, read_files
from runner.history import History, OnWait
from runner.migrations import find_layouts
from runner.settings import Settings
from runner.wording import counted

if TYPE_CHECKING:
    import psycopg

    from runner.credentials import Target

_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOptions:
    """What `backup` was asked for."""

    to: str
    schema_only: bool = False
    keep_days: tuple[str, ...] = ()
    kms_key: str | None = None
    lock_wait_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """One database's new backup, and what it superseded."""

    database: str
    place: str
    label: str  # the archive's path or URL
    manifest: Manifest
    elapsed_s: float
    removed: tuple[str, ...] = ()


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


def backups(
    settings: Settings, options: BackupOptions, *, made: Callable[[BackedUp], None], say: Say, waits: OnWait
) -> list[BackedUp]:
    """Back each database up in turn, and remove what has served its time; `made` is told of each.

    One that cannot be backed up keeps no other from it.

    Raises: as connecting does; UsageError for a place or a program that cannot be used; BusyError; RunnerError when
    a dump fails, cannot be read back or cannot be written; after all others had their turn.
    """
    backup.keep_days_of(options.keep_days, "")
    place = backup.open_place(options.to, environ=settings.environ, kms_key=options.kms_key)
    results, failures, found = [], Failures(), read_files(settings)
    for layout, files in found:
        with (
            failures.of(layout.title),
            open_session(settings, layout, files, only=len(found) == 1, say=say) as session,
        ):
            taken = take_one(settings, session, place, options, waits=waits)
            days = backup.keep_days_of(options.keep_days, session.title)
            removed = _age_out(place, session.title, keep_days=days, but=taken, say=say)
            results.append(BackedUp(**_fields(taken), removed=removed))
            made(results[-1])
    failures.check(databases=len(found))
    return results


def take_one(
    settings: Settings, session: Session, place: Place, options: BackupOptions, *, waits: OnWait
) -> BackedUp:
    """Back one database up; nothing older is touched.

    Raises: as `backups`.
    """
    started = monotonic()
    environ, folder = _programs(settings, session.target)
    source = backup.Source(
        database=session.title,
        history=session.history,
        target=session.target,
        connect=session.connect,
        actor=actor_of(settings),
        pg_dump=Program.find("pg_dump", environ, folder),
        pg_restore=Program.find("pg_restore", environ, folder),
        exclude=(settings.migration_table,),
        lock_wait_s=options.lock_wait_s,
    )
    manifest = backup.take(source, place, schema_only=options.schema_only, on_wait=waits)
    return BackedUp(
        database=session.title,
        place=session.place,
        label=f"{place.label}{manifest.name}",
        manifest=manifest,
        elapsed_s=monotonic() - started,
    )


def _age_out(place: Place, database: str, *, keep_days: int, but: BackedUp, say: Say) -> tuple[str, ...]:
    """Remove what is older than `keep_days` days; the archive goes before its manifest, for without one it is no backup."""
    now = datetime.now(UTC)
    try:
        names = place.names()
        gone: list[str] = backup.orphans(names, database)
        kept = backup.whole(names, database)
        future = backup.from_future(kept, now=now)
        if future:
            say(_from_future(place, database, future))
        old: list[ArchiveName] = backup.expired(kept, now=now, keep_days=keep_days)
        for name in [*gone, *(part for each in old for part in (str(each), each.manifest))]:
            place.remove(name)
    except RunnerError as error:
        raise RunnerError(
            f"the new backup of {database} is whole, but older ones could not be removed: {error.message}",
            detail=f"It is {but.label}. {error.detail or ''}".strip(),
            hint=error.hint,
        ) from error
    return tuple(str(each) for each in old)


def _from_future(place: Place, database: str, future: list[ArchiveName]) -> Event:
    return Event(
        name="backup.from_future",
        level=WARNING,
        database=database,
        message=f"{counted(len(future), 'backup')} of {database} in {place.label} {'is' if len(future) == 1 else 'are'} from the "
        f"future ({future[0]}): restore will not choose the newest, and none of them is removed; rename or remove "
        "what has a wrong date, and its manifest with it",
        facts={"archives": [str(each) for each in future]},
    )


def _fields(taken: BackedUp) -> dict[str, Any]:
    return {
        "database": taken.database,
        "place": taken.place,
        "label": taken.label,
        "manifest": taken.manifest,
        "elapsed_s": taken.elapsed_s,
    }


def restore(
    settings: Settings, options: RestoreOptions, *, confirm: Callable[[str], None], say: Say
) -> Restored:
    """Restore a backup into a new database, and let it take the live one's place if that was asked for.

    `confirm` is asked before the switch, after the comparison; it raises when the answer is no.

    Raises: as `runner.backup.restore` and `runner.backup.switch`.
    """
    started = monotonic()
    _require_name(options.into)
    target, title, is_named = _target(settings, say)
    archive = backup.find(options.archive, database=title, into=options.into, environ=settings.environ)
    environ, folder = _programs(settings, target)
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
        begun = backup.restore(work, validate=options.validate, say=say)
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


def _target(settings: Settings, say: Say) -> tuple[Target, str, bool]:
    """Return the one database that is meant, what the project calls it, and whether the project has databases by name."""
    layouts = find_layouts(settings)
    if len(layouts) > 1:
        raise UsageError(
            "this project has several databases, and one is restored at a time",
            hint=f"Choose it: --database {' or --database '.join(filter(None, (one.name for one in layouts)))}",
        )
    name = layouts[0].name
    target = connection.locate(settings, name, say=say)
    return target, name or target.name, name is not None


def _programs(settings: Settings, target: Target) -> tuple[Mapping[str, str], Path | None]:
    """Return the environment and the folder of the client programs: the local server comes with its own."""
    found = local.programs(settings) if target.source == local.SOURCE else None
    if found is None:
        return settings.environ, None
    return {**settings.environ, **found.environment}, found.bin
