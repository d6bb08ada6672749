"""`runner status --history`: what was done to a database, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from runner.engine.history.trail import read_trail
from runner.events import Emit
from runner.redaction import redacted
from runner.report.per_database import PerDatabase
from runner.report.terminal import Style
from runner.session.each import in_each
from runner.session.session import Session
from runner.settings import Settings
from runner.wording import duration

if TYPE_CHECKING:
    from runner.engine.history.trail import Entry


Trail = tuple["Entry", ...]  # what was done with one database's migrations, the newest first


def trails(settings: Settings, *, limit: int, with_sql: bool, emit: Emit) -> list[PerDatabase[Trail]]:
    """Read each database's audit trail."""

    def look(session: Session) -> Trail:
        return tuple(read_trail(session.history, limit=limit, with_sql=with_sql))

    return in_each(settings, emit, look)


_VERBS = {
    "apply": ("applied", "green"),
    "rollback": ("rolled back", "yellow"),
    "baseline": ("baseline", "cyan"),
    "mark": ("marked", "cyan"),
    "unmark": ("unmarked", "cyan"),
    "accept": ("accepted", "cyan"),
    "forget": ("forgot", "cyan"),
    "rename": ("renamed", "cyan"),
    "hook": ("ran", "green"),
    "repair": ("repaired", "cyan"),
    "fail": ("failed", "red"),
}


def text(entries: Trail, style: Style) -> Iterator[str]:
    """Yield one line an entry, with the SQL below it where it was asked for."""
    id_width = max((len(entry.id) for entry in entries), default=0)
    who_width = max((len(_who(entry)) for entry in entries), default=0)
    for entry in entries:
        verb, colour = _VERBS.get(entry.operation, (entry.operation, "bold"))
        when = f"{entry.recorded_at.astimezone():%Y-%m-%d %H:%M:%S}"
        said = f"  {when}  {style(verb.ljust(11), colour)}  {entry.id.ljust(id_width)}"
        yield f"{said}  {_who(entry).ljust(who_width)}  {style(_rest(entry), 'dim')}".rstrip()
        if entry.sql is not None:
            yield from (f"      {line}".rstrip() for line in redacted(entry.sql).rstrip().splitlines())
    if not entries:
        yield "  nothing was done yet"


def as_json(entries: Trail) -> dict[str, Any]:
    """Return every entry, with the whole SQL."""
    return {"entries": [_entry(entry) for entry in entries]}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "operation": entry.operation,
        "recorded_at": entry.recorded_at.isoformat(timespec="milliseconds"),
        "tool": entry.tool,
        "kind": entry.kind,
        "actor": entry.actor,
        "db_user": entry.db_user,
        "host": entry.host,
        "git_commit": entry.git_commit,
        "image": entry.image,
        "runner_version": entry.version,
        "duration_ms": entry.duration_ms,
        "rows": entry.rows_affected,
        "reason": entry.reason,
        "checksum": entry.checksum,
        "sql": None if entry.sql is None else redacted(entry.sql),
    }


def _who(entry: Entry) -> str:
    return entry.actor or entry.db_user or "?"


def _rest(entry: Entry) -> str:
    parts = (
        None if entry.duration_ms is None else duration(entry.duration_ms / 1000),
        entry.host and f"on {entry.host}",
        entry.db_user and f"as {entry.db_user}",
        entry.git_commit and f"commit {entry.git_commit[:12]}",
        entry.image and f"image {entry.image}",
        "by yoyo" if entry.tool == "yoyo" else None,
        entry.reason,
    )
    return ", ".join(part for part in parts if part)
