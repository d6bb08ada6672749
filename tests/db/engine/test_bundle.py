"""Small files that travel in one message: each is a transaction, a record and an error of its own all the same."""

from __future__ import annotations

import signal

import pytest

# The first file goes alone, two after it, then four: 0004 stands in the middle of a message.
IDS = [f"{n:04}_t" for n in range(1, 8)]
MIDDLE = IDS[4]


@pytest.fixture
def seven(project):
    for id_ in IDS:
        project.write(id_, f'CREATE TABLE "{id_}" (id int);', f'DROP TABLE "{id_}";')
    return project


def test_all_are_applied_in_order_each_in_its_own_transaction(seven):
    for id_ in IDS:
        seven.write(id_, f'CREATE TABLE "{id_}" AS SELECT pg_current_xact_id()::text AS xid;')
    done = seven.ok("migrate")
    assert [line.split()[1] for line in done.out.splitlines()[1:8]] == IDS
    assert seven.applied() == IDS
    xids = {seven.query(f'SELECT xid FROM "{id_}"')[0] for id_ in IDS}
    assert len(xids) == 7


def test_all_are_rolled_back_newest_first(seven):
    seven.ok("migrate")
    done = seven.ok("rollback", "--all", "--yes")
    assert [line.split()[2] for line in done.out.splitlines()[1:8]] == IDS[::-1]
    assert seven.tables() == set()
    assert seven.query(
        "SELECT migration_id FROM _yoyo_log WHERE operation = 'rollback' ORDER BY created_at_utc"
    ) == [(id_,) for id_ in IDS[::-1]]


@pytest.mark.parametrize(
    ("sql", "place", "said"),
    [
        pytest.param(
            "CREATE TABLE ä (id int);\nSELECT 'größe';\nINSERT INTO ä (nosuch) VALUES (1);",
            ":3:16",
            "Statement 3 of 3, SQLSTATE 42703",
            id="refused while it runs",
        ),
        pytest.param("SELECT 1;\nSELECT 'ä' FRM t;", ":2:16", "Statement 2 of 2, SQLSTATE 42601", id="not SQL"),
        pytest.param("SELECT 1;\nCREATE TABLE a (", ":2:16", "SQLSTATE 42601", id="cut off"),
        pytest.param("SELECT 1;\n\nSELECT 1 / 0;", ":3:1", "Statement 2 of 2, SQLSTATE 22012", id="no position told"),
        pytest.param(
            "CREATE TABLE p (id int PRIMARY KEY);\n"
            "CREATE TABLE c (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO c VALUES (1);",
            ".sql\n",
            "SQLSTATE 23503",
            id="refused at its end",
        ),
    ],
)  # fmt: skip
def test_an_error_names_its_file_and_statement_and_what_came_before_stays(seven, sql, place, said):
    seven.write(MIDDLE, sql)
    done = seven.run("migrate")
    assert done.code == 1
    assert f"at migrations/{MIDDLE}.sql{place.removeprefix('.sql')}" in done.err
    assert said in done.err
    assert "the migration was rolled back whole. 2 later steps not begun." in done.err
    assert [line.split()[1] for line in done.out.splitlines()[1:]] == IDS[:4]
    assert seven.applied() == IDS[:4]
    assert seven.tables() == set(IDS[:4])
    assert seven.query("SELECT migration_id FROM _runner_migration WHERE operation = 'fail'") == [(MIDDLE,)]
    seven.write(MIDDLE, "SELECT 1;")
    assert "3 migrations applied" in seven.ok("migrate").out


def test_a_file_that_gives_up_the_migration_lock_stops_the_message(seven):
    seven.write(MIDDLE, "SELECT pg_advisory_unlock_all();")
    done = seven.run("migrate")
    assert "the migration released the migration lock" in done.err
    assert f"at migrations/{MIDDLE}.sql" in done.err
    assert seven.applied() == IDS[:4]


def test_a_file_that_drops_history_is_told_from_one_that_is_wrong(seven):
    seven.write(MIDDLE, "DROP TABLE _runner_migration;")
    done = seven.run("migrate")
    assert f"at migrations/{MIDDLE}.sql" in done.err
    assert "The error came after the file's own statements" in done.err
    assert seven.applied() == IDS[:4]


def test_a_file_that_meets_a_lock_is_tried_again_and_the_rest_follows(seven, session):
    seven.query("CREATE TABLE held (id int)")
    seven.write(MIDDLE, "-- lock_timeout: 50ms\nALTER TABLE held ADD COLUMN more int;")
    with session.transaction():
        session.execute("LOCK TABLE held")
        run = seven.start("migrate")
        assert run.stderr is not None
        told = run.stderr.readline()
    out, err = run.communicate(timeout=60)
    assert told.startswith(f"  {MIDDLE}: canceling statement due to lock timeout; try 1 of 10 more in"), told
    assert run.returncode == 0, err
    assert "7 migrations applied" in out
    assert seven.applied() == IDS


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_tells_what_had_been_committed(seven, session, number, code):
    seven.query("CREATE TABLE held (id int)")
    seven.write(MIDDLE, "-- lock_timeout: 0\nALTER TABLE held ADD COLUMN more int;")
    with session.transaction():
        session.execute("LOCK TABLE held")
        run = seven.start("migrate")
        seven.wait_for("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'held'::regclass", run)
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
    assert run.returncode == code, err
    assert [line.split()[1] for line in out.splitlines()[1:]] == IDS[:4]
    assert f"during {MIDDLE}" in err
    assert "The migration was rolled back whole." in err
    assert seven.applied() == IDS[:4]
    assert "3 migrations applied" in seven.ok("migrate").out


def test_each_has_its_own_duration(seven):
    seven.write(MIDDLE, "SELECT pg_sleep(0.3);")
    seven.ok("migrate")
    took = dict(seven.query("SELECT migration_id, duration_ms FROM _runner_migration"))
    assert took[MIDDLE] >= 300
    assert took[IDS[3]] < 300
    assert took[IDS[5]] < 300


def test_repeatables_that_changed_travel_with_new_files(project):
    function = "CREATE OR REPLACE FUNCTION {}() RETURNS int LANGUAGE sql AS 'SELECT {}';"
    for name in "abcd":
        project.write(f"sql/functions/{name}.sql", function.format(name, 1))
    project.write("0001_a")
    project.ok("migrate")
    for name in "abcd":
        project.write(f"sql/functions/{name}.sql", function.format(name, 2))
    project.write("0002_b")
    done = project.ok("migrate")
    assert done.out.count("re-applied") == 4
    assert project.query("SELECT a() + b() + c() + d()") == [(8,)]
    assert "up to date" in project.ok("migrate").out


def test_a_file_that_gives_up_what_is_prepared_for_the_message_is_run_by_itself(project):
    for n in range(12):
        project.write(f"{n:04}_a", f"CREATE TABLE t{n} ();")
    project.write("0005_a", "DO $$ BEGIN EXECUTE 'DEALL' || 'OCATE ALL'; END $$;")
    project.ok("migrate")
    assert len(project.applied()) == 12
