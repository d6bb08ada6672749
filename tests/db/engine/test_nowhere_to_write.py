"""What is printed has nowhere to go: a log on a full disk, a reader that went away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.db.engine.conftest import clean_environment

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="Linux's /dev/full")


@pytest.fixture
def run(project):
    """Run a command with streams that the test chooses."""

    def started(*args: str, stdout: int, stderr: int) -> subprocess.CompletedProcess[bytes]:
        environ = {**clean_environment(), "DATABASE_URL": project.url, **project.environ}
        return subprocess.run(
            [sys.executable, "-m", "runner", *args],
            cwd=project.root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            check=False,
        )

    project.write("0001_a", "CREATE TABLE a (id int);\n", "DROP TABLE a;\n")
    project.write("0002_b", "DO $$ BEGIN RAISE NOTICE 'hello'; END $$;\n", "SELECT 1;\n")
    return started


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["lines", "json"])
def test_a_full_disk_under_the_output_stops_no_migration_and_is_told(project, run, form):
    with FULL.open("w") as full:
        done = run("migrate", *form, stdout=full.fileno(), stderr=subprocess.PIPE)
    assert done.returncode == 1
    said = done.stderr.decode()
    assert "error: cannot write the result to stdout: no space left on device\n" in said
    assert "The command did everything" in said
    assert "a" in project.tables()
    project.ok("status", "--check")


def test_a_full_disk_under_the_messages_stops_no_migration(project, run):
    with FULL.open("w") as full:
        done = run("migrate", stdout=subprocess.PIPE, stderr=full.fileno())
    assert done.returncode == 0
    assert b"2 migrations applied" in done.stdout


def test_a_check_that_says_no_keeps_its_exit_code_when_it_cannot_be_told(run):
    with FULL.open("w") as full:
        assert run("status", "--check", stdout=full.fileno(), stderr=full.fileno()).returncode == 3


def test_a_reader_that_went_away_stops_no_migration(project, run):
    reads, writes = os.pipe()
    os.close(reads)
    done = run("migrate", stdout=writes, stderr=writes)
    os.close(writes)
    assert done.returncode == 0
    assert "a" in project.tables()
