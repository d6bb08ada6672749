"""Check a file before anything is run, and split it into the messages to send."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from runner.errors import FileError
from runner.files.migrations.directives import late_directive
from runner.files.migrations.migration import Script
from runner.files.sqltext.classify import (
    begins_plainly,
    begins_transaction,
    changes_rows,
    commits_plainly,
    controls_transaction,
    ends_transaction,
    has_computed_window,
    is_for_the_session,
    runs_outside_transactions,
    skips_locked,
)
from runner.files.sqltext.lexer import Statement, statements
from runner.files.sqltext.tokens import SqlSyntaxError, without_comments

UNWRITTEN = "-- Locks: which tables, in which mode, and who waits."  # written by `runner new` and `runner draft`, to be replaced
_SEGMENT_CHARACTERS = 1 << 18
# SET client_encoding …, SET NAMES …, set_config('client_encoding', …): the rest would be read in another encoding
_ENCODING_NAMED = re.compile(r"client_encoding|\bNAMES\b", re.IGNORECASE)
_ENCODING = re.compile(
    r"""(?:SET\s+(?:SESSION\s+|LOCAL\s+)?(?:"?client_encoding"?\s*(?:=|TO\b)\s*|NAMES\s+)
           |SELECT\b.*set_config\s*\(\s*'client_encoding'\s*,\s*)
        E?'?([\w-]+)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_OTHER_STRINGS = re.compile(
    r"\bstandard_conforming_strings\"?\s*(?:=|\bTO\b)\s*'?(?:off|of|false|f|no|n|0)\b", re.IGNORECASE
)
_UTF8 = frozenset({"UTF8", "UTF-8", "UNICODE", "DEFAULT"})


@dataclass(frozen=True, slots=True)
class Segment:
    """Statements that are sent in one message, or one COPY with its data.

    `text` is what is sent; `file_offset` translates an offset in it into one in the file.
    """

    text: str
    statements: tuple[Statement, ...]
    copy_data: str | None = None
    copy_stream: Iterable[str] | None = None  # instead of `copy_data`, if the data is streamed: read once
    _starts: tuple[int, ...] = field(default=(0,), repr=False)  # where each piece begins in `text` …
    _offsets: tuple[int, ...] = field(default=(0,), repr=False)  # … and in the file

    def data(self) -> Iterable[str]:
        """Return the data of a COPY in pieces."""
        return (self.copy_data or "",) if self.copy_stream is None else self.copy_stream

    def file_offset(self, offset: int) -> int:
        """Translate an offset in `text` into one in the file."""
        piece = bisect_right(self._starts, offset) - 1
        return self._offsets[piece] + offset - self._starts[piece]


class HashedStream:
    """The streamed data of a COPY, hashed with its statement as it is read: once, and before the next statement."""

    def __init__(self, statement: Statement) -> None:
        self._digest = hashlib.sha256(f"{statement.text};".encode())
        self._pieces = iter(statement.copy_stream or ())
        self.is_begun = False

    def __iter__(self) -> Iterator[str]:
        """Yield pieces of whole lines, each only once."""
        self.is_begun = True
        for piece in self._pieces:
            self._digest.update(piece.encode())
            yield piece

    def hexdigest(self) -> str:
        """Read what is left, and return the SHA-256 of the statement and its data."""
        for _ in self:
            pass
        whole = self._digest.copy()
        whole.update(b";")
        return whole.hexdigest()


