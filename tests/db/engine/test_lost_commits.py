"""A server that comes back as a standby, or without commits that it had confirmed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import psycopg
import pytest

from runner.server.local import Server
from runner.server.local.process import tail
from tests.folders import server_folder

_WAITS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'runner' AND wait_event_type = 'Lock' AND datname = current_database()"


def lose(project, id_: str, table: str) -> None:
    """Let the database be as if the migration had never been committed, then end the runner's session."""
    for history in ("_yoyo_migration", "_yoyo_log", "_runner_migration"):
        project.query(f"DELETE FROM {history} WHERE migration_id = %s", [id_])
    project.query(f"DROP TABLE {table}")
    project.query(f"SELECT pg_terminate_backend(pid) FROM ({_WAITS}) AS w")


def wait_until_it_waits(project, run) -> None:
    project.wait_for(f"{_WAITS} AND datname = current_database()", run)


@pytest.fixture
def guarded(project, session):
    """Two files, of which the second waits for a table that another session locks."""
    project.query("CREATE TABLE guard (id int)")
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.write("0002_b", "LOCK TABLE guard;\nCREATE TABLE b (id int);", "DROP TABLE b;")
    session.execute("BEGIN; LOCK TABLE guard")
    return project


def test_what_was_reported_and_is_lost_is_said_and_applied_again(guarded, session):
    run = guarded.start("migrate", "--no-validate", "--lock-timeout", "5min")
    wait_until_it_waits(guarded, run)
    lose(guarded, "0001_a", "a")
    session.execute("ROLLBACK")
    out, err = run.communicate()
    assert run.returncode == 0, err
    assert (
        "the server has lost commits: 0001_a, reported as done by this run, is no longer so in its history"
        in err
    )
    assert "2 migrations applied" in out
    assert guarded.tables() == {"a", "b", "guard"}
    assert guarded.applied() == ["0001_a", "0002_b"]


def test_what_an_earlier_run_applied_and_is_lost_ends_the_run(guarded, session):
    guarded.ok("migrate", "--no-validate", "--steps", "1")
    run = guarded.start("migrate", "--no-validate", "--lock-timeout", "5min")
    wait_until_it_waits(guarded, run)
    lose(guarded, "0001_a", "a")
    session.execute("ROLLBACK")
    _, err = run.communicate()
    assert run.returncode == 4
    assert "the server has lost commits: 0001_a, applied before this run, is no longer in its history" in err
    guarded.ok("migrate", "--no-validate")
    assert guarded.tables() == {"a", "b", "guard"}


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server of this test's own."""
    folder = server_folder()
    server = Server(folder / "postgres", environ=os.environ, ephemeral=True)
    yield server
    server.stop()
    shutil.rmtree(folder)


def test_a_server_that_is_not_promoted_yet_is_waited_for(project, own_server):
    started = own_server.start(tcp=True)
    project.parameters = {**started.parameters, "password": started.password.reveal(), "dbname": "postgres"}
    with (own_server.data / "postgresql.conf").open("a") as file:
        file.write("\nlog_connections = on\n")
    project.query("CREATE TABLE guard (id int)")
    project.write("0001_a", "LOCK TABLE guard;\nCREATE TABLE a (id int);")
    other = psycopg.connect(**project.parameters)
    other.execute("LOCK TABLE guard")
    run = project.start("migrate", "--no-validate", "--lock-timeout", "5min", "--reconnect-wait", "120")
    wait_until_it_waits(project, run)
    own_server.stop()
    other.close()
    (own_server.data / "standby.signal").touch()
    begin = own_server.log.stat().st_size
    assert own_server.start(tcp=True).parameters == started.parameters
    while "application_name=runner" not in tail(own_server.log, begin):  # it has seen the standby
        assert run.poll() is None, run.communicate()
    project.query("SELECT pg_promote()")
    out, err = run.communicate()
    assert run.returncode == 0, err
    assert "1 migration applied" in out
