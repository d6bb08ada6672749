r"""Read a data file as COPY does: its options, its header, its number of rows, and a lone \. that is no end.

Source: PostgreSQL manual, "COPY", File Formats; src/backend/commands/copyfromparse.c.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from runner.files.migrations.bulk import CopyFrom
from runner.files.sqltext.tokens import tokens

_PIECE_BYTES = 1 << 18
_LONGEST_HEADER = 1 << 16
_LONE_END = re.compile(rb"(?:^|(?<=\r))\\\.(?=\r|\n|\Z)", re.MULTILINE)
_SPECIAL = {r"\t": "\t", r"\n": "\n", r"\b": "\b", r"\f": "\f"}
_FALSE = frozenset({"false", "off", "0", "no"})


class DataFileError(Exception):
    """The data cannot be sent as it is; the message continues after the file's name, `line` counts from 1."""

    def __init__(self, message: str, hint: str, *, line: int | None = None, detail: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.line = line
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Form:
    """The format of a data file: from the directive's options, or else from its suffix."""

    given: dict[str, str]  # the directive's own options, names in lower case, values without quotes
    format: str
    delimiter: str
    quote: str
    header: str | None  # true, false, match; None: the first line decides

    @property
    def is_counted(self) -> bool:
        """Whether its rows can be counted here; not with an ESCAPE of its own."""
        own_escape = self.given.get("escape", self.quote) != self.quote
        return self.format == "text" or (self.format == "csv" and not own_escape)

    @classmethod
    def of(cls, copy: CopyFrom) -> Form:
        """Return the format from a directive's options and the suffix of its file."""
        given = _options(copy.options or "")
        form = given.get("format", "csv" if copy.path.suffix.lower() == ".csv" else "text").lower()
        header = given.get("header")
        return cls(
            given,
            form,
            given.get("delimiter", "," if form == "csv" else "\t"),
            given.get("quote", '"'),
            None if header is None else "false" if header.lower() in _FALSE else header.lower() or "true",
        )

    def options(self, copy: CopyFrom, *, skips_header: bool) -> str:
        """Return the text for the parentheses of COPY."""
        parts = [] if "format" in self.given else [f"FORMAT {self.format}"]
        if skips_header:
            parts.append("HEADER true")
        if "encoding" not in self.given:
            parts.append("ENCODING 'UTF8'")
        return ", ".join((*parts, *([copy.options.strip()] if copy.options and copy.options.strip() else [])))


def _options(text: str) -> dict[str, str]:
    """Return COPY's options by name; values without their quotes, those in parentheses as written."""
    found: dict[str, str] = {}
    name, value, depth = "", "", 0
    for token in (token for token in tokens(f"{text},") if not token.is_comment):
        if token.text == "," and not depth:
            if name:
                found[name.lower()] = value
            name, value = "", ""
            continue
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if not name:
            name = token.text
        else:
            value += _unquoted(token.kind, token.text)
    return found


def _unquoted(kind: str, text: str) -> str:
    if kind == "string":
        return text[1:-1].replace("''", "'")
    if kind == "escape":
        return re.sub(r"\\.", lambda m: _SPECIAL.get(m[0], m[0][1]), text[2:-1])
    return text


class DataFile:
    """An open data file, read once from start to end."""

    def __init__(self, file: BinaryIO, form: Form) -> None:
        self._file = file
        self._form = form
        self._held = file.read(_PIECE_BYTES)
        if form.given.get("encoding", "utf8").lower().replace("-", "") in {"utf8", "unicode"}:
            self._held = self._held.removeprefix(codecs.BOM_UTF8)
        self._quote = form.quote.encode()
        self._in_quotes = False
        self._newline = b"\n" if b"\n" in self._held or b"\r" not in self._held else b"\r"
        self.rows = 0  # without the header
        self.skipped = 0  # lines of the header that are not sent

    def first_row(self) -> list[str]:
        """Return the cells of the first row, which may be a header; leave it unread."""
        first = self._held[:_LONGEST_HEADER].decode("utf-8", "replace")
        if self._form.format == "csv" and len(self._form.delimiter) == len(self._form.quote) == 1:
            lines = iter(first.splitlines(keepends=True))
            reader = csv.reader(lines, delimiter=self._form.delimiter, quotechar=self._form.quote)
            try:
                return next(reader, [])
            except csv.Error:
                return []
        return first.splitlines()[0].split(self._form.delimiter) if first else []

    def skip_header(self) -> None:
        """Skip the first line: servers before 15 know a header in CSV only."""
        end = self._held.find(self._newline)
        self._held = b"" if end < 0 else self._held[end + 1 :]
        self.skipped = 1

    def pieces(self, *, header: bool) -> Iterator[bytes]:
        r"""Yield what is sent, with a lone \. of CSV in quotes, because servers before 18 end the data there.

        Raises: DataFileError for rows after the \. that ends a file in COPY's text format.
        """
        if self._form.format not in {"text", "csv"}:
            while self._held:
                yield self._held
                self._held = self._file.read(_PIECE_BYTES)
            return
        line, ended = 1 + self.skipped, 0
        for lines in self._lines():
            sent = lines
            if ended:
                _require_blank(lines, ended)
                continue
            if self._form.format == "csv":
                sent = self._csv(lines, line)
            else:
                if (end := _LONE_END.search(lines)) is not None:
                    ended = line + lines.count(self._newline, 0, end.start())
                    _require_blank(lines[end.end() :], ended)
                    sent = lines[: end.start()]
                self._count_text(sent)
            line += lines.count(self._newline)
            yield sent
        if header and self.rows:
            self.rows -= 1

    def _lines(self) -> Iterator[bytes]:
        """Yield the data in pieces of whole lines."""
        held = self._held
        while True:
            cut = held.rfind(self._newline) + 1
            if cut:
                yield held[:cut]
                held = held[cut:]
            data = self._file.read(_PIECE_BYTES)
            if not data:
                break
            held += data
        if held:
            yield held

    def _count_text(self, lines: bytes) -> None:
        plain = lines.replace(b"\r\n", b"\n").replace(b"\\\\", b"")
        escaped = plain.count(b"\\" + self._newline)
        unended = 0 if not lines or lines.endswith(self._newline) else 1
        self.rows += plain.count(self._newline) - escaped + unended

    def _csv(self, lines: bytes, line: int) -> bytes:
        """Count the rows of a piece, and quote each row that is only a backslash and a dot."""
        if not self._form.is_counted:
            if (found := _LONE_END.search(lines)) is not None:
                raise DataFileError(
                    r"has a line that is only \. and uses ESCAPE",
                    rf"Servers before 18 end the data there: write {self._form.quote}\.{self._form.quote}",
                    line=line + lines.count(self._newline, 0, found.start()),
                )
            return lines
        sent: list[bytes] = []
        parts = lines.split(self._quote)
        for n, part in enumerate(parts):
            if n:
                self._in_quotes = not self._in_quotes
                sent.append(self._quote)
            if not self._in_quotes:
                self.rows += part.count(self._newline)
                if b"\\." in part:
                    part = self._quoted_end(part, begins=n == 0, ends=n == len(parts) - 1)
            sent.append(part)
        if not lines.endswith(self._newline):
            self.rows += 1
        return b"".join(sent)

    def _quoted_end(self, part: bytes, *, begins: bool, ends: bool) -> bytes:
        """Quote the rows of a part without quotes; at its edges only if these are line ends."""

        def quoted(match: re.Match[bytes]) -> bytes:
            if (match.start() == 0 and not begins) or (match.end() == len(part) and not ends):
                return match[0]
            return self._quote + match[0] + self._quote

        return _LONE_END.sub(quoted, part)


def _require_blank(lines: bytes, ended: int) -> None:
    if lines.strip(b"\r\n"):
        raise DataFileError(
            r"has rows after the line \. that ends the data",
            r"Remove the line \. or what follows it.",
            line=ended,
        )


def check_header(first: Sequence[str], columns: Sequence[str], form: Form) -> bool:
    """Return whether the first row of a file is its header.

    Raises: DataFileError if it names other columns than those to load, or in another order.
    """
    if form.format not in {"text", "csv"} or form.header == "false":
        return False
    names = [cell.strip().lower() for cell in first]
    wanted = [column.lower() for column in columns]
    if names == wanted:
        return True
    detail = f"Its first line is {', '.join(first)}; the columns to load are {', '.join(columns)}."
    if sorted(names) == sorted(wanted) and wanted:
        raise DataFileError(
            "has the columns in another order",
            "Write the columns of the copy directive in the order of the file.",
            line=1,
            detail=detail,
        )
    if set(names) & set(wanted) or _is_akin(names, wanted) or form.header == "match":
        raise DataFileError(
            "has a header that does not match the columns to load",
            "Write the file's columns in the copy directive, in the file's order, or correct the header. If the first line is "
            "data, add the option (HEADER false).",
            line=1,
            detail=detail,
        )
    return form.header is not None


def _is_akin(names: Sequence[str], wanted: Sequence[str]) -> bool:
    """Return whether each cell shares a word with its column: "Order Total" with total, id with order_id."""
    pairs = [(_words(name), _words(column)) for name, column in zip(names, wanted, strict=False)]
    return len(names) == len(wanted) > 0 and all(
        name and column and (name <= column or column <= name) for name, column in pairs
    )


def _words(name: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", name))
