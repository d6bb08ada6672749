"""A restore, or the switch after it, is killed; the same command again ends with all rows in the live database."""

from __future__ import annotations

import signal
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from psycopg import errors, sql

from tests.db.engine.conftest import Finished
from tests.faults.commands import Command
from tests.faults.invariant import ViolationError
from tests.faults.world import World

_ROWS = 20_000
_LONGEST_S = 2.5


def killed_restore(random: Random, world: World) -> str:
    """Back up, lose the rows, restore and switch with kills in between; return what was killed.

    Raises: ViolationError.
    """
    project = Path(mkdtemp(prefix="restored-", dir=world.folder)) / "project"
    (project / "migrations").mkdir(parents=True)
    (project / "migrations/0001_t.sql").write_text(
        "CREATE TABLE t (id int PRIMARY KEY, note text);\n"
        f"INSERT INTO t SELECT n, repeat('x', 50) FROM generate_series(1, {_ROWS}) AS n;\n",
        "utf-8",
    )
    with world.database() as live:
        into = f"{live}_restored"

        def command(*args: str) -> Command:
            return Command(args, folder=project, url=world.url(live))

        try:
            _must(command("migrate").wait())
            _must(command("backup", "--to", str(project / "archives")).wait())
            with world.connect(live) as conn:
                conn.execute("DELETE FROM t")
            switch = random.choice([(), ("--switch", "--yes", "--end-sessions")])
            restore = ("restore", str(project / "archives"), "--into", into, *switch)
            for _ in range(random.randint(1, 3)):
                run = command(*restore)
                run.end_within(random.uniform(0.1, _LONGEST_S))
                run.signal(signal.SIGKILL)
                run.wait()
                _require_open(world, live)
            done = command(*restore).wait()
            if done.code != 0 and "DROP DATABASE" in done.err:
                _drop(world, into)
                done = command(*restore).wait()
            _must(done)
            if not switch:
                _must(command(*restore, "--switch", "--yes").wait())
            with world.connect(live) as conn:
                found = conn.execute("SELECT count(*) FROM t").fetchone()
            if found != (_ROWS,):
                raise ViolationError(f"{found} rows are live, of {_ROWS}\n{done.out}{done.err}")
        finally:
            with world.connect() as admin:
                names = admin.execute(
                    "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{live}\\_%"]
                ).fetchall()
            for (name,) in names:
                _drop(world, name)
    return "kill -9 of a restore" + (" and switch" if switch else "")


def _require_open(world: World, live: str) -> None:
    try:
        world.connect(live).close()
    except errors.OperationalError as error:
        raise ViolationError(f"after the kill the live database takes no session: {error}") from error


def _drop(world: World, name: str) -> None:
    with world.connect() as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _must(done: Finished) -> None:
    if done.code != 0:
        raise ViolationError(f"exit code {done.code}\n{done.out}{done.err}")
