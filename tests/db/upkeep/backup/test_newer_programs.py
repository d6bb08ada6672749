"""pg_dump and pg_restore that are newer than the server, as in the image: 17, for a server of 14 to 16."""

from __future__ import annotations

import os

import pytest

from runner.server.local import installed
from tests.db.upkeep.backup.conftest import ROWS
from tests.db.upkeep.backup.test_failures import fake
from tests.db.upkeep.backup.test_restoring import exists


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    return installed.find({**os.environ, "RUNNER_LOCAL_POSTGRES": "wheel"}, tmp_path_factory.mktemp("newer"))


@pytest.fixture
def project(project, newer):
    ((server,),) = project.query("SELECT current_setting('server_version_num')::int / 10000")
    if not newer.major >= 17 > server:
        pytest.skip("there are no programs newer than 16 for an older server")
    project.environ |= newer.environment
    project.environ["PATH"] = f"{newer.bin}{os.pathsep}{project.environ['PATH']}"
    return project


@pytest.fixture(params=["folder", "s3"])
def where(request, tmp_path):
    if request.param == "s3":
        request.getfixturevalue("s3")
        return "s3://keep"
    return str(tmp_path / "kept")


def test_the_circle_closes(project, restored, where):
    project.query("INSERT INTO notes VALUES (-1, E'SET transaction_timeout = 0;\\n\\\\.\\nA\\tb')")
    project.ok("backup", "--to", where)
    done = project.ok("restore", where, "--into", restored.parameters["dbname"])
    assert "catalog and history are as they were dumped" in done.out
    assert restored.query("SELECT count(*), max(body) FILTER (WHERE id < 0) FROM notes") == [
        (ROWS + 1, "SET transaction_timeout = 0;\n\\.\nA\tb")
    ]


@pytest.mark.parametrize(
    ("where", "program", "script", "told"),
    [
        ("s3", "pg_restore", '$REAL "$@" | head -c 900000; exit 3', "pg_restore ended with exit code 3"),
        ("folder", "psql", "head -c 900000 >/dev/null; echo no more >&2; exit 3", "no more"),
    ],
    ids=["pg_restore", "psql"],
    indirect=["where"],
)
def test_what_fails_half_way_commits_nothing(project, restored, where, tmp_path, program, script, told):
    project.ok("backup", "--to", where)
    name = restored.parameters["dbname"]
    fake(project, tmp_path, program, script)
    done = project.run("restore", where, "--into", name)
    assert (done.code, exists(project, name)) == (1, False)
    assert told in done.err
    project.query(f"CREATE DATABASE {name}")
    assert project.run("restore", where, "--into", name).code == 1
    assert restored.tables() == set()


def test_a_script_that_ends_early_commits_nothing_though_it_has_large_objects(project, restored, tmp_path):
    """Killed, runner closes the pipe, and psql takes that for the script's end."""
    project.query("SELECT lo_from_bytea(0, 'x')")
    project.ok("backup", "--to", str(tmp_path / "kept"))
    name = restored.parameters["dbname"]
    project.query(f"CREATE DATABASE {name}")
    fake(project, tmp_path, "psql", 'tac | sed "1,/^COMMIT;$/d" | tac | $REAL "$@"')
    project.run("restore", str(tmp_path / "kept"), "-d", project.parameters["dbname"], "--into", name)
    assert restored.tables() == set()
    assert restored.query("SELECT count(*) FROM pg_largeobject_metadata") == [(0,)]


def test_several_jobs_are_refused_before_anything_is_made(project, restored, tmp_path):
    project.ok("backup", "--to", str(tmp_path))
    done = project.run("restore", str(tmp_path), "--into", restored.parameters["dbname"], "--jobs", "2")
    assert (done.code, exists(project, restored.parameters["dbname"])) == (2, False)
    assert "cannot restore with several jobs into a server older than 17" in done.err
    assert "Omit --jobs." in done.err
