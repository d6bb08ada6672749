"""Connect again after a refusal, to get the SQLSTATE that libpq leaves out of its message.

The server's text is in the server's language (`lc_messages`), which a client cannot choose before it is connected.
libpq writes the SQLSTATE only if its verbosity is raised before the answer arrives, and psycopg has no call for that.
"""

from __future__ import annotations

import ctypes
import re
import select
import sys
import time
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo
from psycopg.pq.misc import find_libpq_full_path

CONNECTED = "00000"  # successful completion
_PQERRORS_VERBOSE = 2
_CODE = re.compile(r"^.*?:  ([0-9A-Z]{5}):? ?", re.MULTILINE)


def ask(keywords: Mapping[str, str], *, timeout_s: float) -> str | None:
    """Connect once more and return the SQLSTATE of the refusal, `CONNECTED` if there was none, None if unknown."""
    try:
        return _connect(make_conninfo("", **keywords).encode(), time.monotonic() + timeout_s)
    except (
        psycopg.Error,
        AttributeError,
        OSError,
    ):  # it could not even begin, or libpq's functions are hidden
        return None


def _connect(conninfo: bytes, deadline: float) -> str | None:
    connection = pq.PGconn.connect_start(conninfo)
    try:
        _raise_verbosity(connection)
        status: int = pq.PollingStatus.WRITING
        while status not in {pq.PollingStatus.OK, pq.PollingStatus.FAILED}:
            wants = [connection.socket]
            reads = status == pq.PollingStatus.READING
            left = max(0.0, deadline - time.monotonic())
            if not any(select.select(wants if reads else [], [] if reads else wants, [], left)):
                return None
            status = connection.connect_poll()
        if status == pq.PollingStatus.OK:
            return CONNECTED
        codes = _CODE.findall(connection.get_error_message())
        return codes[-1] if codes else None  # that of the last host
    finally:
        connection.finish()


def _raise_verbosity(connection: Any) -> None:
    """Call PQsetErrorVerbosity in psycopg's libpq: loaded by name, or linked into psycopg's module."""
    by_name = pq.__impl__ == "python"
    path = find_libpq_full_path() if by_name else sys.modules[type(connection).__module__].__file__
    function = ctypes.CDLL(str(path)).PQsetErrorVerbosity
    function.argtypes, function.restype = [ctypes.c_void_p, ctypes.c_int], ctypes.c_int
    function(connection.pgconn_ptr, _PQERRORS_VERBOSE)
