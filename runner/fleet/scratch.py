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

from runner import catalog, connection, credentials, local
from runner.apply import Listener, Work, check_plan, run_plan
from runner.catalog import Catalog
from runner.credentials import Target
from runner.errors import ConfigurationError, CredentialsError, MigrationFailedError, StoppedError
from runner.events import Say
from runner.fleet.session import Session, actor_of, explained, open_target
from runner.migrations import Layout, Migration
from runner.plan import plan_apply
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


@contextmanager
def scratch_session(
    settings: Settings,
    layout: Layout,
    files: list[Migration],
    *,
    url: str | None,
    say: Say,
    beside_target: bool = True,
) -> Iterator[Session]:
    """Make an empty database, open it, and drop it at the end.

    It is made where `url` says, else on the local server, else, where `beside_target` lets it, on the configured server.

    Raises: ConfigurationError when there is no such place; CredentialsError when the role may not make databases.
    """
    home = _home(settings, layout, url=url, say=say, beside_target=beside_target)
    name = f"{PREFIX}{os.getpid()}_{uuid.uuid4().hex[:8]}"
    # the name of this session says that the database is in use
    with explained(home), connection.connect(home, application_name=f"{_KEEPER}{name}") as admin:
        _drop_leftovers(admin)
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
            target = replace(home, parameters={**home.parameters, "dbname": name}, refresh=None)
            with open_target(settings, layout, files, target) as session:
                yield session
        except KeyboardInterrupt as stop:
            raise StoppedError.by(stop, detail=_ONLY_HERE) from None
        except StoppedError as stopped:
            stopped.detail = _ONLY_HERE
            raise
        except MigrationFailedError as error:
            error.detail = f"{error.detail}\n{_ONLY_HERE}"
            error.hint = "Correct the file." if error.hint is None or "runner " in error.hint else error.hint
            raise
        finally:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _drop_leftovers(admin: psycopg.Connection[Any]) -> None:
    """Drop the scratch databases of runners that were killed: nobody keeps them, and they are ours to drop."""
    rows = admin.execute(_LEFTOVERS, {"prefix": PREFIX, "keeper": _KEEPER}).fetchall()
    for (name,) in rows:
        with suppress(psycopg.Error):  # another runner may be dropping it too
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def build(
    session: Session, settings: Settings, *, to: str | None = None, other_owners: bool = False
) -> Catalog:
    """Apply the files to a scratch session, up to `to`, and read the catalog that they give.

    With `other_owners` it holds who owns what the files gave to another role than the one that migrates.

    Raises: FileError, MigrationFailedError.
    """
    plan = plan_apply(session.files, session.state, to=to, allow_out_of_order=True)
    check_plan(plan, Listener())
    actor = actor_of(settings)
    with session.history.lock(wait_s=0):
        session.history.create_tables(actor)
        run_plan(
            Work(history=session.history, actor=actor, listener=Listener(), connect=session.connect), plan
        )
    session.refresh()
    return catalog.read(session.connection, exclude=(settings.migration_table,), other_owners=other_owners)


def _home(settings: Settings, layout: Layout, *, url: str | None, say: Say, beside_target: bool) -> Target:
    if url is not None:
        chosen = credentials.resolve(replace(settings, url=Secret(url)), "postgres", only=True)
        if chosen is not None:
            return chosen
    if local.why_not(settings) is None:
        return local.target(settings, "postgres", say=say)
    if not beside_target:
        raise ConfigurationError(
            "no server for a rehearsal: name one with --scratch-url",
            detail="Rollbacks are run there, and a role or a tablespace belongs to its whole server: the target's own is "
            "not taken. Nothing was run.",
            hint="A PostgreSQL of the same version in a container will do; on a laptop: runner local start",
        )
    found = credentials.resolve(settings, layout.name, only=True)
    if found is None:
        raise ConfigurationError(
            "no server for a scratch database: set DATABASE_URL or name one with --scratch-url",
            detail="The files are applied there to an empty database, which is dropped afterwards.",
        )
    return found
