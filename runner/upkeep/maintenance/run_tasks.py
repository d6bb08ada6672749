"""Run the tasks of one database, each with time limits, and give way to a migration."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row

from runner.errors import BusyError
from runner.events import Emit, TaskDone
from runner.limits import Limits
from runner.upkeep.maintenance.give_way import Courtesy
from runner.upkeep.maintenance.tasks import Index, Kind, Table, Task, Thresholds, index_tasks, table_tasks

_QUERIES = Path(__file__).with_name("queries")
_CONCURRENT = {Kind.DROP, Kind.REINDEX}

Connection = psycopg.Connection[Any]
T = TypeVar("T")


class State(StrEnum):
    """The outcome of a task."""

    DONE = "done"
    PLANNED = "planned"  # a dry run
    SKIPPED = "skipped"  # our role may not do it
    LOCKED = "locked"  # another session held the lock
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """The work on one database."""

    database: str  # its name, for people
    connection: Connection
    limits: Limits
    thresholds: Thresholds
    clean_up: tuple[Task, ...]
    unfinished: bool  # a migration is partly applied
    emit: Emit

    def plan(self) -> list[TaskDone]:
        """Yield the tasks that would be done; after a clean-up there may be more."""
        tasks = [*self.clean_up, *self._table_tasks(), *self._index_tasks()]
        results = [
            self._done(task, State.SKIPPED if task.obstacle else State.PLANNED, message=task.obstacle)
            for task in tasks
        ]
        for result in results:
            self.emit(result)
        return results

    def run(self, courtesy: Courtesy) -> list[TaskDone]:
        """Run all tasks; each stage checks the result of the one before.

        Raises: BusyError if it gave way; psycopg.OperationalError if the connection was lost.
        """
        results: list[TaskDone] = []
        results += self._each(self.clean_up, courtesy)
        self._count_now()
        results += self._each(self._table_tasks(), courtesy)
        results += self._each(self._index_tasks(), courtesy)
        if any(each.state == State.FAILED and each.kind == Kind.REINDEX.value for each in results):
            leftovers = [task for task in self._index_tasks() if task.kind is Kind.DROP]
            results += self._each(leftovers, courtesy)
        return results

    def _each(self, tasks: Iterable[Task], courtesy: Courtesy) -> list[TaskDone]:
        results = []
        for task in tasks:
            if courtesy.is_called_for:
                raise _gave_way(task, begun=False)
            result = self._do(task, courtesy)
            self.emit(result)
            results.append(result)
        return results

    def _do(self, task: Task, courtesy: Courtesy) -> TaskDone:
        if task.obstacle is not None:
            return self._done(task, State.SKIPPED, message=task.obstacle)
        started = time.monotonic()
        state, message = State.DONE, None
        try:
            self._set_limits(task)
            message = self._execute(task)
        except psycopg.errors.LockNotAvailable as error:
            state, message = State.LOCKED, error.diag.message_primary
        except psycopg.errors.QueryCanceled as error:
            if courtesy.is_called_for:
                raise _gave_way(task, begun=True) from error
            state, message = State.FAILED, error.diag.message_primary
        except psycopg.Error as error:
            if self.connection.closed:
                raise
            state, message = State.FAILED, error.diag.message_primary or str(error)
        return self._done(task, state, message=message, elapsed_s=time.monotonic() - started)

    def _done(self, task: Task, state: State, *, message: str | None, elapsed_s: float = 0.0) -> TaskDone:
        return TaskDone(
            database=self.database,
            kind=task.kind.value,
            subject=task.subject,
            state=state,
            reason=task.reason,
            sql=task.statement,
            size_bytes=task.size_bytes,
            message=message,
            elapsed_s=elapsed_s,
        )

    def _count_now(self) -> None:
        """Make the server count the clean-up's changes at once, not within a minute; before 15 the next run sees them."""
        if self.clean_up and self.connection.info.server_version >= 150000:
            self.connection.execute("SELECT pg_catalog.pg_stat_force_next_flush()")

    def _execute(self, task: Task) -> str | None:
        """Run a statement; return the one row that a procedure returns."""
        cursor = self.connection.execute(task.statement.encode())
        row = cursor.fetchone() if cursor.description else None
        if row is None or cursor.description is None:
            return None
        return ", ".join(
            f"{column.name} {value}" for column, value in zip(cursor.description, row, strict=True)
        )

    def _set_limits(self, task: Task) -> None:
        """Set the limits; CONCURRENTLY blocks nobody while it waits, so only its total time is limited."""
        concurrent = task.kind in _CONCURRENT
        lock_ms = 0 if concurrent else self.limits.lock_timeout_ms
        whole_ms = self.limits.concurrently_timeout_ms if concurrent else self.limits.statement_timeout_ms
        self.connection.execute(
            "SELECT pg_catalog.set_config('lock_timeout', %s, false), pg_catalog.set_config('statement_timeout', %s, false)",
            [str(lock_ms), str(whole_ms)],
        )

    def _table_tasks(self) -> Iterator[Task]:
        return table_tasks(self._ask("tables", Table), self.thresholds)

    def _index_tasks(self) -> Iterator[Task]:
        return index_tasks(self._ask("indexes", Index), self.thresholds, unfinished=self.unfinished)

    def _ask(self, name: str, row: type[T]) -> list[T]:
        with self.connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute((_QUERIES / f"{name}.sql").read_bytes()).fetchall()


def _gave_way(task: Task, *, begun: bool) -> BusyError:
    left = (
        f"{task.kind.value} {task.subject} was canceled; the next run removes what it left."
        if begun
        else f"{task.kind.value} {task.subject} was not begun."
    )
    return BusyError(
        "maintenance gave way to a run that waits for the migration lock",
        detail=f"{left} What was reported before is done.",
        hint="Run the same command again when that run has finished.",
    )
