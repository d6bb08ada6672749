"""A server that trials may harm, and databases on it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from runner.server.local import Server, process
from tests.folders import server_folder

_BACK_S = 60.0
_numbers = count()


@dataclass
class World:
    """The server of one worker, and a folder to work in."""

    server: Server
    folder: Path
    _used: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def make(cls) -> Iterator[World]:
        """Make a server in a folder of its own, and remove both."""
        folder = server_folder()
        server = Server(folder / "postgres", environ=os.environ, ephemeral=True)
        try:
            yield cls(server, folder)
        finally:
            server.stop()
            shutil.rmtree(folder)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """How to reach the server, as a superuser; a restart keeps its port."""
        running = self.server.start(tcp=True)
        return {**running.parameters, "password": running.password.reveal(), "dbname": "postgres"}

    @property
    def address(self) -> tuple[str, int]:
        """Where the server listens."""
        return self.parameters["host"], int(self.parameters["port"])

    def url(self, database: str, port: int | None = None) -> str:
        """Return the URL of a database, perhaps behind a proxy's port."""
        host, direct = self.address
        login = f"{self.parameters['user']}:{self.parameters['password']}"
        return f"postgresql://{login}@{host}:{port or direct}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Open a session beside those of the runner."""
        return psycopg.connect(**{**self.parameters, "dbname": database}, autocommit=True)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Make a database; it is dropped when the next one is made, for then all its sessions have ended."""
        name = f"trial_{next(_numbers)}"
        with self.connect() as admin:
            while self._used:
                admin.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self._used.pop()))
                )
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'")
            admin.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
            # else a crash sets the copied sequences back: nextval() writes no log before it used up what the
            # original had logged in advance, unless a checkpoint came between
            admin.execute("CHECKPOINT")
        yield name
        self._used.append(name)

    def terminate(self, backend_pid: int | None) -> None:
        """End a session as an administrator does, and wait until it is gone."""
        with self.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 10000)", [backend_pid])

    def kill_backend(self, backend_pid: int | None) -> None:
        """End a session as the kernel does when memory is short: the server then ends all, and begins again.

        Nothing is done where it has ended already: its process's number may be another's by now.
        """
        if backend_pid is None or not process.runs(backend_pid, self.server.data):
            return
        before = self._checkpointer()
        os.kill(backend_pid, signal.SIGKILL)
        _must(process.wait(lambda: self._checkpointer() not in {before, None}, _BACK_S))

    def crash(self) -> None:
        """End the server as a power cut would, and start it again."""
        pid = self.server.pid()
        if pid is None:
            raise RuntimeError("the server does not run")
        os.kill(pid, signal.SIGQUIT)
        _must(process.wait(lambda: self.server.pid() is None, _BACK_S))
        self.server.start(tcp=True)

    def restart(self) -> None:
        """Stop the server as an administrator does, ending its sessions, and start it again."""
        self.server.stop()
        self.server.start(tcp=True)

    def _checkpointer(self) -> int | None:
        try:
            with self.connect() as admin:
                row = admin.execute(
                    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
                ).fetchone()
        except psycopg.OperationalError:
            return None
        return None if row is None else row[0]


def _must(came_true: bool) -> None:
    if not came_true:
        raise RuntimeError(f"the server is not as it should be after {_BACK_S:g} s")
