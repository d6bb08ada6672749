"""A session that changes history itself, and no schema: under the migration lock, in one transaction a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from psycopg import sql

from runner.engine.history.encoding import storable
from runner.engine.history.message import Record, recording
from runner.engine.history.names import YOYO_LOCK
from runner.session.session import Session

if TYPE_CHECKING:
    from runner.engine.history.actor import Actor


@contextmanager
def recording_session(
    session: Session, actor: Actor, lock_wait_s: float, *, first: Callable[[], None] = lambda: None
) -> Iterator[Callable[[Record], None]]:
    """Write to history under the migration lock, in one transaction that keeps yoyo out.

    `first` is called under the lock, before the transaction: what it runs cannot be part of one.
    """
    history = session.history
    history.require_writable()
    with session.locked(actor, wait_s=lock_wait_s):
        first()
        with session.connection.transaction():
            yield _recorder(session, actor)


def _recorder(session: Session, actor: Actor) -> Callable[[Record], None]:
    history = session.history
    session.connection.execute(
        sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(history.names.table(YOYO_LOCK))
    )

    def record(entry: Record) -> None:
        conn = session.connection
        kept = entry if entry.reason is None else replace(entry, reason=storable(conn, entry.reason))
        conn.execute(recording(history.names, kept, actor))

    return record
