"""`--database` names a database of the project, once; and a question that is answered with no changes nothing."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.db.engine.conftest import clean_environment


@pytest.fixture
def flat(project):
    """A project whose files lie in one folder."""
    project.write("0001_a", "CREATE TABLE a (id int);\n", "DROP TABLE a;\n")
    return project


@pytest.mark.parametrize(
    "command",
    [
        ["migrate"],
        ["status"],
        ["plan"],
        ["rollback", "--yes"],
        ["new", "x"],
        ["validate"],
        ["lint"],
        ["doctor"],
    ],
)
def test_a_name_that_is_not_the_projects_one_database_is_refused(flat, command):
    done = flat.run(*command, "--database", "nonsense")
    assert done.code == 2, done.out + done.err
    assert 'no database "nonsense" in this project' in done.err
    assert flat.parameters["dbname"] in done.err
    assert flat.tables() == set()
    assert len(list((flat.root / "migrations").iterdir())) == 2


def test_the_name_of_the_projects_one_database_is_taken(flat):
    flat.ok("migrate", "-d", flat.parameters["dbname"])
    assert flat.tables() == {"a"}
    flat.ok("status", RUNNER_DATABASE=flat.parameters["dbname"])
    (flat.root / "runner.toml").write_text(f'database = "{flat.parameters["dbname"]}"\n')
    flat.ok("status")
    (flat.root / "runner.toml").write_text('database = "nonsense"\n')
    assert flat.run("status").code == 2


def test_two_names_are_refused(project):
    for name in ("one", "two"):
        project.write(f"migrations/{name}/0001_a.sql", "CREATE TABLE a (id int);")
    done = project.run("migrate", "-d", "one", "-d", "two")
    assert done.code == 2
    assert "--database is given 2 times" in done.err


@pytest.mark.parametrize(
    ("keys", "code"), [(b"n\n", 1), (b"\x04", 1), (None, 130)], ids=["n", "Ctrl-D", "SIGINT"]
)
def test_a_question_that_is_not_answered_with_yes_changes_nothing_and_says_so(flat, keys, code):
    flat.ok("migrate")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "rollback"],
        cwd=flat.root,
        env={**clean_environment(), "DATABASE_URL": flat.url, **flat.environ},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    asked = b""
    while b"[y/N]" not in asked:
        chunk = process.stderr.read1()
        assert chunk, asked
        asked += chunk
    if keys is None:
        # one that comes just before read() is met only by the next: a person presses Ctrl-C again
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
    else:
        os.write(ours, keys)
    _, said = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == code, said
    assert (b"Nothing was changed." in said) or code == 130, said
    assert flat.tables() == {"a"}
