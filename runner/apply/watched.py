"""Watch what a step sends, and tell a try that was given up for others from one that failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from runner.errors import GaveWayError, MigrationFailedError
from runner.watch import Watch
from runner.wording import counted

_CANCELLED = "57014"


@contextmanager
def watched(watch: Watch, what: str, *, pid: int, max_blocked: int = 0) -> Iterator[None]:
    """Watch what is sent to the server process `pid` meanwhile; 0 for `max_blocked` never gives way.

    Raises: GaveWayError when it was cancelled because so many sessions waited behind it.
    """
    with watch.over(what, pid=pid, max_blocked=max_blocked or None) as message:
        try:
            yield
        except MigrationFailedError as error:
            if message.gave_way is None or error.sqlstate != _CANCELLED:
                raise
            raise GaveWayError(
                f"gave way: {counted(message.gave_way, 'session was', 'sessions were')} waiting behind it",
                where=error.where,
                detail=error.detail,
                hint="Run the same command again when the table is less busy, or let more sessions wait with --max-blocked.",
                sqlstate=error.sqlstate,
            ) from error
