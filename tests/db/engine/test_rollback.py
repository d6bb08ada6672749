"""The way back: newest first, asked for, complete before anything runs."""

from __future__ import annotations

import pytest


@pytest.fixture
def applied(project):
    """Three migrations, applied."""
    for number, name in enumerate("abc", 1):
        project.write(f"000{number}_{name}", f"CREATE TABLE {name} (id int);", f"DROP TABLE {name};")
    project.ok("migrate")
    return project


@pytest.mark.parametrize(
    ("args", "left"),
    [
        pytest.param([], ["0001_a", "0002_b"], id="one by default"),
        pytest.param(["--steps", "2"], ["0001_a"], id="steps"),
        pytest.param(["--to", "0001"], ["0001_a"], id="down to one that stays"),
        pytest.param(["--all"], [], id="all"),
    ],
)
def test_the_newest_go_first(applied, args, left):
    applied.ok("rollback", "--yes", *args)
    assert applied.applied() == left
    assert applied.tables() == {id_[-1] for id_ in left}


def test_rollback_and_migrate_again_end_where_they_began(applied):
    applied.ok("rollback", "--all", "--yes")
    applied.ok("migrate")
    assert applied.tables() == {"a", "b", "c"}
    assert applied.query("SELECT operation, count(*) FROM _runner_migration GROUP BY 1 ORDER BY 1") == [
        ("apply", 6),
        ("rollback", 3),
    ]


def test_nobody_to_ask_means_no(applied):
    done = applied.run("rollback")
    assert done.code == 2
    assert "rollback needs a confirmation, and there is no terminal" in done.err
    assert len(applied.applied()) == 3


def test_a_dry_run_changes_nothing(applied):
    assert "roll back  0003_c" in applied.ok("rollback", "--dry-run").out
    assert len(applied.applied()) == 3


def test_a_missing_rollback_is_found_before_anything_runs(applied):
    applied.write("0002_b", "CREATE TABLE b (id int);")
    (applied.root / "migrations/0002_b.rollback.sql").unlink()
    applied.query("UPDATE _runner_migration SET rollback_sql = NULL")
    done = applied.run("rollback", "--all", "--yes")
    assert done.code == 3
    assert "0002_b has no rollback" in done.err
    assert len(applied.applied()) == 3


def test_an_image_that_no_longer_has_the_file_rolls_back_from_history(applied):
    applied.remove("0003_c")
    assert "0003_c is applied, but its file is gone" in applied.ok("migrate").err
    applied.ok("rollback", "--yes")
    assert applied.tables() == {"a", "b"}


def test_what_is_irreversible_stays(project):
    project.write("0001_a", "-- irreversible: the old values are gone\nCREATE TABLE a (id int);")
    project.ok("migrate")
    done = project.run("rollback", "--yes")
    assert done.code == 3
    assert "0001_a is irreversible: the old values are gone" in done.err
    assert project.tables() == {"a"}


def test_a_failing_rollback_leaves_all_as_it_was(applied):
    applied.write("migrations/0003_c.rollback.sql", "DROP TABLE c;\nDROP TABLE nope;")
    done = applied.run("rollback", "--yes")
    assert done.code == 1
    assert "at migrations/0003_c.rollback.sql:2:1" in done.err
    assert applied.tables() == {"a", "b", "c"}
    assert len(applied.applied()) == 3


def test_a_rollback_can_run_without_a_transaction(project):
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.write(
        "0002_i",
        "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON a (id);",
        "DROP INDEX CONCURRENTLY i;",
    )
    project.ok("migrate")
    project.ok("rollback", "--yes")
    assert project.query("SELECT 1 FROM pg_class WHERE relname = 'i'") == []


def test_what_came_late_goes_first(project):
    project.write("0001_a", "SELECT 1;", "SELECT 1;")
    project.write("0003_c", "SELECT 1;", "SELECT 1;")
    project.ok("migrate")
    project.write("0002_b", "SELECT 1;", "SELECT 1;")
    project.ok("migrate", "--allow-out-of-order")
    project.ok("rollback", "--yes")
    assert project.applied() == ["0001_a", "0003_c"]


def test_two_ways_to_say_how_far_are_refused(applied):
    assert applied.run("rollback", "--all", "--steps", "1", "--yes").code == 2


