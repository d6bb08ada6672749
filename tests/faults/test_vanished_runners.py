"""The lock of a runner that is gone is free within seconds, and one that is told to stop has stopped by then."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager

import pytest

from runner.server.local import process
from tests.faults.commands import Command
from tests.faults.filesets import FileSet
from tests.faults.proxy import Proxy

_SLEEPS = "CREATE TABLE a (id int);\nSELECT pg_sleep(60) FROM gate;\n"
_ALONE = FileSet("alone", {"migrations/0002_long.sql": _SLEEPS})
_PIECEMEAL = FileSet("piecemeal", {"migrations/0002_long.sql": f"-- transactional: false\n{_SLEEPS}"})
# after a quick file the next ones travel in one message
_IN_COMPANY = FileSet(
    "in company",
    {
        **_ALONE.files,
        "migrations/0001_quick.sql": "CREATE TABLE quick (id int);\n",
        "migrations/0003_last.sql": "CREATE TABLE last (id int);\n",
    },
)
_ASLEEP = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
_WAITS_S = 30.0


@pytest.fixture(params=[_ALONE, _IN_COMPANY, _PIECEMEAL], ids=lambda files: files.name)
def asleep(request, world, tmp_path):
    """Start a run whose statement lasts for a minute as long as table `gate` has a row."""

    @contextmanager
    def start(port=None, **environ):
        request.param.write(tmp_path)
        with world.database() as database, world.connect(database) as conn:
            conn.execute("CREATE TABLE gate AS SELECT 1 AS row")
            run = Command(["migrate"], folder=tmp_path, url=world.url(database, port), **environ)
            assert process.wait(lambda: conn.execute(_ASLEEP).fetchone(), _WAITS_S), run.said
            yield run, conn
            conn.execute("DELETE FROM gate")
            after = Command(["migrate", "--lock-wait", "1"], folder=tmp_path, url=world.url(database)).wait()
            assert after.code == 0, after.err

    return start


def free_within(conn, limit_s):
    return process.wait(lambda: conn.execute(_ASLEEP).fetchone() is None, limit_s)


@pytest.mark.parametrize("before", [[], [signal.SIGSTOP]], ids=["killed", "frozen, then killed"])
def test_a_killed_one_frees_it_while_its_statement_runs(asleep, before):
    with asleep() as (run, conn):
        for number in (*before, signal.SIGKILL):
            run.signal(number)
        run.wait()
        assert free_within(conn, 3.0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has socket filters")
def test_one_whose_machine_lost_its_power_frees_it_too(world, asleep):
    impatient = "".join(f" -c tcp_keepalives_{what}=1" for what in ("idle", "interval", "count"))
    with Proxy(world.address) as proxy, asleep(proxy.port, PGOPTIONS=impatient) as (run, conn):
        for link in proxy.links:
            link.vanish()
        run.signal(signal.SIGKILL)
        run.wait()
        assert free_within(conn, 10.0)


def test_the_server_asks_after_a_silent_runner_in_less_than_a_minute(world, tmp_path):
    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
    asked = ", ".join(f"current_setting('{name}') AS {name}" for name in names)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/0001_a.sql").write_text(f"CREATE TABLE told AS SELECT {asked};")
    with world.database() as database:
        assert Command(["migrate"], folder=tmp_path, url=world.url(database)).wait().code == 0
        with world.connect(database) as conn:
            idle, interval, count = map(int, conn.execute("SELECT * FROM told").fetchone())
    assert 0 < idle + interval * count < 60


def test_one_that_is_told_to_stop_has_stopped_within_three_seconds(asleep):
    with asleep() as (run, _):
        started = time.monotonic()
        run.signal(signal.SIGTERM)
        done = run.wait()
        assert time.monotonic() - started < 3
        assert done.code == 143
        assert "stopped by SIGTERM during 0002_long" in done.err
        assert "The migration was rolled back whole." in done.err or "1 of 2 statements" in done.err


def test_it_stops_within_three_seconds_where_the_server_is_silent_too(world, asleep):
    with asleep() as (run, conn):
        (backend,) = conn.execute(_ASLEEP).fetchone()
        frozen = [world.server.pid(), backend]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            started = time.monotonic()
            run.signal(signal.SIGTERM)
            done = run.wait()
            took_s = time.monotonic() - started
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        assert done.code == 143, done.err
        assert took_s < 3
        assert "The server did not answer, so the outcome is not known here" in done.err
        assert free_within(conn, 5.0)


def test_a_frozen_one_keeps_the_lock_and_is_named(world, asleep):
    with asleep() as (run, conn):
        run.signal(signal.SIGSTOP)
        rival = Command(
            ["migrate", "--lock-wait", "0"], folder=run.folder, url=world.url(conn.info.dbname)
        ).wait()
        assert rival.code == 4
        assert "another runner holds the migration lock" in rival.err
        run.signal(signal.SIGKILL)
        run.wait()
        assert free_within(conn, 3.0)
