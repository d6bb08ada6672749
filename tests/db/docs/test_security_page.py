"""The SQL of docs/security.md makes the roles that it speaks of."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import psycopg
import pytest
from psycopg import errors, sql

from tests.deploy.manifests import ROOT, pod_specs

BEFORE, AFTER = re.findall(
    r"^```sql\n(.*?)^```$", (ROOT / "docs/security.md").read_text("utf-8"), re.M | re.S
)
ROLES = re.findall(r"CREATE ROLE (\w+) LOGIN", BEFORE)


@pytest.fixture
def api_server(private_server, tmp_path):
    """A server whose database api_server has the page's roles, each with its name as its password."""
    with psycopg.connect(**private_server, autocommit=True) as admin:
        admin.execute("CREATE DATABASE api_server")
    database = {**private_server, "dbname": "api_server"}
    with psycopg.connect(**database, autocommit=True) as admin:
        admin.execute(BEFORE)
        for role in ROLES:
            admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), role))

    def run(role, *arguments):
        environ = {
            "PATH": os.environ["PATH"], "DB_HOST": database["host"], "DB_PORT": str(database["port"]),
            "DB_USERNAME": role, "DB_PASSWORD": role, "DB_DATABASE": "api_server", "RUNNER_DATABASE": "api_server",
            "RUNNER_PROJECT": str(ROOT),
        }  # fmt: skip
        command = [sys.executable, "-m", "runner", *arguments]
        return subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True)

    return database, run


def test_each_role_can_do_its_work_and_not_the_others(api_server):
    database, run = api_server
    done = run("api_server_migration", "migrate")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(**database, autocommit=True) as admin:
        admin.execute(AFTER)
    validated = run("api_server_migration", "validate")
    assert validated.returncode == 0, validated.stdout

    (waits,) = next(iter(pod_specs("examples/application").values()))["initContainers"]
    waited = run("api_server_service", *waits["args"])
    assert waited.returncode == 0, waited.stderr
    dumped = run("api_server_backup", "exec", "--", "pg_dump", "--schema-only", f"--file={os.devnull}")
    assert dumped.returncode == 0, dumped.stderr
    seen = run("api_server_watch", "status", "--check")
    assert seen.returncode == 0, seen.stderr

    application = {**database, "user": "api_server_service", "password": "api_server_service"}
    with psycopg.connect(**application, autocommit=True) as session:
        session.execute("DELETE FROM rate_limits")
        session.execute("SELECT count(*) FROM users")
        for forbidden in (
            "CREATE TABLE mine ()",
            "DROP TABLE users",
            "ALTER TABLE users ADD COLUMN x int",
            "DELETE FROM _runner_migration",
            "CREATE TEMPORARY TABLE mine ()",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute(forbidden)


def test_nobody_else_gets_in(api_server):
    database, _ = api_server
    with psycopg.connect(**database, autocommit=True) as admin:
        admin.execute("CREATE ROLE stranger LOGIN PASSWORD 'x'")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(**{**database, "user": "stranger", "password": "x"})
