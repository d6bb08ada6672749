"""A runner may be killed, or told to stop, at any message: what is left is whole, and the next run goes on."""

from __future__ import annotations

import pytest

from tests.faults.filesets import LOOSE, MIXED
from tests.faults.ground import Direction
from tests.faults.proxy import Step
from tests.faults.trial import Harm, Planned, attempt, turns
from tests.faults.wire import Side


@pytest.mark.parametrize("direction", Direction)
def test_a_killed_one_leaves_nothing_half_done(ground, direction):
    prepared = ground(MIXED)
    for n, turn in enumerate(turns(prepared, direction)):
        step = turn.after() if n % 2 or turn.commits else turn.before()
        outcome = attempt(prepared, direction, [Planned(step, Harm.KILL)])
        assert outcome.codes == [Harm.KILL.code], outcome


@pytest.mark.parametrize("direction", Direction)
def test_a_stopped_one_says_so_with_its_exit_code(ground, direction):
    prepared = ground(MIXED)
    for n, turn in enumerate(turns(prepared, direction)):
        harm = Harm.INT if n % 4 > 1 else Harm.TERM
        step = turn.after() if n % 2 else turn.before()
        outcome = attempt(prepared, direction, [Planned(step, harm)])
        assert outcome.codes == [harm.code], outcome


def test_one_that_is_killed_run_after_run_comes_to_the_end(ground):
    prepared = ground(MIXED)
    kills = [
        [Planned(turn.after(), Harm.KILL)] for turn in turns(prepared, Direction.MIGRATE) if turn.commits
    ]
    outcome = attempt(prepared, Direction.MIGRATE, kills[1], kills[0], kills[0], kills[0])
    assert outcome.codes[0] == Harm.KILL.code


@pytest.mark.parametrize("files", [MIXED, LOOSE], ids=lambda files: files.name)
@pytest.mark.parametrize("direction", Direction)
def test_a_stop_is_not_forgotten_when_the_connection_is_lost_while_it_tidies_up(ground, files, direction):
    prepared = ground(files)
    next_message = Step(Side.CLIENT, 1)
    for n, turn in enumerate(turns(prepared, direction)[::3]):
        at_once = [Planned(turn.after(), Harm.TERM_AND_RESET)]
        one_by_one = [Planned(turn.after(), Harm.TERM), Planned(next_message, Harm.RESET)]
        outcome = attempt(prepared, direction, at_once if n % 2 else one_by_one)
        assert outcome.codes == [Harm.TERM.code]


def test_a_signal_when_all_is_done_is_no_failure(ground):
    prepared = ground(MIXED)
    goodbye = Step(Side.CLIENT, 1, containing=b"X\0\0\0\4")
    for _ in range(12):
        assert attempt(prepared, Direction.MIGRATE, [Planned(goodbye, Harm.TERM)]).codes in ([0], [143])
