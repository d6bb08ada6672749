"""Random harm at random places of a rehearsed run."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.faults.trial import Harm, Place, Planned

_WEIGHTS = {
    Harm.RESET: 4,
    Harm.CLOSE: 2,
    Harm.SWALLOW: 3,
    Harm.TERMINATE: 3,
    Harm.KILL: 6,
    Harm.TERM: 3,
    Harm.INT: 1,
    Harm.TERM_AND_RESET: 1,
    Harm.CRASH: 2,
    Harm.RESTART: 1,
    Harm.KILL_BACKEND: 1,
}
_NEEDS_BACKEND = {Harm.TERMINATE, Harm.KILL_BACKEND}


def random_faults(random: Random, found: Sequence[Place]) -> list[Planned]:
    """Choose one to three harms for a run; the places of the later ones count from the one before."""
    planned = [_first(random, found)]
    while random.random() < 0.3:
        harm = random.choice([Harm.RESET, Harm.CLOSE, Harm.KILL, Harm.TERM, Harm.CRASH])
        planned.append(Planned(random.choice(found).before(), harm))
    return planned


def _first(random: Random, found: Sequence[Place]) -> Planned:
    harm = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    at_work = [place for place in found if place.at_work]
    if harm is Harm.SWALLOW:
        return Planned(random.choice([place for place in at_work if place.message.ends_turn]).after(), harm)
    anywhere = random.random() < 0.1 and harm not in _NEEDS_BACKEND
    place = random.choice(found if anywhere else at_work)
    passed = random.randrange(len(place.message.data))
    return Planned(random.choice([place.before(), place.after(), place.within(passed)]), harm)
