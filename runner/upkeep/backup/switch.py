"""Rename a restored database to the live one's name, and keep the live one under a dated name."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from runner.errors import BusyError, CredentialsError, RunnerError, StoppedError
from runner.server.connection.threads import ConnectionThreads
from runner.upkeep.backup.restoring import administration
from runner.wording import counted

if TYPE_CHECKING:
    from runner.server.credentials import Target

_LONGEST_NAME = 63
_LEAVING_S = 5.0
# The server itself ends an autovacuum worker for a rename, and a restored database soon has one.
_OTHERS = """
SELECT a.pid, coalesce(a.usename::text, '?') || ' (' || coalesce(nullif(a.application_name, ''), a.backend_type) || ')'
FROM pg_catalog.pg_stat_activity AS a
WHERE a.datname = ANY (%s) AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type <> 'autovacuum worker'
ORDER BY a.pid
"""
_END = """
SELECT pg_catalog.pg_terminate_backend(a.pid)
FROM pg_catalog.pg_stat_activity AS a
WHERE a.datname = ANY (%s) AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type <> 'autovacuum worker'
"""
_COMMENT = """
SELECT pg_catalog.shobj_description(d.oid, 'pg_database')
FROM pg_catalog.pg_database AS d
WHERE d.datname = %s
"""
_EVERY_S = 0.05
_SETTINGS = """
SELECT r.rolname, pg_catalog.split_part(c.setting, '=', 1), pg_catalog.substr(c.setting, pg_catalog.strpos(c.setting, '=') + 1)
FROM pg_catalog.pg_db_role_setting AS s
INNER JOIN pg_catalog.pg_database AS d ON s.setdatabase = d.oid
LEFT JOIN pg_catalog.pg_roles AS r ON s.setrole = r.oid
CROSS JOIN pg_catalog.unnest(s.setconfig) AS c (setting)
WHERE d.datname = %s
"""
_OWN = """
SELECT pg_catalog.pg_get_userbyid(d.datdba)::text, d.datconnlimit, d.datacl IS NOT NULL
FROM pg_catalog.pg_database AS d
WHERE d.datname = %s
"""
_GRANTS = """
SELECT r.rolname, a.privilege_type, a.is_grantable
FROM pg_catalog.pg_database AS d
CROSS JOIN pg_catalog.aclexplode(d.datacl) AS a
LEFT JOIN pg_catalog.pg_roles AS r ON a.grantee = r.oid
WHERE d.datname = %s AND a.grantee <> d.datdba
"""
Admin = psycopg.Connection[Any]


def old_name(live: str, now: datetime, taken: Container[str] = ()) -> str:
    """Return the name under which the live database is kept: one that no other database has."""
    suffix = f"_before_{now:%Y%m%dT%H%M%SZ}"
    name = _with_suffix(live, suffix)
    number = 2
    while name in taken:
        name = _with_suffix(live, f"{suffix}_{number}")
        number += 1
    return name


def _with_suffix(live: str, suffix: str) -> str:
    return live.encode()[: _LONGEST_NAME - len(suffix)].decode(errors="ignore") + suffix


def switch(server: Target, live: str, restored: str, *, end_sessions: bool) -> str | None:
    """Rename both in one transaction; return the name of the old one, or None when there was no live database.

    Owner, grants, settings, comment and connection limit of the live one are given to the restored one first:
    they belong to the name, and no archive is restored with them.

    Nothing is changed outside the transaction: a run that is killed at any moment leaves both databases as they
    were, open to everybody.

    Raises: BusyError while sessions are connected to one of them, unless `end_sessions` ends them.
    """
    with administration(server) as admin:
        exists = admin.execute("SELECT FROM pg_catalog.pg_database WHERE datname = %s", [live]).fetchone()
        taken = {name for (name,) in admin.execute("SELECT datname::text FROM pg_catalog.pg_database")}
        kept = old_name(live, datetime.now(UTC), taken) if exists is not None else None
        if end_sessions:
            with _explained(server, live, restored), _ending_sessions(server, [live, restored]):
                _rename(admin, live, restored, kept)
        else:
            _require_nobody(admin, [live, restored])
            with _explained(server, live, restored):
                _rename(admin, live, restored, kept)
        return kept


def _rename(admin: Admin, live: str, restored: str, kept: str | None) -> None:
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with admin.transaction():
        if kept is not None:
            _take_over(admin, live, restored)
            admin.execute(rename.format(sql.Identifier(live), sql.Identifier(kept)))
        else:
            _comment(admin, restored, None)
        admin.execute(rename.format(sql.Identifier(restored), sql.Identifier(live)))


@contextmanager
def _explained(server: Target, live: str, restored: str) -> Iterator[None]:
    state = "Neither database was renamed."
    try:
        yield
    except KeyboardInterrupt as stop:
        raise StoppedError.by(
            stop, during="the switch", detail=_state_after_stop(server, live, restored)
        ) from stop
    except psycopg.errors.ObjectInUse as error:
        raise BusyError(
            f"a session connected to {live} while it was being renamed",
            detail=f"{error.diag.message_detail or ''} {state}".strip(),
            hint="Run runner restore --switch again, or add --end-sessions.",
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise CredentialsError(
            f"permission denied to rename {live}: {error.diag.message_primary}",
            detail=state,
            hint="Use the owner of both databases, with CREATEDB; to end the sessions of others, also a member of "
            "pg_signal_backend.",
        ) from error
    except psycopg.Error as error:
        raise RunnerError(
            f"{live} was not switched: {error.diag.message_primary or error}",
            detail=state,
            hint="Correct what the server reports; the restored database is kept.",
            sqlstate=error.sqlstate,
        ) from error


def _state_after_stop(server: Target, live: str, restored: str) -> str:
    """Return the state after a signal: both databases are renamed, or neither."""
    try:
        with administration(server) as admin:
            row = admin.execute(
                "SELECT FROM pg_catalog.pg_database WHERE datname = %s", [restored]
            ).fetchone()
    except (RunnerError, psycopg.Error):
        return f"Either {restored} has taken the place of {live}, or neither was renamed; the server did not answer."
    if row is None:
        return f"{restored} had taken the place of {live} just before."
    return f"Neither database was renamed; {restored} is restored and stays."


def _take_over(admin: Admin, live: str, restored: str) -> None:
    """Give the restored database what belongs to the live one's name."""
    new = sql.Identifier(restored)
    ((comment,),) = admin.execute(_COMMENT.encode(), [live]).fetchall()
    _comment(admin, restored, comment)
    for role, name, value in admin.execute(_SETTINGS.encode(), [live]).fetchall():
        # by way of the session: a list such as search_path is stored as it is read, not as one literal
        admin.execute("SELECT pg_catalog.set_config(%s, %s, true)", [name, value])
        whose = sql.SQL("ROLE {} IN ").format(sql.Identifier(role)) if role else sql.SQL("")
        parameter = sql.SQL(".").join(map(sql.Identifier, name.split(".")))
        admin.execute(sql.SQL("ALTER {}DATABASE {} SET {} FROM CURRENT").format(whose, new, parameter))
    ((owner, limit, has_grants),) = admin.execute(_OWN.encode(), [live]).fetchall()
    admin.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(new, sql.SQL(str(int(limit)))))
    if has_grants:
        admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(new))
    for role, privilege, grantable in admin.execute(_GRANTS.encode(), [live]).fetchall():
        admin.execute(
            sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                sql.SQL(privilege),
                new,
                sql.Identifier(role) if role else sql.SQL("PUBLIC"),
                sql.SQL(" WITH GRANT OPTION" if grantable else ""),
            )
        )
    admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(new, sql.Identifier(owner)))


