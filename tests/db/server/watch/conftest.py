"""Sessions that block one another, and a watch over one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

import psycopg
import pytest

from runner.events import Sighting
from runner.server.connection.threads import ConnectionThreads
from runner.server.watch import Watch, Watched

DEADLINE_S = 20.0

S = TypeVar("S", bound=Sighting)


class Watching:
    """A statement that runs in a thread under a watch, and what is seen of it."""

    def __init__(self, conn: psycopg.Connection[Any], threads: ConnectionThreads, **options: Any) -> None:
        self.connections = 0
        self.seen: SimpleQueue[Sighting] = SimpleQueue()
        self.errors: list[psycopg.Error] = []
        self.watched: Watched | None = None
        self.conn = conn
        self._options = {"first_look_s": 0.05, "every_s": 0.05, **options}
        self._threads = threads
        self._thread: Future[None] | None = None

    def start(
        self, connect: Callable[[], psycopg.Connection[Any]], *statements: str, max_blocked: int | None = None
    ) -> None:
        """Run statements, each in a message of its own, and go on."""

        def counted() -> psycopg.Connection[Any]:
            self.connections += 1
            return connect()

        def run() -> None:
            with Watch(counted, self.seen.put, **self._options) as watch:
                for statement in statements:
                    try:
                        with watch.over(
                            "0001_a", pid=self.conn.info.backend_pid, max_blocked=max_blocked
                        ) as self.watched:
                            self.conn.execute(statement.encode())
                    except psycopg.Error as error:
                        self.errors.append(error)

        self._thread = self._threads.start(self.conn, run, name="watched")

    def until(self, kind: type[S], fits: Callable[[S], bool] = lambda _: True) -> S:
        """Return the first sighting of a kind that fits."""
        while True:
            sighting = self.seen.get(timeout=DEADLINE_S)
            if isinstance(sighting, kind) and fits(sighting):
                return sighting

    def finish(self) -> None:
        """Wait for the statements and for the watch to end."""
        assert self._thread is not None
        self._thread.result(DEADLINE_S)


@pytest.fixture
def connect(database: dict[str, str]) -> Iterator[Callable[..., psycopg.Connection[Any]]]:
    """Open as many sessions as the test asks for."""
    with ExitStack() as stack:

        def opened(**parameters: str) -> psycopg.Connection[Any]:
            limit = {"options": f"-c lock_timeout={DEADLINE_S:g}s"}
            conn = psycopg.connect(**{**database, **limit, **parameters}, autocommit=True)  # type: ignore[arg-type]
            stack.callback(conn.close)
            return conn

        yield opened


@pytest.fixture
def watch_over() -> Iterator[Callable[[psycopg.Connection[Any]], Watching]]:
    """Make a watch over a session; what still runs at the end is cancelled."""
    with ConnectionThreads() as threads:
        yield lambda conn: Watching(conn, threads)


@pytest.fixture
def watching(
    connect: Callable[..., psycopg.Connection[Any]],
    watch_over: Callable[[psycopg.Connection[Any]], Watching],
) -> Watching:
    """A watch over a session of its own."""
    return watch_over(connect(application_name="runner"))


@pytest.fixture
def in_thread(
    connect: Callable[..., psycopg.Connection[Any]],
) -> Iterator[Callable[[psycopg.Connection[Any], Callable[[], object]], Future[object]]]:
    """Do something with a session in a thread; what still runs at the end is cancelled before sessions are closed."""
    assert connect
    with ConnectionThreads() as threads:
        yield partial(threads.start, name="test")


@pytest.fixture
def blocked(
    connect: Callable[..., psycopg.Connection[Any]],
    in_thread: Callable[[psycopg.Connection[Any], Callable[[], object]], Future[object]],
) -> Callable[[psycopg.Connection[Any], str], None]:
    """Run a statement in a thread of a session, and return once it waits for a lock."""
    admin = connect()

    def start(conn: psycopg.Connection[Any], statement: str) -> None:
        thread = in_thread(conn, lambda: conn.execute(statement.encode()))
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s"
        while admin.execute(waits, [conn.info.backend_pid]).fetchone() is None:
            assert not thread.done(), f"{statement} did not wait"

    return start
