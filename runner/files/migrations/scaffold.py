"""Write the two files of a new migration."""

from __future__ import annotations

import fcntl
import os
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from runner.errors import BusyError, ConfigurationError, FileError, Location, UsageError
from runner.files.migrations.layout import Layout, Source
from runner.files.migrations.load import ROLLBACK
from runner.files.migrations.units import UNWRITTEN

_NUMBER = re.compile(r"(V?)(\d+)(_+|-|\.| )")
_TIMESTAMP_DIGITS = 14  # 20261122070000

_APPLY = """\
-- {sentence}.
{unwritten}

"""
_ROLLBACK = """\
-- Undo {id}.
{unwritten}

"""


@dataclass(frozen=True, slots=True)
class NewPair:
    """The two files that were written."""

    id: str
    apply: Path
    rollback: Path


def scaffold(layout: Layout, name: str, *, now: datetime | None = None) -> NewPair:
    """Write `NNNN_name.sql` and its rollback, numbered after the newest file, named like the existing files.

    Raises: UsageError if the name has no usable word; FileError if the folder cannot be written.
    """
    source, slug = layout.newest, slug_of(name)
    sentence = slug.replace("_", " ").capitalize()
    apply = _APPLY.format(sentence=sentence, unwritten=UNWRITTEN)
    with _alone(source.path):
        id_ = f"{_next_number(source.path, now or datetime.now(UTC))}{slug}"
        return write_pair(source, id_, apply, _ROLLBACK.format(id=id_, unwritten=UNWRITTEN))


def slug_of(name: str) -> str:
    """Return a name as files have it.

    Raises: UsageError if it has no usable word.
    """
    words = re.findall(r"\w+", unicodedata.normalize("NFC", name))
    if not words:
        raise UsageError(
            f'"{name}" is not a name for a migration', hint="Use a few words: runner new add_orders_note"
        )
    return "_".join(words).lower()


def next_ids(layout: Layout, slugs: Sequence[str], *, now: datetime | None = None) -> list[str]:
    """Return the ids of new migrations, in their order."""
    prefix = _next_number(layout.newest.path, now or datetime.now(UTC))
    match = _NUMBER.match(prefix)
    if match is None:
        raise ValueError(prefix)
    letter, digits, separator = match.groups()
    return [
        f"{letter}{int(digits) + number:0{len(digits)}d}{separator}{slug}"
        for number, slug in enumerate(slugs)
    ]


def write_pair(source: Source, id_: str, apply: str, rollback: str | None) -> NewPair:
    """Write a migration and its rollback, if it has one.

    Raises: FileError, ConfigurationError if one cannot be written; then neither is.
    """
    pair = NewPair(id_, source.path / f"{id_}.sql", _rollback_path(source, id_))
    _write(pair.apply, apply)
    try:
        if rollback is not None:
            _write(pair.rollback, rollback)
    except BaseException:
        pair.apply.unlink(missing_ok=True)  # the next migrate would find half a pair
        raise
    return pair


def names_in(source: Source) -> frozenset[str]:
    """Return the names of the files in a folder of migrations."""
    return frozenset(path.name for path in source.path.glob("*.sql"))


def write_pairs(
    source: Source, texts: Sequence[tuple[str, str, str | None]], *, beside: Collection[str] | None = None
) -> list[NewPair]:
    """Write migrations, each an id with its two texts; `beside` names the files that were there when they got their ids.

    Raises: BusyError if another was written meanwhile; FileError, ConfigurationError if one cannot be written. Then none is.
    """
    pairs: list[NewPair] = []
    with _alone(source.path):
        if beside is not None and (others := sorted(names_in(source) - set(beside))):
            raise BusyError(
                f"{others[0]} was written meanwhile, with a number that is wanted here",
                detail="No file was written.",
                hint="Run the same command again.",
            )
        try:
            pairs.extend(write_pair(source, *each) for each in texts)
        except BaseException:
            for pair in pairs:
                pair.apply.unlink(missing_ok=True)
                pair.rollback.unlink(missing_ok=True)
            raise
    return pairs


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other runner number or write a migration in this folder meanwhile."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def first_layout(project: Path, database: str | None, snapshot_dir: Path) -> Layout:
    """Return where the first migration of a new project goes."""
    folder = project / "migrations" / (database or "")
    return Layout(database, (Source(folder),), snapshot_dir / f"{database or 'schema'}.sql")


def _next_number(folder: Path, now: datetime) -> str:
    ids = sorted(path.name for path in folder.glob("*.sql")) if folder.is_dir() else []
    numbers = [match for name in ids if (match := _NUMBER.match(name))]
    if not numbers:
        return "0001_"
    newest = max(numbers, key=lambda match: int(match[2]))
    prefix, digits, separator = newest.groups()
    if len(digits) == _TIMESTAMP_DIGITS:
        return f"{prefix}{now:%Y%m%d%H%M%S}{separator}"
    return f"{prefix}{int(digits) + 1:0{len(digits)}d}{separator}"


def _rollback_path(source: Source, id_: str) -> Path:
    return source.path / f"{id_}{ROLLBACK}" if source.down is None else source.down / f"{id_}.sql"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        raise FileError(
            "the file exists already", where=Location(path), hint="Choose another name."
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with file:
            file.write(text)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"cannot write {path}: {(error.strerror or str(error)).lower()}",
        detail="Neither of the two files was written.",
        hint="Check the folder's permissions, and the space on its disk.",
    )
