"""What meets a lock is tried again, a bounded number of times, and said."""

from __future__ import annotations

import re

import pytest

BLOCKED = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 't'::regclass"


def test_a_file_that_meets_a_lock_is_tried_again_until_it_is_free(project, session):
    project.query("CREATE TABLE t (id int)")
    project.write("0001_a", "-- lock_timeout: 100ms\nCREATE TABLE a ();\nALTER TABLE t ADD COLUMN x int;")
    with session.transaction():
        session.execute("SELECT * FROM t")
        run = project.start("migrate")
        assert run.stderr is not None
        told = run.stderr.readline()
    _, err = run.communicate(timeout=60)
    assert re.match(r"  0001_a: canceling statement due to lock timeout; try 1 of 10 more in \d+ ms\n", told)
    assert run.returncode == 0, err
    assert project.tables() == {"a", "t"}


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"head": "-- lock_retries: 1\n-- lock_timeout: 50ms\n"}, id="directive"),
        pytest.param({"args": ["--lock-retries", "1", "--lock-timeout", "50ms"]}, id="flag"),
        pytest.param(
            {"environ": {"RUNNER_LOCK_RETRIES": "1", "RUNNER_LOCK_TIMEOUT": "50ms"}}, id="environment"
        ),
        pytest.param({"toml": 'lock_retries = 1\nlock_timeout = "50ms"\n'}, id="file"),
    ],
)
def test_the_tries_end_and_the_run_may_be_repeated(project, session, how):
    project.query("CREATE TABLE t (id int)")
    project.write("0001_a", how.get("head", "") + "CREATE TABLE a ();\nALTER TABLE t ADD COLUMN x int;")
    project.write("runner.toml", how.get("toml", ""))
    with session.transaction():
        session.execute("SELECT * FROM t")
        done = project.run("migrate", *how.get("args", []), **how.get("environ", {}))
    assert done.code == 4
    assert "Tried 2 times." in done.err
    assert "when the transaction that holds the lock has ended" in done.err
    assert "the migration was rolled back whole" in done.err
    assert project.tables() == {"t"}
    assert "failed  0001_a" in project.ok("status").out
    project.ok("migrate")


@pytest.mark.parametrize(("name", "wanted"), [
    ("statement_timeout", "1234ms"), ("lock_timeout", "1234ms"), ("idle_in_transaction_session_timeout", "1234ms"),
])  # fmt: skip
def test_each_limit_reaches_the_session(project, name, wanted):
    flag = "--" + name.replace("_session", "").replace("_", "-")
    statement = f"CREATE TABLE a AS SELECT current_setting('{name}') AS v;"
    project.write("0001_a", statement)
    project.ok("migrate", flag, wanted)
    assert project.query("SELECT v FROM a") == [(wanted,)]
    project.write("0002_b", f"-- {name}: 4321ms\n" + statement.replace("TABLE a", "TABLE b"))
    project.ok("migrate", flag, wanted)
    assert project.query("SELECT v FROM b") == [("4321ms",)]
    project.write(
        "0003_c",
        f"-- transactional: false\n-- {name}: 4321ms\nSELECT 1;\n" + statement.replace("TABLE a", "TABLE c"),
    )
    project.ok("migrate", flag, wanted)
    assert project.query("SELECT v FROM c") == [("4321ms",)]


def test_a_statement_that_takes_too_long_says_which_limit_ended_it(project):
    project.write("0001_a", "-- statement_timeout: 50ms\nSELECT pg_sleep(60);")
    done = project.run("migrate")
    assert done.code == 1
    assert "canceling statement due to statement timeout" in done.err
    assert "-- statement_timeout: 10min in the file" in done.err


def test_a_concurrent_build_waits_as_long_as_its_own_limit(project, session):
    project.query("CREATE TABLE t (id int)")
    project.write(
        "0001_a",
        "-- transactional: false\n-- lock_timeout: 10ms\n-- concurrently_timeout: 300ms\n"
        "CREATE INDEX CONCURRENTLY t_idx ON t (id);\n",
    )
    with session.transaction():
        session.execute("INSERT INTO t VALUES (1)")
        done = project.run("migrate")
    assert done.code == 1
    assert "canceling statement due to statement timeout" in done.err
    assert "It left the invalid index public.t_idx" in done.err
    project.ok("migrate")


