"""Backups in a folder."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from runner.errors import ConfigurationError, RunnerError
from runner.upkeep.backup.manifest import SUFFIX, is_of

_PART = ".part"
_CHUNK_BYTES = 1 << 20


class FolderPlace:
    """A folder; archives are readable only by their owner, as they contain all the data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def label(self) -> str:
        """The folder's path."""
        return f"{self._folder}{os.sep}"

    def names(self) -> list[str]:
        """Return the names of the files; none for a folder that does not exist yet."""
        if not self._folder.exists():
            return []
        with self._readable():
            return [path.name for path in self._folder.iterdir() if path.is_file()]

    @contextmanager
    def sink(self, name: str) -> Iterator[_FileSink]:
        """Begin an archive under a hidden name, locked as long as this process lives."""
        with self._explained():
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f".{name}{_PART}"
            with open(part, "xb", opener=_private, buffering=0) as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX)
                    yield _FileSink(file, part, self._folder / name)
                finally:
                    part.unlink(missing_ok=True)

    def read(self, name: str) -> bytes:
        """Return a file."""
        with self._readable():
            return (self._folder / name).read_bytes()

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file piece by piece."""
        with self._readable(), (self._folder / name).open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def path(self, name: str) -> Path | None:
        """Return the file's path."""
        return self._folder / name

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._explained():
            (self._folder / name).unlink(missing_ok=True)

    def discard_leftovers(self, database: str) -> list[str]:
        """Remove this database's hidden files whose writers are dead: no process holds their locks."""
        parts = self._folder.glob(f".*{_PART}") if self._folder.is_dir() else ()
        return [
            name
            for part in parts
            if is_of(name := part.name[1 : -len(_PART)], database) and _is_abandoned(part)
        ]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._error(error) from error

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(
                f"cannot read {error.filename or self._folder}: {(error.strerror or 'unknown error').lower()}",
                detail="Nothing was changed.",
                hint="Archives are readable only by their owner: run this as the user who made the backup.",
            ) from error

    def _error(self, error: OSError) -> RunnerError:
        state = "Nothing of this backup is left there under its name; earlier ones are untouched."
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return RunnerError(
                f"no space left in {self._folder}",
                detail=state,
                hint="Free space there, or keep fewer days; then run the command again.",
            )
        return ConfigurationError(
            f"cannot use {error.filename or self._folder}: {(error.strerror or 'unknown error').lower()}",
            detail=state,
            hint="Give a folder that this user may write.",
        )


class _FileSink:
    def __init__(self, file: BinaryIO, part: Path, final: Path) -> None:
        self._file = file
        self._part = part
        self._final = final

    def write(self, chunk: bytes) -> None:
        """Add to the file."""
        view = memoryview(chunk)
        while view:
            view = view[self._file.write(view) :]

    def publish(self, manifest: bytes) -> None:
        """Flush it to disk, then name it: the manifest first, so that an archive always has one."""
        os.fsync(self._file.fileno())
        beside = self._final.with_name(self._final.name + SUFFIX)
        draft = self._part.with_name(f".{beside.name}{_PART}")
        try:
            with open(draft, "wb", opener=_private) as file:
                file.write(manifest)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(beside)
        finally:
            draft.unlink(missing_ok=True)
        self._part.rename(self._final)
        _sync(self._final.parent)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_abandoned(part: Path) -> bool:
    """Remove a hidden file if no process holds its lock; return whether it did."""
    with suppress(OSError), part.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()
        return True
    return False
