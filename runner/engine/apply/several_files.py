"""Many small migrations in one message; each is still a transaction, with its own record, event and error."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from psycopg import errors, pq

from runner.engine.apply import wire
from runner.engine.apply.context import Work, record_of, rolled_back
from runner.engine.apply.wire import Part, StatementError
from runner.engine.history.batched_records import Prepared
from runner.engine.history.message import reset_session
from runner.engine.plan import Action, Step
from runner.errors import Left, MigrationFailedError, TableLockedError
from runner.events import StepDone
from runner.files.migrations.segments import Segment
from runner.files.migrations.units import segments

MOST_FILES = 64
MOST_CHARACTERS = (
    1 << 16
)  # the server parses a message whole, logs it whole, and shows its beginning while it works
_QUICK_S = 0.5
_PREPARED = {"26000", "42P05"}  # invalid statement name, duplicate prepared statement
_MEDDLES = re.compile(
    "prepare|deallocate|discard", re.IGNORECASE
)  # with what is prepared for the whole message


class Pace:
    """How many files the next message may have: twice as many as the last while they are quick, one after a slow one."""

    def __init__(self) -> None:
        self.files = 1

    def took(self, elapsed_s: float) -> None:
        """Take note of how long the last message took."""
        self.files = min(self.files * 2, MOST_FILES) if elapsed_s < _QUICK_S else 1


@dataclass(frozen=True, slots=True)
class Carried:
    """A step and its file, as one segment."""

    step: Step
    segment: Segment


def choose(steps: Sequence[Step], most: int) -> list[Carried]:
    """Return which of the steps, from the first on, may travel in one message."""
    chosen: list[Carried] = []
    size = 0
    for step in steps[:most]:
        segment = _only_segment(step)
        if segment is None or step.script.max_blocked != steps[0].script.max_blocked:
            break
        size += len(segment.text)
        if size > MOST_CHARACTERS:
            break
        chosen.append(Carried(step, segment))
    return chosen


def _only_segment(step: Step) -> Segment | None:
    script = step.script
    if (
        step.action is Action.HOOK
        or not script.transactional
        or script.copies
        or script.text is None
        or len(script.text) > MOST_CHARACTERS
        or _MEDDLES.search(script.text)
    ):
        return None
    found = list(segments(script))
    return found[0] if len(found) == 1 and found[0].copy_data is None else None


def run(
    work: Work, carried: Sequence[Carried], done: list[StepDone], *, later: int
) -> MigrationFailedError | TableLockedError | None:
    """Send the steps in one message and add those that committed to `done`, telling of each as its answer comes.

    Returns the error of the first that did not commit. None with a step left over means that nothing can be said of
    it here, and it is to be run by itself. `later` counts the steps after these.

    Raises: ConnectionLostError; KeyboardInterrupt, when some steps may have committed without being reported.
    """
    trip = _Trip(work, carried, done, later)
    first, last = carried[0].step, carried[-1].step
    try:
        with (
            wire.connection_kept(f"{first.id} to {last.id}", outcome=wire.COMMITTING),
            work.watched(f"{first.id} to {last.id}", gives_way=first.script),
        ):
            trip.make()
    except (MigrationFailedError, TableLockedError) as error:
        return error
    if trip.unread:
        return run(work, carried[: trip.unread], done, later=later + len(carried) - trip.unread)
    return None


def _is_about_ours(error: errors.Error) -> bool:
    """Return whether a file met what is prepared for the whole message: it is then to be run by itself."""
    return error.sqlstate in _PREPARED and "_runner_" in (error.diag.message_primary or "")


class _Trip:
    """One message and what has come back of it."""

    def __init__(self, work: Work, carried: Sequence[Carried], done: list[StepDone], later: int) -> None:
        self._work = work
        self._carried = carried
        self._done = done
        self._later = later
        records = [record_of(each.step, 0) for each in carried]
        self._prepared = Prepared(work.names, work.actor, [record.recorded_as for record in records])
        self._heads: list[int] = []  # results before each file's own
        self._starts: list[int] = []  # where each file begins in the message, in characters
        parts, size = [self._prepared.opening], len(self._prepared.opening)
        for each, record in zip(carried, records, strict=True):
            head, results = self._prepared.before(work.settings(each.step.script))
            self._heads.append(results)
            self._starts.append(size + len(head))
            parts += [head, each.segment.text, self._prepared.after(record)]
            size += sum(map(len, parts[-3:]))
        self._message = "".join([*parts, Prepared.CLOSING])
        self._committed = 0
        self._results = 0
        self._results_before = self._prepared.opening_results  # those of the opening
        self._recorded_ms: int | None = None
        self.unread = (
            0  # how many files stand before the one for which the server refused to read the message
        )

    def make(self) -> None:
        """Send the message and take every answer.

        Raises: MigrationFailedError or TableLockedError of the step that did not commit.
        """
        problem: StatementError | None = None
        with closing(wire.stream(self._work.conn, self._message.encode())) as results:
            for result in results:
                if result.status == pq.ExecStatus.FATAL_ERROR:
                    error = errors.error_from_result(result, encoding="utf-8")
                    problem = StatementError(error, self._results)
                else:
                    self._take(result)
        if problem is None:
            return
        wire.roll_back(self._work.conn)
        wire.execute(self._work.conn, reset_session())
        if self._results == 0:
            self.unread = self._file_at(int(problem.error.diag.statement_position or 0) - 1)
        elif self._results >= self._prepared.opening_results and not _is_about_ours(problem.error):
            part, left = self._at_work()
            raise wire.failure(problem, part, left) from problem.error

    def _take(self, result: pq.abc.PGresult) -> None:
        self._results += 1
        if result.status == pq.ExecStatus.TUPLES_OK and result.fname(0) == b"recorded_ms":
            self._recorded_ms = int(result.get_value(0, 0) or 0)
        elif result.command_status == b"COMMIT" and self._recorded_ms is not None:
            self._tell(self._recorded_ms / 1000)

    def _tell(self, elapsed_s: float) -> None:
        done = self._carried[self._committed].step.done(elapsed_s)
        self._committed += 1
        self._results_before = self._results
        self._recorded_ms = None
        self._done.append(done)
        self._work.emit(done)

    def _file_at(self, position: int) -> int:
        """Return which file a place in the message belongs to; the first where there is none."""
        return max((n for n, start in enumerate(self._starts) if start <= position), default=0)

    def _at_work(self) -> tuple[Part, Left]:
        """Return the file that is running as if all before it were its head, and what is left of it."""
        number = self._committed
        carried = self._carried[number]
        later = self._later + len(self._carried) - number - 1
        part = Part(
            script=carried.step.script,
            segment=carried.segment,
            head=self._message[: self._starts[number]].encode(),
            head_results=self._results_before + self._heads[number],
        )
        return part, rolled_back(carried.step, later=later)
