"""A database of our own for a moment, to see what the files give."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import sql

from runner.engine.apply.context import Work
from runner.engine.apply.run import check_plan, run_plan
from runner.engine.history.actor import actor_of
from runner.engine.plan import plan_apply
from runner.errors import (
    ConfigurationError,
    CredentialsError,
    MigrationFailedError,
    RunnerError,
    StoppedError,
)
from runner.events import WARNING, Emit, Notice
from runner.files.migrations.layout import Layout
from runner.files.migrations.migration import Migration
from runner.schema.catalog.objects import Catalog
from runner.schema.catalog.read import read as read_catalog
from runner.server import connection, credentials, local
from runner.server.credentials import Target
from runner.session.session import Session, explained, open_target
from runner.settings import Secret, Settings

PREFIX = "runner_scratch_"
_ONLY_HERE = "It ran in a scratch database, which is dropped; no other database was changed."
_KEEPER = "keeps "
_LEFTOVERS = """
SELECT d.datname::text
FROM pg_catalog.pg_database AS d
WHERE
    pg_catalog.starts_with(d.datname::text, %(prefix)s)
    AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.application_name = %(keeper)s || d.datname::text
    )
"""
# pg_catalog.parse_ident would take a list for one name
_FIRST_OF_PATH = """
SELECT p.name
FROM
    (SELECT pg_catalog.regexp_matches(pg_catalog.current_setting('search_path'), '^ *("(?:[^"]|"")+"|[^", ]+)')) AS m (found),
    LATERAL (
        SELECT CASE
            WHEN m.found[1] LIKE '"%' THEN pg_catalog.replace(pg_catalog.btrim(m.found[1], '"'), '""', '"')
            ELSE pg_catalog.lower(m.found[1])
        END AS name
    ) AS p
WHERE pg_catalog.current_schema() IS NULL AND p.name <> '$user'
"""
_SUBSCRIPTIONS = """
SELECT s.subname::text
FROM pg_catalog.pg_subscription AS s
WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
"""
_WITHOUT_SLOT = (
    "ALTER SUBSCRIPTION {} DISABLE",
    "ALTER SUBSCRIPTION {} SET (slot_name = NONE)",
    "DROP SUBSCRIPTION {}",
)


@contextmanager
def scratch_session(
    settings: Settings,
    layout: Layout,
    files: list[Migration],
    *,
    url: str | None,
    emit: Emit,
    beside_target: bool = True,
    time_zone: str | None = None,
) -> Iterator[Session]:
    """Make an empty database, open it, and drop it at the end; its sessions have the `time_zone`, if one is given.

    It is made where `url` says, else on the local server, else, where `beside_target` lets it, on the configured server.

    Raises: ConfigurationError when there is no such place; CredentialsError when the role may not make databases.
    """
    home = _home(settings, layout, url=url, emit=emit, beside_target=beside_target)
    name = f"{PREFIX}{os.getpid()}_{uuid.uuid4().hex[:8]}"
    # the name of this session says that the database is in use
    with explained(home), connection.connect(home, application_name=f"{_KEEPER}{name}") as admin:
        _drop_leftovers(admin, home)
        try:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
            )
        except psycopg.errors.InsufficientPrivilege as error:
            raise CredentialsError(
                f"no scratch database: the role may not create one at {home.address}",
                hint="ALTER ROLE … CREATEDB, or name another server with --scratch-url.",
            ) from error
        try:
            target = replace(
                home,
                parameters={**home.parameters, "dbname": name, **_in_zone(admin, home, time_zone, emit)},
                refresh=None,
            )
            _have_current_schema(target)
            with open_target(settings, layout, files, target) as session:
                yield session
        except KeyboardInterrupt as stop:
            raise StoppedError.by(stop, detail=_ONLY_HERE) from None
        except StoppedError as stopped:
            raise StoppedError(
                stopped.message, signal_number=stopped.signal_number, detail=_ONLY_HERE
            ) from stopped
        except MigrationFailedError as error:
            raise MigrationFailedError(
                error.message,
                where=error.where,
                detail="\n".join(filter(None, (error.detail, _ONLY_HERE))),
                hint="Correct the file." if error.hint is None or "runner " in error.hint else error.hint,
                sqlstate=error.sqlstate,
                refused=error.refused,
            ) from error
        finally:
            _drop_or_warn(admin, home, name, emit)


def _have_current_schema(target: Target) -> None:
    """Make the first schema that the connection's search_path names, as in `options=-c search_path=tenant`."""
    with connection.connect(target) as conn:
        row = conn.execute(_FIRST_OF_PATH).fetchone()
        if row is not None:
            conn.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(row[0])))


