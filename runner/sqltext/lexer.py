"""Find the statements of a file, as psql does, without parsing them.

The text may come in pieces: only the statement at hand is held, so that memory stays flat however long the
file is. What counts as a token follows the manual's chapter "Lexical Structure" and, for the statement's end,
psql: a semicolon ends it unless it stands in a quote, a comment, parentheses, or between the BEGIN ATOMIC and
the END of a routine's body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LEADING_WORDS = 8  # enough to tell any statement's kind
_PLAIN_COMMANDS = frozenset(
    {"INSERT", "UPDATE", "DELETE", "SELECT", "VALUES", "SET"}
)  # the first word tells all

# A semicolon can stand within these statements' parentheses only in error, so that one pattern may take them whole.
# A quote after e or E may hold \' and is left to the token loop, as is whatever the pattern does not name.
_PLAIN_STATEMENT = re.compile(
    r"""(INSERT|UPDATE|DELETE|SELECT|VALUES|SET)\b
        (?>[^'"$;\\/\-]++ | (?<![eE])'[^']*+' | "[^"]*+" | -(?!-) | /(?!\*))*+
        ;""",
    re.VERBOSE | re.IGNORECASE,
)
_TOKEN = re.compile(
    r"""(?P<space>\s++)
      | (?P<word>[^\W\d][\w$]*+)
      | (?P<number>\d[\w.]*+)
      | (?P<comment>--[^\n\r]*+)
      | (?P<block>/\*)
      | (?P<quote>['"])
      | (?P<dollar>\$(?:[^\W\d]\w*+)?\$)
      | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN_TAG = re.compile(r"\$(?:[^\W\d]\w*+)?\Z")
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_QUOTE_END = {"'": re.compile("'"), '"': re.compile('"')}
_ESCAPED_END = re.compile(r"(?:[^'\\]|\\.|'')*+'", re.DOTALL)
_CONTINUED = re.compile(r"[ \t\f\v]*[\r\n]\s*'")
_COPY_END = re.compile(r"^\\\.[ \t]*(?:\r?\n|\r|\Z)", re.MULTILINE)
_RESTRICT = re.compile(r"\\(?:un)?restrict [A-Za-z0-9]+[ \t]*$", re.MULTILINE)
_DIRECTIVE_LIKE = re.compile(r"--\s*([a-z][a-z_-]*)\s*:")
_ROUTINE = re.compile(r"CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)\b")


class SqlSyntaxError(Exception):
    """The text cannot be cut into statements.

    `offset` counts characters from the start of the text; `hint` says what to change.
    """

    def __init__(self, message: str, offset: int, hint: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement: its text from the first token up to its semicolon, which is not part of it."""

    text: str
    start: int  # offset of the first token in the whole text, in characters
    words: tuple[
        str, ...
    ]  # the first keywords and names outside parentheses, upper case; of INSERT and the like, one
    concurrently: bool = False  # the word CONCURRENTLY stands in it, outside quotes
    copies_out: bool = False  # COPY … TO stdout
    copy_data: str | None = None  # the lines after COPY … FROM stdin, up to the line that ends them
    late_directives: tuple[
        tuple[str, int], ...
    ] = ()  # comments like "-- depends:" inside or before it, with offsets

    @property
    def end(self) -> int:
        """Offset after the last token."""
        return self.start + len(self.text)

    def starts_with(self, *words: str) -> bool:
        """Say whether these are its first words."""
        return self.words[: len(words)] == words


class _Window:
    """The part of the text that is at hand; grows at its end, is cut at its start."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = iter(pieces)
        self.text = ""
        self.base = 0  # offset of text[0] in the whole
        self.pos = 0  # what stands before it is done with
        self.complete = False

    def grow(self) -> bool:
        """Append more text, at least doubling it so that the work stays linear; say whether there was any."""
        parts, size, wanted = [self.text], 0, max(len(self.text), 1)
        while size < wanted:
            piece = next(self._pieces, None)
            if piece is None:
                self.complete = True
                break
            parts.append(piece)
            size += len(piece)
        self.text = "".join(parts)
        return size > 0

    def advance(self, pos: int) -> None:
        """Be done with what stands before `pos`; forget it once it is most of the text, so that each character moves once."""
        self.pos = pos
        if pos > len(self.text) // 2:
            self.text = self.text[pos:]
            self.base += pos
            self.pos = 0


def statements(pieces: Iterable[str]) -> Iterator[Statement]:
    r"""Yield the statements of a text that comes in pieces; empty ones are passed over, as the server does.

    pg_dump's `\restrict` and `\unrestrict` lines are passed over too: they guard a psql that reads the dump.

    Raises: SqlSyntaxError for a quote or comment without end, and for a psql command.
    """
    if isinstance(pieces, str):
        pieces = [pieces]
    window = _Window(pieces)
    window.grow()
    while True:
        statement, consumed = _Scan(window).statement()
        window.advance(consumed)
        if statement is not None:
            yield statement
        elif window.complete and window.pos == len(window.text):
            return


class _Scan:
    """Reads one statement from where the window stands."""

    def __init__(self, window: _Window) -> None:
        self._window = window
        self._pos = window.pos
        self._start: int | None = None
        self._end = 0
        self._words: list[str] = []
        self._wanted_words = _LEADING_WORDS
        self._last_words = ("", "")  # the two latest at parenthesis depth 0
        self._reads_stdin = False
        self._copies_out = False
        self._concurrently = False
        self._parens = 0
        self._atomic = 0
        self._late: list[tuple[str, int]] = []

    def statement(self) -> tuple[Statement | None, int]:
        """Return the next statement, or None, and up to where the window is done with."""
        while True:
            if self._start is None and (plain := self._plain()) is not None:
                return plain
            text = self._window.text
            match = _TOKEN.match(text, self._pos)
            if not self._window.complete and (match is None or self._may_go_on(match)):
                self._window.grow()
                continue
            if match is None:
                return self._finish(self._pos)
            if self._token(match):
                return self._finish(self._pos)

    def _may_go_on(self, match: re.Match[str]) -> bool:
        """Say whether more text could make this another token: it touches the window's edge, or opens a $tag that does."""
        text = self._window.text
        return match.end() >= len(text) or (
            match[0] == "$" and _OPEN_TAG.match(text, match.start()) is not None
        )

    def _plain(self) -> tuple[Statement | None, int] | None:
        text = self._window.text
        match = _PLAIN_STATEMENT.match(text, self._pos)
        if match is None:
            return None
        found = Statement(
            text=text[self._pos : match.end() - 1].rstrip(),
            start=self._window.base + self._pos,
            words=(match[1].upper(),),
            late_directives=tuple(self._late),
        )
        return found, match.end()

    def _token(self, match: re.Match[str]) -> bool:
        """Take one token; say whether it ended the statement."""
        kind = match.lastgroup
        start, end = match.span()
        if kind == "space":
            self._pos = end
            return False
        if kind == "comment":
            self._note_directive(match[0], start)
            self._pos = end
            return False
        if kind == "block":
            self._pos = self._block_end(start)
            return False
        if kind == "other" and match[0] == ";" and not self._parens and not self._atomic:
            self._pos = end
            return True
        if kind == "other" and match[0] == "\\":
            self._pos = self._psql_command(start)
            return False
        if self._start is None:
            self._start = start
        if kind == "word":
            end = self._word(match[0], end)
        elif kind == "quote":
            end = self._quoted(start, _QUOTE_END[match[0]], start + 1)
        elif kind == "dollar":
            end = self._quoted(start, re.compile(re.escape(match[0])), end)
        elif match[0] == "(":
            self._parens += 1
        elif match[0] == ")":
            self._parens = max(0, self._parens - 1)
        self._pos = self._end = end
        return False

    def _word(self, word: str, end: int) -> int:
        following = self._window.text[end : end + 1]
        if following == "'" and word in {"e", "E"}:
            return self._escaped(end)
        word = word.upper()
        if not self._parens:
            if len(self._words) < self._wanted_words:
                self._words.append(word)
                if self._words[0] in _PLAIN_COMMANDS:
                    self._wanted_words = 1
            if self._words[0] == "COPY":
                self._reads_stdin |= (self._last_words[1], word) == ("FROM", "STDIN")
                self._copies_out |= (self._last_words[1], word) == ("TO", "STDOUT")
            self._last_words = (self._last_words[1], word)
            if word in {"BEGIN", "CASE", "END"} and _ROUTINE.match(" ".join(self._words)):
                self._track_atomic(word)
        if word == "CONCURRENTLY":
            self._concurrently = True
        return end

    def _track_atomic(self, word: str) -> None:
        if word == "END":
            self._atomic = max(0, self._atomic - 1)
        elif word == "BEGIN" or self._atomic:
            self._atomic += 1

    def _quoted(self, opened: int, closing: re.Pattern[str], search_from: int) -> int:
        """Return the offset after the closing quote; a doubled quote is two quotes that touch."""
        while True:
            text = self._window.text
            match = (
                closing.match(text, search_from)
                if closing is _ESCAPED_END
                else closing.search(text, search_from)
            )
            if match is not None and (
                closing is not _ESCAPED_END or match.end() < len(text) or self._window.complete
            ):
                return match.end()
            if not self._window.complete:
                self._window.grow()
                continue
            quote = text[opened:search_from]
            name = {"'": "string", '"': "quoted name"}.get(quote, f"string that {quote} opens")
            raise SqlSyntaxError(
                f"unterminated {name}",
                self._window.base + opened,
                f"Close it with {quote} or remove the quote here.",
            )

    def _escaped(self, opened: int) -> int:
        """Return the offset after an escape string and the pieces that continue it on later lines."""
        while True:
            end = self._quoted(opened, _ESCAPED_END, opened + 1)
            while not self._window.complete and not self._window.text[end:].strip():
                self._window.grow()
            continued = _CONTINUED.match(self._window.text, end)
            if continued is None:
                return end
            opened = continued.end() - 1

    def _block_end(self, opened: int) -> int:
        """Return the offset after a block comment; block comments nest."""
        depth, pos = 0, opened
        while True:
            match = _BLOCK_EDGE.search(self._window.text, pos)
            if match is None:
                if not self._window.complete:
                    # the last character may be the first half of an edge
                    pos = max(pos, len(self._window.text) - 1)
                    self._window.grow()
                    continue
                raise SqlSyntaxError(
                    "unterminated comment",
                    self._window.base + opened,
                    "Close it with */; comments nest in PostgreSQL, each /* needs its own.",
                )
            depth += 1 if match[0] == "/*" else -1
            pos = match.end()
            if not depth:
                return pos

    def _psql_command(self, start: int) -> int:
        while "\n" not in self._window.text[start:] and not self._window.complete:
            self._window.grow()
        match = _RESTRICT.match(self._window.text, start)
        if match is not None and self._start is None:
            return match.end()
        word = re.match(r"\\\S*", self._window.text[start:])
        raise SqlSyntaxError(
            f"psql command {word[0] if word else chr(92)} in a migration",
            self._window.base + start,
            "Only SQL is run, not psql. Write it as SQL, or run the file with psql itself.",
        )

    def _note_directive(self, comment: str, start: int) -> None:
        match = _DIRECTIVE_LIKE.match(comment)
        if match is not None:
            self._late.append((match[1], self._window.base + start))

    def _finish(self, consumed: int) -> tuple[Statement | None, int]:
        if self._start is None:
            return None, consumed
        text = self._window.text[self._start : self._end]
        start = self._window.base + self._start
        copy_data = None
        if self._reads_stdin:
            copy_data, consumed = self._copy_lines(consumed)
        found = Statement(
            text=text,
            start=start,
            words=tuple(self._words),
            concurrently=self._concurrently,
            copies_out=self._copies_out,
            copy_data=copy_data,
            late_directives=tuple(self._late),
        )
        return found, consumed

    def _copy_lines(self, pos: int) -> tuple[str, int]:
        """Return the data lines that follow COPY … FROM stdin, and the offset after the line that ends them."""
        while "\n" not in self._window.text[pos:] and not self._window.complete:
            self._window.grow()
        first_line = self._window.text.find("\n", pos) + 1
        search_from = first_line
        while first_line:
            match = _COPY_END.search(self._window.text, search_from)
            if match is not None and (match.end() < len(self._window.text) or self._window.complete):
                return self._window.text[first_line : match.start()], match.end()
            if self._window.complete:
                break
            last_line = max(first_line, self._window.text.rfind("\n") + 1)
            search_from = last_line if match is None else match.start()
            self._window.grow()
        raise SqlSyntaxError(
            "the data of COPY … FROM stdin has no end",
            self._window.base + pos - 1,
            r"End the data with a line that holds only \. as pg_dump writes it.",
        )
