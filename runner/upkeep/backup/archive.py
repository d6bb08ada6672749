"""Find a backup, and check it against its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from runner.errors import RunnerError, UsageError
from runner.upkeep.backup import foreign_dumps
from runner.upkeep.backup.manifest import ArchiveName, Manifest
from runner.upkeep.backup.place import Place, open_place, split
from runner.upkeep.backup.retention import from_future, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An archive and its manifest."""

    place: Place
    name: ArchiveName
    manifest: Manifest

    @property
    def label(self) -> str:
        """Where it is."""
        return f"{self.place.label}{self.name}"

    @property
    def path(self) -> Path | None:
        """Its path, where it is a file."""
        return self.place.path(str(self.name))

    def chunks(self) -> Iterator[bytes]:
        """Yield its content in pieces."""
        return self.place.chunks(str(self.name))

    def require_intact(self) -> None:
        """Read all of it and compare it with the manifest.

        Raises: RunnerError if it was changed since it was written.
        """
        digest, size = hashlib.sha256(), 0
        for chunk in self.chunks():
            digest.update(chunk)
            size += len(chunk)
        wanted = self.manifest
        if (size, digest.hexdigest()) != (wanted.size_bytes, wanted.sha256):
            raise RunnerError(
                f"{self.label} differs from what was written",
                detail=f"It has {size:,} bytes and SHA-256 {digest.hexdigest()[:12]}…; its manifest says "
                f"{wanted.size_bytes:,} and {wanted.sha256[:12]}…. Nothing was restored.",
                hint="Restore another backup; this one was damaged, or replaced, since it was taken.",
            )


def find(where: str, *, database: str | None, into: str, environ: Mapping[str, str]) -> Archive:
    """Return the archive that `where` names, or the newest whole one with data of `database` in that place.

    Raises: UsageError when there is none, or the newest is from the future; RunnerError when its manifest cannot
    be used.
    """
    folder, name = split(where)
    if name is None:
        foreign_dumps.refuse(where, into=into, database=database)
    place = open_place(folder, environ=environ)
    names = place.names()
    found = _newest(names, place, database or "") if name is None else _named(name, names, place, into=into)
    manifest = Manifest.from_json(place.read(found.manifest), label=f"{place.label}{found.manifest}")
    return Archive(place=place, name=found, manifest=manifest)


def _newest(names: list[str], place: Place, database: str) -> ArchiveName:
    """Return the newest; one with a future date is neither chosen nor skipped, as the clock here may be wrong."""
    now = datetime.now(UTC)
    found = [each for each in whole(names, database) if not each.schema_only]
    future = from_future(found, now=now)
    known = [each for each in found if each not in future]
    if future:
        raise UsageError(
            f"the newest backup of {database} in {place.label} has a date in the future: {future[0]}",
            detail=f"Here it is {now:%Y-%m-%d %H:%M:%S} UTC: the clock is wrong, or was when that backup was made. "
            "Nothing was restored.",
            hint="Give the archive to restore"
            + (f"; the newest without a future date is {place.label}{known[0]}" if known else "")
            + ". Rename or remove one with a wrong date, and its manifest with it.",
        )
    if not known:
        raise UsageError(
            f"there is no backup of {database or 'a database'} in {place.label}",
            hint="Give the archive itself, or its folder and --database.",
        )
    return known[0]


def _named(name: str, names: list[str], place: Place, *, into: str) -> ArchiveName:
    found = ArchiveName.parse(name)
    if found is None or name not in names:
        raise UsageError(f"there is no {place.label}{name}", hint="List the files there.")
    if found.manifest not in names:
        raise UsageError(
            f"{place.label}{name} has no manifest beside it",
            detail="Without its checksum it cannot be checked. Nothing was restored.",
            hint=foreign_dumps.by_hand(f"{place.label}{name}", "archive", into=into, database=found.database),
        )
    return found
