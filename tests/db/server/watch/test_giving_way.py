"""A try that too many wait behind is given up; one that nobody waits behind is not."""

from __future__ import annotations

from queue import SimpleQueue
from time import monotonic

import psycopg
import pytest

from runner.events import Over, Running, Waiting
from runner.server.watch import Watch


@pytest.fixture
def held(connect):
    """A session that reads a table and then does nothing."""
    connect().execute("CREATE TABLE orders (id int)")
    holder = connect()
    with holder.transaction():
        holder.execute("SELECT 1 FROM orders")
        yield holder


def test_two_readers_behind_us_are_enough(connect, watching, blocked, held):
    watching.start(connect, "ALTER TABLE orders ADD COLUMN total int", max_blocked=2)
    seen = watching.until(Waiting)
    first, second = connect(), connect()
    blocked(first, "SELECT 1 FROM orders")
    watching.until(Waiting, lambda seen: seen.queued_behind == 1)
    assert watching.watched.gave_way is None
    blocked_or_through(second)
    watching.finish()
    assert [type(error) for error in watching.errors] == [psycopg.errors.QueryCanceled]
    assert watching.watched.gave_way == 2
    assert seen.queued_behind == 0


def read_behind(conn, reader, admin):
    """Read the table in a session as soon as another one waits for it."""
    while not admin.execute(
        "SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s", [conn.info.backend_pid]
    ).fetchone():
        pass
    reader.execute("SELECT 1 FROM orders")


def blocked_or_through(conn) -> None:
    """Read the table: it waits until the watch has cancelled our statement."""
    conn.execute("SELECT 1 FROM orders")


def test_who_waits_while_we_run_is_no_reason_to_give_way(connect, watching, blocked):
    admin = connect()
    admin.execute("CREATE TABLE orders (id int)")
    admin.execute("SELECT pg_advisory_lock(1)")
    spin = "DO 'BEGIN WHILE NOT pg_try_advisory_xact_lock_shared(1) LOOP END LOOP; END'"
    watching.start(connect, f"BEGIN; LOCK TABLE orders; {spin}; COMMIT", max_blocked=1)
    watching.until(Running)
    blocked(connect(), "SELECT 1 FROM orders")
    watching.until(Running)
    watching.until(Running)
    admin.execute("SELECT pg_advisory_unlock(1)")
    watching.finish()
    assert watching.errors == []
    assert watching.watched.gave_way is None


def test_the_next_message_is_not_cancelled_for_the_one_before(connect, watching, blocked, held):
    reader = connect()
    watching.start(
        connect,
        "ALTER TABLE orders ADD COLUMN total int",
        "SELECT 1",
        "SELECT count(*) FROM orders",
        max_blocked=1,
    )
    watching.until(Waiting)
    blocked_or_through(reader)
    watching.finish()
    assert [type(error) for error in watching.errors] == [psycopg.errors.QueryCanceled]


def test_giving_way_need_not_wait_for_the_first_look(connect, in_thread, held):
    conn, reader, admin = connect(), connect(), connect()
    with Watch(connect, lambda _: None, first_look_s=60) as watch:
        with watch.over("0001_a", pid=conn.info.backend_pid):
            pass  # the thread sleeps now
        read = in_thread(admin, lambda: read_behind(conn, reader, admin))
        with (
            watch.over("0002_b", pid=conn.info.backend_pid, max_blocked=1) as watched,
            pytest.raises(psycopg.errors.QueryCanceled),
        ):
            conn.execute("ALTER TABLE orders ADD COLUMN total int")
        assert watched.gave_way == 1
        read.result(20)


def test_what_came_after_the_message_is_not_cancelled_for_it(connect, blocked, held):
    conn = connect()
    with Watch(connect, lambda _: None, first_look_s=60) as watch:
        with watch.over("0001_a", pid=conn.info.backend_pid) as done:
            pass
        blocked(conn, "ALTER TABLE orders ADD COLUMN total int")
        blocked(connect(), "SELECT 1 FROM orders")
        watch._give_way(done, 1)
        assert done.gave_way is None
    waits = connect().execute(
        "SELECT 1 FROM pg_locks WHERE NOT granted AND pid = %s", [conn.info.backend_pid]
    )
    assert waits.fetchone() == (1,)


def test_who_waits_no_longer_is_not_cancelled(connect, monkeypatch):
    conn = connect()
    with Watch(connect, lambda _: None, first_look_s=60) as watch:
        monkeypatch.setattr(watch._eyes, "queued_behind", lambda _: 5)
        with watch.over("0001_a", pid=conn.info.backend_pid) as watched:
            watch._give_way(watched, 1)
            assert watched.gave_way is None
            conn.execute("SELECT 1")


def test_between_two_long_messages_the_connection_is_given_back(connect, in_thread, held):
    seen = SimpleQueue()
    conn = connect()
    conn.execute("SET lock_timeout = 0")
    with Watch(
        lambda: connect(application_name="runner watch"), seen.put, first_look_s=0.01, every_s=0.01
    ) as watch:
        in_thread(conn, lambda: (seen.get(timeout=20), conn.cancel_safe()))
        with watch.over("0001_a", pid=conn.info.backend_pid), pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute("ALTER TABLE orders ADD COLUMN total int")
        left = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'runner watch' AND datname = current_database()"
        admin, deadline = connect(), monotonic() + 20
        while admin.execute(left).fetchone():
            assert monotonic() < deadline


def test_short_messages_open_no_connection(connect):
    opened, seen = [], []

    def second():
        opened.append(connect())
        return opened[-1]

    conn = connect()
    with Watch(second, seen.append) as watch:
        for number in range(200):
            with watch.over(str(number), pid=conn.info.backend_pid) as watched:
                conn.execute("SELECT 1")
            assert watched.gave_way is None
    assert opened == []
    assert seen == []


def test_a_watch_that_is_off_never_looks():
    watch = Watch.off()
    with watch, watch.over("0001_a", pid=1, max_blocked=1) as watched:
        pass
    assert watched.gave_way is None


def test_who_shows_may_fail(connect, watching, held):
    shown = []

    def show(sighting):
        shown.append(sighting)
        raise BrokenPipeError

    conn = connect()
    conn.execute("SET lock_timeout = '300ms'")
    with (
        Watch(connect, show, first_look_s=0.01, every_s=0.01) as watch,
        pytest.raises(psycopg.errors.LockNotAvailable),
        watch.over("0001_a", pid=conn.info.backend_pid),
    ):
        conn.execute("ALTER TABLE orders ADD COLUMN total int")
    assert len(shown) == 1
    assert not isinstance(shown[0], Over)
