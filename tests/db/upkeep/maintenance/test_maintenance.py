"""`runner maintenance` does what is needed, beside no migration, and never in its way."""

from __future__ import annotations

import psycopg
import pytest

from tests.db.upkeep.backup.conftest import until


def fill(project, count=3000):
    project.query("INSERT INTO things SELECT n, md5(n::text) FROM generate_series(1, %s) AS n", [count])


def tasks(done):
    (database,) = done.data["databases"]
    return [
        (task["kind"], task["subject"], task["state"])
        for task in database["tasks"]
        if "yoyo" not in task["subject"] and "_runner" not in task["subject"]
    ]


def index_size(project, name):
    return project.query("SELECT pg_relation_size(%s::regclass)", [name])[0][0]


def make_invalid(project, name, table="things"):
    """Leave an index as an interrupted CREATE INDEX CONCURRENTLY does."""
    project.query(f"CREATE INDEX {name} ON {table} (body)")
    project.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [name])


def is_valid(project, name):
    rows = project.query(
        "SELECT indisvalid FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE relname = %s",
        [name],
    )
    return [valid for (valid,) in rows]


def test_a_database_in_order_is_left_alone(project):
    fill(project)
    project.ok("maintenance")
    done = project.ok("maintenance")
    assert "in order, nothing to do" in done.out


def test_dead_rows_and_old_statistics_are_seen_to(project):
    fill(project)
    project.query("DELETE FROM things WHERE id % 2 = 0")
    done = project.ok("maintenance", "--json")
    assert tasks(done) == [("vacuum", "public.things", "done")]
    (task,) = [task for task in done.data["databases"][0]["tasks"] if task["subject"] == "public.things"]
    assert task["sql"] == "VACUUM (ANALYZE) public.things"
    assert task["reason"] == "1,500 dead rows of 3,000, 4,500 rows changed since it was analyzed"
    assert project.query("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'things'") == [(0,)]


def test_a_partitioned_table_is_analyzed_once_for_autovacuum_never_does(project):
    project.query("CREATE TABLE parted (id int) PARTITION BY RANGE (id)")
    project.query("CREATE TABLE part PARTITION OF parted DEFAULT")
    assert tasks(project.ok("maintenance", "--json")) == [("analyze", "public.parted", "done")]
    assert tasks(project.ok("maintenance", "--json")) == []


def test_its_help_tells_its_own_limit(project):
    assert "Time limit of one statement.  [default: 30min]" in " ".join(
        project.ok("maintenance", "--help").out.split("\n")
    )


def test_a_dry_run_changes_nothing(project):
    project.write("sql/maintenance/database.sql", "DELETE FROM things;\n")
    fill(project)
    make_invalid(project, "broken")
    done = project.ok("maintenance", "--dry-run", "--json")
    assert tasks(done) == [
        ("clean up", "DELETE FROM things", "planned"),
        ("analyze", "public.things", "planned"),
        ("reindex", "public.broken", "planned"),
    ]
    assert project.query("SELECT count(*) FROM things") == [(3000,)]
    assert is_valid(project, "broken") == [False]


def test_an_invalid_index_is_rebuilt_and_a_leftover_dropped(project):
    fill(project)
    make_invalid(project, "broken")
    make_invalid(project, "things_pkey_ccnew")
    done = project.ok("maintenance", "--json")
    assert tasks(done)[-2:] == [
        ("drop", "public.things_pkey_ccnew", "done"),
        ("reindex", "public.broken", "done"),
    ]
    assert is_valid(project, "broken") == [True]
    assert is_valid(project, "things_pkey_ccnew") == []


def test_a_bloated_index_is_rebuilt_and_a_good_one_is_not(project):
    fill(project, 60_000)
    project.query("CREATE INDEX things_body ON things (body) WITH (fillfactor = 70)")
    project.query("CREATE INDEX things_lower ON things (lower(body), id)")
    project.ok("maintenance", "--bloat-megabytes", "0")
    assert "in order" in project.ok("maintenance", "--bloat-megabytes", "0").out
    project.query("DELETE FROM things WHERE id % 10 <> 0")
    before = {name: index_size(project, name) for name in ("things_body", "things_lower", "things_pkey")}
    done = project.ok("maintenance", "--bloat-megabytes", "1", "--json")
    assert tasks(done) == [
        ("vacuum", "public.things", "done"),
        ("reindex", "public.things_body", "done"),
        ("reindex", "public.things_lower", "done"),
        ("reindex", "public.things_pkey", "done"),
    ]
    for name, size_bytes in before.items():
        assert index_size(project, name) < size_bytes / 3
    assert "in order" in project.ok("maintenance", "--bloat-megabytes", "0").out


