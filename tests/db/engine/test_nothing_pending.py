"""A run with nothing to do: what it leaves alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

# what only work needs: to apply, to validate, to explain, to talk to AWS, to start a server
_HEAVY = (
    "boto3",
    "botocore",
    "configparser",
    "difflib",
    "rich",
    "runner.engine.apply.run",
    "runner.engine.apply.wire",
    "runner.schema.catalog",
    "runner.server.connection.refusals",
    "runner.engine.history.actor",
    "runner.engine.history.backend",
    "runner.engine.history.message",
    "runner.review.lint",
    "runner.server.local",
    "runner.files.migrations.units",
    "runner.files.sqltext.lexer",
    "runner.upkeep.doctor",
    "runner.progress.live",
    "runner.schema.validate",
    "runner.server.watch",
    "tomllib",
    "unittest",
    "yoyo",
)
_MODULES = """
import sys
from runner.cli import main
sys.argv = ["runner", "migrate"]
try:
    main()
finally:
    print("\\n".join(sys.modules), file=sys.stderr)
"""


@pytest.fixture
def migrated(project):
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.write(
        "sql/functions/f.sql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    )
    project.ok("migrate")
    return project


def test_it_loads_nothing_that_only_work_needs(migrated):
    done = migrated.command([sys.executable, "-c", _MODULES])
    assert done.code == 0, done.err
    loaded = set(done.err.split())
    assert {"runner.commands.migrate", "psycopg"} <= loaded
    assert sorted(loaded.intersection(_HEAVY)) == []


def test_it_writes_nothing(migrated):
    done = migrated.ok(
        "migrate", DATABASE_URL=f"{migrated.url}?options=-c%20default_transaction_read_only%3Don"
    )
    assert "up to date, nothing was written" in done.out


def test_it_starts_no_other_program(migrated, tmp_path):
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    trap = tmp_path / "bin"
    trap.mkdir()
    (trap / "git").write_text(f"#!/bin/sh\ntouch {tmp_path}/called\n")
    (trap / "git").chmod(0o755)
    migrated.ok("migrate", PATH=str(trap))
    assert not (tmp_path / "called").exists()


def test_it_leaves_no_line_in_the_servers_log(migrated, new_server):
    server = new_server()
    started = server.start(tcp=True)
    migrated.parameters = {**started.parameters, "password": started.password.reveal(), "dbname": "postgres"}
    migrated.ok("migrate")
    before = server.log.read_text()
    migrated.ok("migrate")
    assert server.log.read_text() == before
