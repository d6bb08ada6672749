"""The tools: how each is found, what its files look like, how it is run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from scripts.bench.server import Place

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".bench"
_BIN = Path(sys.executable).parent
_MAKE = "make bench-peers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program with its arguments, and what it needs in its environment."""

    arguments: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return the environment without what would lead a tool elsewhere, and with its own variables."""
        strange = ("PG", "DB_", "RUNNER_", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
        return {**kept, **self.environ}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool; `rollback` is None where it has no command that undoes many."""

    name: str
    program: Path | None  # None: not installed
    install: str
    version: Callable[[Path], str]
    write: Callable[[Path, int], None]
    apply: Callable[[Place], Command]
    rollback: Callable[[Place, int], Command] | None = None
    keeps_history: bool = True

    @property
    def database(self) -> str:
        """The database that it works on."""
        return f"bench_{self.name.replace('-', '_')}"


def up(n: int) -> str:
    """Return a small migration."""
    return f"CREATE TABLE t{n} (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    name text NOT NULL\n);\n"


def down(n: int) -> str:
    """Return what undoes it."""
    return f"DROP TABLE t{n};\n"


def all_tools() -> list[Tool]:
    """Return every tool, installed or not; ours is the second, after the session of psql that all are held against."""
    return [_psql(), _runner(), _yoyo(), _dbmate(), _node_pg_migrate(), _alembic(), _sqitch()]


def _says(program: Path) -> str:
    """Ask a program for its version."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[0].split(" (Debian")[0]


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return None if found is None else Path(found)


def _if_there(path: Path) -> Path | None:
    return path if path.exists() else None


def _psql() -> Tool:
    def write(folder: Path, count: int) -> None:
        _pairs(folder, count)
        for name, numbers, suffix in (
            ("up", range(count), "sql"),
            ("down", reversed(range(count)), "rollback.sql"),
        ):
            lines = (f"BEGIN;\n\\i migrations/{n:05}_t.{suffix}\nCOMMIT;\n" for n in numbers)
            (folder / f"{name}.psql").write_text("".join(lines))

    def command(place: Place, file: str) -> Command:
        return Command(arguments=["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", file, place.url])

    return Tool(
        name="psql",
        program=_on_path("psql"),
        install="apt-get install postgresql-client",
        version=_says,
        write=write,
        apply=lambda place: command(place, "up.psql"),
        rollback=lambda place, _: command(place, "down.psql"),
        keeps_history=False,
    )


def _runner() -> Tool:
    program = _BIN / "runner"

    def command(place: Place, *arguments: str) -> Command:
        return Command(arguments=[str(program), *arguments], environ={"DATABASE_URL": place.url})

    return Tool(
        name="runner",
        program=_if_there(program),
        install="make bench",
        version=_says,
        write=_pairs,
        apply=lambda place: command(place, "migrate"),
        rollback=lambda place, count: command(place, "rollback", "--steps", str(count), "--yes"),
    )


def _yoyo() -> Tool:
    program = _BIN / "yoyo"

    def command(place: Place, verb: str, *arguments: str) -> Command:
        url = place.url.replace("postgresql://", "postgresql+psycopg://")
        options = ["--batch", "--no-config-file", "--database", url]
        return Command(arguments=[str(program), verb, *options, *arguments, "migrations"])

    return Tool(
        name="yoyo",
        program=_if_there(program),
        install="make bench",
        version=lambda _: metadata.version("yoyo-migrations"),
        write=_pairs,
        apply=lambda place: command(place, "apply"),
        rollback=lambda place, _: command(place, "rollback", "--all"),
    )


def _dbmate() -> Tool:
    program = next(PEERS.glob("node_modules/@dbmate/*/bin/dbmate"), None)

    def apply(place: Place) -> Command:
        where = ["--url", f"{place.url}?sslmode=disable", "--migrations-dir", "migrations"]
        return Command(arguments=[str(program), *where, "--no-dump-schema", "migrate"])

    return Tool(
        name="dbmate",
        program=program,
        install=_MAKE,
        version=_says,
        write=lambda folder, count: _single(folder, count, "-- migrate:up", "-- migrate:down"),
        apply=apply,
    )


def _node_pg_migrate() -> Tool:
    program = PEERS / "node_modules/.bin/node-pg-migrate"

    def command(place: Place, *words: str) -> Command:
        return Command(
            arguments=[
                str(program),
                *words,
                "--no-single-transaction",
                "--no-verbose",
                "--migrations-dir",
                "migrations",
            ],
            environ={"DATABASE_URL": place.url},
        )

    return Tool(
        name="node-pg-migrate",
        program=_if_there(program),
        install=_MAKE,
        version=lambda _: str(
            json.loads((PEERS / "node_modules/node-pg-migrate/package.json").read_text())["version"]
        ),
        write=lambda folder, count: _single(folder, count, "-- Up Migration", "-- Down Migration"),
        apply=lambda place: command(place, "up"),
        rollback=lambda place, count: command(place, "down", str(count)),
    )


_ALEMBIC_INI = "[alembic]\nscript_location = .\n"
_ALEMBIC_ENV = """\
import os

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

