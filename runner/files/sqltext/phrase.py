"""A statement in words: enough to find what it does to which relation, without parsing it.

Source: PostgreSQL manual, the synopsis of each command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from runner.files.sqltext.lexer import Statement
from runner.files.sqltext.tokens import Token, tokens

if TYPE_CHECKING:
    from runner.files.sqltext.alter_table import Action

_BETWEEN = frozenset(
    {"OR", "REPLACE", "TEMP", "TEMPORARY", "LOCAL", "GLOBAL", "UNLOGGED", "UNIQUE", "RECURSIVE", "CONSTRAINT"}
)
_TWO_WORDS = {
    "MATERIALIZED": "VIEW", "FOREIGN": "TABLE", "EVENT": "TRIGGER", "DEFAULT": "PRIVILEGES", "USER": "MAPPING",
}  # fmt: skip
_OPTIONAL = (("CONCURRENTLY",), ("IF", "NOT", "EXISTS"), ("IF", "EXISTS"), ("ONLY",))
_OPEN = {"(": 1, "[": 1, ")": -1, "]": -1}


class Name(NamedTuple):
    """A name as PostgreSQL understands it: folded to lower case unless quoted."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"

    def may_be(self, other: Name) -> bool:
        """Return whether both can be the same object; a name without a schema matches any schema."""
        return self.name == other.name and (
            self.schema is None or other.schema is None or self.schema == other.schema
        )


@lru_cache(maxsize=4096)
def _kind(words: tuple[str, ...]) -> str:
    if not words or words[0] not in {"CREATE", "ALTER", "DROP"}:
        return words[0] if words else ""
    rest = [word for word in words[1:] if word not in _BETWEEN]
    if not rest:
        return words[0]
    second = _TWO_WORDS.get(rest[0])
    is_two = second is not None and second in rest[1:2]
    return " ".join((words[0], rest[0], second) if is_two and second is not None else (words[0], rest[0]))


class Phrase:
    """A statement and its words, which are read on first use."""

    __slots__ = ("_depths", "_read", "_target", "_words", "altered", "kind", "statement")

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.kind = _kind(statement.words[:5])  # "CREATE TABLE", "DROP MATERIALIZED VIEW", "UPDATE"
        self.altered: Sequence[Action] | None = None  # what ALTER TABLE does, once `actions` has read it
        self._read: list[Token] | None = None
        self._target: tuple[Name | None, int] | None = None
        self._words: list[str] = []
        self._depths: list[int] = []

    @property
    def tokens(self) -> list[Token]:
        """Its tokens without comments."""
        if self._read is None:
            self._read = [token for token in tokens(self.statement.text) if not token.is_comment]
            self._words = [token.text.upper() if token.kind == "word" else token.text for token in self._read]
            self._depths = list(_depths(self._words))
        return self._read

    @property
    def words(self) -> list[str]:
        """The text of each token, keywords and unquoted names in upper case."""
        return self._words if self.tokens else []

    @property
    def depths(self) -> list[int]:
        """The nesting depth of each token in brackets; a bracket itself counts as outside."""
        return self._depths if self.tokens else []

    def offset(self, index: int) -> int:
        """Return where a token starts, in characters from the statement's start."""
        return self.tokens[index].start if index < len(self.tokens) else 0

    def stands(self, index: int, *words: str) -> bool:
        """Return whether these words are at this index."""
        return self.words[index : index + len(words)] == list(words)

    def find(self, *words: str, start: int = 0, end: int | None = None, depth: int | None = 0) -> int:
        """Return the index of these words, outside brackets unless `depth` is None; -1 if they are not found."""
        all_words, first = self.words, words[0]
        end = len(all_words) if end is None else end
        while start < end:
            try:
                start = all_words.index(first, start, end)
            except ValueError:
                return -1
            at_depth = depth is None or self._depths[start] == depth
            if at_depth and (len(words) == 1 or self.stands(start, *words)):
                return start
            start += 1
        return -1

    def skip(self, index: int, *optional: tuple[str, ...]) -> int:
        """Return the index after the optional words here, in their order."""
        all_words = self.words
        for words in optional:
            if all_words[index : index + 1] == [words[0]] and self.stands(index, *words):
                index += len(words)
        return index

    def name(self, index: int, *, end: int | None = None) -> tuple[Name | None, int]:
        """Return the name at an index, and the index after it."""
        all_tokens, schema = self.tokens, None
        end = len(all_tokens) if end is None else end
        while index < end and all_tokens[index].kind in {"word", "name"}:
            name = _folded(all_tokens[index])
            index += 1
            if index >= end or all_tokens[index].text != ".":
                return Name(schema, name), index
            schema = name
            index += 1
        return None, index

    def target(self) -> tuple[Name | None, int]:
        """Return the first name in a CREATE, ALTER or DROP, and the index after it."""
        if self._target is None:
            self._target = self.name(self.start_of_names())
        return self._target

    def start_of_names(self) -> int:
        """Return the index of the first name, after the kind of object and its optional words."""
        index = self.find(self.kind.rpartition(" ")[2])
        return self.skip(index + 1, *_OPTIONAL)

    def names(self, index: int) -> Iterator[tuple[Name, int]]:
        """Yield the names of a list, each with its index."""
        while True:
            index = self.skip(index, ("ONLY",))
            name, after = self.name(index)
            if name is None:
                return
            yield name, index
            after = self.skip(after, ("*",))
            if not self.stands(after, ","):
                return
            index = after + 1

    def on(self, word: str = "ON") -> tuple[Name | None, int]:
        """Return the relation after ON."""
        index = self.find(word)
        return (None, 0) if index < 0 else self.name(self.skip(index + 1, ("TABLE",), ("ONLY",)))

    def actions(self, start: int) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each part of a list, such as the actions of ALTER TABLE."""
        begin, words, depths = start, self.words, self.depths
        for index in range(start, len(words)):
            if words[index] == "," and depths[index] == 0:
                yield begin, index
                begin = index + 1
        if begin < len(words):
            yield begin, len(words)

    def elements(self, opened: int) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each part of a list in brackets, such as the columns of CREATE TABLE."""
        words, depths = self.words, self.depths
        if opened >= len(words):
            return
        begin, depth = opened + 1, depths[opened]
        for index in range(begin, len(words)):
            is_end = words[index] == ")" and depths[index] == depth
            if is_end or (words[index] == "," and depths[index] == depth + 1):
                if begin < index:
                    yield begin, index
                begin = index + 1
            if is_end:
                return


def bare(phrase: Phrase, index: int) -> str | None:
    """Return the name at an index without its schema, folded as PostgreSQL does."""
    return _folded(phrase.tokens[index]) if index < len(phrase.tokens) else None


def _depths(words: Sequence[str]) -> Iterator[int]:
    depth = 0
    for word in words:
        step = _OPEN.get(word, 0)
        if step < 0:
            depth = max(0, depth - 1)
        yield depth
        if step > 0:
            depth += 1


def _folded(token: Token) -> str:
    return token.text[1:-1].replace('""', '"') if token.kind == "name" else token.text.lower()
