"""What a snapshot does not describe, and a migration may change and its rollback forget all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from runner.catalog import Catalog, CatalogObject, undescribed
from runner.trace.relations import query

_KNOWN = frozenset({"publication", "foreign server", "foreign table"})


def with_all_beyond(schema: Catalog, conn: psycopg.Connection[Any]) -> Catalog:
    """Add collations, operators, publications and so on to a schema, and what belongs to the database itself.

    Much of it is known by name only: what is dropped and made otherwise under its old name is not seen.
    """
    found = [*_known(conn), *_named(conn)]
    return Catalog({**schema.objects, **{item.key: item for item in found}}, schema.unsupported)


def _known(conn: psycopg.Connection[Any]) -> Iterator[CatalogObject]:
    for kind, identity, text in conn.execute(query("beyond"), prepare=True):
        yield CatalogObject(kind, identity, text)


def _named(conn: psycopg.Connection[Any]) -> Iterator[CatalogObject]:
    for kind, schema, name in undescribed(conn):
        if kind not in _KNOWN:
            identity = name if schema is None else f"{schema}.{name}"
            yield CatalogObject(kind, identity, f"CREATE {kind.upper()} {identity} …;")
