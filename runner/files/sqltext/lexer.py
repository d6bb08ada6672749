"""Find the statements of a file, as the server does, without parsing them.

The text may come in pieces. Only the current statement is held, so memory does not grow with the size of the
file. A semicolon ends a statement unless it is in a quote, a comment, the parentheses of CREATE RULE,
or between the BEGIN ATOMIC and the END of a routine's body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from runner.files.sqltext.leading_comment import lines_in
from runner.files.sqltext.tokens import COMMENTS, SPACE, Reader, SqlSyntaxError, Token, tokens

_LEADING_WORDS = 8  # enough for any statement's kind
_PLAIN_COMMANDS = frozenset(
    {"INSERT", "UPDATE", "DELETE", "SELECT", "VALUES", "SET"}
)  # the first word decides

# The statements that most data files consist of, matched by one pattern.
# A quote after e or E may contain \' and is left to the token loop, as is everything else.
_PLAIN_STATEMENT = re.compile(
    r"""[ \t\n\r\f\v]*+(INSERT|UPDATE|DELETE|SELECT|VALUES|SET)(?![\w$]|[^\x00-\x7f])
        (?:[^'"$;\\/\-]++ | (?<![eE])'[^']*+' | "[^"]*+" | -(?!-) | /(?!\*))*
        ;""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_ROUTINES = frozenset(
    {
        ("CREATE", *replaced, kind)
        for replaced in ((), ("OR", "REPLACE"))
        for kind in ("FUNCTION", "PROCEDURE")
    }
)
_RULES = frozenset({("CREATE", "RULE"), ("CREATE", "OR", "REPLACE", "RULE")})
_LONG_KINDS = frozenset({"FUNCTION", "PROCEDURE", "RULE"})
_COPY_END = re.compile(r"^\\\.[ \t]*(?:\r?\n|\r|\Z)", re.MULTILINE)
_AFTER_COPY = re.compile(r"[ \t\r\f\v]*+(?:--[^\n]*+)?\n")
_RESTRICT = re.compile(r"\\(?:un)?restrict [A-Za-z0-9]+[ \t\r]*$", re.MULTILINE)
_PSQL_COMMAND = re.compile(r"\\\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement: its text from the first token up to, and without, its semicolon."""

    text: str
    start: int  # offset of the first token in the whole text, in characters
    words: tuple[
        str, ...
    ]  # the first keywords and names outside parentheses, upper case; of INSERT and the like, one
    is_closed: bool = True  # by a semicolon
    concurrently: bool = False  # it contains the word CONCURRENTLY, outside quotes
    copies_out: bool = False  # COPY … TO stdout
    copy_data: str | None = (
        None  # the lines after COPY … FROM stdin, up to the line that ends them; "" when streamed
    )
    copy_stream: Iterable[str] | None = field(default=None, compare=False)

    @property
    def end(self) -> int:
        """Offset after the last token."""
        return self.start + len(self.text)

    def starts_with(self, *words: str) -> bool:
        """Return whether these are its first words."""
        return self.words[: len(words)] == words


class CopyStream:
    """The data of a COPY, read while it is sent: once, and before the next statement."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[str]:
        """Yield pieces of whole lines, each only once."""
        return self._pieces


def statements(
    pieces: Iterable[str], *, late: list[tuple[str, int]] | None = None, streams: bool = False
) -> Iterator[Statement]:
    r"""Yield the statements of a text that comes in pieces, without empty ones.

    pg_dump's `\restrict` and `\unrestrict` lines are skipped too: they are for psql.
    With `streams` the data of a COPY is not held: it is read from the statement's `copy_stream`, or skipped.
    Each comment line after the first statement, too late for a directive, is appended to `late` with its offset.

    Raises: SqlSyntaxError for a quote or comment without end, and for a psql command.
    """
    reader = Reader([pieces] if isinstance(pieces, str) else pieces)
    reader.grow()
    leading = True
    while True:
        scan = _Scan(reader, [] if late is None else late, leading=leading, streams=streams)
        statement = scan.statement()
        reader.forget()
        if statement is not None:
            yield statement
            for _ in statement.copy_stream or ():
                pass
        elif reader.complete and reader.pos == len(reader.text):
            return
        leading = False


class _Scan:
    """Reads one statement from the reader's position."""

    def __init__(
        self, reader: Reader, late: list[tuple[str, int]], *, leading: bool, streams: bool = False
    ) -> None:
        self._reader = reader
        self._streams = streams
        self._late = late
        self._leading = leading
        self._start: int | None = None
        self._end = 0
        self._copy_ends = 0  # offset of the last character of a COPY statement
        self._words: list[str] = []
        self._wanted_words = _LEADING_WORDS
        self._previous = ""  # the latest token, if a word or a character
        self._concurrently = False
        self._parens = 0
        self._atomic = 0
        self._is_routine = False
        self._is_rule = False

    def statement(self) -> Statement | None:
        """Return the next statement, or None if it is empty."""
        reader = self._reader
        while True:
            if self._start is None and (plain := self._plain()) is not None:
                return plain
            kind = reader.read()
            if kind in COMMENTS:
                self._note_directives(kind)
                continue
            char = reader.text[reader.start] if kind == "other" else ""
            if not kind or (char == ";" and self._ends_here()):
                return self._finish(is_closed=bool(kind))
            if char == "\\":
                self._psql_command()
                continue
            if self._start is None:
                self._start = reader.start
            self._end = reader.pos
            if kind == "word":
                self._word(reader.text[reader.start : reader.pos])
            else:
                self._character(char)

    def _plain(self) -> Statement | None:
        reader = self._reader
        match = _PLAIN_STATEMENT.match(reader.text, reader.pos)
        if match is None:
            return None
        reader.pos = match.end()
        start = match.start(1)
        return Statement(
            text=reader.text[start : reader.pos - 1].rstrip(SPACE),
            start=reader.base + start,
            words=(match[1].upper(),),
        )

    def _ends_here(self) -> bool:
        """Return whether a semicolon ends the statement."""
        return not self._atomic and not (self._is_rule and self._parens)

    def _character(self, char: str) -> None:
        self._previous = char
        if char == "(":
            self._parens += 1
        elif char == ")":
            self._parens = max(0, self._parens - 1)

    def _word(self, word: str) -> None:
        if word.isascii():  # only ASCII words are keywords, whatever their upper case looks like
            word = word.upper()
        if not self._parens:
            if len(self._words) < self._wanted_words:
                self._leading_word(word)
            if self._is_routine:
                self._track_atomic(word)
        if word == "CONCURRENTLY":
            self._concurrently = True
        self._previous = word

    def _leading_word(self, word: str) -> None:
        self._words.append(word)
        if self._words[0] in _PLAIN_COMMANDS:
            self._wanted_words = 1
        elif word in _LONG_KINDS:
            self._is_routine |= tuple(self._words) in _ROUTINES
            self._is_rule |= tuple(self._words) in _RULES

    def _track_atomic(self, word: str) -> None:
        """Track BEGIN ATOMIC bodies: END is not a CASE's end, or a name, only after a semicolon."""
        if word == "ATOMIC" and self._previous == "BEGIN":
            self._atomic += 1
        elif word == "END" and self._atomic and self._previous in {";", "ATOMIC"}:
            self._atomic -= 1

    def _psql_command(self) -> None:
        reader = self._reader
        while reader.text.find("\n", reader.start) < 0 and reader.grow():
            pass
        guard = _RESTRICT.match(reader.text, reader.start)
        if guard is not None and self._start is None:
            reader.pos = guard.end()
            return
        command = _PSQL_COMMAND.match(reader.text, reader.start)
        raise SqlSyntaxError(
            f"psql command {command[0] if command else chr(92)} in a migration",
            reader.base + reader.start,
            "runner sends SQL and does not run psql commands. Write it as SQL, or run the file with psql.",
        )

    def _note_directives(self, kind: str) -> None:
        reader = self._reader
        if not (self._leading and self._start is None):
            comment = Token(kind, reader.text[reader.start : reader.pos], reader.base + reader.start)
            self._late.extend(lines_in(comment))

    def _finish(self, *, is_closed: bool) -> Statement | None:
        if self._start is None:
            return None
        text = self._reader.text[self._start : self._end]
        start = self._reader.base + self._start
        copies = _copy_direction(text) if self._words[:1] == ["COPY"] else None
        stream, data = None, None
        if copies == "FROM":
            self._skip_to_copy_lines()
            stream = CopyStream(self._copy_lines()) if self._streams else None
            data = "" if self._streams else "".join(self._copy_lines())
        return Statement(
            text=text,
            start=start,
            words=tuple(self._words),
            is_closed=is_closed,
            concurrently=self._concurrently,
            copies_out=copies == "TO",
            copy_data=data,
            copy_stream=stream,
        )

    def _copy_lines(self) -> Iterator[str]:
        """Yield the data lines that follow COPY … FROM stdin, and read the line that ends them."""
        reader = self._reader
        while True:
            match = _COPY_END.search(reader.text, reader.pos)
            if match is not None and (match.end() < len(reader.text) or reader.complete):
                lines, reader.pos = reader.text[reader.pos : match.start()], match.end()
                if lines:
                    yield lines
                return
            whole = reader.text.rfind("\n", reader.pos) + 1 if match is None else match.start()
            if whole > reader.pos:
                lines, reader.pos = reader.text[reader.pos : whole], whole
                reader.forget()
                yield lines
            if not reader.grow() and match is None:
                raise self._no_data_end()

    def _skip_to_copy_lines(self) -> None:
        reader = self._reader
        self._copy_ends = reader.base + reader.pos - 1
        while reader.text.find("\n", reader.pos) < 0:
            if not reader.grow():
                raise self._no_data_end()
        blank = _AFTER_COPY.match(reader.text, reader.pos)
        if blank is None:
            raise SqlSyntaxError(
                "text on the line after COPY … FROM stdin;",
                reader.base + reader.pos,
                "The data begins on the next line: move this after the line that ends the data.",
            )
        reader.pos = blank.end()

    def _no_data_end(self) -> SqlSyntaxError:
        return SqlSyntaxError(
            "the data of COPY … FROM stdin has no end",
            self._copy_ends,
            r"End the data with a line that holds only \. as pg_dump writes it.",
        )


def _copy_direction(text: str) -> str | None:
    """Return FROM or TO if a COPY goes through the connection, None if it names a file or program."""
    parens, direction, previous = 0, "", ""
    for token in tokens(text):
        if token.is_comment:
            continue
        word = token.text.upper()
        if direction:
            return direction if word in {"STDIN", "STDOUT"} else None
        if not parens and word in {"FROM", "TO"} and previous != ".":
            direction = word
        parens += {"(": 1, ")": -1}.get(word, 0)
        previous = word
    return None
