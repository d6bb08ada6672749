"""The server that all tools are measured against, and a new database for each measurement."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from runner.server.local import Server, temporary_folder

_URL = "RUNNER_TEST_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A database as a tool is told of it."""

    host: str
    port: int
    user: str
    password: str
    database: str = "postgres"

    @property
    def url(self) -> str:
        """Its URL in libpq's form."""
        login = f"{self.user}:{self.password}" if self.password else self.user
        return f"postgresql://{login}@{self.host}:{self.port}/{self.database}"


@contextmanager
def running(*, durable: bool) -> Iterator[Place]:
    """Start a server for this run; one that is not durable leaves the disk unmeasured. RUNNER_TEST_URL names another."""
    if given := os.environ.get(_URL):
        parts = conninfo_to_dict(given)
        yield Place(
            host=str(parts.get("host", "127.0.0.1")),
            port=int(str(parts.get("port", 5432))),
            user=str(parts.get("user", "postgres")),
            password=str(parts.get("password", "")),
            database=str(parts.get("dbname", "postgres")),
        )
        return
    home = temporary_folder()
    server = Server(home / "postgres", environ=os.environ, ephemeral=not durable)
    try:
        started = server.start(tcp=True)
        yield Place(
            host=started.host,
            port=started.port,
            user=started.parameters["user"],
            password=started.password.reveal(),
        )
    finally:
        server.stop()
        shutil.rmtree(home)


def fresh(place: Place, name: str) -> Place:
    """Make an empty database of this name, instead of one that is there."""
    database = sql.Identifier(name)
    with psycopg.connect(place.url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(database))
        # runner insists on it: what it tells as done must outlive a crash; so that all do the same work
        admin.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(database))
    return replace(place, database=name)


def version(place: Place) -> str:
    """Return the server's version, and whether it waits for the disk."""
    with psycopg.connect(place.url) as conn:
        (fsync,) = conn.execute("SHOW fsync").fetchone() or ("?",)
        return f"{conn.info.parameter_status('server_version')}, fsync {fsync}"
