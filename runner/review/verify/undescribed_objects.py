"""What a snapshot does not describe, but a migration may change and its rollback may forget."""

from __future__ import annotations

from typing import Any

import psycopg

from runner.schema.catalog.objects import Catalog, CatalogObject
from runner.schema.catalog.read import undescribed


def with_all_beyond(schema: Catalog, conn: psycopg.Connection[Any]) -> Catalog:
    """Add to a schema what a snapshot does not describe, and what belongs to the database itself.

    Some of it is known only by name: a change that keeps the name is not seen.
    """
    found = (CatalogObject(d.kind, d.identity, d.sql or f"{d.kind} {d.identity}") for d in undescribed(conn))
    return Catalog({**schema.objects, **{item.key: item for item in found}}, schema.unsupported)
