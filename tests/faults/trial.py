"""One trial: runs with faults, what they left, and whether the next run finishes by itself."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from tests.db.engine.conftest import Finished
from tests.faults.commands import Command
from tests.faults.ground import Direction, Ground
from tests.faults.invariant import ViolationError, verify, verify_once
from tests.faults.proxy import Fault, Link, Proxy, Step
from tests.faults.wire import Message, Side
from tests.faults.world import World

_BUSY = 4  # the exit code for what is safe to repeat


class Harm(Enum):
    """What is done to a run, and the exit code that tells of it; 0 where it was survived or came too late."""

    RESET = "RST", _BUSY
    CLOSE = "FIN", _BUSY
    SWALLOW = "the answer is lost", _BUSY
    TERMINATE = "pg_terminate_backend", _BUSY
    KILL_BACKEND = "kill -9 of the backend", _BUSY
    CRASH = "the server is killed and started", _BUSY
    RESTART = "the server is stopped and started", _BUSY
    KILL = "kill -9", 128 + signal.SIGKILL
    TERM = "SIGTERM", 128 + signal.SIGTERM
    TERM_AND_RESET = "SIGTERM and RST", 128 + signal.SIGTERM
    INT = "SIGINT", 128 + signal.SIGINT

    def __init__(self, title: str, code: int) -> None:
        self.title = title
        self.code = code

    @property
    def survivable(self) -> bool:
        """Whether the run may go on."""
        return self.code == _BUSY


@dataclass(frozen=True)
class Planned:
    """A harm and where it is done."""

    step: Step
    harm: Harm

    def __str__(self) -> str:
        return f"{self.harm.title} {self.step}"


@dataclass(frozen=True)
class Place:
    """A message of a rehearsal, with its number among those of its side."""

    number: int
    message: Message
    at_work: bool  # between the taking of the migration lock and its release
    commits: bool  # a client's message that the server answers with a COMMIT done, among others

    def before(self) -> Step:
        """Return the step just before the message is passed on."""
        return Step(self.message.side, self.number)

    def after(self) -> Step:
        """Return the step just after it."""
        return Step(self.message.side, self.number, None)

    def within(self, passed: int) -> Step:
        """Return the step at which a part of the message has been passed on."""
        return Step(self.message.side, self.number, passed)


class ManualActionNeededError(ViolationError):
    """The next run did not finish by itself."""


@dataclass
class Outcome:
    """What happened in a trial."""

    fired: list[Planned] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # on stderr, by each of the runs with faults
    rest: list[Message] = field(default_factory=list)  # what was said after the last fault


def places(record: Sequence[Message]) -> list[Place]:
    """Number the messages of a rehearsal."""
    counts, found = dict.fromkeys(Side, 0), []
    committing, at_work = _committing(record), _at_work(record)
    for index, message in enumerate(record):
        counts[message.side] += 1
        found.append(Place(counts[message.side], message, index in at_work, index in committing))
    return found


def _at_work(record: Sequence[Message]) -> range:
    taken = [index for index, message in enumerate(record) if b"pg_try_advisory_lock" in message.data]
    given_up = [index for index, message in enumerate(record) if b"pg_advisory_unlock" in message.data]
    return range(taken[0], given_up[-1]) if taken and given_up else range(0)


def _committing(record: Sequence[Message]) -> set[int]:
    found, last = set(), 0
    for index, message in enumerate(record):
        if message.side is Side.CLIENT:
            last = index
        elif message.confirms_commit:
            found.add(last)
    return found


def turns(ground: Ground, direction: Direction) -> list[Place]:
    """Return where a rehearsed client ends its turn while it is at work; after each it waits for the server."""
    return [
        place for place in places(ground.rehearse(direction)) if place.at_work and place.message.ends_turn
    ]


def attempt(ground: Ground, direction: Direction, *runs: Sequence[Planned], rivals: int = 0) -> Outcome:
    """Make runs with faults, one after the other, then one without, then one back; look at the database after each.

    So many `rivals`, without faults of their own, are started with each run.

    Raises: ViolationError, with all that is needed to understand it.
    """
    outcome = Outcome()
    with ground.world.database(ground.templates[direction]) as database:
        for planned in runs:
            others = [ground.run(direction.value, database) for _ in range(rivals)]
            done, proxy = harmed(ground, direction, database, planned)
            fired = list(planned[: len(proxy.fired)])
            outcome.fired += fired
            outcome.rest = proxy.record
            outcome.codes.append(done.code)
            outcome.said.append(done.err)
            with _told(done, fired):
                _judge_code(done, {0} | {p.harm.code for p in fired} | ({_BUSY} if others else set()))
                for other in others:
                    _judge_code(other.wait(), {0, _BUSY})
                _verify(ground, direction, database, done)
        for way in (direction, direction.back):
            done = ground.run(way.value, database).wait()
            with _told(done, outcome.fired):
                if done.code != 0:
                    raise ManualActionNeededError(
                        f"the next run, {' '.join(way.value)}, did not finish by itself"
                    )
                _verify(ground, way, database, done)
                if way is direction:
                    with ground.world.connect(database) as conn:
                        verify_once(conn)
    return outcome


def harmed(
    ground: Ground, direction: Direction, database: str, planned: Sequence[Planned]
) -> tuple[Finished, Proxy]:
    """Run with faults, and return how it ended and the proxy that did them."""
    command: Future[Command] = Future()
    faults = [Fault(p.step, partial(_do, ground.world, command, p.harm)) for p in planned]
    with Proxy(ground.world.address, faults) as proxy:
        command.set_result(ground.run(direction.value, database, proxy=proxy))
        done = command.result().wait()
    if proxy.problems:
        raise proxy.problems[0]
    return done, proxy


def _do(world: World, command: Future[Command], harm: Harm, link: Link) -> None:
    match harm:
        case Harm.RESET | Harm.CLOSE:
            link.cut(reset=harm is Harm.RESET)
        case Harm.SWALLOW:
            link.swallow_answer()
            link.cut(reset=True)
        case Harm.TERMINATE:
            world.terminate(link.backend_pid)
        case Harm.KILL_BACKEND:
            world.kill_backend(link.backend_pid)
        case Harm.CRASH:
            world.crash()
        case Harm.RESTART:
            world.restart()
        case Harm.KILL:
            command.result().signal(signal.SIGKILL)
            link.wait_for_client_to_go()
            link.cut(reset=False)
        case Harm.TERM:
            command.result().signal(signal.SIGTERM)
        case Harm.TERM_AND_RESET:
            command.result().signal(signal.SIGTERM)
            link.cut(reset=True)
        case Harm.INT:
            command.result().signal(signal.SIGINT)


def _judge_code(done: Finished, allowed: set[int]) -> None:
    if done.code not in allowed:
        raise ViolationError(f"exit code {done.code}, not one of {sorted(allowed)}\n{done.err}")
    if "Traceback" in done.err:
        raise ViolationError(f"a stack trace instead of a message\n{done.err}")


def _verify(ground: Ground, direction: Direction, database: str, done: Finished) -> None:
    with ground.world.connect(database) as conn:
        found = verify(conn, ground.states, half_done=ground.files.loose)
    if done.code == 0 and found != ground.ends[direction]:
        raise ViolationError(f"exit code 0, and only this is recorded: {sorted(found)}")


@contextmanager
def _told(done: Finished, fired: Sequence[Planned]) -> Iterator[None]:
    try:
        yield
    except ViolationError as violation:
        violation.add_note(f"after: {'; '.join(map(str, fired)) or 'no fault'}")
        violation.add_note(f"exit code {done.code}\n{done.out}{done.err}")
        raise
