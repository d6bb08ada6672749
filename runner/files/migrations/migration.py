"""Migrations as values: the content of the files, before anything is run."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from runner.errors import FileError, Location
from runner.files.sqltext.tokens import line_and_column, line_at
from runner.redaction import redacted

if TYPE_CHECKING:
    from runner.files.migrations.bulk import Batch, CopyFrom

LARGE_BYTES = 1 << 20  # a larger file is read in pieces, and its SQL is not kept in history
_PIECE_BYTES = 1 << 18
_REDACTED = 16_384  # characters around a line that are searched for passwords


class Kind(Enum):
    """How often a file is run."""

    VERSIONED = "versioned"  # once per database, never edited afterwards
    REPEATABLE = "repeatable"  # again whenever its checksum changes
    HOOK = "hook"  # yoyo's post-apply: after every run that applied something
    PYTHON = (
        "python"  # yoyo's .py migrations: recognized, so that a switch from yoyo needs no edit, but never run
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One direction of a migration: a file of SQL."""

    path: Path
    label: str  # the path as shown to people, relative to the project
    text: str | None = field(repr=False)  # without byte-order mark; None when the file is large
    checksum: str  # SHA-256 of the file's bytes with LF line endings and no byte-order mark, hex
    size_bytes: int
    transactional: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)  # lock_timeout, statement_timeout, …
    concurrently_timeout_ms: int | None = None  # None, as below: the run's own
    lock_retries: int | None = None
    max_blocked: int | None = None
    batch: Batch | None = None
    parallel: int = 1  # connections
    copies: tuple[CopyFrom, ...] = ()
    problems: tuple[FileError, ...] = field(
        default=(), compare=False
    )  # why it may not be run, if it is not applied

    def pieces(self) -> Iterator[str]:
        """Yield the text; a large file is read again, in pieces.

        Raises: FileChangedError at the end, if the content no longer has the checksum.
        """
        if self.text is not None:
            yield self.text
            return
        checksum = Checksum()
        yield from self._pieces(checksum)
        if checksum.hexdigest() != self.checksum:
            raise self.changed(
                f"Its checksum was {self.checksum[:12]} when the run began, and is {checksum.hexdigest()[:12]} now."
            )

    def changed(self, detail: str) -> FileChangedError:
        """Return the error for a file that is not what it was when the run began."""
        return FileChangedError(
            "the file changed while it was read",
            where=Location(self.label),
            detail=detail,
            hint="Run the same command again when no program writes to the file.",
        )

    def _pieces(self, checksum: Checksum) -> Iterator[str]:
        decoder = Decoder(self.label)
        with self.path.open("rb") as file:
            for data in read_pieces(file):
                checksum.update(data)
                yield decoder.decode(data)
        yield decoder.decode(b"", final=True)

    def location(self, offset: int) -> Location:
        """Return the location of a character, with its line."""
        line, base, held = 1, 0, ""
        for piece in (self.text,) if self.text is not None else self._pieces(Checksum()):
            text = held + piece
            if base + len(text) > offset and text.find("\n", offset - base) >= 0:
                held = text
                break
            keep = (
                text.rfind("\n", 0, max(0, offset - base - _REDACTED)) + 1
            )  # where the line of the character may begin
            line += text.count("\n", 0, keep)
            base, held = base + keep, text[keep:]
        here = offset - base
        more, column = line_and_column(held, here)
        # redacted before it is cut: the word PASSWORD may be on another line
        begin = max(0, here - column + 1 - _REDACTED)
        end = here + len(line_at(held, here)) + _REDACTED
        excerpt = line_at(redacted(held[begin:end]), here - begin)
        return Location(self.label, line + more - 1, column, excerpt)

    def error(
        self, message: str, offset: int, *, detail: str | None = None, hint: str | None = None
    ) -> FileError:
        """Return an error that points at a character of this file."""
        return FileError(message, where=self.location(offset), detail=detail, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A file that is applied to a database, and the file that undoes it."""

    id: str  # the file name without ".sql"; also yoyo's migration_id
    kind: Kind
    apply: Script
    rollback: Script | None = None
    depends: tuple[str, ...] = ()
    irreversible: str | None = None  # why there is no way back
    unknown_depends: tuple[str, ...] = ()  # ids in its depends directive that no file has
    foreign: FileError | None = None  # its name follows the rules of another tool

    @property
    def problems(self) -> tuple[FileError, ...]:
        """The reasons why neither of its files may be run."""
        return self.apply.problems + (() if self.rollback is None else self.rollback.problems)

    @property
    def checksum(self) -> str:
        """Checksum of the file that is applied."""
        return self.apply.checksum


def _guess(data: bytes) -> str:
    return "UTF-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "LATIN1"


class Decoder:
    """Decodes the bytes of a file in pieces, and refuses what PostgreSQL would misread."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._line = 1
        self._bytes = 0

    def decode(self, data: bytes, *, final: bool = False) -> str:
        """Return the text of the next bytes.

        Raises: FileError for a NUL byte and for what is not UTF-8.
        """
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            raise self._error(
                "the file is not UTF-8",
                data,
                min(error.start, len(data)),
                f"Convert it, for example: iconv -f {_guess(data)} -t UTF-8 OLD.sql > NEW.sql",
            ) from error
        nul = data.find(b"\0")
        if nul >= 0:
            raise self._error("a NUL byte in the file", data, nul, "Save the file as plain UTF-8 text.")
        self._line += data.count(b"\n")
        self._bytes += len(data)
        return text

    def _error(self, message: str, data: bytes, index: int, hint: str) -> FileError:
        where = Location(self._label, self._line + data.count(b"\n", 0, index))
        return FileError(
            message, where=where, detail=f"At byte {self._bytes + index} of the file.", hint=hint
        )


def decode(data: bytes, label: str) -> str:
    """Return the text of a whole file.

    Raises: as Decoder, which then reads it once more to say where.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Decoder(label).decode(data, final=True)
    return Decoder(label).decode(data, final=True) if "\0" in text else text


def checksum_of(data: bytes) -> str:
    """Return the checksum of a file's bytes, the same for every line-ending style.

    A checkout on another system may change CRLF to LF or drop a byte-order mark; neither is an edit.
    """
    return hashlib.sha256(data.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n")).hexdigest()


class Checksum:
    """`checksum_of` of a file that is read piece by piece."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._held = b""  # a CR at the edge may be the first half of CRLF
        self._first = True

    def update(self, data: bytes) -> None:
        """Add the next bytes; the first piece holds the whole of a byte-order mark."""
        data = self._held + (data.removeprefix(codecs.BOM_UTF8) if self._first else data)
        self._first = False
        self._held = b"\r" if data.endswith(b"\r") else b""
        self._digest.update(data[: len(data) - len(self._held)].replace(b"\r\n", b"\n"))

    def hexdigest(self) -> str:
        """Return the checksum of what was added."""
        whole = self._digest.copy()
        whole.update(self._held)
        return whole.hexdigest()


class FileChangedError(FileError):
    """A large file is not what it was when the run began."""


def read_pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of a file piece by piece."""
    while data := file.read(_PIECE_BYTES):
        yield data
