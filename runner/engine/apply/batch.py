"""`-- batch:` repeat a statement, each time in a transaction of its own, until it finds no row."""

from __future__ import annotations

import time
from importlib import resources
from typing import Any

import psycopg

from runner.engine.apply import wire
from runner.engine.apply.headway import Headway, has_written, rows_left
from runner.engine.apply.journaled_statement import Progress, closing
from runner.engine.apply.wire import Part
from runner.engine.history.journal import Journal, JournalStep
from runner.errors import InBatches, Left, MigrationFailedError, RunnerError
from runner.events import Notice
from runner.files.migrations.bulk import Batch
from runner.files.migrations.segments import Unit
from runner.wording import counted, duration

Connection = psycopg.Connection[Any]

_TELL_EVERY_S = 10.0
_LOOK_EVERY_S = 1.0
_CHANGES_ROWS = (b"INSERT", b"UPDATE", b"DELETE", b"MERGE")


def run_batch(
    progress: Progress, journal: Journal, conn: Connection, unit: Unit, begun: JournalStep | None
) -> None:
    """Repeat one statement until a rehearsal shows that none is left; rows and repeats are counted in the journal as they commit.

    Raises: RunnerError for a refusal, and when the directive's `at most` is reached.
    """
    _Repeats(progress, journal, conn, unit, begun).run()
    progress.done += len(unit.statements)


class _Repeats:
    def __init__(
        self, progress: Progress, journal: Journal, conn: Connection, unit: Unit, begun: JournalStep | None
    ) -> None:
        if progress.script.batch is None:
            raise ValueError(unit)
        self._batch: Batch = progress.script.batch
        self._progress = progress
        self._journal = journal
        self._conn = conn
        self._unit = unit
        self._emit = progress.work.emit
        self._repeats = 0 if begun is None else begun.repeats
        self._rows = 0 if begun is None else begun.rows_affected
        self._told_at = time.monotonic()

    def run(self) -> None:
        if self._repeats:
            self._say("batch.resumed", f"going on after {self._so_far()}")
        headway = Headway(
            self._conn,
            self._progress.script,
            self._unit.first,
            way_on=f'Correct the statement, then: runner repair continue {self._progress.migration_id} --reason "…".',
            way_again=" If every row is to be changed several times, run the same command again: it goes on.",
        )
        this_run = 0
        while True:
            if this_run >= self._batch.at_most:
                raise self._too_many()
            self._wait_until_fit()
            rows, wrote = self._progress.retrying(self._watched, self._unit)
            this_run += 1
            self._repeats += 1
            self._rows += rows
            if headway.is_done(
                rows,
                wrote=wrote,
                left=lambda: self._progress.retrying(self._left, self._unit),
                committed=self._left_now,
            ):
                self._journal.end(self._conn, self._unit.number)
                return
            self._tell()
            time.sleep(self._batch.pause_ms / 1000)

    def _left(self) -> int:
        """Count the rows that are left.

        Raises: as sending a statement does.
        """
        (segment,) = self._unit.segments()
        try:
            return rows_left(self._conn, self._unit.first)
        except psycopg.Error as error:
            if wire.is_lost(self._conn, error):
                raise
            part = Part(script=self._progress.script, segment=segment)
            raise wire.failure(wire.StatementError(error, 0), part, self._left_now) from error

    def _watched(self) -> tuple[int, bool]:
        progress = self._progress
        try:
            with (
                progress.work.watched(progress.name(self._unit), conn=self._conn, gives_way=progress.script),
                wire.explained(lambda: self._left_now),
            ):
                return self._once()
        except RunnerError:
            wire.roll_back(self._conn)
            raise

    def _once(self) -> tuple[int, bool]:
        """Run the statement once; return the row count of its tag, and whether anything was written at all.

        WITH, a rule or a trigger may write what the tag does not count.
        """
        unit, script = self._unit, self._progress.script
        (segment,) = unit.segments()
        tags = wire.send(
            self._conn,
            Part(
                script=script,
                segment=segment,
                earlier=unit.earlier,
                head=b"BEGIN; ",
                head_results=1,
            ),
        )
        rows = self._touched(tags[1])
        wrote = rows > 0 or has_written(self._conn)
        tail = self._journal.add_rows(
            unit.number,
            rows=rows,
            done=False,
            statements=len(unit.statements),
            fingerprint=unit.fingerprint,
        )
        wire.send(self._conn, Part(script=script, tail=tail, closes=closing(unit)))
        return rows, wrote

    def _touched(self, tag: bytes) -> int:
        if not tag.startswith(_CHANGES_ROWS):
            raise MigrationFailedError(
                "a statement with -- batch does not change rows",
                where=self._progress.script.location(self._unit.first.start),
                detail=f"PostgreSQL answers {tag.decode()}.",
                left=self._left_now,
                hint="It is repeated until it changes nothing, so it must be INSERT, UPDATE, DELETE or MERGE, perhaps after WITH.",
            )
        return int(tag.rpartition(b" ")[2])

    def _wait_until_fit(self) -> None:
        """Wait until the replicas have caught up and not too many sessions wait for locks."""
        batch = self._batch
        if batch.lag_ms is None and batch.waiting is None:
            return
        while (reason := self._reason_to_wait()) is not None:
            self._tell(f"waits: {reason}")
            time.sleep(_LOOK_EVERY_S)

    def _reason_to_wait(self) -> str | None:
        row = self._conn.execute(_QUERY).fetchone()
        lag_ms, hidden, waiting = row or (None, 0, 0)
        limit_ms = self._batch.lag_ms
        if limit_ms is not None and hidden:
            raise RunnerError(
                "the lag of the replicas cannot be read",
                where=self._progress.script.location(self._unit.first.start),
                detail="The role has no right to read pg_stat_replication.",
                left=self._left_now,
                hint="GRANT pg_monitor to the role that migrates, or remove lag from the batch directive.",
            )
        if limit_ms is not None and lag_ms is not None and lag_ms > limit_ms:
            return f"a replica is {duration(lag_ms / 1000)} behind"
        if self._batch.waiting is not None and waiting > self._batch.waiting:
            return f"{counted(waiting, 'session')} wait for a lock"
        return None

    def _tell(self, more: str = "") -> None:
        now = time.monotonic()
        if now - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
            self._say("batch.progress", f"{self._so_far()}{more and '; '}{more}")

    def _say(self, name: str, what: str) -> None:
        self._emit(
            Notice(
                name=name,
                message=f"{self._progress.name(self._unit)}: {what}",
                migration=self._progress.migration_id,
                facts={"repeats": self._repeats, "rows": self._rows},
                indent="  ",
            )
        )

    @property
    def _left_now(self) -> Left:
        """What is left when the next repeat fails."""
        return InBatches(self._rows, self._repeats) if self._repeats else self._progress.left

    def _so_far(self) -> str:
        return f"{counted(self._rows, 'row')} in {counted(self._repeats, 'batch', 'batches')}"

    def _too_many(self) -> RunnerError:
        return RunnerError(
            f"{self._progress.migration_id} still finds rows after {counted(self._batch.at_most, 'repeat')}",
            where=self._progress.script.location(self._unit.first.start),
            detail=f"{self._so_far()} so far, each committed. The file is not recorded as done.",
            hint="If it makes progress, run the same command again: it goes on. If not, its WHERE must leave out the "
            "rows that are done: correct it. A larger limit is -- batch: at most 1000000. After an edit: "
            f'runner repair continue {self._progress.migration_id} --reason "…"',
        )


_QUERY: Any = resources.files("runner.engine.apply").joinpath("queries/fitness.sql").read_text("utf-8")
