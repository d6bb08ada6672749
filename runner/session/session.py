"""One database of the project: its files, its history, and a connection."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from runner.engine.history.state import State
from runner.engine.history.store import History
from runner.engine.plan import EditedError, Plan, plan_apply, plan_rollback, without_rollback
from runner.errors import (
    BusyError,
    RunnerError,
    UnreachableError,
    about,
)
from runner.events import INFO, WARNING, Emit, Notice, silent
from runner.files.migrations.layout import Layout, find_layouts, which_of
from runner.files.migrations.load import load, script_from_history
from runner.files.migrations.migration import Kind, Migration, Script
from runner.files.migrations.other_tools import refuse_foreign
from runner.limits import Limits
from runner.redaction import redacted
from runner.server import connection
from runner.server.credentials import Target
from runner.settings import Settings

if TYPE_CHECKING:
    from runner.engine.history.actor import Actor

_WATCH_LIMITS = Limits(statement_timeout_ms=3_000)
_WATCH_CONNECT_TIMEOUT_S = 3
_RECONNECT_PAUSE_S = (0.1, 0.5)


@dataclass(slots=True)
class Session:
    """One database, open."""

    layout: Layout
    project: Path
    files: list[Migration]
    target: Target
    history: History
    state: State
    connect: Callable[[], psycopg.Connection[Any]]

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

    @contextmanager
    def locked(self, actor: Actor, *, wait_s: float, emit: Emit = silent) -> Iterator[None]:
        """Hold the migration lock, with history's tables made and its state read under it.

        Raises: BusyError if another runner, or a yoyo, is running for longer than `wait_s` seconds.
        """
        with self.history.lock(wait_s=wait_s, emit=emit) as state:
            if self.history.create_tables(actor):
                state = self.history.state()
            self.state = self.history.wait_for_yoyo(state, wait_s=wait_s, emit=emit)
            yield

    def refresh(self) -> None:
        """Read history again."""
        self.state = self.history.state()

    def reconnect(self, *, wait_s: float, lost: Exception) -> None:
        """Connect again, trying for `wait_s` seconds; wait for a standby, too, as it may be about to be promoted.

        Raises: UnreachableError when the server does not come back in time; CredentialsError or ConfigurationError
        when it comes back and refuses us.
        """
        deadline = time.monotonic() + wait_s
        while True:
            try:
                self.history.use(self.connect())
                if not self.history.server.in_recovery:
                    return
                self.connection.close()
                raise UnreachableError("the server that answers is a standby")
            except (UnreachableError, psycopg.OperationalError) as error:
                if time.monotonic() >= deadline:
                    raise UnreachableError(
                        f"the connection to {self.place} was lost, and the server did not come back in {wait_s:g} s",
                        detail=f"Lost: {_first_line(lost)}. Now: {_first_line(error)}."
                        " What had not committed is rolled back; history knows what had.",
                        hint="Run the same command again when the server is back, or wait longer with --reconnect-wait.",
                    ) from lost
            time.sleep(random.uniform(*_RECONNECT_PAUSE_S))  # noqa: S311 - not a secret

    def connect_watch(self) -> psycopg.Connection[Any]:
        """Open a second session that looks at what the first one does."""
        return connection.connect(
            self.target,
            application_name="runner watch",
            limits=_WATCH_LIMITS,
            connect_timeout_s=_WATCH_CONNECT_TIMEOUT_S,
        )

    def stored_sql(self, id_: str) -> str | None:
        """Return the SQL of an applied migration as it was applied."""
        stored = self.history.stored_sql(id_)
        return None if stored is None else stored.sql

    def plan_apply(
        self, *, to: str | None = None, steps: int | None = None, allow_out_of_order: bool = False
    ) -> Plan:
        """Choose what is pending; of an edited file the error notes how it differs from what history keeps.

        Raises: as `runner.engine.plan.plan_apply`.
        """
        try:
            return plan_apply(
                self.files, self.state, to=to, steps=steps, allow_out_of_order=allow_out_of_order
            )
        except EditedError as error:
            kept = (
                self.history.begun_sql(error.migration_id)
                if error.is_begun
                else self.stored_sql(error.migration_id)
            )
            error.note_difference(kept)
            raise

    def plan_rollback(
        self, *, to: str | None = None, steps: int | None = None, everything: bool = False
    ) -> Plan:
        """Choose what to undo, with the undoing SQL of history where there is no file.

        Raises: as `runner.engine.plan.plan_rollback`.
        """
        ids = without_rollback(self.files, self.state, to=to, steps=steps, everything=everything)
        stored = {id_: script for id_ in ids if (script := self._stored_rollback(id_)) is not None}
        return plan_rollback(self.files, self.state, to=to, steps=steps, everything=everything, stored=stored)

    def _stored_rollback(self, id_: str) -> Script | None:
        stored = self.history.stored_sql(id_)
        if stored is None or stored.rollback_sql is None:
            return None
        return script_from_history(
            f"{id_}.rollback",
            stored.rollback_sql,
            transactional=stored.rollback_transactional,
            project=self.project,
        )


def read_files(settings: Settings) -> list[tuple[Layout, list[Migration]]]:
    """Read the files of every database that the settings choose, before any database is touched.

    Raises: ConfigurationError, UsageError, FileError.
    """
    return [(layout, load(layout, settings.project)) for layout in find_layouts(settings)]


@contextmanager
def open_sessions(settings: Settings, *, emit: Emit) -> Iterator[list[Session]]:
    """Connect to every database that the settings choose; all files are read first.

    Raises: FileError and its kin, CredentialsError, UnreachableError.
    """
    found = read_files(settings)
    with ExitStack() as stack:
        sessions = []
        for layout, files in found:
            with about(layout.name):
                opened = open_session(settings, layout, files, only=len(found) == 1, emit=emit)
                sessions.append(stack.enter_context(opened))
        with about(found[0][0].name if len(found) == 1 else None):
            yield sessions


@contextmanager
def open_session(
    settings: Settings, layout: Layout, files: list[Migration], *, only: bool, emit: Emit
) -> Iterator[Session]:
    """Connect to one database and read its history."""
    target = connection.locate(settings, layout.name, only=only, emit=emit)
    with open_target(
        settings,
        layout,
        files,
        target,
        on_notice=lambda notice: _pass_on(notice, layout.name or target.name, emit),
    ) as session:
        yield session


@contextmanager
def open_target(
    settings: Settings,
    layout: Layout,
    files: list[Migration],
    target: Target,
    *,
    on_notice: Callable[[psycopg.errors.Diagnostic], None] | None = None,
) -> Iterator[Session]:
    """Connect to a database that is known.

    Raises: FileError for a file of another tool that is not applied; as connecting does.
    """
    limits = settings.limits

    def connect() -> psycopg.Connection[Any]:
        conn = connection.connect(target, limits=limits, session_pool=settings.session_pool)
        if on_notice is not None:
            conn.add_notice_handler(on_notice)
        return conn

    with explained(target), closing(connect()) as first:
        history = History(
            first,
            schema=settings.history_schema,
            migration_table=settings.migration_table,
            session_pool=settings.session_pool,
            may_begin=target.names_schema,
        )
        own = target.parameters.get("options", "")
        if history.server.ends_transactions and "transaction_timeout" not in own:
            # by default of the role or the database; older servers refuse a connection that names the setting
            limits = replace(limits, transaction_timeout_ms=0)
            history.connection.close()
            history.use(connect())
        try:
            state = history.state()
            refuse_foreign(files, state.applied)
            yield Session(
                layout=layout,
                project=settings.project,
                files=files,
                target=target,
                history=history,
                state=state,
                connect=connect,
            )
        finally:
            history.connection.close()


@contextmanager
def explained(target: Target) -> Iterator[None]:
    """Turn what the driver raises into errors that say what is the matter with which database.

    Raises: BusyError, UnreachableError, RunnerError.
    """
    try:
        yield
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
        raise BusyError(
            f"another session locks a table that this needs, of {target.name} at {target.address}",
            detail=_first_line(error) + ". The statement was rolled back; history knows what had committed.",
            hint="Run the same command again when that session is done; runner health long_transactions shows whose it is.",
            sqlstate=error.sqlstate,
        ) from error
    except psycopg.OperationalError as error:
        raise UnreachableError(
            f"the connection to {target.name} at {target.address} was lost",
            detail=_first_line(error) + ". What had not committed is rolled back; history knows what had.",
            hint="Run the same command again.",
        ) from error
    except psycopg.Error as error:
        raise RunnerError(
            f"{target.name}: {error.diag.message_primary or error}",
            detail=error.diag.message_detail,
            hint=error.diag.message_hint,
            sqlstate=error.sqlstate,
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _pass_on(notice: psycopg.errors.Diagnostic, database: str, emit: Emit) -> None:
    """Show what the server remarks while files run, as psql would."""
    severity = (notice.severity_nonlocalized or "").lower()
    if severity not in {"notice", "warning", "info"}:
        return
    parts = {
        name: text if text is None else redacted(text)
        for name, text in (("detail", notice.message_detail), ("hint", notice.message_hint))
    }
    primary = redacted(notice.message_primary or "")
    more = "".join(f"\n    {name}: {text}" for name, text in parts.items() if text)
    emit(
        Notice(
            name="server.notice",
            message=f"{severity}: {primary}{more}",
            level=WARNING if severity == "warning" else INFO,
            database=database,
            facts={
                "severity": severity,
                "sqlstate": notice.sqlstate,
                "text": primary,
                **{name: text for name, text in parts.items() if text},
            },
            indent="  ",
        )
    )


def versioned(files: Sequence[Migration]) -> list[Migration]:
    """Return the files that count as steps: all but hooks."""
    return [m for m in files if m.kind is not Kind.HOOK]


@contextmanager
def one_session(settings: Settings, emit: Emit) -> Iterator[Session]:
    """Open the one database that the command is for.

    Raises: ConfigurationError when the project has several and none is named.
    """
    with open_sessions(settings, emit=emit) as sessions:
        if len(sessions) > 1:
            raise which_of((session.title for session in sessions), "Nothing was changed.")
        yield sessions[0]
