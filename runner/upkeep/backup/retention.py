"""Decide which backups have expired. Pure: names in, names out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from runner.errors import UsageError
from runner.upkeep.backup.manifest import SUFFIX, ArchiveName, is_of

DEFAULT_KEEP_DAYS = 30
CLOCK_TOLERANCE = timedelta(hours=1)


def keep_days_of(texts: Collection[str], database: str) -> int:
    """Return for how many days to keep a database's backups, from texts such as "30" and "carthub=7"; the last one wins.

    Raises: UsageError when one is neither.
    """
    for_all, for_one = DEFAULT_KEEP_DAYS, None
    for text in texts:
        name, equals, days = text.rpartition("=")
        if not (days.isascii() and days.isdigit()) or (equals and not name):
            raise UsageError(
                f"{text!r} is not a number of days",
                hint="Write --keep-days 30, or for one database --keep-days carthub=7; 0 keeps all.",
            )
        if not equals:
            for_all = int(days)
        elif name == database:
            for_one = int(days)
    return for_all if for_one is None else for_one


def whole(names: Collection[str], database: str) -> list[ArchiveName]:
    """Return the whole backups of a database among the names of a place, the newest first.

    An archive gets its name only when all of it is there, and its manifest before that; so both names are a
    whole backup. Whatever else lies there is somebody else's.
    """
    found = [
        name
        for text in names
        if (name := ArchiveName.parse(text)) is not None
        and name.database == database
        and name.manifest in names
    ]
    return sorted(found, key=lambda name: name.taken_at, reverse=True)


def orphans(names: Collection[str], database: str) -> list[str]:
    """Return the manifests of a database whose archive never got its name."""
    return sorted(
        name
        for name in names
        if name.endswith(SUFFIX) and is_of(name, database) and name.removesuffix(SUFFIX) not in names
    )


def from_future(kept: Collection[ArchiveName], *, now: datetime) -> list[ArchiveName]:
    """Return those whose name has a time in the future, newest first.

    A clock was wrong, when they were made or now. For the seconds by which clocks differ there is a tolerance.
    """
    found = (name for name in kept if name.taken_at > now + CLOCK_TOLERANCE)
    return sorted(found, key=lambda name: name.taken_at, reverse=True)


def expired(kept: Collection[ArchiveName], *, now: datetime, keep_days: int) -> list[ArchiveName]:
    """Return those of one database that are older than `keep_days` days, the oldest first; 0 keeps all.

    The age counts up to the backup before the newest, not to the clock: when the newest was made while the clock
    was ahead, all others seem old. The newest of each kind stays, however old: without data an archive replaces
    none that has it, and the other way round. One from the future is never removed and protects nothing.
    """
    if keep_days == 0:
        return []
    gone = []
    future = set(from_future(kept, now=now))
    for schema_only in (False, True):
        of_kind = sorted(
            (name for name in kept if name.schema_only is schema_only and name not in future),
            key=lambda name: name.taken_at,
        )
        if len(of_kind) > 1:
            limit = min(now, of_kind[-2].taken_at) - timedelta(days=keep_days)
            gone += [name for name in of_kind[:-1] if name.taken_at < limit]
    return sorted(gone, key=lambda name: name.taken_at)