def _comment(admin: Admin, database: str, comment: str | None) -> None:
    """Set a database's comment; the mark of the restore, which is one, must not outlive the switch."""
    admin.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(database), sql.Literal(comment))
    )


def _require_nobody(admin: Admin, databases: list[str]) -> None:
    leaving_until = monotonic() + _LEAVING_S
    while others := admin.execute(_OTHERS.encode(), [databases]).fetchall():
        if monotonic() < leaving_until and all(" (runner" in who for _, who in others):
            sleep(_EVERY_S)  # the server ends a session some time after we have closed it
            continue
        shown = ", ".join(f"pid {pid}: {who}" for pid, who in others[:5])
        raise BusyError(
            f"{counted(len(others), 'session')} {'is' if len(others) == 1 else 'are'} connected to {' or '.join(databases)}",
            detail=f"{shown}{', …' if others[5:] else ''}. Neither database was renamed.",
            hint="Stop the application, or add --end-sessions; then run the same command again.",
        )


@contextmanager
def _ending_sessions(server: Target, databases: list[str]) -> Iterator[None]:
    """End the sessions of these databases, again and again until the block's end.

    A rename locks the name first, so that new sessions wait until it is done, and then gives those that are
    connected five seconds to leave; in that time they are ended from here.
    """
    done, failures = Event(), list[psycopg.Error]()
    with administration(server) as other, ConnectionThreads() as threads:
        for pid, _ in other.execute(_OTHERS.encode(), [databases]).fetchall():
            other.execute("SELECT pg_catalog.pg_terminate_backend(%s, 5000)", [pid])

        def end() -> None:
            try:
                while not done.wait(_EVERY_S):
                    other.execute(_END.encode(), [databases])
            except psycopg.Error as error:
                failures.append(error)

        threads.start(other, end, name="end sessions")
        try:
            yield
        except psycopg.errors.ObjectInUse as error:
            raise (failures or [error])[0] from error
        finally:
            done.set()
