"""A query file: SQL for psql, under a header that says what it shows, when to worry and what to do. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from runner.errors import ConfigurationError, FileError, Location
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.tokens import SqlSyntaxError
from runner.upkeep.health.condition import Condition, parse_condition
from runner.wording import counted, nearest

_COMMENT = re.compile(r"--(?P<indent>\s*)(?P<text>.*?)\s*")
_DIRECTIVE = re.compile(r"(?P<name>[a-z][a-z_-]*):\s*(?P<value>.*)")
_TEXTS = ("worry", "do")
_KNOWN = (*_TEXTS, "warn", "problem", "labels", "sees", "needs")
_NEED = re.compile(r"(?P<kind>extension|table)s?\s+(?P<names>.+)")


class Sight(Enum):
    """What a role must be allowed to see, or the answer is a part of the truth."""

    SESSIONS = "sessions"
    TABLES = "tables"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question to a database."""

    name: str  # of the file, without ".sql"
    path: str
    sql: str
    shows: str
    worry: str
    do: str
    warn: Condition | None = None
    problem: Condition | None = None
    labels: tuple[str, ...] | None = None  # of its metrics; None: it has none but how many rows there are
    sees: frozenset[Sight] = frozenset()
    extension: str | None = None
    tables: tuple[str, ...] = ()

    @property
    def is_check(self) -> bool:
        """Whether its rows are weighed."""
        return self.warn is not None or self.problem is not None


def parse_query(name: str, path: str, text: str) -> Query:
    """Read a file.

    Raises: FileError when its header is not understood, or when it is not one statement: a COMMIT among several would
    end the transaction that can change nothing.
    """
    found: dict[str, tuple[str, int]] = {}
    last = "shows"
    for number, line in enumerate(text.splitlines(), 1):
        comment = _COMMENT.fullmatch(line)
        if comment is None:
            break
        directive = _DIRECTIVE.fullmatch(comment["text"]) if len(comment["indent"]) <= 1 else None
        if directive is not None and directive["name"] in _KNOWN:
            last = directive["name"]
            found[last] = (directive["value"], number)
            continue
        near = None if directive is None else nearest(directive["name"], _KNOWN)
        if directive is not None and near is not None:
            raise FileError(
                f'unknown directive "{directive["name"]}"',
                where=Location(path, number, 4),
                hint=f"{near} A capital letter, or an indent, makes it prose.",
            )
        before, at = found.get(last, ("", number))
        found[last] = (f"{before} {comment['text']}".strip(), at)
    query = _query(name, path, text, found)
    _require_one_statement(path, text)
    return query


def _require_one_statement(path: str, text: str) -> None:
    try:
        count = len(list(statements([text])))
    except SqlSyntaxError as error:
        raise FileError(str(error), where=Location(path)) from error
    if count != 1:
        raise FileError(
            f"the file holds {counted(count, 'statement')}",
            where=Location(path),
            hint="It has to be one SELECT; nothing was asked.",
        )


def condition(text: str, where: Location) -> Condition | None:
    """Read a threshold; an empty one is none.

    Raises: ConfigurationError.
    """
    try:
        return parse_condition(text) if text.strip() else None
    except ValueError as error:
        raise ConfigurationError(
            str(error), where=where, hint='For instance: warn = "used_percent > 80"'
        ) from None


def _query(name: str, path: str, text: str, found: dict[str, tuple[str, int]]) -> Query:
    for part, what in (
        ("shows", "what it shows"),
        ("worry", "when to worry"),
        ("do", "what to do"),
    ):
        if not found.get(part, ("", 1))[0]:
            raise FileError(
                f"the header does not say {what}",
                where=Location(path, 1),
                hint="Begin the file with -- and what it shows, then -- worry: … and -- do: …",
            )
    conditions = {
        level: condition(found[level][0], Location(path, found[level][1]))
        for level in ("warn", "problem")
        if level in found
    }
    extension, tables = _needs(*found["needs"], path) if "needs" in found else (None, ())
    return Query(
        name=name,
        path=path,
        sql=text,
        shows=found["shows"][0],
        worry=found["worry"][0],
        do=found["do"][0],
        warn=conditions.get("warn"),
        problem=conditions.get("problem"),
        labels=_labels(found["labels"][0]) if "labels" in found else None,
        sees=_sees(*found["sees"], path) if "sees" in found else frozenset(),
        extension=extension,
        tables=tables,
    )


def _labels(value: str) -> tuple[str, ...]:
    return () if value == "none" else tuple(word.strip() for word in value.split(","))


def _sees(value: str, line: int, path: str) -> frozenset[Sight]:
    try:
        return frozenset(Sight(word.strip()) for word in value.split(","))
    except ValueError:
        raise FileError(
            f'"{value}" is nothing that a role may see',
            where=Location(path, line),
            hint="sees: sessions (pg_read_all_stats), tables (SELECT on each), or both with a comma.",
        ) from None


def _needs(value: str, line: int, path: str) -> tuple[str | None, tuple[str, ...]]:
    match = _NEED.fullmatch(value)
    if match is None:
        raise FileError(
            f'"{value}" is nothing that a query may need',
            where=Location(path, line),
            hint="needs: extension NAME, or needs: table schema.name, schema.name",
        )
    names = tuple(name.strip() for name in match["names"].split(","))
    return (names[0], ()) if match["kind"] == "extension" else (None, names)
