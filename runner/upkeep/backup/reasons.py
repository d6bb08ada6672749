"""Find out why a program of PostgreSQL failed, whatever the server's language.

pg_dump and pg_restore pass the server's text on without its SQLSTATE, in the server's language. psql can print the
SQLSTATE. For the others the server is asked again: can we connect, and do we have the rights? The programs' and libpq's
own messages are in English, as LC_ALL=C is in their environment.
"""

from __future__ import annotations

import re
from contextlib import closing
from enum import Enum
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from runner.errors import BusyError, CredentialsError, RunnerError, UnreachableError
from runner.server import connection

if TYPE_CHECKING:
    from runner.server.credentials import Target

_SQLSTATE = re.compile(r"^.*?:  ([0-9A-Z]{5}): ", re.MULTILINE)  # psql with VERBOSITY=verbose
_LOST = re.compile(
    r"server closed the connection|connection to server .* failed:|no connection to the server|SSL SYSCALL"
    r"|SSL connection has been closed|connection not open|connection pointer is NULL"
)
_LOCKS = "LOCK TABLE"  # pg_dump prints the failed statement; its only time limit is the one for locks
_BY_SQLSTATE = (
    (re.compile("55P03|57014|40P01"), "locked"),
    (re.compile("08...|57P0."), "lost"),
    (re.compile("42501|28..."), "forbidden"),
)


class Reason(NamedTuple):
    """The kind of an error, and what to do."""

    kind: type[RunnerError]
    advice: str


_UNKNOWN = Reason(RunnerError, "Correct what the program reports, then run the command again.")
_REASONS = {
    "locked": Reason(BusyError, "Run the same command again when that lock is released."),
    "lost": Reason(UnreachableError, "Run the same command again when the server is back."),
    "forbidden": Reason(
        CredentialsError,
        "Use a role that may read everything: the owner of the tables, or a member of pg_read_all_data.",
    ),
}


class Right(Enum):
    """The right that a program needs, by the name of the query that checks it."""

    READ = "may_read"
    CREATE = "may_create"


def reason_of(said: str, target: Target | None, right: Right | None) -> Reason:
    """Return why a program failed with this output; queries the target's server, read only."""
    code = _SQLSTATE.search(said)
    if code is not None:
        name = next((name for pattern, name in _BY_SQLSTATE if pattern.fullmatch(code[1])), None)
        return _UNKNOWN if name is None else _REASONS[name]
    if target is None:
        return _UNKNOWN
    try:
        with closing(connection.connect(target)) as conn:
            if _LOST.search(said):
                return _REASONS["lost"]
            if right is not None and not _has(right, conn):
                return _REASONS["forbidden"]
    except RunnerError as error:
        return Reason(type(error), error.hint or _UNKNOWN.advice)
    except psycopg.Error:  # the server is going away
        return _REASONS["lost"]
    return _REASONS["locked"] if _LOCKS in said else _UNKNOWN


def _has(right: Right, conn: psycopg.Connection[Any]) -> bool:
    text: Any = (resources.files("runner.upkeep.backup") / f"queries/{right.value}.sql").read_text("utf-8")
    row = conn.execute(text).fetchone()
    return row is None or bool(row[0])
