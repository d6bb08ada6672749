"""Compare the rows of a database before a migration and after its rollback."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from runner.review.verify.losses import Place
from runner.review.verify.rehearsal import RowChange
from runner.review.verify.relations import query
from runner.wording import counted

_LARGE_BYTES = 64 << 20  # beyond it rows are counted, and their values not compared
_CONTENT = """
SELECT
    pg_catalog.count(*),
    pg_catalog.sum({row})::text,
    ARRAY[{columns}]::text[],
    ARRAY[{keyed}]::text[]
FROM ONLY {table} AS r
"""
# Every type has an output function, and not every type compares, casts to text or to JSON without a loss.
_HASH = 'pg_catalog.hashtextextended(ROW({values})::text COLLATE pg_catalog."C", 0)'
# What a large object holds is no row of a table of ours; its owner may read it.
_LARGE_OBJECTS = """
SELECT pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.md5(pg_catalog.lo_get(l.oid)), l.oid::bigint))::text
FROM (
    SELECT m.oid FROM pg_catalog.pg_largeobject_metadata AS m
    WHERE pg_catalog.pg_has_role(m.lomowner, 'USAGE')
    ORDER BY m.oid LIMIT 1000
) AS l
"""
_NEXT = """
SELECT s.next, m.most
FROM (SELECT CASE WHEN is_called THEN last_value + {increment} ELSE last_value END AS next FROM {sequence}) AS s
CROSS JOIN (SELECT pg_catalog.{most}(r.{column}) AS most FROM {table} AS r) AS m
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relation:
    oid: int
    name: str  # schema-qualified, quoted as in SQL
    is_view: bool  # a materialized one
    is_populated: bool
    size_bytes: int
    columns: Sequence[str]
    numbers: Sequence[int]
    keys: Sequence[str] = ()  # the columns of the primary key


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """The rows of a relation: their number, and hashes in which the order of rows and columns does not count."""

    relation: _Relation
    count: int = 0
    row_hash: str | None = None
    hashes: Mapping[str, str | None] | None = None  # by column; None: too large to compare
    keyed: Mapping[str, str | None] | None = None  # the same, of each value with its row's key
    refusal: str | None = None  # why they could not be read


@dataclass(frozen=True, slots=True)
class Rows:
    """What all tables, materialized views and sequences hold at a moment."""

    contents: Mapping[str, _Content]
    behind: Mapping[
        str, str
    ]  # columns whose sequence gives a number that is taken, and the SQL that corrects it

    @classmethod
    def read(cls, conn: psycopg.Connection[Any], *, hidden: Collection[str] = ()) -> Rows:
        """Read them; what the server refuses to read is recorded as refused."""
        parameters = {"hidden": list(hidden)}
        with conn.cursor(row_factory=class_row(_Relation)) as cursor:
            relations = cursor.execute(query("held"), parameters).fetchall()
        contents = {relation.name: _content(conn, relation) for relation in relations}
        contents |= _large_objects(conn)
        return cls(contents, dict(_behind(conn, parameters)))

    @property
    def places(self) -> list[Place]:
        """Return every relation and column by number, to ask later which of them are gone."""
        relations = [content.relation for content in self.contents.values()]
        return [(r.oid, number) for r in relations for number in (0, *r.numbers)]

    def changes(
        self, after: Rows, *, dropped: Collection[Place], recreated: Collection[str]
    ) -> list[RowChange]:
        """Return how relations that are here and in `after` differ in their rows.

        `dropped` are the places that the migration itself dropped, which is reported separately; `recreated` are the
        tables that the rollback recreated, whole or a column.
        """
        found = []
        for name in sorted((self.contents.keys() & after.contents.keys()) | set(recreated)):
            change = None
            if name in self.contents and name in after.contents:
                change = _change(self.contents[name], after.contents[name], dropped)
            if change is not None:
                found.append(change)
            elif name in recreated:
                what = "is recreated, whole or a column, without the values from before"
                found.append(RowChange(relation=name, what=what))
        found += [
            RowChange(relation=name, what="gets a number that is taken", remedy=remedy)
            for name, remedy in sorted(after.behind.items())
            if name not in self.behind
        ]
        return found


