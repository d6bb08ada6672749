"""A signal, a rival, a second thought: what is left is said, and is consistent."""

from __future__ import annotations

import json
import os
import pty
import signal

import pytest

from runner.engine.history.names import LOCK_KEY


def wait_until_blocked(project, table: str) -> None:
    waiting = f"SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass"
    project.wait_for(waiting)


@pytest.mark.parametrize(
    ("number", "code", "name"), [(signal.SIGINT, 130, "an interrupt"), (signal.SIGTERM, 143, "SIGTERM")]
)
def test_a_signal_cancels_rolls_back_and_says_so(project, session, number, code, name):
    project.query("CREATE TABLE gate ()")
    project.write("0001_a", "CREATE TABLE a (id int);\nLOCK TABLE gate;", "DROP TABLE a;")
    with session.transaction():
        session.execute("LOCK TABLE gate")
        run = project.start("migrate")
        wait_until_blocked(project, "gate")
        run.send_signal(number)
        _, err = run.communicate(timeout=30)
    assert run.returncode == code
    assert err == (
        f"error: stopped by {name} during 0001_a\n"
        "  detail: The migration was rolled back whole. The database is consistent with its history.\n"
    )
    assert project.tables() == {"gate"}
    project.ok("migrate")
    assert project.applied() == ["0001_a"]


def test_what_was_confirmed_is_what_is_rolled_back_or_nothing(project):
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.ok("migrate")
    project.write("0002_b", "CREATE TABLE b (id int);", "DROP TABLE b;")
    ours, theirs = pty.openpty()
    run = project.start_anew("rollback", stdin=theirs)
    assert run.stderr is not None
    asked = ""
    while "?" not in asked:
        asked += run.stderr.read(1)
    project.ok("migrate")
    os.write(ours, b"y\n")
    _, err = run.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    assert run.returncode == 4, err
    assert "another run changed what would be rolled back" in err
    assert project.tables() == {"a", "b"}


def test_an_error_as_json_tells_what_was_done_before_it(project):
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("0002_b", "SELECT nope;")
    told = project.run("migrate", "--json").data
    assert told["error"]["sqlstate"] == "42703"
    assert [step["id"] for step in told["databases"][0]["steps"]] == ["0001_a"]


@pytest.mark.parametrize("args", [["--steps", "0"], ["--nope"], ["--to", "x"]])
def test_a_mistake_in_the_command_line_is_json_too(project, args):
    project.write("0001_a")
    done = project.run("migrate", "--json", *args)
    assert done.code == 2
    assert json.loads(done.out)["error"]["exit_code"] == 2


def test_what_is_irreversible_stays_so_when_its_file_is_gone(project):
    project.write("0001_a", "-- irreversible: data is gone\nCREATE TABLE a (id int);", "DROP TABLE a;")
    project.ok("migrate")
    project.remove("0001_a")
    project.write("0002_b", "SELECT 1;", "SELECT 1;")
    assert project.run("rollback", "--yes").code == 3
    assert project.tables() == {"a"}


def test_the_undo_in_history_keeps_its_limits(project):
    project.write("0001_a", "CREATE TABLE a (l text);", "DROP TABLE a;")
    project.write(
        "0002_b", "SELECT 1;", "-- lock_timeout: 77s\nINSERT INTO a VALUES (current_setting('lock_timeout'));"
    )
    project.ok("migrate")
    project.remove("0002_b")
    project.ok("rollback", "--yes")
    assert project.query("SELECT l FROM a") == [("77s",)]


def test_two_runners_that_find_an_empty_database_make_historys_tables_once(project, session):
    project.write("0001_a", "CREATE TABLE a (id int);")
    session.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
    runs = [project.start("migrate"), project.start("migrate")]
    for run in runs:
        assert "waiting for the migration lock" in run.stderr.readline()
    session.execute("SELECT pg_advisory_unlock_all()")
    said = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert sorted("1 migration applied" in out for out, _ in said) == [False, True]


