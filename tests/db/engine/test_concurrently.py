"""What became of a CONCURRENTLY statement that was interrupted is read from the catalogue."""

from __future__ import annotations

import signal

import pytest

from tests.db.engine.interrupted import in_doubt, kill, valid


def fingerprint(project, number: int) -> str:
    from runner.files.migrations.load import read_script
    from runner.files.migrations.units import units

    script, directives = read_script(project.root / "migrations/0001_a.sql", project.root)
    return list(units(directives.applied_to(script, transactional=False)))[number - 1].fingerprint


def test_an_index_that_was_there_before_is_not_taken_for_the_one_to_build(project):
    project.query("CREATE TABLE a (id int); CREATE INDEX a_idx ON a (id)")
    ((oid,),) = project.query("SELECT 'a_idx'::regclass::oid::bigint")
    project.write("0001_a", "-- transactional: false\nSELECT 1;\nCREATE INDEX CONCURRENTLY a_idx ON a (id);")
    assert project.run("migrate").code == 1
    project.query(
        "INSERT INTO _runner_journal (migration_id, direction, step, statements, fingerprint, seen)"
        " SELECT migration_id, direction, 2, 1, %s, %s FROM _runner_journal WHERE step = 0",
        ["", str(oid)],
    )
    project.query("UPDATE _runner_journal SET fingerprint = %s WHERE step = 2", [fingerprint(project, 2)])
    done = project.run("migrate")
    assert done.code == 1
    assert 'relation "a_idx" already exists' in done.err


@pytest.mark.parametrize("guarded", ["", "IF NOT EXISTS "])
def test_an_invalid_leftover_is_named_dropped_and_built_anew(project, guarded):
    project.query("CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1)")
    project.write(
        "0001_a", f"-- transactional: false\nCREATE UNIQUE INDEX CONCURRENTLY {guarded}a_key ON a (id);"
    )
    failed = project.run("migrate")
    assert failed.code == 1
    assert "It left the invalid index public.a_key; the next run drops it." in failed.err
    project.query("DELETE FROM a")
    done = project.ok("migrate")
    assert "dropping invalid index public.a_key" in done.err
    assert valid(project, "a_key")


@pytest.mark.parametrize("name", ["a_idx", ""])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_build_that_a_signal_ends_is_finished_by_the_next_run(project, session, number, name):
    project.query("CREATE TABLE a (id int)")
    project.write(
        "0001_a", f"-- transactional: false\nSELECT 1;\nCREATE INDEX CONCURRENTLY {name} ON a (id);"
    )
    with session.transaction():
        session.execute("INSERT INTO a VALUES (1)")
        run = project.start("migrate")
        project.wait_for("SELECT 1 FROM pg_index WHERE indrelid = 'a'::regclass AND NOT indisvalid", run)
        run.send_signal(number)
        _, err = run.communicate(timeout=30)
    if number != signal.SIGKILL:
        assert run.returncode == 128 + number
        assert "1 of 2 statements is in effect" in err
        index = name or "a_id_idx"
        assert f"It left the invalid index public.{index}; the next run drops it." in err
    assert project.applied() == []
    project.ok("migrate")
    assert project.query("SELECT indisvalid FROM pg_index WHERE indrelid = 'a'::regclass") == [(True,)]


def test_a_terminated_build_goes_on_within_the_run(project, session):
    project.query("CREATE TABLE a (id int)")
    project.write("0001_a", "-- transactional: false\nSELECT 1;\nCREATE INDEX CONCURRENTLY a_idx ON a (id);")
    with session.transaction():
        session.execute("INSERT INTO a VALUES (1)")
        run = project.start("migrate")
        project.wait_for("SELECT 1 FROM pg_index WHERE indrelid = 'a'::regclass AND NOT indisvalid", run)
        project.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND datname = current_database()"
        )
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert "dropping invalid index public.a_idx" in err
    assert valid(project, "a_idx")


def test_leftovers_of_reindex_are_dropped(project, session):
    project.query("CREATE TABLE a (id int); CREATE INDEX a_idx ON a (id)")
    project.write("0001_a", "-- transactional: false\nREINDEX TABLE CONCURRENTLY a;")
    with session.transaction():
        session.execute("INSERT INTO a VALUES (1)")
        run = project.start("migrate")
        project.wait_for("SELECT 1 FROM pg_class WHERE relname = 'a_idx_ccnew'", run)
        kill(project, run)
    done = project.ok("migrate")
    assert "dropping public.a_idx_ccnew, which an interrupted REINDEX left" in done.err
    assert project.query("SELECT relname FROM pg_class WHERE relname LIKE 'a\\_idx%'") == [("a_idx",)]


def test_a_partition_that_is_half_detached_is_finished(project, session):
    project.query(
        "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (9)"
    )
    project.write(
        "0001_a", "-- transactional: false\nSELECT 1;\nALTER TABLE p DETACH PARTITION c CONCURRENTLY;"
    )
    with session.transaction():
        session.execute("SELECT * FROM p")
        run = project.start("migrate")
        project.wait_for("SELECT 1 FROM pg_inherits WHERE inhdetachpending", run)
        kill(project, run)
    done = project.ok("migrate")
    assert "finishing the interrupted DETACH of c from p" in done.err
    assert project.query("SELECT * FROM pg_inherits") == []


def test_a_dropped_index_is_known_to_be_dropped(project):
    project.query("CREATE TABLE a (id int); CREATE INDEX a_idx ON a (id)")
    project.write("0001_a", "-- transactional: false\nDROP INDEX CONCURRENTLY a_idx;\nSELECT nope();")
    assert project.run("migrate").code == 1
    in_doubt(project, "0001_a", 1)
    done = project.run("migrate")
    assert "statement 1 of 2 had taken effect before the interruption" in done.err


def test_a_name_that_an_index_of_another_table_has_is_not_taken_for_done(project):
    project.query("CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE INDEX ix ON b (id)")
    project.write("0001_a", "-- transactional: false\nCREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON a (id);")
    done = project.run("migrate")
    assert done.code == 1
    assert "a has no index ix after it was built" in done.err


def test_an_index_without_a_name_is_not_mistaken_for_another_ones(project, session):
    project.query("CREATE TABLE a (id int, other int)")
    project.write(
        "0001_a", "-- transactional: false\nSELECT 1;\nCREATE INDEX CONCURRENTLY ON a (id);\nSELECT nope();"
    )
    assert project.run("migrate").code == 1
    project.query("DROP INDEX a_id_idx; CREATE INDEX dba ON a (other)")
    in_doubt(project, "0001_a", 2, seen="")
    done = project.run("migrate")
    assert done.code == 3
    assert "it is not known whether statement 2 of 0001_a took effect" in done.err


def test_leftovers_of_an_index_without_a_name_do_not_pile_up(project):
    project.query("CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1)")
    project.write("0001_a", "-- transactional: false\nCREATE UNIQUE INDEX CONCURRENTLY ON a (id);")
    assert "It left the invalid index public.a_id_idx" in project.run("migrate").err
    assert "dropping invalid index public.a_id_idx" in project.run("migrate").err
    project.query("DELETE FROM a")
    project.ok("migrate")
    assert project.query("SELECT indisvalid FROM pg_index WHERE indrelid = 'a'::regclass") == [(True,)]
