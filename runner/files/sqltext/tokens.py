"""SQL cut into tokens as PostgreSQL's scanner cuts it, from a text that may come in pieces.

White space and the letters of keywords are ASCII only; every other character can be part of a name.

Source: PostgreSQL manual, "Lexical Structure"; src/backend/parser/scan.l. Of the server's versions the oldest
counts: since 15 a letter right after a number is an error there, before it began a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SPACE = " \t\n\r\f\v"
# all but what of ASCII is no letter or _ (nor digit): written as what they hold, they take 20 ms to compile
_NAME_START = r"[^\x00-\x40\x5b-\x5e\x60\x7b-\x7f]"
_NAME_REST = r"[^\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]"
_NAME_OR_DOLLAR = r"[^\x00-\x23\x25-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]"

# Only single characters are repeated possessively: before 3.11.5 Python goes wrong where a possessive group holds
# alternatives (gh-106052). So of quotes only those are matched to their end that hold no quote.
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
_ENDS_ELSEWHERE = frozenset({"block", "dollar", "escape"})  # than where the pattern ends
_QUOTED = frozenset({"string", "name"})  # these, too, where the pattern has only the opening quote


class SqlSyntaxError(Exception):
    """The text cannot be cut into statements.

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
    """Reads token after token; holds the part of the text that is at hand, which grows at its end and is cut at its start."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = iter(pieces)
        self.text = ""
        self.base = 0  # offset of text[0] in the whole
        self.pos = 0  # what stands before it is read
        self.complete = False
        self.start = 0  # of the token that was read last; it ends at `pos`

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

    def forget(self) -> None:
        """Drop what is read once it is most of the text, so that each character moves once."""
        if self.pos > len(self.text) // 2:
            self.text = self.text[self.pos :]
            self.base += self.pos
            self.pos = 0

    def read(self) -> str:
        """Move on to the next token; return its kind, or nothing at the end of the text.

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
        """Return where a token ends that the pattern found from `start` to `end`.

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
        """Return the offset after a string or a name that holds its own quote, doubled."""
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
        """Return the offset after a string with escapes, and after those on later lines that continue it."""
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
        """Return the offset in the string that goes on with one that ends: a line's end between, perhaps comments."""
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
                    "Close it with */; comments nest in PostgreSQL, each /* needs its own.",
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
    """Return the words of a statement in upper case: not those in brackets, quotes or comments.

    What is quoted inside them, the body of a function for example, is text of another statement.
    """
    found, depth = [], 0
    for token in tokens(text):
        if token.kind == "word" and not depth:
            found.append(token.text.upper())
        elif token.kind == "other":
            depth = max(0, depth + _BRACKETS.get(token.text, 0))
    return found
