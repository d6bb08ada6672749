"""Threads that are each in a connection, and what a signal does to them."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import closing, suppress
from time import monotonic
from typing import Any, TypeVar

import psycopg

Connection = psycopg.Connection[Any]
T = TypeVar("T")

_CANCEL_S = 0.5
_CANCEL_EVERY_S = (
    1.0  # long enough to record how the canceled statement ended, which the next cancel would end too
)
_ANSWER_S = 2.0  # less than the three seconds in which a stopped run must end


class ConnectionThreads:
    """Threads that each use a connection, left only when none of them is in it any more.

    To close a connection that another thread is in frees memory that the other one reads. A thread's own `join` and
    `is_alive` do not tell: a signal in `join` makes a running thread look ended (CPython 3.11, `threading.py`).
    """

    def __init__(self) -> None:
        self.errors: list[BaseException] = []  # raised by those that have ended, the first one first
        self._at_work: list[tuple[Connection, Future[Any]]] = []

    def __enter__(self) -> ConnectionThreads:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, conn: Connection, run: Callable[[], T], *, name: str) -> Future[T]:
        """Begin to run something that uses a connection."""
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(run())
            except BaseException as error:  # noqa: BLE001 - raised by who asks for the result
                self.errors.append(error)
                future.set_exception(error)

        self._at_work.append((conn, future))
        threading.Thread(target=work, name=name, daemon=True).start()
        return future

    def wait(self) -> None:
        """Wait until all have ended."""
        wait([future for _, future in self._at_work])

    def stop(self) -> None:
        """Cancel statements until each thread has ended, also at a further signal.

        From a server that does not answer the threads are cut off.
        """
        cut_off_at = monotonic() + _ANSWER_S
        while running := [pair for pair in self._at_work if not (pair[1].cancel() or pair[1].done())]:
            with suppress(KeyboardInterrupt, psycopg.Error, OSError):
                for conn, _ in running:
                    if monotonic() < cut_off_at:
                        conn.cancel_safe(timeout=_CANCEL_S)
                    else:
                        _shut_down(conn)
                wait([future for _, future in running], timeout=_CANCEL_EVERY_S)


def _shut_down(conn: Connection) -> None:
    """End the waiting of a thread for the server, without freeing what the thread uses."""
    with closing(socket.socket(fileno=os.dup(conn.fileno()))) as same:
        same.shutdown(socket.SHUT_RDWR)
