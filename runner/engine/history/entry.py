"""`yoyo --database postgresql+runner://…`: the stock command over our way of applying and recording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
from yoyo import exceptions
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend

from runner.engine.history.actor import Actor
from runner.engine.history.message import Record, after, before, recording, reset_session
from runner.engine.history.state import Operation
from runner.engine.history.store import History
from runner.errors import BusyError, RunnerError
from runner.files.migrations.load import read_script
from runner.files.migrations.migration import Kind, Script
from runner.files.migrations.other_tools import foreign_mark
from runner.files.migrations.units import Segment, check_script, segments, units
from runner.server import connection
from runner.server.credentials import Target
from runner.settings import Secret


class RunnerBackend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo has no types
    """yoyo's backend with one connection, an advisory lock, and each migration recorded where it is applied."""

    def __init__(self, dburi: Any, migration_table: str) -> None:
        super().__init__(dburi, migration_table)
        self._actor = Actor.of({}, Path.cwd())
        self._history = History(self._connection, schema=self.schema, migration_table=migration_table)

    def connect(self, dburi: Any) -> psycopg.Connection[Any]:
        """Connect with our time limits; yoyo's `?schema=` names history's schema."""
        given = {"dbname": dburi.database, "user": dburi.username, "host": dburi.hostname, "port": dburi.port}
        self.schema = dburi.args.pop("schema", None)
        target = Target(
            parameters={**{key: str(value) for key, value in given.items() if value}, **dburi.args},
            password=None if dburi.password is None else Secret(dburi.password),
            source="yoyo's database URL",
        )
        return connection.connect(target, application_name="yoyo over runner")

    def init_connection(self, connection: Any) -> None:
        """Leave the session as it is."""

    def init_database(self) -> None:
        """Create the tables without yoyo's probing, which leaves errors in the server's log."""
        self._history.create_tables(self._actor)

    def ensure_internal_schema_updated(self) -> None:
        """Do nothing: `init_database` did it."""

    @property
    def migration_table_quoted(self) -> str:
        """The qualified name of yoyo's table of what is applied."""
        return self._history.names.table(self.migration_table).as_string(None)

    @property
    def log_table_quoted(self) -> str:
        """The qualified name of yoyo's log."""
        return self._history.names.table(self.log_table).as_string(None)

    @property
    def lock_table_quoted(self) -> str:
        """The qualified name of yoyo's lock table."""
        return self._history.names.table(self.lock_table).as_string(None)

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, Any]:
        """Return a row of yoyo's log without asking the user database or DNS."""
        from runner.engine.history.backend import TableBackend

        return TableBackend(self._connection, self._history.names, self._actor).get_log_data(
            migration, operation
        )

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:
        """Hold the migration lock; another runner or yoyo is waited for.

        Raises: LockTimeout, yoyo's own, after `timeout` seconds.
        """
        try:
            with self._history.lock(wait_s=timeout) as state:
                self._history.wait_for_yoyo(state, wait_s=timeout)
                yield
        except BusyError as error:
            raise exceptions.LockTimeout(f"{error.message}: {error.detail}") from error

    def apply_one(self, migration: Any, force: bool = False, mark: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002
        """Apply a migration and record it in one transaction."""
        path = Path(migration.path)
        script, directives = read_script(path, Path.cwd())
        undo_path = path.with_suffix(".rollback.sql")
        undo = read_script(undo_path, Path.cwd())[0].text if undo_path.exists() else None
        record = Record(
            id=migration.id,
            operation=Operation.APPLY if mark else Operation.HOOK,
            kind=(Kind.VERSIONED if mark else Kind.HOOK).value,
            checksum=script.checksum,
            text=script.text,
            rollback_text=undo,
        )
        self._run(directives.applied_to(script, transactional=directives.transactional is not False), record)

    def rollback_one(self, migration: Any, force: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Undo a migration and record that in one transaction.

        Raises: RunnerError when it has no rollback file; yoyo's own backend would only forget it.
        """
        path = Path(migration.path).with_suffix(".rollback.sql")
        if not path.exists():
            raise RunnerError(f"{migration.id} has no rollback", detail="Nothing was changed.")
        script, directives = read_script(path, Path.cwd())
        forward = read_script(Path(migration.path), Path.cwd())[1]
        own = directives.transactional
        record = Record(
            id=migration.id, operation=Operation.ROLLBACK, checksum=script.checksum, text=script.text
        )
        transactional = (forward.transactional is not False) if own is None else own
        self._run(directives.applied_to(script, transactional=transactional), record)

    def _run(self, script: Script, record: Record) -> None:
        names, conn = self._history.names, self._connection
        if script.batch is not None or script.copies:
            raise RunnerError(
                f"{record.id} has a batch or copy directive, which yoyo does not know",
                where=script.location(0),
                detail="It would have no effect. Nothing was changed.",
                hint="Apply it with: runner migrate",
            )
        check_script(script)
        if (foreign := foreign_mark(script)) is not None:
            raise foreign
        if not script.transactional:
            for segment in chain.from_iterable(unit.segments() for unit in units(script)):
                self._send(segment)
            ending = b"; ".join(
                (reset_session().rstrip(b"; "), b"BEGIN", recording(names, record, self._actor), b"COMMIT")
            )
            conn.execute(ending)
            return
        found = segments(script)
        first = next(found, None)
        streams = first is not None and first.copy_data is not None
        second = None if streams else next(found, None)
        head, _ = before(names, script.settings)
        tail = after(names, record, self._actor)
        try:
            if second is None and not streams:
                conn.execute(head + (b"" if first is None else first.text.encode()) + tail)
                return
            conn.execute(head)
            for segment in chain(filter(None, (first, second)), found):
                self._send(segment)
            conn.execute(tail)
        except (psycopg.Error, RunnerError):
            if not conn.closed:
                conn.execute("ROLLBACK")
            raise

    def _send(self, segment: Segment) -> None:
        if segment.copy_data is None:
            self._connection.execute(segment.text.encode())
            return
        with self._connection.cursor() as cursor, cursor.copy(segment.text.encode()) as stream:
            for piece in segment.data():
                stream.write(piece.encode())
