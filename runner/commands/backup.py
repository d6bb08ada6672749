"""Back each database up, and restore one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from runner.engine.history.actor import actor_of
from runner.errors import RunnerError
from runner.events import WARNING, BackupTaken, Emit, Event, Notice
from runner.report.parts import backup_as_json
from runner.server import local
from runner.session.each import Failures
from runner.session.session import Session, open_session, read_files
from runner.settings import Settings
from runner.upkeep import backup
from runner.upkeep.backup import ArchiveName, Place, Program
from runner.wording import counted

if TYPE_CHECKING:
    from runner.server.credentials import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOptions:
    """What `backup` was asked for."""

    to: str
    schema_only: bool = False
    keep_days: tuple[str, ...] = ()
    kms_key: str | None = None
    lock_wait_s: float = 60.0


def backups(settings: Settings, options: BackupOptions, emit: Emit) -> list[BackupTaken]:
    """Back each database up in turn, and remove what has served its time.

    If one fails, the others still have their turn.

    Raises: as connecting does; UsageError for a place or a program that cannot be used; BusyError; RunnerError when
    a dump fails, cannot be read back or cannot be written; after all others had their turn.
    """
    backup.keep_days_of(options.keep_days, "")
    place = backup.open_place(options.to, environ=settings.environ, kms_key=options.kms_key)
    results, failures, found = [], Failures(), read_files(settings)
    for layout, files in found:
        with (
            failures.of(layout.title),
            open_session(settings, layout, files, only=len(found) == 1, emit=emit) as session,
        ):
            taken = _take_one(settings, session, place, options, emit)
            days = backup.keep_days_of(options.keep_days, session.title)
            removed = _age_out(place, session.title, keep_days=days, but=taken, emit=emit)
            results.append(taken._replace(removed=removed))
            emit(results[-1])
    failures.check()
    return results


def back_up(
    settings: Settings, sessions: Sequence[Session], options: BackupOptions, emit: Emit
) -> dict[str, BackupTaken]:
    """Back up each database that is about to be migrated, and report it; return the backups by the database's title.

    Raises: as `backups`.
    """
    place = backup.open_place(options.to, environ=settings.environ, kms_key=options.kms_key)
    taken = {}
    try:
        for session in sessions:
            taken[session.title] = _take_one(settings, session, place, options, emit)
            emit(taken[session.title])
    except RunnerError as error:
        error.notes.append("No migration was run, because there is no backup.")
        raise
    return taken


def _take_one(
    settings: Settings, session: Session, place: Place, options: BackupOptions, emit: Emit
) -> BackupTaken:
    """Back one database up; nothing older is touched.

    Raises: as `backups`.
    """
    started = monotonic()
    environ, folder = client_programs(settings, session.target)
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
    manifest = backup.take(source, place, schema_only=options.schema_only, emit=emit)
    return BackupTaken(
        database=session.title,
        place=session.place,
        label=f"{place.label}{manifest.name}",
        taken_at=manifest.taken_at,
        schema_only=manifest.schema_only,
        size_bytes=manifest.size_bytes,
        sha256=manifest.sha256,
        migrations=len(manifest.facts.migrations),
        newest=manifest.facts.newest,
        elapsed_s=monotonic() - started,
    )


def _age_out(place: Place, database: str, *, keep_days: int, but: BackupTaken, emit: Emit) -> tuple[str, ...]:
    """Remove what is older than `keep_days` days; the archive goes before its manifest, for without one it is no backup."""
    now = datetime.now(UTC)
    try:
        names = place.names()
        gone: list[str] = backup.orphans(names, database)
        kept = backup.whole(names, database)
        future = backup.from_future(kept, now=now)
        if future:
            emit(_from_future(place, database, future))
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


def _from_future(place: Place, database: str, future: list[ArchiveName]) -> Notice:
    return Notice(
        name="backup.from_future",
        level=WARNING,
        database=database,
        message=f"{counted(len(future), 'backup')} of {database} in {place.label} {'is' if len(future) == 1 else 'are'} from the "
        f"future ({future[0]}): restore will not choose the newest, and none of them is removed; rename or remove "
        "what has a wrong date, and its manifest with it",
        facts={"archives": [str(each) for each in future]},
    )


def client_programs(settings: Settings, target: Target) -> tuple[Mapping[str, str], Path | None]:
    """Return the environment and the folder of the client programs: the local server comes with its own."""
    found = local.programs(settings) if target.source == local.SOURCE else None
    if found is None:
        return settings.environ, None
    return {**settings.environ, **found.environment}, found.bin


def as_json(results: Sequence[BackupTaken]) -> dict[str, Any]:
    """Return the new backups."""
    return {"databases": [backup_as_json(result) for result in results]}


def done_before(events: Sequence[Event]) -> dict[str, Any]:
    """Return what a run that fails had done, for the object of its error."""
    taken = [backup_as_json(event) for event in events if isinstance(event, BackupTaken)]
    return {"databases": taken} if taken else {}
