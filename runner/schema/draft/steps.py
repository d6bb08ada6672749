"""The steps of a draft, and the order and the files in which they run."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from runner.schema.catalog.objects import Key


class Mode(IntEnum):
    """How a step runs; steps of one mode share a file where their order lets them. The first that is ready runs first."""

    ENUM_VALUE = 0  # a value cannot be used in the transaction that adds it
    TRANSACTION = 1
    CONCURRENTLY = 2  # outside transactions
    BATCH = 3  # rows, a thousand a transaction: a file for each
    VALIDATE = 4  # a scan that lets reads and writes go on
    DESTROY = 5  # what a rollback cannot bring back


@dataclass(slots=True, eq=False)
class Step:
    """Statements that belong together, and the steps that must come before."""

    sql: str  # one statement, or several with an empty line between
    key: Key  # what they make, change or drop
    mode: Mode = Mode.TRANSACTION
    rank: tuple[int, int] = (0, 0)  # where it runs among those that are ready
    loses: str | None = None  # what no rollback brings back
    says: str | None = None  # what else a person should know, a sentence
    after: set[int] = field(default_factory=set)  # the ids of other steps


@dataclass(frozen=True, slots=True)
class Group:
    """The steps of one file."""

    mode: Mode
    steps: tuple[Step, ...]

    @property
    def loses(self) -> tuple[str, ...]:
        """What no rollback brings back."""
        return tuple(step.loses for step in self.steps if step.loses is not None)

    @property
    def says(self) -> tuple[str, ...]:
        """What else a person should know, each once."""
        return tuple(dict.fromkeys(step.says for step in self.steps if step.says is not None))


def groups(steps: Iterable[Step]) -> list[Group]:
    """Put steps in order and into as few files as their modes and needs allow.

    Where needs run in a circle, the first by rank goes ahead.
    """
    waiting = {id(step): step for step in steps}
    place = {number: (*step.rank, n) for n, (number, step) in enumerate(waiting.items())}
    followers: dict[int, list[Step]] = defaultdict(list)
    left: dict[int, int] = {}
    for number, step in waiting.items():
        needs = {other for other in step.after if other in waiting and other != number}
        left[number] = len(needs)
        for other in needs:
            followers[other].append(step)
    ready: dict[Mode, list[tuple[tuple[int, ...], int]]] = {mode: [] for mode in Mode}
    for number, step in waiting.items():
        if not left[number]:
            heapq.heappush(ready[step.mode], (place[number], number))
    found: list[tuple[Mode, list[Step]]] = []
    while waiting:
        mode = _next(found[-1][0] if found else None, ready)
        if mode is None:
            number = min(waiting, key=lambda other: place[other])
            mode = waiting[number].mode
        else:
            _, number = heapq.heappop(ready[mode])
        taken = waiting.pop(number, None)
        if taken is None:
            continue
        if not found or not goes_along(found[-1][0], mode):
            found.append((mode, []))
        found[-1][1].append(taken)
        for follower in followers[number]:
            left[id(follower)] -= 1
            if not left[id(follower)] and id(follower) in waiting:
                heapq.heappush(ready[follower.mode], (place[id(follower)], id(follower)))
    return [Group(mode, tuple(steps)) for mode, steps in found]


def goes_along(file: Mode, mode: Mode) -> bool:
    """Return whether a step goes into the file before it; so does what only becomes possible by destroying."""
    if mode is Mode.BATCH:
        return False
    return file is mode or (file is Mode.DESTROY and mode is Mode.TRANSACTION)


def joined(before: Sequence[Group], after: Sequence[Group]) -> list[Group]:
    """Return the files of one part of a draft and those of the next, which begins in the last file where it can."""
    if not (before and after and goes_along(before[-1].mode, after[0].mode)):
        return [*before, *after]
    both = Group(before[-1].mode, (*before[-1].steps, *after[0].steps))
    return [*before[:-1], both, *after[1:]]


def _next(now: Mode | None, ready: dict[Mode, list[tuple[tuple[int, ...], int]]]) -> Mode | None:
    if now is not None and now is not Mode.BATCH and ready[now]:
        return now
    if now is Mode.DESTROY and ready[Mode.TRANSACTION]:
        return Mode.TRANSACTION
    return next((mode for mode in Mode if ready[mode]), None)
