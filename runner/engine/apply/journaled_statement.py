"""Run one unit of a file that is not one transaction, and record it where it commits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

from runner.engine.apply import concurrently, wire
from runner.engine.apply.concurrently import Verdict
from runner.engine.apply.context import Work
from runner.engine.apply.retry import retrying
from runner.engine.apply.wire import Closing, Part, StatementError
from runner.engine.history.journal import Journal, JournalStep
from runner.errors import CheckError, HalfDone, InEffect, MigrationFailedError, RunnerError
from runner.events import Notice, warning
from runner.files.migrations.migration import Script
from runner.files.migrations.segments import Unit
from runner.files.migrations.units import units
from runner.files.sqltext.classify import is_repeatable, runs_outside_transactions
from runner.files.sqltext.concurrent import concurrent

Connection = psycopg.Connection[Any]
T = TypeVar("T")


def defaults_kept(migration_id: str, changed: str) -> Notice:
    """Return the warning for a resumed file of which a default of the session has changed since it began."""
    return warning(f"{migration_id} continues with the setting it began with: {changed}")


def closing(unit: Unit) -> Closing:
    """Return the statement of a unit that commits it: itself, or the COMMIT of a block."""
    return Closing(unit.earlier + len(unit.statements), unit.statements[-1].start)


class Progress:
    """One file's units, and how many of its statements are in effect."""

    def __init__(
        self,
        work: Work,
        migration_id: str,
        script: Script,
        *,
        total: int,
        done: int,
        rolls_back: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.work = work
        self.migration_id = migration_id
        self.script = script
        self.total = total
        self.done = done
        self.rolls_back = rolls_back
        self._pause = pause

    @property
    def left(self) -> InEffect:
        """What is left when the next statement fails."""
        return InEffect(self.done, self.total, is_rollback=self.rolls_back)

    def name(self, unit: Unit) -> str:
        """Return what to call a unit in output."""
        return f"{self.migration_id}, statement {unit.earlier + 1} of {self.total}"

    def retrying(self, attempt: Callable[[], T], unit: Unit) -> T:
        """Try a unit again when it meets a lock."""
        return retrying(
            attempt,
            retries=self.work.retries(self.script),
            what=self.name(unit),
            emit=self.work.emit,
            pause=self._pause,
        )


def run_unit(
    progress: Progress, journal: Journal, conn: Connection, unit: Unit, begun: JournalStep | None
) -> None:
    """Run one unit, unless it took effect before its run was interrupted; retry after a lock timeout.

    `begun` is its row in the journal, if an earlier run left one.

    Raises: RunnerError for a refusal; CheckError when it cannot be known whether it took effect.
    """
    one = _OneUnit(progress, journal, conn, unit, begun)
    progress.retrying(one.attempt, unit)
    progress.done += len(unit.statements)


class _OneUnit:
    def __init__(
        self, progress: Progress, journal: Journal, conn: Connection, unit: Unit, begun: JournalStep | None
    ) -> None:
        self._progress = progress
        self._journal = journal
        self._conn = conn
        self._unit = unit
        self._row = begun
        self._emit = progress.work.emit
        self._concurrent = concurrent(unit.first)
        self._seen = None if begun is None else begun.seen
        self._in_doubt = begun is not None

    def attempt(self) -> None:
        progress = self._progress
        # a stopped CONCURRENTLY leaves an invalid index, and it blocks nobody
        gives_way = None if self._concurrent is not None else progress.script
        try:
            with (
                progress.work.watched(progress.name(self._unit), conn=self._conn, gives_way=gives_way),
                wire.explained(lambda: progress.left),
            ):
                self._run()
        except RunnerError:
            wire.roll_back(self._conn)
            raise

    def _run(self) -> None:
        if self._unit.is_block:
            self._block()
        elif self._in_doubt or runs_outside_transactions(self._unit.first):
            self._bare()
        else:
            self._in_transaction()

    def _part(self, **given: Any) -> Part:
        return Part(script=self._progress.script, earlier=self._unit.earlier, **given)

    def _ending(self) -> bytes:
        unit = self._unit
        return self._journal.ending(
            unit.number, statements=len(unit.statements), fingerprint=unit.fingerprint
        )

    def _in_transaction(self) -> None:
        """Run a statement and record it in one transaction; one that cannot run in a transaction is run by itself."""
        (segment,) = self._unread().segments()
        try:
            if segment.copy_data is None:
                part = self._part(
                    segment=segment,
                    head=b"BEGIN; ",
                    head_results=1,
                    tail=self._ending_alone(),
                    closes=closing(self._unit),
                )
                wire.send(self._conn, part)
                return
            wire.send(self._conn, self._part(head=b"BEGIN"))
            wire.send(self._conn, self._part(segment=segment))
            wire.send(self._conn, self._part(tail=self._ending_alone(), closes=closing(self._unit)))
        except StatementError as problem:
            if problem.error.sqlstate not in wire.WANTS_NO_TRANSACTION:
                raise
            wire.roll_back(self._conn)
            self._bare()

    def _ending_alone(self) -> bytes:
        return self._ending() + b"COMMIT" + self._journal.ended(self._unit.number)

    def _unread(self) -> Unit:
        """Return the unit; after a try that has read its streamed data, once more from the file."""
        number, stream = self._unit.number, self._unit.stream
        if stream is not None and stream.is_begun:
            again = units(self._progress.script, streams=True)
            self._unit = next(unit for unit in again if unit.number == number)
        return self._unit

    def _block(self) -> None:
        """Run the file's own BEGIN … COMMIT, noted before its COMMIT."""
        *body, last = self._unit.body_segments()
        sent = 0
        for segment in body:
            wire.send(self._conn, self._part_at(sent, segment=segment))
            sent += len(segment.statements)
        commit = self._unit.statements[-1].text.encode()
        tail = self._ending() + commit + self._journal.ended(self._unit.number)
        if last.copy_data is None:
            wire.send(self._conn, self._part_at(sent, segment=last, tail=tail, closes=closing(self._unit)))
        else:
            wire.send(self._conn, self._part_at(sent, segment=last))
            wire.send(self._conn, self._part(tail=tail, closes=closing(self._unit)))

    def _part_at(self, sent: int, **given: Any) -> Part:
        return Part(script=self._progress.script, earlier=self._unit.earlier + sent, **given)

    def _bare(self) -> None:
        """Run a statement that commits by itself, noted before it and after it."""
        unit, journal = self._unit, self._journal
        with self._limits():
            if self._in_doubt and self._took_effect():
                said = f"{self._progress.name(unit)} had taken effect before the interruption"
                self._emit(
                    Notice(
                        name="statement.found_done",
                        message=said,
                        migration=self._progress.migration_id,
                        indent="  ",
                    )
                )
                journal.end(self._conn, unit.number)
                return
            if self._concurrent is not None:
                self._seen = concurrently.prepare(self._conn, self._concurrent, self._emit)
            journal.begin(
                self._conn,
                unit.number,
                statements=len(unit.statements),
                fingerprint=unit.fingerprint,
                seen=self._seen,
                text=unit.first.text,
                relation=None
                if self._concurrent is None
                else concurrently.place(self._conn, self._concurrent),
            )
            self._in_doubt = self._concurrent is not None
            try:
                with wire.explained(lambda: self._progress.left):
                    for segment in unit.segments():
                        wire.send(self._conn, self._part(segment=segment))
            except RunnerError as error:
                if self._may_have_committed:
                    raise self._half_done(error) from error
                error.notes += self._refused()
                raise
            except KeyboardInterrupt as stop:
                for note in self._leftovers():
                    stop.add_note(note)
                raise
            if self._concurrent is not None:
                concurrently.confirm(self._conn, self._concurrent)
        journal.end(self._conn, unit.number)

    def _refused(self) -> list[str]:
        """Record that the statement failed, and say what it left."""
        left = self._leftovers()
        if not left and not self._conn.closed:
            self._journal.forget(self._conn, self._unit.number)
        return left

    def _leftovers(self) -> list[str]:
        """Record what a CONCURRENTLY statement left, which shows that it is not in effect, and say it."""
        if self._conn.closed or self._concurrent is None:
            return []
        left = concurrently.leftovers(self._conn, self._concurrent, self._seen)
        if not left:
            return []
        self._journal.leave(self._conn, self._unit.number)
        return [f"It left the invalid index {', '.join(left)}; the next run drops it."]

    @property
    def _may_have_committed(self) -> bool:
        """Whether it may have committed in its middle, so that a refusal leaves what it did before."""
        return self._unit.first.starts_with("CALL") or self._unit.first.starts_with("DO")

    def _half_done(self, error: RunnerError) -> RunnerError:
        """Return the error of a statement that commits in its middle: never tried again without being asked."""
        progress = self._progress
        return MigrationFailedError(
            error.message,
            where=error.where,
            detail=error.detail,
            left=HalfDone(progress.done, progress.total - 1),
            refused=error.refused,
            hint=f'Look at the database. To go on after it: runner repair done {progress.migration_id} --reason "…"; '
            f'to run it again: runner repair again {progress.migration_id} --reason "…"',
            sqlstate=error.sqlstate,
        )

    def _took_effect(self) -> bool:
        if self._concurrent is not None:
            found = concurrently.verdict(
                self._conn, self._concurrent, self._unit.first.text, self._seen, self._emit
            )
            if found is Verdict.UNKNOWN:
                raise self._doubt()
            return found is Verdict.DONE
        if is_repeatable(self._unit.first):
            return False
        raise self._doubt()

    def _doubt(self) -> CheckError:
        progress, unit = self._progress, self._unit
        when = "" if self._row is None else f" at {self._row.begun_at} UTC"
        command = "rollback" if self._journal.is_rollback else "migrate"
        return CheckError(
            f"it is not known whether statement {unit.earlier + 1} of {progress.migration_id} took effect",
            where=progress.script.location(unit.first.start),
            detail=f"The run that began it{when} was cut off before it could note the end, and the catalog cannot "
            "tell. It was not run again.",
            left=progress.left._replace(goes_on=False),
            hint=f'Look at the database. If it took effect: runner repair done {progress.migration_id} --reason "…"; '
            f'if not: runner repair again {progress.migration_id} --reason "…". Then run runner {command} again.',
        )

    @contextmanager
    def _limits(self) -> Iterator[None]:
        """Set the limits of a CONCURRENTLY statement: its waits block nobody, and stopped it leaves an invalid index."""
        if self._concurrent is None:
            yield
            return
        longest_ms = self._progress.work.concurrently_timeout_ms(self._progress.script)
        before = self._conn.execute(_SET_LIMITS, [f"{longest_ms}ms"]).fetchone()
        try:
            yield
        finally:
            if not self._conn.closed and before is not None:
                self._conn.execute(_RESTORE_LIMITS, before[:2])


_SET_LIMITS = (
    "SELECT l.lock_timeout, l.statement_timeout, pg_catalog.set_config('lock_timeout', '0', false),"
    " pg_catalog.set_config('statement_timeout', %s, false) FROM (SELECT pg_catalog.current_setting('lock_timeout')"
    " AS lock_timeout, pg_catalog.current_setting('statement_timeout') AS statement_timeout OFFSET 0) AS l"
)
_RESTORE_LIMITS = "SELECT pg_catalog.set_config('lock_timeout', %s, false), pg_catalog.set_config('statement_timeout', %s, false)"
