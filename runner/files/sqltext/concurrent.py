"""Statements that commit in the middle, and their objects, whose progress the catalog shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runner.files.sqltext.lexer import Statement
from runner.files.sqltext.tokens import Token, tokens


@dataclass(frozen=True, slots=True)
class BuildIndex:
    """CREATE INDEX CONCURRENTLY; names are as written."""

    name: str | None
    table: str


@dataclass(frozen=True, slots=True)
class DropIndex:
    """DROP INDEX CONCURRENTLY."""

    name: str


@dataclass(frozen=True, slots=True)
class Reindex:
    """REINDEX … CONCURRENTLY."""

    scope: str  # INDEX, TABLE, SCHEMA, DATABASE, SYSTEM
    name: str | None


@dataclass(frozen=True, slots=True)
class DetachPartition:
    """ALTER TABLE … DETACH PARTITION … CONCURRENTLY."""

    table: str
    partition: str


Concurrent = BuildIndex | DropIndex | Reindex | DetachPartition


def concurrent(statement: Statement) -> Concurrent | None:
    """Return the object of a CONCURRENTLY statement; None for any other statement, or for a name U&"…"."""
    if not statement.concurrently:
        return None
    reader = _Reader(statement.text)
    for words, read in _COMMANDS:
        if reader.take(*words):
            return read(reader)
    return None


class _Reader:
    """Reads a statement's keywords and names one by one."""

    def __init__(self, text: str) -> None:
        self._tokens = [token for token in tokens(text) if not token.is_comment]
        self._pos = 0

    @property
    def is_at_end(self) -> bool:
        """Whether all tokens are read."""
        return self._pos >= len(self._tokens)

    def take(self, *words: str) -> bool:
        """Consume these words or characters if all of them come next; return whether they did."""
        found = self._tokens[self._pos : self._pos + len(words)]
        if tuple(map(_keyword, found)) != words:
            return False
        self._pos += len(words)
        return True

    def next(self) -> str:
        """Consume one token; return it as a keyword, or "" at the end."""
        if self.is_at_end:
            return ""
        self._pos += 1
        return _keyword(self._tokens[self._pos - 1])

    def name(self) -> str | None:
        """Consume a name and return it as written; None if there is none."""
        if self.is_at_end or self._tokens[self._pos].kind not in {"word", "name"}:
            return None
        name = self._tokens[self._pos].text
        self._pos += 1
        is_coded = name in {"u", "U"} and self.take("&")  # U&"…" is three tokens
        return None if is_coded else name

    def qualified_name(self) -> str | None:
        """Consume a name with its schema and return it as written, without space; None if there is none."""
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        return None if None in parts else ".".join(filter(None, parts))

    def relation(self) -> str | None:
        """Consume a table's name with ONLY, parentheses or an asterisk; return the name."""
        if self.take("ONLY") and self.take("("):
            name = self.qualified_name()
            return name if self.take(")") else None
        name = self.qualified_name()
        self.take("*")
        return name

    def options(self) -> dict[str, str]:
        """Consume options in parentheses; return each with its value, in upper case."""
        found: dict[str, str] = {}
        if self.take("("):
            name = ""
            while (word := self.next()) not in {")", ""}:
                if word == ",":
                    name = ""
                elif name:
                    found[name] = word.strip("'")
                else:
                    name = word
                    found[name] = "TRUE"
        return found


def _keyword(token: Token) -> str:
    return token.text.upper() if token.text.isascii() and token.kind != "name" else token.text


def _build(reader: _Reader) -> BuildIndex | None:
    reader.take("IF", "NOT", "EXISTS")
    name = None
    if not reader.take("ON"):
        name = reader.name()
        if name is None or not reader.take("ON"):
            return None
    table = reader.relation()
    return None if table is None else BuildIndex(name, table)


def _drop(reader: _Reader) -> DropIndex | None:
    reader.take("IF", "EXISTS")
    name = reader.qualified_name()
    return None if name is None else DropIndex(name)


def _reindex(reader: _Reader) -> Reindex | None:
    by_option = reader.options().get("CONCURRENTLY", "OFF") in _TRUE
    scope = reader.next()
    by_word = reader.take("CONCURRENTLY")
    if scope not in _SCOPES or not (by_option or by_word):
        return None
    if reader.is_at_end:
        return Reindex(scope, None)
    name = reader.qualified_name()
    return None if name is None else Reindex(scope, name)


def _detach(reader: _Reader) -> DetachPartition | None:
    reader.take("IF", "EXISTS")
    table = reader.relation()
    if table is None or not reader.take("DETACH", "PARTITION"):
        return None
    partition = reader.qualified_name()
    if partition is None or not reader.take("CONCURRENTLY"):
        return None
    return DetachPartition(table, partition)


_SCOPES = frozenset({"INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM"})
_TRUE = frozenset({"TRUE", "ON", "1"})
_COMMANDS: tuple[tuple[tuple[str, ...], Callable[[_Reader], Concurrent | None]], ...] = (
    (("CREATE", "INDEX", "CONCURRENTLY"), _build),
    (("CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"), _build),
    (("DROP", "INDEX", "CONCURRENTLY"), _drop),
    (("REINDEX",), _reindex),
    (("ALTER", "TABLE"), _detach),
)
