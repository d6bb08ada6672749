"""Bring a connection back to order after a signal."""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus

_ANSWER_S = 2.0
_COPIES = {ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH}


def settle(conn: psycopg.Connection[Any]) -> None:
    """Cancel what a signal left under way and throw its answer away, or else close the connection.

    psycopg itself cancels a statement when the signal comes while it waits for the answer; when it comes between
    the sending and the waiting, the statement goes on, and the connection takes no other.
    """
    if conn.closed or conn.info.transaction_status != TransactionStatus.ACTIVE:
        return
    try:
        conn.cancel_safe(timeout=_ANSWER_S)
        answered = _drain(conn)
    except psycopg.Error:
        answered = False
    if not answered:
        conn.close()


def _drain(conn: psycopg.Connection[Any]) -> bool:
    pgconn, deadline = conn.pgconn, time.monotonic() + _ANSWER_S
    while (left := deadline - time.monotonic()) > 0:
        unsent = pgconn.flush()
        select.select([pgconn.socket], [pgconn.socket] if unsent else [], [], left)
        pgconn.consume_input()
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                return True
            if result.status in _COPIES:
                return False
    return False
