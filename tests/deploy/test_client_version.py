"""`runner exec -- pg_dump` with a pg_dump that the server is too new for."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest


@pytest.fixture
def client(database, tmp_path):
    """Run `runner exec` with a program of the given name and version first on PATH."""
    (tmp_path / "bin").mkdir()

    def run(program, version, *arguments):
        path = tmp_path / "bin" / program
        path.write_text(
            f"#!/bin/sh\nif [ \"$*\" = --version ]; then echo '{program} (PostgreSQL) {version}'; "
            'else echo "ran $*"; fi\n'
        )
        path.chmod(0o755)
        environ = {
            f"PG{key.upper()}": value for key, value in database.items() if key in {"host", "port", "user"}
        }
        environ |= {"PGPASSWORD": database.get("password", ""), "PGDATABASE": database["dbname"]}
        environ["PATH"] = os.pathsep.join((str(path.parent), os.environ["PATH"]))
        command = [sys.executable, "-m", "runner", "exec", "--", program, *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)

    return run


@pytest.fixture
def major(database):
    with psycopg.connect(**database) as connection:
        return connection.info.server_version // 10_000


@pytest.mark.parametrize("program", ["pg_dump", "pg_dumpall"])
def test_an_older_one_is_refused_before_it_starts(client, major, tmp_path, program):
    done = client(program, f"{major - 1}.4 (Debian)", "--file=x")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: {program} is version {major - 1} and refuses a newer server, and the server is PostgreSQL {major}\n"
        f"  detail: {tmp_path}/bin/{program} was not started.\n"
        f"  hint: Install the client tools of PostgreSQL {major} (Debian: postgresql-client-{major}; our image: "
        f"--build-arg POSTGRES_CLIENT={major}), or give the program's whole path.\n"
    )


@pytest.mark.parametrize(
    ("program", "older", "arguments"),
    [
        pytest.param("pg_dump", 0, ["--file=x"], id="of the server's version"),
        pytest.param("pg_dump", -2, ["--file=x"], id="newer"),
        pytest.param("pg_dump", 1, ["--help"], id="that only shows its help"),
        pytest.param("pg_restore", 1, ["--list"], id="that restores, which no version forbids"),
    ],
)
def test_others_run(client, major, program, older, arguments):
    done = client(program, f"{major - older}.1", *arguments)
    assert (done.returncode, done.stdout) == (0, f"ran {arguments[0]}\n"), done.stderr