def test_a_statement_of_a_file_without_transaction_is_tried_again_by_itself(project, session):
    project.query("CREATE TABLE t (id int)")
    project.write(
        "0001_a",
        "-- transactional: false\n-- lock_timeout: 50ms\nCREATE TABLE a ();\nALTER TABLE t ADD COLUMN x int;\n",
    )
    with session.transaction():
        session.execute("SELECT * FROM t")
        run = project.start("migrate")
        assert run.stderr is not None
        told = run.stderr.readline()
    _, err = run.communicate(timeout=60)
    assert told.startswith(
        "  0001_a, statement 2 of 2: canceling statement due to lock timeout; try 1 of 10 more"
    )
    assert run.returncode == 0, err


def test_a_single_transaction_is_tried_again_as_a_whole(project, session):
    project.query("CREATE TABLE t (id int)")
    project.write("0001_a", "CREATE TABLE a ();")
    project.write("0002_b", "-- lock_timeout: 100ms\nALTER TABLE t ADD COLUMN x int;")
    with session.transaction():
        session.execute("SELECT * FROM t")
        run = project.start("migrate", "--single-transaction")
        assert run.stderr is not None
        assert "the transaction: canceling statement due to lock timeout" in run.stderr.readline()
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert project.applied() == ["0001_a", "0002_b"]


def test_a_deadlock_is_tried_again(project, session):
    project.query("CREATE TABLE t (id int); CREATE TABLE u (id int)")
    project.write("0001_a", "-- lock_timeout: 60s\nLOCK TABLE u;\nLOCK TABLE t;\nCREATE TABLE a ();")
    session.execute("SET deadlock_timeout = '60s'")
    with session.transaction():
        session.execute("LOCK TABLE t")
        run = project.start("migrate")
        project.wait_for(BLOCKED, run)
        session.execute("LOCK TABLE u")  # granted once the server has ended our try
    _, err = run.communicate(timeout=60)
    assert "deadlock detected; try 1 of 10 more" in err
    assert run.returncode == 0, err


def test_a_duration_that_is_none_is_refused(project):
    project.write("0001_a")
    done = project.run("migrate", "--lock-timeout", "soon")
    assert done.code == 2
    assert "is not a duration" in done.err


def test_the_holder_of_the_migration_lock_is_named(project, session):
    project.write("0001_a")
    key = int.from_bytes(b"runner")
    session.execute("SELECT pg_advisory_lock(%s)", [key])
    ((pid,),) = session.execute("SELECT pg_backend_pid()").fetchall()
    assert f"the migration lock is held by pid {pid}" in project.ok("status").out
    done = project.run("migrate", "--lock-wait", "0.2")
    assert done.code == 4
    assert f"waiting for the migration lock, held by pid {pid}" in done.err
    assert f"It is held by pid {pid}" in done.err


def test_a_yoyo_at_work_is_waited_for_and_named(project):
    project.write("0001_a", "CREATE TABLE a ();")
    project.ok("migrate")
    project.query("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 4711)")
    project.write("0002_b", "CREATE TABLE b ();")
    run = project.start("migrate")
    assert run.stderr is not None
    assert run.stderr.readline() == "waiting for yoyo's lock, held by process 4711 of its machine\n"
    project.query("DELETE FROM yoyo_lock")
    run.communicate(timeout=30)
    assert run.returncode == 0


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_what_is_applied_is_read_after_the_lock_was_taken_whatever_the_default_isolation(
    project, session, level
):
    project.query(
        f"ALTER DATABASE \"{project.parameters['dbname']}\" SET default_transaction_isolation = '{level}'"
    )
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.ok("migrate")
    assert "up to date" in project.ok("migrate").out
    project.ok("rollback", "--yes")
    assert project.applied() == []


@pytest.mark.parametrize("lock_timeout", ["900ms", "2500ms"])
def test_the_last_error_names_the_table_and_who_holds_it(project, session, lock_timeout):
    project.query("CREATE TABLE t (id int)")
    project.write("0001_a", "ALTER TABLE t ADD COLUMN x int;\n")
    with session.transaction():
        session.execute("LOCK TABLE t")
        ((pid,),) = project.query("SELECT pid FROM pg_locks WHERE relation = 't'::regclass AND granted")
        done = project.run("migrate", "--lock-timeout", lock_timeout, "--lock-retries", "0")
    assert done.code == 4
    assert f"It waited for ACCESS EXCLUSIVE on public.t, blocked by pid {pid}" in done.err
    assert "idle in transaction" in done.err
    assert "when the transaction that holds the lock has ended" in done.err