def test_a_reindex_that_fails_leaves_no_leftover_and_is_told(project):
    fill(project)
    project.query("INSERT INTO things VALUES (9001, 'twin'), (9002, 'twin')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        project.query("CREATE UNIQUE INDEX CONCURRENTLY twins ON things (body)")
    done = project.run("maintenance")
    assert done.code == 1
    assert "1 task of maintenance failed" in done.err
    assert 'could not create unique index "twins_ccnew"' in done.err
    assert is_valid(project, "twins") == [False]
    assert is_valid(project, "twins_ccnew") == []


def test_indexes_of_an_unfinished_migration_are_left_to_it(project):
    fill(project)
    make_invalid(project, "broken")
    project.write(
        "0002_more", "-- transactional: false\nCREATE TABLE more (id int);\nCREATE TABLE more (id int);\n"
    )
    assert project.run("migrate").code == 1
    done = project.ok("maintenance", "--json")
    assert ("reindex", "public.broken", "skipped") in tasks(done)
    assert is_valid(project, "broken") == [False]


def test_the_clean_up_runs_first_statement_by_statement(project):
    project.write(
        "sql/maintenance/database.sql",
        "-- What is old.\nDELETE FROM things WHERE id <= 2000;\nCALL tidy(5);\n",
    )
    project.query(
        "CREATE PROCEDURE tidy(INOUT deleted int) LANGUAGE plpgsql AS"
        " 'BEGIN DELETE FROM things WHERE id > 2990; COMMIT; deleted := 10; END'"
    )
    fill(project)
    done = project.ok("maintenance")
    assert "clean up CALL tidy(5)" in done.out
    assert "deleted 10" in done.out
    if project.query("SHOW server_version_num")[0][0] >= "150000":
        assert "2,010 dead rows of 3,000" in done.out
    assert project.query("SELECT count(*) FROM things") == [(990,)]


def test_a_clean_up_that_is_refused_is_told_after_the_rest_is_done(project):
    project.write("sql/maintenance/database.sql", "DELETE FROM nothing;\n")
    fill(project)
    done = project.run("maintenance")
    assert done.code == 1
    assert 'relation "nothing" does not exist' in done.err
    assert "analyze public.things" in done.out


def test_a_file_that_is_no_sql_is_refused_before_anything_is_done(project):
    project.write("sql/maintenance/database.sql", "DELETE FROM things;\n\\q\n")
    fill(project)
    done = project.run("maintenance")
    assert done.code == 2
    assert "sql/maintenance/database.sql" in done.err
    assert project.query("SELECT count(*) FROM things") == [(3000,)]


def test_what_belongs_to_others_is_named_and_left(project):
    fill(project)
    role = "r" + project.parameters["dbname"]
    project.query(f"CREATE ROLE {role} LOGIN PASSWORD 'pw'")
    project.query(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    as_owner = project.parameters
    project.parameters = {**as_owner, "user": role, "password": "pw"}
    try:
        done = project.ok("maintenance", "--json")
    finally:
        project.parameters = as_owner
        project.query(f"DROP OWNED BY {role}; DROP ROLE {role}")
    (task,) = [task for task in done.data["databases"][0]["tasks"] if task["subject"] == "public.things"]
    assert task["state"] == "skipped"
    assert task["message"] == f"it belongs to {as_owner['user']}"


def test_a_locked_table_is_exit_code_4(project):
    fill(project)
    with psycopg.connect(**project.parameters) as other:
        other.execute("LOCK TABLE things IN SHARE UPDATE EXCLUSIVE MODE")
        done = project.run("maintenance", "--lock-timeout", "100ms")
    assert done.code == 4
    assert "1 task of maintenance met a lock" in done.err
    assert "canceling statement due to lock timeout" in done.err
    assert project.ok("maintenance").code == 0


def test_a_table_that_somebody_keeps_to_himself_stops_no_other(project):
    fill(project)
    project.query("CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept SELECT generate_series(1, 3000)")
    project.query("DELETE FROM kept WHERE id > 9; DELETE FROM things WHERE id > 9")
    with psycopg.connect(**project.parameters) as other:
        other.execute("LOCK TABLE kept IN ACCESS EXCLUSIVE MODE; REINDEX INDEX kept_pkey")
        done = project.run("maintenance", "--lock-timeout", "100ms", "--json")
    assert done.code == 4
    assert [task for task in tasks(done) if "things" in task[1]] == [("vacuum", "public.things", "done")]
    assert [task for task in tasks(done) if "kept" in task[1]] == [("vacuum", "public.kept", "locked")]


def lock_of(project, offset):
    """Hold one of runner's advisory locks in a session of our own."""
    session = psycopg.connect(**project.parameters, autocommit=True)
    session.execute("SELECT pg_advisory_lock(%s)", [0x72756E6E6572 + offset])
    return session


@pytest.mark.parametrize(
    ("offset", "said"),
    [(0, "another runner holds the migration lock"), (3, "another maintenance of")],
    ids=["a migration", "another maintenance"],
)
def test_it_does_not_work_beside(project, offset, said):
    fill(project)
    with lock_of(project, offset):
        done = project.run("maintenance")
    assert done.code == 4
    assert said in done.err
    assert done.out.count("\n") == 1


SLEEPS = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
    " AND query LIKE 'SELECT pg_sleep(600)%'"
)


@pytest.fixture
def at_work(project):
    """A maintenance whose clean-up takes its time."""
    project.write("sql/maintenance/database.sql", "SELECT pg_sleep(600);\n")
    process = project.start("maintenance")
    until(lambda: project.query(SLEEPS) or process.poll() is not None)
    yield process
    process.kill()
    process.communicate()


def test_two_at_once_are_one_too_many(project, at_work):
    done = project.run("maintenance")
    assert done.code == 4
    assert "another maintenance of" in done.err
    assert at_work.poll() is None


def test_a_migration_that_comes_goes_first(project, at_work):
    project.write("0002_more", "CREATE TABLE more (id int);\n", "DROP TABLE more;\n")
    done = project.run("migrate", "--lock-wait", "10")
    assert done.code == 0, done.err
    assert "(runner maintenance" in done.err
    _, err = at_work.communicate(timeout=30)
    assert at_work.returncode == 4
    assert "maintenance gave way to a run that waits for the migration lock" in err
    assert project.tables() == {"things", "more"}


def test_a_signal_ends_it_cleanly(project, at_work):
    at_work.terminate()
    _, err = at_work.communicate(timeout=30)
    assert at_work.returncode == 143
    assert "during the maintenance of" in err
    assert not project.query(SLEEPS)
