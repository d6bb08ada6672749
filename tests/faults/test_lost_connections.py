"""A connection may be lost at any message: the run itself goes on, and does everything once."""

from __future__ import annotations

from itertools import cycle

import pytest

from tests.faults.filesets import MIXED
from tests.faults.ground import Direction
from tests.faults.trial import Harm, Place, Planned, attempt, places, turns

_WAYS = (
    lambda turn: Planned(turn.before(), Harm.RESET),
    lambda turn: Planned(turn.after(), Harm.CLOSE),
    lambda turn: Planned(turn.before(), Harm.TERMINATE),
    lambda turn: Planned(turn.after(), Harm.RESET),
)


@pytest.mark.parametrize("direction", Direction)
def test_it_is_made_again_at_every_turn(ground, direction):
    prepared = ground(MIXED)
    for turn, way in zip(turns(prepared, direction), cycle(_WAYS), strict=False):
        outcome = attempt(prepared, direction, [way(turn)])
        assert outcome.codes == [0], outcome


@pytest.mark.parametrize("direction", Direction)
def test_a_commit_whose_answer_is_lost_is_not_repeated(ground, direction):
    prepared = ground(MIXED)
    commits = [turn for turn in turns(prepared, direction) if turn.commits]
    assert len(commits) >= 3
    for turn in commits:
        outcome = attempt(prepared, direction, [Planned(turn.after(), Harm.SWALLOW)])
        assert outcome.codes == [0], outcome


def test_it_may_be_lost_within_a_message_of_either_side(ground):
    prepared = ground(MIXED)
    at_work = [place for place in places(prepared.rehearse(Direction.MIGRATE)) if place.at_work]
    for place in at_work[:: len(at_work) // 25]:
        step = place.within(len(place.message.data) // 2)
        outcome = attempt(prepared, Direction.MIGRATE, [Planned(step, Harm.RESET)])
        assert outcome.codes == [0], outcome


def test_before_the_work_begins_its_loss_is_told_as_safe_to_repeat(ground):
    prepared = ground(MIXED)
    for place in _before_work(places(prepared.rehearse(Direction.MIGRATE)))[::3]:
        outcome = attempt(prepared, Direction.MIGRATE, [Planned(place.before(), Harm.RESET)])
        assert outcome.codes == [4], outcome


def _before_work(found: list[Place]) -> list[Place]:
    return found[: next(n for n, place in enumerate(found) if place.at_work)]


def test_it_may_be_lost_at_one_commit_after_the_other(ground):
    prepared, losses = ground(MIXED), []
    for _ in range(4):
        outcome = attempt(prepared, Direction.MIGRATE, losses)
        record = next(p for p in places(outcome.rest) if p.commits and b"_yoyo_log" in p.message.data)
        losses.append(Planned(record.after(), Harm.SWALLOW))
    outcome = attempt(prepared, Direction.MIGRATE, losses)
    assert outcome.codes == [0], outcome
    assert outcome.fired == losses


def test_a_migration_that_loses_it_each_time_does_not_try_for_ever(ground):
    prepared, losses = ground(MIXED), []
    for _ in range(3):
        outcome = attempt(prepared, Direction.MIGRATE, losses)
        file = next(place for place in places(outcome.rest) if b"CREATE TABLE people" in place.message.data)
        losses.append(Planned(file.before(), Harm.RESET))
    outcome = attempt(prepared, Direction.MIGRATE, losses)
    assert outcome.codes == [4], outcome
