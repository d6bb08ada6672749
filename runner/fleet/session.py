"""One database of the project: its files, its history, and a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from runner import connection
from runner.credentials import Target
from runner.errors import RunnerError, UnreachableError
from runner.history import Actor, History, State
from runner.migrations import Kind, Layout, Migration, Script, find_layouts, load, script_from_history
from runner.settings import Settings


@dataclass(slots=True)
class Session:
    """One database, open."""

    layout: Layout
    files: list[Migration]
    target: Target
    history: History
    state: State

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The one connection of this session."""
        return self.history.connection

    @property
    def title(self) -> str:
        """What to call the database in output."""
        return self.layout.name or self.target.name

    @property
    def place(self) -> str:
        """Where the database is, for people."""
        return f"{self.target.name} on {self.target.address}"

    def refresh(self) -> None:
        """Read history again."""
        self.state = self.history.state()

    def stored_sql(self, id_: str) -> str | None:
        """Return the SQL of an applied migration as it was applied."""
        stored = self.history.stored_sql(id_)
        return None if stored is None else stored.sql

    def stored_rollback(self, id_: str) -> Script | None:
        """Return the undoing SQL that history keeps."""
        stored = self.history.stored_sql(id_)
        if stored is None or stored.rollback_sql is None:
            return None
        return script_from_history(id_, stored.rollback_sql, transactional=stored.rollback_transactional)


def read_files(settings: Settings) -> list[tuple[Layout, list[Migration]]]:
    """Read the files of every database that the settings choose, before any database is touched.

    Raises: ConfigurationError, UsageError, FileError.
    """
    return [(layout, load(layout, settings.project)) for layout in find_layouts(settings)]


@contextmanager
def open_sessions(settings: Settings, *, say: Callable[[str], None]) -> Iterator[list[Session]]:
    """Connect to every database that the settings choose; all files are read first.

    Raises: FileError and its kin, CredentialsError, UnreachableError.
    """
    found = read_files(settings)
    with ExitStack() as stack:
        yield [
            stack.enter_context(open_session(settings, layout, files, only=len(found) == 1, say=say))
            for layout, files in found
        ]


@contextmanager
def open_session(
    settings: Settings, layout: Layout, files: list[Migration], *, only: bool, say: Callable[[str], None]
) -> Iterator[Session]:
    """Connect to one database and read its history."""
    target = connection.locate(settings, layout.name, only=only, say=say)
    with open_target(settings, layout, files, target) as session:
        session.connection.add_notice_handler(lambda notice: _pass_on(notice, say))
        yield session


@contextmanager
def open_target(
    settings: Settings, layout: Layout, files: list[Migration], target: Target
) -> Iterator[Session]:
    """Connect to a database that is known."""
    try:
        with connection.connect(target) as conn:
            history = History(conn, schema=settings.history_schema, migration_table=settings.migration_table)
            yield Session(layout=layout, files=files, target=target, history=history, state=history.state())
    except psycopg.OperationalError as error:
        raise UnreachableError(
            f"the connection to {target.name} at {target.address} was lost",
            detail=str(error).strip().splitlines()[0]
            + ". What had not committed is rolled back; history knows what had.",
            hint="Run the same command again.",
        ) from error
    except psycopg.Error as error:
        raise RunnerError(
            f"{target.name}: {error.diag.message_primary or error}",
            detail=error.diag.message_detail,
            hint=error.diag.message_hint,
            sqlstate=error.sqlstate,
        ) from error


def _pass_on(notice: psycopg.errors.Diagnostic, say: Callable[[str], None]) -> None:
    """Show what the server remarks while files run, as psql would."""
    if notice.severity_nonlocalized in {"NOTICE", "WARNING"}:
        say(f"  {notice.severity_nonlocalized.lower()}: {notice.message_primary}")


def actor_of(settings: Settings) -> Actor:
    """Return who runs this."""
    return Actor.of(settings.environ, settings.project)


def versioned(files: Sequence[Migration]) -> list[Migration]:
    """Return the files that count as steps: all but hooks."""
    return [m for m in files if m.kind is not Kind.HOOK]
