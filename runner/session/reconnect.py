"""Go on after the connection was lost: history knows what had committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg

from runner.errors import ConnectionLostError, StoppedError
from runner.events import WARNING, Emit, Notice
from runner.session.session import Session

LOSSES_WITHOUT_PROGRESS = 3

_LOST_TOO = (
    "The connection was lost at the same time, so what became of the file under way is not known here; runner status"
    " tells it. The database is consistent with its history."
)

T = TypeVar("T")


def through_outages(
    session: Session,
    run: Callable[[], T],
    *,
    progress: Callable[[], int],
    reconnect_wait_s: float,
    emit: Emit,
) -> T:
    """Call `run` until it returns, with a new connection whenever the old one was lost.

    `run` takes the migration lock again, which the server grants only once the old session is gone and its outcome
    is decided, and reads history before it does anything. A migration that takes the server down each time
    must not do so for ever: after three losses in a row between which `progress` did not grow, the error is raised.

    Raises: what `run` raises; UnreachableError when the server stays away for `reconnect_wait_s` seconds.
    """
    losses, reached = 0, progress()
    while True:
        try:
            return run()
        except (psycopg.OperationalError, ConnectionLostError) as lost:
            if (stop := _signal_behind(lost)) is not None:
                raise StoppedError.by(stop, detail=_LOST_TOO) from lost
            refused = isinstance(lost, psycopg.OperationalError) and lost.sqlstate is not None
            if refused and not session.connection.closed:  # the server is still there
                raise
            losses = losses + 1 if progress() == reached else 1
            reached = progress()
            if losses >= LOSSES_WITHOUT_PROGRESS or reconnect_wait_s <= 0:
                raise
            said = (
                f"{session.title}: the connection was lost; connecting again for up to {reconnect_wait_s:g} s"
            )
            emit(
                Notice(
                    name="connection.lost", message=said, level=WARNING, database=session.title, indent="  "
                )
            )
            if not _answers(session.connection):  # else it was one of several, for statements in parallel
                session.connection.close()  # it would keep the migration lock if it were alive after all
                session.reconnect(wait_s=reconnect_wait_s, lost=lost)


def _answers(conn: psycopg.Connection[Any]) -> bool:
    """Return whether a session is alive: a lost connection is noticed only when it is used."""
    if conn.closed:
        return False
    try:
        conn.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    except psycopg.Error:  # as in a transaction that has failed
        return True
    return True


def _signal_behind(error: BaseException | None) -> KeyboardInterrupt | None:
    """Return the signal after which we were tidying up when the connection turned out to be lost."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error