def test_an_unknown_id_names_the_nearest(applied):
    done = applied.run("rollback", "--to", "0001_aa", "--yes")
    assert done.code == 2
    assert "Perhaps you meant 0001_a." in done.err


def test_several_databases_need_a_name(project):
    project.write("migrations/one/0001_a.sql")
    project.write("migrations/two/0001_a.sql")
    done = project.run(
        "rollback", "--yes", DATABASE_URL="", ONE_DATABASE_URL=project.url, TWO_DATABASE_URL=project.url
    )
    assert done.code == 2
    assert "which database? This project has one, two" in done.err


def put_the_clock_back(project):
    """Let what is applied now carry moments in the future, as if the clock had gone back since."""
    for table, column in (
        ("_yoyo_migration", "applied_at_utc"),
        ("_runner_migration", "applied_at_utc"),
        ("_runner_migration", "recorded_at"),
        ("_yoyo_log", "created_at_utc"),
    ):
        project.query(f"UPDATE {table} SET {column} = {column} + interval '1 day'")


def test_the_order_is_that_of_history_when_the_clock_goes_back(project):
    for number, name in enumerate("abcd", 1):
        project.write(f"000{number}_{name}", f"CREATE TABLE {name} (id int);", f"DROP TABLE {name};")
        project.ok("migrate")
        put_the_clock_back(project)
    assert "; at 0004_d" in project.ok("status").out
    trail = project.ok("status", "--history", "--json").data["databases"][0]["entries"]
    assert [entry["id"] for entry in trail] == ["0004_d", "0003_c", "0002_b", "0001_a"]
    project.ok("rollback", "--yes")
    assert project.tables() == {"a", "b", "c"}
    assert "up to date" not in project.ok("rollback", "--yes", "--to", "0001").out
    assert project.tables() == {"a"}


def test_a_renamed_and_an_accepted_migration_keep_their_places(project):
    for number, name in enumerate("abc", 1):
        project.write(f"000{number}_{name}", f"CREATE TABLE {name} (id int);", f"DROP TABLE {name};")
        project.ok("migrate")
        put_the_clock_back(project)
    project.remove("0001_a")
    project.write("0001_x", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.ok("repair", "rename", "0001_a", "0001_x", "--reason", "a better name")
    project.write("0002_b", "CREATE TABLE b (id int);  -- as it was", "DROP TABLE b;")
    project.ok("repair", "accept", "0002", "--reason", "a comment")
    project.ok("rollback", "--yes", "--steps", "2")
    assert project.tables() == {"a"}


def test_what_stock_yoyo_applied_stands_where_the_clock_says(project):
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.ok("migrate")
    project.write("0002_b", "CREATE TABLE b (id int);", "DROP TABLE b;")
    assert project.yoyo("apply").code == 0
    project.write("0003_c", "CREATE TABLE c (id int);", "DROP TABLE c;")
    project.ok("migrate")
    for left in ({"a", "b"}, {"a"}, set()):
        project.ok("rollback", "--yes")
        assert project.tables() == left


@pytest.fixture
def released_anew(applied):
    """A release after these three changed nothing but a repeatable."""
    name = "sql/functions/f.sql"
    applied.write(name, "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';")
    applied.write("0004_d", "CREATE TABLE d (id int);", "DROP TABLE d;")
    applied.ok("migrate")
    applied.write(name, "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';")
    applied.ok("migrate")
    return applied


def test_a_rollback_does_not_pass_over_a_repeatable_that_was_applied_last(released_anew):
    for command in (["rollback", "--yes"], ["rollback", "--dry-run"], ["plan", "--rollback"]):
        done = released_anew.run(*command)
        assert done.code == 3
        assert "the last thing applied is a new version of f, a repeatable" in done.err
        assert "The newest migration before it is 0004_d. Nothing was rolled back." in done.err
        assert "runner rollback --steps 1" in done.err
    assert released_anew.tables() == {"a", "b", "c", "d"}


def test_told_how_far_to_go_a_rollback_says_what_stays(released_anew):
    done = released_anew.ok("rollback", "--yes", "--steps", "1")
    assert "f was re-applied after these migrations, and stays as it is now" in done.err
    assert released_anew.tables() == {"a", "b", "c"}
