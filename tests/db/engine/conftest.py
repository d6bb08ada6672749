"""A project in a temporary folder, and a database for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests import fork_server

VENV_BIN = Path(sys.executable).parent
RUNNER = [sys.executable, "-m", "runner"]
YOYO = str(VENV_BIN / "yoyo")
_OFTEN_S = 0.005


@dataclass
class Finished:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Project:
    """A folder of files and the database that they are for."""

    root: Path
    parameters: dict[str, str]
    # most tests make tables of their own before they migrate
    environ: dict[str, str] = field(default_factory=lambda: {"RUNNER_BESIDE_EXISTING": "1"})

    @property
    def url(self) -> str:
        user, password = self.parameters["user"], self.parameters.get("password")
        login = user if password is None else f"{user}:{password}"
        host, port = self.parameters["host"], self.parameters["port"]
        return f"postgresql://{login}@{host}:{port}/{self.parameters['dbname']}"

    def write(self, name: str, content: str | bytes = "SELECT 1;\n", rollback: str | None = None) -> None:
        """Write a file; a bare id is a migration of the flat folder."""
        path = self.root / (name if "/" in name or "." in name else f"migrations/{name}.sql")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if rollback is not None:
            path.with_suffix(".rollback.sql").write_text(rollback, "utf-8")

    def remove(self, id_: str) -> None:
        for suffix in (".sql", ".rollback.sql"):
            (self.root / f"migrations/{id_}{suffix}").unlink(missing_ok=True)

    def run(self, *args: str, **environ: str) -> Finished:
        """Run the real command line."""
        return self.command([*RUNNER, *args], **environ)

    def start(self, *args: str) -> fork_server.Piped:
        """Start the command line and go on."""
        environ = {**clean_environment(), "DATABASE_URL": self.url, **self.environ}
        with Path(os.devnull).open("rb") as stdin:
            return fork_server.Piped(args, cwd=self.root, environ=environ, stdin=stdin.fileno())

    def start_anew(
        self, *args: str, stdin: int = subprocess.DEVNULL, program: Sequence[str] = ("-m", "runner")
    ) -> subprocess.Popen[str]:
        """Start an interpreter with the command line, or with another program around it, and go on."""
        return subprocess.Popen(
            [sys.executable, *program, *args],
            cwd=self.root,
            env={**clean_environment(), "DATABASE_URL": self.url, **self.environ},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def yoyo(self, command: str, *args: str, sources: Sequence[str] = ("migrations",)) -> Finished:
        """Run stock yoyo."""
        url = self.url.replace("postgresql://", "postgresql+psycopg://")
        return self.command(
            [
                YOYO,
                command,
                "--batch",
                "--no-config-file",
                "--database",
                url,
                *args,
                *sources,
            ]
        )

    def command(self, command: Sequence[str], **environ: str) -> Finished:
        environ = {**clean_environment(), "DATABASE_URL": self.url, **self.environ, **environ}
        how = {"cwd": self.root, "environ": environ, "timeout_s": 120}
        if list(command[:3]) == RUNNER and fork_server.can_run(environ):
            done = fork_server.run_forked(command[3:], **how)
        elif command[0] == YOYO and fork_server.can_run(environ):
            done = fork_server.run_forked(command[1:], script=Path(YOYO), **how)
        else:
            done = subprocess.run(
                command,
                cwd=self.root,
                env=environ,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=120,
                check=False,
            )
        return Finished(done.returncode, done.stdout, done.stderr)

    def ok(self, *args: str, **environ: str) -> Finished:
        """Run the real command line and expect it to succeed."""
        done = self.run(*args, **environ)
        assert done.code == 0, done.out + done.err
        return done

    def query(self, statement: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one statement as a session of its own."""
        with psycopg.connect(**self.parameters, autocommit=True) as conn:
            cursor = conn.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def wait_for(self, condition: str, run: Any = None) -> list[tuple[Any, ...]]:
        """Return what a query finds as soon as it finds anything; `run`, if given, must not end before."""
        with psycopg.connect(**self.parameters, autocommit=True) as conn:
            while not (found := conn.execute(condition.encode()).fetchall()):
                assert run is None or run.poll() is None, run.communicate()
                time.sleep(_OFTEN_S)
        return found

    def tables(self) -> set[str]:
        """Return the tables of schema public that are not history's."""
        found = self.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in found if not name.startswith(("_yoyo", "_runner", "yoyo_lock"))}

    def applied(self) -> list[str]:
        """Return the ids that yoyo's table holds, in the order of application."""
        if not self.query("SELECT 1 FROM pg_tables WHERE tablename = '_yoyo_migration'"):
            return []
        return [
            id_ for (id_,) in self.query("SELECT migration_id FROM _yoyo_migration ORDER BY applied_at_utc")
        ]


def clean_environment() -> dict[str, str]:
    """Return the environment without what would lead a command to another database or change its output."""
    prefixes = ("PG", "DB_", "RUNNER_", "AWS_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(prefixes)}
    for key in ("DATABASE_URL", "CI", "NO_COLOR", "FORCE_COLOR"):
        kept.pop(key, None)
    return kept | {"RUNNER_ACTOR": "tester", "COLUMNS": "120"}


@pytest.fixture
def project(tmp_path: Path, database: dict[str, str]) -> Project:
    """An empty project with an empty database."""
    return Project(tmp_path, database)


@pytest.fixture
def new_project(tmp_path: Path, new_database: Callable[..., dict[str, str]]) -> Callable[[], Project]:
    """Make projects that share the folder, each with a database of its own."""
    return lambda: Project(tmp_path, new_database())


@pytest.fixture
def session(project: Project) -> Iterator[psycopg.Connection[Any]]:
    """Another session on the project's database."""
    with psycopg.connect(make_conninfo(**project.parameters), autocommit=True) as conn:
        yield conn