@dataclass(frozen=True, slots=True)
class Unit:
    """What commits on its own in a file that is not one transaction: a statement, or a BEGIN … COMMIT block."""

    number: int  # in its file, from 1
    earlier: int  # statements of the file before it
    statements: tuple[Statement, ...]
    stream: HashedStream | None = None  # the data of its COPY, where that is not held

    @property
    def is_block(self) -> bool:
        """Whether it is BEGIN … COMMIT."""
        return begins_transaction(self.statements[0])

    @property
    def first(self) -> Statement:
        """Its first, usually its only, statement."""
        return self.statements[0]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its text and data, hex; data that is streamed is read for it."""
        if self.stream is not None:
            return self.stream.hexdigest()
        digest = hashlib.sha256()
        for statement in self.statements:
            digest.update(f"{statement.text};{statement.copy_data or ''};".encode())
        return digest.hexdigest()

    def segments(self) -> Iterator[Segment]:
        """Yield what is sent: one message, or several if it has COPY data."""
        for segment in _gather(self.statements, whole=True):
            yield segment if self.stream is None else replace(segment, copy_stream=self.stream)

    def body_segments(self) -> Iterator[Segment]:
        """Yield what is sent for a block before its COMMIT."""
        yield from _gather(self.statements[:-1], whole=True)


def check_script(script: Script) -> int:
    """Check a whole file and return the number of its statements.

    Raises: FileError for text that cannot be split into statements, transaction control, a statement that cannot run
    in the transaction or be repeated in batches, a miswritten or late directive, a missing data file.
    """
    return sum(1 for _ in checked_statements(script))


def checked_statements(script: Script) -> Iterator[Statement]:
    """Yield the statements of a whole file, each checked.

    Raises: as `check_script`.
    """
    for problem in script.problems:
        raise problem
    for copy in script.copies:
        if not copy.path.is_file():
            raise script.error(
                f"no file {copy.label} to copy from",
                copy.offset,
                hint="Give a path relative to the project's folder, and inside it.",
            )
    if script.transactional:
        yield from _in_one_transaction(script, _read(script, streams=script.text is None))
    else:
        for unit in units(script, streams=True):
            yield from unit.statements


def refuse_unwritten(script: Script, *, is_rollback: bool) -> None:
    """Refuse a file without a statement that is unchanged since runner wrote it: it would be recorded as applied.

    Raises: FileError.
    """
    if script.text is not None and UNWRITTEN in script.text:
        raise script.error(
            "the file is unchanged since runner wrote it",
            script.text.index(UNWRITTEN),
            detail="Nothing was run.",
            hint=_WRITE_ROLLBACK if is_rollback else _WRITE,
        )


_WRITE = "Write the statements, and replace this line by what they lock; or remove both files."
_WRITE_ROLLBACK = (
    "Write the statements that undo the migration, and replace this line by what they lock. If there is no way back, "
    "remove this file and, if the migration is not applied yet, add -- irreversible: reason to it."
)


def segments(script: Script) -> Iterator[Segment]:
    """Yield what is sent for a transactional file: a small file at once, byte for byte as written.

    For a large file, send each COPY before taking the next segment: its data is read while it is sent.
    """
    if script.text is not None:
        found = tuple(_read(script))
        whole = tuple(_in_one_transaction(script, found))
        # not with COPY data, a BEGIN around it, or a psql line that is skipped
        copies = any(statement.copy_data is not None for statement in whole)
        if len(whole) == len(found) and not copies and not _passes_over_psql(script.text, whole):
            yield Segment(script.text, whole)
        else:
            yield from _gather(whole)
        return
    yield from _gather(_in_one_transaction(script, _read(script, streams=True)))


def ends_with_semicolon(script: Script) -> bool:
    """Return whether a file ends with a semicolon, so that another statement may follow it in psql."""
    if script.text is None:
        return False  # a second semicolon costs less than reading the file again
    found = list(_read(script))
    return not found or found[-1].is_closed


def _passes_over_psql(text: str, whole: Sequence[Statement]) -> bool:
    """Return whether there is a backslash between statements: a psql line, which the server would refuse."""
    if "\\" not in text:
        return False
    ends = (0, *(statement.end for statement in whole))
    starts = (*(statement.start for statement in whole), len(text))
    between = (text[end:start] for end, start in zip(ends, starts, strict=True))
    return any("\\" in gap and "\\" in without_comments(gap) for gap in between)


def units(script: Script, *, streams: bool = False) -> Iterator[Unit]:
    """Yield the units of a file that is not one transaction.

    With `streams` the data of a COPY is read while it is sent, before the next unit is taken: but not in a small file, and
    not in a BEGIN … COMMIT block.

    Raises: as `check_script`.
    """
    earlier, only_settings = 0, True
    for number, found in enumerate(_units(script, streams=streams and script.text is None), 1):
        stream = HashedStream(found[0]) if found[0].copy_stream is not None else None
        unit = Unit(number, earlier, tuple(found), stream)
        if script.batch is not None and not changes_rows(unit.first):
            raise script.error(
                f"{_name(unit.first)} in a file with -- batch",
                unit.first.start,
                hint="Each statement is repeated until it changes nothing, so it must be INSERT, UPDATE, DELETE, MERGE or WITH.",
            )
        if script.batch is not None and skips_locked(unit.first):
            raise script.error(
                "SKIP LOCKED in a file with -- batch",
                unit.first.start,
                detail="The batch would end while rows locked by another session are still to be done.",
                hint="Remove SKIP LOCKED: the batch waits for a row lock up to lock_timeout, and is then retried.",
            )
        if script.batch is not None and has_computed_window(unit.first):
            raise script.error(
                "a batch without LIMIT that counts its own way through the rows",
                unit.first.start,
                detail="It would end at the first stretch in which no row is to be changed, with rows behind it left as they are.",
                hint="Choose the rows with a LIMIT: UPDATE … WHERE id IN (SELECT id FROM … WHERE … ORDER BY id LIMIT 1000)",
            )
        only_settings &= is_for_the_session(unit.first)
        if script.parallel > 1 and is_for_the_session(unit.first) and not only_settings:
            raise script.error(
                f"{_name(unit.first)} between parallel statements",
                unit.first.start,
                hint="Put it before all other statements, so that it runs on each connection.",
            )
        if script.parallel > 1 and unit.is_block:
            for inside in unit.statements:
                if inside.starts_with("SET") and not inside.starts_with("SET", "LOCAL"):
                    raise script.error(
                        f"{_name(inside)} in a BEGIN … COMMIT block of a parallel file",
                        inside.start,
                        hint="Put it before all other statements, outside the block, so that it runs on each connection.",
                    )
        yield unit
        earlier += len(found)


def _gather(found: Sequence[Statement] | Iterator[Statement], *, whole: bool = False) -> Iterator[Segment]:
    held: list[Statement] = []
    size = 0
    for statement in found:
        if statement.copy_data is not None:
            if held:
                yield _segment(held)
                held, size = [], 0
            yield Segment(
                statement.text,
                (statement,),
                statement.copy_data,
                statement.copy_stream,
                (0,),
                (statement.start,),
            )
            continue
        held.append(statement)
        size += len(statement.text)
        if size >= _SEGMENT_CHARACTERS and not whole:
            yield _segment(held)
            held, size = [], 0
    if held:
        yield _segment(held)


def _segment(held: Sequence[Statement]) -> Segment:
    starts, pos = [], 0
    for statement in held:
        starts.append(pos)
        pos += len(statement.text) + 2
    return Segment(
        ";\n".join(s.text for s in held),
        tuple(held),
        _starts=tuple(starts),
        _offsets=tuple(s.start for s in held),
    )


def _read(script: Script, *, streams: bool = False) -> Iterator[Statement]:
    """Yield the statements, each checked on its own; with `streams` COPY data is not held in memory."""
    late: list[tuple[str, int]] = []
    try:
        for statement in statements(script.pieces(), late=late, streams=streams):
            _refuse_late_directives(script, late)
            if (other := _other_encoding(statement)) is not None:
                raise script.error(
                    f"the file sets client_encoding to {other}",
                    statement.start,
                    hint="Remove the line: files are UTF-8 and are sent as such.",
                )
            if statement.starts_with("DISCARD", "ALL"):
                raise script.error(
                    "DISCARD ALL in a migration",
                    statement.start,
                    hint="Remove it: it would release the migration lock. The session is reset after every file anyway.",
                )
            if _changes_strings(statement):
                raise script.error(
                    "the file turns standard_conforming_strings off",
                    statement.start,
                    hint="Remove the line, and write E'…' for a string with backslash escapes.",
                )
            if statement.copies_out:
                raise script.error(
                    "COPY TO stdout in a migration",
                    statement.start,
                    hint="Nothing reads its output; copy into a table instead.",
                )
            yield statement
        _refuse_late_directives(script, late)
    except SqlSyntaxError as error:
        raise script.error(str(error), error.offset, hint=error.hint) from error


def _other_encoding(statement: Statement) -> str | None:
    if statement.words[:1] not in {("SET",), ("SELECT",)} or not _ENCODING_NAMED.search(statement.text):
        return None
    found = _ENCODING.match(without_comments(statement.text))
    return None if found is None or found[1].upper() in _UTF8 else found[1]


def _changes_strings(statement: Statement) -> bool:
    return (
        statement.starts_with("SET") and _OTHER_STRINGS.search(without_comments(statement.text)) is not None
    )


def _refuse_late_directives(script: Script, late: list[tuple[str, int]]) -> None:
    for line, offset in late:
        found = late_directive(line, offset)
        if found is not None:
            raise _late(script, *found)
    late.clear()


def _late(script: Script, name: str, offset: int) -> FileError:
    return script.error(
        f'directive "{name}" after the first statement',
        offset,
        hint="Move it to the comment at the top of the file; here it has no effect.",
    )


def _in_one_transaction(script: Script, found: Iterable[Statement]) -> Iterator[Statement]:
    """Yield the statements of a transactional file, without a BEGIN; … COMMIT; around all of them."""
    wrapped: Statement | None = None
    closed = False
    for number, statement in enumerate(found):
        if closed and wrapped is not None:
            raise _control_error(script, wrapped)
        if number == 0 and begins_plainly(statement):
            wrapped = statement
        elif wrapped is not None and commits_plainly(statement):
            closed = True
        elif controls_transaction(statement):
            raise _control_error(script, statement)
        elif runs_outside_transactions(statement):
            raise script.error(
                f"{_name(statement)} cannot run inside a transaction",
                statement.start,
                hint="Put it into a file of its own with -- transactional: false in its leading comment.",
            )
        else:
            yield statement
    if wrapped is not None and not closed:
        raise script.error(
            "BEGIN without COMMIT", wrapped.start, hint="Remove it: every file runs in one transaction."
        )


def _control_error(script: Script, statement: Statement) -> FileError:
    return script.error(
        f"transaction control in a migration: {_name(statement)}",
        statement.start,
        hint="Remove it: the file runs in one transaction together with its record. Savepoints are fine. "
        "If the file must commit in between, add -- transactional: false.",
    )


def _units(script: Script, *, streams: bool) -> Iterator[list[Statement]]:
    """Yield the units of a non-transactional file: single statements and BEGIN … COMMIT blocks."""
    block: list[Statement] = []
    for statement in _read(script, streams=streams):
        if block:
            if begins_transaction(statement):
                raise script.error(
                    "BEGIN inside a transaction", statement.start, hint="End the first transaction before it."
                )
            if ends_transaction(statement) and not commits_plainly(statement):
                raise script.error(
                    f"{_name(statement)} in a migration", statement.start, hint="End the block with COMMIT."
                )
            if runs_outside_transactions(statement):
                raise script.error(
                    f"{_name(statement)} cannot run inside a transaction",
                    statement.start,
                    hint="Move it out of the BEGIN … COMMIT block.",
                )
            block.append(_held(statement))
            if commits_plainly(statement):
                yield block
                block = []
        elif begins_transaction(statement):
            block = [statement]
        elif ends_transaction(statement):
            raise script.error(f"{_name(statement)} without BEGIN", statement.start, hint="Remove it.")
        else:
            yield [statement]
    if block:
        raise script.error("BEGIN without COMMIT", block[0].start, hint="Close the block with COMMIT.")


def _held(statement: Statement) -> Statement:
    if statement.copy_stream is None:
        return statement
    return replace(statement, copy_data="".join(statement.copy_stream), copy_stream=None)


def _name(statement: Statement) -> str:
    if statement.starts_with("VACUUM"):
        return "VACUUM"
    if statement.concurrently:
        return " ".join((*[w for w in statement.words[:3] if w in _COMMAND_WORDS], "CONCURRENTLY"))
    return " ".join(word for word in statement.words[:2] if word.isalpha())


_COMMAND_WORDS = frozenset(
    {"CREATE", "UNIQUE", "DROP", "ALTER", "REINDEX", "INDEX", "TABLE", "REFRESH", "MATERIALIZED", "VIEW"}
)
