"""Find what is dropped with its rows, and what is renamed. Tables and columns are identified by number, as names can be reused.

So a rename loses nothing, but dropping and recreating under the old name does, whether by a statement, a function or
a CASCADE.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg

from runner.files.sqltext.identifiers import LAST_NAME
from runner.files.sqltext.lexer import Statement
from runner.files.sqltext.lock_modes import LockMode
from runner.files.sqltext.tokens import keywords
from runner.review.verify.rehearsal import Rename
from runner.review.verify.relations import Relation, Relations, query
from runner.schema.catalog.objects import Change, Difference

_NAMED = frozenset({"r", "p", "v", "m"})
_CODE = frozenset({"DO", "SELECT", "WITH", "CALL"})
Connect = Callable[[], psycopg.Connection[Any]]
Place = tuple[int, int]  # oid and number of a column, which is 0 for the relation itself

_TABLES = frozenset({"r", "p"})
_WITH_ROWS = frozenset({"table", "column", "sequence"})
_COLUMN = re.compile(rf"(?P<relation>.+){LAST_NAME}")


@dataclass(slots=True)
class Dropped:
    """What the statements of one file have dropped so far."""

    connect: Connect  # another session, which does not see what the transaction has done
    told: set[Place] = field(default_factory=set)

    def since(
        self,
        conn: psycopg.Connection[Any],
        locks: Collection[tuple[int, LockMode]],
        existing: Relations,
        after: Relations,
    ) -> tuple[str, ...]:
        """Return pre-existing tables and columns that this statement dropped; only relations locked ACCESS EXCLUSIVE can be."""
        locked = {
            oid
            for oid, mode in locks
            if mode.stops_reads and oid in existing and existing[oid].kind in _TABLES
        }
        if not locked:
            return ()
        places: set[Place] = {(oid, 0) for oid in locked if oid not in after}
        places.update(conn.execute(query("dropped"), {"oids": list(locked)}).fetchall())
        new = sorted(places - self.told)
        self.told |= places
        return tuple(self._names(new)) if new else ()

    def _names(self, places: Sequence[Place]) -> Iterator[str]:
        columns = [place for place in places if place[1]]
        parameters = {
            "tables": [oid for oid, number in places if not number],
            "relations": [oid for oid, _ in columns],
            "columns": [number for _, number in columns],
        }
        with closing(self.connect()) as beside:
            yield from (name for (name,) in beside.execute(query("names_of_dropped"), parameters))


@dataclass(frozen=True, slots=True)
class Kept:
    """The relations and columns with rows before a rollback."""

    tables: Mapping[Place, str]  # that existed before the migration
    touched: Mapping[Place, str]  # relations that the migration makes or changes, and their columns

    @classmethod
    def read(cls, conn: psycopg.Connection[Any], existing: Relations, changes: Sequence[Difference]) -> Kept:
        """Record what a rollback may drop."""
        relations = {_relation(change) for change in changes if change.kind in _WITH_ROWS}
        tables = {(oid, 0): found.name for oid, found in existing.items() if found.kind in _TABLES}
        gone = vanished(conn, tables)
        return cls(
            tables={place: name for place, name in tables.items() if place not in gone},
            touched=_numbered(conn, relations),
        )

    def lost(self, conn: psycopg.Connection[Any], undone: Sequence[Difference]) -> Losses:
        """Compare with the state after the rollback; `undone` is how it changed the schema."""
        gone = vanished(conn, {**self.tables, **self.touched})
        survivors = {name for place, name in self.touched.items() if place not in gone}
        missing = [d for d in undone if d.change is Change.MISSING and d.kind in _WITH_ROWS]
        loses = [f"{d.kind} {d.identity}" for d in missing if d.identity not in survivors]
        tables = {place: self.tables.get(place) or self.touched[place[0], 0] for place in gone}
        now = set(_numbered(conn, tables.values()).values())
        recreated = {
            tables[place] for place in gone if (self.tables.get(place) or self.touched[place]) in now
        }
        return Losses(tuple(loses), frozenset(recreated))


@dataclass(frozen=True, slots=True)
class Losses:
    """What a rollback drops."""

    loses: tuple[str, ...]  # with what was written to it since
    recreated: frozenset[
        str
    ]  # tables that it recreates, whole or a column, without the rows from before the migration


def _numbered(conn: psycopg.Connection[Any], relations: Collection[str]) -> dict[Place, str]:
    """Name some relations and their columns, by number."""
    if not relations:
        return {}
    rows = conn.execute(query("numbers"), {"relations": list(relations)}).fetchall()
    return {(oid, number): name for oid, number, name in rows}


def vanished(conn: psycopg.Connection[Any], places: Collection[Place]) -> set[Place]:
    """Return the relations and columns that are gone, even if others have their names now."""
    parameters = {"relations": [oid for oid, _ in places], "numbers": [number for _, number in places]}
    return set(conn.execute(query("gone"), parameters).fetchall()) if places else set()


def _relation(change: Difference) -> str:
    match = _COLUMN.fullmatch(change.identity) if change.kind == "column" else None
    return change.identity if match is None else match["relation"]


@dataclass(slots=True)
class Renamed:
    """What the statements of one file have renamed so far."""

    connect: Connect  # another session, which does not see what the transaction has done
    told: set[tuple[Place, str]] = field(default_factory=set)

    def since(
        self,
        conn: psycopg.Connection[Any],
        statement: Statement,
        locks: Collection[tuple[int, LockMode]],
        before: Mapping[int, Relation],
        after: Mapping[int, Relation],
        existing: Collection[int],
    ) -> tuple[Rename, ...]:
        """Return pre-existing relations and columns that this statement renamed; only those locked ACCESS EXCLUSIVE can be."""
        locked = [
            oid
            for oid, mode in locks
            if mode.stops_reads and oid in existing and oid in after and before[oid].kind in _NAMED
        ]
        found = [
            Rename(old=before[oid].name, new=after[oid].name)
            for oid in sorted(locked)
            if before[oid].name != after[oid].name
        ]
        if locked and _may_rename_columns(statement):
            found += self._columns(conn, locked, before)
        return tuple(found)

    def _columns(
        self, conn: psycopg.Connection[Any], locked: list[int], before: Mapping[int, Relation]
    ) -> Iterator[Rename]:
        now = _names(conn, locked)
        with closing(self.connect()) as beside:
            was = _names(beside, locked)
        for place in sorted(was.keys() & now.keys()):
            if was[place] != now[place] and (place, now[place]) not in self.told:
                self.told.add((place, now[place]))
                table = before[place[0]].name
                yield Rename(old=f"{table}.{was[place]}", new=now[place], is_column=True)


def _may_rename_columns(statement: Statement) -> bool:
    is_code = not _CODE.isdisjoint(statement.words[:1])
    return is_code or (statement.starts_with("ALTER") and "RENAME" in keywords(statement.text))


def _names(conn: psycopg.Connection[Any], oids: list[int]) -> dict[Place, str]:
    rows = conn.execute(query("columns"), {"oids": oids}).fetchall()
    return {(oid, number): name for oid, number, name in rows}
