"""yoyo's own backend for psycopg, over a connection of ours: it owns the layout of yoyo's tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self
from uuid import uuid4

import psycopg
from psycopg import sql
from yoyo import internalmigrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend

from runner.engine.history.actor import Actor
from runner.engine.history.names import YOYO_LOCK, Names


class TableBackend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo has no types
    """Creates yoyo's tables and brings those of an older yoyo up to date, in a transaction of the caller's."""

    def __init__(self, connection: psycopg.Connection[Any], names: Names, actor: Actor) -> None:
        self._connection = connection
        self._names = names
        self._actor = actor
        self.migration_table = names.migration_table
        self.DatabaseError = psycopg.DatabaseError
        self.has_transactional_ddl = True
        self._in_transaction = True

    @contextmanager
    def transaction(self, rollback_on_exit: bool = False) -> Iterator[Self]:  # noqa: ARG002, FBT001, FBT002
        """Stay in the caller's transaction: everything is created or nothing."""
        yield self

    def list_tables(self, **_: object) -> list[str]:
        """Return the tables of history's schema, whatever search_path says."""
        rows = self._connection.execute(
            "SELECT relname::text FROM pg_catalog.pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace",
            [sql.Identifier(self._names.schema).as_string(None)],
        )
        return [row[0] for row in rows]

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, Any]:
        """Return a row of yoyo's log without asking the user database or DNS."""
        return {
            "id": str(uuid4()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "username": self._actor.name[:255],
            "hostname": self._actor.host[:255],
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }

    def create_tables(self) -> None:
        """Create or upgrade yoyo's tables; needs search_path to begin with history's schema."""
        if YOYO_LOCK not in self.list_tables():
            self.execute(self.format_sql(self.create_lock_table_sql))
        internalmigrations.upgrade(self)
