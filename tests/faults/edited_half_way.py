"""A file that is not one transaction stops half way, is edited, and goes on: nothing of it is done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from tests.faults.filesets import FileSet
from tests.faults.ground import Direction, Ground
from tests.faults.invariant import ViolationError
from tests.faults.proxy import Step
from tests.faults.trial import Harm, Planned, harmed
from tests.faults.wire import Side
from tests.faults.world import World

_LOOSE = "-- transactional: false\n"


def edited_half_way(random: Random, world: World) -> list[Planned]:
    """Run a file that fails, perhaps with a fault; edit it well or badly; see it end with each row once.

    Raises: ViolationError.
    """
    count = random.randint(3, 7)
    right = [f"INSERT INTO t VALUES ({n});\n" for n in range(1, count + 1)]
    failing = random.randint(1, count - 1)
    broken = [*right[:failing], "SELECT 1 / 0;\n", *right[failing:]]
    project = Path(mkdtemp(prefix="edited-", dir=world.folder)) / "project"
    (project / "migrations").mkdir(parents=True)
    _write(project, "0001_t", "CREATE TABLE t (id int);\n")
    _write(project, "0002_rows", _LOOSE + "".join(broken))
    ground = Ground(world, FileSet("edited", {}), project, {})
    with world.database() as database:
        planned = [
            Planned(
                Step(Side.CLIENT, random.randint(5, 40)), random.choice([Harm.KILL, Harm.RESET, Harm.TERM])
            )
        ]
        _, proxy = harmed(ground, Direction.MIGRATE, database, planned)
        fired = planned[: len(proxy.fired)]
        if random.random() < 0.5:
            ground.run(("migrate",), database).wait()
        if _rows(world, database):
            _write(project, "0002_rows", random.choice(_BAD_EDITS)(right))
            for command in (_CONTINUE, ("migrate",), ("migrate",)):
                done = ground.run(command, database).wait()
                _require_once(world, database, done.err)
                if done.code == 0:
                    raise ViolationError(
                        f"{' '.join(command)} went on with another file\n{done.out}{done.err}"
                    )
        _write(project, "0002_rows", _LOOSE + "".join(right))
        ground.run(_CONTINUE, database).wait()
        done = ground.run(("migrate",), database).wait()
        _require_once(world, database, done.err)
        if done.code != 0 or len(_rows(world, database)) != count:
            raise ViolationError(f"the corrected file did not end: {done.code}\n{done.out}{done.err}")
    return fired


_CONTINUE = ("repair", "continue", "0002_rows", "--reason", "torture")


def _as_one_transaction(right: Sequence[str]) -> str:
    return "".join(right)


def _in_batches(right: Sequence[str]) -> str:
    return "-- batch: at most 3\n" + "".join(right)


def _without_the_first(right: Sequence[str]) -> str:
    return _LOOSE + "".join(right[1:])


def _with_another_first(right: Sequence[str]) -> str:
    return _LOOSE + "SELECT 1;\n" + "".join(right)


_BAD_EDITS = (_as_one_transaction, _in_batches, _without_the_first, _with_another_first)


def _write(project: Path, id_: str, text: str) -> None:
    (project / f"migrations/{id_}.sql").write_text(text, "utf-8")


def _rows(world: World, database: str) -> Counter[int]:
    with world.connect(database) as conn:
        if conn.execute("SELECT to_regclass('public.t')").fetchone() == (None,):
            return Counter()
        return Counter(id_ for (id_,) in conn.execute("SELECT id FROM public.t"))


def _require_once(world: World, database: str, said: str) -> None:
    if more := {id_: n for id_, n in _rows(world, database).items() if n > 1}:
        raise ViolationError(f"rows were inserted more than once: {more}\n{said}")
