"""The server is away for a while: the run waits for it, as long as it was told to."""

from __future__ import annotations

import signal
import time
from contextlib import closing, contextmanager

from runner.server.local import process
from tests.faults.filesets import MIXED
from tests.faults.ground import Direction
from tests.faults.invariant import verify

_WAITS_S = 30.0
_HELD = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = to_regclass('people')"


@contextmanager
def held_in_the_middle(prepared, *args):
    """Start a run that waits in its third file for a lock; yield it and its database."""
    world = prepared.world
    with world.database() as database:
        assert prepared.run(("migrate", "--to", "0001"), database).wait().code == 0
        with closing(world.connect(database)) as gate, closing(world.connect(database)) as look:
            gate.autocommit = False
            gate.execute("LOCK TABLE people")
            run = prepared.run(("migrate", *args), database)
            assert process.wait(lambda: look.execute(_HELD).fetchone(), _WAITS_S)
            yield run, database


def test_it_is_waited_for_within_the_run(ground, world):
    prepared = ground(MIXED)
    with held_in_the_middle(prepared) as (run, database):
        world.server.stop()
        assert process.wait(lambda: "connecting again for up to 30 s" in run.said, _WAITS_S)
        world.server.start(tcp=True)
        done = run.wait()
        assert done.code == 0, done.err
        with world.connect(database) as conn:
            assert verify(conn, prepared.states, half_done=frozenset()) == prepared.ends[Direction.MIGRATE]


def test_one_that_stays_away_ends_the_run_as_safe_to_repeat(ground, world):
    prepared = ground(MIXED)
    with held_in_the_middle(prepared, "--reconnect-wait", "0.5") as (run, database):
        started = time.monotonic()
        world.server.stop()
        done = run.wait()
        took_s = time.monotonic() - started
        world.server.start(tcp=True)
        assert done.code == 4
        assert "the server did not come back in 0.5 s" in done.err
        assert took_s < 10
        assert prepared.run(("migrate",), database).wait().code == 0
        with world.connect(database) as conn:
            assert verify(conn, prepared.states, half_done=frozenset()) == prepared.ends[Direction.MIGRATE]


def test_a_stop_is_heard_while_it_is_waited_for(ground, world):
    prepared = ground(MIXED)
    with held_in_the_middle(prepared) as (run, database):
        world.server.stop()
        assert process.wait(lambda: "connecting again" in run.said, _WAITS_S)
        started = time.monotonic()
        run.signal(signal.SIGTERM)
        done = run.wait()
        assert time.monotonic() - started < 3
        world.server.start(tcp=True)
        assert done.code == 143
        assert "stopped by SIGTERM" in done.err
        assert prepared.run(("migrate",), database).wait().code == 0


def test_a_stop_is_heard_while_the_migration_lock_is_waited_for(ground):
    prepared = ground(MIXED)
    with held_in_the_middle(prepared) as (first, database):
        second = prepared.run(("migrate",), database)
        assert process.wait(lambda: "waiting for the migration lock" in second.said, _WAITS_S)
        second.signal(signal.SIGTERM)
        done = second.wait()
        assert done.code == 143
        assert "stopped by SIGTERM" in done.err
        first.signal(signal.SIGTERM)
        assert first.wait().code == 143
