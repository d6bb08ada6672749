"""A fault while the server works on a message, held there by a lock on history's own table: between file and record."""

from __future__ import annotations

import os
import signal
from contextlib import closing, contextmanager

import pytest

from runner.local import process
from tests.faults.filesets import CHANGED
from tests.faults.ground import Direction
from tests.faults.invariant import snapshot, verify

_WAITS_S = 30.0
_HELD = """
SELECT l.pid FROM pg_locks AS l WHERE NOT l.granted AND l.relation = to_regclass('_runner_migration')
"""


@contextmanager
def held_before_the_record(ground, database):
    """Start a run that has done a file's work and cannot record it; yield it and its backend's pid."""
    with closing(ground.world.connect(database)) as gate:
        gate.autocommit = False
        gate.execute("LOCK TABLE _runner_migration IN EXCLUSIVE MODE")
        run = ground.run(("migrate",), database)
        with ground.world.connect(database) as look:
            assert process.wait(lambda: look.execute(_HELD).fetchone(), _WAITS_S)
            (pid,) = look.execute(_HELD).fetchone()
        yield run, pid


def finishes_by_itself(prepared, database):
    assert prepared.run(("migrate",), database).wait().code == 0
    with prepared.world.connect(database) as conn:
        found = verify(conn, prepared.states, half_done=frozenset())
    assert found == prepared.ends[Direction.MIGRATE]


def test_the_backend_ends_and_with_it_the_files_work(ground):
    prepared = ground(CHANGED)
    with prepared.world.database(prepared.templates[Direction.MIGRATE]) as database:
        with prepared.world.connect(database) as conn:
            before = snapshot(conn)
        with held_before_the_record(prepared, database) as (run, pid):
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
            prepared.world.terminate(pid)
            with prepared.world.connect(database) as conn:
                assert snapshot(conn) == before
        finishes_by_itself(prepared, database)


def test_a_killed_runners_backend_ends_by_itself(ground):
    prepared = ground(CHANGED)
    with prepared.world.database(prepared.templates[Direction.MIGRATE]) as database:
        with held_before_the_record(prepared, database) as (run, pid):
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
            with prepared.world.connect() as admin:
                alive = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
                assert process.wait(lambda: admin.execute(alive, [pid]).fetchone() is None, 3.0)
        finishes_by_itself(prepared, database)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_runner_says_that_it_was_rolled_back(ground, number, code):
    prepared = ground(CHANGED)
    with prepared.world.database(prepared.templates[Direction.MIGRATE]) as database:
        with held_before_the_record(prepared, database) as (run, _):
            os.kill(run.pid, number)
            done = run.wait()
            assert done.code == code
            assert "It was rolled back whole." in done.err
        finishes_by_itself(prepared, database)


def test_a_crash_of_the_server_is_survived(ground):
    prepared = ground(CHANGED)
    with prepared.world.database(prepared.templates[Direction.MIGRATE]) as database:
        with held_before_the_record(prepared, database) as (run, _):
            prepared.world.crash()
            assert run.wait().code == 0
        finishes_by_itself(prepared, database)
