"""Restoring overwrites nothing, refuses what is not whole, and switches only what was compared."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys

import psycopg
import pytest

from runner.errors import ConfigurationError
from runner.upkeep.backup.folder import FolderPlace
from tests.db.engine.conftest import VENV_BIN
from tests.db.upkeep.backup.conftest import ROWS, until
from tests.db.upkeep.backup.test_failures import fake


def exists(project, name):
    return bool(project.query("SELECT 1 FROM pg_database WHERE datname = %s", [name]))


def refused(project, restored, archive, *more, code=1):
    """Restore, expect an error, and see that no database was left behind."""
    done = project.run("restore", str(archive), "--into", restored.parameters["dbname"], *more)
    assert done.code == code, done.out + done.err
    assert not exists(project, restored.parameters["dbname"])
    return done.err


@pytest.mark.parametrize("change", ["a byte", "the end", "more"])
def test_an_archive_that_was_changed_is_refused_before_anything_is_made(project, restored, archive, change):
    content = bytearray(archive.read_bytes())
    if change == "a byte":
        content[len(content) // 2] ^= 1
    archive.write_bytes({"a byte": content, "the end": content[:-1], "more": content + b"x"}[change])
    err = refused(project, restored, archive)
    assert f"error: {archive} differs from what was written" in err
    assert "Nothing was restored" in err


def test_an_object_in_s3_that_was_changed_is_refused(project, restored, s3):
    project.ok("backup", "--to", "s3://keep")
    key = s3.list_objects_v2(Bucket="keep")["Contents"][0]["Key"]
    s3.put_object(Bucket="keep", Key=key, Body=b"PGDMP and nothing more")
    assert "differs from what was written" in refused(project, restored, f"s3://keep/{key}")


def test_an_archive_without_its_manifest_is_refused(project, restored, archive):
    archive.with_name(archive.name + ".json").unlink()
    assert "has no manifest beside it" in refused(project, restored, archive, code=2)


_FORMS = {
    "copy of ours.dump": "mv {archive} {file}",
    "tar.dump": "pg_dump -Ft -f {file}",
    "folder": "pg_dump -Fd -f {file}",
    "plain.sql": "pg_dump -f {file}",
    "plain.sql.gz": "pg_dump | gzip >{file}",
}


@pytest.mark.parametrize("form", _FORMS)
def test_a_dump_that_is_not_ours_is_refused_with_the_command_that_restores_it(
    project, restored, archive, tmp_path, form
):
    file = tmp_path / form
    made = _FORMS[form].format(archive=archive, file=shlex.quote(str(file)))
    assert project.command(["bash", "-c", made], **_libpq(project)).code == 0
    err = refused(project, restored, file, code=2)
    assert f"error: {file} is not a backup that runner made" in err
    assert "Nothing was restored" in err
    command = re.search(r"hint: Restore it without a check: (.*)", err)[1]
    project.environ["PATH"] = f"{VENV_BIN}{os.pathsep}{project.environ['PATH']}"
    done = project.command(["bash", "-o", "pipefail", "-c", command])
    assert done.code == 0, done.err
    assert restored.query("SELECT count(*) FROM notes") == [(ROWS,)]


def _libpq(project):
    keywords = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    names = keywords | {"dbname": "PGDATABASE"}
    return {names[key]: str(value) for key, value in project.parameters.items() if key in names}


def test_the_newest_is_not_chosen_while_one_is_from_the_future(project, restored, archive):
    wrong = archive.with_name(re.sub(r"-\d{8}T", "-29990101T", archive.name))
    for suffix in ("", ".json"):
        shutil.copy(f"{archive}{suffix}", f"{wrong}{suffix}")
    live = project.parameters["dbname"]
    err = refused(project, restored, archive.parent, "-d", live, code=2)
    assert f"has a date in the future: {wrong.name}" in err
    assert f"the newest without a future date is {archive}" in err
    done = project.ok("backup", "--to", str(archive.parent), "--keep-days", "1")
    assert f"1 backup of {live} in {archive.parent}/ is from the future ({wrong.name})" in done.err
    assert archive.exists()
    assert wrong.exists()
    project.ok("restore", str(archive), "--into", restored.parameters["dbname"])


def test_a_clock_that_is_not_the_servers_makes_no_backup(project, tmp_path):
    ahead = (
        "import datetime, sys, runner.upkeep.backup.dump as dump\n"
        "class Ahead(datetime.datetime):\n"
        "    @classmethod\n"
        "    def now(cls, tz=None): return super().now(tz) + datetime.timedelta(days=90)\n"
        "dump.datetime = Ahead\n"
        "from runner.cli import main\n"
        "main()\n"
    )
    done = project.command([sys.executable, "-c", ahead, "backup", "--to", str(tmp_path / "kept")])
    assert done.code == 2, done.out + done.err
    assert "the clocks of this machine and of the server of" in done.err
    assert not (tmp_path / "kept").exists()


def test_a_file_that_cannot_be_read_says_nothing_of_writing(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot read .*/gone: no such file") as caught:
        FolderPlace(tmp_path).read("gone")
    assert "as the user who made the backup" in caught.value.hint


@pytest.mark.parametrize("name", ["", "n" * 64, "ü" * 32])
def test_a_name_that_the_server_would_cut_is_refused(project, archive, name):
    done = project.run("restore", str(archive), "--into", name)
    assert done.code == 2
    assert "cannot be the name of a database" in done.err


def test_one_database_does_not_take_the_place_of_another(project, restored, archive):
    for name in ("migrations/other/0001_a.sql", "migrations/other/0001_a.rollback.sql"):
        project.write(name)
    project.remove("0001_notes")
    err = refused(project, restored, archive, "--database", "other", "--switch", "--yes", code=2)
    assert f"is a backup of {project.parameters['dbname']}, and would take the place of other" in err


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"format": 2}', '{"format": 1}'])
def test_a_manifest_that_is_none_is_refused(project, restored, archive, content):
    archive.with_name(archive.name + ".json").write_text(content)
    assert "cannot read the manifest" in refused(project, restored, archive)


def test_a_place_without_backups(project, restored, tmp_path):
    err = refused(project, restored, tmp_path / "empty", code=2)
    assert "there is no backup of" in err


def test_a_database_that_holds_anything_is_not_restored_into(project, restored, archive):
    name = restored.parameters["dbname"]
    project.query(f"CREATE DATABASE {name}")
    restored.query("CREATE TABLE mine (id int)")
    done = project.run("restore", str(archive), "--into", name)
    assert done.code == 2
    assert f"the database {name} is not empty" in done.err
    assert restored.tables() == {"mine"}


def test_an_empty_database_is_restored_into(project, restored, archive):
    project.query(f"CREATE DATABASE {restored.parameters['dbname']}")
    project.ok("restore", str(archive), "--into", restored.parameters["dbname"])
    assert restored.query("SELECT count(*) FROM notes") == [(ROWS,)]


def test_a_restore_that_fails_leaves_no_database(project, restored, archive, tmp_path):
    fake(project, tmp_path, "pg_restore", '$REAL "$@"; exit 3')
    err = refused(project, restored, archive)
    assert f"pg_restore failed on {restored.parameters['dbname']}" in err
    assert "is dropped again" in err


def test_a_missing_role_is_named_first(project, restored, tmp_path):
    role = "owner_of_" + project.parameters["dbname"]
    project.query(f"CREATE ROLE {role}")
    project.query(f"ALTER TABLE notes OWNER TO {role}")
    project.ok("backup", "--to", str(tmp_path / "kept"))
    project.query("ALTER TABLE notes OWNER TO CURRENT_USER")
    project.query(f"DROP ROLE {role}")
    err = refused(project, restored, tmp_path / "kept", "-d", project.parameters["dbname"], code=2)
    assert f'this server lacks roles that the backup names: "{role}"' in err


def test_a_restored_database_that_differs_is_kept_and_not_switched(project, restored, archive):
    beside = archive.with_name(archive.name + ".json")
    held = json.loads(beside.read_text())
    beside.write_text(json.dumps(held | {"schema": held["schema"].replace("body text", "body varchar")}))
    done = project.run("restore", str(archive), "--into", restored.parameters["dbname"], "--switch", "--yes")
    assert done.code == 3
    assert "differs from" in done.err
    assert "-    body varchar" in done.err
    assert exists(project, restored.parameters["dbname"])
    assert project.query("SELECT count(*) FROM notes") == [(ROWS,)]


def test_a_switch_keeps_the_old_database_under_a_dated_name(project, restored, archive):
    live = project.parameters["dbname"]
    project.query(f"ALTER DATABASE {live} SET search_path = '$user', public, extra")
    project.query(f"ALTER DATABASE {live} CONNECTION LIMIT 77")
    project.query(
        f"REVOKE CONNECT ON DATABASE {live} FROM PUBLIC; GRANT CONNECT ON DATABASE {live} TO pg_monitor"
    )
    own = (
        "SELECT datconnlimit, array(SELECT unnest(datacl)::text ORDER BY 1), (SELECT setconfig FROM pg_db_role_setting"
        " WHERE setdatabase = d.oid) FROM pg_database AS d WHERE datname = current_database()"
    )
    before = project.query(own)
    project.query("DELETE FROM notes")
    done = project.ok(
        "restore", str(archive), "--into", restored.parameters["dbname"], "--switch", "--yes", "--json"
    )
    kept = done.data["kept_as"]
    assert kept.startswith(f"{live}_before_2")
    assert project.query("SELECT count(*) FROM notes") == [(ROWS,)]
    assert project.query(own) == before
    assert not exists(project, restored.parameters["dbname"])
    with psycopg.connect(**{**project.parameters, "dbname": kept}) as old:
        assert old.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    project.ok("migrate")


def test_a_switch_waits_for_nobody_and_may_be_asked_for_again(project, restored, archive):
    into = restored.parameters["dbname"]
    with psycopg.connect(**project.parameters, autocommit=True) as session:
        done = project.run("restore", str(archive), "--into", into, "--switch", "--yes")
        assert done.code == 4
        assert "1 session is connected to" in done.err
        assert "Neither database was renamed" in done.err
        again = project.ok("restore", str(archive), "--into", into, "--switch", "--yes", "--end-sessions")
        assert f"{into} is {project.parameters['dbname']} now" in again.out
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")


def test_a_switch_wants_an_answer(project, restored, archive):
    err = refused(project, restored, archive, "--switch", code=2)
    assert "there is no terminal" in err
    assert "Nothing was restored" in err


def test_the_live_database_is_not_the_new_one(project, archive):
    done = project.run("restore", str(archive), "--into", project.parameters["dbname"], "--switch", "--yes")
    assert done.code == 2
    assert "is the live database itself" in done.err


def test_a_signal_takes_the_new_database_back(project, restored, archive, tmp_path):
    fake(project, tmp_path, "pg_restore", f"touch {tmp_path}/begun; exec sleep 600")
    process = project.start("restore", str(archive), "--into", restored.parameters["dbname"])
    until(lambda: (tmp_path / "begun").exists() or process.poll() is not None)
    assert exists(project, restored.parameters["dbname"])
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 143
    assert "during the restore" in err
    assert "is dropped again" in err
    assert not exists(project, restored.parameters["dbname"])


_SIGNAL_AFTER = """
import os, signal
import psycopg
from runner.cli import main
execute = psycopg.Connection.execute
def stopped(conn, query, *args, **options):
    done = execute(conn, query, *args, **options)
    if "CREATE DATABASE" in (query.as_string(conn) if hasattr(query, "as_string") else str(query)):
        os.kill(os.getpid(), signal.SIGTERM)
    return done
