"""Restore a backup into a database of its own, and hold it against what was dumped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto
from subprocess import PIPE
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from runner import catalog, connection
from runner.backup import script
from runner.backup.archive import Archive
from runner.backup.facts import read_facts
from runner.backup.manifest import Facts, Locale
from runner.backup.programs import Program, major_of
from runner.errors import CheckError, ConfigurationError, CredentialsError, RunnerError, StoppedError
from runner.events import Event, Say

if TYPE_CHECKING:
    from runner.credentials import Target
    from runner.history import History

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
    """Connect to a database of the server that is nobody's.

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
    """What there was to restore into."""

    MADE = auto()  # nothing: it was made
    EMPTY = auto()
    FILLED = auto()  # an earlier run restored it, or so it seems


def restore(work: Restoring, *, validate: bool, resume: bool, say: Say) -> None:
    """Check the archive, restore it into a database that is new or empty, and compare what came out.

    Nothing that existed before is dropped or changed. A database that was made here is dropped when the
    restore fails, and kept when only the comparison does. With `resume` a database that is what the archive
    would make of it counts as restored.

    Raises: RunnerError and its kinds; CheckError when the restored database is not as it was dumped.
    """
    made_by = major_of(work.archive.manifest.pg_dump_version)
    work.pg_restore.require(made_by, "the archive was made by")
    say(_step("restore.checking", f"{work.archive.label}: comparing with its checksum", work))
    work.archive.require_intact()
    with administration(work.server) as admin:
        by_script = script.is_needed(work.pg_restore, server=admin.info.server_version // 10_000)
        _require_jobs(work, by_script=by_script)
        _require_roles(admin, work.facts)
        begun = _begin(admin, work, resume=resume)
        if begun is Begun.FILLED:
            message = f"{work.into} is not empty: taking it for restored if it is what was dumped"
            say(_step("restore.found_done", message, work))
        else:
            _fill(admin, work, begun, say, by_script=by_script)
    if validate or begun is Begun.FILLED:
        say(_step("restore.comparing", f"comparing {work.into} with what was dumped", work))
        _validate(work)


def _step(name: str, message: str, work: Restoring) -> Event:
    return Event(name=name, message=message, facts={"archive": work.archive.label, "into": work.into})


def _fill(
    admin: psycopg.Connection[Any], work: Restoring, begun: Begun, say: Say, *, by_script: bool
) -> None:
    say(_step("restore.filling", f"restoring into {work.into}", work))
    try:
        _run(work, begun, by_script=by_script)
        with closing(connection.connect(work.target, application_name="runner restore")) as conn:
            conn.execute("ANALYZE")
    except BaseException as error:
        if begun is Begun.MADE:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(work.into)))
        if isinstance(error, KeyboardInterrupt):
            raise StoppedError.by(error, during="the restore", detail=_left(work, begun)) from error
        raise


def _left(work: Restoring, begun: Begun) -> str:
    if begun is Begun.MADE:
        return f"The database {work.into} was made for it and is dropped again; nothing else was touched."
    return f"The database {work.into} was empty before and may now hold a part; nothing else was touched."


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
            hint="Make them first, with CREATE ROLE …; a group needs no password.",
        )


def _begin(admin: psycopg.Connection[Any], work: Restoring, *, resume: bool) -> Begun:
    """Make the database, or see that it is there and empty."""
    found = admin.execute("SELECT FROM pg_catalog.pg_database WHERE datname = %s", [work.into]).fetchone()
    if found is None:
        _create(admin, work.into, work.facts.locale)
        return Begun.MADE
    with closing(connection.connect(work.target, application_name="runner restore")) as conn:
        row = conn.execute(_NOT_EMPTY.encode()).fetchone()
    if row is not None and not row[0]:
        return Begun.EMPTY
    if not resume:
        raise ConfigurationError(
            f"the database {work.into} is not empty",
            detail="A backup is restored into a new database, so that nothing is overwritten. Nothing was changed.",
            hint="Name another one with --into.",
        )
    return Begun.FILLED


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
            f"the role may not create the database {name}",
            detail="Nothing was changed.",
            hint="ALTER ROLE … CREATEDB; or have an empty database made, and name it with --into.",
        ) from error
    except psycopg.Error as error:
        raise RunnerError(
            f"cannot create the database {name}: {error.diag.message_primary or error}",
            detail=f"It would have encoding {locale.encoding} and locale {locale.icu or locale.collate}, as the one that was "
            "dumped. Nothing was changed.",
            hint="Make an empty database that fits this server, and name it with --into.",
            sqlstate=error.sqlstate,
        ) from error


def _require_jobs(work: Restoring, *, by_script: bool) -> None:
    if work.jobs == 1:
        return
    if work.archive.path is None:
        raise ConfigurationError(
            "only an archive in a folder can be restored by several jobs",
            detail="From S3 it comes as one stream. Nothing was restored.",
            hint="Copy it, and its manifest, into a folder first; or leave --jobs out.",
        )
    if by_script:
        raise ConfigurationError(
            f"pg_restore {work.pg_restore.version} cannot restore by several jobs into a server that is older than 17",
            detail="It sets transaction_timeout, which that does not know; one job goes by way of psql. Nothing was restored.",
            hint="Leave --jobs out.",
        )


def _run(work: Restoring, begun: Begun, *, by_script: bool) -> None:
    name = work.into.replace("\\", r"\\").replace("'", r"\'")
    dbname, what, state = f"--dbname=dbname='{name}'", f"pg_restore failed on {work.into}", _left(work, begun)
    if by_script:
        script.restore(
            work.archive, work.pg_restore, work.psql(), work.target, dbname=dbname, what=what, state=state
        )
        return
    whole = ["--single-transaction"] if work.jobs == 1 else [f"--jobs={work.jobs}"]
    arguments = ["--exit-on-error", "--no-password", *whole, dbname]
    path = work.archive.path
    if path is not None:
        arguments.append(str(path))
    with work.pg_restore.running(arguments, target=work.target, stdin=PIPE) as running:
        running.feed_all(work.archive.chunks() if path is None else ())
        running.require_success(what, state=state, hint="Correct what pg_restore names, and restore again.")


def _validate(work: Restoring) -> None:
    """Compare catalogue and history with what they were in the snapshot that was dumped."""
    wanted, label = work.facts, str(work.archive.name)
    with closing(connection.connect(work.target, application_name="runner restore")) as conn:
        found = read_facts(work.open_history(conn), exclude=work.exclude)
    kept = f"{work.into} is left as it was restored, for you to look at; nothing else was touched."
    if found.schema != wanted.schema:
        raise CheckError(
            f"{work.into} is not as {label} was when it was dumped",
            detail="\n".join(
                (kept, catalog.unified_diff(wanted.schema, found.schema, label, work.into).rstrip())
            ),
            hint=f'Restore another backup, or look into the difference; then: DROP DATABASE "{work.into}"',
        )
    if not work.archive.name.schema_only and found.migrations != wanted.migrations:
        missing = [each for each in wanted.migrations if each not in found.migrations]
        raise CheckError(
            f"the history of {work.into} is not as {label} was when it was dumped",
            detail=f"{', '.join(missing) or 'The order'} is missing. {kept}",
            hint=f'Restore another backup; then: DROP DATABASE "{work.into}"',
        )
