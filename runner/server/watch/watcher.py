"""A thread that sleeps while messages to the server are short, and looks when one is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import psycopg

from runner.events import Over, Sighting, Unseen, Waiting
from runner.server.watch.observer_queries import BlindError, Eyes

_FIRST_COUNT_S, _COUNT_EVERY_S = 0.05, 0.1  # looks at the queue behind a message that may give way
_LOOK_BY = 0.5  # of lock_timeout: late enough to be a wait, early enough for the answer
_GOODBYE_S = 1.0  # how long the end of the run may wait for a look that is under way


@dataclass(slots=True, eq=False)
class Watched:
    """One message to the server."""

    what: str
    pid: int  # the server process that it went to
    max_blocked: int | None
    since: float
    next_look: float
    next_shown: float
    record_at: float | None = (
        None  # when to look once for the sake of a later error, though nothing is shown yet
    )
    waited_for: Waiting | None = None  # what was seen last of its wait for a lock
    shown: bool = False
    gave_way: int | None = None  # as many sessions waited behind it when it was canceled for them


class Watch:
    """Watches the messages to one database, from a second connection that exists only while one of them takes long.

    `show` is called from a thread of the watch; with `Over` from the thread whose message is done, before `over`
    ends. Nothing that goes wrong here reaches the run.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        show: Callable[[Sighting], None],
        *,
        first_look_s: float = 1.0,
        every_s: float = 1.0,
    ) -> None:
        self._eyes = Eyes(connect)
        self._show = show
        self._first_look_s = first_look_s
        self._every_s = every_s
        self._longest_sleep_s = first_look_s  # never longer than any message's first look is away
        self._current: set[Watched] = set()
        self._lock = (
            threading.Lock()
        )  # held while anything is shown or canceled, so that neither comes too late
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False

    @staticmethod
    def off() -> Watch:
        """Return a watch that sees nothing, for a database that nobody else uses."""
        return _Off()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the thread and give the connection back."""
        self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_GOODBYE_S)

    @contextmanager
    def over(
        self, what: str, *, pid: int, max_blocked: int | None = None, lock_timeout_s: float | None = None
    ) -> Iterator[Watched]:
        """Watch one message to the server process `pid`; `what` names it to people.

        With `max_blocked` the message is canceled as soon as it waits for a lock and that many sessions wait behind it.
        A message that gives up after `lock_timeout_s` is looked at before that, so that its error can name who blocked it.
        """
        now = monotonic()
        record_at = None
        if lock_timeout_s and _LOOK_BY * lock_timeout_s < self._first_look_s:
            record_at = now + _LOOK_BY * lock_timeout_s
        first_look = now + (self._first_look_s if max_blocked is None else _FIRST_COUNT_S)
        first_look = min(first_look, record_at or first_look)
        watched = Watched(what, pid, max_blocked, now, first_look, now + self._first_look_s, record_at)
        self._begin(watched)
        try:
            yield watched
        finally:
            self._end(watched)

    def _begin(self, watched: Watched) -> None:
        with self._lock:
            self._current.add(watched)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="runner watch", daemon=True)
            self._thread.start()
        soonest_s = watched.next_look - watched.since
        if soonest_s < self._longest_sleep_s:
            self._longest_sleep_s = soonest_s
            self._wake.set()

    def _end(self, watched: Watched) -> None:
        with self._lock:
            self._current.discard(watched)
            if watched.shown:
                self._tell(Over(what=watched.what))

    def _run(self) -> None:
        while True:
            self._wake.wait(self._pause_s())
            if self._closed:
                break
            self._wake.clear()
            with self._lock:
                current = tuple(self._current)
            if not current:
                self._eyes.close()
            for watched in current:
                if monotonic() >= watched.next_look:
                    self._look(watched)
        self._eyes.close()

    def _pause_s(self) -> float:
        with self._lock:
            soonest = min((watched.next_look for watched in self._current), default=float("inf"))
        return max(min(soonest - monotonic(), self._longest_sleep_s), 0.0)

    def _look(self, watched: Watched) -> None:
        now = monotonic()
        due = now >= watched.next_shown
        if due:
            watched.next_shown = now + self._every_s
        records = watched.record_at is not None and now >= watched.record_at
        if records:
            watched.record_at = None
        watched.next_look = min(watched.next_shown, watched.record_at or watched.next_shown)
        if watched.max_blocked is not None:
            watched.next_look = min(watched.next_look, now + _COUNT_EVERY_S)
        if watched.max_blocked is not None and watched.gave_way is None:
            self._give_way(watched, watched.max_blocked)
        if due or records:
            sighting = self._see(watched, now - watched.since)
            if isinstance(sighting, Waiting):
                watched.waited_for = sighting
            with self._lock:
                if due and watched in self._current:
                    watched.shown = True
                    self._tell(sighting)

    def _see(self, watched: Watched, elapsed_s: float) -> Sighting:
        try:
            return self._eyes.look(watched.what, watched.pid, elapsed_s=elapsed_s)
        except BlindError as error:
            return Unseen(what=watched.what, elapsed_s=elapsed_s, reason=str(error))

    def _give_way(self, watched: Watched, max_blocked: int) -> None:
        with suppress(BlindError):
            blocked = self._eyes.queued_behind(watched.pid)
            if blocked < max_blocked:
                return
            with self._lock:
                if watched in self._current:
                    watched.gave_way = blocked  # noted first: an answer that is lost may still have canceled
                    if not self._eyes.cancel(watched.pid):
                        watched.gave_way = None

    def _tell(self, sighting: Sighting) -> None:
        """Show what was seen; where nobody can be shown anything any more, that is no reason to stop the run."""
        try:
            self._show(sighting)
        except (OSError, ValueError):  # a terminal that went away, a stream that is closed
            self._show = lambda _: None


class _Off(Watch):
    def __init__(self) -> None:
        super().__init__(_no_connection, lambda _: None)

    @contextmanager
    def over(
        self,
        what: str,
        *,
        pid: int,
        max_blocked: int | None = None,
        lock_timeout_s: float | None = None,  # noqa: ARG002 - nothing is looked at
    ) -> Iterator[Watched]:
        yield Watched(what, pid, max_blocked, 0.0, 0.0, 0.0)


def _no_connection() -> psycopg.Connection[Any]:
    raise BlindError("this database is not watched")
