"""The server may be killed and started again, or end every session, at any message; nothing it confirmed is lost."""

from __future__ import annotations

import pytest

from tests.faults.filesets import MIXED
from tests.faults.ground import Direction
from tests.faults.trial import Harm, Planned, attempt, turns


@pytest.mark.parametrize("harm", [Harm.CRASH, Harm.KILL_BACKEND])
@pytest.mark.parametrize("direction", Direction)
def test_the_run_goes_on_when_it_is_back(ground, direction, harm):
    prepared = ground(MIXED)
    found = turns(prepared, direction)
    for turn in found[:: max(1, len(found) // 7)]:
        outcome = attempt(prepared, direction, [Planned(turn.after(), harm)])
        assert outcome.codes == [0], outcome


@pytest.mark.parametrize("direction", Direction)
def test_what_was_told_as_done_outlives_it_where_commits_do_not_wait_for_the_disk_too(
    ground, world, direction
):
    prepared = ground(MIXED)
    with world.connect() as admin:
        assert admin.execute("SHOW synchronous_commit").fetchone() == ("off",)
        admin.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        admin.execute("SELECT pg_reload_conf()")
    last = turns(prepared, direction)[-1]
    for _ in range(3):
        assert attempt(prepared, direction, [Planned(last.after(), Harm.CRASH)]).codes == [0]
