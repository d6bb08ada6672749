"""A fault while the server works on a message: between a file and its record, and between the files of one message."""

from __future__ import annotations

import signal
from contextlib import closing, contextmanager

import pytest

from runner.server.local import process
from tests.faults.filesets import CHANGED, GATED
from tests.faults.ground import Direction
from tests.faults.invariant import snapshot, verify

_WAITS_S = 30.0
_BEFORE_THE_RECORD = (
    "LOCK TABLE _runner_migration IN EXCLUSIVE MODE",
    "SELECT pid FROM pg_locks WHERE NOT granted AND relation = to_regclass('_runner_migration')",
)
_HARMS = {
    "kill -9": signal.SIGKILL,
    "SIGTERM": signal.SIGTERM,
    "the backend ends": None,
    "the server crashes": None,
}

_UNDONE = {
    Direction.MIGRATE: "The migration was rolled back whole.",
    Direction.ROLL_BACK: "The rollback was undone whole;",
}


def at_the_gate_of(number):
    waiting = "SELECT pid FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND objid = {}"
    return f"SELECT pg_advisory_xact_lock({number})", waiting.format(number)


@contextmanager
def held(prepared, direction, database, gate):
    """Start a run and wait until the gate holds it; yield it and its backend's pid. The gate opens at the end."""
    closes, waiting = gate
    with (
        closing(prepared.world.connect(database)) as keeper,
        closing(prepared.world.connect(database)) as look,
    ):
        keeper.autocommit = False
        keeper.execute(closes)
        run = prepared.run(direction.value, database)
        assert process.wait(lambda: look.execute(waiting).fetchone(), _WAITS_S), run.said
        yield run, look.execute(waiting).fetchone()[0]


def is_gone(prepared, backend_pid):
    with prepared.world.connect() as admin:
        return not admin.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [backend_pid]).fetchone()


def look_at(prepared, database):
    with prepared.world.connect(database) as conn:
        return verify(conn, prepared.states, half_done=frozenset())


def finishes_by_itself(prepared, direction, database):
    assert prepared.run(direction.value, database).wait().code == 0
    assert look_at(prepared, database) == prepared.ends[direction]


def test_when_the_backend_ends_before_the_record_the_files_work_is_gone(ground):
    prepared = ground(CHANGED)
    with prepared.world.database(prepared.templates[Direction.MIGRATE]) as database:
        with prepared.world.connect(database) as conn:
            before = snapshot(conn)
        with held(prepared, Direction.MIGRATE, database, _BEFORE_THE_RECORD) as (run, pid):
            run.signal(signal.SIGKILL)
            run.wait()
            prepared.world.terminate(pid)
            with prepared.world.connect(database) as conn:
                assert snapshot(conn) == before
        finishes_by_itself(prepared, Direction.MIGRATE, database)


@pytest.mark.parametrize("harm", _HARMS)
@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("number", [1, 3, 4, 6])
def test_of_several_files_those_before_the_fault_are_done_and_no_others(ground, direction, number, harm):
    prepared = ground(GATED)
    with prepared.world.database(prepared.templates[direction]) as database:
        with held(prepared, direction, database, at_the_gate_of(number)) as (run, pid):
            if harm == "the server crashes":
                prepared.world.crash()
            elif harm == "the backend ends":
                prepared.world.terminate(pid)
            else:
                run.signal(_HARMS[harm])
                done = run.wait()
                assert done.code in {137, 143}
                assert process.wait(lambda: is_gone(prepared, pid), 3.0)
        if _HARMS[harm] is None:
            assert run.wait().code == 0
            assert look_at(prepared, database) == prepared.ends[direction]
            return
        count = number - 1 if direction is Direction.MIGRATE else number  # a rollback begins with the last
        assert len(look_at(prepared, database)) == count
        if harm == "SIGTERM":
            assert f"stopped by SIGTERM during 000{number}_gate" in done.err
            assert _UNDONE[direction] in done.err
        finishes_by_itself(prepared, direction, database)
