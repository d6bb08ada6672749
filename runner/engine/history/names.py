"""The tables of yoyo and of ours, always with their schema."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

YOYO_MIGRATION = "_yoyo_migration"
YOYO_LOG = "_yoyo_log"
YOYO_VERSION = "_yoyo_version"
YOYO_LOCK = "yoyo_lock"
RUNNER_MIGRATION = "_runner_migration"
RUNNER_JOURNAL = "_runner_journal"

IMAGE_MARK = ", image "  # stands between our version and the image that holds us

LOCK_KEY = 0x72756E6E6572  # "runner" in ASCII; advisory locks count per database
HELPER_KEY = LOCK_KEY + 1  # shared by the further sessions of a run
WANTED_KEY = LOCK_KEY + 2  # shared by those who wait for the migration lock: maintenance gives way to them
MAINTENANCE_KEY = LOCK_KEY + 3
BACKUP_KEY = LOCK_KEY + 4


@dataclass(frozen=True, slots=True)
class Names:
    """The schema of history: found once and always written, as a migration may change search_path or add schemas."""

    schema: str
    migration_table: str = YOYO_MIGRATION

    def table(self, name: str) -> sql.Identifier:
        """Return a table's qualified name."""
        return sql.Identifier(self.schema, name)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of all tables that history uses."""
        return (self.migration_table, YOYO_LOG, YOYO_VERSION, YOYO_LOCK, RUNNER_MIGRATION, RUNNER_JOURNAL)

    def identifiers(self) -> dict[str, sql.Identifier]:
        """Return what the SQL templates of this room call the tables."""
        return {
            "migration": self.table(self.migration_table),
            "log": self.table(YOYO_LOG),
            "versions": self.table(YOYO_VERSION),
            "lock": self.table(YOYO_LOCK),
            "runner": self.table(RUNNER_MIGRATION),
            "journal": self.table(RUNNER_JOURNAL),
        }
