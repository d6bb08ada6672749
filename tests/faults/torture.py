"""Random files, random faults, random restarts, random schemas, random drafts: python -m tests.faults --trials 1000

Prints what happened, and exits with 1 when a promise was not kept. Everything in a trial follows from its number, so
`--seed NUMBER --trials 1 --schemas 0 --pairs 0` repeats it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from random import Random, SystemRandom

from tests.drafts import Outcome
from tests.dumps import pg_dump_for
from tests.faults.edited_half_way import edited_half_way
from tests.faults.ground import Direction, Ground, prepared
from tests.faults.invariant import ViolationError
from tests.faults.killed_restores import killed_restore
from tests.faults.proxy import Step
from tests.faults.random_drafts import database_maker, try_pair
from tests.faults.random_faults import random_faults
from tests.faults.random_schemas import random_schema_again
from tests.faults.random_sets import random_set
from tests.faults.trial import ManualActionNeededError, attempt, places
from tests.faults.world import World

_A_SET = 20  # trials in a row that share a set of files
_TELL_EVERY = 50


@dataclass
class Tally:
    """What happened in some trials."""

    trials: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    hits: int = 0  # trials in which a fault came while the migration lock was held
    violations: list[str] = field(default_factory=list)
    manual: int = 0
    schemas: int = 0
    statements: int = 0  # of which those schemas are made
    drafts: Counter[Outcome] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count what another worker did."""
        self.trials += other.trials
        self.faults += other.faults
        self.hits += other.hits
        self.violations += other.violations
        self.manual += other.manual
        self.schemas += other.schemas
        self.statements += other.statements
        self.drafts += other.drafts


def main(args: Sequence[str] | None = None) -> int:
    """Run the trials on as many workers as there are processors, and print the outcome."""
    parser = argparse.ArgumentParser(
        prog="make torture", description="Random files, random faults, random restarts."
    )
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--schemas", type=int, default=500, help="how many random schemas, beside the trials")
    parser.add_argument(
        "--pairs", type=int, default=100, help="how many pairs of schemas to draft between, both ways"
    )
    parser.add_argument(
        "--seed", type=int, default=SystemRandom().randrange(10**6), help="number of the first trial"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    chosen = parser.parse_args(args)
    numbers = range(chosen.seed, chosen.seed + chosen.trials)
    sets = sorted({number // _A_SET for number in numbers})
    schemas = range(chosen.seed, chosen.seed + chosen.schemas)
    pairs = range(chosen.seed, chosen.seed + chosen.pairs)
    print(
        f"from number {chosen.seed}: {len(numbers)} trials, {len(schemas)} schemas, {len(pairs)} pairs",
        flush=True,
    )
    started, total = time.monotonic(), Tally()
    spawn = multiprocessing.get_context("spawn")
    workers = range(chosen.workers)
    with ProcessPoolExecutor(chosen.workers, mp_context=spawn) as pool:
        shares = [sets[n :: chosen.workers] for n in workers]
        of_schemas = [schemas[n :: chosen.workers] for n in workers]
        of_pairs = [pairs[n :: chosen.workers] for n in workers]
        for tally in pool.map(_work, shares, [numbers] * len(shares), of_schemas, of_pairs):
            total.add(tally)
    _report(total, time.monotonic() - started)
    return 1 if total.violations else 0


def _report(total: Tally, elapsed_s: float) -> None:
    for name, count in total.faults.most_common():
        print(f"  {count:6} {name}")
    drafts = ", ".join(f"{total.drafts[outcome]} {outcome.value}" for outcome in Outcome)
    print(f"{total.drafts.total()} drafts between schemas: {drafts}")
    print(
        f"{total.schemas} schemas of {total.statements} statements, "
        f"{total.trials} trials, {total.faults.total()} faults, {total.hits} trials hit while work was under way, "
        f"{len(total.violations)} violations, {total.manual} manual actions needed, {elapsed_s:.0f} s"
    )


def _work(sets: Sequence[int], numbers: range, schemas: range, pairs: range) -> Tally:
    tally = Tally()
    with World.make() as world:
        dump = pg_dump_for(world.parameters, world.folder / "programs") if schemas else None
        for number in schemas:
            _schema(number, world, dump, tally)
        for number in pairs:
            _pair(number, world, tally)
        for share in sets:
            with prepared(world, random_set(Random(f"set {share}"))) as ground:
                rehearsed = cache(lambda direction, ground=ground: places(ground.rehearse(direction)))
                for number in range(share * _A_SET, (share + 1) * _A_SET):
                    if number in numbers:
                        _trial(number, ground, rehearsed, tally)
    return tally


def _schema(number: int, world: World, dump, tally: Tally) -> None:
    tally.schemas += 1
    try:
        tally.statements += random_schema_again(Random(f"schema {number}"), world, dump)
    except ViolationError as violation:
        _note(number, tally, violation, "--trials 0 --schemas 1 --pairs 0")


def _pair(number: int, world: World, tally: Tally) -> None:
    with database_maker(world.parameters) as new_database:
        for way, tried in zip(
            ("there", "back"), try_pair(Random(f"pair {number}"), new_database), strict=True
        ):
            tally.drafts[tried.outcome] += 1
            problem = f"pair {number}, {way}: {tried.outcome.value}: {tried.why}"
            if tried.outcome in {Outcome.FAULTY, Outcome.WRONG}:
                _note(number, tally, ViolationError(problem), "--trials 0 --schemas 0 --pairs 1")
            elif tried.outcome is not Outcome.WHOLE:
                print(problem, flush=True)


def _trial(number: int, ground: Ground, rehearsed, tally: Tally) -> None:
    random = Random(f"trial {number}")
    kind = random.choices(["a run", "an edited file", "a restore"], [20, 3, 1])[0]
    if kind != "a run":
        tally.trials += 1
        try:
            if kind == "an edited file":
                tally.faults.update(planned.harm.title for planned in edited_half_way(random, ground.world))
            else:
                tally.faults[killed_restore(random, ground.world)] += 1
        except (ViolationError, OSError, RuntimeError, TimeoutError) as problem:
            _note(number, tally, problem)
        return
    direction = random.choice([Direction.MIGRATE, Direction.MIGRATE, Direction.ROLL_BACK])
    found = rehearsed(direction)
    runs = [random_faults(random, found) for _ in range(random.choice([1, 1, 2, 3]))]
    tally.trials += 1
    if tally.trials % _TELL_EVERY == 0:
        print(f"  {tally.trials} trials of this worker, {len(tally.violations)} violations", flush=True)
    try:
        outcome = attempt(ground, direction, *runs, rivals=random.choice([0, 0, 0, 1, 2]))
    except ViolationError as violation:
        tally.manual += isinstance(violation, ManualActionNeededError)
        _note(number, tally, violation)
        return
    except (OSError, RuntimeError) as trouble:  # of the trial itself, which then proves nothing
        _note(number, tally, trouble)
        return
    tally.faults.update(planned.harm.title for planned in outcome.fired)
    at_work = {place.before() for place in found if place.at_work}
    tally.hits += any(Step(f.step.side, f.step.number) in at_work for f in outcome.fired)


def _note(
    number: int, tally: Tally, problem: Exception, what: str = "--trials 1 --schemas 0 --pairs 0"
) -> None:
    told = "".join(traceback.format_exception_only(problem))
    tally.violations.append(f'make torture ARGS="--seed {number} {what}"\n{told}')
    print(tally.violations[-1], flush=True)
