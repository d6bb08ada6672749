"""What is sent of a file: statements in one message, and the data of a COPY as often as it is needed."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from runner.files.migrations.migration import Script
from runner.files.sqltext.classify import begins_transaction
from runner.files.sqltext.lexer import Statement, statements

_SEGMENT_CHARACTERS = 1 << 18


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


class Block:
    """A BEGIN … COMMIT block while it is read: of COPY data the digest is kept, and the file is read again to send them."""

    def __init__(self, script: Script) -> None:
        self.statements: list[Statement] = []
        self._script = script
        self._digest = hashlib.sha256()
        self._pass: Iterator[Statement] = iter(())
        self._passed = 0  # where the last statement of this pass began

    def add(self, statement: Statement) -> None:
        """Add the next statement, and read its data."""
        data = hashlib.sha256()
        self._digest.update(f"{statement.text};".encode())
        for piece in statement.copy_stream or (statement.copy_data or "",):
            encoded = piece.encode()
            self._digest.update(encoded)
            data.update(encoded)
        self._digest.update(b";")
        if statement.copy_stream is not None:
            statement = replace(statement, copy_stream=_SameAgain(self, statement.start, data.hexdigest()))
        self.statements.append(statement)

    def fingerprint(self) -> str:
        """SHA-256 of all that was added, hex."""
        return self._digest.hexdigest()

    def read_again(self, start: int, digest: str) -> Iterator[str]:
        """Yield the data of the COPY that begins at an offset: one pass over the file serves the COPYs in their order.

        Raises: FileChangedError where they have another digest.
        """
        if start <= self._passed:
            self._pass, self._passed = iter(()), 0
        if not self._passed:
            self._pass = statements(self._script.pieces(), streams=True)
        found = hashlib.sha256()
        for statement in self._pass:
            self._passed = statement.start + 1
            if statement.start == start:
                for piece in statement.copy_stream or ():
                    found.update(piece.encode())
                    yield piece
                break
        if found.hexdigest() != digest:
            raise self._script.changed("The data of a COPY are not what they were when the run began.")


class _SameAgain:
    """The data of a COPY in a block, as often as they are asked for."""

    def __init__(self, block: Block, start: int, digest: str) -> None:
        self._block, self._start, self._digest = block, start, digest

    def __iter__(self) -> Iterator[str]:
        return self._block.read_again(self._start, self._digest)


@dataclass(frozen=True, slots=True)
class Unit:
    """What commits on its own in a file that is not one transaction: a statement, or a BEGIN … COMMIT block."""

    number: int  # in its file, from 1
    earlier: int  # statements of the file before it
    statements: tuple[Statement, ...]
    stream: HashedStream | None = None  # the data of its COPY, where that is not held
    of_block: str | None = None  # the fingerprint of a block

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
        if self.of_block is not None:
            return self.of_block
        if self.stream is not None:
            return self.stream.hexdigest()
        digest = hashlib.sha256()
        for statement in self.statements:
            digest.update(f"{statement.text};{statement.copy_data or ''};".encode())
        return digest.hexdigest()

    def segments(self) -> Iterator[Segment]:
        """Yield what is sent: one message, or several if it has COPY data."""
        for segment in gather(self.statements, whole=True):
            yield segment if self.stream is None else replace(segment, copy_stream=self.stream)

    def body_segments(self) -> Iterator[Segment]:
        """Yield what is sent for a block before its COMMIT."""
        yield from gather(self.statements[:-1], whole=True)


def gather(found: Sequence[Statement] | Iterator[Statement], *, whole: bool = False) -> Iterator[Segment]:
    """Yield the statements in messages, cut at a size unless `whole`; each COPY with its data is one of its own."""
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
