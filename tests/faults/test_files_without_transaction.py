"""A file without a transaction goes on where it was cut off, whatever cut it off."""

from __future__ import annotations

from itertools import cycle

import pytest

from tests.faults.filesets import LOOSE
from tests.faults.ground import Direction
from tests.faults.trial import Harm, Planned, attempt, turns

_HARMS = (Harm.KILL, Harm.RESET, Harm.TERM, Harm.SWALLOW, Harm.CRASH, Harm.TERMINATE)


@pytest.mark.parametrize("direction", Direction)
def test_each_turn_may_be_the_last(ground, direction):
    prepared = ground(LOOSE)
    for turn, harm in zip(turns(prepared, direction)[::2], cycle(_HARMS), strict=False):
        outcome = attempt(prepared, direction, [Planned(turn.after(), harm)])
        assert outcome.codes == [0 if harm.survivable else harm.code], outcome
