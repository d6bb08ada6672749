"""Many at once: each file is applied once, and whoever comes too late says so."""

from __future__ import annotations

import pytest

from tests.faults.filesets import MIXED, FileSet
from tests.faults.ground import Direction
from tests.faults.invariant import verify, verify_once

_CROWD = 50


def is_whole(prepared, database):
    """Return what is recorded, once it is known to be what the database holds."""
    with prepared.world.connect(database) as conn:
        return verify(conn, prepared.states, half_done=prepared.files.loose)


@pytest.mark.parametrize("direction", Direction)
def test_a_crowd_does_everything_once(ground, direction):
    prepared = ground(MIXED)
    with prepared.world.database(prepared.templates[direction]) as database:
        runs = [prepared.run(direction.value, database) for _ in range(_CROWD)]
        ended = [run.wait() for run in runs]
        late = (
            {0} if direction is Direction.MIGRATE else {0, 4}
        )  # what was confirmed is no longer there to undo
        assert {done.code for done in ended} <= late, [done.err for done in ended if done.code]
        assert is_whole(prepared, database) == prepared.ends[direction]
        with prepared.world.connect(database) as conn:
            verify_once(conn)


def test_a_rollback_and_a_migrate_take_turns(ground):
    prepared = ground(MIXED)
    for start in Direction:
        for first in Direction:
            with prepared.world.database(prepared.templates[start]) as database:
                runs = [prepared.run(way.value, database) for way in (first, first.back) * 2]
                for run in runs:
                    done = run.wait()
                    assert done.code in {0, 4}, done.err
                    assert "Traceback" not in done.err
                is_whole(prepared, database)
                assert prepared.run(("migrate",), database).wait().code == 0
                assert is_whole(prepared, database) == prepared.ends[Direction.MIGRATE]


def _part(*names: str) -> FileSet:
    return FileSet(
        "part", {path: text for path, text in MIXED.files.items() if any(n in path for n in names)}
    )


def test_an_older_image_beside_a_newer_one_applies_what_it_knows(ground, tmp_path):
    prepared = ground(MIXED)
    older = tmp_path / "older"
    _part("doubled", "0001", "0002", "0003").write(older)
    with prepared.world.database() as database:
        runs = [
            prepared.run(("migrate",), database, project=project) for project in (older, prepared.project) * 5
        ]
        for run in runs:
            done = run.wait()
            assert done.code == 0, done.err
        assert is_whole(prepared, database) == prepared.ends[Direction.MIGRATE]
        with prepared.world.connect(database) as conn:
            verify_once(conn)


def test_of_two_branches_the_later_one_is_told_that_it_is_late(ground, tmp_path):
    prepared = ground(MIXED)
    branches = [tmp_path / "low", tmp_path / "high"]
    _part("doubled", "0001", "0003").write(branches[0])
    _part("doubled", "0001", "0005").write(branches[1])
    (branches[1] / "migrations/0005_view.sql").write_text("CREATE VIEW totals AS SELECT 1;\n")
    for _ in range(3):
        with prepared.world.database() as database:
            low, high = [prepared.run(("migrate",), database, project=project) for project in branches]
            done = low.wait()
            assert high.wait().code == 0
            with prepared.world.connect(database) as conn:
                applied = {row[0] for row in conn.execute("SELECT migration_id FROM _yoyo_migration")}
                verify_once(conn)
            if done.code:
                assert done.code == 3
                assert "0003_more is out of order: 0005_view is applied already" in done.err
                assert applied == {"doubled", "0001_people", "0005_view"}
            else:
                assert applied == {"doubled", "0001_people", "0003_more", "0005_view"}