def test_a_file_without_transaction_that_gives_up_the_lock_is_stopped(project):
    project.write(
        "0001_a",
        "-- transactional: false\nCREATE TABLE a ();\nSELECT pg_advisory_unlock_all();\nCREATE TABLE b ();",
    )
    done = project.run("migrate")
    assert done.code == 1
    assert "the migration released the migration lock" in done.err
    assert "1 of 3 statements is in effect" in done.err
    assert project.tables() == {"a"}


def test_a_file_that_ends_its_own_transaction_unseen_is_stopped(project):
    # with this setting \\' is a quote within the string: the server sees the COMMIT, which for us is text
    project.environ["PGOPTIONS"] = "-c standard_conforming_strings=off"
    project.write("0001_a", "CREATE TABLE a ();\nSELECT '\\''; COMMIT; BEGIN; CREATE TABLE b (); --';")
    done = project.run("migrate")
    assert done.code == 1
    assert "the migration ended its own transaction" in done.err
    assert project.tables() == {"a"}
    assert project.applied() == []


def test_what_an_incomplete_rollback_left_behind_is_told(project):
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.write("0002_note", "ALTER TABLE a ADD COLUMN note text;", "SELECT 1;")
    project.ok("migrate")
    project.ok("rollback", "--yes")
    failed = project.run("migrate")
    assert 'column "note" of relation "a" already exists' in failed.err
    assert "If a rollback left it behind, drop it by hand." in failed.err


