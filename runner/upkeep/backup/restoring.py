"""Restore a backup into a new database, and compare it with what was dumped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto
from subprocess import PIPE
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from runner.errors import (
    BusyError,
    CheckError,
    ConfigurationError,
    CredentialsError,
    RunnerError,
    StoppedError,
)
from runner.events import Emit, Notice
from runner.schema.catalog.differences import unified_diff
from runner.server import connection
from runner.upkeep.backup import mark, script
from runner.upkeep.backup.archive import Archive
from runner.upkeep.backup.dumped_facts import read_facts
from runner.upkeep.backup.manifest import Facts, Locale
from runner.upkeep.backup.programs import Program, major_of
from runner.upkeep.backup.reasons import Right

if TYPE_CHECKING:
    from runner.engine.history.store import History
    from runner.server.credentials import Target

_MAINTENANCE = ("postgres", "template1")
_NOT_EMPTY = """
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_class AS c INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
) OR EXISTS (
    SELECT FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = n.oid AND d.deptype = 'e')
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """What is restored where, and with what."""

    archive: Archive
    server: Target  # any database of the server
    into: str
    pg_restore: Program
    psql: Callable[[], Program]
    jobs: int
    open_history: Callable[[psycopg.Connection[Any]], History]
    exclude: tuple[str, ...] = ()

    @property
    def target(self) -> Target:
        """The new database."""
        return of_server(self.server, self.into)

    @property
    def facts(self) -> Facts:
        """What the database was like when it was dumped."""
        return self.archive.manifest.facts


def of_server(server: Target, database: str) -> Target:
    """Return another database of the same server."""
    return replace(
        server, parameters={**server.parameters, "dbname": database}, refresh=_refresh(server, database)
    )


def _refresh(server: Target, database: str) -> Callable[[], Target] | None:
    again = server.refresh
    return None if again is None else lambda: of_server(again(), database)


@contextmanager
def administration(server: Target) -> Iterator[psycopg.Connection[Any]]:
    """Connect to a maintenance database of the server.

    Raises: CredentialsError when there is none that we may use.
    """
    refused: RunnerError | None = None
    for name in _MAINTENANCE:
        try:
            conn = connection.connect(of_server(server, name), application_name="runner restore")
        except CredentialsError as error:
            refused = refused or error
            continue
        with closing(conn):
            yield conn
        return
    raise refused or CredentialsError("there is no database to connect to")


class Begun(Enum):
    """The state of the database to restore into."""

    MADE = auto()  # it did not exist and was created
    EMPTY = auto()
    FILLED = auto()  # an earlier run restored this very archive into it, and no write to it was counted since


def restore(work: Restoring, *, validate: bool, emit: Emit) -> Begun:
    """Check the archive, restore it into a new or empty database, and compare the result.

    Nothing that existed before is dropped or changed. A database that was made here is dropped when the
    restore fails, and kept when only the comparison does. A database with the mark of a finished restore of
    this archive is only compared.

    Raises: RunnerError and its kinds; CheckError when the restored database is not as it was dumped.
    """
    made_by = major_of(work.archive.manifest.pg_dump_version)
    work.pg_restore.require(made_by, "the archive was made by")
    emit(_step("restore.checking", f"{work.archive.label}: comparing with its checksum", work))
    work.archive.require_intact()
    with administration(work.server) as admin:
        by_script = script.is_needed(work.pg_restore, server=admin.info.server_version // 10_000)
        _require_jobs(work, by_script=by_script)
        _require_roles(admin, work.facts)
        begun = _begin(admin, work)
        if begun is Begun.FILLED:
            message = f"an earlier run restored {work.archive.name} into {work.into}, and the server has counted no write to it since"
            emit(_step("restore.found_done", message, work))
        else:
            _fill(admin, work, begun, emit, by_script=by_script)
    if validate or begun is Begun.FILLED:
        emit(_step("restore.comparing", f"comparing {work.into} with what was dumped", work))
        _validate(work)
    return begun


def _step(name: str, message: str, work: Restoring) -> Notice:
    return Notice(name=name, message=message, facts={"archive": work.archive.label, "into": work.into})


def _fill(
    admin: psycopg.Connection[Any], work: Restoring, begun: Begun, emit: Emit, *, by_script: bool
) -> None:
    emit(_step("restore.filling", f"restoring into {work.into}", work))
    try:
        mark.write(admin, work.into, mark.of(work.archive, rows=None))
        _run(work, by_script=by_script)
        with closing(connection.connect(work.target, application_name="runner restore")) as conn:
            conn.execute("ANALYZE")
            mark.wait_for_counters(conn)
            mark.write(conn, work.into, mark.of(work.archive, rows=mark.rows_of(conn)))
    except BaseException as error:
        left = (_drop(work) if begun is Begun.MADE else None) or _left(work, begun)
        if isinstance(error, KeyboardInterrupt):
            raise StoppedError.by(error, during="the restore", detail=left) from error
        if isinstance(error, RunnerError):
            error.notes.append(left)
        raise


def _drop_what_was_created(work: Restoring) -> str:
    """Drop the database that a stopped run may have created, which nobody has filled yet, and say what is left."""
    try:
        with administration(work.server) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(work.into)))
    except (RunnerError, psycopg.Error):
        return f"If the database {work.into} exists, it was created for it and is empty. Nothing else was touched."
    return f"The database {work.into} does not exist; nothing else was touched."


