"""`yoyo --database postgresql+runner://…`: the stock command over our way of applying and recording."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from yoyo import exceptions
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend

from runner.engine.apply.context import Work
from runner.engine.apply.run import check_plan, run_plan
from runner.engine.history.actor import Actor
from runner.engine.history.backend import TableBackend
from runner.engine.history.neighbours import has_entries
from runner.engine.history.store import History
from runner.engine.plan.comparison import Situation, compare
from runner.engine.plan.refuse import (
    edited_error,
    refuse_edited_half_way,
    refuse_partial,
    refuse_problems,
    refuse_python,
)
from runner.engine.plan.steps import Action, Plan, Step
from runner.errors import BusyError, RunnerError
from runner.files.migrations.load import python_migration, read_migration
from runner.files.migrations.migration import Kind, Migration
from runner.files.migrations.other_tools import refuse_foreign
from runner.progress.lines import Lines
from runner.report.failure import error_as_text
from runner.report.terminal import Style
from runner.server import connection
from runner.server.credentials import Target
from runner.session.beside import refusal, unadopted
from runner.settings import Secret, read_config


class FailedError(Exception):
    """An error of runner's, as the text that runner prints. yoyo passes over its own BadMigration without a word."""


class RunnerBackend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo has no types
    """yoyo's backend over runner's engine: migration lock, journal, retries, batches and errors are runner's."""

    def __init__(self, dburi: Any, migration_table: str) -> None:
        super().__init__(dburi, migration_table)
        self._asked: list[Path] = []
        self._actor = Actor.of({}, Path.cwd()).stored_by(self._connection)
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
        self._target = target
        return self._connect()

    def _connect(self) -> psycopg.Connection[Any]:
        return connection.connect(self._target, application_name="yoyo over runner")

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
            raise exceptions.LockTimeout(_text(error)) from error

    def to_apply(self, migrations: Any) -> Any:
        """Return what is not applied, as yoyo does; remember what was asked about."""
        self._asked = [Path(migration.path) for migration in migrations]
        return super().to_apply(migrations)

    def apply_migrations(self, migrations: Any, force: bool = False) -> None:  # noqa: FBT001, FBT002
        """Apply migrations, unless `runner migrate` would refuse the database or one that is applied already.

        Raises: FailedError.
        """
        try:
            if migrations:
                self._refuse_neighbours()
            self._refuse_edited()
        except RunnerError as error:
            raise FailedError(_text(error)) from error
        super().apply_migrations(migrations, force=force)

    def _refuse_neighbours(self) -> None:
        """Refuse a database that has tables and no history; the migration lock is held, so nobody begins one now."""
        config = read_config(Path.cwd())
        beside = os.environ.get("RUNNER_BESIDE_EXISTING") or config.get("beside_existing")
        if str(beside).lower() in _YES or has_entries(self._history):
            return
        ignore = (
            os.environ["RUNNER_IGNORE"].split() if "RUNNER_IGNORE" in os.environ else config.get("ignore", ())
        )
        found = unadopted(self._history, ignore)
        if found.tables:
            raise refusal(self._history.server.database, found, hint=_WAYS)

    def _refuse_edited(self) -> None:
        """Refuse to go on where an applied file was edited; warn of repeatables, which yoyo applies once only."""
        state, functions = (
            self._history.state(),
            Path.cwd() / read_config(Path.cwd()).get("functions_dir", "sql/functions"),
        )
        files = [
            _with_kind(path, functions)
            for path in self._asked
            if path.suffix == ".sql" and path.stem in state.applied
        ]
        comparison = compare(files, state)
        if edited := comparison.all_in(Situation.EDITED):
            raise edited_error(edited)
        for outdated in comparison.all_in(Situation.OUTDATED):
            _say(
                f"warning: {outdated.id} is outdated; yoyo applies a file once. Apply it again with: runner migrate"
            )

    def apply_one(self, migration: Any, force: bool = False, mark: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002
        """Apply a migration and record it as `runner migrate` does.

        Raises: FailedError with the text of runner's error.
        """
        self._run(Path(migration.path), Action.APPLY if mark else Action.HOOK)

    def rollback_one(self, migration: Any, force: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Undo a migration and record that as `runner rollback` does.

        Raises: FailedError, also when there is no rollback file: yoyo's own backend would only forget the migration.
        """
        self._run(Path(migration.path), Action.ROLLBACK)

    def _step(self, path: Path, action: Action) -> Step:
        if path.suffix != ".sql":
            refuse_python([python_migration(path, Path.cwd())])
        migration = read_migration(path, Path.cwd())
        script = migration.rollback if action is Action.ROLLBACK else migration.apply
        if script is None:
            raise RunnerError(f"{migration.id} has no rollback", detail="Nothing was changed.")
        refuse_problems(script.problems)
        return Step(action=action, id=migration.id, script=script, migration=migration)

    def _run(self, path: Path, action: Action) -> None:
        try:
            step, state = self._step(path, action), self._history.state()
            plan = Plan(steps=(step,))
            if action is Action.ROLLBACK:
                refuse_edited_half_way(state, plan.steps)
            elif step.migration is not None:
                refuse_foreign([step.migration], state.applied)
                refuse_partial(compare([step.migration], state))
            lines = Lines(lambda _: None, _say, os.environ)
            check_plan(plan, self._connection, lines)
            work = Work(history=self._history, actor=self._actor, emit=lines, connect=self._connect)
            run_plan(work, plan)
        except RunnerError as error:
            raise FailedError(_text(error)) from error


def _with_kind(path: Path, functions: Path) -> Migration:
    """Read a file; its folder makes it a repeatable, a kind that yoyo does not know."""
    migration = read_migration(path, Path.cwd())
    is_repeatable = path.absolute().is_relative_to(functions)
    return replace(migration, kind=Kind.REPEATABLE) if is_repeatable else migration


_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_WAYS = (
    "To adopt the database, recording what it has already: runner baseline. To migrate beside these tables, which stay as "
    'they are: RUNNER_BESIDE_EXISTING=1. Tables that are not this project\'s: ignore = ["table:schema.*"] in runner.toml'
)


def _text(error: RunnerError) -> str:
    return error_as_text(error, Style(colour=False))


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
