"""What goes wrong while a backup is taken leaves nothing under its name, and the older ones as they are."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.db.engine.conftest import clean_environment
from tests.db.upkeep.backup.conftest import until
from tests.faults.test_full_disks import small_disk

PLACES = ["folder", "s3"]
IN_FOLDER = ["folder"]  # enough where the way to fail has nothing to do with the place


@pytest.fixture(params=PLACES)
def place(request, project, tmp_path):
    """A place, and a way to list all that is in it, unfinished uploads included."""
    if request.param == "folder":
        folder = tmp_path / "kept"
        return str(folder), lambda: sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    s3 = request.getfixturevalue("s3")

    def listed():
        held = s3.list_objects_v2(Bucket="keep").get("Contents", ())
        begun = s3.list_multipart_uploads(Bucket="keep").get("Uploads", ())
        return sorted([each["Key"] for each in held] + [f"upload of {each['Key']}" for each in begun])

    return "s3://keep", listed


def fake(project, tmp_path, name, script):
    """Put a program before the real one on PATH; `$REAL` is the real one."""
    folder = tmp_path / "fakes"
    folder.mkdir(exist_ok=True)
    real = Path(project.environ["PATH"].split(os.pathsep)[0]) / name
    (folder / name).write_text(
        f'#!/bin/bash\nREAL={real}\n[ "$1" = --version ] && exec $REAL --version\n{script}\n'
    )
    (folder / name).chmod(0o755)
    project.environ["PATH"] = f"{folder}{os.pathsep}{project.environ['PATH']}"


def test_a_dump_that_dies_half_way(project, place, tmp_path):
    where, listed = place
    fake(project, tmp_path, "pg_dump", 'set -o pipefail; $REAL "$@" | head -c 700000; kill -9 $$')
    done = project.run("backup", "--to", where)
    assert done.code == 1
    assert "error: pg_dump failed on" in done.err
    assert "SIGKILL" in done.err
    assert "Nothing of this backup is left in its place" in done.err
    assert listed() == []


@pytest.mark.parametrize("place", IN_FOLDER, indirect=True)
def test_a_dump_that_is_cut_and_says_that_all_is_well(project, place, tmp_path):
    where, listed = place
    fake(project, tmp_path, "pg_dump", '$REAL "$@" | head -c 700000; exit 0')
    done = project.run("backup", "--to", where)
    assert done.code == 1
    assert "cannot be read back" in done.err
    assert "end of file" in done.err
    assert listed() == []


@pytest.mark.parametrize("place", IN_FOLDER, indirect=True)
def test_a_dump_with_a_wrong_byte_in_its_data(project, place, tmp_path):
    where, listed = place
    script = '$REAL "$@" | python3 -c "import sys; b = bytearray(sys.stdin.buffer.read()); b[600000] ^= 255; sys.stdout.buffer.write(b)"'
    fake(project, tmp_path, "pg_dump", script)
    done = project.run("backup", "--to", where)
    assert done.code == 1
    assert "cannot be read back" in done.err
    assert listed() == []


@pytest.mark.parametrize("place", IN_FOLDER, indirect=True)
def test_a_dump_that_is_empty(project, place, tmp_path):
    where, listed = place
    fake(project, tmp_path, "pg_dump", "exit 0")
    done = project.run("backup", "--to", where)
    assert done.code == 1
    assert "cannot be read back" in done.err
    assert listed() == []


def test_a_failed_backup_ages_nothing_out(project, place, tmp_path):
    where, listed = place
    project.ok("backup", "--to", where)
    before = listed()
    fake(project, tmp_path, "pg_dump", "exit 7")
    done = project.run("backup", "--to", where, "--keep-days", "1")
    assert (done.code, listed()) == (1, before)


@pytest.mark.parametrize("place", IN_FOLDER, indirect=True)
def test_a_client_older_than_the_server_is_named_before_anything_is_begun(project, place, tmp_path):
    where, listed = place
    fake(project, tmp_path, "pg_dump", "")
    (tmp_path / "fakes/pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 13.9 (Debian 13.9-1)'\n")
    done = project.run("backup", "--to", where)
    assert done.code == 2
    assert "pg_dump is version 13.9, and the server is PostgreSQL" in done.err
    assert "postgresql-client-" in done.err
    assert listed() == []


@pytest.mark.parametrize("place", IN_FOLDER, indirect=True)
def test_a_wrong_password(project, place):
    where, listed = place
    project.parameters = {**project.parameters, "password": "wrong"}
    done = project.run("backup", "--to", where)
    assert done.code == 2
    assert "password authentication failed" in done.err
    assert "wrong" not in done.err
    assert listed() == []


@pytest.mark.parametrize("place", IN_FOLDER, indirect=True)
def test_a_role_that_may_not_read_everything(project, place):
    where, listed = place
    role = "r" + project.parameters["dbname"]
    project.query(f"CREATE ROLE {role} LOGIN PASSWORD 'pw'")
    project.query(
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; REVOKE SELECT ON notes FROM {role}"
    )
    as_superuser = project.parameters
    project.parameters = {**as_superuser, "user": role, "password": "pw"}
    try:
        done = project.run("backup", "--to", where)
    finally:
        project.parameters = as_superuser
        project.query(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert done.code == 2
    assert "permission denied" in done.err
    assert "pg_read_all_data" in done.err
    assert listed() == []


@pytest.mark.parametrize("place", IN_FOLDER, indirect=True)
def test_a_role_that_may_only_read_is_enough(project, restored, place):
    where, _ = place
    role = "r" + project.parameters["dbname"]
    project.query(f"CREATE ROLE {role} LOGIN PASSWORD 'pw' IN ROLE pg_read_all_data")
    as_superuser = project.parameters
    project.parameters = {**as_superuser, "user": role, "password": "pw"}
    try:
        archive = project.ok("backup", "--to", where, "--json").data["databases"][0]["archive"]
    finally:
        project.parameters = as_superuser
        project.query(f"DROP ROLE {role}")
    project.ok("restore", archive, "--into", restored.parameters["dbname"])


def test_a_full_disk(project, tmp_path):
    kept = tmp_path / "kept"
    with small_disk(kept, "600k"):
        done = project.run("backup", "--to", str(kept))
        assert done.code == 1
        assert f"error: no space left in {kept}" in done.err
        assert list(kept.iterdir()) == []


@pytest.fixture
def stalled(project, tmp_path):
    """Start a backup whose pg_dump writes most of its archive and then waits; return it when that is written."""
    written, go = tmp_path / "written", tmp_path / "go"
    wait = f"head -c 900000; touch {written}; until [ -e {go} ]; do sleep 0.05; done; cat"
    fake(project, tmp_path, "pg_dump", f'set -o pipefail; $REAL "$@" | {{ {wait}; }}')
    begun = []

    def start(where):
        begun.append(project.start("backup", "--to", where))
        until(lambda: written.exists() or begun[0].poll() is not None)
        return begun[0]

    yield start
    go.touch()
    begun[0].terminate()
    begun[0].communicate(timeout=30)


@pytest.mark.parametrize(
    ("number", "code", "place"),
    [(signal.SIGTERM, 143, "folder"), (signal.SIGTERM, 143, "s3"), (signal.SIGINT, 130, "folder")],
    indirect=["place"],
)
def test_a_signal_takes_everything_back(stalled, place, number, code):
    where, listed = place
    process = stalled(where)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "during the backup of" in err
    assert listed() == []


def test_what_a_killed_runner_leaves_has_no_name_and_goes_with_the_next_run(
    project, place, stalled, tmp_path
):
    where, listed = place
    process = stalled(where)
    process.kill()
    process.communicate(timeout=30)
    left = listed()
    assert len(left) == 1
    assert left[0].startswith((".", "upload of "))
    (tmp_path / "go").touch()
    project.environ["PATH"] = project.environ["PATH"].partition(os.pathsep)[2]
    until(lambda: not sessions(project))
    project.ok("backup", "--to", where)
    assert len(listed()) == 2
    assert left[0] not in listed()


def sessions(project):
    return project.query(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )


@pytest.mark.parametrize("place", IN_FOLDER, indirect=True)
def test_two_at_once_are_one_too_many(project, place, stalled):
    where, _ = place
    stalled(where)
    done = project.run("backup", "--to", where)
    assert done.code == 4
    assert "another backup of" in done.err


def test_a_migration_under_way_is_waited_for_and_then_exit_code_4(project, place):
    where, listed = place
    with psycopg.connect(**project.parameters, autocommit=True) as migration:
        migration.execute("SELECT pg_advisory_lock(%s)", [0x72756E6E6572])
        done = project.run("backup", "--to", where, "--lock-wait", "0.2")
    assert done.code == 4
    assert "another runner holds the migration lock" in done.err
    assert listed() == []


@pytest.mark.parametrize(
    ("table", "told"),
    [("notes", "lock timeout"), ("kept", "LOCK TABLE .*public.kept")],
    ids=["ours", "pg_dump's"],
)
def test_a_table_that_somebody_locks_is_exit_code_4(project, place, table, told):
    where, listed = place
    project.query("CREATE TABLE kept ()")
    with psycopg.connect(**project.parameters) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        done = project.run("backup", "--to", where, "--lock-wait", "0", "--json")
    assert done.code == 4
    assert re.search(told, done.data["error"]["detail"])
    assert listed() == []


def test_a_server_that_goes_away_is_exit_code_4(project, place, stalled, tmp_path):
    where, listed = place
    process = stalled(where)
    dumping = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pg_dump' AND datname = current_database()"
    assert project.query(dumping) == [(True,)]
    (tmp_path / "go").touch()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 4, err
    assert "pg_dump failed on" in err
    assert listed() == []


@pytest.mark.parametrize("place", IN_FOLDER, indirect=True)
def test_a_migration_may_run_while_a_dump_does(project, place, stalled):
    where, _ = place
    stalled(where)
    project.write("0002_more", "CREATE TABLE more (id int);\n", "DROP TABLE more;\n")
    project.ok("migrate", "--lock-wait", "5")


def test_an_s3_that_goes_away(project, tmp_path, s3):
    """A server of its own, in a process that is killed while the parts are on their way."""
    code = (
        "from moto.server import ThreadedMotoServer as M; import signal; m = M('127.0.0.1', 0, verbose=False); m.start();"
        "print(m.get_host_and_port()[1], flush=True); signal.pause()"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=clean_environment()
    )
    project.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.stdout.readline().strip()}"
    import botocore.session

    session = botocore.session.Session()
    session.set_credentials("AKIATEST", "aws-secret-key")
    client = session.create_client(
        "s3", endpoint_url=project.environ["AWS_ENDPOINT_URL"], region_name="us-east-1"
    )
    client.create_bucket(Bucket="gone")
    client.close()
    fake(
        project,
        tmp_path,
        "pg_dump",
        f'$REAL "$@" | {{ head -c 500000; touch {tmp_path}/written; until [ -e {tmp_path}/go ]; do sleep 0.05; done; cat; }}',
    )
    process = project.start("backup", "--to", "s3://gone")
    until(lambda: (tmp_path / "written").exists() or process.poll() is not None)
    server.kill()
    server.communicate()
    (tmp_path / "go").touch()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 4
    assert "error: S3 (s3://gone) cannot be reached" in err
    assert "the next backup of this database removes them" in err


def test_a_bucket_that_is_not_there(project, s3):
    done = project.run("backup", "--to", "s3://absent/x")
    assert done.code == 2
    assert "there is no bucket for s3://absent/x" in done.err


def test_a_place_that_is_neither(project):
    done = project.run("backup", "--to", "gs://bucket")
    assert done.code == 2
    assert "gs:// is not a place for backups" in done.err


def test_without_a_place_the_flag_and_the_variable_are_named(project):
    done = project.run("backup")
    assert done.code == 2
    assert "'--backup-to' (env var: 'RUNNER_BACKUP_TO')" in done.err