def _content(conn: psycopg.Connection[Any], relation: _Relation) -> _Content:
    if not relation.size_bytes or not relation.is_populated:
        return _Content(relation=relation, hashes={})
    is_large = relation.size_bytes > _LARGE_BYTES
    columns = [] if is_large else [_column(name) for name in relation.columns]
    keys = [_column(name) for name in relation.keys]
    asked = sql.SQL(_CONTENT).format(
        row=sql.SQL("NULL::numeric" if is_large else _HASH).format(values=sql.SQL(", ").join(columns)),
        columns=sql.SQL(", ").join(map(_sum, columns)),
        keyed=sql.SQL(", ").join(_sum(sql.SQL(", ").join([*keys, column])) for column in columns if keys),
        table=sql.SQL(relation.name),  # quoted by the server
    )
    try:
        count, row_hash, hashes, keyed = conn.execute(asked).fetchone() or (0, None, [], [])
    except psycopg.Error as error:  # of a policy, of rights that the migration took away
        return _Content(relation=relation, refusal=error.diag.message_primary or str(error))
    if is_large:
        return _Content(relation=relation, count=count)
    by_name = dict(zip(relation.columns, hashes, strict=True))
    with_key = dict(zip(relation.columns, keyed, strict=True)) if keys else None
    return _Content(relation=relation, count=count, row_hash=row_hash, hashes=by_name, keyed=with_key)


def _column(name: str) -> sql.Composable:
    return sql.SQL("r.{}").format(sql.Identifier(name))


def _sum(values: sql.Composable) -> sql.Composable:
    return sql.SQL("pg_catalog.sum({})").format(sql.SQL(_HASH).format(values=values))


def _large_objects(conn: psycopg.Connection[Any]) -> dict[str, _Content]:
    name = "pg_catalog.pg_largeobject"
    relation = _Relation(
        oid=2613, name=name, is_view=False, is_populated=True, size_bytes=0, columns=(), numbers=()
    )
    try:
        count, row_hash = conn.execute(_LARGE_OBJECTS).fetchone() or (0, None)
    except psycopg.Error as error:  # one may be larger than a value may be
        return {name: _Content(relation=relation, refusal=error.diag.message_primary or str(error))}
    return {name: _Content(relation=relation, count=count, row_hash=row_hash, hashes={})}


def _behind(conn: psycopg.Connection[Any], parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for relation, column, quoted, sequence, increment in conn.execute(
        query("numbering"), parameters
    ).fetchall():
        asked = sql.SQL(_NEXT).format(
            increment=sql.Literal(increment),
            sequence=sql.SQL(sequence),
            most=sql.SQL("max" if increment > 0 else "min"),
            column=sql.Identifier(column),
            table=sql.SQL(relation),
        )
        try:
            following, most = conn.execute(asked).fetchone() or (None, None)
        except psycopg.Error:  # what cannot be read is reported with the rows of its table
            continue
        if (
            most is not None
            and math.isfinite(most)
            and (following <= most if increment > 0 else following >= most)
        ):
            remedy = sql.SQL("SELECT setval({}, {});").format(sql.Literal(sequence), sql.Literal(int(most)))
            yield f"{relation}.{quoted}", remedy.as_string(conn)


def _change(before: _Content, after: _Content, dropped: Collection[Place]) -> RowChange | None:
    """Return how the rows differ, if they do."""
    relation = before.relation
    explained = (relation.oid, 0) in dropped and not relation.is_view  # whose rows are no data
    if after.refusal is not None:
        if before.refusal is not None:
            return None
        what = f"cannot be read, so its rows are not compared: {after.refusal}"
    elif before.refusal is not None or (
        before.relation.is_populated == after.relation.is_populated and _equal(before, after)
    ):
        return None
    elif relation.is_populated != after.relation.is_populated:
        what = f"is {'' if after.relation.is_populated else 'not '}populated"
    elif after.count > before.count:
        what = f"holds {counted(after.count - before.count, 'row')} more than before"
        explained = False
    elif after.count < before.count:
        what = f"holds {counted(before.count - after.count, 'row')} fewer than before"
    else:
        columns = _changed_columns(before, after)
        numbers = dict(zip(relation.columns, relation.numbers, strict=True))
        explained = explained or (
            bool(columns) and all((relation.oid, numbers[c]) in dropped for c in columns)
        )
        return RowChange(
            relation=relation.name,
            what="holds other values than before",
            columns=columns,
            is_view=relation.is_view,
            is_explained=explained,
        )
    return RowChange(
        relation=relation.name,
        what=what,
        is_view=relation.is_view,
        is_explained=explained,
        is_more=after.count > before.count,
    )


def _equal(before: _Content, after: _Content) -> bool:
    if before.count != after.count:
        return False
    if not before.count or before.hashes is None or after.hashes is None:
        return True
    if before.hashes.keys() == after.hashes.keys():
        return before.row_hash == after.row_hash
    return not _changed_columns(before, after)


def _changed_columns(before: _Content, after: _Content) -> tuple[str, ...]:
    """Name the columns of both whose values differ; those of one alone are a difference of the schema.

    The values of a column may be the same in other rows: where the keys are the same, each is compared with its key.
    """
    was, now, keys = before.hashes or {}, after.hashes or {}, before.relation.keys
    if keys == after.relation.keys and all(was.get(key) == now.get(key) for key in keys):
        was, now = before.keyed or was, after.keyed or now
    return tuple(name for name in was if name in now and was[name] != now[name])
