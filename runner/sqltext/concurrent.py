"""Statements that commit in the middle: what they work on, so that the catalogue can be asked how far they came."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runner.sqltext.lexer import Statement

_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_QUALIFIED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
# quotes are matched first, so that what looks like a comment within one is not taken for it
_COMMENT_OR_QUOTE = re.compile(
    r"""(?P<kept>'(?:[^']|'')*' | "(?:[^"]|"")*") | --[^\n\r]* | /\*.*?\*/""", re.VERBOSE | re.DOTALL
)
_FLAGS = re.VERBOSE | re.IGNORECASE | re.DOTALL
_CREATE_INDEX = re.compile(
    rf"""CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+
         (?:(?:IF\s+NOT\s+EXISTS\s+)?(?!ON\b)(?P<name>{_NAME})\s+)?
         ON\s+(?:ONLY\s+)?(?P<table>{_QUALIFIED})""",
    _FLAGS,
)
_DROP_INDEX = re.compile(rf"DROP\s+INDEX\s+CONCURRENTLY\s+(?:IF\s+EXISTS\s+)?(?P<name>{_QUALIFIED})", _FLAGS)
_REINDEX = re.compile(
    rf"""REINDEX\s+(?:\([^)]*\)\s*)?(?P<scope>INDEX|TABLE|SCHEMA|DATABASE|SYSTEM)\s+
         (?:CONCURRENTLY\b\s*)?(?P<name>{_QUALIFIED})?""",
    _FLAGS,
)
_DETACH = re.compile(
    rf"""ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{_QUALIFIED})\s+
         DETACH\s+PARTITION\s+(?P<partition>{_QUALIFIED})\s+CONCURRENTLY\b""",
    _FLAGS,
)


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
    """Return what a CONCURRENTLY statement works on; None for any other statement."""
    if not statement.concurrently:
        return None
    text = without_comments(statement.text)
    if (found := _CREATE_INDEX.match(text)) is not None:
        return BuildIndex(found["name"], found["table"])
    if (found := _DROP_INDEX.match(text)) is not None:
        return DropIndex(found["name"])
    if (found := _REINDEX.match(text)) is not None:
        return Reindex(found["scope"].upper(), found["name"])
    if (found := _DETACH.match(text)) is not None:
        return DetachPartition(found["table"], found["partition"])
    return None


def without_comments(text: str) -> str:
    """Return a statement with each comment replaced by a space; quotes stay as they are."""
    return _COMMENT_OR_QUOTE.sub(lambda match: match["kept"] or " ", text)
