"""What running a plan needs: the database, the callbacks, the limits, and the watch over what is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from runner.engine.history.actor import Actor
from runner.engine.history.journal import Direction
from runner.engine.history.message import Record
from runner.engine.history.names import Names
from runner.engine.history.state import Operation
from runner.engine.history.store import History
from runner.engine.plan import Action, Step
from runner.errors import GaveWayError, MigrationFailedError, RolledBack, TableLockedError
from runner.events import Emit, Waiting, silent
from runner.files.migrations.migration import Kind, Script
from runner.limits import DEFAULT, Limits
from runner.server.watch import Watch
from runner.server.watch.phrases import blocker, wanted
from runner.wording import counted

_CANCELLED = "57014"


@dataclass(slots=True, kw_only=True)
class Work:
    """One run over one database."""

    history: History
    actor: Actor
    emit: Emit = silent
    limits: Limits = DEFAULT
    lock_wait_s: float = 60.0  # for what an interrupted run left at work
    connect: Callable[[], psycopg.Connection[Any]] | None = (
        None  # a further session, for statements in parallel
    )
    watch: Watch = field(default_factory=Watch.off)

    @property
    def conn(self) -> psycopg.Connection[Any]:
        """The session that holds the migration lock."""
        return self.history.connection

    @property
    def names(self) -> Names:
        """Where history is."""
        return self.history.names

    def settings(self, script: Script) -> Mapping[str, str]:
        """Return what is set for this file; through a pool, our limits too: RESET ALL brings back the pool's own."""
        if not self.history.session_pool:
            return script.settings
        return {name: f"{value}ms" for name, value in self.limits.settings().items()} | dict(script.settings)

    def retries(self, script: Script) -> int:
        """Return how often this file is tried again when it meets a lock."""
        return self.limits.lock_retries if script.lock_retries is None else script.lock_retries

    def watched(
        self,
        what: str,
        *,
        conn: psycopg.Connection[Any] | None = None,
        gives_way: Script | None = None,
    ) -> AbstractContextManager[None]:
        """Watch what is sent meanwhile, over the session with the migration lock or another; say as `what` what it is.

        It gives way to those who queue behind it as the file `gives_way` says.
        """
        other = None if conn is None or conn is self.conn else conn.info.backend_pid
        limit = None if gives_way is None else gives_way.max_blocked
        if limit is None and gives_way is not None:
            limit = self.limits.max_blocked
        pid = self.history.server.backend_pid if other is None else other
        return watched(
            self.watch, what, pid=pid, max_blocked=limit or 0, lock_timeout_s=self._lock_timeout_s(gives_way)
        )

    def _lock_timeout_s(self, script: Script | None) -> float:
        own = None if script is None else script.settings.get("lock_timeout")
        given = self.limits.lock_timeout_ms if own is None else int(own.removesuffix("ms"))
        return given / 1000

    def concurrently_timeout_ms(self, script: Script) -> int:
        """Return how long a CONCURRENTLY statement of this file may take."""
        own = script.concurrently_timeout_ms
        return self.limits.concurrently_timeout_ms if own is None else own


_OPERATIONS = {
    Action.APPLY: Operation.APPLY,
    Action.REAPPLY: Operation.APPLY,
    Action.HOOK: Operation.HOOK,
    Action.ROLLBACK: Operation.ROLLBACK,
}


_WHAT = {Action.ROLLBACK: "rollback", Action.REAPPLY: "repeatable", Action.HOOK: "hook"}


def rolled_back(step: Step, *, later: int = 0) -> RolledBack:
    """Return what is left of a step that is one transaction, when it fails."""
    return RolledBack(_WHAT.get(step.action, "migration"), step.id, later)


def direction_of(step: Step) -> Direction:
    """Return which of the migration's two files the step runs."""
    return Direction.ROLLBACK if step.action is Action.ROLLBACK else Direction.APPLY


def record_of(step: Step, elapsed_ms: int, *, rows: int | None = None) -> Record:
    """Return the record of a finished step."""
    migration = step.migration
    undo = None if migration is None or migration.irreversible is not None else migration.rollback
    rolls_back = step.action is Action.ROLLBACK
    return Record(
        id=step.id,
        operation=_OPERATIONS[step.action],
        again=step.action is Action.REAPPLY,
        kind=(migration.kind if migration is not None else Kind.VERSIONED).value,
        checksum=step.script.checksum,
        text=step.script.text,
        rollback_text=None if rolls_back or undo is None else undo.text,
        rollback_transactional=undo is None or undo.transactional,
        rows=rows,
        elapsed_ms=elapsed_ms,
    )


@contextmanager
def watched(
    watch: Watch, what: str, *, pid: int, max_blocked: int = 0, lock_timeout_s: float | None = None
) -> Iterator[None]:
    """Watch what is sent to the server process `pid` meanwhile; 0 for `max_blocked` never gives way.

    Raises: GaveWayError when it was canceled because that many sessions waited behind it.
    """
    with watch.over(what, pid=pid, max_blocked=max_blocked or None, lock_timeout_s=lock_timeout_s) as message:
        try:
            yield
        except TableLockedError as error:
            if message.waited_for is not None:
                error.notes.append(_waited(message.waited_for))
            raise
        except MigrationFailedError as error:
            if message.gave_way is None or error.sqlstate != _CANCELLED:
                raise
            raise GaveWayError(
                f"gave way: {counted(message.gave_way, 'session was', 'sessions were')} waiting behind it",
                where=error.where,
                detail=error.detail,
                left=error.left,
                refused=error.refused,
                hint="Run the same command again when the table is less busy, or allow more waiting sessions with --max-blocked.",
                sqlstate=error.sqlstate,
            ) from error


def _waited(seen: Waiting) -> str:
    """Return what was waited for, and who held it when it was last looked at."""
    by = "; ".join(blocker(holder) for holder in seen.holders)
    return f"It waited {wanted(seen)}{by and ', '}{by}."
