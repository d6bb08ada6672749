"""What a trial stands on: files, the states they lead through, and databases to begin from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from pathlib import Path

from tests.db.engine.conftest import Finished
from tests.faults.commands import Command
from tests.faults.filesets import FileSet
from tests.faults.invariant import Recorded, Snapshot, recorded, snapshot
from tests.faults.proxy import Proxy
from tests.faults.wire import Message
from tests.faults.world import World

_numbers = count()


class Direction(Enum):
    """Which way a run goes."""

    MIGRATE = ("migrate",)
    ROLL_BACK = ("rollback", "--all", "--yes")

    @property
    def back(self) -> Direction:
        """The other way."""
        return Direction.ROLL_BACK if self is Direction.MIGRATE else Direction.MIGRATE


@dataclass
class Ground:
    """A set of files on disk, with all that is known of it before a trial."""

    world: World
    files: FileSet
    project: Path
    templates: dict[Direction, str]  # the database that a trial in each direction begins from
    states: dict[Recorded, Snapshot] = field(default_factory=dict)
    ends: dict[Direction, Recorded] = field(default_factory=dict)  # what is recorded when all is done

    def run(
        self, args: Sequence[str], database: str, *, proxy: Proxy | None = None, project: Path | None = None
    ) -> Command:
        """Start the command line, with these files unless others are named."""
        url = self.world.url(database, None if proxy is None else proxy.port)
        return Command(args, folder=project or self.project, url=url)

    def rehearse(self, direction: Direction) -> list[Message]:
        """Run without harm, and return what client and server said."""
        with (
            self.world.database(self.templates[direction]) as database,
            Proxy(self.world.address) as proxy,
        ):
            _must(self.run(direction.value, database, proxy=proxy).wait())
        return proxy.record


@contextmanager
def prepared(world: World, files: FileSet) -> Iterator[Ground]:
    """Write the files, and learn every state between none and all of them from runs of one step each."""
    project = world.folder / f"{files.name}-{next(_numbers)}" / "project"
    project.mkdir(parents=True)
    with world.database() as start:
        ground = Ground(world, files, project, {Direction.MIGRATE: start})
        if files.earlier:
            files.write(project, earlier=True)
            _must(ground.run(("migrate",), start).wait())
        files.write(project)
        with world.database(start) as complete, world.database(start) as back:
            ground.ends[Direction.MIGRATE] = _learn(ground, ("migrate", "--steps", "1"), complete)
            _must(ground.run(("migrate",), back).wait())
            ground.ends[Direction.ROLL_BACK] = _learn(ground, ("rollback", "--steps", "1", "--yes"), back)
            ground.templates[Direction.ROLL_BACK] = complete
            yield ground


def _learn(ground: Ground, step: Sequence[str], database: str) -> Recorded:
    here = _look(ground, database)
    while True:
        _must(ground.run(step, database).wait())
        after = _look(ground, database)
        if after == here:
            return here
        here = after


def _look(ground: Ground, database: str) -> Recorded:
    with ground.world.connect(database) as conn:
        found, seen = recorded(conn), snapshot(conn)
    if ground.states.setdefault(found, seen) != seen:
        raise RuntimeError(f"{ground.files.name} does not lead back the way it came, at {sorted(found)}")
    return found


def _must(done: Finished) -> None:
    if done.code != 0:
        raise RuntimeError(f"a run without a fault ended with {done.code}\n{done.out}{done.err}")
