"""What a snapshot does not describe, and a migration may change and its rollback forget all the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg
from psycopg import sql

from runner.catalog import Catalog, CatalogObject, undescribed
from runner.trace.relations import query

# Of base types and foreign tables a row of a system catalog tells the least: their name, or what `beyond.sql` says.
_BY_NAME = frozenset({"base type"})

# How a column of a system catalog is written, so that the same object made again is written the same: by names.
_SPELLINGS = {
    "reference": "(pg_catalog.pg_identify_object({target}::pg_catalog.regclass, x.{column}, 0)).identity",
    "role": "pg_catalog.pg_get_userbyid(x.{column})",
    "rights": (
        "(SELECT pg_catalog.string_agg(a::text, ' ' ORDER BY a::text)"
        " FROM pg_catalog.unnest(coalesce(x.{column}, pg_catalog.acldefault({target}, x.{owner}))) AS a)"
    ),
    "expression": "pg_catalog.pg_get_expr(x.{column}, x.{owner})",
    "columns": (
        "(SELECT pg_catalog.string_agg(a.attname, ', ' ORDER BY a.attname) FROM pg_catalog.pg_attribute AS a"
        " WHERE a.attrelid = x.{owner} AND a.attnum = ANY(x.{column}))"
    ),
    "value": "x.{column}::text",
}
_ROWS = """
SELECT o.type, o.identity, pg_catalog.concat_ws(', ', {values})
FROM {catalog} AS x
CROSS JOIN LATERAL pg_catalog.pg_identify_object({name}::pg_catalog.regclass, x.oid, 0) AS o
WHERE (x.oid >= 16384 OR {name} = 'pg_largeobject') AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = {name}::pg_catalog.regclass AND d.objid = x.oid AND d.deptype IN ('e', 'i')
)
"""


def with_all_beyond(schema: Catalog, conn: psycopg.Connection[Any]) -> Catalog:
    """Add what no snapshot describes, row by row of the system catalogs, and what belongs to the database itself.

    What is added is compared with itself only. No system catalog is left out: one that is new in a later version of
    PostgreSQL is read as the others are.
    """
    found = [*_known(conn), *_rows(conn), *_named(conn)]
    return Catalog({**schema.objects, **{item.key: item for item in found}}, schema.unsupported)


def _known(conn: psycopg.Connection[Any]) -> Iterator[CatalogObject]:
    for kind, identity, text in conn.execute(query("beyond"), prepare=True):
        yield CatalogObject(kind, identity, text)


def _rows(conn: psycopg.Connection[Any]) -> Iterator[CatalogObject]:
    columns = conn.execute(query("system_columns"), prepare=True).fetchall()
    parts = []
    for catalog, group in groupby(columns, itemgetter(0)):
        values = [
            sql.SQL("{label} || {value}").format(
                label=sql.Literal(f"{column} = "),
                value=sql.SQL(_SPELLINGS[spelling]).format(
                    column=sql.Identifier(column),
                    target=sql.Literal(target),
                    owner=sql.Identifier(owner or ""),
                ),
            )
            for _, column, spelling, target, owner in group
        ]
        # large objects are referred to by the catalog of their contents
        name = "pg_largeobject" if catalog == "pg_largeobject_metadata" else catalog
        parts.append(
            sql.SQL(_ROWS).format(
                values=sql.SQL(", ").join(values),
                catalog=sql.Identifier("pg_catalog", catalog),
                name=sql.Literal(name),
            )
        )
    for kind, identity, text in conn.execute(sql.SQL("UNION ALL").join(parts), prepare=True):
        yield CatalogObject(kind, identity, f"{kind} {identity} ({text});")


def _named(conn: psycopg.Connection[Any]) -> Iterator[CatalogObject]:
    for kind, schema, name in undescribed(conn):
        if kind in _BY_NAME:
            identity = name if schema is None else f"{schema}.{name}"
            yield CatalogObject(kind, identity, f"CREATE {kind.upper()} {identity} …;")
