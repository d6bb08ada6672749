"""What else is in a database that has no history of ours: tables, and the histories of other tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.history.store import History

_QUERY = Path(__file__).with_name("queries") / "neighbours.sql"

# The table in which each tool keeps its history; names that others use too ("migrations", "versions") are left out.
_TOOLS = {
    "__diesel_schema_migrations": "Diesel",
    "__drizzle_migrations": "Drizzle",
    "__efmigrationshistory": "Entity Framework",
    "_prisma_migrations": "Prisma",
    "_sqlx_migrations": "sqlx",
    "alembic_version": "Alembic",
    "ar_internal_metadata": "Rails",
    "atlas_schema_revisions": "Atlas",
    "databasechangelog": "Liquibase",
    "databasechangeloglock": "Liquibase",
    "django_migrations": "Django",
    "doctrine_migration_versions": "Doctrine",
    "flyway_schema_history": "Flyway",
    "goose_db_version": "goose",
    "gorp_migrations": "sql-migrate",
    "knex_migrations": "Knex",
    "knex_migrations_lock": "Knex",
    "kysely_migration": "Kysely",
    "kysely_migration_lock": "Kysely",
    "mikro_orm_migrations": "MikroORM",
    "pgmigrations": "node-pg-migrate",
    "phinxlog": "Phinx",
    "schema_migrations": "golang-migrate, dbmate or Rails",
    "schema_version": "tern or Flyway",
    "schemaversion": "Postgrator",
    "sequelizemeta": "Sequelize",
}
_SCHEMAS = {"graphile_migrate": "graphile-migrate", "pgroll": "pgroll", "sqitch": "Sqitch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Tables that no migration of ours made, and the tools whose history is there."""

    tables: tuple[str, ...] = ()  # qualified, quoted as in SQL; without those of other tools' histories
    tools: tuple[str, ...] = ()
    histories: tuple[str, ...] = ()  # the names of the tools' tables


def find_neighbours(history: History) -> Neighbours:
    """Return what is in the schema that the session works in, or in the whole database where nobody chose a schema."""
    text: Any = _QUERY.read_text("utf-8")
    parameters = {"ours": list(history.names.tables), "is_chosen": history.path_is_chosen()}
    rows = history.connection.execute(text, parameters).fetchall()
    tools = {identity: tool_of(schema, name) for schema, name, identity in rows}
    return Neighbours(
        tables=tuple(identity for identity, tool in tools.items() if tool is None),
        histories=tuple(name for schema, name, _ in rows if tool_of(schema, name) is not None),
        tools=tuple(sorted({tool for tool in tools.values() if tool is not None})),
    )


def tool_of(schema: str, table: str) -> str | None:
    """Return the migration tool that keeps its history in this table, if it is a known one."""
    return _SCHEMAS.get(schema) or _TOOLS.get(table.lower())
