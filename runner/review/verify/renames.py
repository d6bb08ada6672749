"""Find what a statement renames, by number: text that only mentions a rename does not count."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg

from runner.files.sqltext.lexer import Statement
from runner.files.sqltext.lock_modes import LockMode
from runner.files.sqltext.tokens import keywords
from runner.review.verify.losses import Connect, Place
from runner.review.verify.rehearsal import Rename
from runner.review.verify.relations import Relation, query

_NAMED = frozenset({"r", "p", "v", "m"})
_CODE = frozenset({"DO", "SELECT", "WITH", "CALL"})


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