with create_engine(os.environ["DATABASE_URL"], poolclass=NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""


def _alembic() -> Tool:
    program = PEERS / "venv/bin/alembic"

    def write(folder: Path, count: int) -> None:
        (folder / "versions").mkdir(parents=True)
        (folder / "alembic.ini").write_text(_ALEMBIC_INI)
        (folder / "env.py").write_text(_ALEMBIC_ENV)
        for n in range(count):
            below = f'"{n - 1:05}"' if n else "None"
            (folder / f"versions/{n:05}_t.py").write_text(
                f'from alembic import op\n\nrevision = "{n:05}"\ndown_revision = {below}\n\n\n'
                f'def upgrade():\n    op.execute("""{up(n)}""")\n\n\ndef downgrade():\n    op.execute("""{down(n)}""")\n'
            )

    def command(place: Place, *words: str) -> Command:
        url = place.url.replace("postgresql://", "postgresql+psycopg://")
        return Command(arguments=[str(program), *words], environ={"DATABASE_URL": url})

    return Tool(
        name="alembic",
        program=_if_there(program),
        install=_MAKE,
        version=_says,
        write=write,
        apply=lambda place: command(place, "upgrade", "head"),
        rollback=lambda place, _: command(place, "downgrade", "base"),
    )


def _sqitch() -> Tool:
    program = _on_path("sqitch")

    def write(folder: Path, count: int) -> None:
        for name, body in (("deploy", up), ("revert", down)):
            (folder / name).mkdir(parents=True)
            for n in range(count):
                (folder / name / f"{n:05}_t.sql").write_text(f"BEGIN;\n{body(n)}COMMIT;\n")
        (folder / "sqitch.conf").write_text("[core]\n\tengine = pg\n")
        lines = (f"{n:05}_t 2024-01-01T00:00:00Z bench <bench@localhost> # t{n}\n" for n in range(count))
        (folder / "sqitch.plan").write_text(f"%syntax-version=1.0.0\n%project=bench\n\n{''.join(lines)}")

    def command(place: Place, *words: str) -> Command:
        target = f"db:pg://{place.user}@{place.host}:{place.port}/{place.database}"
        return Command(
            arguments=["sqitch", "--quiet", *words, target],
            environ={
                "PGPASSWORD": place.password,
                "SQITCH_FULLNAME": "bench",
                "SQITCH_EMAIL": "bench@localhost",
            },
        )

    return Tool(
        name="sqitch",
        program=program,
        install="apt-get install sqitch libdbd-pg-perl",
        version=_says,
        write=write,
        apply=lambda place: command(place, "deploy", "--no-verify"),
        rollback=lambda place, _: command(place, "revert", "-y"),
    )


def _pairs(folder: Path, count: int) -> None:
    """Write runner's and yoyo's form: two files a migration."""
    (folder / "migrations").mkdir(parents=True)
    for n in range(count):
        (folder / f"migrations/{n:05}_t.sql").write_text(up(n))
        (folder / f"migrations/{n:05}_t.rollback.sql").write_text(down(n))


def _single(folder: Path, count: int, head: str, foot: str) -> None:
    """Write both directions into one file."""
    (folder / "migrations").mkdir(parents=True)
    for n in range(count):
        (folder / f"migrations/{n:05}_t.sql").write_text(f"{head}\n{up(n)}\n{foot}\n{down(n)}")
