"""Migrations as values: what the files say, before anything is run."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import FileError, Location
from runner.redaction import redacted
from runner.sqltext import line_and_column, line_at

if TYPE_CHECKING:
    from runner.migrations.bulk import Batch, CopyFrom

LARGE_BYTES = 1 << 20  # a larger file is read piece by piece, and its SQL is not kept in history
_PIECE_BYTES = 1 << 18
_REDACTED = 16_384  # characters around a line: a statement with a password is not longer


class Kind(Enum):
    """How often a file is run."""

    VERSIONED = "versioned"  # once per database, never edited afterwards
    REPEATABLE = "repeatable"  # again whenever its checksum changes
    HOOK = "hook"  # yoyo's post-apply: after every run that applied something
    PYTHON = "python"  # yoyo's .py migrations: known, so that a switch from yoyo needs no edit, but never run


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One direction of a migration: a file of SQL."""

    path: Path
    label: str  # the path as people see it: relative to the project
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

    def pieces(self) -> Iterator[str]:
        """Yield the text; a large file is read anew, piece by piece."""
        if self.text is not None:
            yield self.text
            return
        decoder = Decoder(self.label)
        with self.path.open("rb") as file:
            while data := file.read(_PIECE_BYTES):
                yield decoder.decode(data)
        yield decoder.decode(b"", final=True)

    def location(self, offset: int) -> Location:
        """Return the place of a character, with its line."""
        text = self.text if self.text is not None else "".join(self.pieces())
        line, column = line_and_column(text, offset)
        # redacted before it is cut: the word PASSWORD may stand on another line
        begin = max(0, offset - column + 1 - _REDACTED)
        end = offset + len(line_at(text, offset)) + _REDACTED
        return Location(self.label, line, column, line_at(redacted(text[begin:end]), offset - begin))

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
    irreversible: str | None = None  # the reason why there is no way back

    @property
    def checksum(self) -> str:
        """Checksum of the file that is applied."""
        return self.apply.checksum


def _guess(data: bytes) -> str:
    return "UTF-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "LATIN1"


class Decoder:
    """Turns the bytes of a file into text, piece by piece; refuses what PostgreSQL would misread."""

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


def checksum_of_file(path: Path) -> str:
    """Return `checksum_of` the file's bytes without holding them all."""
    digest = hashlib.sha256()
    held = b""
    with path.open("rb") as file:
        first = True
        while data := file.read(_PIECE_BYTES):
            data = held + (data.removeprefix(codecs.BOM_UTF8) if first else data)
            first = False
            # a CR at the edge may be the first half of CRLF
            held = b"\r" if data.endswith(b"\r") else b""
            digest.update(data[: len(data) - len(held)].replace(b"\r\n", b"\n"))
    digest.update(held)
    return digest.hexdigest()
