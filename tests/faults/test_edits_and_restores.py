"""A few trials of the kinds that `make torture` takes many of."""

from __future__ import annotations

from random import Random

import pytest

from tests.faults.edited_half_way import edited_half_way
from tests.faults.killed_restores import killed_restore


@pytest.mark.parametrize("number", range(4))
def test_a_file_that_is_edited_half_way_does_nothing_twice(world, number):
    edited_half_way(Random(f"edited {number}"), world)


@pytest.mark.parametrize("number", range(2))
def test_a_killed_restore_ends_with_all_rows(world, number):
    killed_restore(Random(f"restore {number}"), world)
