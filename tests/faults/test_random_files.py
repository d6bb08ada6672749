"""A few random sets of files and faults; `make torture` takes many more."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.faults.ground import Direction, prepared
from tests.faults.random_faults import random_faults
from tests.faults.random_sets import random_set
from tests.faults.trial import attempt, places


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a smaller failure costs minutes, and the first one names its faults
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.randoms(use_true_random=True), st.sampled_from(Direction), st.integers(1, 3), st.integers(0, 1))
def test_whatever_they_hold_and_whatever_happens_they_are_applied_once(
    world, random, direction, faulty_runs, rivals
):
    with prepared(world, random_set(random)) as ground:
        found = places(ground.rehearse(direction))
        runs = [random_faults(random, found) for _ in range(faulty_runs)]
        attempt(ground, direction, *runs, rivals=rivals)
