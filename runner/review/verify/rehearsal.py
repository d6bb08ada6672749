"""The measurements of statements, migrations and databases, as values for every report."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from runner.files.sqltext.lock_modes import LockMode
from runner.schema.catalog.objects import Catalog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from runner.errors import Location, RunnerError
    from runner.files.migrations.migration import Kind
    from runner.review.lint import Finding
    from runner.review.verify.statement_breaks import Break
    from runner.schema.catalog.objects import Difference


@dataclass(frozen=True, slots=True, order=True)
class TableLock:
    """A lock on a relation that existed before the migration."""

    relation: str  # schema-qualified, quoted as in SQL
    mode: LockMode
    kind: str = "table"  # of the relation: table, index, view, sequence, …

    def __str__(self) -> str:
        return f"{self.mode} on {self.relation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """A new name for a relation, or for one of its columns."""

    old: str  # schema-qualified, quoted as in SQL; of a column with its relation
    new: str  # of a relation as the old one, of a column alone
    is_column: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementTrace:
    """One statement as it was rehearsed. Relations are named as in SQL, schema-qualified."""

    number: int  # in its file, from 1
    text: str  # without the semicolon
    where: Location
    locks: tuple[
        TableLock, ...
    ] = ()  # taken by this statement, on relations that existed before the migration
    held: tuple[TableLock, ...] = ()  # kept from earlier statements of the transaction while this one runs
    rewritten: tuple[str, ...] = ()  # tables and materialized views whose rows were rewritten
    emptied: tuple[str, ...] = ()  # by TRUNCATE
    scanned: tuple[str, ...] = ()  # tables that were scanned
    built: tuple[str, ...] = ()  # indexes built or rebuilt, on tables that existed before the migration
    dropped: tuple[str, ...] = ()  # with the rows in it: "table public.notes", "column public.orders.note"
    renamed: tuple[Rename, ...] = ()
    wal_bytes: int = 0
    elapsed_ms: float = 0.0
    rows: int | None = None  # affected
    is_alone: bool = True  # measured in a transaction of its own, so that no earlier lock hides one of this
    watched: bool = False  # it commits by itself (CONCURRENTLY and the like): seen from a second session

    @property
    def strongest(self) -> TableLock | None:
        """The strongest lock that it takes."""
        return max(self.locks, key=lambda lock: lock.mode, default=None)


class Verdict(Enum):
    """The result of applying, rolling back and re-applying a migration."""

    PROVEN = "proven"  # down gives the schema and the rows before, up again the schema after
    ROWS_DIFFER = "rows differ"  # the schema is the same each time; rows are not as before, or the next number of a sequence is taken
    IRREVERSIBLE = "irreversible"  # the file says why there is no way back
    NO_ROLLBACK = "no rollback"
    DIFFERS = "differs"  # the rollback, or the second apply, gives another schema
    FAILED = "failed"  # a file was refused by the server
    NOT_TRIED = "not tried"  # a file before it failed


class Way(Enum):
    """A part of a round trip."""

    APPLY = "apply"
    ROLLBACK = "rollback"
    APPLY_AGAIN = "apply again"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """How the rows of a relation differ after a rollback from those before its migration."""

    relation: str  # of a sequence: the column that takes its numbers from it
    what: str  # "holds 2 rows more than before"
    columns: tuple[str, ...] = ()  # whose values are others, where the number of rows is the same
    is_view: bool = False  # a materialized one
    is_more: bool = False  # rows were left behind
    remedy: str | None = None  # SQL that sets a sequence behind the numbers that are taken
    is_explained: bool = False  # by what the migration itself drops, which is a finding of its own

    def __str__(self) -> str:
        columns = f" in {', '.join(self.columns)}" if self.columns else ""
        return f"{self.relation} {self.what}{columns}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """One migration, applied, rolled back and applied again."""

    verdict: Verdict
    reason: str | None = None  # why it is irreversible
    after_rollback: tuple[Difference, ...] = ()  # expected: the schema before it
    rollback_diff: str = ""  # the same as unified diff in SQL
    after_again: tuple[Difference, ...] = ()  # expected: the schema after the first time
    again_diff: str = ""
    column_order: tuple[str, ...] = ()  # tables that have the same columns in another order afterwards
    loses: tuple[
        str, ...
    ] = ()  # what the rollback throws away: "table public.notes", "column public.orders.note"
    changed_rows: tuple[RowChange, ...] = ()  # after the rollback, compared with before the migration
    notes: tuple[str, ...] = ()  # on differences that need no correction, or cannot have any
    failed_on: Way | None = None
    error: RunnerError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One migration as it was rehearsed."""

    id: str
    kind: Kind
    path: str  # as people see it
    sql: str | None  # of the file; None: it is too large to show
    transactional: bool
    statements: tuple[StatementTrace, ...]
    round_trip: RoundTrip
    changes: tuple[Difference, ...] = ()  # of the schema, by applying it
    diff: str = ""  # the same as unified diff in SQL
    rollback_path: str | None = None
    rollback_sql: str | None = None
    elapsed_s: float = 0.0
    breaks: tuple[Break, ...] = ()  # what it does to the application's statements

    @property
    def ok(self) -> bool:
        """Whether nothing speaks against it: an irreversible one is reported, not failed."""
        return self.round_trip.verdict in {Verdict.PROVEN, Verdict.ROWS_DIFFER, Verdict.IRREVERSIBLE}

    @property
    def rows_differ(self) -> bool:
        """Whether its rollback restores the schema, and not the rows."""
        return self.round_trip.verdict is Verdict.ROWS_DIFFER


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """How large and how busy a table of the real target is."""

    relation: str
    rows: int  # the planner's estimate
    size_bytes: int  # with its indexes and TOAST
    writes_per_s: float | None  # None: statistics were reset too recently to tell


