"""History as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any


class Operation(Enum):
    """What was done with a migration, as `_runner_migration` names it."""

    APPLY = "apply"
    ROLLBACK = "rollback"
    BASELINE = "baseline"  # recorded, not run: the database held it already
    ACCEPT = "accept"  # an edited file was accepted as what had been applied
    FORGET = "forget"  # taken out of history without being undone
    RENAME = "rename"
    HOOK = "hook"
    REPAIR = "repair"  # a person decided about a file that was run in part
    FAIL = "fail"  # an attempt that was rolled back, or stopped half way if the file is not transactional


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A migration that is applied now."""

    id: str
    applied_at: datetime  # UTC, by the server's clock; of a repeatable: its first time
    recorded_at: datetime | None = None  # when it was last run
    kind: str | None = None  # None, like all below, when stock yoyo applied it
    checksum: str | None = None
    operation: Operation | None = None
    duration_ms: int | None = None
    rows_affected: int | None = None  # that it changed in batches or loaded
    db_user: str | None = None
    actor: str | None = None
    host: str | None = None
    git_commit: str | None = None
    reversible: bool = False  # the SQL that undoes it is stored
    first_run: int | None = (
        None  # the numbers of the rows that recorded its first and its last run (or baseline),
    )
    last_run: int | None = None  # ascending as rows were appended, whatever the clock said


def applied_of(row: Mapping[str, Any]) -> Applied:
    """Return what a row of `applied.sql`, or of `applied_by_yoyo.sql`, says."""
    operation = row.get("operation")
    return Applied(
        id=row["migration_id"],
        applied_at=row["applied_at"],
        recorded_at=row.get("recorded_at"),
        kind=row.get("kind"),
        checksum=row.get("checksum"),
        operation=None if operation is None else Operation(operation),
        duration_ms=row.get("duration_ms"),
        rows_affected=row.get("rows_affected"),
        db_user=row.get("db_user"),
        actor=row.get("actor"),
        host=row.get("host"),
        git_commit=row.get("git_commit"),
        reversible=bool(row.get("reversible")),
        first_run=row.get("first_run"),
        last_run=row.get("last_run"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The last attempt at a migration, if it failed."""

    id: str
    recorded_at: datetime
    reason: str
    actor: str | None
    checksum: str | None = None  # of the file that was tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """A file that is not one transaction and was begun, but not ended."""

    id: str
    direction: str  # apply or rollback
    checksum: str  # of the file as it was begun
    done: int  # statements that are known to be in effect …
    total: int  # … of so many
    in_doubt: int  # others that were begun, and whose end is not noted
    batch_rows: int = 0  # that its batches have changed so far
    begun_at: datetime
    actor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server and what our role may do there."""

    version_num: int
    in_recovery: bool
    read_only: bool
    database: str
    role: str
    is_superuser: bool
    backend_pid: int
    ends_transactions: bool = False  # transaction_timeout is set, which PostgreSQL 17 brought


@dataclass(frozen=True, slots=True)
class YoyoLock:
    """A row in yoyo's lock table: a running `yoyo` command, or one that died."""

    pid: int  # of the client, on its own machine
    since: datetime | None  # UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """History at one moment."""

    server: Server
    applied: Mapping[str, Applied] = field(default_factory=dict)  # in the order of application
    failed: Mapping[str, Failure] = field(default_factory=dict)
    partial: Mapping[str, Partial] = field(default_factory=dict)
    yoyo_lock: YoyoLock | None = None
    leftovers: bool = False  # a statement that failed left something behind, which the journal knows
    stale: frozenset[tuple[str, str]] = (
        frozenset()
    )  # migration and direction: journaled as begun, since recorded
    runner_lock_row: bool = False  # a runner at a non-transactional file keeps yoyo out, or died there
    hook_due: bool = False  # something was applied after the last run of the post-apply hook

    @property
    def has_remains(self) -> bool:
        """Whether earlier runs left something that the next one clears away."""
        return self.leftovers or bool(self.stale)

    def reapplied_last(self) -> Applied | None:
        """Return the repeatable whose new version was the last thing that was applied, if it was one."""
        ran = [entry for entry in self.applied.values() if entry.last_run is not None]
        newest = max(ran, key=lambda entry: entry.last_run or 0, default=None)
        return newest if newest is not None and newest.last_run != newest.first_run else None

    def newest_first(self) -> list[Applied]:
        """Return what is applied, the newest first."""
        return list(self.applied.values())[::-1]


def is_stale(partial: Partial, applied: Applied | None) -> bool:
    """Return whether another tool, or `repair`, recorded a file as done or undone that was run in part.

    A repeatable is legitimately both: applied, and its changed file partly applied.
    """
    if partial.direction == "rollback":
        return applied is None
    if applied is None:
        return False
    return applied.kind != "repeatable" or applied.checksum == partial.checksum


@dataclass(frozen=True, slots=True)
class LockHolder:
    """The session that holds the migration lock."""

    pid: int  # of the server's backend
    application: str
    user: str
    client: str  # address, or "local"

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.application or 'unnamed'}, user {self.user}, from {self.client})"


@dataclass(frozen=True, slots=True)
class StoredSql:
    """Both directions as they were when the migration was applied; None where it was too large to keep."""

    sql: str | None
    rollback_sql: str | None
    rollback_transactional: bool = True