psycopg.Connection.execute = stopped
main()
"""


def test_a_signal_as_the_new_database_is_created_takes_it_back(project, archive):
    into = f"{project.parameters['dbname']}_new"
    process = project.start_anew("restore", str(archive), "--into", into, program=["-c", _SIGNAL_AFTER])
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert f"The database {into} does not exist; nothing else was touched." in err
    assert not exists(project, into)


def test_a_backup_of_a_newer_pg_dump_wants_a_newer_pg_restore(project, restored, archive):
    beside = archive.with_name(archive.name + ".json")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {"pg_dump_version": "99.1"}))
    err = refused(project, restored, archive, code=2)
    assert "the archive was made by PostgreSQL 99" in err


@pytest.fixture
def busy_autovacuum(project):
    """Autovacuum comes every second, and is never done with a table that says so."""
    project.query(
        "ALTER TABLE notes SET (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1,"
        " autovacuum_vacuum_insert_threshold = 0, autovacuum_vacuum_insert_scale_factor = 0)"
    )
    with psycopg.connect(**{**project.parameters, "dbname": "postgres"}, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
        admin.execute("SELECT pg_reload_conf()")
        yield
        admin.execute("ALTER SYSTEM RESET autovacuum_naptime")
        admin.execute("SELECT pg_reload_conf()")


@pytest.mark.usefixtures("busy_autovacuum")
def test_autovacuum_does_not_stand_in_the_way_of_a_switch(project, restored, archive):
    name = restored.parameters["dbname"]
    project.ok("restore", str(archive), "--into", name)
    worker = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND backend_type = 'autovacuum worker'"
    until(lambda: restored.query(worker, [name]))
    done = project.run("restore", str(archive), "--into", name, "--switch", "--yes")
    assert done.code == 0, done.err
    assert not exists(project, name)
