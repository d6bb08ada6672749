"""Files that travel otherwise: large ones in several messages, changed repeatables once more."""

from __future__ import annotations

from itertools import cycle

import pytest

from tests.faults.filesets import BIG, CHANGED
from tests.faults.ground import Direction
from tests.faults.trial import Harm, Planned, attempt, turns

_HARMS = (Harm.RESET, Harm.KILL, Harm.SWALLOW, Harm.TERM, Harm.TERMINATE)


@pytest.mark.parametrize("files", [BIG, CHANGED], ids=lambda files: files.name)
@pytest.mark.parametrize("direction", Direction)
def test_each_turn_may_be_the_last(ground, files, direction):
    prepared = ground(files)
    for turn, harm in zip(turns(prepared, direction), cycle(_HARMS), strict=False):
        outcome = attempt(prepared, direction, [Planned(turn.after(), harm)])
        assert outcome.codes == [0 if harm.survivable else harm.code], outcome


def test_a_large_file_is_cut_in_its_middle(ground):
    prepared = ground(BIG)
    pieces = [turn for turn in turns(prepared, Direction.MIGRATE) if len(turn.message.data) > 1 << 17]
    assert len(pieces) > 2
    for piece in pieces:
        step = piece.within(len(piece.message.data) // 2)
        assert attempt(prepared, Direction.MIGRATE, [Planned(step, Harm.RESET)]).codes == [0]
        assert attempt(prepared, Direction.MIGRATE, [Planned(step, Harm.KILL)]).codes == [Harm.KILL.code]
