"""The audit trail: who did what with which migration, when, from where, with which SQL. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from runner.engine.history.names import IMAGE_MARK, RUNNER_JOURNAL, RUNNER_MIGRATION, YOYO_LOG
from runner.engine.history.store import History

_QUERIES = Path(__file__).with_name("queries")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was done; what stock yoyo does not note is None."""

    recorded_at: datetime  # UTC
    tool: str  # runner or yoyo
    id: str
    operation: str
    kind: str | None = None
    checksum: str | None = None
    sql: str | None = None  # None too when it was not asked for, or was too large to keep
    duration_ms: int | None = None
    rows_affected: int | None = None
    reason: str | None = None
    db_user: str | None = None
    actor: str | None = None
    host: str | None = None
    git_commit: str | None = None
    version: str | None = None  # of runner
    image: str | None = None


def read_trail(history: History, *, limit: int, with_sql: bool) -> list[Entry]:
    """Return what was done, the newest first."""
    if not history.holds(YOYO_LOG):
        return []
    name = "trail" if history.holds(RUNNER_MIGRATION) else "trail_of_yoyo"
    # the column came with the journal
    rows = "rows_affected" if history.holds(RUNNER_JOURNAL) else "NULL::bigint AS rows_affected"
    text: Any = _QUERIES.joinpath(f"{name}.sql").read_text("utf-8")
    query = sql.SQL(text).format(
        with_sql=sql.Literal(with_sql),
        limit=sql.Literal(limit),
        rows_affected=sql.SQL(rows),
        **history.names.identifiers(),
    )
    with history.connection.cursor(row_factory=dict_row) as cursor:
        return [_entry(row) for row in cursor.execute(query).fetchall()]


def _entry(row: dict[str, Any]) -> Entry:
    program = row.pop("program", None) or ""
    version, _, image = program.partition(IMAGE_MARK)
    row.pop("number", None)
    return Entry(
        **{**row, "recorded_at": datetime.fromisoformat(row["recorded_at"])},
        version=version or None,
        image=image or None,
    )
