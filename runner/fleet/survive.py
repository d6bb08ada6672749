"""Go on after the connection was lost: history knows what had committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg

from runner.errors import ConnectionLostError
from runner.fleet.session import Session

LOSSES_WITHOUT_PROGRESS = 3

T = TypeVar("T")


def through_outages(
    session: Session,
    run: Callable[[], T],
    *,
    progress: Callable[[], int],
    reconnect_wait_s: float,
    say: Callable[[str], None],
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
            if not session.connection.closed and not isinstance(lost, ConnectionLostError):
                raise
            losses = losses + 1 if progress() == reached else 1
            reached = progress()
            if losses >= LOSSES_WITHOUT_PROGRESS or reconnect_wait_s <= 0:
                raise
            say(
                f"  {session.title}: the connection was lost; connecting again for up to {reconnect_wait_s:g} s"
            )
            if session.connection.closed:  # else it was one of several, for statements in parallel
                session.reconnect(wait_s=reconnect_wait_s, lost=lost)
