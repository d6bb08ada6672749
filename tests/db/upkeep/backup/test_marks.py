"""A database counts as restored only by the mark of a finished restore of this archive, and only while nobody has written to it."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import psycopg
import pytest

from tests.db.upkeep.backup.conftest import ROWS, until
from tests.db.upkeep.backup.test_failures import fake
from tests.db.upkeep.backup.test_restoring import exists

_COMMENT = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"


def again(project, archive, into, *more):
    return project.run("restore", str(archive), "--into", into, *more)


def still_live(project):
    """Tell whether the live database is the one that was live before."""
    return project.query("SELECT count(*) FROM notes WHERE id = 0") == [(1,)]


@pytest.fixture
def into(project, restored, archive):
    """A finished restore; the live database got a row since the backup."""
    name = restored.parameters["dbname"]
    project.ok("restore", str(archive), "--into", name)
    project.query("INSERT INTO notes VALUES (0, 'after the backup')")
    return name


def test_a_finished_restore_is_switched_by_a_later_run(project, archive, into):
    done = project.ok("restore", str(archive), "--into", into, "--switch", "--yes", "--json")
    assert (done.data["filled"], done.data["validated"]) == (False, True)
    assert project.query("SELECT count(*) FROM notes") == [(ROWS,)]
    assert project.query(_COMMENT, [project.parameters["dbname"]]) == [(None,)]


def test_text_says_that_an_earlier_run_restored_it(project, archive, into):
    done = project.ok("restore", str(archive), "--into", into)
    assert "by an earlier run" in done.out


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM notes",
        "UPDATE notes SET body = 'x' WHERE id = 1",
        "INSERT INTO notes VALUES (-5, 'y')",
        "TRUNCATE notes",
        "SELECT lo_from_bytea(0, 'x')",
        "ALTER TABLE notes SET (fillfactor = 50)",
        "GRANT ALL ON notes TO PUBLIC",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
    ids=lambda text: text.split()[0],
)
def test_what_was_written_to_after_its_restore_is_never_put_live(project, restored, archive, into, change):
    restored.query(change)
    done = again(project, archive, into, "--switch", "--yes")
    assert done.code == 2, done.out + done.err
    assert "cannot be shown to hold this backup" in done.err
    assert "It was changed after" in done.err
    assert f'DROP DATABASE "{into}"' in done.err
    assert still_live(project)


def test_the_same_schema_and_history_without_the_mark_is_not_a_restore(project, restored, archive, into):
    restored.query("DELETE FROM notes")
    project.query(f"COMMENT ON DATABASE {into} IS NULL")
    done = again(project, archive, into, "--switch", "--yes")
    assert (done.code, still_live(project)) == (2, True)
    assert "does not have the mark" in done.err


def test_a_restore_of_another_archive_is_not_this_one(project, archive, into):
    project.ok("backup", "--to", str(archive.parent))
    newer = max(archive.parent.glob("*.dump"))
    done = again(project, newer, into, "--switch", "--yes")
    assert (done.code, still_live(project)) == (2, True)
    assert f"It was restored from another archive, {archive.name}." in done.err


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_restore_takes_pg_restore_with_it_and_the_same_command_leads_on(
    project, restored, archive, tmp_path, jobs
):
    name = restored.parameters["dbname"]
    blocked = 'trap "kill %1; exit 3" TERM; [ -e go ] && exec $REAL "$@"\n'
    fake(
        project,
        tmp_path,
        "pg_restore",
        f"{blocked}touch {tmp_path}/begun; sleep 600 & echo $$ >{tmp_path}/pid; wait",
    )
    process = project.start("restore", str(archive), "--into", name, "--jobs", jobs)
    until(
        lambda: (
            (tmp_path / "begun").exists() and (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()
        )
    )
    child = int((tmp_path / "pid").read_text())
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    until(lambda: not is_running(child))
    assert exists(project, name)
    (project.root / "go").touch()
    done = project.ok("restore", str(archive), "--into", name, "--switch", "--yes")
    assert "by an earlier run" not in done.out
    assert project.query("SELECT count(*) FROM notes") == [(ROWS,)]


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_part_of_a_restore_is_refused_with_the_way_out(project, restored, archive, into):
    ((comment,),) = project.query(_COMMENT, [into])
    project.query(f"COMMENT ON DATABASE {into} IS '{comment.partition(', rows')[0]}: unfinished'")
    done = again(project, archive, into)
    assert done.code == 2
    assert "was begun and did not end" in done.err
    assert f'DROP DATABASE "{into}"' in done.err
    with psycopg.connect(**restored.parameters):
        assert again(project, archive, into).code == 4
    project.query(f'DROP DATABASE "{into}"')
    assert again(project, archive, into).code == 0


def test_the_comment_of_the_live_database_goes_with_its_name(project, archive, into):
    live = project.parameters["dbname"]
    project.query(f"COMMENT ON DATABASE {live} IS 'ours'")
    project.ok("restore", str(archive), "--into", into, "--switch", "--yes")
    assert project.query(_COMMENT, [live]) == [("ours",)]


def test_a_switch_killed_in_its_midst_leaves_the_live_database_open(project, archive, into):
    """The transaction waits for a lock; killed there, nothing is closed or renamed."""
    live = project.parameters["dbname"]
    with psycopg.connect(**{**project.parameters, "dbname": "postgres"}, autocommit=True) as admin:
        with psycopg.connect(**{**project.parameters, "dbname": "postgres"}) as holder:
            holder.execute(f"ALTER DATABASE {into} CONNECTION LIMIT 50")
            process = project.start(
                "restore", str(archive), "--into", into, "--switch", "--yes", "--end-sessions"
            )
            waits = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'runner restore' AND wait_event_type = 'Lock'"
            until(lambda: admin.execute(waits).fetchall() or process.poll() is not None)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=30)
            holder.rollback()
        until(lambda: not admin.execute(waits).fetchall())
    assert still_live(project)
    assert project.query("SELECT datallowconn FROM pg_database WHERE datname = %s", [live]) == [(True,)]
    project.ok("restore", str(archive), "--into", into, "--switch", "--yes", "--end-sessions")
    assert not still_live(project)


def test_sessions_that_come_back_at_once_do_not_stop_a_switch(project, archive, into):
    """An application whose pool reconnects as soon as it is thrown out."""
    done = threading.Event()

    def application():
        while not done.is_set():
            try:
                with psycopg.connect(**project.parameters, autocommit=True) as conn:
                    conn.execute("SELECT pg_sleep(60)")
            except psycopg.Error:
                pass

    pool = [threading.Thread(target=application) for _ in range(3)]
    for each in pool:
        each.start()
    try:
        held = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event = 'PgSleep'"
        until(lambda: project.query(held, [project.parameters["dbname"]]) == [(3,)])
        result = again(project, archive, into, "--switch", "--yes", "--end-sessions")
        assert result.code == 0, result.err
    finally:
        done.set()
        with psycopg.connect(**{**project.parameters, "dbname": "postgres"}, autocommit=True) as admin:
            pattern = project.parameters["dbname"] + "%"

            def ended():
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE %s", [pattern]
                )
                return not any(each.is_alive() for each in pool)

            until(ended)
    assert not still_live(project)


def test_a_database_that_was_closed_is_told_with_the_way_to_open_it(project):
    live = project.parameters["dbname"]
    with psycopg.connect(**{**project.parameters, "dbname": "postgres"}, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {live} ALLOW_CONNECTIONS false")
        try:
            for command in ("status", "doctor", "migrate"):
                done = project.run(command)
                assert done.code != 0
                assert f'ALTER DATABASE "{live}" ALLOW_CONNECTIONS true' in done.out + done.err
        finally:
            admin.execute(f"ALTER DATABASE {live} ALLOW_CONNECTIONS true")


def test_what_a_session_still_does_to_it_is_waited_for(project, restored, archive, into):
    """The server counts a session's writes when the session has ended, or much later."""
    with psycopg.connect(restored.url, autocommit=True) as conn:
        conn.execute("DELETE FROM notes")
        done = again(project, archive, into, "--switch", "--yes", "--end-sessions")
        assert done.code == 4
        assert f"sessions or prepared transactions are open in {into}" in done.err
        assert still_live(project)
    until(lambda: not project.query("SELECT 1 FROM pg_stat_activity WHERE datname = %s", [into]))
    done = again(project, archive, into, "--switch", "--yes")
    assert done.code == 2
    assert still_live(project)
