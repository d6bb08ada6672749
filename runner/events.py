"""What is reported while a command runs, besides its result: one value per event, whatever its form.

They are named tuples, for every start pays for making the classes: a frozen dataclass takes four times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

INFO, WARNING, ERROR = "info", "warning", "error"


class Notice(NamedTuple):
    """Something that happened. Names and facts are a contract, listed in docs/observability.md; the message is for people."""

    name: str  # migration.retrying
    message: str
    level: str = INFO
    database: str | None = None
    migration: str | None = None
    elapsed_s: float | None = None
    facts: Mapping[str, Any] = MappingProxyType({})
    indent: str = ""  # of its line, as text

    def __str__(self) -> str:
        return self.message


class DatabaseOpened(NamedTuple):
    """A database has its turn."""

    database: str
    place: str


class StepDone(NamedTuple):
    """One step that is committed."""

    id: str
    action: str  # apply, reapply, hook or rollback
    path: str
    checksum: str
    transactional: bool
    elapsed_s: float
    rows: int | None = None  # that it changed in batches or loaded


class StepPlanned(NamedTuple):
    """One step that a dry run would run."""

    id: str
    action: str
    how: str = ""  # of a file that is not one transaction


class Compared(NamedTuple):
    """How a schema compares with its snapshot, in numbers and names."""

    against: str  # what it was compared with, for people
    skipped: str | None = None  # why nothing was compared
    pending: int = 0
    matches: bool = False
    differences: int = 0
    unseen: tuple[str, ...] = ()  # objects of kinds that a snapshot does not describe
    beside: tuple[str, ...] = ()  # extensions that the snapshot does not know
    set_aside: tuple[str, ...] = ()  # differences that do not count


class RunFinished(NamedTuple):
    """A run over one database is done; `planned` is what a dry run would have run."""

    database: str
    done: tuple[StepDone, ...]
    planned: tuple[StepPlanned, ...] | None
    steps_left: int  # of the plan
    left: int  # beyond the plan: --to or --steps left them pending
    newest: str | None
    compared: Compared | None
    elapsed_s: float


class BackupTaken(NamedTuple):
    """One database's new backup, and what it superseded."""

    database: str
    place: str
    label: str  # the archive's path or URL
    taken_at: datetime
    schema_only: bool
    size_bytes: int
    sha256: str
    migrations: int
    newest: str | None
    elapsed_s: float
    removed: tuple[str, ...] = ()


class TaskDone(NamedTuple):
    """One task of maintenance, and what became of it."""

    database: str
    kind: str
    subject: str
    state: str  # done, planned, skipped, locked or failed
    reason: str
    sql: str
    size_bytes: int | None = None
    message: str | None = None
    elapsed_s: float = 0.0


class MaintenanceFinished(NamedTuple):
    """The maintenance of one database is done; `effective` tasks are done, or a dry run would do them."""

    database: str
    tasks: int
    effective: int
    dry_run: bool
    elapsed_s: float


class Rehearsed(NamedTuple):
    """One migration was rehearsed."""

    migration: str
    verdict: str
    elapsed_s: float


class RehearsalsOver(NamedTuple):
    """No further migration is rehearsed."""


class Holder(NamedTuple):
    """A session that we wait for, or that such a session waits for; None is what the server does not show us."""

    pid: int | None  # None: a prepared transaction, which has no session
    user: str | None = None
    application: str | None = None
    background: str | None = None  # "autovacuum worker" and the like; None for a client
    state: str | None = None  # active, idle in transaction, …
    transaction_age_s: float | None = None
    statement: str | None = None  # its beginning, without literals
    prepared: str | None = None  # the name that PREPARE TRANSACTION gave
    direct: bool = True  # it keeps us waiting itself, not only by way of another
    waits_for: tuple[int, ...] = ()  # sessions that it waits for itself

    @property
    def visible(self) -> bool:
        """Whether the server shows us what the session does."""
        return self.prepared is not None or self.statement is not None


class Progress(NamedTuple):
    """A row of a pg_stat_progress_* view; the per cent are those of the phase, for the server knows no more."""

    command: str
    relation: str | None  # None when the table was made by the transaction that is watched
    phase: str
    done: int | None = None
    total: int | None = None
    unit: str = "blocks"

    @property
    def percent(self) -> float | None:
        """How much of the phase is done."""
        if not self.total or self.done is None:
            return None
        return min(100.0 * self.done / self.total, 100.0)


class Waiting(NamedTuple):
    """Our statement waits for a lock."""

    what: str
    waited_s: float
    kind: str  # relation, transactionid, virtualxid, …: pg_locks.locktype
    mode: str  # as SQL writes it: ACCESS EXCLUSIVE
    wanted: str | None  # the object's name; None when it has none, or none that we can see
    holders: tuple[Holder, ...] = ()  # those that wait for nobody come first
    queued_behind: int = 0  # sessions that wait for us, one behind another
    progress: Progress | None = None


class Running(NamedTuple):
    """Our statement runs; `progress` is there for the commands that the server reports on."""

    what: str
    elapsed_s: float
    progress: Progress | None = None


class Unseen(NamedTuple):
    """Our statement is not done, and a second connection cannot be had."""

    what: str
    elapsed_s: float
    reason: str


class Over(NamedTuple):
    """A statement that was reported has finished, or failed."""

    what: str


Sighting = Waiting | Running | Unseen | Over  # what a second connection sees of a statement; from its thread
Counted = DatabaseOpened | StepDone | BackupTaken | TaskDone  # what a command that fails had done already
Event = Notice | Counted | RunFinished | MaintenanceFinished | Rehearsed | RehearsalsOver | Sighting
Emit = Callable[[Event], None]


def warning(message: str) -> Notice:
    """Return a warning that belongs to the files, not to what happens; it is shown once."""
    return Notice(name="warning", message=message, level=WARNING)


def silent(_event: Event) -> None:
    """Tell nobody."""
