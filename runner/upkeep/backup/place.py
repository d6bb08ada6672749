"""Where backups are kept: a folder or a prefix of a bucket, with the same operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from runner.errors import UsageError
from runner.server.credentials.sources import needing_botocore
from runner.upkeep.backup.folder import FolderPlace
from runner.upkeep.backup.manifest import ArchiveName


class Sink(Protocol):
    """An archive that is being written; it has no name in its place until it is published."""

    def write(self, chunk: bytes) -> None:
        """Add to the archive."""

    def publish(self, manifest: bytes) -> None:
        """Give the archive its name, and a manifest beside it."""


class Place(Protocol):
    """A folder or a prefix."""

    @property
    def label(self) -> str:
        """What to call it in output; the files' names are added to it."""

    def names(self) -> list[str]:
        """Return the names of the files or objects."""

    def sink(self, name: str) -> AbstractContextManager[Sink]:
        """Begin an archive; if it is not published, it is discarded at the end."""

    def read(self, name: str) -> bytes:
        """Return a small file."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a large file in pieces."""

    def path(self, name: str) -> Path | None:
        """Return the file's path where it has one."""

    def remove(self, name: str) -> None:
        """Remove a file."""

    def discard_leftovers(self, database: str) -> list[str]:
        """Remove unfinished archives left by killed runs of this database; return their names."""


def open_place(where: str, *, environ: Mapping[str, str], kms_key: str | None = None) -> Place:
    """Return the place for a folder or URL.

    Raises: UsageError, CredentialsError.
    """
    if where.startswith("s3://"):
        with needing_botocore(where):
            from runner.upkeep.backup.bucket import BucketPlace

        return BucketPlace.open(where, environ=environ, kms_key=kms_key)
    if "://" in where:
        raise UsageError(
            f"{where.partition('://')[0]}:// is not a place for backups",
            hint="Give a folder, or s3://bucket/prefix.",
        )

    return FolderPlace(Path(where).absolute())


def split(where: str) -> tuple[str, str | None]:
    """Return the place, and the archive's name to restore; None for the newest there."""
    place, slash, name = where.rpartition("/")
    if ArchiveName.parse(name) is None:
        return where, None
    return place + slash if place else slash or ".", name