@dataclass(frozen=True, slots=True, kw_only=True)
class LongTransaction:
    """A transaction that has been open for long: our lock would wait for it."""

    pid: int
    user: str | None
    application: str | None
    age_s: float
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The real target as it was when it was looked at; read only."""

    place: str
    weights: Sequence[Weight] = ()
    long_transactions: Sequence[LongTransaction] = ()
    replicas: Sequence[str] = ()  # name and lag, for people

    def weight(self, relation: str) -> Weight | None:
        """Return the weight of a table, if it is there."""
        return next((weight for weight in self.weights if weight.relation == relation), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementsPlanned:
    """The application's statements that were planned before and after each file."""

    source: str  # where they come from, as people see it
    count: int
    not_planned: tuple[tuple[str, str], ...] = ()  # name, and why
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One database: what was rehearsed in its scratch copy."""

    database: str
    place: str | None = None  # of the target, where it was asked: for what is pending, or to weigh
    server_version: int  # as server_version_num
    replayed: int  # migrations applied before the first that was rehearsed
    rehearsals: tuple[Rehearsal, ...]
    seed: str | None = None  # the file whose rows were there
    seed_rows: int = 0
    seed_refused: tuple[
        str, ...
    ] = ()  # statements of it that no schema took before the last rehearsal: "line 3: …"
    before: Catalog = field(default_factory=Catalog)  # the schema before the first
    after: Catalog = field(default_factory=Catalog)  # after the last that was applied
    findings: tuple[Finding, ...] = ()  # what speaks against the migrations, measured and read from the files
    surroundings: Surroundings | None = None
    statements: StatementsPlanned | None = None
    commit: str | None = None  # of the files
    begun_at: datetime | None = None
    elapsed_s: float = 0.0

    def findings_of(self, rehearsal: Rehearsal) -> list[Finding]:
        """Return the findings for one of them."""
        paths = {rehearsal.path, rehearsal.rollback_path}
        return [finding for finding in self.findings if str(finding.where.path) in paths]

    @property
    def ok(self) -> bool:
        """Whether every rehearsed migration is proven or declared irreversible."""
        return all(rehearsal.ok for rehearsal in self.rehearsals)
