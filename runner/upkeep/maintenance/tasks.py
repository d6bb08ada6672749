"""Decide from counts which tasks a database needs. Pure: uses no database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What is done."""

    CLEAN_UP = "clean up"
    VACUUM = "vacuum"
    ANALYZE = "analyze"
    DROP = "drop"
    REINDEX = "reindex"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The thresholds for a task."""

    dead_rows: int = 1_000
    dead_percent: int = 10
    changed_rows: int = 50
    changed_percent: int = 5
    freeze_percent: int = 50  # of autovacuum_freeze_max_age
    bloat_percent: int = 50
    bloat_bytes: int = 10 << 20


DEFAULT = Thresholds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The server's figures for a table."""

    qualified: str
    owner: str
    size_bytes: int
    live: int
    dead: int
    changed: int
    was_analyzed: bool
    is_partitioned: bool
    xid_age: int
    xid_limit: int
    may: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The server's figures for an index."""

    qualified: str
    on_table: str
    owner: str
    size_bytes: int
    is_invalid: bool
    is_leftover: bool  # its name is one that REINDEX CONCURRENTLY gives
    needed_bytes: int | None  # an estimate
    may: bool
    may_drop: bool
    is_busy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work."""

    kind: Kind
    subject: str  # the qualified name, quoted as in SQL
    statement: str
    reason: str
    size_bytes: int | None = None
    obstacle: str | None = None  # why it is skipped


def table_tasks(tables: Iterable[Table], thresholds: Thresholds = DEFAULT) -> Iterator[Task]:
    """Yield a task for each table with many dead rows, old statistics, or rows to freeze."""
    for table in tables:
        reasons = list(_vacuum_reasons(table, thresholds))
        analyze = _analyze_reason(table, thresholds)
        if not reasons and analyze is None:
            continue
        yield Task(
            kind=Kind.VACUUM if reasons else Kind.ANALYZE,
            subject=table.qualified,
            statement=(
                f"ANALYZE {table.qualified}"
                if not reasons
                else f"VACUUM {'' if analyze is None else '(ANALYZE) '}{table.qualified}"
            ),
            reason=", ".join([*reasons, *([] if analyze is None else [analyze])]),
            size_bytes=table.size_bytes,
            obstacle=None if table.may else f"it belongs to {table.owner}",
        )


def _vacuum_reasons(table: Table, thresholds: Thresholds) -> Iterator[str]:
    if table.is_partitioned:
        return
    rows = table.live + table.dead
    if table.dead >= thresholds.dead_rows and 100 * table.dead >= thresholds.dead_percent * rows:
        yield f"{table.dead:,} dead rows of {rows:,}"
    if 100 * table.xid_age >= thresholds.freeze_percent * table.xid_limit:
        yield f"not frozen for {table.xid_age:,} transactions"


def _analyze_reason(table: Table, thresholds: Thresholds) -> str | None:
    if not table.was_analyzed:
        return "never analyzed" if table.live or table.is_partitioned else None
    changed = table.changed
    if changed >= thresholds.changed_rows and 100 * changed >= thresholds.changed_percent * table.live:
        return f"{changed:,} rows changed since it was analyzed"
    return None


def index_tasks(
    indexes: Iterable[Index], thresholds: Thresholds = DEFAULT, *, unfinished: bool = False
) -> Iterator[Task]:
    """Yield a task for each leftover, invalid or bloated index; leftovers first, as they slow down every write.

    `unfinished`: a migration is partly applied. An invalid index may belong to it, and it rebuilds that itself.
    """
    found = sorted(indexes, key=lambda index: not (index.is_invalid and index.is_leftover))
    for index in found:
        if index.is_invalid:
            yield _repair(index, unfinished=unfinished)
        elif index.needed_bytes is not None and index.size_bytes >= thresholds.bloat_bytes:
            wasted = 100 - 100 * index.needed_bytes // index.size_bytes
            if wasted >= thresholds.bloat_percent:
                yield _reindex(index, f"about {wasted} % of it is empty")


def _repair(index: Index, *, unfinished: bool) -> Task:
    obstacle = (
        f"another session is working on {index.on_table}"
        if index.is_busy
        else "an unfinished migration rebuilds its own indexes"
        if unfinished
        else None
    )
    if not index.is_leftover:
        return _reindex(index, "invalid: every write updates it, and no query uses it", obstacle)
    return Task(
        kind=Kind.DROP,
        subject=index.qualified,
        statement=f"DROP INDEX CONCURRENTLY {index.qualified}",
        reason="a leftover of REINDEX CONCURRENTLY",
        size_bytes=index.size_bytes,
        obstacle=obstacle or (None if index.may_drop else f"it belongs to {index.owner}"),
    )


def _reindex(index: Index, reason: str, obstacle: str | None = None) -> Task:
    return Task(
        kind=Kind.REINDEX,
        subject=index.qualified,
        statement=f"REINDEX INDEX CONCURRENTLY {index.qualified}",
        reason=reason,
        size_bytes=index.size_bytes,
        obstacle=obstacle or (None if index.may else f"it belongs to {index.owner}"),
    )
