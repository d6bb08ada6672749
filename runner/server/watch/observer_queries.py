"""Ask the server, over a connection of our own, what a session does."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources
from time import monotonic
from typing import Any

import psycopg
from psycopg.rows import dict_row

from runner.errors import RunnerError
from runner.events import Holder, Progress, Running, Waiting

LENGTH = 60

# pg_stat_activity cuts a statement at track_activity_query_size: a quote that is still open then reaches to the end
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*+ | /\*(?:[^*]++|\*(?!/))*(?:\*/)?)
      | (?P<literal>[eE]'(?:[^'\\]++|\\.|'')*(?:'|\\?\Z)
          | (?:[bBxXnN]|[uU]&)?'(?:[^']++|'')*(?:'|\Z)
          | \$(?P<tag>(?:[^\W\d]\w*+)?)\$.*?(?:\$(?P=tag)\$|\Z)
          | (?<![\w$.])(?:\d[\w.]*+|\.\d\w*+))
      | (?P<kept>"(?:[^"]++|"")*(?:"|\Z) | [^\W\d][\w$]*+ | \$\d++ | \s++ | .)
    """,
    re.VERBOSE | re.DOTALL,
)
_LIST = re.compile(r"\?(?:\s*,\s*\?)+")
Connection = psycopg.Connection[Any]


_CONNECT_AGAIN_S = 30.0  # each refused connection is a line in the server's log


class BlindError(Exception):
    """There is no second connection, or it gives no answer; the text says why."""


class Eyes:
    """The second connection: opened at the first question, closed when nothing is left to look at.

    Every question raises BlindError when it cannot be asked.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._refused = ""
        self._refused_until = 0.0

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def look(self, what: str, pid: int, *, elapsed_s: float) -> Waiting | Running:
        """Return what keeps a session, or how far it is."""
        wanted = next(iter(self._ask("wanted", pid)), None)
        progress = next((Progress(**row) for row in self._ask("progress", pid)), None)
        if wanted is None:
            return Running(what=what, elapsed_s=elapsed_s, progress=progress)
        waited_s = wanted["waited_s"]
        return Waiting(
            what=what,
            waited_s=elapsed_s if waited_s is None else waited_s,
            kind=wanted["kind"],
            mode=mode_in_sql(wanted["mode"]),
            wanted=wanted["wanted"],
            holders=self._holders(pid),
            queued_behind=self.queued_behind(pid),
            progress=progress,
        )

    def queued_behind(self, pid: int) -> int:
        """Return how many sessions wait for one that waits for a lock itself; 0 when it does not wait."""
        return int(self._ask("queue", pid)[0]["count"])

    def cancel(self, pid: int) -> bool:
        """Cancel the statement of a session, if it still waits for a lock; return whether it did."""
        return any(row["canceled"] for row in self._ask("cancel", pid))

    def _holders(self, pid: int) -> tuple[Holder, ...]:
        found: list[Holder] = []
        for row in self._ask("holders", pid):
            if row["pid"] == 0:
                found += [Holder(pid=None, **prepared) for prepared in self._ask("prepared", pid)]
                continue
            statement = row.pop("statement")
            waits_for = tuple(sorted(set(row.pop("waits_for"))))
            shown = None if statement is None else statement_beginning(statement)
            found.append(Holder(**row, statement=shown, waits_for=waits_for))
        return tuple(found)

    def _ask(self, name: str, pid: int) -> list[dict[str, Any]]:
        query: Any = resources.files("runner.server.watch").joinpath(f"queries/{name}.sql").read_text("utf-8")
        connection = self._opened()
        try:
            with connection.cursor(row_factory=dict_row) as cursor:
                return cursor.execute(query, {"pid": pid}).fetchall()
        except psycopg.Error as error:
            self.close()
            raise BlindError(_first_line(error)) from error

    def _opened(self) -> Connection:
        if self._connection is not None:
            return self._connection
        if monotonic() < self._refused_until:
            raise BlindError(self._refused)
        try:
            self._connection = self._connect()
        except (RunnerError, psycopg.Error, OSError) as error:
            self._refused = _first_line(error)
            self._refused_until = monotonic() + _CONNECT_AGAIN_S
            raise BlindError(self._refused) from error
        return self._connection


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def mode_in_sql(mode: str) -> str:
    """Return a lock mode of pg_locks as SQL writes it: AccessExclusiveLock is ACCESS EXCLUSIVE."""
    return " ".join(re.findall("[A-Z][a-z]*", mode.removesuffix("Lock"))).upper()


def statement_beginning(sql: str) -> str:
    """Return the first 60 characters of a statement on one line, comments left out and each literal as `?`."""
    shown = "".join(
        match["kept"] or ("?" if match["literal"] is not None else " ") for match in _TOKEN.finditer(sql)
    )
    line = _LIST.sub("?, …", " ".join(shown.split()))
    return line if len(line) <= LENGTH else line[: LENGTH - 1].rstrip() + "…"