def test_a_database_made_by_other_means_is_led_to_baseline(project):
    project.query("CREATE TABLE a (id int)")
    project.write(
        "sql/functions/f.sql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    )
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    failed = project.run("migrate")
    assert "instead of running it: runner baseline --to 0001_a" in failed.err
    project.ok("baseline", "--scratch-url", project.url)
    assert "up to date" in project.ok("migrate").out


def test_a_file_that_drops_history_is_told_from_one_that_is_wrong(project):
    project.write("0001_a", "SELECT 1;")
    project.ok("migrate")
    project.write("0002_b", "DROP TABLE _runner_migration;")
    done = project.run("migrate")
    assert done.code == 1
    assert 'relation "public._runner_migration" does not exist' in done.err
    assert "The error came after the file's own statements" in done.err


@pytest.mark.parametrize("table", ["_yoyo_migration", "_runner_migration"])
def test_a_file_that_deletes_from_history_is_found_at_the_end_of_its_run(project, table):
    project.write("0001_a", "CREATE TABLE a ();\n")
    project.ok("migrate")
    project.write("0002_b", f"DELETE FROM {table};\n")
    done = project.run("migrate", "--no-validate")
    if table == "_yoyo_migration":
        assert done.code == 3, done.err
        assert "history does not have 0001_a any more" in done.err
    assert "0001_a" in project.run("status").out


def test_snapshots_may_lie_elsewhere(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("schema")
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.ok("snapshot", "--schema-dir", str(elsewhere), "--scratch-url", project.url)
    assert "schema validated" in project.ok("migrate", "--schema-dir", str(elsewhere)).out
    snapshot = elsewhere / "schema.sql"
    snapshot.write_bytes(snapshot.read_bytes().replace(b"\n", b"\r\n"))
    project.ok("validate", "--schema-dir", str(elsewhere))


def test_what_a_snapshot_does_not_describe_is_named(project):
    project.write("0001_a", "CREATE CONVERSION plain FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;")
    done = project.ok("snapshot", "--scratch-url", project.url)
    assert "not described by the snapshot: conversion public.plain" in done.err
    assert "not compared: conversion public.plain" in project.ok("migrate").out


def test_history_in_a_schema_that_is_not_there_is_refused(project):
    project.write("0001_a")
    done = project.run("migrate", "--history-schema", "nosuch")
    assert done.code == 2
    assert 'CREATE SCHEMA "nosuch"' in done.err


def test_a_signal_in_a_single_transaction_names_where_and_that_all_was_rolled_back(project):
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("0002_b", "CREATE TABLE b (id int);\nSELECT pg_sleep(60);")
    run = project.start("migrate", "--single-transaction")
    project.wait_for(
        "SELECT 1 FROM pg_stat_activity WHERE query ~ 'pg_sleep' AND application_name = 'runner' AND datname = current_database()",
        run,
    )
    run.terminate()
    _, err = run.communicate(timeout=30)
    assert run.returncode == 143
    assert "stopped by SIGTERM during 0002_b" in err
    assert "All 2 migrations that this run had begun were rolled back." in err
    assert project.tables() == set()


_SIGNAL_AT_THE_SECOND_THREAD = """
import os, signal, threading
from runner.__main__ import main
start = threading.Thread.start
def stopped(thread):
    start(thread)
    if thread.name == "parallel 2":
        os.kill(os.getpid(), signal.SIGTERM)
threading.Thread.start = stopped
main()
"""


def test_a_signal_as_parallel_statements_begin_does_not_wait_for_their_end(project):
    sleeps = "".join(f"DO $$ BEGIN PERFORM pg_sleep(60), {n}; END $$;\n" for n in range(4))
    project.write("0001_a", "-- transactional: false\n-- parallel: 2\n" + sleeps)
    run = project.start_anew("migrate", program=["-c", _SIGNAL_AT_THE_SECOND_THREAD])
    _, err = run.communicate(timeout=50)
    assert run.returncode == 143, err
    assert "stopped by SIGTERM during 0001_a" in err


_BUILDS = "SELECT 1 FROM pg_stat_progress_create_index WHERE datname = current_database()"


@pytest.mark.parametrize("directive", ["", "-- parallel: 2\n"], ids=["one by one", "parallel"])
def test_a_signal_while_an_index_is_built_names_what_is_left_of_it(project, session, directive):
    project.query("CREATE TABLE a (id int); CREATE TABLE b (id int)")
    project.write(
        "0001_a",
        f"-- transactional: false\n{directive}CREATE INDEX CONCURRENTLY a_id ON a (id);\nSELECT 1;\n",
    )
    with session.transaction():
        session.execute("INSERT INTO a VALUES (1)")
        run = project.start("migrate", "--beside-existing")
        project.wait_for(f"{_BUILDS} AND phase LIKE 'waiting for%'", run)
        run.terminate()
        _, err = run.communicate(timeout=30)
    assert run.returncode == 143
    assert ("1 of 2 statements is" if directive else "Nothing of the file is") + " in effect" in err
    assert "It left the invalid index public.a_id; the next run drops it." in err
    done = project.run("migrate")
    assert done.code == 0, done.err
    assert "dropping invalid index public.a_id" in done.err
    assert project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass") == [(True,)]


def test_two_signals_in_parallel_statements_that_do_not_answer_end_the_run_with_its_message(project):
    """To close a connection that another thread is in ends the process with a fault of its memory."""
    project.write(
        "0001_a", "-- transactional: false\n-- parallel: 2\nSELECT pg_sleep(60);\nSELECT pg_sleep(60);\n"
    )
    run = project.start("migrate")
    sleeps = "FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    project.wait_for(f"SELECT 1 {sleeps} HAVING count(*) = 2", run)
    silent = [pid for (pid,) in project.query(f"SELECT pid {sleeps}")]
    for pid in silent:
        os.kill(pid, signal.SIGSTOP)
    try:
        run.terminate()
        run.terminate()
        _, err = run.communicate(timeout=50)
    finally:
        for pid in silent:
            os.kill(pid, signal.SIGCONT)
    assert run.returncode == 143, err
    assert "stopped by SIGTERM during 0001_a" in err


def test_what_is_in_effect_of_parallel_statements_is_counted_in_one_way(project):
    project.write(
        "0001_a",
        "-- transactional: false\n-- parallel: 2\nSET search_path = public;\nCREATE TABLE a ();\nCREATE TABLE b ();\nSELECT 1/0;\n",
    )
    failed = project.run("migrate")
    assert "2 of 4 statements are in effect" in failed.err
    assert "correct the statements that are not in effect" in failed.err
    assert "2 of 4 statements" in project.run("status").out


_SIGNAL_AT_THE_FIRST_CONNECTION = """
import os, signal
import psycopg
from runner.cli import main
def stopped(*args, **options):
    os.kill(os.getpid(), signal.SIGTERM)
psycopg.Connection.connect = stopped
main()
"""


@pytest.mark.parametrize(
    ("command", "records"), [("migrate", True), ("up", True), ("status", False), ("snapshot", False)]
)
def test_an_early_signal_speaks_of_migrations_only_where_they_are_run(project, command, records):
    project.write("0001_a", "SELECT 1;\n")
    run = project.start_anew(command, program=["-c", _SIGNAL_AT_THE_FIRST_CONNECTION])
    _, err = run.communicate(timeout=60)
    assert run.returncode == 143, err
    assert ("What had been committed before is recorded." in err) is records


def test_an_interrupt_while_modules_are_read_is_no_stack_trace(project):
    """Held open at its first import of click, the start is where an early Ctrl-C finds it."""
    project.write("held/click.py", "import sys\nprint('here', flush=True)\nsys.stdin.read()\n")
    project.environ["PYTHONPATH"] = str(project.root / "held")
    ours, theirs = pty.openpty()
    run = project.start_anew("status", stdin=theirs)
    assert run.stdout is not None
    assert run.stdout.readline() == "here\n"
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    assert run.returncode == -signal.SIGINT
    assert err == ""


@pytest.mark.parametrize("directive", ["", "-- transactional: false\n"], ids=["transaction", "none"])
@pytest.mark.parametrize("command", ["verify", "snapshot"])
def test_a_signal_in_a_scratch_database_says_that_nothing_else_was_changed(project, command, directive):
    mine = project.parameters["dbname"]
    sleeps = f"DO $$ BEGIN PERFORM pg_sleep(60) AS {mine}_{command}; END $$;\n"
    project.write("0001_a", directive + sleeps, "SELECT 1;\n")
    run = project.start(command, "--scratch-url", project.url)
    project.wait_for(
        f"SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60) AS {mine}_{command}%' AND datname LIKE 'runner_scratch%'",
        run,
    )
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=30)
    assert run.returncode == 143
    assert err.startswith("error: stopped by SIGTERM")
    assert "It ran in a scratch database, which is dropped; no other database was changed." in err
    assert "consistent with its history" not in err


def test_a_signal_in_the_hook_takes_back_the_hook_alone(project):
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("post-apply", "SELECT pg_sleep(60);")
    run = project.start("migrate")
    project.wait_for(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND datname = current_database()"
        " AND pid <> pg_backend_pid()",
        run,
    )
    run.terminate()
    _, err = run.communicate(timeout=30)
    assert "The hook post-apply was rolled back whole; the migrations before it are still applied." in err
    assert project.applied() == ["0001_a"]


def test_a_signal_after_a_retry_counts_each_migration_once(project, session):
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("0002_b", "ALTER TABLE k ADD COLUMN n int;")
    project.query("CREATE TABLE k (id int)")
    with session.transaction():
        session.execute("LOCK TABLE k")
        run = project.start("migrate", "--single-transaction", "--lock-timeout", "500ms")
        assert run.stderr is not None
        while "try 1 of" not in (line := run.stderr.readline()):
            assert line, run.communicate()
        project.wait_for(
            "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'k'::regclass",
            run,
        )
        run.terminate()
        _, err = run.communicate(timeout=30)
    assert "All 2 migrations that this run had begun were rolled back." in err
