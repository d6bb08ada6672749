"""Watch what a step sends, and distinguish a statement that gave way from one that failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from runner.errors import GaveWayError, MigrationFailedError, TableLockedError
from runner.events import Waiting
from runner.server.watch import Watch
from runner.server.watch.phrases import blocker, wanted
from runner.wording import counted

_CANCELLED = "57014"


@contextmanager
def watched(
    watch: Watch, what: str, *, pid: int, max_blocked: int = 0, lock_timeout_s: float | None = None
) -> Iterator[None]:
    """Watch what is sent to the server process `pid` meanwhile; 0 for `max_blocked` never gives way.

    Raises: GaveWayError when it was canceled because that many sessions waited behind it.
    """
    with watch.over(what, pid=pid, max_blocked=max_blocked or None, lock_timeout_s=lock_timeout_s) as message:
        try:
            yield
        except TableLockedError as error:
            if message.waited_for is not None:
                error.notes.append(_waited(message.waited_for))
            raise
        except MigrationFailedError as error:
            if message.gave_way is None or error.sqlstate != _CANCELLED:
                raise
            raise GaveWayError(
                f"gave way: {counted(message.gave_way, 'session was', 'sessions were')} waiting behind it",
                where=error.where,
                detail=error.detail,
                left=error.left,
                refused=error.refused,
                hint="Run the same command again when the table is less busy, or allow more waiting sessions with --max-blocked.",
                sqlstate=error.sqlstate,
            ) from error


def _waited(seen: Waiting) -> str:
    """Return what was waited for, and who held it when it was last looked at."""
    by = "; ".join(blocker(holder) for holder in seen.holders)
    return f"It waited {wanted(seen)}{by and ', '}{by}."
