"""`runner status --history`: what was done to a database, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.events import Say
from runner.session.session import open_sessions
from runner.settings import Settings

if TYPE_CHECKING:
    from runner.engine.history.trail import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What was done with one database's migrations, the newest first."""

    database: str
    place: str
    entries: tuple[Entry, ...]


def trails(settings: Settings, *, limit: int, with_sql: bool, say: Say) -> list[Trail]:
    """Read each database's audit trail."""
    from runner.engine.history.trail import read_trail

    with open_sessions(settings, say=say) as sessions:
        return [
            Trail(
                database=session.title,
                place=session.place,
                entries=tuple(read_trail(session.history, limit=limit, with_sql=with_sql)),
            )
            for session in sessions
        ]
