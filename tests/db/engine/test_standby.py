"""A standby serves what only reads, and takes no migration."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from runner.server.local import Server
from tests.folders import server_folder


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server of this test's own."""
    folder = server_folder()
    server = Server(folder / "postgres", environ=os.environ, ephemeral=True)
    yield server
    server.stop()
    shutil.rmtree(folder)


def test_a_standby_is_read_and_not_migrated(project, own_server):
    def connect() -> None:
        started = own_server.start(tcp=True)
        assert started.password is not None
        project.parameters = {
            **started.parameters,
            "password": started.password.reveal(),
            "dbname": "postgres",
        }

    connect()
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.ok("migrate")
    project.write("0002_b")
    own_server.stop()
    (own_server.data / "standby.signal").touch()
    connect()
    assert project.query("SELECT pg_is_in_recovery()") == [(True,)]
    assert "1 applied, 1 pending; at 0001_a" in project.ok("status").out
    project.ok("plan")
    project.ok("plan", "--rollback")
    done = project.run("migrate")
    assert done.code == 2
    assert "the server is a standby, which accepts no writes" in done.err
    project.remove("0002_b")
    assert "up to date" in project.ok("migrate").out