def _drop(work: Restoring) -> str | None:
    """Drop the database that was made here; return what is left when that fails.

    In a session of its own: what ended the restore may have ended the session that made the database.
    """
    try:
        with administration(work.server) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(work.into)))
    except (RunnerError, psycopg.Error):
        return (
            f"The database {work.into} was created for it and could not be dropped; drop it by hand, connected to another "
            f"database: DROP DATABASE {quoted(work.into)}. Nothing else was touched."
        )
    return None


def _left(work: Restoring, begun: Begun) -> str:
    if begun is Begun.MADE:
        return f"The database {work.into} was created for it and is dropped again; nothing else was touched."
    return f"The database {work.into} was empty before and may now hold part of the backup; nothing else was touched."


def _require_roles(admin: psycopg.Connection[Any], facts: Facts) -> None:
    rows = admin.execute(
        "SELECT w.name FROM pg_catalog.unnest(%s::text[]) AS w (name)"
        " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = w.name)",
        [list(facts.roles)],
    ).fetchall()
    if rows:
        names = ", ".join(f'"{name}"' for (name,) in rows)
        raise ConfigurationError(
            f"this server lacks roles that the backup names: {names}",
            detail="Roles belong to the server, not to a database. Nothing was restored.",
            hint="Create them first, with CREATE ROLE …; a group needs no password.",
        )


def _begin(admin: psycopg.Connection[Any], work: Restoring) -> Begun:
    """Create the database, or check that an existing one is empty or restored already.

    Raises: ConfigurationError when it holds anything else; BusyError when a restore may still fill it.
    """
    found = admin.execute("SELECT FROM pg_catalog.pg_database WHERE datname = %s", [work.into]).fetchone()
    if found is None:
        try:
            _create(admin, work.into, work.facts.locale)
        except KeyboardInterrupt as stop:
            left = _drop_what_was_created(work)
            raise StoppedError.by(stop, during="the restore", detail=left) from stop
        return Begun.MADE
    with closing(connection.connect(work.target, application_name="runner restore")) as conn:
        found_mark = mark.read(conn, work.into)
        if found_mark is not None and mark.is_in_use(conn, work.into):
            raise _in_use(work, found_mark)
        row = conn.execute(_NOT_EMPTY.encode()).fetchone()
        if row is not None and not row[0]:
            return Begun.EMPTY
        reason = _distrust(conn, work, found_mark)
    if reason is None:
        return Begun.FILLED
    raise ConfigurationError(
        f"the database {work.into} is not empty, and cannot be shown to hold this backup",
        detail=f"{reason} A backup is restored into a new database, so that nothing is overwritten. Nothing was changed.",
        hint=f"Give another name with --into. If nobody needs the data in {work.into}, drop it and run the same command "
        f"again: DROP DATABASE {quoted(work.into)}",
    )


def _in_use(work: Restoring, found: mark.Mark) -> BusyError:
    """Return the error for a marked database with sessions: the server counts what they write when they have ended."""
    if found.rows is None:
        return BusyError(
            f"a restore of {found.archive} into {work.into} has not finished",
            detail=f"Its mark is unfinished, and sessions or prepared transactions are open in {work.into}. Nothing was changed.",
            hint="Wait until it has finished, or end its sessions; then run the same command again.",
        )
    return BusyError(
        f"sessions or prepared transactions are open in {work.into}",
        detail=f"{found.archive} was restored into it, and whether they changed it is known only when they have ended. "
        "Nothing was changed.",
        hint="End them, then run the same command again.",
    )


