"""Split SQL into tokens as PostgreSQL's scanner does; the text may come in pieces.

White space and the letters of keywords are ASCII only; every other character can be part of a name.

Source: PostgreSQL manual, "Lexical Structure"; src/backend/parser/scan.l. The oldest supported version counts:
since 15 a letter right after a number is an error, before that it began a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SPACE = " \t\n\r\f\v"
# everything except ASCII characters that are no letter or _ (or digit); written positively, they take 20 ms to compile
_NAME_START = r"[^\x00-\x40\x5b-\x5e\x60\x7b-\x7f]"
_NAME_REST = r"[^\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]"
_NAME_OR_DOLLAR = r"[^\x00-\x23\x25-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]"

# Only single characters are repeated possessively: Python before 3.11.5 mishandles a possessive group with
# alternatives (gh-106052). So the pattern matches a quoted text to its end only if it contains no quote.
_TOKEN = re.compile(
    rf"""[ \t\n\r\f\v]*+
    (?: (?P<escape>[eE]')
      | (?P<suffix>(?<=[0-9]){_NAME_START}{_NAME_OR_DOLLAR}*+)
      | (?P<word>{_NAME_START}{_NAME_OR_DOLLAR}*+)
      | (?P<number>[0-9][0-9.]*+)
      | (?P<comment>--[^\n\r]*+)
      | (?P<block>/\*)
      | (?P<string>'(?:[^']*+'(?!'))?)
      | (?P<name>"(?:[^"]*+"(?!"))?)
      | (?P<dollar>\$(?:{_NAME_START}{_NAME_REST}*+)?\$)
      | (?P<open_tag>\$(?=(?:{_NAME_START}{_NAME_REST}*+)?\Z))
      | (?P<other>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED_PART = re.compile(r"[^'\\]*+(?:(?P<quote>')|\\.)", re.DOTALL)
_BLANK = re.compile(r"[ \t\n\r\f\v]*+")
_LINE_END = re.compile(r"[\n\r]")
_BLOCK_EDGE = re.compile(r"/\*|\*/")
COMMENTS = frozenset({"comment", "block"})
_BRACKETS = {"(": 1, "[": 1, ")": -1, "]": -1}
_ENDS_ELSEWHERE = frozenset({"block", "dollar", "escape"})  # not where the pattern ends
_QUOTED = frozenset({"string", "name"})  # these, too, if the pattern matched only the opening quote


class SqlSyntaxError(Exception):
    """The text cannot be split into statements.

    `offset` counts characters from the start of the text; `hint` says what to change.
    """

    def __init__(self, message: str, offset: int, hint: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint


class Token(NamedTuple):
    """One token: its kind, its text as written, and where it starts, in characters."""

    kind: str  # a group of _TOKEN
    text: str
    start: int

    @property
    def is_comment(self) -> bool:
        """Whether it is a comment of either form."""
        return self.kind in COMMENTS


class Reader:
    """Reads one token after another; buffers the text: input is appended, what was read is dropped."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = iter(pieces)
        self.text = ""
        self.base = 0  # offset of text[0] in the whole
        self.pos = 0  # everything before it is read
        self.complete = False
        self.start = 0  # of the last token, which ends at `pos`

    def grow(self) -> bool:
        """Append more text, at least doubling the buffer so that the work stays linear; return whether there was any."""
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

    def forget(self) -> None:
        """Drop what was read once it is most of the buffer, so that each character is moved once."""
        if self.pos > len(self.text) // 2:
            self.text = self.text[self.pos :]
            self.base += self.pos
            self.pos = 0

    def read(self) -> str:
        """Read the next token; return its kind, or "" at the end of the text.

        Raises: SqlSyntaxError for a quote or comment without end.
        """
        while True:
            text = self.text
            match = _TOKEN.match(text, self.pos)
            if match is None:
                if self.complete:
                    self.pos = len(text)
                    return ""
            else:
                kind = match.lastgroup or ""
                start, end = match.span(kind)
                if self.complete or (end < len(text) and kind != "open_tag"):
                    self.start = start
                    self.pos = self.token_end(kind, start, end)
                    return kind
            self.grow()

    def token_end(self, kind: str, start: int, end: int) -> int:
        """Return the real end of a token that the pattern matched from `start` to `end`.

        Raises: SqlSyntaxError for a quote or comment without end.
        """
        if kind in _QUOTED:
            return end if end > start + 1 else self._quoted_end(start)
        if kind == "escape":
            return self._escaped_end(start)
        if kind == "block":
            return self._block_end(start)
        if kind == "dollar":
            return self._dollar_end(start, end)
        return end

    def _quoted_end(self, start: int) -> int:
        """Return the offset after a string or name, in which a doubled quote stands for one."""
        quote, pos = self.text[start], start + 1
        while True:
            found = self.text.find(quote, pos)
            if found < 0:
                pos = len(self.text)
                if not self.grow():
                    raise self._unterminated(quote, start)
            elif found + 1 == len(self.text) and self.grow():
                pos = found
            elif self.text.startswith(quote, found + 1):
                pos = found + 2
            else:
                return found + 1

    def _escaped_end(self, start: int) -> int:
        """Return the offset after a string with escapes and its continuations on later lines."""
        pos = start + 2
        while True:
            match = _ESCAPED_PART.match(self.text, pos)
            if match is None:
                if not self.grow():
                    raise self._unterminated("'", start)
                continue
            if match["quote"] is not None and match.end() == len(self.text) and self.grow():
                continue
            pos = match.end()
            if match["quote"] is None:
                continue
            if self.text.startswith("'", pos):
                pos += 1
                continue
            following = self._continuation(pos)
            if following is None:
                return pos
            pos = following

    def _continuation(self, pos: int) -> int | None:
        """Return the offset inside the string that continues one that ended: after a line end, perhaps comments."""
        begun, has_newline = pos, False
        while True:
            blank = _BLANK.match(self.text, pos)
            stop = pos if blank is None else blank.end()
            has_newline |= _LINE_END.search(self.text, pos, stop) is not None
            pos = stop
            if self.text.startswith("--", pos):
                end = _LINE_END.search(self.text, pos)
                if end is not None:
                    pos = end.start()
                    continue
            elif self.text[pos : pos + 2] not in {"", "-"}:
                return pos + 1 if has_newline and self.text[pos] == "'" else None
            if not self.grow():
                return None
            pos, has_newline = begun, False

    def _dollar_end(self, start: int, end: int) -> int:
        tag = self.text[start:end]
        while (found := self.text.find(tag, end)) < 0:
            if not self.grow():
                raise self._unterminated(tag, start)
        return found + len(tag)

    def _block_end(self, opened: int) -> int:
        """Return the offset after a block comment; block comments nest."""
        depth, pos = 0, opened
        while True:
            match = _BLOCK_EDGE.search(self.text, pos)
            if match is None:
                if self.grow():
                    continue
                raise SqlSyntaxError(
                    "unterminated comment",
                    self.base + opened,
                    "Close it with */. Comments nest in PostgreSQL: each /* needs its own.",
                )
            depth += 1 if match[0] == "/*" else -1
            pos = match.end()
            if not depth:
                return pos

    def _unterminated(self, quote: str, start: int) -> SqlSyntaxError:
        name = {"'": "string", '"': "quoted name"}.get(quote, f"string that {quote} opens")
        return SqlSyntaxError(
            f"unterminated {name}", self.base + start, f"Close it with {quote} or remove the quote here."
        )


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a text, comments too.

    Raises: SqlSyntaxError for a quote or comment without end.
    """
    reader = Reader(())
    reader.text, reader.complete = text, True
    pos, match_at = 0, _TOKEN.match
    while (match := match_at(text, pos)) is not None:
        kind = match.lastgroup or ""
        start, pos = match.span(kind)
        if kind in _ENDS_ELSEWHERE or (pos - start == 1 and kind in _QUOTED):
            pos = reader.token_end(kind, start, pos)
        yield Token(kind, text[start:pos], start)


def without_comments(text: str) -> str:
    """Return a statement with each comment replaced by a space; quotes stay as they are."""
    parts: list[str] = []
    pos = 0
    for token in tokens(text):
        if token.is_comment:
            parts += (text[pos : token.start], " ")
            pos = token.start + len(token.text)
    return "".join((*parts, text[pos:]))


def keywords(text: str) -> list[str]:
    """Return the words of a statement in upper case, without those in brackets, quotes or comments.

    Quoted text, such as the body of a function, belongs to another statement.
    """
    found, depth = [], 0
    for token in tokens(text):
        if token.kind == "word" and not depth:
            found.append(token.text.upper())
        elif token.kind == "other":
            depth = max(0, depth + _BRACKETS.get(token.text, 0))
    return found


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the line and column of the character at `offset`."""
    line = text.count("\n", 0, offset) + 1
    return line, offset - (text.rfind("\n", 0, offset) + 1) + 1


def line_at(text: str, offset: int) -> str:
    """Return the line that contains `offset`, without its line ending."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return text[start : None if end < 0 else end].rstrip("\r")
