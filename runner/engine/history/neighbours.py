"""What else is in a database that has no history of ours: tables, and the histories of other tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql

from runner.engine.history.location import read_path
from runner.engine.history.names import RUNNER_JOURNAL, RUNNER_MIGRATION, YOYO_LOG

if TYPE_CHECKING:
    from runner.engine.history.store import History

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
# Of each table the column that names an entry, and the one that orders them.
_NEWEST = {
    "__diesel_schema_migrations": ("version", "version"),
    "__efmigrationshistory": ("MigrationId", "MigrationId"),
    "_prisma_migrations": ("migration_name", "started_at"),
    "_sqlx_migrations": ("version", "version"),
    "alembic_version": ("version_num", "version_num"),
    "atlas_schema_revisions": ("version", "version"),
    "changes": ("change", "committed_at"),  # Sqitch
    "databasechangelog": ("id", "orderexecuted"),
    "django_migrations": ("name", "id"),
    "doctrine_migration_versions": ("version", "executed_at"),
    "flyway_schema_history": ("version", "installed_rank"),
    "goose_db_version": ("version_id", "id"),
    "gorp_migrations": ("id", "applied_at"),
    "knex_migrations": ("name", "id"),
    "kysely_migration": ("name", "timestamp"),
    "mikro_orm_migrations": ("name", "id"),
    "pgmigrations": ("name", "id"),
    "phinxlog": ("version", "version"),
    "schema_migrations": ("version", "version"),
    "schema_version": ("version", "version"),
    "schemaversion": ("version", "version"),
    "sequelizemeta": ("name", "name"),
}
# For some, the column that shows whether the newest entry failed or was interrupted.
_UNFINISHED: Mapping[str, tuple[str, sql.SQL]] = {
    "_prisma_migrations": ("finished_at", sql.SQL("{} IS NULL")),
    "_sqlx_migrations": ("success", sql.SQL("{}::text = 'false'")),
    "flyway_schema_history": ("success", sql.SQL("{}::text = 'false'")),
    "schema_migrations": ("dirty", sql.SQL("{}::text = 'true'")),  # golang-migrate
}
_READABLE = (
    "SELECT count(*) FROM pg_catalog.pg_attribute AS a WHERE a.attname = ANY (%s) AND NOT a.attisdropped"
    " AND a.attrelid = %s::pg_catalog.regclass AND pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')"
)
_NO = sql.SQL("false")
_SHARED, _OF_RAILS = "schema_migrations", "ar_internal_metadata"  # of several tools; beside it, it is Rails
_SCHEMAS = {"graphile_migrate": "graphile-migrate", "pgroll": "pgroll", "sqitch": "Sqitch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Tables that no migration of ours made, and the tools whose history is there."""

    tables: tuple[str, ...] = ()  # qualified, quoted as in SQL; without those of other tools' histories
    tools: tuple[str, ...] = ()
    newest: tuple[tuple[str, str], ...] = ()  # a tool and its newest entry, where that can be read


def find_neighbours(history: History) -> Neighbours:
    """Return what is in the schema that the session works in, or in the whole database where nobody chose a schema."""
    text: Any = _QUERY.read_text("utf-8")
    parameters = {
        "ours": list(history.names.tables),
        "is_chosen": read_path(history.connection, None).is_chosen,
    }
    rows = history.connection.execute(text, parameters).fetchall()
    rails = {schema for schema, name, _ in rows if name == _OF_RAILS}
    tools = {
        identity: "Rails" if name == _SHARED and schema in rails else tool_of(schema, name)
        for schema, name, identity in rows
    }
    return Neighbours(
        tables=tuple(identity for identity, tool in tools.items() if tool is None),
        tools=tuple(sorted({tool for tool in tools.values() if tool is not None})),
        newest=tuple(_newest(history, rows, tools)),
    )


def _newest(
    history: History, rows: Sequence[tuple[str, str, str]], tools: Mapping[str, str | None]
) -> Iterator[tuple[str, str]]:
    """Yield each tool's newest entry: of a table that has the tool's columns and that the role may read."""
    for schema, name, identity in rows:
        tool, columns = tools[identity], _NEWEST.get(name.lower())
        if tool is None or columns is None:
            continue
        table = sql.Identifier(schema, name)
        if not _is_readable(history, table, columns):
            continue
        mark, condition = _UNFINISHED.get(name.lower(), ("", _NO))
        unfinished = condition.format(sql.Identifier(mark)) if _is_readable(history, table, [mark]) else _NO
        entry, order = map(sql.Identifier, columns)
        statement = sql.SQL(
            "SELECT {}::text, {} FROM {} WHERE {} IS NOT NULL ORDER BY {} DESC NULLS LAST LIMIT 1"
        )
        row = history.connection.execute(statement.format(entry, unfinished, table, entry, order)).fetchone()
        if row is not None:
            yield tool, f"{row[0]}, unfinished" if row[1] else row[0]


def _is_readable(history: History, table: sql.Identifier, columns: Sequence[str]) -> bool:
    found = history.connection.execute(_READABLE, (list(columns), table.as_string(None))).fetchone()
    return found is not None and found[0] == len(set(columns))


def has_entries(history: History) -> bool:
    """Return whether anything was ever recorded: also what was rolled back, or failed."""
    names = (history.names.migration_table, YOYO_LOG, RUNNER_MIGRATION, RUNNER_JOURNAL)
    tables = [history.names.table(name) for name in names if history.holds(name)]
    if not tables:
        return False
    found = sql.SQL(" OR ").join(sql.SQL("EXISTS (SELECT FROM {})").format(table) for table in tables)
    row = history.connection.execute(sql.SQL("SELECT {}").format(found)).fetchone()
    return row is not None and bool(row[0])


def tool_of(schema: str, table: str) -> str | None:
    """Return the migration tool that keeps its history in this table, if it is a known one."""
    return _SCHEMAS.get(schema) or _TOOLS.get(table.lower())
