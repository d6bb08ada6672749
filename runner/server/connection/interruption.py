"""A connection that stays usable after a signal."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import waiting
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.rows import TupleRow

if TYPE_CHECKING:
    from psycopg.abc import PQGen

_LOOK_S = 0.1  # how often psycopg looks for signals while it waits
_CANCEL_S = 1.0
_ANSWER_S = 1.0  # together less than the three seconds in which a stopped run must end

T = TypeVar("T")


class SessionEndedError(psycopg.OperationalError):
    """The server ended the session: an error of severity FATAL or PANIC, whatever its SQLSTATE."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(str(error), info=error.pgresult, encoding="utf-8")
        self.sqlstate = error.sqlstate


def ends_session(error: psycopg.Error) -> bool:
    """Return whether the server ended the session with this error; its severity shows that in any language."""
    return error.diag.severity_nonlocalized in {"FATAL", "PANIC"}


class InterruptibleConnection(psycopg.Connection[TupleRow]):
    """Cancels what a signal interrupts and discards the answer; closes if the server does not answer.

    psycopg does so only if the signal arrives while it waits for the answer. A signal between sending and waiting
    ends its generator: the statement goes on, and the connection is unusable. And it waits ten seconds for a silent
    server.
    """

    def wait(self, gen: PQGen[T], interval: float = _LOOK_S, *more: Any, **keywords: Any) -> T:
        """Run a generator, which also sends, until it has its answer."""
        try:
            return waiting.wait(gen, self.pgconn.socket, interval, *more, **keywords)
        except KeyboardInterrupt:
            self._settle()
            raise
        except psycopg.Error as error:
            if not ends_session(error):
                raise
            self.close()
            raise SessionEndedError(error) from error

    def _settle(self) -> None:
        if self.closed or self.info.transaction_status != TransactionStatus.ACTIVE:
            return
        try:
            self.cancel_safe(timeout=_CANCEL_S)
            answered = self._drain()
        except psycopg.Error:
            answered = False
        if not answered:
            self.close()

    def _drain(self) -> bool:
        pgconn, deadline = self.pgconn, time.monotonic() + _ANSWER_S
        while (left := deadline - time.monotonic()) > 0:
            unsent = pgconn.flush()
            select.select([pgconn.socket], [pgconn.socket] if unsent else [], [], left)
            pgconn.consume_input()
            while not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:
                    return True
                if result.status == ExecStatus.COPY_IN:
                    pgconn.put_copy_end(b"stopped by a signal")
                elif result.status in {ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH}:
                    return False
        return False