def _distrust(conn: psycopg.Connection[Any], work: Restoring, found: mark.Mark | None) -> str | None:
    """Return why a database with content is not the restored archive, or None when its mark proves that it is."""
    archive = work.archive
    if found is None:
        return f"It does not have the mark that a finished restore of {archive.name} leaves."
    if found.digest != archive.manifest.sha256:
        return f"It was restored from another archive, {found.archive}."
    if found.rows is None:
        return f"A restore of {archive.name} into it was begun and did not end."
    if found.rows != mark.rows_of(conn):
        return f"It was changed after {archive.name} had been restored into it, or the server crashed since."
    return None


def quoted(name: str) -> str:
    """Return a name as SQL, for a command that a person copies."""
    return '"' + name.replace('"', '""') + '"'


def _create(admin: psycopg.Connection[Any], name: str, locale: Locale) -> None:
    words = [
        sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}").format(
            sql.Identifier(name), locale.encoding, locale.collate, locale.ctype
        )
    ]
    if locale.provider == "i":
        words.append(sql.SQL("LOCALE_PROVIDER icu ICU_LOCALE {}").format(locale.icu))
    elif locale.provider == "b":
        words.append(sql.SQL("LOCALE_PROVIDER builtin BUILTIN_LOCALE {}").format(locale.icu))
    try:
        admin.execute(sql.SQL(" ").join(words))
    except psycopg.errors.InsufficientPrivilege as error:
        raise CredentialsError(
            f"permission denied to create the database {name}",
            detail="Nothing was changed.",
            hint="Run ALTER ROLE … CREATEDB; or create an empty database as another role, and give it with --into.",
        ) from error
    except psycopg.Error as error:
        raise RunnerError(
            f"cannot create the database {name}: {error.diag.message_primary or error}",
            detail=f"It would have encoding {locale.encoding} and locale {locale.icu or locale.collate}, as the one that was "
            "dumped. Nothing was changed.",
            hint="Create an empty database with settings that this server has, and give it with --into.",
            sqlstate=error.sqlstate,
        ) from error


def _require_jobs(work: Restoring, *, by_script: bool) -> None:
    if work.jobs == 1:
        return
    if work.archive.path is None:
        raise ConfigurationError(
            "only an archive in a folder can be restored with several jobs",
            detail="From S3 it comes as one stream. Nothing was restored.",
            hint="Copy it, and its manifest, into a folder first; or omit --jobs.",
        )
    if by_script:
        raise ConfigurationError(
            f"pg_restore {work.pg_restore.version} cannot restore with several jobs into a server older than 17",
            detail="It sets transaction_timeout, which the server does not have; a single job uses psql. Nothing was restored.",
            hint="Omit --jobs.",
        )


def _run(work: Restoring, *, by_script: bool) -> None:
    name = work.into.replace("\\", r"\\").replace("'", r"\'")
    dbname, what = f"--dbname=dbname='{name}'", f"pg_restore failed on {work.into}"
    if by_script:
        script.restore(work.archive, work.pg_restore, work.psql(), work.target, dbname=dbname, what=what)
        return
    whole = ["--single-transaction"] if work.jobs == 1 else [f"--jobs={work.jobs}"]
    arguments = ["--exit-on-error", "--no-password", *whole, dbname]
    path = work.archive.path
    if path is not None:
        arguments.append(str(path))
    with work.pg_restore.running(arguments, target=work.target, right=Right.CREATE, stdin=PIPE) as running:
        running.feed_all(work.archive.chunks() if path is None else ())
        running.require_success(what, hint="Correct what pg_restore reports, and restore again.")


def _validate(work: Restoring) -> None:
    """Compare catalog and history with those in the snapshot that was dumped."""
    wanted, label = work.facts, str(work.archive.name)
    with closing(connection.connect(work.target, application_name="runner restore")) as conn:
        found = read_facts(work.open_history(conn), exclude=work.exclude)
    kept = f"{work.into} is left as it was restored, for you to look at; nothing else was touched."
    if found.schema != wanted.schema:
        raise CheckError(
            f"{work.into} differs from {label} when it was dumped",
            detail="\n".join((kept, unified_diff(wanted.schema, found.schema, label, work.into).rstrip())),
            hint=f"Restore another backup, or look into the difference; then: DROP DATABASE {quoted(work.into)}",
        )
    if not work.archive.name.schema_only and found.migrations != wanted.migrations:
        missing = [each for each in wanted.migrations if each not in found.migrations]
        raise CheckError(
            f"the history of {work.into} differs from that of {label} when it was dumped",
            detail=f"{', '.join(missing) or 'The order'} is missing. {kept}",
            hint=f"Restore another backup; then: DROP DATABASE {quoted(work.into)}",
        )