def _in_zone(
    admin: psycopg.Connection[Any], home: Target, time_zone: str | None, emit: Emit
) -> dict[str, str]:
    """Return the connection's options with a time zone, on which depends what a change of type rewrites."""
    if time_zone is None:
        return {}
    try:
        admin.execute("SELECT pg_catalog.set_config('TimeZone', %s, false)", [time_zone])
    except psycopg.errors.InvalidParameterValue:
        message = f"the scratch server does not know the target's time zone {time_zone}; its own is used"
        emit(Notice(name="scratch.time_zone", level=WARNING, message=message, facts={"time_zone": time_zone}))
        return {}
    escaped = time_zone.replace("\\", "\\\\").replace(" ", "\\ ")
    return {"options": f"{home.parameters.get('options', '')} -c TimeZone={escaped}".lstrip()}


def _drop_leftovers(admin: psycopg.Connection[Any], home: Target) -> None:
    """Drop the scratch databases of runners that were killed: nobody keeps them, and they are ours to drop."""
    rows = admin.execute(_LEFTOVERS, {"prefix": PREFIX, "keeper": _KEEPER}).fetchall()
    for (name,) in rows:
        with suppress(psycopg.Error, RunnerError):  # another runner may be dropping it too
            _drop(admin, home, name)


def _drop_or_warn(admin: psycopg.Connection[Any], home: Target, name: str, emit: Emit) -> None:
    """Drop a scratch database; where the server refuses, say so, since what was found in it is still true."""
    try:
        _drop(admin, home, name)
    except (psycopg.Error, RunnerError) as error:
        reason = str(error).partition("\n")[0]
        emit(
            Notice(
                name="scratch.left",
                level=WARNING,
                message=f"the scratch database {name} at {home.address} is left behind: {reason}; drop it by hand",
                facts={"scratch": name, "reason": reason},
            )
        )


def _drop(admin: psycopg.Connection[Any], home: Target, name: str) -> None:
    """Drop a scratch database, and first what a migration may have made in it that forbids that.

    A subscription's slot is at a publisher that is not ours to ask: without the slot's name it goes alone.

    Raises: psycopg.Error, RunnerError.
    """
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with suppress(psycopg.errors.WrongObjectType, psycopg.errors.ObjectInUse):  # a template; subscriptions
        admin.execute(drop)
        return
    admin.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name)))
    inside = replace(home, parameters={**home.parameters, "dbname": name}, refresh=None)
    with connection.connect(inside) as conn:
        for (subscription,) in conn.execute(_SUBSCRIPTIONS).fetchall():
            for text in _WITHOUT_SLOT:
                conn.execute(sql.SQL(text).format(sql.Identifier(subscription)))
    admin.execute(drop)


def build(
    session: Session, settings: Settings, *, to: str | None = None, other_owners: bool = False
) -> Catalog:
    """Apply the files to a scratch session, up to `to`, and read the catalog that they give.

    With `other_owners` it holds who owns what the files gave to another role than the one that migrates.

    Raises: FileError, MigrationFailedError.
    """
    for _ in applied_steps(session, settings, to=to, one_by_one=False):
        pass
    session.refresh()
    return read_catalog(session.connection, exclude=(settings.migration_table,), other_owners=other_owners)


def applied_steps(
    session: Session, settings: Settings, *, to: str | None = None, one_by_one: bool = True
) -> Iterator[str]:
    """Apply the files to a scratch session, up to `to`, and yield the id of each once it is applied, or only the last one's.

    Raises: FileError, MigrationFailedError.
    """
    plan = plan_apply(session.files, session.state, to=to, allow_out_of_order=True)
    check_plan(plan, session.connection)
    actor = actor_of(settings, session.connection)
    with session.history.lock(wait_s=0):
        session.history.create_tables(actor)
        work = Work(history=session.history, actor=actor, connect=session.connect)
        runs = [(step,) for step in plan.steps] if one_by_one else [tuple(plan.steps)]
        for steps in filter(None, runs):
            run_plan(work, replace(plan, steps=steps))
            yield steps[-1].id


def _home(settings: Settings, layout: Layout, *, url: str | None, emit: Emit, beside_target: bool) -> Target:
    if url is not None:
        chosen = credentials.resolve(
            replace(settings, url=Secret(url), url_option="--scratch-url", direct_url=None),
            "postgres",
            only=True,
        )
        if chosen is not None:
            return chosen
    if local.why_not(settings) is None:
        return local.target(settings, "postgres", emit=emit)
    if not beside_target:
        raise ConfigurationError(
            "no server for a rehearsal: name one with --scratch-url",
            detail="It is never the target's own server: what a rollback does to roles and tablespaces would reach all of its "
            "databases. Nothing was run.",
            hint="A PostgreSQL of the same version in a container will do; on a laptop: runner local start",
        )
    found = credentials.resolve(settings, layout.name, only=True)
    if found is None:
        raise ConfigurationError(
            "no server for a scratch database: set DATABASE_URL or name one with --scratch-url",
            detail="The files are applied there to an empty database, which is dropped afterwards.",
        )
    return found
