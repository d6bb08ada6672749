"""The relations of a scratch database, and what a statement did to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row, dict_row

from runner.files.sqltext.lock_modes import LockMode
from runner.review.verify.rehearsal import TableLock

_KINDS = {
    "r": "table",
    "p": "partitioned table",
    "i": "index",
    "I": "partitioned index",
    "v": "view",
    "m": "materialized view",
    "S": "sequence",
    "f": "foreign table",
}
_INDEXES = frozenset({"i", "I"})
_WITH_ROWS = frozenset({"r", "m"})


def query(name: str) -> LiteralString:
    """Return a query of this room."""
    return (files("runner.review.verify") / "queries" / f"{name}.sql").read_text("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation and its file."""

    oid: int
    name: str  # schema-qualified, quoted as in SQL
    kind: str  # pg_class.relkind
    filenode: int | None
    table_oid: int | None  # of an index
    size_bytes: int

    @property
    def is_index(self) -> bool:
        """Whether it is an index, of a partitioned table too."""
        return self.kind in _INDEXES

    @property
    def has_rows(self) -> bool:
        """Whether it has rows of its own."""
        return self.kind in _WITH_ROWS


class Relations(dict[int, Relation]):
    """What exists at a moment, by oid."""

    @classmethod
    def read(cls, conn: psycopg.Connection[Any], *, hidden: Collection[str] = ()) -> Relations:
        """Read all of them but those of hidden names, which are history's."""
        return cls._of(conn, query("relations"), {"hidden": list(hidden)})

    @classmethod
    def read_some(cls, conn: psycopg.Connection[Any], oids: Collection[int]) -> Relations:
        """Read those named, and the indexes on them."""
        if not oids:
            return cls()
        some = (
            query("relations").rstrip().rstrip(";")
            + " AND (c.oid = ANY(%(oids)s) OR x.indrelid = ANY(%(oids)s))"
        )
        return cls._of(conn, some, {"oids": list(oids), "hidden": []})

    @classmethod
    def _of(
        cls, conn: psycopg.Connection[Any], text: LiteralString, parameters: Mapping[str, Any] | None = None
    ) -> Relations:
        with conn.cursor(row_factory=class_row(Relation)) as cursor:
            return cls((found.oid, found) for found in cursor.execute(text, parameters))


@dataclass(frozen=True, slots=True)
class Measured:
    """What a transaction has done so far."""

    wal: int = 0  # place in the WAL, in bytes
    locks: frozenset[tuple[int, LockMode]] = frozenset()
    scans: Mapping[int, int] = field(default_factory=dict)  # full scans by oid, of transactions before it too

    @classmethod
    def read(cls, conn: psycopg.Connection[Any]) -> Measured:
        """Query the session about its own transaction."""
        with conn.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(query("measured")).fetchone() or {}
        return cls(
            wal=row["wal"],
            locks=frozenset(_lock(text) for text in row["locks"]),
            scans=dict(_pair(text) for text in row["scans"]),
        )

    def scanned_since(self, before: Measured) -> set[int]:
        """Return the relations that were scanned since then."""
        return {oid for oid, count in self.scans.items() if count > before.scans.get(oid, 0)}


def _pair(text: str) -> tuple[int, int]:
    oid, _, count = text.partition(" ")
    return int(oid), int(count)


def _lock(text: str) -> tuple[int, LockMode]:
    oid, _, mode = text.partition(" ")
    return int(oid), LockMode.of(mode)


def table_locks(
    locks: Iterable[tuple[int, LockMode]], existing: Mapping[int, Relation]
) -> tuple[TableLock, ...]:
    """Return the strongest lock on each relation that existed, strongest first.

    An index is left out where its table is locked as strongly: it adds nothing.
    """
    strongest: dict[int, LockMode] = {}
    for oid, mode in locks:
        if oid in existing:
            strongest[oid] = max(mode, strongest.get(oid, mode))
    found = []
    for oid, mode in strongest.items():
        relation = existing[oid]
        if relation.table_oid is None or strongest.get(relation.table_oid, 0) < mode:
            found.append(TableLock(relation.name, mode, _KINDS[relation.kind]))
    return tuple(sorted(found, key=lambda lock: (-lock.mode, lock.relation)))


@dataclass(frozen=True, slots=True)
class Effect:
    """The changes to relations that existed before a migration."""

    moved: tuple[str, ...]  # tables and materialized views with a new file
    built: tuple[str, ...]  # indexes that are new, or have a new file
    after: Relations  # the touched ones, as they are now


def effect(before: Mapping[int, Relation], after: Relations, existing: Mapping[int, Relation]) -> Effect:
    """Compare all relations before a statement with the touched ones after it; `existing` are from before the migration.

    A partitioned index is nothing but a name for those of the partitions: it is built where one of them is.

    An index that is new and has an old one's file was taken over from it, as ALTER TYPE does where it can.
    """
    files = {relation.filenode for relation in before.values()}
    moved: list[str] = []
    built: list[str] = []
    whole: list[str] = []  # of partitioned tables
    for oid, now in after.items():
        was = before.get(oid)
        is_new_file = now.filenode not in files
        if (
            now.is_index
            and now.table_oid in existing
            and (is_new_file or (was is None and now.filenode is None))
        ):
            (whole if now.filenode is None else built).append(now.name)
        elif oid in existing and was is not None and now.has_rows and is_new_file:
            moved.append(existing[oid].name)
    return Effect(tuple(sorted(moved)), tuple(sorted(built + whole if built else built)), after)
