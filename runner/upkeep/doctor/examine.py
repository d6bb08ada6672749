"""Examine one database, from the connection to leftovers of dead runners."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from importlib import resources
from typing import Any

from psycopg.rows import dict_row

from runner.engine.history.state import State
from runner.engine.history.store import History
from runner.errors import RunnerError
from runner.server.credentials import Target
from runner.wording import counted, duration

NEWEST_TESTED = 18
_SLOW_S = 0.05
_SHOWN = 5


def examine(history: History, state: State, target: Target) -> list[Finding]:
    """Return the findings; on a standby, or for a role with few rights, as far as possible."""
    return list(_Examination(history, state, target).findings())


@dataclass(frozen=True, slots=True)
class _Examination:
    history: History
    state: State
    target: Target

    def findings(self) -> Iterator[Finding]:
        (session,) = self._ask("session")
        yield self._round_trip()
        yield self._tls()
        yield self._pooler()
        yield from _server(session)
        yield from self._role(session)
        yield from _settings(session)
        yield from self._sessions(session)
        yield from self._indexes()
        yield from self._leftovers()

    def _ask(self, name: str) -> list[dict[str, Any]]:
        text: Any = resources.files("runner.upkeep.doctor").joinpath(f"queries/{name}.sql").read_text("utf-8")
        with self.history.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(text).fetchall()

    def _round_trip(self) -> Finding:
        took_s = []
        for _ in range(3):
            started = time.monotonic()
            self.history.connection.execute("SELECT 1")
            took_s.append(time.monotonic() - started)
        said = f"{self.target.name} at {self.target.address}, from {self.target.source}; round trip {1000 * min(took_s):.1f} ms"
        if min(took_s) < _SLOW_S:
            return ok("connection", said)
        return warning("connection", said, "Each migration takes a round trip: run closer to the server.")

    def _tls(self) -> Finding:
        host = self.target.parameters.get("host", "")
        mode = self.target.parameters.get("sslmode", "prefer")
        if self.history.connection.pgconn.ssl_in_use:
            if mode == "verify-full":
                return ok("tls", "encrypted, and the server's certificate is verified")
            return warning(
                "tls",
                f"encrypted, but sslmode={mode} does not verify that this is the right server",
                "Set DB_SSL_MODE=verify-full and DB_SSL_ROOT_CERT (sslmode and sslrootcert in a URL).",
            )
        if host.startswith("/") or host in {"", "localhost", "127.0.0.1", "::1"}:
            return ok("tls", "not encrypted, on this machine")
        return warning(
            "tls",
            "not encrypted: passwords and data are readable on the network",
            "Set DB_SSL_MODE=verify-full.",
        )

    def _pooler(self) -> Finding:
        if not self.history.is_pooled:
            return ok("pooler", "none: this is the server itself")
        if self.history.session_pool:
            return ok("pooler", "there is one, and --session-pool declares that it is in session mode")
        return problem(
            "pooler",
            "there is a connection pooler, and in transaction mode the migration lock would not work",
            "Give the server's own URL with --direct-url or DIRECT_DATABASE_URL; or, if the pool is in session mode: --session-pool",
        )

    def _role(self, session: dict[str, Any]) -> Iterator[Finding]:
        try:
            self.history.require_rights()
        except RunnerError as error:
            yield problem("role", f"{error.message}. {error.detail}", error.hint or "")
        foreign = [] if session["is_superuser"] else self._ask("foreign_tables")
        if foreign:
            names = _some([row["qualified"] for row in foreign])
            owners = ", ".join(sorted({row["owner"] for row in foreign}))
            yield warning(
                "role",
                f'role "{session["role"]}" may not alter {counted(len(foreign), "table")}: {names}',
                f"They belong to {owners}. " + _remedy(foreign, session["role"]),
            )
        else:
            rank = (
                "is a superuser; the schema's owner is enough"
                if session["is_superuser"]
                else "may alter every table"
            )
            yield ok("role", f'"{session["role"]}" {rank}')
        if session["has_own_schema"]:
            yield warning(
                "role",
                f'schema "{session["role"]}" comes before public in search_path ("$user")',
                "Write the schema in every file, or set search_path for the role: ALTER ROLE … SET search_path = public",
            )

    def _sessions(self, session: dict[str, Any]) -> Iterator[Finding]:
        free = session["max_connections"] - session["connections"]
        if free < _SHOWN:
            yield warning(
                "sessions",
                f"{session['connections']} of {session['max_connections']} connections are in use",
                "End idle sessions, or raise max_connections: a run needs one, and a second one while a statement waits.",
            )
        if 0 <= session["role_limit"] <= session["role_connections"]:
            yield warning(
                "sessions",
                f"the role's limit of {counted(session['role_limit'], 'connection')} is reached",
                "Raise it with ALTER ROLE … CONNECTION LIMIT: a run needs one, and a second one while a statement waits.",
            )
        if not session["sees_sessions"]:
            yield warning(
                "sessions",
                "other roles' sessions are hidden: a wait can be reported only without its cause",
                f'GRANT pg_read_all_stats TO "{session["role"]}"',
            )
        old = self._ask("old_transactions")
        for row in old[:_SHOWN]:
            yield warning(
                "sessions",
                f"{row['name']} ({row['application']}, user {row['role']}, {row['state']}) has a transaction open for "
                f"{duration(row['age_s'])}",
                "An ALTER may wait for its locks, CONCURRENTLY for its snapshot. End it, or migrate after it.",
            )
        if not old:
            yield ok("sessions", "no transaction is open for longer than a minute")

    def _indexes(self) -> Iterator[Finding]:
        found = self._ask("invalid_indexes")
        for row in found:
            name = row["qualified"]
            if row["is_leftover"]:
                yield warning(
                    "indexes",
                    f"{name} is a leftover of REINDEX CONCURRENTLY",
                    f"DROP INDEX CONCURRENTLY {name};",
                )
            else:
                yield warning(
                    "indexes",
                    f"{name} is invalid: every write updates it, and no query uses it",
                    f"REINDEX INDEX CONCURRENTLY {name}; or drop it. If a migration builds it, its next run does that.",
                )
        if not found:
            yield ok("indexes", "none is invalid")

    def _leftovers(self) -> Iterator[Finding]:
        found = [*self._locks(), *self._partial(), *self._scratch()]
        yield from found or [ok("leftovers", "none")]

    def _locks(self) -> Iterator[Finding]:
        holder = self.history.lock_holder()
        if holder is not None:
            yield warning(
                "leftovers",
                f"the migration lock is held by {holder}",
                f"Wait for that run. If its process is gone: SELECT pg_terminate_backend({holder.pid});",
            )
        lock = self.state.yoyo_lock
        if lock is not None:
            yield problem(
                "leftovers",
                f"yoyo's lock is held by process {lock.pid} of the machine where yoyo was started",
                "Wait until that yoyo has finished. If it died: yoyo break-lock",
            )

    def _partial(self) -> Iterator[Finding]:
        for partial in self.state.partial.values():
            command = "migrate" if partial.direction == "apply" else "rollback"
            said = f"{partial.id}: {partial.done} of {counted(partial.total, 'statement')} run, since {partial.begun_at:%Y-%m-%d %H:%M}"
            yield warning(
                "leftovers",
                said,
                f"runner {command} goes on from there; if the file is gone, or a statement is in doubt, it says what to do.",
            )

    def _scratch(self) -> Iterator[Finding]:
        for row in self._ask("scratch_databases"):
            if not row["is_used"]:
                yield warning(
                    "leftovers",
                    f"scratch database {row['name']} is not in use",
                    f'DROP DATABASE "{row["name"]}";',
                )


def _server(session: dict[str, Any]) -> Iterator[Finding]:
    major = session["version_num"] // 10_000
    said = f"PostgreSQL {session['version']}"
    if major > NEWEST_TESTED:
        yield warning(
            "server",
            f"{said}, newer than the newest tested version ({NEWEST_TESTED})",
            "Test it on a copy first.",
        )
    else:
        yield ok("server", said)
    if session["in_recovery"]:
        yield problem(
            "server",
            "a standby, which accepts no writes",
            "Connect to the primary; with several hosts add target_session_attrs=read-write.",
        )
    elif session["read_only"]:
        yield problem(
            "server",
            "the session is read-only",
            "Set default_transaction_read_only to off for this role or database.",
        )
    if session["encoding"] == "SQL_ASCII":
        yield warning(
            "server",
            "the database's encoding is SQL_ASCII: it stores bytes, not text",
            "Create a UTF8 database and move the data.",
        )


def _settings(session: dict[str, Any]) -> Iterator[Finding]:
    if session["check_interval"] in {None, "0"}:
        yield warning(
            "settings",
            "client_connection_check_interval is off: a dead runner's statement keeps running and holds its lock",
            "The server's platform does not support it, or the URL's options turn it off.",
        )
    if not session["conforming_strings"]:
        yield warning(
            "settings",
            "standard_conforming_strings is off: the server treats backslashes in strings differently from runner and psql",
            "Turn it on for this role and database, and write E'…' for strings with backslash escapes.",
        )
    if session["lock_timeout"] == "0":
        yield warning(
            "settings",
            "lock_timeout is off: while an ALTER waits for a lock, the application waits behind it",
            "Set it, for example to 3s (--lock-timeout, RUNNER_LOCK_TIMEOUT), or check the options in the URL.",
        )
    else:
        yield ok("settings", f"lock_timeout {session['lock_timeout']}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _remedy(foreign: list[dict[str, Any]], role: str) -> str:
    """Return how to give the role the tables; never by membership in a superuser, which would make it one."""
    mighty = [row["qualified"] for row in foreign if row["of_superuser"]]
    parts = []
    if len(mighty) < len(foreign):
        parts.append(f'GRANT that role to "{role}", or migrate as it.')
    if mighty:
        parts.append(
            f'For {_some(mighty)}, which a superuser owns: ALTER TABLE … OWNER TO "{role}", or to a role that it is a member of.'
        )
    return " ".join(parts)


class Level(Enum):
    """How a finding affects the next run."""

    OK = "ok"
    WARNING = "warning"  # it would run, perhaps with trouble
    PROBLEM = "problem"  # it would fail, or do harm


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was checked, its state, and what to do about it."""

    subject: str  # connection, tls, pooler, version, role, settings, sessions, indexes, leftovers
    level: Level
    message: str
    remedy: str | None = None


def ok(subject: str, message: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(subject=subject, level=Level.OK, message=message)


def warning(subject: str, message: str, remedy: str) -> Finding:
    """Return a finding that may do harm."""
    return Finding(subject=subject, level=Level.WARNING, message=message, remedy=remedy)


def problem(subject: str, message: str, remedy: str) -> Finding:
    """Return a finding that would stop a migration."""
    return Finding(subject=subject, level=Level.PROBLEM, message=message, remedy=remedy)
