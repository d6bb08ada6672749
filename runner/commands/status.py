"""Look at each database and change nothing."""

from __future__ import annotations

from dataclasses import dataclass

from runner.engine.history.model import LockHolder, YoyoLock
from runner.engine.plan import Comparison, Situation, compare
from runner.events import Say
from runner.session.beside import remark
from runner.session.session import open_sessions
from runner.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where one database stands."""

    database: str
    place: str
    comparison: Comparison
    newest: str | None  # the newest applied migration
    lock_holder: LockHolder | None = None
    yoyo_lock: YoyoLock | None = None
    remark: str | None = None  # that there are tables and no history

    @property
    def is_current(self) -> bool:
        """Whether nothing is pending, edited, outdated or missing."""
        return all(s.situation is Situation.APPLIED for s in self.comparison.standings)


def status(settings: Settings, *, say: Say) -> list[Status]:
    """Compare files and history of each database."""
    with open_sessions(settings, say=say) as sessions:
        return [
            Status(
                database=session.title,
                place=session.place,
                comparison=compare(session.files, session.state),
                newest=next((entry.id for entry in session.state.newest_first()), None),
                lock_holder=session.history.lock_holder(),
                yoyo_lock=session.state.yoyo_lock,
                remark=None if (found := remark(session, settings)) is None else found.said,
            )
            for session in sessions
        ]
